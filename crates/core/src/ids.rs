//! One type per kind of id, so that a session id can never be passed as a user id.
//!
//! An id is a `UUIDv7` (RFC 9562) whose text form is a TypeID: a prefix that names the kind, `_`, and
//! 26 characters of base 32. Ids are names, never secrets (security decision 11).

use std::fmt;

use crate::page::Place;
use crate::secret::Digest;
use crate::time::{Entropy, Timestamp};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 26;

/// The text is not an id of the expected kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the kind {0}_")]
pub struct IdError(&'static str);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name([u8; 16]);

        impl $name {
            /// What the text form of this kind begins with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, ordered by `now` and otherwise random.
            pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(version_7(now, entropy))
            }

            /// The id a store kept as 16 bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes a store keeps.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        /// Lists by id tell the newest first: ids are ordered by when they were made.
        impl Place for $name {
            fn to_bytes(&self) -> Vec<u8> {
                self.0.to_vec()
            }
            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let digits = encode(u128::from_be_bytes(self.0));
                f.write_str(concat!($prefix, "_"))?;
                f.write_str(std::str::from_utf8(&digits).map_err(|_no_digits| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let digits = text.strip_prefix(concat!($prefix, "_")).ok_or(IdError($prefix))?;
                let number = decode(digits.as_bytes()).ok_or(IdError($prefix))?;
                Ok(Self(number.to_be_bytes()))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "pattern": concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
                })
            }
        }
    };
}

id!(/// Identifies a [`User`](crate::User).
    UserId, "usr");
id!(/// Identifies a [`LoginEmail`](crate::LoginEmail).
    LoginEmailId, "eml");
id!(/// Identifies a client, the application through which a user acts.
    ClientId, "cli");
id!(/// Identifies a [`Session`](crate::Session) and with it a family of refresh tokens.
    SessionId, "ses");
id!(/// Identifies a [`Flow`](crate::Flow); internal, its handle is what travels.
    FlowId, "flo");
id!(/// Identifies a mail in the outbox; also the left side of its `Message-ID`.
    MailId, "mai");
id!(/// Identifies a row of the audit log.
    AuditId, "aud");
id!(/// Identifies a [`Totp`](crate::entity::Totp) factor.
    TotpId, "otp");
id!(/// Identifies an organization.
    OrganizationId, "org");
id!(/// Identifies a [`Membership`](crate::entity::Membership).
    MembershipId, "mem");
id!(/// Identifies an [`Invitation`](crate::entity::Invitation).
    InvitationId, "inv");
id!(/// Identifies a [`ClientSecret`](crate::entity::ClientSecret); never the secret itself.
    SecretId, "sec");
id!(/// Identifies a [`Node`](crate::entity::Node), a running process.
    NodeId, "nod");
id!(/// Identifies an [`AccessRestriction`](crate::entity::AccessRestriction).
    RestrictionId, "res");

impl UserId {
    /// The id that belongs to a digest, ordered by `moment`: always the same.
    pub(crate) fn of_digest(moment: Timestamp, digest: &Digest) -> Self {
        struct Fixed<'a>(&'a Digest);
        impl Entropy for Fixed<'_> {
            fn fill(&self, buffer: &mut [u8]) {
                for (byte, fixed) in buffer.iter_mut().zip(self.0.as_bytes()) {
                    *byte = *fixed;
                }
            }
        }
        Self::new(moment, &Fixed(digest))
    }
}

impl LoginEmailId {
    /// When the claim was made that this names, to the millisecond.
    pub fn made(&self) -> Timestamp {
        let millis = self.0[..6].iter().fold(0, |millis, byte| millis << 8 | i64::from(*byte));
        Timestamp::from_millis(millis)
    }
}

impl AuditId {
    /// The smallest id of this moment: entries of it and of later moments have greater ones.
    pub fn first_at(moment: Timestamp) -> Self {
        Self(first_at(moment))
    }
}

impl SessionId {
    /// The smallest id of this moment: sessions of it and of later moments have greater ones.
    pub fn first_at(moment: Timestamp) -> Self {
        Self(first_at(moment))
    }
}

fn first_at(moment: Timestamp) -> [u8; 16] {
    let millis = u64::try_from(moment.as_millis()).unwrap_or(0).min((1 << 48) - 1);
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes
}

fn version_7(now: Timestamp, entropy: &dyn Entropy) -> [u8; 16] {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().into_bytes()
}

fn encode(number: u128) -> [u8; LENGTH] {
    let mut digits = [0; LENGTH];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    digits
}

fn decode(digits: &[u8]) -> Option<u128> {
    // 26 digits hold 130 bits; a first digit above 7 would overflow and have a second spelling.
    if digits.len() != LENGTH || digits[0] > b'7' {
        return None;
    }
    digits.iter().try_fold(0_u128, |number, digit| {
        let value = VALUES[usize::from(*digit)];
        (value != NO_DIGIT).then_some(number << 5 | u128::from(value))
    })
}

const NO_DIGIT: u8 = u8::MAX;

/// The value of each byte that is a digit.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value: u8 = 0;
    while (value as usize) < ALPHABET.len() {
        values[ALPHABET[value as usize] as usize] = value;
        value += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn an_id_survives_its_text_form() {
        for byte in [0, 1, 0x7f, 0xff] {
            let id = UserId::new(Timestamp::from_millis(1_700_000_000_000), &Fixed(byte));
            let text = id.to_string();
            assert_eq!(text.len(), 30);
            assert_eq!(text.parse(), Ok(id));
        }
        assert_eq!(UserId([0xff; 16]).to_string(), "usr_7zzzzzzzzzzzzzzzzzzzzzzzzz");
    }

    #[test]
    fn ids_of_later_moments_sort_later() {
        let early = UserId::new(Timestamp::from_millis(1), &Fixed(0xff));
        let late = UserId::new(Timestamp::from_millis(2), &Fixed(0));
        assert!(early < late && early.to_string() < late.to_string());
    }

    #[test]
    fn an_id_of_an_address_knows_when_it_was_made() {
        let now = Timestamp::from_millis(1_700_000_000_123);
        assert_eq!(LoginEmailId::new(now, &Fixed(0xff)).made(), now);
        assert_eq!(LoginEmailId([0xff; 16]).made().as_millis(), (1 << 48) - 1);
    }

    #[test]
    fn the_first_id_of_a_moment_parts_it_from_the_one_before() {
        let at = |millis| Timestamp::from_millis(millis);
        let first = AuditId::first_at(at(1_700_000_000_000));
        assert!(AuditId::new(at(1_699_999_999_999), &Fixed(0xff)) < first);
        assert!(first <= AuditId::new(at(1_700_000_000_000), &Fixed(0)));
        assert_eq!(AuditId::first_at(at(-1)), AuditId([0; 16]));
        assert!(
            AuditId::new(at(1_700_000_000_000), &Fixed(0xff)) < AuditId::first_at(at(i64::MAX))
        );
    }

    #[test]
    fn only_the_one_spelling_is_an_id() {
        let id = UserId([7; 16]).to_string();
        for wrong in [
            id.to_uppercase(),
            id.replace("usr_", "ses_"),
            id[..29].to_owned(),
            format!("{id}0"),
            format!("usr_8{}", &id[5..]),
            format!("usr_u{}", &id[5..]),
            String::new(),
        ] {
            assert_eq!(wrong.parse::<UserId>(), Err(IdError("usr")), "{wrong}");
        }
    }
}
