//! What production needs, all of it checked before anything is opened.

use std::fmt::Display;

use durward::KeyRing;
use durward::mail::{SmtpError, SmtpMailer, Templates};

use super::address::{DatabaseUrl, PageUrl};
use super::problem::{Problem, Problems};
use super::sections::LogLevel;
use super::source::reason;
use super::{Config, Loaded};

/// The settings that production cannot do without.
pub(crate) struct Production {
    /// Where the accounts are kept.
    pub(crate) database: DatabaseUrl,
    /// The server keys.
    pub(crate) keys: KeyRing,
    /// Where people reach the server.
    pub(crate) public_url: PageUrl,
    /// Who sends the mails.
    pub(crate) mailer: SmtpMailer,
}

impl Production {
    /// What production needs, or everything that is missing or wrong at once (R-CF-01).
    pub(crate) fn check(loaded: Loaded) -> Result<(Config, Self), Problems> {
        let Loaded { config, effective: _, mut problems } = loaded;
        let database = needed_database(&config, &mut problems);
        let keys = needed_keys(&config, &mut problems);
        let public_url = require(config.public_url.as_ref(), &mut problems, || {
            Problem::missing("public_url", PUBLIC_URL)
        });
        let mailer = needed_mailer(&config, &mut problems);
        refuse_weak(&config, &mut problems);
        problems.extend(config.redis.limiter().err());
        match (database, keys, public_url, mailer) {
            (Some(database), Some(keys), Some(public_url), Some(mailer)) if problems.is_empty() => {
                Ok((config, Self { database, keys, public_url, mailer }))
            }
            _ => Err(Problems(problems)),
        }
    }
}

/// The database, for commands that need nothing else.
pub(crate) fn database_of(loaded: Loaded) -> Result<(Config, DatabaseUrl), Problems> {
    let Loaded { config, effective: _, mut problems } = loaded;
    match needed_database(&config, &mut problems) {
        Some(database) if problems.is_empty() => Ok((config, database)),
        Some(_) | None => Err(Problems(problems)),
    }
}

/// Database and keys, for commands that change accounts.
pub(crate) fn database_and_keys_of(
    loaded: Loaded,
) -> Result<(Config, DatabaseUrl, KeyRing), Problems> {
    let Loaded { config, effective: _, mut problems } = loaded;
    let database = needed_database(&config, &mut problems);
    let keys = needed_keys(&config, &mut problems);
    match (database, keys) {
        (Some(database), Some(keys)) if problems.is_empty() => Ok((config, database, keys)),
        _ => Err(Problems(problems)),
    }
}

const DATABASE_URL: &str = "\
Say where the accounts are kept, one of
  DURWARD_DATABASE_URL=sqlite:/var/lib/durward/durward.db
  DURWARD_DATABASE_URL=postgres://user:password@host/name
  DURWARD_DATABASE_URL=mysql://user:password@host/name
or name a file that holds it:
  DURWARD_DATABASE_URL_FILE=/run/secrets/database-url
To try Durward out without any settings:
  durward serve --dev";
const KEYS: &str = "\
Make keys once with
  durward keys generate
keep them where the database is not, and hand them over in a file:
  DURWARD_KEYS_FILE=/run/secrets/durward-keys";
const PUBLIC_URL: &str = "\
Say where people reach the server; the links in mails begin with it:
  DURWARD_PUBLIC_URL=https://accounts.example.com";
const SMTP_URL: &str = "\
Say who delivers the mails:
  DURWARD_SMTP_URL=smtps://user:password@mail.example.com
or name a file that holds it:
  DURWARD_SMTP_URL_FILE=/run/secrets/smtp-url";
const SMTP_FROM: &str = "\
Say in whose name mails are written:
  DURWARD_SMTP__FROM='Shop <no-reply@example.com>'";

fn require<T: Clone>(
    value: Option<&T>,
    problems: &mut Vec<Problem>,
    missing: impl FnOnce() -> Problem,
) -> Option<T> {
    if value.is_none() {
        let missing = missing();
        // A value that was given and refused is not missing.
        let is_refused = |problem: &Problem| {
            problem.setting == missing.setting
                || problem.setting == format!("{}_file", missing.setting)
        };
        if !problems.iter().any(is_refused) {
            problems.push(missing);
        }
    }
    value.cloned()
}

fn needed_database(config: &Config, problems: &mut Vec<Problem>) -> Option<DatabaseUrl> {
    let database = require(config.database.url.as_ref(), problems, || {
        Problem::missing("database.url", DATABASE_URL)
    })?;
    if database.has_example_secret {
        problems.push(example_secret("database.url"));
    }
    Some(database)
}

fn needed_keys(config: &Config, problems: &mut Vec<Problem>) -> Option<KeyRing> {
    let keys = require(config.keys.as_ref(), problems, || Problem::missing("keys", KEYS))?;
    note("keys", keys.ring(), problems)
}

fn needed_mailer(config: &Config, problems: &mut Vec<Problem>) -> Option<SmtpMailer> {
    let url =
        require(config.smtp.url.as_ref(), problems, || Problem::missing("smtp.url", SMTP_URL));
    let from =
        require(config.smtp.from.as_ref(), problems, || Problem::missing("smtp.from", SMTP_FROM));
    let templates = match &config.templates {
        Some(folder) => note("mail.templates", Templates::with_overrides(folder), problems),
        None => Some(Templates::embedded()),
    };
    let (url, from, templates) = (url?, from?, templates?);
    let path = |error: &SmtpError| match error {
        SmtpError::Sender(_) => "smtp.from",
        SmtpError::Url(_) | SmtpError::Tls(_) | _ => "smtp.url",
    };
    let mailer = match SmtpMailer::new(&url.url, &from, templates) {
        Ok(mailer) => mailer,
        Err(error) => return note(path(&error), Err(error), problems),
    };
    let Some(file) = &config.smtp.authorities else {
        return Some(mailer);
    };
    let pem = std::fs::read(file).map_err(|error| format!("cannot be read: {}", reason(&error)));
    let pem = note("smtp.authorities", pem, problems)?;
    note("smtp.authorities", mailer.with_root_certificates(&pem), problems)
}

/// The value, or a problem with the setting that it was made of.
fn note<T, E: Display>(path: &str, made: Result<T, E>, problems: &mut Vec<Problem>) -> Option<T> {
    match made {
        Ok(made) => Some(made),
        Err(error) => {
            problems.push(Problem::wrong(path, None, format!("cannot be used: {error}")));
            None
        }
    }
}

fn refuse_weak(config: &Config, problems: &mut Vec<Problem>) {
    if config.smtp.url.as_ref().is_some_and(|smtp| smtp.has_example_secret) {
        problems.push(example_secret("smtp.url"));
    }
    if config.redis.url.as_ref().is_some_and(|redis| redis.has_example_secret) {
        problems.push(example_secret("redis.url"));
    }
    let is_public = config.public_url.as_ref().is_some_and(|url| !url.is_loopback());
    if is_public && config.log.level > LogLevel::Info {
        let problem = "must be \"info\" or less where people depend on the server";
        problems.push(Problem::wrong("log.level", None, problem));
    }
    for (path, target) in config.links.named() {
        if is_public && target.as_ref().is_some_and(|target| !target.is_https()) {
            let problem = "leads to the machine of whoever reads the mail";
            problems.push(Problem::wrong(path, None, problem));
        }
    }
}

fn example_secret(path: &str) -> Problem {
    Problem::wrong(path, None, "has a password that is an example from a manual")
        .with_fix("Choose a password that nobody else has read.")
}
