use durward_core::{
    Attrs, NoAttributes, StandardClientRole, StandardOrganizationRole, StandardRole,
};
use durward_http::{Http, HttpSettings};
use serde_json::{Value, json};

use crate::site::{Ask, PASSWORD, STATE, Site, sign_up};

#[tokio::test]
async fn a_sign_up_answers_a_step_and_its_code_a_session() {
    let site = Site::standard();
    let reply = site.send(Ask::post("/v1/users").json(&sign_up("ada@example.com"))).await;
    assert_eq!(reply.status, 202);
    let step = reply.json();
    assert_eq!(step["t"], "step");
    assert_eq!(step["step"], "code");
    assert_eq!(step["state"], STATE);
    assert!(step["code"].as_str().unwrap().starts_with("dw_fl_"));
    assert!(step["expiresAt"].as_str().unwrap().ends_with("20.000Z"));

    let code = site.mailed("ada@example.com").await.unwrap();
    let body =
        json!({ "idType": "code", "idValue": step["code"], "secret": code.typed, "state": STATE });
    let reply = site.send(Ask::post("/v1/authn/code").json(&body)).await;
    assert_eq!(reply.status, 200);
    let session = reply.json();
    assert_eq!(session["t"], "session");
    let reply = site.send(Ask::get("/v1/users/me").bearer(&session["token"])).await;
    assert_eq!(reply.status, 200);
    let user = reply.json();
    assert_eq!(user["id"], session["userId"]);
    assert_eq!(user["name"], "Ada");
    assert_eq!(user["status"], "active");
    assert_eq!(user["roles"], json!(["user"]));
    assert_eq!(user["attributes"], json!({}));
    assert_eq!(user["emails"][0]["email"], "ada@example.com");
    assert_eq!(user["emails"][0]["primary"], true);
    assert_eq!(user["emails"][0]["verifiedAt"], user["createdAt"]);
    let names: Vec<&String> = user.as_object().unwrap().keys().collect();
    let expected =
        ["attributes", "createdAt", "emails", "id", "name", "roles", "status", "updatedAt"];
    assert_eq!(names, expected, "R-AZ-07: nothing else of a user is shown");
}

#[tokio::test]
async fn in_mode_open_the_session_is_there_at_once() {
    let site = Site::open();
    let reply = site.send(Ask::post("/v1/users").json(&sign_up("ada@example.com"))).await;
    assert_eq!(reply.status, 201);
    let reply = site.send(Ask::get("/v1/users/me").bearer(&reply.json()["token"])).await;
    assert_eq!(reply.json()["emails"][0]["verifiedAt"], Value::Null);
}

#[tokio::test]
async fn everything_wrong_with_a_sign_up_is_told_at_once_and_nothing_is_written() {
    // R-AZ-04, AM-22
    let site = Site::standard();
    let body = json!({
        "id": "usr_00000000000000000000000000",
        "name": "a\u{202e}b",
        "email": "a b@example.com",
        "password": "shibboleth",
        "passwordConf": "mellon",
        "attributes": { "admin": true },
        "state": "wisp",
    });
    let reply = site.send(Ask::post("/v1/users").json(&body)).await;
    assert_eq!(reply.problem(), (422, "INVALID".into()));
    let mut found = reply.obstructions();
    found.sort();
    let expected = [
        ("/attributes/admin", "UNKNOWN_FIELD"),
        ("/email", "EMAIL_FORBIDDEN_CHARACTER"),
        ("/id", "UNKNOWN_FIELD"),
        ("/name", "NAME_FORBIDDEN_CHARACTER"),
        ("/password", "PASSWORD_TOO_SHORT"),
        ("/passwordConf", "PASSWORDS_DIFFER"),
        ("/state", "STATE_TOO_SHORT"),
    ];
    let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned()));
    assert_eq!(found, expected);
    for sent in ["shibboleth", "mellon", "wisp", "a b", "usr_"] {
        assert!(!reply.text().contains(sent), "R-ER-01: {sent} comes back");
    }
    assert_eq!(site.store.opened(), (0, 0));
}

#[tokio::test]
async fn a_weak_password_is_told_as_such() {
    let site = Site::standard();
    let mut body = sign_up("ada@example.com");
    body["password"] = json!("ada");
    body["passwordConf"] = json!("ada");
    let reply = site.send(Ask::post("/v1/users").json(&body)).await;
    assert_eq!(reply.status, 422);
    let pointers = reply.pointers();
    assert!(!pointers.is_empty() && pointers.iter().all(|it| it == "/password"), "{pointers:?}");
    // AM-21: empty is not absent.
    body["password"] = json!("");
    body["passwordConf"] = json!("");
    let reply = site.send(Ask::post("/v1/users").json(&body)).await;
    assert_eq!(reply.obstructions(), [("/password".to_owned(), "PASSWORD_EMPTY".to_owned())]);
}

#[tokio::test]
async fn a_known_and_a_new_address_have_the_same_answer() {
    // R-EN-03
    let site = Site::standard();
    site.session("ada@example.com").await;
    let known = site.send(Ask::post("/v1/users").json(&sign_up("ada@example.com"))).await;
    let new = site.send(Ask::post("/v1/users").json(&sign_up("bob@example.com"))).await;
    assert_eq!((known.status, new.status), (202, 202));
    let names = |reply: &Value| reply.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&known.json()), names(&new.json()));
}

#[tokio::test]
async fn the_same_key_does_a_sign_up_once() {
    let site = Site::standard();
    let ask = |key: &str, email: &str| {
        Ask::post("/v1/users").header("idempotency-key", key).json(&sign_up(email))
    };
    let first = site.send(ask("k1", "ada@example.com")).await;
    let again = site.send(ask("k1", "ada@example.com")).await;
    assert_eq!((first.status, first.json()), (again.status, again.json()));
    assert_eq!(site.mails().await, 1);
    let other = site.send(ask("k1", "bob@example.com")).await;
    assert_eq!(other.problem(), (422, "IDEMPOTENCY_KEY_REUSED".into()));
    assert_eq!(other.obstructions().len(), 1);
    let elsewhere = site.send(ask("k1", "bob@example.com").from("198.51.100.7:1")).await;
    assert_eq!(elsewhere.status, 202, "another network does not meet this key");
    for (field, values) in [("malformed", vec!["a b"]), ("repeated", vec!["a", "a"])] {
        let mut ask = Ask::post("/v1/users").json(&sign_up("cem@example.com"));
        for value in values {
            ask = ask.header("idempotency-key", value);
        }
        let reply = site.send(ask).await;
        assert_eq!(reply.problem(), (400, "BAD_HEADER".into()), "{field}");
    }
}

#[tokio::test]
async fn a_foreign_user_a_missing_one_and_no_id_look_alike() {
    // R-AZ-03
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let bob = site.session("bob@example.com").await;
    let mut seen = Vec::new();
    for id in
        [bob["userId"].as_str().unwrap(), "usr_00000000000000000000000000", "x", "me%00", "ME"]
    {
        let path = format!("/v1/users/{id}");
        for ask in [Ask::get(&path), Ask::patch(&path).json(&json!({ "name": "Eve" }))] {
            let reply = site.send(ask.bearer(&ada["token"]).header("x-request-id", "same")).await;
            seen.push((reply.problem(), reply.text()));
        }
    }
    assert_eq!(seen[0].0, (404, "NOT_FOUND".into()));
    assert!(seen.iter().all(|it| *it == seen[0]), "{seen:?}");
    let own = format!("/v1/users/{}", ada["userId"].as_str().unwrap());
    assert_eq!(site.send(Ask::get(own).bearer(&ada["token"])).await.status, 200);
}

#[tokio::test]
async fn without_a_session_no_user_is_shown_or_changed() {
    let site = Site::standard();
    for id in ["me", "usr_00000000000000000000000000", "x"] {
        let path = format!("/v1/users/{id}");
        for ask in [Ask::get(&path), Ask::patch(&path).json(&json!({ "name": "Eve" }))] {
            let reply = site.send(ask).await;
            assert_eq!(reply.problem(), (401, "UNAUTHENTICATED".into()));
            assert_eq!(reply.header("www-authenticate"), r#"Bearer realm="durward""#);
        }
    }
}

#[tokio::test]
async fn a_user_changes_his_name() {
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let patch = |body: Value| Ask::patch("/v1/users/me").bearer(&session["token"]).json(&body);
    let before = site.send(Ask::get("/v1/users/me").bearer(&session["token"])).await;
    let same = site.send(patch(json!({}))).await;
    assert_eq!((same.status, same.header("etag")), (200, before.header("etag")));
    let changed = site.send(patch(json!({ "name": " Ada Lovelace " }))).await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["name"], "Ada Lovelace");
    assert_ne!(changed.header("etag"), before.header("etag"));
    let after = site.send(Ask::get("/v1/users/me").bearer(&session["token"])).await;
    assert_eq!((after.header("etag"), after.json()), (changed.header("etag"), changed.json()));
    for body in [json!({ "status": "banned" }), json!({ "name": null }), json!({ "roles": [] })] {
        assert_eq!(site.send(patch(body)).await.problem(), (422, "INVALID".into()));
    }
}

#[tokio::test]
async fn a_change_that_was_decided_on_something_else_is_stale() {
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let patch = |tag: &str, name: &str| {
        let ask = Ask::patch("/v1/users/me").bearer(&session["token"]).header("if-match", tag);
        ask.json(&json!({ "name": name }))
    };
    let got = site.send(Ask::get("/v1/users/me").bearer(&session["token"])).await;
    let tag = got.header("etag").to_owned();
    assert_eq!(site.send(patch(&tag, "One")).await.status, 200);
    assert_eq!(site.send(patch(&tag, "Two")).await.problem(), (412, "STALE".into()));
    assert_eq!(site.send(patch(&format!("W/{tag}"), "Two")).await.status, 412);
    assert_eq!(site.send(patch("*", "Three")).await.status, 200);
    assert_eq!(site.send(patch("nonsense", "Four")).await.problem(), (400, "BAD_HEADER".into()));
    let got = site.send(Ask::get("/v1/users/me").bearer(&session["token"])).await;
    assert_eq!(got.json()["name"], "Three");
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Profile {
    locale: Locale,
    #[serde(default)]
    interests: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Locale {
    De,
    En,
}

#[derive(Clone, Debug, PartialEq)]
enum Shop {}
impl Attrs for Shop {
    type User = Profile;
    type Organization = NoAttributes;
    type Client = NoAttributes;
    type Session = NoAttributes;
    type UserRole = StandardRole;
    type OrganizationRole = StandardOrganizationRole;
    type ClientRole = StandardClientRole;
}

#[tokio::test]
async fn the_fields_of_an_application_are_read_by_their_own_schema() {
    let site = Site::<Shop>::new(|_| {}, HttpSettings::default());
    let document = Http::<crate::store::Watched<Shop>>::openapi(&HttpSettings::default());
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["ProfileInput"]["required"], json!(["locale"]));
    assert_eq!(schemas["Profile"]["required"], json!(["locale", "interests"]));
    assert!(schemas["SignUp"]["required"].as_array().unwrap().contains(&json!("attributes")));

    let mut body = sign_up("ada@example.com");
    let refused = async |body: &Value| {
        let reply = site.send(Ask::post("/v1/users").json(body)).await;
        assert_eq!(reply.status, 422);
        reply.obstructions().remove(0)
    };
    let expect = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(refused(&body).await, expect("/attributes", "REQUIRED"));
    body["attributes"] = json!({});
    assert_eq!(refused(&body).await, expect("/attributes/locale", "REQUIRED"));
    body["attributes"] = json!({ "locale": "fr" });
    assert_eq!(refused(&body).await, expect("/attributes/locale", "INVALID_VALUE"));
    body["attributes"] = json!({ "locale": "de", "interests": ["a", 1] });
    assert_eq!(refused(&body).await, expect("/attributes/interests/1", "INVALID_VALUE"));
    body["attributes"] = json!({ "locale": "de", "vip": true });
    assert_eq!(refused(&body).await, expect("/attributes/vip", "UNKNOWN_FIELD"));

    body["attributes"] = json!({ "locale": "de" });
    assert_eq!(site.send(Ask::post("/v1/users").json(&body)).await.status, 202);
    let code = site.mailed("ada@example.com").await.unwrap();
    let body = json!({ "idType": "code", "idValue": code.link, "state": STATE });
    let session = site.send(Ask::post("/v1/authn/code").json(&body)).await.json();
    let patch = |body: Value| Ask::patch("/v1/users/me").bearer(&session["token"]).json(&body);
    let body = json!({ "attributes": { "locale": "en", "interests": ["looms"] } });
    let reply = site.send(patch(body)).await;
    assert_eq!(reply.json()["attributes"], json!({ "locale": "en", "interests": ["looms"] }));
    let reply = site.send(patch(json!({ "attributes": null }))).await;
    assert_eq!(reply.obstructions(), [expect("/attributes", "INVALID_VALUE")]);
}

#[tokio::test]
async fn passwords_work_after_sign_up() {
    let site = Site::standard();
    site.session("ada@example.com").await;
    let body = json!({
        "idType": "email", "idValue": "ADA@example.com", "secret": PASSWORD, "state": STATE,
    });
    let reply = site.send(Ask::post("/v1/authn/password").json(&body)).await;
    assert_eq!((reply.status, &reply.json()["t"]), (200, &json!("session")));
}
