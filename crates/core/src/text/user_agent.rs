use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;

use super::characters::{is_bidi_control, is_invisible, is_line_separator};

/// What a caller's software says of itself, made harmless: it helps a person to recognise a session and
/// decides nothing, so bad text is repaired instead of refused (AM-30).
///
/// At most [`UserAgent::MAX_OCTETS`] of UTF-8, cut between characters; every control character, line
/// break, bidi control and invisible character is replaced by U+FFFD; normalised (NFC).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserAgent(String);

impl UserAgent {
    /// How much of the text is kept, in octets of UTF-8.
    pub const MAX_OCTETS: usize = 255;

    /// Repairs and shortens what was sent; never fails.
    pub fn parse(text: &str) -> Self {
        let mut kept = String::new();
        for c in text.trim().chars().map(repaired).nfc() {
            if kept.len() + c.len_utf8() > Self::MAX_OCTETS {
                break;
            }
            kept.push(c);
        }
        kept.truncate(kept.trim_end().len());
        Self(kept)
    }

    /// Repairs and shortens the value of a header, which need not be UTF-8 (RFC 9110, 5.5); never fails.
    pub fn from_header(value: &[u8]) -> Self {
        Self::parse(&String::from_utf8_lossy(value))
    }

    /// The text that a store kept; not checked again.
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The repaired text, empty when nothing was said.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for UserAgent {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}

impl Serialize for UserAgent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl JsonSchema for UserAgent {
    fn schema_name() -> Cow<'static, str> {
        "UserAgent".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": Self::MAX_OCTETS })
    }
}

fn repaired(c: char) -> char {
    let harmful = c.is_control() || is_line_separator(c) || is_bidi_control(c) || is_invisible(c);
    if harmful { char::REPLACEMENT_CHARACTER } else { c }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_usual_user_agent_is_kept_whole() {
        let text = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert_eq!(UserAgent::parse(text).as_str(), text);
        assert_eq!(UserAgent::from_header(text.as_bytes()).as_str(), text);
        assert_eq!(UserAgent::from("").as_str(), "");
    }

    // AM-30
    #[test]
    fn harmful_characters_are_replaced() {
        assert_eq!(UserAgent::parse("a\r\nSet: b").as_str(), "a\u{FFFD}\u{FFFD}Set: b");
        assert_eq!(UserAgent::parse("a\0\u{202E}\u{200B}b").as_str(), "a\u{FFFD}\u{FFFD}\u{FFFD}b");
        assert_eq!(UserAgent::parse("a\u{2028}b").as_str(), "a\u{FFFD}b");
        assert_eq!(UserAgent::from_header(b"caf\xe9/1").as_str(), "caf\u{FFFD}/1");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(UserAgent::parse(&"x".repeat(1_000_000)).as_str(), "x".repeat(255));
        assert_eq!(UserAgent::parse(&"é".repeat(200)).as_str(), "é".repeat(127));
        assert_eq!(UserAgent::parse(&"🦊".repeat(200)).as_str(), "🦊".repeat(63));
    }

    #[test]
    fn it_is_a_json_string() {
        assert_eq!(serde_json::to_string(&UserAgent::parse("curl/8")).unwrap(), r#""curl/8""#);
        let schema = serde_json::to_value(schemars::schema_for!(UserAgent)).unwrap();
        assert_eq!(schema["maxLength"], 255);
    }

    #[test]
    fn a_stored_user_agent_comes_back_as_it_was() {
        assert_eq!(UserAgent::from_stored(" x ".to_owned()).as_str(), " x ");
    }

    proptest! {
        #[test]
        fn any_octets_become_one_short_clean_line(value in proptest::collection::vec(any::<u8>(), 0..400)) {
            let agent = UserAgent::from_header(&value);
            prop_assert!(agent.as_str().len() <= UserAgent::MAX_OCTETS);
            prop_assert!(!agent.as_str().chars().any(char::is_control));
            prop_assert_eq!(&UserAgent::parse(agent.as_str()), &agent);
        }

        #[test]
        fn repairing_twice_changes_nothing(text in any::<String>()) {
            let agent = UserAgent::parse(&text);
            prop_assert!(agent.as_str().len() <= UserAgent::MAX_OCTETS);
            prop_assert_eq!(&UserAgent::parse(agent.as_str()), &agent);
        }
    }
}
