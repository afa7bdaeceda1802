//! The one reader of JSON (R-IN-02): what two readers could understand differently is refused.

use std::cell::RefCell;
use std::fmt;

use durward_core::Obstruction;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};

/// How deep arrays and objects may be nested.
const MAX_DEPTH: usize = 32;

/// Reads one JSON text (RFC 8259).
///
/// Refused are invalid UTF-8, a byte order mark, a member that appears twice, NUL and lone surrogates in
/// strings, more than [`MAX_DEPTH`] levels, numbers outside of a signed 64-bit integer's range, and anything
/// after the end. A fraction is a number too; where an integer belongs, the field's own reader refuses it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Obstruction> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(Obstruction::new("INVALID_UTF8", "The body is not valid UTF-8."));
    };
    let trail = Trail::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Reader { depth: 0, trail: &trail }.deserialize(&mut reader);
    match read.and_then(|value| reader.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(error) => Err(trail.into_obstruction(&error)),
    }
}

/// One step of a JSON pointer (RFC 6901), such as `/a~1b`; a long name is cut.
pub(crate) fn pointer_step(name: &str) -> String {
    const MOST: usize = 64;
    let kept: String = name.chars().take(MOST).filter(|c| !c.is_control()).collect();
    format!("/{}", kept.replace('~', "~0").replace('/', "~1"))
}

/// What our own rules found wrong.
#[derive(Clone, Copy)]
struct Flaw {
    code: &'static str,
    text: &'static str,
}

const TOO_DEEP: Flaw =
    Flaw { code: "TOO_DEEP", text: "Arrays and objects may be nested 32 levels deep." };
const DUPLICATE_KEY: Flaw =
    Flaw { code: "DUPLICATE_KEY", text: "A member may appear only once in its object." };
const NUL: Flaw = Flaw { code: "NUL", text: "Text may not contain the character NUL." };
const NUMBER: Flaw = Flaw {
    code: "NUMBER_OUT_OF_RANGE",
    text: "A number must lie in the range of a signed 64-bit integer.",
};
const SYNTAX: Flaw = Flaw { code: "SYNTAX", text: "This is not JSON." };

/// Where reading stopped, and why; the steps are noted on the way out.
#[derive(Default)]
struct Trail {
    flaw: RefCell<Option<Flaw>>,
    steps: RefCell<Vec<String>>,
}

impl Trail {
    fn stop<T, E: serde::de::Error>(&self, flaw: Flaw) -> Result<T, E> {
        self.flaw.replace(Some(flaw));
        Err(E::custom(flaw.code))
    }

    fn came_through<T, E>(
        &self,
        step: impl FnOnce() -> String,
        read: Result<T, E>,
    ) -> Result<T, E> {
        if read.is_err() {
            self.steps.borrow_mut().push(step());
        }
        read
    }

    fn into_obstruction(self, error: &serde_json::Error) -> Obstruction {
        let Flaw { code, text } = self.flaw.into_inner().unwrap_or(SYNTAX);
        let pointer: String = self.steps.into_inner().into_iter().rev().collect();
        let obstruction = Obstruction::new(code, text).at(pointer);
        if error.line() == 0 {
            return obstruction;
        }
        obstruction.with("line", error.line() as u64).with("column", error.column() as u64)
    }
}

/// Reads a value that stands inside of `depth` others.
#[derive(Clone, Copy)]
struct Reader<'a> {
    depth: usize,
    trail: &'a Trail,
}

impl Reader<'_> {
    fn enter<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return self.trail.stop(TOO_DEEP);
        }
        Ok(Self { depth: self.depth + 1, trail: self.trail })
    }

    fn text<E: serde::de::Error>(self, text: String) -> Result<String, E> {
        if text.contains('\0') { self.trail.stop(NUL) } else { Ok(text) }
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        match i64::try_from(value) {
            Ok(value) => Ok(Value::from(value)),
            Err(_too_large) => self.trail.stop(NUMBER),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        // Integers that fit do not come here, so what rounds to an end of the range lies outside of it.
        const END: f64 = 9_223_372_036_854_775_808.0;
        if value.abs() < END { Ok(Value::from(value)) } else { self.trail.stop(NUMBER) }
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Value, E> {
        self.text(value).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.enter()?;
        let mut read = Vec::new();
        loop {
            let step = || format!("/{}", read.len());
            match self.trail.came_through(step, items.next_element_seed(inside))? {
                Some(item) => read.push(item),
                None => return Ok(Value::Array(read)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inside = self.enter()?;
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let name = self.text(name)?;
            match read.entry(name) {
                Entry::Occupied(twice) => {
                    let stopped = self.trail.stop(DUPLICATE_KEY);
                    return self.trail.came_through(|| pointer_step(twice.key()), stopped);
                }
                Entry::Vacant(vacant) => {
                    let value = members.next_value_seed(inside);
                    let step = || pointer_step(vacant.key());
                    let value = self.trail.came_through(step, value)?;
                    vacant.insert(value);
                }
            }
        }
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(text: &str) -> (String, String) {
        let obstruction = parse(text.as_bytes()).unwrap_err();
        (obstruction.code.into_owned(), obstruction.pointer)
    }

    #[test]
    fn ordinary_json_is_read_as_it_is() {
        let text = r#" {"a": [1, -2, 0.5, true, null, "\u00e9\ud83d\ude00/"], "b": {}} "#;
        let expected = json!({ "a": [1, -2, 0.5, true, null, "é😀/"], "b": {} });
        assert_eq!(parse(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn what_readers_understand_differently_is_refused() {
        // R-IN-02
        for (text, code, pointer) in [
            (r#"{"a":1,"a":1}"#, "DUPLICATE_KEY", "/a"),
            (r#"{"x":[{"a":1,"\u0061":2}]}"#, "DUPLICATE_KEY", "/x/0/a"),
            (r#"{"a":{"b\u0000":1}}"#, "NUL", "/a"),
            (r#"{"a":"\u0000"}"#, "NUL", "/a"),
            (r#"{"a":"\ud800"}"#, "SYNTAX", "/a"),
            (r#"{"a":"\udc00\ud800"}"#, "SYNTAX", "/a"),
            (r#"{"a":9223372036854775808}"#, "NUMBER_OUT_OF_RANGE", "/a"),
            ("[-9223372036854775809]", "NUMBER_OUT_OF_RANGE", "/0"),
            ("[1,1e19]", "NUMBER_OUT_OF_RANGE", "/1"),
            (r#"{"a":1e999}"#, "SYNTAX", "/a"),
            ("{} {}", "SYNTAX", ""),
            ("{}x", "SYNTAX", ""),
            ("\u{feff}{}", "SYNTAX", ""),
            ("", "SYNTAX", ""),
            ("{'a':1}", "SYNTAX", ""),
            ("[1,]", "SYNTAX", "/1"),
            ("[01]", "SYNTAX", "/0"),
            ("[NaN]", "SYNTAX", "/0"),
            ("/**/{}", "SYNTAX", ""),
            ("[\"a\tb\"]", "SYNTAX", "/0"),
        ] {
            assert_eq!(refused(text), (code.to_owned(), pointer.to_owned()), "{text}");
        }
        assert_eq!(parse(b"\"\xff\"").unwrap_err().code, "INVALID_UTF8");
    }

    #[test]
    fn the_ends_of_the_range_are_numbers() {
        let text = format!("[{},{}]", i64::MIN, i64::MAX);
        assert_eq!(parse(text.as_bytes()), Ok(json!([i64::MIN, i64::MAX])));
    }

    #[test]
    fn depth_32_is_the_last() {
        // R-IN-02
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(32).as_bytes()).is_ok());
        assert_eq!(refused(&nested(33)).0, "TOO_DEEP");
        assert_eq!(refused(&"[".repeat(60_000)).0, "TOO_DEEP");
        let objects = format!("{}1{}", r#"{"a":"#.repeat(33), "}".repeat(33));
        assert_eq!(refused(&objects).0, "TOO_DEEP");
    }

    #[test]
    fn an_error_says_where() {
        let obstruction = parse(b"{\n  \"a\": tru }").unwrap_err();
        assert_eq!(obstruction.params["line"], 2);
        assert!(obstruction.params["column"] > 1);
    }

    #[test]
    fn a_pointer_escapes_and_does_not_grow() {
        assert_eq!(pointer_step("a/b~c"), "/a~1b~0c");
        assert_eq!(pointer_step(&"x".repeat(60_000)).len(), 65);
        assert_eq!(pointer_step("a\u{7}b"), "/ab");
    }
}
