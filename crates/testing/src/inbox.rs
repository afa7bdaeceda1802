use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use durward_core::mail::Code;
use durward_core::{EmailAddress, Mail, MailError, Mailer, Message};

/// A mailer that keeps every mail for the test to read; clones share what they keep.
///
/// Like a real one it gets a mail only when the outbox is delivered; see
/// [`TestAccounts::deliver`](crate::TestAccounts::deliver).
#[derive(Clone, Debug, Default)]
pub struct Inbox(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    letters: Vec<Letter>,
    failures: VecDeque<MailError>,
}

impl Inbox {
    /// Every mail, in the order in which they came.
    pub fn all(&self) -> Vec<Letter> {
        self.contents().letters.clone()
    }

    /// Every mail to this address, in the order in which they came.
    pub fn all_to(&self, address: &str) -> Vec<Letter> {
        let mut letters = self.all();
        letters.retain(|letter| letter.is_to(address));
        letters
    }

    /// The one mail there is; panics when there is none or more than one.
    pub fn only(&self) -> Letter {
        let letters = self.all();
        assert_eq!(letters.len(), 1, "expected one mail: {letters:?}");
        letters[0].clone()
    }

    /// The mail to this address that came last; panics when there is none.
    pub fn last_to(&self, address: &str) -> Letter {
        let newest = self.all_to(address).pop();
        newest.unwrap_or_else(|| panic!("no mail to {address}: {:?}", self.all()))
    }

    /// How many mails there are.
    pub fn len(&self) -> usize {
        self.contents().letters.len()
    }

    /// Whether there is no mail.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Throws all mails away.
    pub fn clear(&self) {
        self.contents().letters.clear();
    }

    /// Lets the next delivery fail like this; called again, the one after it.
    pub fn fail_next(&self, error: MailError) {
        self.contents().failures.push_back(error);
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Mailer for Inbox {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let mut contents = self.contents();
        if let Some(error) = contents.failures.pop_front() {
            return Err(error);
        }
        contents.letters.push(Letter(mail.clone()));
        Ok(())
    }
}

/// A mail that arrived.
#[derive(Clone, Debug)]
pub struct Letter(Mail);

impl Letter {
    /// The mail itself.
    pub const fn mail(&self) -> &Mail {
        &self.0
    }

    /// What it says.
    pub const fn message(&self) -> &Message {
        &self.0.message
    }

    /// The name of what it says, such as `sign-up`.
    pub const fn name(&self) -> &'static str {
        self.0.message.name()
    }

    /// The address it went to, as typed.
    pub fn to(&self) -> &str {
        self.0.to.as_typed()
    }

    /// Whether it went to this address, in whatever spelling.
    pub fn is_to(&self, address: &str) -> bool {
        let address = EmailAddress::parse(address).expect("an e-mail address");
        self.0.to.canonical() == address.canonical()
    }

    /// The code to type; panics when the mail carries none.
    pub fn code(&self) -> &str {
        self.codes().typed.expose()
    }

    /// The link to follow; panics when the mail carries none.
    pub fn link(&self) -> &str {
        let link = self.0.message.link();
        link.unwrap_or_else(|| panic!("no link in {self:?}")).expose()
    }

    /// The code in the fragment of the link, as the page behind it would send it.
    pub fn link_code(&self) -> &str {
        let (_, code) = self.link().split_once('#').expect("a link with its code in the fragment");
        code
    }

    fn codes(&self) -> &Code {
        self.0.message.code().unwrap_or_else(|| panic!("no code in {self:?}"))
    }
}
