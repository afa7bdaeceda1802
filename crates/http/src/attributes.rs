//! Reads the application's own fields into the application's own type.

use durward_core::Obstruction;
use durward_core::attrs::Attr;
use schemars::{Schema, schema_for};
use serde_json::{Map, Value};
use serde_path_to_error::{Segment, Track};

use crate::fields::{Fields, Read, missing, unknown};
use crate::json::pointer_step;
use crate::problem::Problem;

/// The name of the member that holds them.
pub(crate) const ATTRIBUTES: &str = "attributes";

impl Fields {
    /// The attributes of something new. Absent ones are read as `{}`, or else as `null`, if the type takes
    /// that.
    pub(crate) fn new_attributes<T: Attr>(&mut self) -> Read<T> {
        match (self.take(ATTRIBUTES), absent()) {
            (Some(value), _) => self.decoded(&value),
            (None, Some(absent)) => Read::Good(absent),
            (None, None) => self.bad(missing(ATTRIBUTES)),
        }
    }

    /// The attributes that replace others, if any are sent.
    pub(crate) fn changed_attributes<T: Attr>(&mut self) -> Read<Option<T>> {
        let Some(value) = self.take(ATTRIBUTES) else {
            return Read::Good(None);
        };
        match self.decoded(&value) {
            Read::Good(attributes) => Read::Good(Some(attributes)),
            Read::Bad => Read::Bad,
        }
    }

    fn decoded<T: Attr>(&mut self, value: &Value) -> Read<T> {
        match decode(value) {
            Ok(attributes) => Read::Good(attributes),
            Err(found) => {
                for obstruction in found {
                    self.refuse(obstruction);
                }
                Read::Bad
            }
        }
    }
}

/// What stands for attributes that were not sent, if the type allows it.
fn absent<T: Attr>() -> Option<T> {
    let empty = decode(&Value::Object(Map::new()));
    empty.or_else(|_| decode(&Value::Null)).ok()
}

/// Takes `attributes` out of the required members of a request whose attributes may be absent.
pub(crate) fn may_be_absent<T: Attr>(schema: &mut Schema) {
    if absent::<T>().is_none() {
        return;
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name != ATTRIBUTES);
    }
}

/// Reads a value; what the type would ignore is an obstruction too (R-AZ-04).
fn decode<T: Attr>(value: &Value) -> Result<T, Vec<Obstruction>> {
    match attempt(value) {
        (Ok(attributes), ignored) if ignored.is_empty() => Ok(attributes),
        (Ok(_), ignored) => Err(ignored),
        (Err(_first), _) => Err(all_wrong::<T>(value)),
    }
}

/// What comes of reading a value, or the pointer to the first thing that is wrong; and what the type would ignore.
///
/// The messages of the reader itself are dropped, because they repeat what was sent.
fn attempt<T: Attr>(value: &Value) -> (Result<T, String>, Vec<Obstruction>) {
    let mut ignored = Vec::new();
    let mut track = Track::new();
    let reader = serde_path_to_error::Deserializer::new(value, &mut track);
    let read: Result<T, serde_json::Error> = serde_ignored::deserialize(reader, |path| {
        ignored.push(unknown(pointer_to_ignored(&path)));
    });
    let pointer = |_repeats_the_input| {
        let steps: String = track.path().iter().map(step).collect();
        format!("/{ATTRIBUTES}{steps}")
    };
    (read.map_err(pointer), ignored)
}

/// Everything that is wrong with a value that cannot be read: a reader stops at the first wrong member, so it is asked
/// again without it.
fn all_wrong<T: Attr>(value: &Value) -> Vec<Obstruction> {
    let mut found = obstructions_by_schema::<T>(value);
    let mut rest = value.clone();
    while found.len() < Problem::MAX_OBSTRUCTIONS {
        let (read, ignored) = attempt::<T>(&rest);
        for obstruction in ignored {
            note(&mut found, obstruction);
        }
        let Err(pointer) = read else { break };
        let wrong = |members: &Map<String, Value>| {
            let mut names = members.keys();
            names.find(|name| is_below(&pointer, &pointer_step(name))).cloned()
        };
        let member = rest.as_object().and_then(wrong);
        if member.is_some() || found.is_empty() {
            let text = "Is not what the schema of this field allows.";
            note(&mut found, Obstruction::new("INVALID_VALUE", text).at(&pointer));
        }
        match (member, rest.as_object_mut()) {
            (Some(name), Some(members)) => _ = members.remove(&name),
            (_, _) => break,
        }
    }
    found
}

/// Notes what is wrong, unless something else is at the same place.
fn note(found: &mut Vec<Obstruction>, obstruction: Obstruction) {
    if !found.iter().any(|it| it.pointer == obstruction.pointer) {
        found.push(obstruction);
    }
}

/// Whether a pointer leads to this member of the attributes, or into it.
fn is_below(pointer: &str, member: &str) -> bool {
    let steps = pointer.strip_prefix(&pointer_step(ATTRIBUTES));
    let rest = steps.and_then(|steps| steps.strip_prefix(member));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The members that the type's schema misses or does not know, all at once; nothing when the members are
/// right, or the schema does not list them.
fn obstructions_by_schema<T: Attr>(value: &Value) -> Vec<Obstruction> {
    let Some(members) = value.as_object() else {
        return Vec::new();
    };
    let schema = schema_for!(T);
    let known = schema.get("properties").and_then(Value::as_object);
    let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let absent =
        required.filter_map(Value::as_str).filter(|name| !members.contains_key(*name)).map(missing);
    let strange = members
        .keys()
        .filter(|name| closed && !known.is_some_and(|known| known.contains_key(*name)))
        .map(|name| unknown(pointer_step(name)));
    absent
        .chain(strange)
        .map(|mut obstruction| {
            obstruction.pointer.insert_str(0, &pointer_step(ATTRIBUTES));
            obstruction
        })
        .collect()
}

fn step(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } | Segment::Enum { variant: key } => pointer_step(key),
        Segment::Unknown => String::new(),
    }
}

fn pointer_to_ignored(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => format!("/{ATTRIBUTES}"),
        Path::Seq { parent, index } => format!("{}/{index}", pointer_to_ignored(parent)),
        Path::Map { parent, key } => format!("{}{}", pointer_to_ignored(parent), pointer_step(key)),
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => pointer_to_ignored(parent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward_core::NoAttributes;
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    struct Profile {
        locale: Locale,
        tags: Vec<Tag>,
        age: Option<u8>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Locale {
        De,
        En,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    struct Tag {
        name: String,
    }

    fn found<T: Attr>(value: &Value) -> Vec<(String, String)> {
        let found = decode::<T>(value).unwrap_err();
        found.into_iter().map(|it| (it.pointer, it.code.into_owned())).collect()
    }

    fn pair(pointer: &str, code: &str) -> (String, String) {
        (pointer.to_owned(), code.to_owned())
    }

    #[test]
    fn good_attributes_are_read() {
        let profile: Profile =
            decode(&json!({ "locale": "de", "tags": [{ "name": "a" }], "age": 7 })).unwrap();
        assert_eq!(
            profile,
            Profile { locale: Locale::De, tags: vec![Tag { name: "a".into() }], age: Some(7) }
        );
    }

    #[test]
    fn all_missing_members_are_named() {
        assert_eq!(
            found::<Profile>(&json!({})),
            [pair("/attributes/locale", "REQUIRED"), pair("/attributes/tags", "REQUIRED")]
        );
    }

    #[test]
    fn a_wrong_value_is_pointed_at_and_not_repeated() {
        for (value, pointer) in [
            (json!({ "locale": "xx", "tags": [] }), "/attributes/locale"),
            (json!({ "locale": "de", "tags": [{ "name": 1 }] }), "/attributes/tags/0/name"),
            (json!({ "locale": "de", "tags": [], "age": 256 }), "/attributes/age"),
            (json!("secret"), "/attributes"),
        ] {
            assert_eq!(found::<Profile>(&value), [pair(pointer, "INVALID_VALUE")]);
        }
        let text = format!("{:?}", decode::<Profile>(&json!("secret")).unwrap_err());
        assert!(!text.contains("secret"));
    }

    #[test]
    fn every_wrong_value_is_pointed_at() {
        assert_eq!(
            found::<Profile>(&json!({ "locale": "xx", "tags": [{ "name": 1 }], "age": 256 })),
            [
                pair("/attributes/age", "INVALID_VALUE"),
                pair("/attributes/locale", "INVALID_VALUE"),
                pair("/attributes/tags/0/name", "INVALID_VALUE"),
            ]
        );
        assert_eq!(
            found::<Profile>(&json!({ "locale": "xx", "age": 7, "admin": true })),
            [
                pair("/attributes/tags", "REQUIRED"),
                pair("/attributes/admin", "UNKNOWN_FIELD"),
                pair("/attributes/locale", "INVALID_VALUE"),
            ]
        );
    }

    #[test]
    fn unknown_members_are_refused_wherever_they_stand() {
        // R-AZ-04
        assert_eq!(
            found::<Profile>(
                &json!({ "locale": "de", "tags": [{ "name": "a", "x/y": 1 }], "admin": true })
            ),
            [
                pair("/attributes/admin", "UNKNOWN_FIELD"),
                pair("/attributes/tags/0/x~1y", "UNKNOWN_FIELD"),
            ]
        );
        assert_eq!(
            found::<NoAttributes>(&json!({ "a": 1, "b": 2 })),
            [pair("/attributes/a", "UNKNOWN_FIELD"), pair("/attributes/b", "UNKNOWN_FIELD")]
        );
    }

    #[test]
    fn absent_attributes_are_the_empty_ones_if_the_type_has_such() {
        assert_eq!(absent::<NoAttributes>(), Some(NoAttributes {}));
        assert_eq!(absent::<Option<Locale>>(), Some(None));
        assert_eq!(absent::<Profile>(), None);
    }
}
