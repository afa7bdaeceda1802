//! An application's own fields of a user, and its own roles: typed from the request to the row.
//!
//! Naming a [`Shop`] where the store is made is all there is to it. From there on a user's `attrs` is a
//! [`Profile`], the JSON of every request is checked against it, every answer shows it, and the OpenAPI document
//! describes it. Other attributes do not compile: see `crates/durward/tests/compile_fail/wrong_attributes.rs`.
#![expect(clippy::print_stdout, reason = "a program for people to look at")]

use std::error::Error;

use durward::accounts::NewUser;
use durward::http::{Http, HttpSettings};
use durward::memory::MemoryStore;
use durward::{
    Accounts, Attrs, EmailAddress, NoAttributes, Origin, PersonName, Role, StandardClientRole,
    StandardOrganizationRole, unit,
};
use durward_examples::{keys_for_this_run, parts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What this shop knows of its customers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Profile {
    /// The language of the mails we send.
    language: Language,
    /// What the customer likes to read about.
    #[serde(default)]
    interests: Vec<Interest>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Language {
    English,
    Dutch,
    Italian,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Interest {
    Gardening,
    Cooking,
    BoardGames,
}

/// The roles of this shop: an enum, so that a misspelt one does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Staff {
    Customer,
    Clerk,
    Owner,
}

impl Role for Staff {
    const STANDARD: Self = Self::Customer;

    fn is_administrator(self) -> bool {
        match self {
            Self::Owner => true,
            Self::Customer | Self::Clerk => false,
        }
    }

    fn administrator() -> Self {
        Self::Owner
    }
}

/// The choice of types of this application.
#[derive(Clone, Debug, PartialEq)]
enum Shop {}

impl Attrs for Shop {
    type User = Profile;
    type Organization = NoAttributes;
    type Client = NoAttributes;
    type Session = NoAttributes;
    type UserRole = Staff;
    type OrganizationRole = StandardOrganizationRole;
    type ClientRole = StandardClientRole;
}

type ShopStore = MemoryStore<Shop>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let accounts = Accounts::new(parts(ShopStore::default(), keys_for_this_run()?)?)?;
    let new = NewUser {
        name: PersonName::parse("Ada")?,
        email: EmailAddress::parse("ada@example.com")?,
        proven: true,
        password: None,
        roles: vec![Staff::Clerk],
        attrs: Profile { language: Language::Dutch, interests: vec![Interest::Gardening] },
    };
    let made: Result<_, durward::Error> =
        unit!(accounts, |tx| accounts.create_user(tx, new.clone(), &Origin::default()).await);
    let user = made?.user;
    println!("{} is {:?} and has {:?}", user.id, user.roles, user.attrs);

    let document = Http::<ShopStore>::openapi(&HttpSettings::default());
    println!(
        "which the OpenAPI document describes:\n{:#}",
        document["components"]["schemas"]["Profile"]
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward_testing::{Reply, TestApp};
    use serde_json::{Value, json};

    fn dutch_cook() -> Value {
        json!({ "attributes": { "language": "dutch", "interests": ["cooking", "board-games"] } })
    }

    #[tokio::test]
    async fn a_user_has_the_fields_of_the_shop() {
        let app = TestApp::<ShopStore>::default();
        let ada = app.sign_up_with("ada@example.com", dutch_cook()).await;
        let stored = app.accounts().user(ada.user.parse().unwrap()).await.unwrap().user;
        let interests = vec![Interest::Cooking, Interest::BoardGames];
        assert_eq!(stored.attrs, Profile { language: Language::Dutch, interests });
        assert_eq!(stored.roles, [Staff::Customer]);

        let me = app.get("/v1/users/me").bearer(&ada.token).send().await.expect(200).json();
        assert_eq!(me["attributes"], dutch_cook()["attributes"]);
        assert_eq!(me["roles"], json!(["customer"]));

        let change = json!({ "attributes": { "language": "italian" } });
        let changed = app.patch("/v1/users/me", &change).bearer(&ada.token).send().await;
        let attributes = &changed.expect(200).json()["attributes"];
        assert_eq!(*attributes, json!({ "language": "italian", "interests": [] }));
    }

    async fn refused(attributes: Value) -> Reply {
        let app = TestApp::<ShopStore>::default();
        let state = "a-state-of-22-characters";
        let body = json!({
            "name": "Ada", "email": "ada@example.com", "state": state, "attributes": attributes,
        });
        let reply = app.post("/v1/users", &body).send().await.expect(422);
        app.deliver().await;
        assert!(app.inbox().is_empty());
        reply
    }

    #[tokio::test]
    async fn attributes_that_are_not_a_profile_are_refused_with_the_place() {
        // R-IN-01, R-AZ-04
        for (attributes, place) in [
            (json!({ "language": "klingon" }), "/attributes/language"),
            (json!({ "language": "dutch", "interests": ["war"] }), "/attributes/interests/0"),
            (json!({ "language": "dutch", "roles": ["owner"] }), "/attributes"),
            (json!({}), "/attributes"),
        ] {
            let reply = refused(attributes.clone()).await.json();
            let pointer = reply["obstructions"][0]["pointer"].as_str().unwrap();
            assert!(pointer.starts_with(place), "{attributes}: {reply}");
        }
    }

    #[test]
    fn the_openapi_document_describes_the_profile() {
        let document = Http::<ShopStore>::openapi(&HttpSettings::default());
        let schemas = &document["components"]["schemas"];
        let profile = &schemas["Profile"]["properties"];
        assert!(profile["language"].is_object() && profile["interests"]["type"] == "array");
        assert_eq!(
            schemas["ProfileInput"]["required"],
            json!(["language"]),
            "the rest may be absent"
        );
        assert_eq!(schemas["Language"]["enum"], json!(["english", "dutch", "italian"]));
        assert_eq!(schemas["Staff"]["enum"], json!(["customer", "clerk", "owner"]));
    }
}
