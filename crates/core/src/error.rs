//! What can go wrong, by meaning: one error type for every flow.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::budget::Rate;
use crate::entity::AuthenticationStrength;
use crate::hook::Veto;
use crate::store::StoreError;

/// One reason why a request was refused, phrased for its sender; never echoes what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Obstruction {
    /// Where in the request, as a JSON pointer (RFC 6901); empty for the request as a whole.
    pub pointer: String,
    /// A stable name of the reason, `SCREAMING_SNAKE`.
    pub code: Cow<'static, str>,
    /// The reason in a sentence.
    pub text: String,
    /// Values that a translation of the sentence needs, such as a limit.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub params: BTreeMap<String, u64>,
}

impl Obstruction {
    /// A reason about the request as a whole; see [`Obstruction::at`].
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self {
            pointer: String::new(),
            code: Cow::Borrowed(code),
            text: text.into(),
            params: BTreeMap::new(),
        }
    }

    /// This reason, about the field that the pointer names.
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = pointer.into();
        self
    }

    /// This reason with a value for translations.
    pub fn with(mut self, name: &str, value: u64) -> Self {
        self.params.insert(name.to_owned(), value);
        self
    }
}

/// Everything a flow may answer instead of doing what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request breaks rules; all of them are listed, and nothing was written.
    #[error("the request is not acceptable")]
    Invalid(Vec<Obstruction>),
    /// The credential, code or token is not accepted. The reason is deliberately not told (R-EN-01).
    #[error("the credentials are not accepted")]
    Unauthenticated,
    /// The caller may do this, but authenticated too long ago for it (R-MF-04).
    #[error("the caller authenticated too long ago for this")]
    StepUp {
        /// How old the authentication may be.
        max_age: Duration,
    },
    /// The session was opened without the second factor that is asked of this user, since he has none: it may
    /// enrol one, and nothing else (R-MF-01). Or it is a personal key of such a user, which acts for nobody
    /// until they have one (R-MF-02).
    #[error("a second factor is required")]
    SecondFactorRequired,
    /// The caller is a member of an organization that asks for a stronger authentication than theirs before the
    /// membership gives them any right (R-MF-01).
    #[error("the organization asks for a stronger authentication")]
    InsufficientAuthentication {
        /// What it asks for.
        required: AuthenticationStrength,
    },
    /// The caller is known and may not do this.
    #[error("the caller may not do this")]
    Forbidden,
    /// People cannot sign up by themselves here.
    #[error("sign-up is not open to everyone")]
    SignUpClosed,
    /// No such thing for this caller; a foreign one and a missing one are the same (R-AZ-03).
    #[error("{0} not found")]
    NotFound(&'static str),
    /// Something with this unique property is there already.
    #[error("{0} already exists")]
    Duplicate(&'static str),
    /// The last one of its kind cannot go: an organization keeps an owner, a deployment an administrator, a user a
    /// proven address.
    #[error("the last {0} cannot go")]
    Last(&'static str),
    /// The invitation is for somebody else than the user who is signed in.
    #[error("the invitation is for another user")]
    OtherInvited,
    /// The thing changed since the caller looked at it (RFC 9110, 13.1.1).
    #[error("the {0} has changed in the meantime")]
    Stale(&'static str),
    /// The account is deleted: it must be restored before anything else can be done with it.
    #[error("the account is deleted")]
    Deleted,
    /// An `Idempotency-Key` came back with a different request.
    #[error("this idempotency key belongs to another request")]
    KeyReused,
    /// Too many attempts from here; the same for existing and missing subjects (R-TH-07).
    #[error("too many attempts")]
    Throttled {
        /// When the next attempt has a chance.
        retry_after: Duration,
        /// The rate that is used up.
        rate: Rate,
    },
    /// The server has more work than it can do in time (R-PW-13).
    #[error("the server is busy")]
    Busy {
        /// When the next attempt has a chance.
        retry_after: Duration,
    },
    /// A hook of the application refused, and everything was undone.
    #[error("refused by the application")]
    Vetoed(#[source] Veto),
    /// The store failed.
    #[error("storage failed")]
    Store(#[source] StoreError),
    /// Stored data or a part of the deployment is not as it must be.
    #[error("internal failure: {0}")]
    Internal(&'static str),
}

/// The kinds of [`Error`], exhaustive, so that a new one must be thought about wherever errors are mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// See [`Error::Invalid`].
    Invalid,
    /// See [`Error::Unauthenticated`].
    Unauthenticated,
    /// See [`Error::StepUp`].
    StepUp,
    /// See [`Error::SecondFactorRequired`].
    SecondFactorRequired,
    /// See [`Error::InsufficientAuthentication`].
    InsufficientAuthentication,
    /// See [`Error::Forbidden`].
    Forbidden,
    /// See [`Error::SignUpClosed`].
    SignUpClosed,
    /// See [`Error::NotFound`].
    NotFound,
    /// See [`Error::Duplicate`].
    Duplicate,
    /// See [`Error::Last`].
    Last,
    /// See [`Error::OtherInvited`].
    OtherInvited,
    /// See [`Error::Stale`].
    Stale,
    /// See [`Error::Deleted`].
    Deleted,
    /// See [`Error::KeyReused`].
    KeyReused,
    /// See [`Error::Throttled`].
    Throttled,
    /// See [`Error::Busy`].
    Busy,
    /// See [`Error::Vetoed`].
    Vetoed,
    /// See [`Error::Store`].
    Store,
    /// See [`Error::Internal`].
    Internal,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 19] = [
        Self::Invalid,
        Self::Unauthenticated,
        Self::StepUp,
        Self::SecondFactorRequired,
        Self::InsufficientAuthentication,
        Self::Forbidden,
        Self::SignUpClosed,
        Self::NotFound,
        Self::Duplicate,
        Self::Last,
        Self::OtherInvited,
        Self::Stale,
        Self::Deleted,
        Self::KeyReused,
        Self::Throttled,
        Self::Busy,
        Self::Vetoed,
        Self::Store,
        Self::Internal,
    ];

    /// The stable code of the kind, as problem documents show it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invalid => "INVALID",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::StepUp => "STEP_UP_REQUIRED",
            Self::SecondFactorRequired => "SECOND_FACTOR_REQUIRED",
            Self::InsufficientAuthentication => "INSUFFICIENT_AUTHENTICATION",
            Self::Forbidden => "FORBIDDEN",
            Self::SignUpClosed => "SIGN_UP_CLOSED",
            Self::NotFound => "NOT_FOUND",
            Self::Duplicate => "DUPLICATE",
            Self::Last => "LAST_ONE",
            Self::OtherInvited => "INVITATION_FOR_ANOTHER_USER",
            Self::Stale => "STALE",
            Self::Deleted => "USER_DELETED",
            Self::KeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::Throttled => "THROTTLED",
            Self::Busy => "BUSY",
            Self::Vetoed => "VETOED",
            Self::Store => "STORE_UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }
}

impl Error {
    /// The kind of this error.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Invalid(_) => Kind::Invalid,
            Self::Unauthenticated => Kind::Unauthenticated,
            Self::StepUp { .. } => Kind::StepUp,
            Self::SecondFactorRequired => Kind::SecondFactorRequired,
            Self::InsufficientAuthentication { .. } => Kind::InsufficientAuthentication,
            Self::Forbidden => Kind::Forbidden,
            Self::SignUpClosed => Kind::SignUpClosed,
            Self::NotFound(_) => Kind::NotFound,
            Self::Duplicate(_) => Kind::Duplicate,
            Self::Last(_) => Kind::Last,
            Self::OtherInvited => Kind::OtherInvited,
            Self::Stale(_) => Kind::Stale,
            Self::Deleted => Kind::Deleted,
            Self::KeyReused => Kind::KeyReused,
            Self::Throttled { .. } => Kind::Throttled,
            Self::Busy { .. } => Kind::Busy,
            Self::Vetoed(_) => Kind::Vetoed,
            Self::Store(_) => Kind::Store,
            Self::Internal(_) => Kind::Internal,
        }
    }

    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        self.kind().code()
    }
}

/// An error and its sources in one line, for logs and operators.
///
/// ```
/// use durward_core::error::with_causes;
/// use durward_core::{Error, StoreError};
///
/// let error = Error::Store(StoreError::backend("disk full"));
/// assert_eq!(with_causes(&error), "storage failed: disk full");
/// ```
pub fn with_causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Duplicate(what) => Self::Duplicate(what),
            StoreError::Conflict | StoreError::Spent | StoreError::Backend(_) => Self::Store(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_named_once() {
        #[derive(Debug)]
        struct Outer(std::fmt::Error);
        impl std::fmt::Display for Outer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("outer")
            }
        }
        impl StdError for Outer {
            fn source(&self) -> Option<&(dyn StdError + 'static)> {
                Some(&self.0)
            }
        }
        let error = StoreError::backend(Outer(std::fmt::Error));
        assert_eq!(with_causes(&error), format!("outer: {}", std::fmt::Error));
    }
}
