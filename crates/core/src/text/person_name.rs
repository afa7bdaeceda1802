use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::characters::{is_bidi_control, is_invisible, is_line_separator, is_unassigned};

/// What a person, or a thing that people name, is called: one line that is safe in a mail, a log and
/// a page once that place's own escaping is applied (R-EM-05, AM-30).
///
/// Spaces at both ends are dropped and the rest is normalised (NFC); nothing else is changed. Letters
/// of every script, spaces, punctuation and emoji pass. Control characters, line breaks, bidi
/// controls, invisible characters and unassigned code points are refused. Joiners and variation
/// selectors, which names in several scripts need, pass between other characters.
///
/// `Debug` does not print the name (R-LG-02).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonName(String);

/// Why a text is not a [`PersonName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PersonNameError {
    /// Nothing that can be seen is left.
    #[error("the name is empty")]
    Empty,
    /// More than [`PersonName::MAX_CHARACTERS`].
    #[error("the name is longer than 200 characters")]
    TooLong,
    /// A control character, a line break, or something that cannot be seen.
    #[error("the name contains a character that is not allowed")]
    ForbiddenCharacter,
}

impl PersonName {
    /// The length limit, in code points, of the text as sent and as kept.
    pub const MAX_CHARACTERS: usize = 200;

    /// Reads a name from outside.
    pub fn parse(text: &str) -> Result<Self, PersonNameError> {
        if text.chars().nth(Self::MAX_CHARACTERS).is_some() {
            return Err(PersonNameError::TooLong);
        }
        let text = text.trim_matches(is_space);
        if text.chars().any(is_forbidden) || text.starts_with(is_glue) || text.ends_with(is_joiner)
        {
            return Err(PersonNameError::ForbiddenCharacter);
        }
        if !text.chars().any(is_visible) {
            return Err(PersonNameError::Empty);
        }
        let name: String = text.nfc().collect();
        if name.chars().nth(Self::MAX_CHARACTERS).is_some() {
            return Err(PersonNameError::TooLong);
        }
        Ok(Self(name))
    }

    /// The name that a store kept; not checked again, so that stricter rules never lose a row.
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PersonNameError {
    /// A stable name of the reason for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "NAME_EMPTY",
            Self::TooLong => "NAME_TOO_LONG",
            Self::ForbiddenCharacter => "NAME_FORBIDDEN_CHARACTER",
        }
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(***)")
    }
}

impl FromStr for PersonName {
    type Err = PersonNameError;
    fn from_str(text: &str) -> Result<Self, PersonNameError> {
        Self::parse(text)
    }
}

impl Serialize for PersonName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PersonName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for PersonName {
    fn schema_name() -> Cow<'static, str> {
        "PersonName".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": Self::MAX_CHARACTERS })
    }
}

/// A tab or a line break at the end is not a slip of the thumb, so only true spaces are dropped.
fn is_space(c: char) -> bool {
    c.is_whitespace() && !c.is_control() && !is_line_separator(c)
}

fn is_forbidden(c: char) -> bool {
    // Annotation marks, the object placeholder, and what a failed decoding leaves behind.
    let special = matches!(c, '\u{FFF9}'..='\u{FFFD}');
    c.is_control()
        || special
        || is_line_separator(c)
        || is_bidi_control(c)
        || (is_invisible(c) && !is_glue(c))
        || is_unassigned(c)
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// Invisible, but it shapes a visible neighbour: Persian and Indic joiners, ideographic variants, emoji.
fn is_glue(c: char) -> bool {
    is_joiner(c) || matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

fn is_visible(c: char) -> bool {
    const BRAILLE_BLANK: char = '\u{2800}';
    !is_space(c) && !is_glue(c) && !is_combining_mark(c) && c != BRAILLE_BLANK
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<String, PersonNameError> {
        PersonName::parse(text).map(|name| name.as_str().to_owned())
    }

    #[test]
    fn names_of_every_script_pass_unchanged() {
        for name in [
            "Ada",
            "Renée O'Connor-Łuczak, Jr.",
            "Ж",
            "山田\u{3000}太郎",
            "葛\u{E0100}城",
            "محمد بن سعید",
            "علی\u{200C}رضا",
            "ශ්\u{200D}රී",
            "X Æ A-12",
            "🦊",
        ] {
            assert_eq!(parse(name).as_deref(), Ok(name));
        }
    }

    #[test]
    fn spaces_around_a_name_are_dropped() {
        assert_eq!(parse("  Ada  Lovelace ").as_deref(), Ok("Ada  Lovelace"));
        assert_eq!(parse("\u{3000}太郎\u{A0}").as_deref(), Ok("太郎"));
    }

    #[test]
    fn two_spellings_of_one_name_are_stored_alike() {
        assert_eq!(parse("Rene\u{301}e"), parse("Ren\u{e9}e"));
        assert_eq!(parse("Rene\u{301}e").as_deref(), Ok("Ren\u{e9}e"));
    }

    #[test]
    fn a_name_that_shows_nothing_is_empty() {
        for name in ["", " ", "\u{3000}\u{A0}", "\u{2800}"] {
            assert_eq!(parse(name), Err(PersonNameError::Empty), "{name:?}");
        }
    }

    // R-EM-05, AM-30
    #[test]
    fn what_could_break_a_mail_or_a_log_is_refused() {
        for name in [
            "Ada\r\nBcc: eve@example.org",
            "Ada\n",
            "Ada\t",
            "\rAda",
            "A\0da",
            "Ada\u{7F}",
            "Ada\u{85}",
            "Ada\u{2028}x",
            "Ada\u{2029}",
            "\u{202E}adA",
            "A\u{2066}d\u{2069}a",
            "Ada\u{200F}",
            "A\u{61C}a",
            "A\u{200B}da",
            "A\u{AD}da",
            "\u{FEFF}Ada",
            "\u{3164}",
            "A\u{E0041}da",
            "A\u{FFFD}da",
            "A\u{FFFC}da",
            "A\u{E000}da",
            "A\u{FFFE}da",
            "A\u{378}da",
            "\u{200D}Ada",
            "Ada\u{200C}",
        ] {
            assert_eq!(parse(name), Err(PersonNameError::ForbiddenCharacter), "{name:?}");
        }
    }

    #[test]
    fn the_limit_is_200_code_points() {
        assert!(parse(&"é".repeat(200)).is_ok());
        assert_eq!(parse(&"é".repeat(201)), Err(PersonNameError::TooLong));
        // U+0958 is one code point as sent and two once normalised.
        assert_eq!(parse(&"\u{958}".repeat(101)), Err(PersonNameError::TooLong));
        assert_eq!(parse(&"x".repeat(1_000_000)), Err(PersonNameError::TooLong));
    }

    #[test]
    fn a_name_is_a_json_string_and_says_so_in_its_schema() {
        let name: PersonName = serde_json::from_str(r#"" Ada ""#).unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), r#""Ada""#);
        let error = serde_json::from_str::<PersonName>(r#""Eve\u0000""#).unwrap_err().to_string();
        assert!(error.starts_with("the name contains"), "{error}");
        assert!(!error.contains("Eve"), "{error}");
        assert_eq!(
            serde_json::to_value(schemars::schema_for!(PersonName)).unwrap()["maxLength"],
            200
        );
    }

    // R-LG-02
    #[test]
    fn debug_does_not_print_the_name() {
        assert_eq!(format!("{:?}", PersonName::parse("Ada")), "Ok(PersonName(***))");
    }

    #[test]
    fn a_stored_name_comes_back_as_it_was() {
        assert_eq!(PersonName::from_stored("a\tb".to_owned()).as_str(), "a\tb");
    }

    #[test]
    fn each_reason_has_its_code() {
        assert_eq!(PersonNameError::Empty.code(), "NAME_EMPTY");
        assert_eq!(PersonNameError::TooLong.code(), "NAME_TOO_LONG");
        assert_eq!(PersonNameError::ForbiddenCharacter.code(), "NAME_FORBIDDEN_CHARACTER");
    }

    proptest! {
        #[test]
        fn an_accepted_name_is_one_clean_line_and_is_accepted_again(text in any::<String>()) {
            if let Ok(name) = PersonName::parse(&text) {
                prop_assert!(!name.as_str().chars().any(|c| c.is_control() || is_bidi_control(c)));
                prop_assert!((1..=200).contains(&name.as_str().chars().count()));
                prop_assert_eq!(PersonName::parse(name.as_str()), Ok(name));
            }
        }
    }
}
