//! A run through everything that handles a secret, with every secret written down.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use data_encoding::BASE32_NOPAD;
use serde_json::json;

use super::needles::Needles;
use crate::calls::{self, Call};
use crate::client::{Client, Reply, Tokens};
use crate::mail::{Inbox, Letter};
use crate::random::Random;
use crate::totp;

const MAIL_WITHIN: Duration = Duration::from_mins(1);

/// Who goes through the flows.
pub(super) struct Visitor<'a> {
    pub(super) client: Client,
    /// A node where people get a session before they prove an address.
    pub(super) open: Client,
    pub(super) inbox: &'a Inbox,
    pub(super) random: Random,
    pub(super) needles: Needles,
}

/// What is alive at the end: with it, and with nothing else, the endpoints must be content.
pub(super) struct Alive {
    pub(super) email: String,
    pub(super) session: Tokens,
    pub(super) flow: Begun,
    /// The code of an invitation that waits for this person.
    pub(super) invitation: String,
}

/// Somebody who owns an organization.
struct Founder {
    token: String,
    organization: String,
}

/// A flow whose code was mailed and not used.
pub(super) struct Begun {
    pub(super) state: String,
    pub(super) handle: String,
    pub(super) link: String,
    pub(super) typed: String,
}

impl Visitor<'_> {
    /// Goes through all of it.
    pub(super) async fn visit(&mut self) -> Result<Alive> {
        self.password_user("ada@example.com").await?;
        self.mail_user("bea@example.com").await?;
        self.open_user("cleo@example.com").await?;
        self.clumsy("dora@example.com").await?;
        self.careful("emma@example.com").await?;
        let founder = self.founder("finn@example.com").await?;
        self.invited(&founder, "gwen@example.com").await?;
        let invitation = self.invitation(&founder, "ada@example.com").await?;
        let session = self.login_by_link("ada@example.com").await?;
        let flow = self.waiting_mail("bea@example.com").await?;
        Ok(Alive { email: String::from("ada@example.com"), session, flow, invitation })
    }

    /// Enrols an authenticator app, logs in with it and with a recovery code, and resets the password.
    async fn careful(&mut self, email: &str) -> Result<()> {
        let (state, password) = (self.secret("state", 43), self.secret("password", 20));
        let call = calls::sign_up("Emma", email, Some(&password), &state);
        let begun = self.begun(call, email, &state).await?;
        let first = self.session(&calls::answer_link(&begun.link, &state)).await?;
        let enrol = Call::post("/v1/users/me/totp", json!({})).by(&first.token);
        let enrolment = self.client.call(&enrol).await?.expect(201)?;
        let (seed, handle) = (enrolment.text("/secret")?, enrolment.text("/code")?);
        self.needles.add("seed of the app", &seed);
        self.needles.add("bytes of the seed", BASE32_NOPAD.decode(seed.as_bytes())?);
        self.needles.add_token("handle", &handle);
        let proof = json!({ "code": handle, "secret": totp::now(&seed)? });
        let confirm = Call::post("/v1/users/me/totp/confirm", proof).by(&first.token);
        let codes = self.client.call(&confirm).await?.expect(200)?;
        let codes = codes.body["recoveryCodes"].as_array().context("recovery codes")?.clone();
        let mut spelled = Vec::new();
        for code in codes {
            let code = code.as_str().context("a recovery code")?.to_owned();
            self.needles.add("recovery code", &code);
            self.needles.add("letters of a recovery code", code.replace('-', ""));
            spelled.push(code);
        }
        let state = self.secret("state", 43);
        let login = calls::password_login(email, &password, &state);
        let step = self.client.call(&login).await?.expect(200)?;
        self.needles.add_token("handle", &step.handle()?);
        let body = json!({
            "idType": "code",
            "idValue": step.handle()?,
            "secret": spelled[0],
            "state": state,
        });
        self.session(&Call::post("/v1/authn/recovery", body)).await?;
        let state = self.secret("state", 43);
        let reset = Call::post("/v1/passwords/reset", json!({ "email": email, "state": state }));
        let begun = self.begun(reset, email, &state).await?;
        let password = self.secret("password", 20);
        let body = json!({
            "idType": "code",
            "idValue": begun.link,
            "state": state,
            "password": password,
            "passwordConf": password,
        });
        let confirm = Call::post("/v1/passwords/reset/confirm", body);
        self.client.call(&confirm).await?.expect(204)?;
        Ok(())
    }

    /// Signs up and makes an organization.
    async fn founder(&mut self, email: &str) -> Result<Founder> {
        let state = self.secret("state", 43);
        let begun = self.begun(calls::sign_up("Finn", email, None, &state), email, &state).await?;
        let Tokens { token, .. } = self.session(&calls::answer_link(&begun.link, &state)).await?;
        let make = Call::post("/v1/organizations", json!({ "name": "Secretive" })).by(&token);
        let organization = self.client.call(&make).await?.expect(201)?.text("/id")?;
        Ok(Founder { token, organization })
    }

    /// Signs up by an invitation.
    async fn invited(&mut self, founder: &Founder, email: &str) -> Result<()> {
        let code = self.invitation(founder, email).await?;
        let state = self.secret("state", 43);
        let body = json!({ "name": "Gwen", "email": email, "state": state, "invitation": code });
        let key = self.secret("idempotency key", 32);
        let call = Call::post("/v1/users", body).with("Idempotency-Key", key);
        let reply = self.client.call(&call).await?.expect(201)?;
        self.written_down(&reply)?;
        Ok(())
    }

    /// Invites, and reads the code in the mail.
    async fn invitation(&mut self, founder: &Founder, email: &str) -> Result<String> {
        let path = format!("/v1/organizations/{}/invitations", founder.organization);
        let call = Call::post(path, json!({ "email": email, "role": "viewer" }));
        self.client.call(&call.by(&founder.token)).await?.expect(201)?;
        loop {
            let letter = self.inbox.next(email, MAIL_WITHIN).await?;
            if let Some(code) = letter.link.filter(|code| code.starts_with("dw_iv_")) {
                self.needles.add_token("invitation", &code);
                return Ok(code);
            }
        }
    }

    /// Signs up with a password and the typed code, then logs in in every way, refreshes, reuses.
    async fn password_user(&mut self, email: &str) -> Result<()> {
        // The ligature makes the normalised password another text; the letters stay as they are.
        let letters = self.secret("password", 20);
        let password = format!("\u{fb01} {letters}");
        let state = self.secret("state", 43);
        let sign_up = calls::sign_up("Ada", email, Some(&password), &state);
        let key = self.secret("idempotency key", 32);
        let begun = self.begun(sign_up.with("Idempotency-Key", key), email, &state).await?;
        let wrong = if begun.typed == "BCDFGHJK" { "KJHGFDCB" } else { "BCDFGHJK" };
        let wrong = calls::answer_typed(&begun.handle, wrong, &state);
        self.client.call(&wrong).await?.expect(401)?;
        let typed = calls::answer_typed(&begun.handle, &begun.typed, &state);
        let first = self.session(&typed).await?;
        let wrong = self.secret("wrong password", 20);
        let state = self.secret("state", 43);
        self.client.call(&calls::password_login(email, &wrong, &state)).await?.expect(401)?;
        let second = self.session(&calls::password_login(email, &password, &state)).await?;
        self.client.call(&calls::me(&second.token)).await?.expect(200)?;
        let third = self.session(&calls::refresh(&second.refresh)).await?;
        let fourth = self.session(&calls::refresh(&third.refresh)).await?;
        self.client.call(&calls::refresh(&second.refresh)).await?.expect(401)?;
        self.client.call(&calls::caller(&fourth.token)).await?;
        self.client.call(&calls::logout(&first.token)).await?.expect(204)?;
        Ok(())
    }

    /// Signs up without a password, asks for a second mail, and logs out by each token.
    async fn mail_user(&mut self, email: &str) -> Result<()> {
        let state = self.secret("state", 43);
        let begun = self.begun(calls::sign_up("Bea", email, None, &state), email, &state).await?;
        self.client.call(&calls::resend(&begun.handle, &state)).await?.expect(202)?;
        let again = self.letter(email).await?;
        let first = self.session(&calls::answer_link(again.link()?, &state)).await?;
        let logout = calls::logout_by("token", &first.token);
        self.client.call(&logout).await?.expect(204)?;
        let second = self.login_by_typed_code(email).await?;
        let logout = calls::logout_by("refresh", &second.refresh);
        self.client.call(&logout).await?.expect(204)?;
        Ok(())
    }

    /// Gets a session at once and proves the address later.
    async fn open_user(&mut self, email: &str) -> Result<()> {
        let (state, password) = (self.secret("state", 43), self.secret("password", 20));
        let call = calls::sign_up("Cleo", email, Some(&password), &state);
        let reply = self.open.call(&call).await?.expect(201)?;
        let tokens = self.written_down(&reply)?;
        let letter = self.letter(email).await?;
        let proof = calls::verify_email(letter.link()?).by(&tokens.token);
        self.open.call(&proof).await?.expect(204)?;
        self.open.call(&calls::me(&tokens.token)).await?.expect(200)?;
        Ok(())
    }

    /// Puts secrets where they do not belong, and into requests that are refused.
    async fn clumsy(&mut self, email: &str) -> Result<()> {
        let password = self.secret("refused password", 5) + &self.secret("refused password", 7);
        let state = self.secret("state", 43);
        let token = self.secret("misplaced token", 49);
        let refused = [
            calls::sign_up("Dora", email, Some(&password), &state),
            Call::post("/v1/users", json!({ "name": "Dora", "email": email, "pasword": token })),
            Call::post("/v1/users", json!({ "name": token, "email": token, "state": token })),
            Call::post("/v1/users", json!({ "email": [token] })),
            Call::post(
                "/v1/authn/password",
                json!({ "idType": token, "secret": { token.as_str(): 1 } }),
            ),
            Call::post("/v1/sessions/refresh", json!(token)),
            Call::get(format!("/v1/caller?token={token}")),
            Call::get(format!("/v1/{token}")),
            Call::get("/v1/caller").by(&format!("dw_st_{token}")),
            Call::get("/v1/caller").by(&token),
            Call::get("/v1/caller").with("Authorization", format!("Basic {token}")),
            Call::get("/v1/caller").with("Authorization", token.clone()),
            Call::get("/v1/caller").with("Durward-Client", format!("dw_sk_{token}")),
            calls::rename(&format!("dw_rt_{token}"), "Dora"),
            calls::answer_link(&format!("dw_cd_{token}"), &state),
            calls::answer_typed(&format!("dw_fl_{token}"), &password, &state),
            calls::verify_email(&token),
        ];
        for call in refused {
            let reply = self.client.call(&call).await?;
            ensure!(reply.status < 500, "{reply}");
            ensure!(!reply.body.to_string().contains(&token), "{} echoes its input", reply.asked);
        }
        Ok(())
    }

    /// A mail that the mail server took over without saying so: it stays in the outbox, to be sent again.
    async fn waiting_mail(&mut self, email: &str) -> Result<Begun> {
        self.inbox.defer(true);
        let state = self.secret("state", 43);
        self.begun(calls::request_code(email, &state), email, &state).await
    }

    async fn login_by_link(&mut self, email: &str) -> Result<Tokens> {
        let state = self.secret("state", 43);
        let begun = self.begun(calls::request_code(email, &state), email, &state).await?;
        self.session(&calls::answer_link(&begun.link, &state)).await
    }

    async fn login_by_typed_code(&mut self, email: &str) -> Result<Tokens> {
        let state = self.secret("state", 43);
        let begun = self.begun(calls::request_code(email, &state), email, &state).await?;
        self.session(&calls::answer_typed(&begun.handle, &begun.typed, &state)).await
    }

    async fn begun(&mut self, call: Call, email: &str, state: &str) -> Result<Begun> {
        let handle = self.client.call(&call).await?.expect(202)?.handle()?;
        self.needles.add_token("handle", &handle);
        let letter = self.letter(email).await?;
        let (link, typed) = (letter.link()?.to_owned(), letter.typed()?.to_owned());
        Ok(Begun { state: state.to_owned(), handle, link, typed })
    }

    /// The next mail with a code; mails of other kinds are put aside.
    async fn letter(&mut self, email: &str) -> Result<Letter> {
        loop {
            let letter = self.inbox.next(email, MAIL_WITHIN).await?;
            if let (Some(link), Some(typed)) = (&letter.link, &letter.typed) {
                self.needles.add_token("mailed link", link);
                self.needles.add("typed code", typed);
                return Ok(letter);
            }
        }
    }

    async fn session(&mut self, call: &Call) -> Result<Tokens> {
        let reply = self.client.call(call).await?.expect(200)?;
        self.written_down(&reply)
    }

    fn written_down(&mut self, reply: &Reply) -> Result<Tokens> {
        let tokens = reply.tokens().context("a session was expected")?;
        self.needles.add_token("session token", &tokens.token);
        self.needles.add_token("refresh token", &tokens.refresh);
        Ok(tokens)
    }

    fn secret(&mut self, name: &str, length: usize) -> String {
        let secret = self.random.letters(length);
        self.needles.add(name, &secret);
        secret
    }
}
