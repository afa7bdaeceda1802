use std::time::{Duration, SystemTime};

use durward_core::email::{EmailAddress, EmailRules};
use durward_core::text::PersonName;
use durward_core::{Mail, MailError, Secret, Timestamp};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, MultiPartKind, SinglePart};
use lettre::{Address, Message};

use super::SmtpError;
use crate::template::Rendered;

/// The mailbox in whose name mails are written.
pub(super) struct Sender {
    mailbox: Mailbox,
    domain: String,
}

/// A mail as it travels (RFC 5322): the same bytes at every attempt.
pub(super) struct Letter {
    pub(super) from: Address,
    pub(super) to: Recipient,
    pub(super) bytes: Secret<Vec<u8>>,
}

pub(super) struct Recipient(Address);

impl Sender {
    pub(super) fn parse(text: &str) -> Result<Self, SmtpError> {
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            Some((name, address)) => (unquoted(name.trim()), address),
            None => ("", text),
        };
        let rules = EmailRules { allow_local_domains: true, ..EmailRules::default() };
        let address = EmailAddress::parse_with(address, rules)
            .map_err(|_unfit| SmtpError::Sender("write it as: Shop <no-reply@shop.example>"))?;
        let name = match name {
            "" => None,
            name if name.contains(['"', '\\', '<', '>']) || name.contains("=?") => {
                return Err(SmtpError::Sender(
                    "the name holds quotes, brackets, backslashes or =?",
                ));
            }
            name => Some(PersonName::parse(name).map_err(|_unfit| {
                SmtpError::Sender("the name is too long or holds characters that cannot be shown")
            })?),
        };
        let mailbox = Mailbox::new(
            name.map(|name| name.as_str().to_owned()),
            address_of(&address).ok_or(SmtpError::Sender("the address cannot be used"))?,
        );
        Ok(Self { mailbox, domain: address.domain().to_owned() })
    }

    /// The domain of the address, in its ASCII form.
    pub(super) fn domain(&self) -> &str {
        &self.domain
    }
}

impl Letter {
    pub(super) fn write(
        mail: &Mail,
        rendered: &Rendered,
        sender: &Sender,
    ) -> Result<Self, MailError> {
        let to = address_of(&mail.to).ok_or_else(|| {
            MailError::Permanent(String::from("the mailbox cannot be written to"))
        })?;
        // `=_` occurs in neither of the encodings of a part (RFC 2045, 6.7).
        let parts = MultiPart::builder()
            .kind(MultiPartKind::Alternative)
            .boundary(format!("=_{}", mail.id))
            .singlepart(SinglePart::plain(rendered.text.expose().clone()))
            .singlepart(SinglePart::html(rendered.html.expose().clone()));
        let auto_submitted = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            String::from("auto-generated"),
        );
        let message = Message::builder()
            .message_id(Some(format!("<{}@{}>", mail.id, sender.domain)))
            .date(date(mail.created))
            .from(sender.mailbox.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(rendered.subject.clone())
            .raw_header(auto_submitted)
            .multipart(parts)
            .map_err(|_no_envelope| MailError::Permanent(String::from("the mail is incomplete")))?;
        Ok(Self {
            from: sender.mailbox.email.clone(),
            to: Recipient(to),
            bytes: Secret::new(message.formatted()),
        })
    }
}

impl Recipient {
    pub(super) fn address(&self) -> &Address {
        &self.0
    }

    pub(super) fn is_ascii(&self) -> bool {
        AsRef::<str>::as_ref(&self.0).is_ascii()
    }
}

fn unquoted(name: &str) -> &str {
    name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name)
}

fn address_of(address: &EmailAddress) -> Option<Address> {
    address.mailbox().parse().ok()
}

/// The `Date` of a moment, which must have a year of four digits.
fn date(at: Timestamp) -> SystemTime {
    const YEAR_9999: i64 = 253_370_764_800_000;
    let millis = u64::try_from(at.as_millis().min(YEAR_9999)).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}
