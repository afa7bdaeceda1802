use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// What the names of all tables and indexes begin with; `durward_` unless told otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prefix(Cow<'static, str>);

/// The text is not a [`Prefix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a prefix is empty, or a letter a-z followed by at most 23 of a-z, 0-9 and _")]
pub struct PrefixError;

impl Prefix {
    /// No prefix, for a database of Durward's own.
    pub const NONE: Self = Self(Cow::Borrowed(""));

    /// Takes an empty text, or one that matches `[a-z][a-z0-9_]{0,23}`.
    pub fn parse(text: &str) -> Result<Self, PrefixError> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let starts = text.is_empty() || text.starts_with(|first: char| first.is_ascii_lowercase());
        if starts && text.len() <= 24 && text.bytes().all(allowed) {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(PrefixError)
        }
    }

    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self(Cow::Borrowed("durward_"))
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;
    fn from_str(text: &str) -> Result<Self, PrefixError> {
        Self::parse(text)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_plain_lower_case_name() {
        for right in ["", "a", "durward_", "shop2_", "abcdefghijklmnopqrstuvwx"] {
            assert_eq!(Prefix::parse(right).unwrap().as_str(), right);
        }
        for wrong in ["_a", "2a", "A", "a-b", "a;", "a\"", "a b", "ä", "abcdefghijklmnopqrstuvwxy"]
        {
            assert_eq!(Prefix::parse(wrong), Err(PrefixError), "{wrong}");
        }
        assert_eq!(Prefix::default().to_string(), "durward_");
    }
}
