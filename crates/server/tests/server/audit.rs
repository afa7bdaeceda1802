//! `durward audit verify`.

use serde_json::{Value, json};

use crate::client::Api;
use crate::process::{Server, durward, finish, json as parsed, text};

#[tokio::test]
async fn a_log_is_sealed_when_the_server_ends_and_proves_to_be_whole() {
    // R-LG-04
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("durward-data");
    let server = Server::develop(&data, &[]);
    Api::new(&server.base).sign_up_fully("ada@example.com").await;
    server.stop();

    let verify = |flags: &[&str]| {
        let mut command = durward(place.path());
        finish(command.args(["--json", "audit", "verify", "--dev"]).args(flags))
    };
    let first = verify(&[]);
    let told = parsed(&first.stdout);
    assert!(first.status.success(), "{told}");
    assert_eq!(
        (&told["ok"], &told["flaws"], &told["unsealed"]),
        (&json!(true), &json!([]), &json!(0))
    );
    assert!(told["entries"].as_u64().unwrap() >= 2);
    assert_eq!(told["chains"][0]["organizationId"], Value::Null);

    // What was noted is still there; what never was is missed.
    let noted = place.path().join("noted.json");
    std::fs::write(&noted, &first.stdout).unwrap();
    assert!(verify(&["--noted", "noted.json"]).status.success());
    let hash = told["chains"][0]["hash"].as_str().unwrap();
    let other = text(&first.stdout).replace(hash, &"0".repeat(64));
    std::fs::write(&noted, other).unwrap();
    let second = verify(&["--noted", "noted.json"]);
    assert_eq!(second.status.code(), Some(1));
    assert_eq!(parsed(&second.stdout)["flaws"][0]["flaw"], "chain-rewound");
    std::fs::write(&noted, "{}").unwrap();
    assert_eq!(verify(&["--noted", "noted.json"]).status.code(), Some(1));
}

#[tokio::test]
async fn whoever_has_another_key_cannot_vouch_for_a_log() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("durward-data");
    let server = Server::develop(&data, &[]);
    Api::new(&server.base).sign_up_fully("ada@example.com").await;
    server.stop();
    let keys = text(&finish(durward(place.path()).args(["keys", "generate"])).stdout);
    let mut command = durward(place.path());
    let told = finish(command.env("DURWARD_KEYS", keys.trim()).args(["audit", "verify", "--dev"]));
    assert_eq!(told.status.code(), Some(1));
    let shown = text(&told.stdout);
    assert!(shown.contains("FLAW  the head of the chain of the deployment"), "{shown}");
    assert!(shown.contains("FLAW  aud_"), "{shown}");
}
