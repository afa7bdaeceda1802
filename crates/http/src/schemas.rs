//! The schemas of requests and answers, gathered for one document.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

/// Where the document keeps them.
const ANSWERS: &str = "#/components/schemas/";
/// Where those of requests stand until they are merged with the others.
const REQUESTS: &str = "#/components/requests/";

/// Gathers schemas. What a type reads and what it writes may differ, for instance in what may be absent, so
/// both are made; where they are the same, the document has one.
pub(crate) struct Schemas {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        let settings = |path: &'static str| {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = path.trim_start_matches('#').into();
                settings.meta_schema = None;
            })
        };
        Self {
            requests: settings(REQUESTS).for_deserialize().into_generator(),
            answers: settings(ANSWERS).for_serialize().into_generator(),
        }
    }

    /// The schema of something that is sent to us.
    pub(crate) fn request<T: JsonSchema>(&mut self) -> Value {
        self.requests.subschema_for::<T>().to_value()
    }

    /// The schema of something that we answer.
    pub(crate) fn answer<T: JsonSchema>(&mut self) -> Value {
        self.answers.subschema_for::<T>().to_value()
    }

    /// Puts all named schemas into the document. One that differs between both directions is called
    /// `...Input` where it is sent.
    pub(crate) fn merge_into(mut self, document: &mut Value) {
        let mut named = self.answers.take_definitions(true);
        let requests = self.requests.take_definitions(true);
        let differing = differing(&requests, &named);
        let rename = |name: &str| {
            if differing.iter().any(|it| it == name) {
                format!("{name}Input")
            } else {
                name.to_owned()
            }
        };
        for (name, mut schema) in requests {
            point(&mut schema, &rename);
            named.insert(rename(&name), schema);
        }
        point(document, &rename);
        document["components"]["schemas"] = Value::Object(named);
    }
}

/// The names that mean one thing in requests and another one in answers, by themselves or by what they refer to.
fn differing(requests: &Map<String, Value>, answers: &Map<String, Value>) -> Vec<String> {
    let mut differing: Vec<String> = Vec::new();
    loop {
        let more: Vec<String> = requests
            .iter()
            .filter(|(name, _)| !differing.contains(name))
            .filter(|(name, schema)| {
                let Some(answer) = answers.get(*name) else {
                    return false;
                };
                let mut there = (*schema).clone();
                point(&mut there, &|name| {
                    if differing.iter().any(|it| it == name) {
                        format!("{name}Input")
                    } else {
                        name.into()
                    }
                });
                there != *answer
            })
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            return differing;
        }
        differing.extend(more);
    }
}

/// Lets every reference to the schema of a request point to where it is kept in the end.
fn point(value: &mut Value, rename: &impl Fn(&str) -> String) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(text)) = members.get_mut("$ref")
                && let Some(schema) = text.strip_prefix(REQUESTS)
            {
                *text = format!("{ANSWERS}{}", rename(schema));
            }
            members.values_mut().for_each(|member| point(member, rename));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| point(item, rename)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Outer {
        same: Same,
        differs: Differs,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Same {
        a: u8,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Differs {
        #[serde(default)]
        a: u8,
    }

    #[test]
    fn a_type_that_differs_by_direction_gets_two_names() {
        let mut schemas = Schemas::new();
        let mut document =
            json!({ "in": schemas.request::<Outer>(), "out": schemas.answer::<Outer>() });
        schemas.merge_into(&mut document);
        assert_eq!(document["in"]["$ref"], "#/components/schemas/OuterInput");
        assert_eq!(document["out"]["$ref"], "#/components/schemas/Outer");
        let schemas = &document["components"]["schemas"];
        let names: Vec<&String> = schemas.as_object().unwrap().keys().collect();
        assert_eq!(names, ["Differs", "DiffersInput", "Outer", "OuterInput", "Same"]);
        let properties = &schemas["OuterInput"]["properties"];
        assert_eq!(properties["differs"]["$ref"], "#/components/schemas/DiffersInput");
        assert_eq!(properties["same"]["$ref"], "#/components/schemas/Same");
        assert_eq!(schemas["Differs"]["required"], json!(["a"]));
        assert_eq!(schemas["DiffersInput"].get("required"), None);
    }
}
