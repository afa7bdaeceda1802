use std::fmt;

use super::domain;

/// The identity of an e-mail address: case-folded local part, `@`, lower-case ASCII domain.
///
/// Two spellings of one mailbox have the same canonical form, on every engine and collation (AM-18).
/// Get one from [`EmailAddress::canonical`](super::EmailAddress::canonical). `Debug` prints the masked
/// form, and there is no `Display` (R-LG-02).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CanonicalEmail(String);

impl CanonicalEmail {
    /// The form that a store kept. Text from outside goes through
    /// [`EmailAddress::parse`](super::EmailAddress::parse) instead.
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text by which stores look up and keep apart.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text by which stores look up and keep apart, owned.
    pub fn into_string(self) -> String {
        self.0
    }

    /// The domain in its ASCII form; empty only if a store kept something that is no address.
    pub fn domain(&self) -> &str {
        self.split().1
    }

    /// Whether the address with the domain in its Unicode form is ASCII.
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii() && !self.domain().split('.').any(domain::is_encoded)
    }

    /// A form for logs, such as `a***@e***.com`, from which the address cannot be told (R-LG-02).
    ///
    /// Always printable ASCII.
    pub fn masked(&self) -> String {
        let (local, domain) = self.split();
        let (name, top) = domain.rsplit_once('.').unwrap_or((domain, ""));
        let dot = if top.is_empty() { "" } else { "." };
        let top = if top.bytes().all(is_plain) { top } else { "***" };
        format!("{}***@{}***{dot}{top}", initial(local), initial(name))
    }

    fn split(&self) -> (&str, &str) {
        self.0.rsplit_once('@').unwrap_or((&self.0, ""))
    }
}

impl fmt::Debug for CanonicalEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CanonicalEmail({})", self.masked())
    }
}

/// The first character of a longer text; a single one would be the whole text.
fn initial(text: &str) -> &str {
    if text.len() > 1 && text.bytes().next().is_some_and(is_plain) { &text[..1] } else { "" }
}

const fn is_plain(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'-'
}
