//! The parts that the documented shapes of requests are made of.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// A member that may be absent, and is never `null`.
pub(crate) struct Optional<T>(Option<T>);

impl<T> Default for Optional<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: JsonSchema> JsonSchema for Optional<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

macro_rules! shape {
    ($($(#[$doc:meta])* $name:ident: $schema:tt;)+) => {$(
        $(#[$doc])*
        pub(crate) enum $name {}

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )+};
}

shape! {
    /// A password; what else it must fulfil no schema can say.
    PasswordText: {
        "type": "string",
        "format": "password",
        "minLength": 1,
        "maxLength": 1_024,
        "pattern": "^[^\\u0000]*$",
    };
    /// A text that may be no token at all and is answered alike.
    AnyText: { "type": "string" };
    /// `dw_st_...`
    SessionTokenText: { "type": "string", "pattern": "^dw_st_[0-9A-Za-z]{49}$" };
    /// `dw_rt_...`
    RefreshTokenText: { "type": "string", "pattern": "^dw_rt_[0-9A-Za-z]{49}$" };
    /// `dw_fl_...`
    HandleText: { "type": "string", "pattern": "^dw_fl_[0-9A-Za-z]{49}$" };
    /// `dw_iv_...`
    InvitationText: { "type": "string", "pattern": "^dw_iv_[0-9A-Za-z]{49}$" };
    /// `dw_cd_...`
    LinkCodeText: { "type": "string", "pattern": "^dw_cd_[0-9A-Za-z]{49}$" };
    /// `dw_sk_...`
    SecretKeyText: { "type": "string", "pattern": "^dw_sk_[0-9A-Za-z]{49}$" };
    /// Requests per second.
    RateLimitNumber: { "type": ["integer", "null"], "minimum": 1, "maximum": 100_000 };
    /// From a minute to 30 days, in seconds.
    SessionSeconds: { "type": ["integer", "null"], "minimum": 60, "maximum": 2_592_000 };
    /// An absolute address.
    RedirectUriText: { "type": "string", "format": "uri", "maxLength": 2_000 };
    /// A moment, or never.
    TimeOrNever: { "type": ["string", "null"], "format": "date-time" };
    /// At most 90 days.
    OverlapSeconds: { "type": "integer", "minimum": 0, "maximum": 7_776_000 };
    /// What a person types from a mail.
    ShortCodeText: {
        "type": "string",
        "pattern": "^[ -]*([23456789BCDFGHJKLMNPQRSTVWXZbcdfghjklmnpqrstvwxz][ -]*){8}$",
        "maxLength": 32,
    };
    /// Either form of a mailed code.
    AnyCodeText: {
        "anyOf": [
            { "type": "string", "pattern": "^dw_cd_[0-9A-Za-z]{49}$" },
            {
                "type": "string",
                "pattern": "^[ -]*([23456789BCDFGHJKLMNPQRSTVWXZbcdfghjklmnpqrstvwxz][ -]*){8}$",
                "maxLength": 32,
            },
        ],
    };
    /// Six digits; spaces do not matter.
    TotpText: { "type": "string", "pattern": "^ *([0-9] *){6}$", "maxLength": 24 };
    /// A recovery code; letter case, spaces and hyphens do not matter.
    RecoveryCodeText: {
        "type": "string",
        "pattern": "^[ -]*([23456789BCDFGHJKLMNPQRSTVWXZbcdfghjklmnpqrstvwxz][ -]*){15}$",
        "maxLength": 60,
    };
    /// The text `email`.
    EmailWord: { "type": "string", "const": "email" };
    /// The text `code`.
    CodeWord: { "type": "string", "const": "code" };
    /// The text `step`.
    StepWord: { "type": "string", "const": "step" };
    /// The text `session`.
    SessionWord: { "type": "string", "const": "session" };
}

#[cfg(test)]
pub(crate) use tests::{agree, agree_but, properties};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::fields::Fields;
    use crate::problem::Problem;
    use schemars::schema_for;
    use serde_json::Value;

    /// The members that the shape of a request has.
    pub(crate) fn properties<T: JsonSchema>() -> BTreeSet<String> {
        let schema = schema_for!(T).to_value();
        let properties = schema["properties"].as_object().expect("a request is an object");
        properties.keys().cloned().collect()
    }

    /// Checks that a shape is closed, has the members that its reader asks for, requires those that the reader
    /// misses in `least`, and allows none to be null that the reader does not.
    pub(crate) fn agree<T: JsonSchema>(
        least: &Value,
        read: impl Fn(Fields) -> Result<(), Problem>,
    ) {
        agree_but::<T>(&[], least, read);
    }

    /// The same, but that these members may be null.
    pub(crate) fn agree_but<T: JsonSchema>(
        nullable: &[&str],
        least: &Value,
        read: impl Fn(Fields) -> Result<(), Problem>,
    ) {
        let schema = schema_for!(T).to_value();
        assert_eq!(schema["additionalProperties"], Value::Bool(false));
        let fields = Fields::of(least.clone()).unwrap();
        let asked = fields.asked_for();
        let missed: BTreeSet<String> = match read(fields) {
            Ok(()) => BTreeSet::new(),
            Err(problem) => problem
                .obstructions()
                .iter()
                .filter(|it| it.code == "REQUIRED")
                .map(|it| it.pointer.trim_start_matches('/').to_owned())
                .collect(),
        };
        let asked: BTreeSet<String> =
            asked.lock().unwrap().iter().map(|&name| name.to_owned()).collect();
        assert_eq!(properties::<T>(), asked);
        let required = schema["required"].as_array().into_iter().flatten();
        let required: BTreeSet<String> = required
            .filter_map(Value::as_str)
            .filter(|name| least.get(name).is_none())
            .map(str::to_owned)
            .collect();
        assert_eq!(required, missed);
        for (name, property) in schema["properties"].as_object().unwrap() {
            let text = property.to_string();
            if nullable.contains(&&**name) {
                assert!(text.contains("null"), "{name}: {text}");
                continue;
            }
            assert!(!text.contains("null") && !text.contains("default"), "{name}: {text}");
        }
    }
}
