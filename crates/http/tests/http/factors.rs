use durward_core::Timestamp;
use durward_core::entity::{TotpSecret, totp_step};
use serde_json::{Value, json};

use crate::site::{Ask, PASSWORD, STATE, Site};

fn code(secret: &str, now: Timestamp) -> String {
    let secret = TotpSecret::parse(secret).unwrap();
    secret.code_at(totp_step(now)).digits().expose().clone()
}

fn login() -> Ask {
    Ask::post("/v1/authn/password").json(&json!({
        "idType": "email", "idValue": "ada@example.com", "secret": PASSWORD, "state": STATE,
    }))
}

fn answer(path: &str, handle: &Value, secret: &str) -> Ask {
    Ask::post(path).json(&json!({
        "idType": "code", "idValue": handle, "secret": secret, "state": STATE,
    }))
}

#[tokio::test]
async fn an_app_is_enrolled_asked_for_and_removed() {
    // R-OT-01, R-MF-02
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let token = &session["token"];
    let begun = site.send(Ask::post("/v1/users/me/totp").bearer(token)).await;
    assert_eq!(begun.status, 201);
    let enrolment = begun.json();
    assert!(enrolment["otpauthUri"].as_str().unwrap().starts_with("otpauth://totp/"));
    assert!(enrolment["qrSvg"].as_str().unwrap().contains("<svg"));
    let secret = enrolment["secret"].as_str().unwrap();
    let proof = json!({ "code": enrolment["code"], "secret": code(secret, site.accounts.now()) });
    let wrong = json!({ "code": enrolment["code"], "secret": "12345" });
    let path = "/v1/users/me/totp/confirm";
    let refused = site.send(Ask::post(path).bearer(token).json(&wrong)).await;
    assert_eq!(
        (refused.status, refused.json()["obstructions"][0]["code"].clone()),
        (422, json!("TOTP_WRONG"))
    );
    let confirmed = site.send(Ask::post(path).bearer(token).json(&proof)).await;
    assert_eq!(confirmed.status, 200);
    let codes = confirmed.json()["recoveryCodes"].clone();
    assert_eq!(codes.as_array().unwrap().len(), 10);

    let step = site.send(login()).await.json();
    assert_eq!(step["step"], "totp");
    let used = answer("/v1/authn/totp", &step["code"], &code(secret, site.accounts.now()));
    assert_eq!(site.send(used).await.status, 401, "the code that proved the enrolment is spent");
    let recovered = answer("/v1/authn/recovery", &step["code"], codes[0].as_str().unwrap());
    let session = site.send(recovered).await;
    assert_eq!(session.status, 200);
    let session = session.json();
    assert_eq!(session["t"], "session");
    let removed = site.send(Ask::delete("/v1/users/me/totp").bearer(&session["token"])).await;
    assert_eq!(removed.status, 204);
    assert_eq!(site.send(login()).await.json()["t"], "session");
}

#[tokio::test]
async fn what_is_dangerous_asks_for_a_login_of_a_moment_ago() {
    // R-MF-04, R-SE-03
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    site.wait(std::time::Duration::from_mins(5));
    let old = &session["token"];
    let refused = site.send(Ask::post("/v1/users/me/totp").bearer(old)).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json()["code"], "STEP_UP_REQUIRED");
    let challenge = refused.header("www-authenticate");
    assert!(challenge.contains("insufficient_user_authentication"), "{challenge}");
    let renewed = site.send(login().bearer(old)).await.json();
    assert_eq!(site.send(Ask::get("/v1/users/me").bearer(old)).await.status, 401, "replaced");
    let again = site.send(Ask::post("/v1/users/me/totp").bearer(&renewed["token"])).await;
    assert_eq!(again.status, 201);
}

#[tokio::test]
async fn nobody_enrols_or_sees_the_factor_of_somebody_else() {
    // R-AZ-03
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let eve = site.session("eve@example.com").await;
    let path = format!("/v1/users/{}/totp", ada["userId"].as_str().unwrap());
    for ask in [Ask::post(&path), Ask::delete(&path)] {
        assert_eq!(site.send(ask.bearer(&eve["token"])).await.status, 404);
    }
    assert_eq!(site.send(Ask::post(&path)).await.status, 401);
}

#[tokio::test]
async fn an_enrolment_that_is_begun_again_with_its_key_is_the_same() {
    // R-IN-06
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let token = &session["token"];
    let ask =
        |key: &str| Ask::post("/v1/users/me/totp").bearer(token).header("idempotency-key", key);
    let first = site.send(ask("k1")).await;
    assert_eq!(first.status, 201, "{}", first.text());
    assert_eq!(site.send(ask("k1")).await.json(), first.json());
    let secret = first.json()["secret"].as_str().unwrap().to_owned();
    let proof = json!({
        "code": first.json()["code"], "secret": code(&secret, site.accounts.now()),
    });
    let confirm = Ask::post("/v1/users/me/totp/confirm").bearer(token).json(&proof);
    assert_eq!(site.send(confirm).await.status, 200, "the second did not replace the first");
    assert_eq!(site.send(ask("k2")).await.problem(), (409, "DUPLICATE".into()));
    assert_eq!(site.send(ask("")).await.problem(), (400, "BAD_HEADER".into()));
}

#[tokio::test]
async fn an_answer_with_recovery_codes_that_got_lost_is_given_again() {
    // R-IN-06
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let token = &session["token"];
    let begun = site.send(Ask::post("/v1/users/me/totp").bearer(token)).await.json();
    let secret = begun["secret"].as_str().unwrap();
    let proof = json!({ "code": begun["code"], "secret": code(secret, site.accounts.now()) });
    let confirm = Ask::post("/v1/users/me/totp/confirm").bearer(token).json(&proof);
    assert_eq!(site.send(confirm).await.status, 200);
    let ask = |key: &str| {
        Ask::post("/v1/users/me/recovery-codes").bearer(token).header("idempotency-key", key)
    };
    let first = site.send(ask("k1")).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let mails = site.mails().await;
    let again = site.send(ask("k1")).await;
    assert_eq!((again.status, again.json()), (201, first.json()));
    assert_eq!(site.mails().await, mails, "it was done once");
    assert_ne!(site.send(ask("k2")).await.json(), first.json());
}
