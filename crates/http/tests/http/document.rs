use std::path::Path;

use durward_http::{Http, HttpSettings};
use serde_json::Value;

use crate::site::{Ask, Site};
use crate::store::Watched;

fn document() -> Value {
    Http::<Watched>::openapi(&HttpSettings::default())
}

/// `UPDATE=1` writes it anew; read the difference.
#[test]
fn the_document_is_the_reviewed_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let mut text = serde_json::to_string_pretty(&document()).unwrap();
    text.push('\n');
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &text).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(reviewed == text, "docs/openapi.json is not up to date: run this test with UPDATE=1");
}

#[tokio::test]
async fn the_document_is_served() {
    let site = Site::standard();
    let reply = site.send(Ask::get("/v1/openapi.json")).await;
    assert_eq!(reply.json(), document());
    assert_eq!(reply.header("cache-control"), "public, max-age=300");
}

#[tokio::test]
async fn every_operation_of_the_document_is_served_and_no_other() {
    // GW-49, R-AZ-02
    let site = Site::standard();
    let document = document();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "me");
        if path == "/forward-auth/envoy" {
            // Whatever the method of the request is that it asks for.
            continue;
        }
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let documented = operations.get(method.to_lowercase()).is_some();
            let reply = site.send(Ask::new(method, &path)).await;
            assert_eq!(reply.status != 405, documented, "{method} {path}: {}", reply.status);
            assert_ne!(reply.status, 404, "{method} {path}");
        }
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_how_it_fails() {
    let document = document();
    let mut names = Vec::new();
    for operations in document["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(!names.contains(&name), "{name} appears twice");
            names.push(name);
            for status in ["400", "401", "500", "503"] {
                assert!(operation["responses"][status].is_object(), "{name} has no {status}");
            }
        }
    }
    assert!(names.len() > 10, "the document is read wrongly");
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(document: &Value, value: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    let found = document.pointer(reference.trim_start_matches('#'));
                    assert!(found.is_some(), "{reference}");
                }
                members.values().for_each(|member| check(document, member));
            }
            Value::Array(items) => items.iter().for_each(|item| check(document, item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = document();
    check(&document, &document);
}

#[test]
fn a_login_takes_the_session_that_is_stepped_up_and_the_client_of_the_new_one() {
    // R-MF-04, R-CL-02
    let document = document();
    for way in ["email", "password", "code", "totp", "recovery", "new-password"] {
        let security = &document["paths"][format!("/v1/authn/{way}")]["post"]["security"];
        let ways = security.as_array().unwrap();
        for names in [&[][..], &["session"], &["throughClient"], &["session", "throughClient"]] {
            let found = ways.iter().filter_map(Value::as_object).any(|it| {
                it.len() == names.len() && names.iter().all(|name| it.contains_key(*name))
            });
            assert!(found, "{way}: {names:?}");
        }
    }
}
