//! The mailbox of a development server: every mail is a file, so that it survives restarts and two servers
//! on one folder share it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use durward::mail::Templates;
use durward::{EmailAddress, EmailRules, Mail, MailError, MailId, Mailer, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::folder::{make, write_private};

/// How many mails are kept; older ones go.
const KEPT: usize = 500;

/// Keeps mails instead of sending them.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    folder: Arc<Path>,
    templates: Templates,
}

/// A mail as it is kept and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeptMail {
    /// Names the mail.
    pub(crate) id: MailId,
    /// The mailbox, as it was typed.
    pub(crate) to: String,
    /// The subject.
    pub(crate) subject: String,
    /// The plain text part.
    pub(crate) text: String,
    /// The HTML part.
    pub(crate) html: String,
    /// Where its link leads, if it carries one.
    pub(crate) link: Option<String>,
    /// The eight characters to type, if it carries a code.
    pub(crate) code: Option<String>,
    /// When it was written.
    pub(crate) created_at: Timestamp,
}

impl Mailbox {
    /// Opens the mailbox in a folder, and makes the folder when it is not there.
    pub(crate) fn open(folder: PathBuf, templates: Templates) -> anyhow::Result<Self> {
        make(&folder)
            .with_context(|| format!("the mailbox {} cannot be used", folder.display()))?;
        Ok(Self { folder: folder.into(), templates })
    }

    /// The mails to this address, or all of them, the newest first.
    pub(crate) async fn messages(&self, to: Option<&str>) -> io::Result<Vec<KeptMail>> {
        let folder = Arc::clone(&self.folder);
        let to = to.map(str::to_owned);
        let read = move || {
            let mut found = Vec::new();
            for id in ids(&folder)? {
                // Another server may have thrown it away in the meantime.
                let Some(mail) = read(&folder, id)? else { continue };
                if to.as_deref().is_none_or(|to| is_same_mailbox(to, &mail.to)) {
                    found.push(mail);
                }
            }
            Ok(found)
        };
        spawn_blocking(read).await.map_err(io::Error::other)?
    }

    /// The mail with this id.
    pub(crate) async fn message(&self, id: MailId) -> io::Result<Option<KeptMail>> {
        let folder = Arc::clone(&self.folder);
        spawn_blocking(move || read(&folder, id)).await.map_err(io::Error::other)?
    }

    fn keep(&self, mail: &Mail) -> Result<KeptMail, MailError> {
        let rendered = self.templates.render(mail)?;
        let code = mail.message.code();
        Ok(KeptMail {
            id: mail.id,
            to: mail.to.as_typed().to_owned(),
            subject: rendered.subject,
            text: rendered.text.expose().clone(),
            html: rendered.html.expose().clone(),
            link: mail.message.link().map(|link| link.expose().clone()),
            code: code.map(|code| code.typed.expose().clone()),
            created_at: mail.created,
        })
    }
}

#[async_trait]
impl Mailer for Mailbox {
    /// A mail that is delivered twice is one file.
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let kept = self.keep(mail)?;
        let folder = Arc::clone(&self.folder);
        let written = spawn_blocking(move || {
            write(&folder, &kept)?;
            prune(&folder)
        });
        let failed = |error: io::Error| {
            MailError::Temporary(format!("the mailbox cannot be written: {}", error.kind()))
        };
        written.await.map_err(io::Error::other).and_then(|written| written).map_err(failed)
    }
}

fn file_of(folder: &Path, id: MailId) -> PathBuf {
    folder.join(format!("{id}.json"))
}

/// The ids of all mails, the newest first: an id begins with its time.
fn ids(folder: &Path) -> io::Result<Vec<MailId>> {
    let mut ids = Vec::new();
    for entry in folder.read_dir()? {
        let name = entry?.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".json"));
        ids.extend(id.and_then(|id| id.parse::<MailId>().ok()));
    }
    ids.sort_unstable_by(|one, other| other.cmp(one));
    Ok(ids)
}

fn read(folder: &Path, id: MailId) -> io::Result<Option<KeptMail>> {
    match fs::read(file_of(folder, id)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::from),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Readers see a file as a whole or not at all.
fn write(folder: &Path, mail: &KeptMail) -> io::Result<()> {
    let draft = folder.join(format!(".{}-{}", mail.id, std::process::id()));
    write_private(&draft, &serde_json::to_vec(mail)?)?;
    fs::rename(draft, file_of(folder, mail.id))
}

fn prune(folder: &Path) -> io::Result<()> {
    for id in ids(folder)?.into_iter().skip(KEPT) {
        match fs::remove_file(file_of(folder, id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Whether both spellings name one mailbox.
fn is_same_mailbox(one: &str, other: &str) -> bool {
    let rules = EmailRules { allow_local_domains: true, allow_international_local_parts: true };
    let parse = |text: &str| EmailAddress::parse_with(text.trim(), rules);
    match (parse(one), parse(other)) {
        (Ok(one), Ok(other)) => one.canonical() == other.canonical(),
        (Ok(_) | Err(_), _) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use durward::Message;

    use super::*;

    fn mailbox(place: &Path) -> Mailbox {
        Mailbox::open(place.to_owned(), Templates::embedded()).unwrap()
    }

    fn mail(number: u32, to: &str) -> Mail {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        Mail {
            id: MailId::from_bytes(id),
            to: EmailAddress::parse(to).unwrap(),
            service: String::from("Shop"),
            message: Message::samples().remove(0),
            created: Timestamp::from_millis(i64::from(number)),
        }
    }

    #[tokio::test]
    async fn mails_are_found_by_any_spelling_of_their_address_the_newest_first() {
        let place = tempfile::tempdir().unwrap();
        let mailbox = mailbox(place.path());
        for (number, to) in [(1, "Ada@Example.com"), (3, "ada@example.com"), (2, "eve@example.com")]
        {
            mailbox.send(&mail(number, to)).await.unwrap();
        }
        let all = mailbox.messages(None).await.unwrap();
        let times: Vec<i64> = all.iter().map(|mail| mail.created_at.as_millis()).collect();
        assert_eq!(times, [3, 2, 1]);
        let hers = mailbox.messages(Some("ADA@example.COM")).await.unwrap();
        assert_eq!(hers.len(), 2);
        assert_eq!(hers[0].code.as_deref(), Some("BCDF2345"));
        assert!(hers[0].link.as_deref().unwrap().contains("#dw_cd_"));
        assert!(hers[0].text.contains("BCDF2345"));
        assert!(mailbox.messages(Some("bob@example.com")).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_mail_that_is_delivered_twice_is_kept_once_and_survives_a_restart() {
        let place = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            mailbox(place.path()).send(&mail(1, "ada@example.com")).await.unwrap();
        }
        let found = mailbox(place.path()).messages(None).await.unwrap();
        assert_eq!(found.len(), 1);
        let same = mailbox(place.path()).message(found[0].id).await.unwrap();
        assert_eq!(same.as_ref(), Some(&found[0]));
    }

    #[tokio::test]
    async fn only_the_newest_mails_are_kept() {
        let place = tempfile::tempdir().unwrap();
        let mailbox = mailbox(place.path());
        let sample = mailbox.keep(&mail(0, "ada@example.com")).unwrap();
        for number in 0..KEPT {
            let id = mail(u32::try_from(number).unwrap(), "ada@example.com").id;
            write(place.path(), &KeptMail { id, ..sample.clone() }).unwrap();
        }
        mailbox.send(&mail(10_000, "ada@example.com")).await.unwrap();
        let ids = ids(place.path()).unwrap();
        assert_eq!(ids.len(), KEPT);
        assert_eq!(ids[0], mail(10_000, "ada@example.com").id);
        assert_eq!(ids[KEPT - 1], mail(1, "ada@example.com").id);
    }
}
