use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::{AccessKind, AccessRule};
use crate::ids::RestrictionId;

/// A restriction of a client.
///
/// What a store kept is read one by one. One that cannot be read stays where it is and has no rule: its client
/// is refused until somebody has looked at it (R-CL-03, GW-08).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRestriction {
    id: RestrictionId,
    /// Borrowed where it is a known one.
    kind: Cow<'static, str>,
    value: String,
    rule: Option<AccessRule>,
}

impl AccessRestriction {
    /// The most that one client has.
    pub const MOST: usize = 100;

    /// A restriction by this rule, in its canonical form.
    pub fn new(id: RestrictionId, rule: AccessRule) -> Self {
        let kind = Cow::Borrowed(rule.kind().name());
        Self { id, kind, value: rule.to_string(), rule: Some(rule) }
    }

    /// Names the restriction.
    pub const fn id(&self) -> RestrictionId {
        self.id
    }

    /// The name of what it is about, as it is stored.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The value, as it is stored.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The rule; `None` when what is stored cannot be read, and then the client is refused.
    pub const fn rule(&self) -> Option<&AccessRule> {
        self.rule.as_ref()
    }

    /// The text in which a store keeps the restrictions of a client.
    pub fn to_stored(restrictions: &[Self]) -> String {
        let items = restrictions.iter();
        let items = items.map(|it| json!({ "id": it.id, "kind": it.kind, "value": it.value }));
        Value::Array(items.collect()).to_string()
    }

    /// Reads what [`AccessRestriction::to_stored`] wrote. Whatever else it finds becomes a restriction without a
    /// rule, never none.
    pub fn from_stored(text: &str) -> Vec<Self> {
        // As it was written, in nearly every case, and read with every request of the client (P3).
        if let Ok(items) = serde_json::from_str::<Vec<Stored<'_>>>(text) {
            return items.into_iter().map(Stored::read).collect();
        }
        match serde_json::from_str(text) {
            Ok(Value::Array(items)) => items.iter().map(Self::read).collect(),
            Ok(_) | Err(_) => vec![Self::unreadable(text.to_owned())],
        }
    }

    fn read(item: &Value) -> Self {
        match Stored::deserialize(item) {
            Ok(stored) => stored.read(),
            Err(_other) => Self::unreadable(item.to_string()),
        }
    }

    fn unreadable(value: String) -> Self {
        Self { id: RestrictionId::from_bytes([0; 16]), kind: Cow::Borrowed(""), value, rule: None }
    }
}

/// A restriction as it is stored.
#[derive(Deserialize)]
struct Stored<'s> {
    id: RestrictionId,
    #[serde(borrow)]
    kind: Cow<'s, str>,
    #[serde(borrow)]
    value: Cow<'s, str>,
}

impl Stored<'_> {
    fn read(self) -> AccessRestriction {
        let Self { id, kind, value } = self;
        let known = AccessKind::named(&kind);
        let rule = known.and_then(|kind| AccessRule::parse(kind, &value).ok());
        let kind = match known {
            Some(known) => Cow::Borrowed(known.name()),
            None => Cow::Owned(kind.into_owned()),
        };
        AccessRestriction { id, kind, value: value.into_owned(), rule }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> RestrictionId {
        RestrictionId::from_bytes([n; 16])
    }

    #[test]
    fn what_was_written_is_read_back() {
        let restriction =
            |n, kind, text| AccessRestriction::new(id(n), AccessRule::parse(kind, text).unwrap());
        let all = [
            restriction(1, AccessKind::Ip, "192.0.2.7"),
            restriction(2, AccessKind::Host, "HTTPS://Shop.example:443"),
            restriction(3, AccessKind::Api, "/v1/"),
        ];
        let read = AccessRestriction::from_stored(&AccessRestriction::to_stored(&all));
        assert_eq!(read, all);
        assert_eq!(AccessRestriction::from_stored("[]"), []);
    }

    #[test]
    fn what_cannot_be_read_stays_and_has_no_rule() {
        // R-CL-03, GW-08
        let good = format!(r#"{{"id":"{}","kind":"ip","value":"192.0.2.0/24"}}"#, id(1));
        for bad in [
            "7".to_owned(),
            "{}".to_owned(),
            good.replace("ip", "moon"),
            good.replace("/24", "/33"),
            good.replace("/24", "/8"),
            good.replace("res_", "cli_"),
            good.replace("\"192.0.2.0/24\"", "null"),
        ] {
            let read = AccessRestriction::from_stored(&format!("[{good},{bad}]"));
            let rules: Vec<bool> = read.iter().map(|it| it.rule().is_some()).collect();
            assert_eq!(rules, [true, false], "{bad}");
            // Nor does it become readable, or vanish, when the others are written again.
            let again = AccessRestriction::from_stored(&AccessRestriction::to_stored(&read));
            assert_eq!(again.iter().map(|it| it.rule().is_some()).collect::<Vec<_>>(), rules);
        }
        for text in ["", "null", "{}", "[1", "\"[]\""] {
            let read = AccessRestriction::from_stored(text);
            assert!(read.len() == 1 && read[0].rule().is_none(), "{text}");
        }
    }
}
