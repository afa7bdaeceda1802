//! Somebody who holds everything.

use std::time::Duration;

use axum::http::Method;
use durward_core::entity::{TotpSecret, totp_step};
use durward_core::{CompromiseCause, unit};
use durward_testing::TestApp;
use durward_testing::given::PASSWORD;
use serde_json::{Value, json};

use crate::kinds::{Artefact, Place};

const ADA: &str = "ada@example.com";
const EVE: &str = "eve@example.com";
const MAX: &str = "max@example.com";
const NEW: &str = "harbour violet ninety sparrow";

/// Ada has an authenticator app, two logins under way, and an organization with clients. Eve is about to enrol an
/// app, invited, and holds the link by which somebody becomes the first administrator. Max is asked for another
/// password. Dan has deleted his account, Ria has another primary address, Ray has forgotten his password.
pub(crate) struct World {
    pub(crate) app: TestApp,
    eve: String,
    held: Vec<String>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let app = TestApp::new();
        let (ada, eve) = (app.sign_up(ADA).await, app.sign_up(EVE).await);
        let state = app.state().expose().to_owned();
        let [report, revert, restore, reset] = linked(&app, &state).await;
        let nothing = json!({});
        let enrol = async |token: &str| {
            let path = "/v1/users/me/totp";
            let begun = app.post(path, &nothing).body("").bearer(token).send().await.expect(201);
            (begun.text("/code"), TotpSecret::parse(&begun.text("/secret")).unwrap())
        };
        let digits = |secret: &TotpSecret| {
            secret.code_at(totp_step(app.accounts().now())).digits().expose().clone()
        };
        let (handle, secret) = enrol(&ada.token).await;
        let proof = json!({ "code": handle, "secret": digits(&secret) });
        let confirm = app.post("/v1/users/me/totp/confirm", &proof).bearer(&ada.token);
        let recovery = confirm.send().await.expect(200).text("/recoveryCodes/0");
        let made = app.post("/v1/organizations", &json!({ "name": "Tea" })).bearer(&ada.token);
        let organization = made.send().await.expect(201).text("/id");
        let path = |rest: &str| format!("/v1/organizations/{organization}/{rest}");
        let client = app.post(&path("clients"), &json!({ "name": "Loom" })).bearer(&ada.token);
        let key = client.send().await.expect(201).text("/secret");
        let body = json!({ "name": "Shuttle", "confidential": false });
        let public = app.post(&path("clients"), &body).bearer(&ada.token);
        let public = public.send().await.expect(201).text("/id");
        let body = json!({ "emails": ["ada@work.example"] });
        let claim = app.post("/v1/users/me/login-emails", &body).bearer(&ada.token);
        claim.send().await.expect(202);
        let verification = app.mail_to("ada@work.example").await.link_code().to_owned();
        let bootstrap = app.accounts().issue_bootstrap(false, &app.origin()).await.unwrap();
        let body = json!({ "email": EVE, "role": "viewer" });
        let invite = app.post(&path("invitations"), &body).bearer(&ada.token);
        invite.send().await.expect(201);
        let invitation = app.mail_to(EVE).await.link_code().to_owned();
        app.clock().advance(Duration::from_secs(30));
        let (enrolment, of_eve) = enrol(&eve.token).await;

        app.deliver().await;
        let body = json!({ "idType": "email", "idValue": ADA, "state": state });
        let at_code = app.post("/v1/authn/email", &body).send().await.expect(202).text("/code");
        let letter = app.mail_to(ADA).await;
        let body = json!({ "idType": "email", "idValue": ADA, "secret": PASSWORD, "state": state });
        let at_totp = app.post("/v1/authn/password", &body).send().await.expect(200).text("/code");
        let at_new_password = marked(&app, &state).await;
        let held = Artefact::ALL.map(|artefact| match artefact {
            Artefact::Session => ada.token.clone(),
            Artefact::Refresh => ada.refresh.clone(),
            Artefact::HandleAtCode => at_code.clone(),
            Artefact::HandleAtTotp => at_totp.clone(),
            Artefact::HandleAtNewPassword => at_new_password.clone(),
            Artefact::Enrolment => enrolment.clone(),
            Artefact::EnrolmentDigits => digits(&of_eve),
            Artefact::MailedLink => letter.link_code().to_owned(),
            Artefact::MailedCode => letter.code().to_owned(),
            Artefact::Digits => digits(&secret),
            Artefact::RecoveryCode => recovery.clone(),
            Artefact::State => state.clone(),
            Artefact::Password => PASSWORD.to_owned(),
            Artefact::Invitation => invitation.clone(),
            Artefact::SecretKey => key.clone(),
            Artefact::PublicClient => public.clone(),
            Artefact::VerificationLink => verification.clone(),
            Artefact::ResetLink => reset.clone(),
            Artefact::RestoreLink => restore.clone(),
            Artefact::ReportLink => report.clone(),
            Artefact::RevertLink => revert.clone(),
            Artefact::Bootstrap => bootstrap.link.expose().split_once('#').unwrap().1.to_owned(),
        });
        Self { app, eve: eve.token, held: held.to_vec() }
    }

    pub(crate) fn held(&self, artefact: Artefact) -> &str {
        &self.held[artefact as usize]
    }

    /// Whether this is accepted there, everything else being right.
    pub(crate) async fn accepts(&self, place: Place, shown: &str) -> bool {
        let step = |handle: &str, secret: Option<&str>, state: &str| {
            let mut body = json!({ "idType": "code", "idValue": handle, "state": state });
            if let Some(secret) = secret {
                body["secret"] = Value::from(secret);
            }
            body
        };
        let held = |artefact| self.held(artefact);
        let state = held(Artefact::State);
        let (at_code, typed) = (held(Artefact::HandleAtCode), held(Artefact::MailedCode));
        let (at_totp, digits) = (held(Artefact::HandleAtTotp), held(Artefact::Digits));
        let (path, body) = match place {
            Place::Bearer => {
                let reply = self.app.get("/v1/users/me").bearer(shown).send().await;
                return reply.status().is_success();
            }
            Place::ClientBearer | Place::ClientField => {
                let request = self.app.get("/v1/caller");
                let request = if place == Place::ClientBearer {
                    request.bearer(shown)
                } else {
                    request.header("durward-client", shown)
                };
                let reply = request.send().await;
                let client = reply.json().pointer("/client/authenticated").cloned();
                return client == Some(json!(true));
            }
            Place::AcceptInvitation => ("/v1/invitations/accept", json!({ "code": shown })),
            Place::Refresh => ("/v1/sessions/refresh", json!({ "refresh": shown })),
            Place::CodeByLink => ("/v1/authn/code", step(shown, None, state)),
            Place::CodeHandle => ("/v1/authn/code", step(shown, Some(typed), state)),
            Place::CodeTyped => ("/v1/authn/code", step(at_code, Some(shown), state)),
            Place::CodeState => ("/v1/authn/code", step(at_code, Some(typed), shown)),
            Place::TotpHandle => ("/v1/authn/totp", step(shown, Some(digits), state)),
            Place::TotpDigits => ("/v1/authn/totp", step(at_totp, Some(shown), state)),
            Place::TotpState => ("/v1/authn/totp", step(at_totp, Some(digits), shown)),
            Place::RecoveryHandle => {
                let code = held(Artefact::RecoveryCode);
                ("/v1/authn/recovery", step(shown, Some(code), state))
            }
            Place::RecoverySecret => ("/v1/authn/recovery", step(at_totp, Some(shown), state)),
            Place::NewPasswordHandle | Place::NewPasswordState => {
                let (handle, state) = if place == Place::NewPasswordHandle {
                    (shown, state)
                } else {
                    (held(Artefact::HandleAtNewPassword), shown)
                };
                let mut body = step(handle, None, state);
                body["password"] = Value::from(NEW);
                body["passwordConf"] = Value::from(NEW);
                ("/v1/authn/new-password", body)
            }
            Place::PasswordSecret => (
                "/v1/authn/password",
                json!({ "idType": "email", "idValue": ADA, "secret": shown, "state": state }),
            ),
            Place::VerifyEmail => ("/v1/emails/verify", json!({ "code": shown, "state": state })),
            Place::ResetByLink | Place::ResetState => {
                let (link, state) = if place == Place::ResetByLink {
                    (shown, state)
                } else {
                    (held(Artefact::ResetLink), shown)
                };
                let mut body = step(link, None, state);
                body["password"] = Value::from(NEW);
                body["passwordConf"] = Value::from(NEW);
                ("/v1/passwords/reset/confirm", body)
            }
            Place::Bootstrap => ("/v1/bootstrap", json!({ "code": shown })),
            Place::ConfirmHandle => (
                "/v1/users/me/totp/confirm",
                json!({ "code": shown, "secret": held(Artefact::EnrolmentDigits) }),
            ),
            Place::ConfirmDigits => (
                "/v1/users/me/totp/confirm",
                json!({ "code": held(Artefact::Enrolment), "secret": shown }),
            ),
            Place::RestoreAccount => ("/v1/users/restore", json!({ "code": shown })),
            Place::ReportNotice => ("/v1/notices/report", json!({ "code": shown })),
            Place::RevertEmail => ("/v1/emails/revert", json!({ "code": shown })),
        };
        let mut request = self.app.post(path, &body);
        if matches!(
            place,
            Place::ConfirmHandle
                | Place::ConfirmDigits
                | Place::AcceptInvitation
                | Place::Bootstrap
        ) {
            request = request.bearer(&self.eve);
        }
        if place == Place::VerifyEmail {
            request = request.bearer(self.held(Artefact::Session));
        }
        let reply = request.send().await;
        let status = reply.status().as_u16();
        assert!(matches!(status, 200..=204 | 401 | 403 | 404 | 422), "{place:?}: {reply:?}");
        reply.status().is_success()
    }
}

/// The handle of a login that waits for another password.
async fn marked(app: &TestApp, state: &str) -> String {
    let user = app.sign_up(MAX).await.user.parse().unwrap();
    let (accounts, cause, origin) = (app.accounts(), CompromiseCause::Reported, app.origin());
    let marked = unit!(accounts, |tx| accounts.mark_password(tx, user, cause, &origin).await);
    assert!(marked.unwrap());
    let body = json!({ "idType": "email", "idValue": MAX, "secret": PASSWORD, "state": state });
    let step = app.post("/v1/authn/password", &body).send().await.expect(200);
    assert_eq!(step.text("/step"), "newPassword");
    step.text("/code")
}

/// The links of a report, a revert, a restoration and a reset, each of somebody of its own.
async fn linked(app: &TestApp, state: &str) -> [String; 4] {
    let nina = app.sign_up("nina@example.com").await;
    let change = json!({ "currentPassword": PASSWORD, "password": NEW, "passwordConf": NEW });
    let change = app.post("/v1/users/me/password", &change).bearer(&nina.token);
    change.send().await.expect(204);
    let report = app.mail_to("nina@example.com").await.link_code().to_owned();

    let ria = app.sign_up("ria@example.com").await;
    let claim = json!({ "emails": ["ria@work.example"] });
    let claim = app.post("/v1/users/me/login-emails", &claim).bearer(&ria.token);
    claim.send().await.expect(202);
    let code = app.mail_to("ria@work.example").await.link_code().to_owned();
    let verify = app.post("/v1/emails/verify", &json!({ "code": code, "state": state }));
    verify.bearer(&ria.token).send().await.expect(204);
    app.deliver().await;
    let removed = json!({ "emails": ["ria@example.com"] });
    let remove =
        app.request(Method::DELETE, "/v1/users/me/login-emails").json(&removed).bearer(&ria.token);
    remove.send().await.expect(204);
    let revert = app.mail_to("ria@example.com").await.link_code().to_owned();

    let dan = app.sign_up("dan@example.com").await;
    app.request(Method::DELETE, "/v1/users/me").bearer(&dan.token).send().await.expect(204);
    let restore = app.mail_to("dan@example.com").await.link_code().to_owned();

    app.sign_up("ray@example.com").await;
    let body = json!({ "email": "ray@example.com", "state": state });
    app.post("/v1/passwords/reset", &body).send().await.expect(202);
    let reset = app.mail_to("ray@example.com").await.link_code().to_owned();
    [report, revert, restore, reset]
}
