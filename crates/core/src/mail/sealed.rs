use serde::{Deserialize, Serialize};

use super::notice::SealedNotice;
use super::{Code, Deletion, Doubt, Mail, Message, Place};
use crate::email::EmailAddress;
use crate::ids::MailId;
use crate::secret::Secret;
use crate::text::PersonName;
use crate::time::Timestamp;

/// The form in which a mail is sealed into the outbox.
#[derive(Serialize, Deserialize)]
pub(crate) struct SealedMail {
    to: EmailAddress,
    service: String,
    kind: String,
    code: Option<SealedCode>,
    #[serde(default)]
    notice: Option<SealedNotice>,
    #[serde(default)]
    deletion: Option<SealedDeletion>,
    #[serde(default)]
    place: Option<SealedPlace>,
    /// The hours of a doubt.
    #[serde(default)]
    hours: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct SealedPlace {
    organization: String,
    sender: String,
    link: String,
    days: u64,
}

#[derive(Serialize, Deserialize)]
struct SealedDeletion {
    link: Option<String>,
    days: u64,
}

#[derive(Serialize, Deserialize)]
struct SealedCode {
    typed: String,
    link: String,
    minutes: u64,
}

impl SealedMail {
    pub(crate) fn from_mail(mail: &Mail) -> Self {
        let (mut deletion, mut place, mut hours) = (None, None, None);
        match &mail.message {
            Message::AccountDeleted(Deletion { link, days }) => {
                let link = link.as_ref().map(|link| link.expose().clone());
                deletion = Some(SealedDeletion { link, days: *days });
            }
            Message::Invitation(Place { organization, sender, link, days }) => {
                place = Some(SealedPlace {
                    organization: organization.as_str().to_owned(),
                    sender: sender.as_str().to_owned(),
                    link: link.expose().clone(),
                    days: *days,
                });
            }
            Message::FactorDoubted(Doubt { hours: left }) => hours = Some(*left),
            Message::SignUp(_)
            | Message::Login(_)
            | Message::AlreadyRegistered(_)
            | Message::VerifyEmail(_)
            | Message::ResetPassword(_)
            | Message::AddressInUse
            | Message::Recovery(_)
            | Message::ResetStarted(_)
            | Message::Notice(_) => {}
        }
        Self {
            to: mail.to.clone(),
            service: mail.service.clone(),
            kind: mail.message.name().to_owned(),
            code: mail.message.code().map(|code| SealedCode {
                typed: code.typed.expose().clone(),
                link: code.link.expose().clone(),
                minutes: code.minutes,
            }),
            notice: mail.message.notice().map(SealedNotice::from_notification),
            deletion,
            place,
            hours,
        }
    }

    pub(crate) fn into_mail(self, id: MailId, created: Timestamp) -> Option<Mail> {
        let code = self.code.map(|code| Code {
            typed: Secret::new(code.typed),
            link: Secret::new(code.link),
            minutes: code.minutes,
        });
        let notice = self.notice.and_then(SealedNotice::into_notification);
        let message = match (self.kind.as_str(), code) {
            ("sign-up", Some(code)) => Message::SignUp(code),
            ("login", Some(code)) => Message::Login(code),
            ("already-registered", Some(code)) => Message::AlreadyRegistered(code),
            ("verify-email", Some(code)) => Message::VerifyEmail(code),
            ("reset-password", Some(code)) => Message::ResetPassword(code),
            ("address-in-use", None) => Message::AddressInUse,
            ("account-deleted", None) => {
                let SealedDeletion { link, days } = self.deletion?;
                Message::AccountDeleted(Deletion { link: link.map(Secret::new), days })
            }
            ("factor-doubted", None) => Message::FactorDoubted(Doubt { hours: self.hours? }),
            ("recovery", Some(code)) => Message::Recovery(code),
            ("reset-started", Some(code)) => Message::ResetStarted(code),
            ("notice", None) => Message::Notice(notice?),
            ("invitation", None) => {
                let SealedPlace { organization, sender, link, days } = self.place?;
                Message::Invitation(Place {
                    organization: PersonName::from_stored(organization),
                    sender: PersonName::from_stored(sender),
                    link: Secret::new(link),
                    days,
                })
            }
            _ => return None,
        };
        Some(Mail { id, to: self.to, service: self.service, message, created })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_survives_the_outbox() {
        for message in Message::samples() {
            let mail = Mail {
                id: MailId::from_bytes([1; 16]),
                to: EmailAddress::parse("ada@example.com").unwrap(),
                service: "Shop".into(),
                message,
                created: Timestamp::from_millis(7),
            };
            let text = serde_json::to_vec(&SealedMail::from_mail(&mail)).unwrap();
            let sealed: SealedMail = serde_json::from_slice(&text).unwrap();
            let back = sealed.into_mail(mail.id, mail.created).unwrap();
            assert_eq!(back.message.name(), mail.message.name());
            let notice = |mail: &Mail| mail.message.notice().map(|it| it.notice);
            assert_eq!(notice(&back), notice(&mail));
            assert_eq!(back.message.link(), mail.message.link());
            assert_eq!(
                back.message.code().map(|code| code.typed.clone()),
                mail.message.code().map(|code| code.typed.clone()),
            );
            assert_eq!(back.to, mail.to);
        }
    }
}
