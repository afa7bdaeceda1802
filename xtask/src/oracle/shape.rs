//! What an answer looks like, without what differs from one answer to the next anyway.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::http::Answer;

/// The fields that name the answer or its moment.
const OF_THE_MOMENT: [&str; 2] = ["date", "x-request-id"];

/// Everything about an answer that a caller could tell two kinds of subjects apart by, but for its time.
pub(super) fn shape(answer: &Answer<'_>) -> String {
    let mut fields = BTreeMap::new();
    for (name, value) in answer.headers() {
        let name = name.to_ascii_lowercase();
        let value = if OF_THE_MOMENT.contains(&&*name) { String::new() } else { value };
        fields.insert(name, value);
    }
    let body = match serde_json::from_slice(answer.body) {
        Ok(body) => outline(&body),
        Err(_no_json) => format!("{} bytes", answer.body.len()),
    };
    format!("{} {fields:?} {body}", answer.status)
}

/// The members of a body with their kinds, and the lengths of texts.
fn outline(value: &Value) -> String {
    match value {
        Value::Null => String::from("null"),
        Value::Bool(it) => it.to_string(),
        Value::Number(it) => it.to_string(),
        // A word says something, a token or a time only how long it is.
        Value::String(text) if text.len() < 20 => format!("{text:?}"),
        Value::String(text) => format!("text of {}", text.len()),
        Value::Array(items) => format!("{:?}", items.iter().map(outline).collect::<Vec<_>>()),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{name}: {}", outline(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_outline_keeps_words_and_forgets_tokens() {
        let one =
            |token: &str| outline(&json!({ "t": "step", "code": token, "n": [1, null, true] }));
        assert_eq!(one(&"a".repeat(55)), one(&"b".repeat(55)));
        assert_ne!(one(&"a".repeat(55)), one(&"b".repeat(54)));
        let word = |word: &str| outline(&json!({ "step": word }));
        assert_ne!(word("totp"), word("code"));
    }
}
