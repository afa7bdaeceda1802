//! Entity tags: what a client got, so that it does not change something else (RFC 9110, 13.1.1).

use axum::http::header::IF_MATCH;
use axum::http::{HeaderMap, HeaderValue};
use data_encoding::BASE64URL_NOPAD;
use durward_core::Error;
use durward_core::keys::{KeyRing, Label};

use crate::problem::Problem;

/// A strong entity tag: equal exactly for equal representations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag(String);

impl EntityTag {
    /// The tag of a representation. A keyed digest, so that it tells nothing to whoever cannot read the
    /// representation itself.
    pub(crate) fn of(keys: &KeyRing, representation: &[u8]) -> Self {
        let digest = keys.label(Label::EntityTag, &[representation]);
        Self(format!("\"{}\"", BASE64URL_NOPAD.encode(&digest.as_bytes()[..16])))
    }

    pub(crate) fn to_header(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.0.as_str()).ok()
    }
}

/// What `If-Match` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// Anything, as long as it is there.
    Any,
    /// One of these representations.
    OneOf(Vec<String>),
}

impl IfMatch {
    /// Reads the field; several of them are one list (RFC 9110, 5.3).
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let mut fields = headers.get_all(IF_MATCH).iter().peekable();
        if fields.peek().is_none() {
            return Ok(None);
        }
        let mut tags = Vec::new();
        let mut any = false;
        for field in fields {
            let mut rest = field.to_str().map_err(|_not_ascii| malformed())?.trim();
            if rest == "*" {
                any = true;
                continue;
            }
            loop {
                let (tag, after) = tag(rest).ok_or_else(malformed)?;
                tags.push(tag.to_owned());
                match after.trim_start() {
                    "" => break,
                    more => rest = more.strip_prefix(',').ok_or_else(malformed)?.trim_start(),
                }
            }
        }
        match (any, tags.is_empty()) {
            (true, true) => Ok(Some(Self::Any)),
            (false, false) => Ok(Some(Self::OneOf(tags))),
            (true, false) | (false, true) => Err(malformed()),
        }
    }

    /// The version of what is there, if this asks for one representation and it is that one; [`Error::Stale`]
    /// if it is another one. `*` asks for no version.
    pub(crate) fn version(
        &self,
        present: &EntityTag,
        version: i64,
        noun: &'static str,
    ) -> Result<Option<i64>, Error> {
        match self {
            Self::Any => Ok(None),
            Self::OneOf(_) if self.allows(present) => Ok(Some(version)),
            Self::OneOf(_) => Err(Error::Stale(noun)),
        }
    }

    /// Whether the representation is one that is asked for, by strong comparison: a weak tag never is.
    pub(crate) fn allows(&self, present: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.contains(&present.0),
        }
    }
}

/// The first tag of a list, and what follows it.
fn tag(list: &str) -> Option<(&str, &str)> {
    let opaque = list.strip_prefix("W/").unwrap_or(list).strip_prefix('"')?;
    let end = opaque.find('"')?;
    let fits = opaque[..end].bytes().all(|byte| byte == 0x21 || (0x23..=0x7e).contains(&byte));
    let length = list.len() - opaque.len() + end + 1;
    fits.then(|| list.split_at(length))
}

fn malformed() -> Problem {
    Problem::header("IF_MATCH_MALFORMED", "If-Match must be * or a list of entity tags.")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was read, or the status of the refusal.
    fn read(fields: &[&str]) -> Result<Option<IfMatch>, u16> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(IF_MATCH, HeaderValue::from_str(field).unwrap());
        }
        IfMatch::of(&headers).map_err(|problem| problem.fault().status().as_u16())
    }

    fn one_of(tags: &[&str]) -> IfMatch {
        IfMatch::OneOf(tags.iter().map(|&tag| tag.to_owned()).collect())
    }

    #[test]
    fn the_forms_of_the_standard_are_read() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["*"]), Ok(Some(IfMatch::Any)));
        assert_eq!(read(&[r#""a""#]), Ok(Some(one_of(&[r#""a""#]))));
        assert_eq!(
            read(&[r#""a,b" , W/"c""#, r#""""#]),
            Ok(Some(one_of(&[r#""a,b""#, r#"W/"c""#, r#""""#])))
        );
    }

    #[test]
    fn anything_else_is_malformed() {
        for fields in [
            &[""][..],
            &["a"],
            &["\"a"],
            &["\"a\" \"b\""],
            &["\"a\","],
            &["w/\"a\""],
            &["\"a b\""],
            &["*", "\"a\""],
            &["*, \"a\""],
        ] {
            assert_eq!(read(fields), Err(400), "{fields:?}");
        }
    }

    #[test]
    fn only_a_strong_tag_matches() {
        // RFC 9110, 8.8.3.2
        let present = EntityTag(r#""a""#.into());
        let allows = |field| read(&[field]).unwrap().unwrap().allows(&present);
        assert!(allows("*") && allows(r#""b", "a""#));
        assert!(!allows(r#"W/"a""#) && !allows(r#""b""#));
    }
}
