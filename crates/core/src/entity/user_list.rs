use unicode_normalization::UnicodeNormalization;

use crate::attrs::{Attrs, Plain};
use crate::entity::User;
use crate::ids::UserId;
use crate::page::Place;
use crate::time::Timestamp;

/// Where a user stands in the list of all, which tells the youngest account first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserPlace {
    /// When the account came to be.
    pub created: Timestamp,
    /// Whose it is.
    pub id: UserId,
}

/// Where a user stands among those that a search found: in the order of what was found of them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserMatch {
    /// The form of the name or of the address that begins as was asked for.
    pub key: String,
    /// Whose it is.
    pub id: UserId,
}

/// A user whom a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundUser<A: Attrs = Plain> {
    /// The user.
    pub user: User<A>,
    /// Where he stands among those who were found.
    pub place: UserMatch,
}

/// How a name or an address begins, in the form by which both are searched: without regard to the case of
/// letters, and ordered by code points on every engine.
///
/// `Debug` does not print it: it is a part of a name (R-LG-02).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SearchKey(String);

impl<A: Attrs> User<A> {
    /// Where the user stands in the list of all.
    pub const fn place(&self) -> UserPlace {
        UserPlace { created: self.created, id: self.id }
    }
}

impl SearchKey {
    /// The length limit, in code points, of what is searched for, and of what is kept to be found.
    pub const MAX_CHARACTERS: u32 = 100;

    /// The form of this text; what is beyond [`MAX_CHARACTERS`](Self::MAX_CHARACTERS) is left out.
    pub fn of(text: &str) -> Self {
        let folded = text.nfc().flat_map(char::to_lowercase);
        Self(folded.take(Self::MAX_CHARACTERS as usize).collect())
    }

    /// What is searched for, from outside: 1 to [`MAX_CHARACTERS`](Self::MAX_CHARACTERS) characters, none of
    /// them a control character.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.chars().nth(Self::MAX_CHARACTERS as usize).is_none();
        (fits && !text.chars().any(char::is_control)).then(|| Self::of(text))
    }

    /// The form as text: the least of all forms that begin with it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first text behind all forms that begin with this one; so a store finds them by an index, and has
    /// no pattern to escape (R-IN-04).
    pub fn end(&self) -> String {
        let mut end = self.0.clone();
        while let Some(last) = end.pop() {
            if let Some(next) = (last..=char::MAX).nth(1) {
                end.push(next);
                return end;
            }
        }
        // No text holds what lies behind the last character of all.
        char::MAX.to_string()
    }

    /// Whether a form begins with this one.
    pub fn begins(&self, form: &str) -> bool {
        form.starts_with(&self.0)
    }
}

impl std::fmt::Debug for SearchKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SearchKey(***)")
    }
}

impl std::fmt::Debug for UserMatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserMatch").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Place for UserPlace {
    fn to_bytes(&self) -> Vec<u8> {
        let created = self.created.as_millis().to_be_bytes();
        [created.as_slice(), self.id.as_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (created, id) = bytes.split_first_chunk()?;
        let created = Timestamp::from_millis(i64::from_be_bytes(*created));
        Some(Self { created, id: UserId::from_bytes(id.try_into().ok()?) })
    }
}

impl Place for UserMatch {
    fn to_bytes(&self) -> Vec<u8> {
        [self.id.as_bytes(), self.key.as_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (id, key) = bytes.split_first_chunk()?;
        let key = std::str::from_utf8(key).ok()?.to_owned();
        Some(Self { key, id: UserId::from_bytes(*id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> SearchKey {
        SearchKey::parse(text).unwrap()
    }

    #[test]
    fn a_search_knows_no_case_and_one_form_of_each_letter() {
        assert_eq!(key("ZOË").as_str(), "zoë");
        assert_eq!(key("Zoe\u{308}"), key("zoë"));
        assert_eq!(key("ΟΔΟΣ").as_str(), "οδοσ", "a letter is the same at the end of a word");
        assert!(key("Ada L").begins(SearchKey::of("ADA LOVELACE").as_str()));
        assert!(!key("Lovelace").begins(SearchKey::of("Ada Lovelace").as_str()));
    }

    #[test]
    fn what_is_searched_for_is_short_and_can_be_seen() {
        // R-IN-01
        assert!(SearchKey::parse(&"x".repeat(100)).is_some());
        for wrong in ["", "a\0", "a\n", &"x".repeat(101)] {
            assert!(SearchKey::parse(wrong).is_none(), "{wrong:?}");
        }
        assert_eq!(SearchKey::of(&"İ".repeat(100)).as_str().chars().count(), 100);
    }

    #[test]
    fn the_end_lies_behind_all_that_begins_so_and_before_all_else() {
        // R-IN-04: nothing in it is a pattern
        for (text, inside, outside) in [
            ("ada", "ada\u{10FFFF}\u{10FFFF}", "adb"),
            ("a%_", "a%_x", "a%`"),
            ("\u{D7FF}", "\u{D7FF}x", "\u{E000}"),
            ("a\u{10FFFF}", "a\u{10FFFF}x", "b"),
        ] {
            let key = SearchKey(text.to_owned());
            assert!(key.begins(inside) && inside < &*key.end(), "{text}");
            assert!(!key.begins(outside) && outside >= &*key.end(), "{text}");
        }
        assert_eq!(SearchKey("\u{10FFFF}".to_owned()).end(), "\u{10FFFF}");
    }

    #[test]
    fn a_place_is_read_back() {
        let id = UserId::from_bytes([7; 16]);
        let place = UserPlace { created: Timestamp::from_millis(-5), id };
        assert_eq!(UserPlace::from_bytes(&place.to_bytes()), Some(place));
        assert_eq!(UserPlace::from_bytes(&place.to_bytes()[1..]), None);
        let found = UserMatch { key: "zoë".to_owned(), id };
        assert_eq!(UserMatch::from_bytes(&found.to_bytes()), Some(found.clone()));
        assert_eq!(UserMatch::from_bytes(&found.to_bytes()[..15]), None);
        assert_eq!(UserMatch::from_bytes(&[0xff; 20]), None);
    }
}
