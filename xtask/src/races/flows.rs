//! The races for one code, one refresh token and one address.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use super::Arena;
use super::people::{Begun, MAIL_WITHIN};
use crate::calls::{self, Call};
use crate::client::Tokens;
use crate::volley::{Tally, volley};

const ANSWERS: usize = 200;
const REFRESHES: usize = 100;
const SIGN_UPS: usize = 50;

impl Arena<'_> {
    pub(super) async fn answers_of_a_link(&mut self) -> Result<Tally> {
        let Begun { link, state, .. } = self.sign_up().await?;
        self.one_session(vec![calls::answer_link(&link, &state); ANSWERS]).await
    }

    pub(super) async fn answers_of_a_typed_code(&mut self) -> Result<Tally> {
        let Begun { handle, typed, state, .. } = self.sign_up().await?;
        self.one_session(vec![calls::answer_typed(&handle, &typed, &state); ANSWERS]).await
    }

    /// The race for a login of somebody who has an account, by both forms of one code.
    pub(super) async fn answers_of_both_forms(&mut self) -> Result<Tally> {
        let first = self.sign_up().await?;
        self.client.call(&calls::answer_link(&first.link, &first.state)).await?.tokens()?;
        let Begun { handle, link, typed, state, .. } = self.login(&first.email).await?;
        let mut answers = Vec::new();
        for _ in 0..ANSWERS / 2 {
            answers.push(calls::answer_link(&link, &state));
            answers.push(calls::answer_typed(&handle, &typed, &state));
        }
        self.one_session(answers).await
    }

    pub(super) async fn one_session(
        &mut self,
        answers: impl IntoIterator<Item = Call>,
    ) -> Result<Tally> {
        let answers = answers.into_iter().collect();
        let replies = volley(&self.addresses, answers).await?;
        let tally = Tally::of(&replies);
        tally.only(&[200, 401])?;
        ensure!(tally.count(200) == 1, "one code must give one session: {tally}");
        let winner = replies.iter().find(|reply| reply.status == 200).context("no winner")?;
        ensure!(self.is_live(&winner.tokens()?.token).await?, "the one session cannot be used");
        Ok(tally)
    }

    pub(super) async fn refreshes_of_one_token(&mut self) -> Result<Tally> {
        let Begun { link, state, .. } = self.sign_up().await?;
        let first =
            self.client.call(&calls::answer_link(&link, &state)).await?.expect(200)?.tokens()?;
        let replies =
            volley(&self.addresses, vec![calls::refresh(&first.refresh); REFRESHES]).await?;
        let tally = Tally::of(&replies);
        tally.only(&[200, 401])?;
        ensure!(tally.count(200) >= 1, "nobody may refresh: {tally}");
        let mut branches: Vec<(bool, Tokens)> = Vec::new();
        for reply in replies.iter().filter(|reply| reply.status == 200) {
            let tokens = reply.tokens()?;
            branches.push((self.is_live(&tokens.token).await?, tokens));
        }
        let live = branches.iter().filter(|(live, _)| *live).count();
        ensure!(live <= 1, "{live} branches of one session are live: {tally}");
        ensure!(!self.is_live(&first.token).await?, "the token before the refresh is still live");
        // The live branch first: a dead one ends the family.
        branches.sort_by_key(|(live, _)| !live);
        let mut refreshed = 0;
        for (_, tokens) in &branches {
            let reply = self.client.call(&calls::refresh(&tokens.refresh)).await?;
            ensure!(matches!(reply.status, 200 | 401), "{reply}");
            refreshed += usize::from(reply.status == 200);
        }
        ensure!(refreshed <= 1, "{refreshed} branches of one session can be refreshed: {tally}");
        ensure!(refreshed == live, "{live} branches are live, and {refreshed} can be refreshed");
        Ok(tally)
    }

    pub(super) async fn spellings_of_one_address(&mut self) -> Result<Tally> {
        let addresses: Vec<String> = (0..SIGN_UPS).map(|number| self.spelling(number)).collect();
        self.people += 1;
        let states: Vec<String> = addresses.iter().map(|_| self.random.letters(43)).collect();
        let claims = addresses.iter().zip(&states);
        let claims = claims.map(|(email, state)| calls::sign_up("Racer", email, None, state));
        let replies = volley(&self.addresses, claims.collect()).await?;
        Tally::of(&replies).only(&[202])?;
        let mut answers = Vec::new();
        for (email, state) in addresses.iter().zip(&states) {
            let letter = self.world.sink.inbox().next(email, MAIL_WITHIN).await?;
            answers.push(calls::answer_link(letter.link()?, state));
        }
        let replies = volley(&self.addresses, answers).await?;
        let tally = Tally::of(&replies);
        tally.only(&[200, 401])?;
        let mut owners = BTreeSet::new();
        for reply in replies.iter().filter(|reply| reply.status == 200) {
            let tokens = reply.tokens()?;
            let me = self.client.call(&calls::me(&tokens.token)).await?.expect(200)?;
            ensure!(me.text("/id")? == tokens.user, "a session of another user");
            owners.insert(tokens.user);
        }
        // Later logins, however they spell it, meet the same one.
        for email in [&addresses[0], &addresses[SIGN_UPS / 2], &addresses[SIGN_UPS - 1]] {
            let Begun { link, state, .. } = self.login(email).await?;
            let reply = self.client.call(&calls::answer_link(&link, &state)).await?.expect(200)?;
            owners.insert(reply.tokens()?.user);
        }
        ensure!(owners.len() == 1, "one address has {} owners: {tally}", owners.len());
        Ok(tally)
    }

    /// One address in different cases; six bits are enough for fifty of them.
    fn spelling(&self, number: usize) -> String {
        let local: String = "abcdef"
            .chars()
            .enumerate()
            .map(|(bit, c)| if number >> bit & 1 == 1 { c.to_ascii_uppercase() } else { c })
            .collect();
        let domain = if number.is_multiple_of(2) { "example.com" } else { "EXAMPLE.Com" };
        format!("{local}{}@{domain}", self.people)
    }
}
