use std::time::Duration;

use durward_core::entity::Fingerprint;
use durward_core::ids::{
    AuditId, ClientId, FlowId, InvitationId, LoginEmailId, MailId, MembershipId, NodeId,
    OrganizationId, SecretId, SessionId, TotpId, UserId,
};
use durward_core::keys::Sealed;
use durward_core::{Digest, PasswordHash, Timestamp};
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
use sqlx::{Arguments, Database, Encode, Type};

/// A value for a `?`; every column is one of three types.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    /// A 64-bit number.
    Integer(Option<i64>),
    /// UTF-8 text.
    Text(Option<&'a str>),
    /// Bytes.
    Bytes(Option<&'a [u8]>),
}

/// A value that outlives the call that it came with.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Integer(Option<i64>),
    Text(Option<Box<str>>),
    Bytes(Option<Box<[u8]>>),
}

impl Kept {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Integer(number) => Value::Integer(*number),
            Self::Text(text) => Value::Text(text.as_deref()),
            Self::Bytes(bytes) => Value::Bytes(bytes.as_deref()),
        }
    }
}

impl From<Value<'_>> for Kept {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Integer(number) => Self::Integer(number),
            Value::Text(text) => Self::Text(text.map(Box::from)),
            Value::Bytes(bytes) => Self::Bytes(bytes.map(Box::from)),
        }
    }
}

/// Hands the values over to sqlx.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub(crate) fn bind<'v, D>(values: &[Value<'v>]) -> sqlx::Result<D::Arguments>
where
    D: Database,
    Option<i64>: Encode<'v, D> + Type<D>,
    Option<&'v str>: Encode<'v, D> + Type<D>,
    Option<&'v [u8]>: Encode<'v, D> + Type<D>,
{
    let mut arguments = D::Arguments::default();
    for value in values {
        let added = match *value {
            Value::Integer(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// The values of a statement, in the order of its `?`.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        &[$($crate::engine::Value::from($value)),*]
    };
}
pub(crate) use values;

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Integer(Some(number.into()))
    }
}

impl From<Option<u32>> for Value<'_> {
    fn from(number: Option<u32>) -> Self {
        Self::Integer(number.map(i64::from))
    }
}

impl From<bool> for Value<'_> {
    fn from(yes: bool) -> Self {
        Self::Integer(Some(yes.into()))
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(at: Timestamp) -> Self {
        Self::Integer(Some(at.as_millis()))
    }
}

impl From<Option<Timestamp>> for Value<'_> {
    fn from(at: Option<Timestamp>) -> Self {
        Self::Integer(at.map(Timestamp::as_millis))
    }
}

impl From<Option<Duration>> for Value<'_> {
    /// In milliseconds; a longer time than the engines can count is the longest.
    fn from(time: Option<Duration>) -> Self {
        Self::Integer(time.map(|time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(Some(bytes))
    }
}

impl<'a> From<&'a PasswordHash> for Value<'a> {
    fn from(hash: &'a PasswordHash) -> Self {
        Self::Text(Some(hash.as_str()))
    }
}

impl<'a> From<&'a Sealed> for Value<'a> {
    fn from(sealed: &'a Sealed) -> Self {
        Self::Bytes(Some(sealed.as_bytes()))
    }
}

impl<'a> From<Option<&'a [u8; 16]>> for Value<'a> {
    fn from(bytes: Option<&'a [u8; 16]>) -> Self {
        Self::Bytes(bytes.map(<[u8; 16]>::as_slice))
    }
}

/// Ids and digests are bytes, given or not.
macro_rules! bytes {
    ($($type:ty),+) => {$(
        impl<'a> From<&'a $type> for Value<'a> {
            fn from(it: &'a $type) -> Self {
                Self::Bytes(Some(it.as_bytes()))
            }
        }
        impl<'a> From<&'a Option<$type>> for Value<'a> {
            fn from(it: &'a Option<$type>) -> Self {
                Self::Bytes(it.as_ref().map(|it| it.as_bytes().as_slice()))
            }
        }
    )+};
}
bytes!(
    AuditId,
    ClientId,
    FlowId,
    InvitationId,
    LoginEmailId,
    MailId,
    MembershipId,
    NodeId,
    OrganizationId,
    SecretId,
    SessionId,
    TotpId,
    UserId,
    Digest,
    Fingerprint
);
