use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// The `state` of a flow: made by the caller, it binds the flow to whoever began it.
///
/// 22 to 128 characters of `[A-Za-z0-9_-]`. It is compared only as a digest and never mailed (security
/// decision 1), so it cannot be printed, serialised or compared, and is wiped when dropped.
#[derive(Clone)]
pub struct FlowState(Zeroizing<String>);

/// Why a text is not a [`FlowState`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum FlowStateError {
    /// Fewer than [`FlowState::MIN_LENGTH`] characters cannot hold 128 random bits.
    #[error("the state is shorter than 22 characters")]
    TooShort,
    /// More than [`FlowState::MAX_LENGTH`] characters.
    #[error("the state is longer than 128 characters")]
    TooLong,
    /// Something outside `[A-Za-z0-9_-]`.
    #[error("the state may contain only letters, digits, _ and -")]
    ForbiddenCharacter,
}

impl FlowState {
    /// The shortest state: 128 bits in base64url.
    pub const MIN_LENGTH: usize = 22;
    /// The longest state.
    pub const MAX_LENGTH: usize = 128;

    /// Reads a state from outside.
    pub fn parse(text: &str) -> Result<Self, FlowStateError> {
        if text.len() > Self::MAX_LENGTH {
            return Err(FlowStateError::TooLong);
        }
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            return Err(FlowStateError::ForbiddenCharacter);
        }
        if text.len() < Self::MIN_LENGTH {
            return Err(FlowStateError::TooShort);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The state as text, for its digest; every call is a place to look at in review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FlowStateError {
    /// A stable name of the reason for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort => "STATE_TOO_SHORT",
            Self::TooLong => "STATE_TOO_LONG",
            Self::ForbiddenCharacter => "STATE_FORBIDDEN_CHARACTER",
        }
    }
}

impl fmt::Debug for FlowState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowState(***)")
    }
}

impl FromStr for FlowState {
    type Err = FlowStateError;
    fn from_str(text: &str) -> Result<Self, FlowStateError> {
        Self::parse(text)
    }
}

impl<'de> Deserialize<'de> for FlowState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for FlowState {
    fn schema_name() -> Cow<'static, str> {
        "FlowState".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{22,128}$" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<String, FlowStateError> {
        FlowState::parse(text).map(|state| state.expose().to_owned())
    }

    #[test]
    fn the_length_is_22_to_128() {
        assert_eq!(parse(""), Err(FlowStateError::TooShort));
        assert_eq!(parse(&"a".repeat(21)), Err(FlowStateError::TooShort));
        assert_eq!(parse(&"a".repeat(22)).as_deref(), Ok("a".repeat(22).as_str()));
        assert!(parse(&"a".repeat(128)).is_ok());
        assert_eq!(parse(&"a".repeat(129)), Err(FlowStateError::TooLong));
    }

    #[test]
    fn only_the_url_safe_alphabet_is_allowed() {
        assert!(parse("ABCXYZabcxyz0123456789_-").is_ok());
        for bad in ['=', '+', '/', '.', ' ', '\n', '\0', 'é', 'Ａ', '~', '%'] {
            let text = format!("{}{bad}", "a".repeat(30));
            assert_eq!(parse(&text), Err(FlowStateError::ForbiddenCharacter), "{bad:?}");
        }
    }

    #[test]
    fn it_is_read_from_json_and_never_printed() {
        let json = format!("\"{}\"", "s".repeat(22));
        let state: FlowState = serde_json::from_str(&json).unwrap();
        assert_eq!(format!("{state:?}"), "FlowState(***)");
        let error = serde_json::from_str::<FlowState>(r#""short""#).unwrap_err().to_string();
        assert!(error.starts_with("the state is shorter") && !error.contains("\"short"), "{error}");
        let schema = serde_json::to_value(schemars::schema_for!(FlowState)).unwrap();
        assert_eq!(schema["pattern"], "^[A-Za-z0-9_-]{22,128}$");
    }

    #[test]
    fn each_reason_has_its_code() {
        assert_eq!(FlowStateError::TooShort.code(), "STATE_TOO_SHORT");
        assert_eq!(FlowStateError::TooLong.code(), "STATE_TOO_LONG");
        assert_eq!(FlowStateError::ForbiddenCharacter.code(), "STATE_FORBIDDEN_CHARACTER");
    }

    proptest! {
        #[test]
        fn every_text_of_the_pattern_is_a_state(text in "[A-Za-z0-9_-]{22,128}") {
            prop_assert_eq!(parse(&text), Ok(text));
        }

        #[test]
        fn nothing_else_is(text in "\\PC{0,60}[^A-Za-z0-9_-]\\PC{0,60}") {
            prop_assert!(parse(&text).is_err());
        }
    }
}
