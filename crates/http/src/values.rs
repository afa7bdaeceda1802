//! Reads the values that several requests have in common, each into the type that cannot be wrong.

use durward_core::behavior::Behavior;
use durward_core::email::EmailRules;
use durward_core::{
    Accounts, EmailAddress, FlowState, Obstruction, Password, PersonName, Secret, Settings, Store,
};
use serde_json::Value;

use crate::fields::{Fields, Read, missing, text};

/// The name of a person.
pub(crate) fn name(value: Value) -> Result<PersonName, Obstruction> {
    let text = text(value)?;
    PersonName::parse(&text).map_err(|error| Obstruction::new(error.code(), sentence(&error)))
}

/// An address, by the rules of the deployment.
pub(crate) fn email(rules: EmailRules) -> impl FnOnce(Value) -> Result<EmailAddress, Obstruction> {
    move |value| {
        let text = text(value)?;
        EmailAddress::parse_with(&text, rules)
            .map_err(|error| Obstruction::new(error.code(), sentence(&error)))
    }
}

/// The `state` of a flow.
pub(crate) fn state(value: Value) -> Result<FlowState, Obstruction> {
    let text = Secret::new(text(value)?);
    FlowState::parse(text.expose())
        .map_err(|error| Obstruction::new(error.code(), sentence(&error)))
}

/// A password, good or bad: whether it is good enough is the question of a flow.
pub(crate) fn password(value: Value) -> Result<Password, Obstruction> {
    Password::parse(Secret::new(text(value)?))
}

/// A text that is wiped when it is no longer needed.
pub(crate) fn secret(value: Value) -> Result<Secret<String>, Obstruction> {
    text(value).map(Secret::new)
}

/// What a deployment asks of the values of a request.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) behavior: &'a Behavior,
}

impl<'a> Rules<'a> {
    pub(crate) fn of<S: Store>(accounts: &'a Accounts<S>) -> Self {
        Self { settings: &accounts.parts().settings, behavior: &accounts.parts().behavior }
    }

    /// Everything they say against these values.
    pub(crate) fn obstructions(
        self,
        name: Option<&PersonName>,
        email: Option<&EmailAddress>,
        password: Option<&Password>,
    ) -> Vec<Obstruction> {
        let Self { settings: Settings { service, .. }, behavior } = self;
        let context = behavior.password_context(service, email, name);
        behavior.obstructions(&context, password)
    }
}

impl Fields {
    /// A new password, typed twice; either both members are there and equal, or none is.
    pub(crate) fn new_password(&mut self) -> Read<Option<Password>> {
        let chosen = self.optional("password", secret);
        let repeated = self.optional("passwordConf", secret);
        match (chosen, repeated) {
            (Read::Good(None), Read::Good(None)) => Read::Good(None),
            (_, Read::Good(None)) => self.bad(missing("passwordConf")),
            (Read::Good(None), _) => self.bad(missing("password")),
            (Read::Good(Some(chosen)), Read::Good(Some(repeated))) => {
                if chosen != repeated {
                    let text = "Must be equal to the password.";
                    self.refuse(Obstruction::new("PASSWORDS_DIFFER", text).at("/passwordConf"));
                }
                match Password::parse(chosen) {
                    Ok(password) => Read::Good(Some(password)),
                    Err(obstruction) => self.bad(obstruction.at("/password")),
                }
            }
            (Read::Bad, _) | (_, Read::Bad) => Read::Bad,
        }
    }
}

/// A reason of a parser as the sentence of an obstruction.
fn sentence(reason: &impl ToString) -> String {
    let reason = reason.to_string();
    let mut letters = reason.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(body: Value) -> Vec<(String, String)> {
        let mut fields = Fields::of(body).unwrap();
        let password = fields.new_password();
        match fields.finish((password,)) {
            Ok(_) => Vec::new(),
            Err(problem) => problem
                .obstructions()
                .iter()
                .map(|it| (it.pointer.clone(), it.code.clone().into_owned()))
                .collect(),
        }
    }

    #[test]
    fn a_new_password_is_typed_twice() {
        // AM-21
        let one = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
        assert_eq!(found(json!({})), []);
        assert_eq!(found(json!({ "password": "a", "passwordConf": "a" })), []);
        for (body, pointer, code) in [
            (json!({ "password": "a" }), "/passwordConf", "REQUIRED"),
            (json!({ "passwordConf": "a" }), "/password", "REQUIRED"),
            (json!({ "password": "a", "passwordConf": "b" }), "/passwordConf", "PASSWORDS_DIFFER"),
            (json!({ "password": "", "passwordConf": "" }), "/password", "PASSWORD_EMPTY"),
            (json!({ "password": null, "passwordConf": "a" }), "/password", "WRONG_TYPE"),
            (json!({ "password": "a", "passwordConf": null }), "/passwordConf", "WRONG_TYPE"),
        ] {
            assert_eq!(found(body.clone()), one(pointer, code), "{body}");
        }
        let both = [one("/passwordConf", "PASSWORDS_DIFFER"), one("/password", "PASSWORD_EMPTY")];
        assert_eq!(found(json!({ "password": "", "passwordConf": "a" })), both.concat());
    }

    #[test]
    fn a_reason_becomes_a_sentence_without_what_was_sent() {
        let obstruction = name(json!("a\u{7}b")).unwrap_err();
        assert_eq!(obstruction.code, "NAME_FORBIDDEN_CHARACTER");
        assert_eq!(obstruction.text, "The name contains a character that is not allowed.");
        assert_eq!(state(json!("short")).unwrap_err().code, "STATE_TOO_SHORT");
        let obstruction = email(EmailRules::default())(json!("a b@example.com")).unwrap_err();
        assert_eq!(obstruction.code, "EMAIL_FORBIDDEN_CHARACTER");
    }
}
