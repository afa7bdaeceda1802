//! Who races, and how they come to be.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Arena;
use crate::calls::{self, Call};
use crate::client::Tokens;
use crate::mail::Letter;
use crate::totp;
use crate::volley::{Tally, volley};

pub(super) const MAIL_WITHIN: Duration = Duration::from_mins(1);
pub(super) const PASSWORD: &str = "walrus meadow crimson lantern";

/// How many requests at once are enough where nobody races.
const AT_ONCE: usize = 100;

/// A flow whose mail has arrived.
pub(super) struct Begun {
    pub(super) email: String,
    pub(super) state: String,
    pub(super) handle: String,
    pub(super) link: String,
    pub(super) typed: String,
}

/// Somebody with a session.
pub(super) struct Person {
    pub(super) email: String,
    pub(super) tokens: Tokens,
}

/// Somebody with an authenticator app.
pub(super) struct Seconded {
    pub(super) person: Person,
    /// The secret of the app.
    pub(super) seed: String,
    pub(super) recovery_codes: Vec<String>,
}

/// A login that waits for its second factor.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) handle: String,
    pub(super) state: String,
}

impl Arena<'_> {
    /// Somebody without a password.
    pub(super) async fn person(&mut self) -> Result<Person> {
        let begun = self.sign_up().await?;
        self.entered(begun).await
    }

    /// Somebody with [`PASSWORD`].
    pub(super) async fn person_with_password(&mut self) -> Result<Person> {
        let begun = self.signing_up(Some(PASSWORD)).await?;
        self.entered(begun).await
    }

    /// Gives somebody an authenticator app, of whose codes those of this half minute are not spent.
    pub(super) async fn enrolled(&mut self, person: Person) -> Result<Seconded> {
        let token = &person.tokens.token;
        let begun = self.client.call(&calls::enrol_totp(token)).await?.expect(201)?;
        let (seed, handle) = (begun.text("/secret")?, begun.text("/code")?);
        let digits = totp::before(&seed).await?;
        let proof = calls::confirm_totp(token, &handle, &digits);
        let reply = self.client.call(&proof).await?.expect(200)?;
        let codes = reply.body["recoveryCodes"].as_array().context("recovery codes")?;
        let codes = codes.iter().map(|code| code.as_str().map(str::to_owned));
        let recovery_codes = codes.collect::<Option<_>>().context("a recovery code")?;
        Ok(Seconded { person, seed, recovery_codes })
    }

    pub(super) async fn sign_up(&mut self) -> Result<Begun> {
        self.signing_up(None).await
    }

    async fn signing_up(&mut self, password: Option<&str>) -> Result<Begun> {
        let email = self.fresh_address();
        let state = self.random.letters(43);
        let call = calls::sign_up("Racer", &email, password, &state);
        self.begun(call, email, state).await
    }

    pub(super) async fn login(&mut self, email: &str) -> Result<Begun> {
        let state = self.random.letters(43);
        let call = calls::request_code(email, &state);
        self.begun(call, email.to_owned(), state).await
    }

    /// The answers to several logins by mail, begun at once: with one state, so that no mail must be told from another.
    pub(super) async fn logins(&mut self, email: &str, count: usize) -> Result<Vec<Call>> {
        let state = self.random.letters(43);
        let requests = vec![calls::request_code(email, &state); count];
        Tally::of(&volley(&self.addresses, requests).await?).only(&[202])?;
        let mut answers = Vec::new();
        for _ in 0..count {
            answers.push(calls::answer_link(self.code(email).await?.link()?, &state));
        }
        Ok(answers)
    }

    /// Several sessions of somebody, by mail.
    pub(super) async fn sessions(&mut self, email: &str, count: usize) -> Result<Vec<Tokens>> {
        let answers = self.logins(email, count).await?;
        let replies = volley(&self.addresses, answers).await?;
        replies.into_iter().map(|reply| reply.expect(200)?.tokens()).collect()
    }

    pub(super) async fn begun(
        &mut self,
        call: Call,
        email: String,
        state: String,
    ) -> Result<Begun> {
        let handle = self.client.call(&call).await?.expect(202)?.handle()?;
        let letter = self.code(&email).await?;
        let (link, typed) = (letter.link()?.to_owned(), letter.typed()?.to_owned());
        Ok(Begun { email, state, handle, link, typed })
    }

    /// Answers a code, by which somebody has a session.
    pub(super) async fn entered(&mut self, begun: Begun) -> Result<Person> {
        let Begun { email, state, link, .. } = begun;
        let reply = self.client.call(&calls::answer_link(&link, &state)).await?.expect(200)?;
        Ok(Person { email, tokens: reply.tokens()? })
    }

    /// Somebody else's session of the same person, by mail.
    pub(super) async fn another_session(&mut self, email: &str) -> Result<Tokens> {
        let begun = self.login(email).await?;
        Ok(self.entered(begun).await?.tokens)
    }

    /// The next mail with a code to type; notices are put aside.
    pub(super) async fn code(&self, email: &str) -> Result<Letter> {
        loop {
            let letter = self.world.sink.inbox().next(email, MAIL_WITHIN).await?;
            if letter.typed.is_some() {
                return Ok(letter);
            }
        }
    }

    pub(super) fn fresh_address(&mut self) -> String {
        self.people += 1;
        format!("racer{}@example.com", self.people)
    }

    pub(super) async fn is_live(&mut self, token: &str) -> Result<bool> {
        let reply = self.client.call(&calls::caller(token)).await?;
        match reply.status {
            200 => Ok(reply.body.pointer("/user/id").is_some()),
            _ => reply.expect(401).map(|_refused| false),
        }
    }

    /// Makes sure that these sessions are over, by each of their tokens. That of the session first: a refresh
    /// token that was spent before would end a session that should have been over already.
    pub(super) async fn are_dead(&mut self, sessions: &[Tokens]) -> Result<()> {
        for some in sessions.chunks(AT_ONCE) {
            let calls = some.iter().map(|it| calls::caller(&it.token)).collect();
            self.are_refused("session tokens", calls).await?;
        }
        for some in sessions.chunks(AT_ONCE) {
            let calls = some.iter().map(|it| calls::refresh(&it.refresh)).collect();
            self.are_refused("refresh tokens", calls).await?;
        }
        Ok(())
    }

    /// Makes sure that every one of these requests is not authenticated.
    pub(super) async fn are_refused(&mut self, what: &str, calls: Vec<Call>) -> Result<()> {
        let tally = Tally::of(&volley(&self.addresses, calls).await?);
        tally.only(&[401]).with_context(|| format!("{what} that should be dead"))
    }

    /// The nodes, in turn and for ever.
    pub(super) fn nodes(&self) -> impl Iterator<Item = SocketAddr> + use<> {
        self.addresses.clone().into_iter().cycle()
    }

    /// The rows of a list that has one part.
    pub(super) async fn list(&mut self, path: &str, token: &str) -> Result<Vec<Value>> {
        let call = Call::get(format!("{path}?limit=100")).by(token);
        let reply = self.client.call(&call).await?.expect(200)?;
        let rows = reply.body["data"].as_array().context("a list")?.clone();
        ensure!(reply.body["next"].is_null(), "a list of more than one part");
        Ok(rows)
    }
}
