//! E-mail addresses: one strict parser and three forms of what it accepts (security decision 10).
//!
//! - As typed, for people and for sending.
//! - Canonical ([`CanonicalEmail`]), the identity: everything that is unique or looked up by address is
//!   so by this form (AM-18).
//! - The confusable skeleton (UTS #39), by which an address that only looks like another is found
//!   (R-EM-04).
//!
//! ```
//! use durward_core::email::EmailAddress;
//!
//! let address = EmailAddress::parse("Jürgen.O'Brien@Example.ORG");
//! assert!(address.is_err(), "letters outside ASCII before the @ need a rule that allows them");
//!
//! let address = EmailAddress::parse("O'Brien@Bücher.Example")?;
//! assert_eq!(address.as_typed(), "O'Brien@Bücher.Example");
//! assert_eq!(address.mailbox(), "O'Brien@xn--bcher-kva.example");
//! assert_eq!(address.canonical().as_str(), "o'brien@xn--bcher-kva.example");
//! assert_eq!(format!("{address:?}"), "EmailAddress(o***@x***.example)");
//! # Ok::<(), durward_core::email::EmailError>(())
//! ```

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

use crate::text::characters::{is_bidi_control, stands_for_ascii};

mod canonical;
mod domain;
mod error;
#[cfg(test)]
mod form_tests;
mod local_part;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use canonical::CanonicalEmail;
pub use error::EmailError;

use domain::Domain;

/// Exactly one mailbox, as RFC 5321 and RFC 5322 write it, without the forms that only cause harm.
///
/// Accepted is `local@domain` in at most 254 octets (R-EM-01): a dot-atom of at most 64 octets before
/// the only `@`, and a host name with at least one dot after it, whose labels are letters, digits and
/// hyphens, in any script that IDNA2008 allows (R-EM-02). There are no comments, groups, routes,
/// display names, quoted local parts, address literals or white space. A character that is
/// not ASCII but would become ASCII by mapping is refused, never mapped (R-EM-03).
///
/// Two spellings of one mailbox are different values with an equal [`canonical`](Self::canonical) form;
/// compare that to ask whether they are the same address. `Debug` prints the masked form, and there
/// is deliberately no `Display` (R-LG-02).
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    typed: String,
    canonical: CanonicalEmail,
    skeleton: String,
}

/// What else than the ordinary address of the internet is accepted; the default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmailRules {
    /// Domains without a dot, such as `localhost`: for development and closed networks.
    pub allow_local_domains: bool,
    /// Letters outside ASCII before the `@` (RFC 6531), in the profile that UTS #39 gives for them. Only
    /// for a mailer that has SMTPUTF8 (R-EM-02).
    pub allow_international_local_parts: bool,
}

/// The three forms as a store keeps them; see [`EmailAddress::from_stored`].
#[derive(Clone, PartialEq, Eq)]
pub struct EmailParts {
    /// [`EmailAddress::as_typed`].
    pub typed: String,
    /// [`EmailAddress::canonical`].
    pub canonical: String,
    /// [`EmailAddress::skeleton`].
    pub skeleton: String,
}

impl EmailAddress {
    /// The longest address, in octets, in each of its forms (RFC 5321, 4.5.3.1.3).
    pub const MAX_OCTETS: usize = 254;

    /// Reads an address by the default rules.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        Self::parse_with(text, EmailRules::default())
    }

    /// Reads an address by the given rules.
    pub fn parse_with(text: &str, rules: EmailRules) -> Result<Self, EmailError> {
        if text.is_empty() {
            return Err(EmailError::Empty);
        }
        if text.len() > Self::MAX_OCTETS {
            return Err(EmailError::TooLong);
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace() || is_bidi_control(c)) {
            return Err(EmailError::ForbiddenCharacter);
        }
        // Before normalisation, which itself turns a few characters into ASCII.
        if text.chars().any(stands_for_ascii) {
            return Err(EmailError::MappedCharacter);
        }
        let typed: String = text.nfc().collect();
        let (typed_local, typed_domain) = typed.split_once('@').ok_or(EmailError::MissingAt)?;
        if typed_domain.contains('@') {
            return Err(EmailError::SeveralAts);
        }
        let local = local_part::fold(typed_local, rules)?;
        let domain = Domain::parse(typed_domain, rules)?;

        let canonical = format!("{local}@{}", domain.ascii);
        let unicode = format!("{local}@{}", domain.unicode);
        let mailbox_octets = typed_local.len() + 1 + domain.ascii.len();
        if typed.len().max(mailbox_octets).max(canonical.len()).max(unicode.len())
            > Self::MAX_OCTETS
        {
            return Err(EmailError::TooLong);
        }
        let skeleton = bounded_skeleton(&unicode);
        Ok(Self { typed, canonical: CanonicalEmail::from_stored(canonical), skeleton })
    }

    /// The address that a store kept. It is not parsed again: an address that older rules accepted
    /// never becomes unreadable.
    pub fn from_stored(parts: EmailParts) -> Self {
        let EmailParts { typed, canonical, skeleton } = parts;
        Self { typed, canonical: CanonicalEmail::from_stored(canonical), skeleton }
    }

    /// The address as it was typed (in NFC), for showing it to its owner.
    pub fn as_typed(&self) -> &str {
        &self.typed
    }

    /// The address for SMTP: the local part as typed, the domain in its ASCII form.
    ///
    /// Not ASCII only if international local parts were allowed; see [`EmailRules`].
    pub fn mailbox(&self) -> String {
        let local = self.typed.rsplit_once('@').map_or(self.typed.as_str(), |(local, _)| local);
        format!("{local}@{}", self.domain())
    }

    /// The identity of the address.
    pub const fn canonical(&self) -> &CanonicalEmail {
        &self.canonical
    }

    /// What the canonical address looks like: equal for addresses that people cannot tell apart.
    ///
    /// ASCII addresses clash too (`paypa1`, `paypal`), so a clash counts only if one of the two is not
    /// [ASCII](Self::is_ascii) (R-EM-04). Made for comparison only: one of more than
    /// [`MAX_OCTETS`](Self::MAX_OCTETS) is replaced by its digest.
    pub fn skeleton(&self) -> &str {
        &self.skeleton
    }

    /// Whether people see only ASCII, with the domain in its Unicode form.
    pub fn is_ascii(&self) -> bool {
        self.canonical.is_ascii()
    }

    /// The domain, lower-case and in its ASCII form.
    pub fn domain(&self) -> &str {
        self.canonical.domain()
    }

    /// A form for logs, such as `a***@e***.com`, from which the address cannot be told (R-LG-02).
    pub fn masked(&self) -> String {
        self.canonical.masked()
    }
}

/// The skeleton of UTS #39, in a length that a store can index.
fn bounded_skeleton(unicode: &str) -> String {
    // Some characters look most like a capital letter; the identity does not know capitals.
    let skeleton: String = skeleton(unicode).flat_map(char::to_lowercase).collect();
    if skeleton.len() <= EmailAddress::MAX_OCTETS {
        return skeleton;
    }
    // No skeleton is without an @, so none is equal to a digest.
    format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(skeleton)))
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({})", self.masked())
    }
}

impl fmt::Debug for EmailParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailParts({})", CanonicalEmail::from_stored(self.canonical.clone()).masked())
    }
}

impl From<EmailAddress> for EmailParts {
    fn from(address: EmailAddress) -> Self {
        let EmailAddress { typed, canonical, skeleton } = address;
        Self { typed, canonical: canonical.into_string(), skeleton }
    }
}

impl FromStr for EmailAddress {
    type Err = EmailError;
    fn from_str(text: &str) -> Result<Self, EmailError> {
        Self::parse(text)
    }
}

impl Serialize for EmailAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.typed)
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for EmailAddress {
    fn schema_name() -> Cow<'static, str> {
        "EmailAddress".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "idn-email",
            "minLength": 3,
            "maxLength": Self::MAX_OCTETS,
        })
    }
}
