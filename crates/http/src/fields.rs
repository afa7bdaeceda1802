//! Reads the members of a request, and finds everything that is wrong with them at once.

use durward_core::Obstruction;
use serde_json::{Map, Value};

use crate::error::Fault;
use crate::json::pointer_step;
use crate::problem::Problem;

/// The members of a request object that were not read yet, and what was wrong with those that were.
///
/// Each reading method answers [`Read::Bad`] when it has nothing good to answer; [`Fields::finish`] refuses the whole if
/// any obstruction was found.
#[derive(Debug)]
pub(crate) struct Fields {
    members: Map<String, Value>,
    found: Vec<Obstruction>,
    #[cfg(test)]
    asked: Asked,
}

/// What came of reading a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read<T> {
    /// What it says.
    Good(T),
    /// Something is wrong with it, and noted.
    Bad,
}

impl<T> Read<T> {
    pub(crate) const fn as_good(&self) -> Option<&T> {
        match self {
            Self::Good(value) => Some(value),
            Self::Bad => None,
        }
    }
}

/// The names that a reader asked for, to be compared with what is documented.
#[cfg(test)]
type Asked = std::sync::Arc<std::sync::Mutex<Vec<&'static str>>>;

impl Fields {
    /// The members of the object; anything but an object is refused at once.
    pub(crate) fn of(value: Value) -> Result<Self, Problem> {
        match value {
            Value::Object(members) => Ok(Self {
                members,
                found: Vec::new(),
                #[cfg(test)]
                asked: Asked::default(),
            }),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => {
                Err(invalid([Obstruction::new("WRONG_TYPE", "Must be an object.")]))
            }
        }
    }

    /// A member that must be there. `null` is a value of the wrong type, never the same as absent.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(Value) -> Result<T, Obstruction>,
    ) -> Read<T> {
        match self.take(name) {
            Some(value) => self.parsed(name, parse(value)),
            None => self.bad(missing(name)),
        }
    }

    /// A member that may be absent; absent and empty differ (AM-21).
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(Value) -> Result<T, Obstruction>,
    ) -> Read<Option<T>> {
        match self.take(name) {
            Some(value) => self.parsed(name, parse(value).map(Some)),
            None => Read::Good(None),
        }
    }

    /// Notes something wrong that is about several members.
    pub(crate) fn refuse(&mut self, obstruction: Obstruction) {
        self.found.push(obstruction);
    }

    /// The same, for the one who has nothing else to answer.
    pub(crate) fn bad<T>(&mut self, obstruction: Obstruction) -> Read<T> {
        self.refuse(obstruction);
        Read::Bad
    }

    /// Whether everything so far was as it must be, and nothing is left over.
    pub(crate) fn is_clean(&self) -> bool {
        self.found.is_empty() && self.members.is_empty()
    }

    /// The parts, if all of them were read and nothing else was sent.
    pub(crate) fn finish<P: Parts>(self, parts: P) -> Result<P::Whole, Problem> {
        let Self { members, mut found, .. } = self;
        found.extend(members.keys().map(|name| unknown(pointer_step(name))));
        match parts.whole() {
            Some(whole) if found.is_empty() => Ok(whole),
            Some(_) | None => Err(invalid(found)),
        }
    }

    pub(crate) fn take(&mut self, name: &'static str) -> Option<Value> {
        #[cfg(test)]
        self.asked.lock().unwrap().push(name);
        self.members.remove(name)
    }

    #[cfg(test)]
    pub(crate) fn asked_for(&self) -> Asked {
        Asked::clone(&self.asked)
    }

    fn parsed<T>(&mut self, name: &str, parsed: Result<T, Obstruction>) -> Read<T> {
        match parsed {
            Ok(value) => Read::Good(value),
            Err(obstruction) => self.bad(obstruction.at(pointer_step(name))),
        }
    }
}

/// A member that must be there is not.
pub(crate) fn missing(name: &str) -> Obstruction {
    Obstruction::new("REQUIRED", "Must be given.").at(pointer_step(name))
}

/// A member that nobody knows (R-AZ-04).
pub(crate) fn unknown(pointer: String) -> Obstruction {
    Obstruction::new("UNKNOWN_FIELD", "Is not known here.").at(pointer)
}

pub(crate) fn invalid(found: impl IntoIterator<Item = Obstruction>) -> Problem {
    Problem::new(Fault::Flow(durward_core::Kind::Invalid)).because(found)
}

/// A text.
pub(crate) fn text(value: Value) -> Result<String, Obstruction> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(Obstruction::new("WRONG_TYPE", "Must be a text."))
        }
    }
}

/// Exactly this text.
pub(crate) fn exactly(expected: &'static str) -> impl FnOnce(Value) -> Result<(), Obstruction> {
    move |value| if text(value)? == expected { Ok(()) } else { Err(one_of(&[expected])) }
}

/// The value is not one of those that are known.
pub(crate) fn one_of(known: &[&str]) -> Obstruction {
    Obstruction::new("UNKNOWN_VALUE", format!("Must be one of: {}.", known.join(", ")))
}

/// What each reading method answered, together.
pub(crate) trait Parts {
    /// The same without the possibility that something is missing.
    type Whole;

    /// All of them, or nothing.
    fn whole(self) -> Option<Self::Whole>;
}

macro_rules! parts {
    ($($part:ident)+) => {
        impl<$($part),+> Parts for ($(Read<$part>,)+) {
            type Whole = ($($part,)+);

            #[expect(non_snake_case, reason = "each part is named like its type")]
            fn whole(self) -> Option<Self::Whole> {
                match self {
                    ($(Read::Good($part),)+) => Some(($($part,)+)),
                    _ => None,
                }
            }
        }
    };
}

parts!(A);
parts!(A B);
parts!(A B C);
parts!(A B C D);
parts!(A B C D E);
parts!(A B C D E F);
parts!(A B C D E F G);
parts!(A B C D E F G H I);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(problem: &Problem) -> Vec<(&str, &str)> {
        problem.obstructions().iter().map(|it| (it.pointer.as_str(), &*it.code)).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let mut fields =
            Fields::of(json!({ "b": 1, "c": "x", "d": null, "e~/": 1, "f": "y" })).unwrap();
        let read = (
            fields.required("a", text),
            fields.required("b", text),
            fields.required("c", exactly("z")),
            fields.optional("d", text),
            fields.optional("f", text),
        );
        let problem = fields.finish(read).unwrap_err();
        assert_eq!(
            found(&problem),
            [
                ("/a", "REQUIRED"),
                ("/b", "WRONG_TYPE"),
                ("/c", "UNKNOWN_VALUE"),
                ("/d", "WRONG_TYPE"),
                ("/e~0~1", "UNKNOWN_FIELD"),
            ]
        );
    }

    #[test]
    fn absent_is_not_empty() {
        // AM-21
        let mut fields = Fields::of(json!({ "b": "" })).unwrap();
        let a = fields.optional("a", text);
        let b = fields.optional("b", text);
        assert_eq!(fields.finish((a, b)).unwrap(), (None, Some(String::new())));
    }

    #[test]
    fn a_request_is_an_object() {
        for value in [json!(null), json!([]), json!("{}"), json!(1)] {
            assert_eq!(found(&Fields::of(value).unwrap_err()), [("", "WRONG_TYPE")]);
        }
    }
}
