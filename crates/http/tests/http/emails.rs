use serde_json::{Value, json};

use crate::site::{Ask, STATE, Site, login, sign_up};

/// A user of mode `open`, whose address is not proven yet.
async fn claimant(site: &Site) -> Value {
    site.send(Ask::post("/v1/users").json(&sign_up("ada@example.com"))).await.json()
}

async fn verified_at(site: &Site, session: &Value) -> Value {
    let user = site.send(Ask::get("/v1/users/me").bearer(&session["token"])).await.json();
    user["emails"][0]["verifiedAt"].clone()
}

#[tokio::test]
async fn an_address_is_proven_by_the_link_and_the_state() {
    let site = Site::open();
    let session = claimant(&site).await;
    let code = site.mailed("ada@example.com").await.unwrap();
    let body = json!({ "code": code.link, "state": STATE });
    let reply = site.send(Ask::post("/v1/emails/verify").json(&body)).await;
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    assert!(verified_at(&site, &session).await.is_string());
    let again = site.send(Ask::post("/v1/emails/verify").json(&body)).await;
    assert_eq!(again.problem(), (401, "UNAUTHENTICATED".into()));
}

#[tokio::test]
async fn the_link_alone_makes_its_reader_the_owner() {
    // R-EM-08
    let site = Site::open();
    let session = claimant(&site).await;
    let code = site.mailed("ada@example.com").await.unwrap();
    let reply = site.send(Ask::post("/v1/emails/verify").json(&json!({ "code": code.link }))).await;
    assert_eq!(reply.status, 204);
    let me = site.send(Ask::get("/v1/users/me").bearer(&session["token"])).await;
    assert_eq!(me.problem(), (401, "UNAUTHENTICATED".into()));
    let refused = site.send(Ask::post("/v1/authn/password").json(&login("ada@example.com"))).await;
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn the_short_form_needs_the_session_of_its_user() {
    let site = Site::open();
    let session = claimant(&site).await;
    let code = site.mailed("ada@example.com").await.unwrap();
    let verify = |code: &str| Ask::post("/v1/emails/verify").json(&json!({ "code": code }));
    assert_eq!(site.send(verify(&code.typed)).await.status, 401);
    for wrong in ["BCDFGHJK", "", "dw_cd_x"] {
        assert_eq!(site.send(verify(wrong).bearer(&session["token"])).await.status, 401, "{wrong}");
    }
    let body = json!({ "code": code.typed, "state": STATE });
    let right = Ask::post("/v1/emails/verify").json(&body).bearer(&session["token"]);
    assert_eq!(site.send(right).await.status, 204);
    assert!(verified_at(&site, &session).await.is_string());
}

#[tokio::test]
async fn a_verification_is_well_formed_or_refused_with_its_reasons() {
    let site = Site::open();
    let body = json!({ "state": "short", "email": "ada@example.com" });
    let reply = site.send(Ask::post("/v1/emails/verify").json(&body)).await;
    let mut pointers = reply.pointers();
    pointers.sort();
    assert_eq!(
        (reply.status, pointers),
        (422, vec!["/code".into(), "/email".into(), "/state".into()])
    );
}

#[tokio::test]
async fn a_code_is_mailed_again_to_whoever_claims_the_address() {
    let site = Site::open();
    let session = claimant(&site).await;
    let first = site.mailed("ada@example.com").await.unwrap();
    let resend = |email: &str| {
        Ask::post("/v1/emails/resend-verification").json(&json!({ "t": "email", "email": email }))
    };
    let reply = site.send(resend("ada@example.com")).await;
    assert_eq!(reply.problem(), (401, "UNAUTHENTICATED".into()));
    let reply = site.send(resend("ada@example.com").bearer(&session["token"])).await;
    assert_eq!((reply.status, reply.body.len()), (202, 0));
    let second = site.mailed("ada@example.com").await.unwrap();
    assert_ne!(first.link, second.link);
    // AM-25: the old code is dead.
    let body = |code: &str| json!({ "code": code, "state": STATE });
    let verify = |code: &str| Ask::post("/v1/emails/verify").json(&body(code));
    assert_eq!(site.send(verify(&first.link)).await.status, 401);
    assert_eq!(site.send(verify(&second.link)).await.status, 204);
    let mails = site.mails().await;
    for email in ["ada@example.com", "foreign@example.com"] {
        let reply = site.send(resend(email).bearer(&session["token"])).await;
        assert_eq!(reply.status, 202, "the answer does not tell what it found");
    }
    assert_eq!(site.mails().await, mails);
}

#[tokio::test]
async fn a_code_is_mailed_again_for_a_flow_under_way() {
    let site = Site::standard();
    let step = site.send(Ask::post("/v1/users").json(&sign_up("ada@example.com"))).await.json();
    let first = site.mailed("ada@example.com").await.unwrap();
    let resend = |code: &Value, state: &str| {
        let body = json!({ "t": "code", "code": code, "state": state });
        Ask::post("/v1/emails/resend-verification").json(&body)
    };
    let mails = site.mails().await;
    for (code, state) in
        [(&json!("x"), STATE), (&json!("dw_fl_x"), STATE), (&step["code"], &*"x".repeat(22))]
    {
        assert_eq!(site.send(resend(code, state)).await.status, 202);
    }
    assert_eq!(site.mails().await, mails, "nothing was mailed for what is not there");
    assert_eq!(site.send(resend(&step["code"], STATE)).await.status, 202);
    let second = site.mailed("ada@example.com").await.unwrap();
    assert_ne!(first.typed, second.typed);
    for (body, pointers) in [
        (json!({}), vec!["/t"]),
        (json!({ "t": "phone" }), vec!["/t"]),
        (json!({ "t": "code" }), vec!["/code", "/state"]),
        (json!({ "t": "email", "email": "x", "state": STATE }), vec!["/email", "/state"]),
    ] {
        let reply = site.send(Ask::post("/v1/emails/resend-verification").json(&body)).await;
        assert_eq!(
            (reply.status, reply.pointers()),
            (422, pointers.iter().map(|&it| it.into()).collect())
        );
    }
}
