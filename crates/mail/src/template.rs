//! What mails say.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use durward_core::email::{EmailAddress, EmailParts};
use durward_core::error::with_causes;
use durward_core::mail::{Deletion, Doubt};
use durward_core::text::PersonName;
use durward_core::{Mail, MailError, MailId, Message, Notification, Objection, Secret, Timestamp};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, HtmlEscape, UndefinedBehavior, Value, context};

macro_rules! embedded {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../templates/", $name)))),*]
    };
}

const EMBEDDED: &[(&str, &str)] = embedded![
    "layout.txt" "layout.html"
    "code.txt" "code.html"
    "sign-up.subject" "sign-up.txt" "sign-up.html"
    "login.subject" "login.txt" "login.html"
    "already-registered.subject" "already-registered.txt" "already-registered.html"
    "verify-email.subject" "verify-email.txt" "verify-email.html"
    "reset-password.subject" "reset-password.txt" "reset-password.html"
    "address-in-use.subject" "address-in-use.txt" "address-in-use.html"
    "account-deleted.subject" "account-deleted.txt" "account-deleted.html"
    "notice.subject" "notice.txt" "notice.html"
    "factor-doubted.subject" "factor-doubted.txt" "factor-doubted.html"
    "recovery.subject" "recovery.txt" "recovery.html"
    "reset-started.subject" "reset-started.txt" "reset-started.html"
    "invitation.subject" "invitation.txt" "invitation.html"
];

/// How long an objection may be made.
const OBJECTION_DAYS: u64 = <durward_core::Flow>::OBJECTION_LIFETIME.as_secs() / 86_400;

/// The words of every mail: a subject, a plain text and an HTML part for each [`Message`].
///
/// A template is called after the [name of its message](Message::name): `login.subject`, `login.txt`,
/// `login.html`. Around them are `layout.txt` and `layout.html`, and inside of them, where there is a
/// code, `code.txt` and `code.html`. The language is Jinja's. A variable that does not exist is an error,
/// and whatever `.html` templates print is escaped (R-EM-09).
///
/// | variable | in | is |
/// | --- | --- | --- |
/// | `service` | everything | the name of the service |
/// | `to` | `.txt`, `.html` | the mailbox written to |
/// | `code` | `.txt`, `.html` of messages with a code | the eight characters to type |
/// | `link` | the same | the address of the page that takes the code |
/// | `minutes` | the same | how long both live |
/// | `link`, `days` | `account-deleted.txt`, `.html` | the page that takes a deletion back, if there is one; how long that is possible |
/// | `hours` | `factor-doubted.txt`, `.html` | how long somebody who has the authenticator app may keep it by signing in |
/// | `organization`, `sender` | `invitation.txt`, `.html` | what the organization and whoever invites are called |
/// | `link`, `days` | the same | the page that accepts the invitation; how long that is possible |
/// | `notice` | `notice.txt`, `notice.html` | the [name of what changed](durward_core::Notice::name) |
/// | `report` | the same | the address of the page to say that it was somebody else, or nothing |
/// | `revert` | the same | the address of the page that takes the change back, or nothing |
/// | `days` | the same | how long either works |
///
/// A subject knows the service only: neither what a stranger chose nor a code, which a locked screen
/// would show, can get there (R-EM-09).
#[derive(Clone)]
pub struct Templates {
    environment: Arc<Environment<'static>>,
    overridden: Arc<[String]>,
}

/// A mail in words.
///
/// `Debug` prints the subject only: the parts hold codes.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// One line, as text; whoever writes it into a header encodes it.
    pub subject: String,
    /// The plain text, which is enough by itself; lines end with `\n`.
    pub text: Secret<String>,
    /// What the text says, as an HTML document that loads nothing from elsewhere.
    pub html: Secret<String>,
}

/// Why templates cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The folder or a file in it cannot be read, or is not UTF-8.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// What happened.
        #[source]
        error: io::Error,
    },
    /// A file takes the place of no template; its name may be misspelt.
    #[error("{} is not the name of a template; these are: {}", path.display(), known())]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// A template does not parse, uses a variable that does not exist, or leaves out what it is for.
    #[error("the template {name} cannot be used: {reason}")]
    Broken {
        /// The name of the template.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Templates {
    /// The templates that come with the library.
    #[expect(clippy::missing_panics_doc, reason = "a test renders every embedded template")]
    pub fn embedded() -> Self {
        Self::build(BTreeMap::new()).expect("the embedded templates are complete")
    }

    /// The embedded templates, but for each file in the folder the file instead.
    ///
    /// All templates are tried with samples of all messages, so that what is wrong with one is told here
    /// and not when the first mail is due. Files whose names begin with a dot are not looked at. The folder
    /// is read once.
    pub fn with_overrides(folder: impl AsRef<Path>) -> Result<Self, TemplateError> {
        Self::build(read(folder.as_ref())?)
    }

    /// Puts a mail into words.
    ///
    /// Refused is a service name with line breaks, control characters or anything else that
    /// [`PersonName`] refuses (R-EM-05).
    pub fn render(&self, mail: &Mail) -> Result<Rendered, MailError> {
        self.put_into_words(mail).map_err(Flaw::without_details)
    }

    fn build(mut overrides: BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let mut environment = environment().map_err(|error| broken("", &error))?;
        let overridden = overrides.keys().cloned().collect();
        for &(name, embedded) in EMBEDDED {
            match overrides.remove(name) {
                Some(source) => environment.add_template_owned(name, source),
                None => environment.add_template(name, embedded),
            }
            .map_err(|error| broken(name, &error))?;
        }
        let templates = Self { environment: Arc::new(environment), overridden };
        Message::samples().into_iter().try_for_each(|message| templates.check(message))?;
        Ok(templates)
    }

    fn check(&self, message: Message) -> Result<(), TemplateError> {
        let mail = sample(message);
        let rendered = self.put_into_words(&mail).map_err(Flaw::with_details)?;
        let Some(link) = mail.message.link() else {
            return Ok(());
        };
        let code = mail.message.code();
        let (typed, link) = (code.map(|code| code.typed.expose().as_str()), link.expose().as_str());
        let escaped = escaped(link);
        for (kind, part, link) in
            [("txt", &rendered.text, link), ("html", &rendered.html, escaped.as_str())]
        {
            let typed = typed.is_some_and(|typed| part.expose().contains(typed));
            if !typed && !part.expose().contains(link) {
                return Err(TemplateError::Broken {
                    name: format!("{}.{kind}", mail.message.name()),
                    reason: String::from("it shows neither the code nor the link"),
                });
            }
        }
        Ok(())
    }

    fn put_into_words(&self, mail: &Mail) -> Result<Rendered, Flaw> {
        let service = service_name(&mail.service).ok_or(Flaw::Service)?;
        let service = service.as_str();
        let to = mail.to.as_typed();
        let name = mail.message.name();
        let (in_text, in_html) = match mail.message.code() {
            Some(code) => {
                let link = code.link.expose().as_str();
                let minutes = code.minutes;
                let code = code.typed.expose().as_str();
                let safe_link = Value::from_safe_string(escaped(link));
                (
                    context! { service, to, code, link, minutes },
                    context! { service, to, code, link => safe_link, minutes },
                )
            }
            None if let Message::AccountDeleted(Deletion { link, days }) = &mail.message => {
                let link = link.as_ref().map(|link| link.expose().as_str());
                let safe_link = link.map(|link| Value::from_safe_string(escaped(link)));
                (
                    context! { service, to, link, days },
                    context! { service, to, link => safe_link, days },
                )
            }
            None if let Message::FactorDoubted(Doubt { hours }) = &mail.message => {
                (context! { service, to, hours }, context! { service, to, hours })
            }
            None if let Message::Invitation(place) = &mail.message => {
                let (organization, sender) = (place.organization.as_str(), place.sender.as_str());
                let (link, days) = (place.link.expose().as_str(), place.days);
                let safe_link = Value::from_safe_string(escaped(link));
                (
                    context! { service, to, organization, sender, link, days },
                    context! { service, to, organization, sender, link => safe_link, days },
                )
            }
            None => match mail.message.notice() {
                Some(Notification { notice, objection }) => {
                    let (report, revert) = match objection {
                        Some(Objection::Report(link)) => (Some(link.expose().as_str()), None),
                        Some(Objection::Revert(link)) => (None, Some(link.expose().as_str())),
                        None => (None, None),
                    };
                    let safe = |link: &str| Value::from_safe_string(escaped(link));
                    let (safe_report, safe_revert) = (report.map(safe), revert.map(safe));
                    let (notice, days) = (notice.name(), OBJECTION_DAYS);
                    (
                        context! { service, to, notice, days, report, revert },
                        context! {
                            service, to, notice, days, report => safe_report, revert => safe_revert
                        },
                    )
                }
                None => (context! { service, to }, context! { service, to }),
            },
        };
        Ok(Rendered {
            subject: self.subject(name, context! { service })?,
            text: Secret::new(self.part(format!("{name}.txt"), in_text)?),
            html: Secret::new(self.part(format!("{name}.html"), in_html)?),
        })
    }

    fn subject(&self, message: &str, known: Value) -> Result<String, Flaw> {
        let name = format!("{message}.subject");
        let subject = self.part(name.clone(), known)?.trim().to_owned();
        if subject.is_empty() || subject.chars().any(char::is_control) {
            return Err(Flaw::Subject(name));
        }
        Ok(subject)
    }

    fn part(&self, name: String, known: Value) -> Result<String, Flaw> {
        let rendered = self.environment.get_template(&name).and_then(|found| found.render(known));
        match rendered {
            Ok(text) => Ok(text.replace("\r\n", "\n").trim_end().to_owned() + "\n"),
            Err(error) => Err(Flaw::Template(name, error)),
        }
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self::embedded()
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates").field("overridden", &self.overridden).finish_non_exhaustive()
    }
}

enum Flaw {
    Service,
    Subject(String),
    Template(String, minijinja::Error),
}

impl Flaw {
    /// For whoever wrote the template; what was rendered is a sample.
    fn with_details(self) -> TemplateError {
        match self {
            Self::Service => TemplateError::Broken {
                name: String::new(),
                reason: String::from("the name of the service is not acceptable"),
            },
            Self::Subject(name) => {
                TemplateError::Broken { name, reason: String::from("a subject is one line") }
            }
            Self::Template(name, error) => broken(&name, &error),
        }
    }

    /// For logs: the details of an error may quote what was rendered.
    fn without_details(self) -> MailError {
        match self {
            // The name is part of the mail, so another attempt sees the same.
            Self::Service => {
                MailError::Permanent(String::from("the name of the service is not acceptable"))
            }
            Self::Subject(name) => {
                MailError::Temporary(format!("the template {name} is not one line"))
            }
            Self::Template(name, error) => {
                MailError::Temporary(format!("the template {name} fails: {}", error.kind()))
            }
        }
    }
}

fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    // Debug information of errors holds variables, and those hold codes.
    environment.set_debug(false);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_auto_escape_callback(|name| {
        let is_html = Path::new(name).extension().is_some_and(|extension| extension == "html");
        if is_html { AutoEscape::Html } else { AutoEscape::None }
    });
    Ok(environment)
}

fn read(folder: &Path) -> Result<BTreeMap<String, String>, TemplateError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error| TemplateError::Unreadable { path, error }
    };
    let mut files = BTreeMap::new();
    for entry in folder.read_dir().map_err(unreadable(folder))? {
        let entry = entry.map_err(unreadable(folder))?;
        let (name, path) = (entry.file_name(), entry.path());
        // Editors and orchestrators keep files of their own beside the ones that are meant.
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let known = name.to_str().filter(|name| EMBEDDED.iter().any(|(known, _)| known == name));
        let Some(name) = known else {
            return Err(TemplateError::Unknown { path });
        };
        let source = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
        let source = source.strip_prefix('\u{FEFF}').unwrap_or(&source);
        files.insert(name.to_owned(), source.to_owned());
    }
    Ok(files)
}

/// A name that is safe in a header: one visible line that no reader takes for an encoded word (RFC 2047).
fn service_name(text: &str) -> Option<PersonName> {
    PersonName::parse(text).ok().filter(|name| !name.as_str().contains("=?"))
}

/// The link as HTML writes it. The engine would escape slashes too, and not everything that looks for
/// links in mails reads that.
fn escaped(link: &str) -> String {
    HtmlEscape(link).to_string().replace("&#x2f;", "/")
}

fn sample(message: Message) -> Mail {
    Mail {
        id: MailId::from_bytes([0; 16]),
        to: EmailAddress::from_stored(EmailParts {
            typed: String::from("ada@example.com"),
            canonical: String::from("ada@example.com"),
            skeleton: String::from("ada@example.com"),
        }),
        service: String::from("Sample & Co"),
        message,
        created: Timestamp::from_millis(0),
    }
}

fn broken(name: &str, error: &minijinja::Error) -> TemplateError {
    let reason = with_causes(error);
    TemplateError::Broken { name: name.to_owned(), reason }
}

fn known() -> String {
    EMBEDDED.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
