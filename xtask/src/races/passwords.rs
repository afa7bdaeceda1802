//! The races of a password that changes.

use std::slice;

use anyhow::{Context, Result, ensure};

use super::Arena;
use super::people::{PASSWORD, Person};
use super::siege::Siege;
use crate::calls;
use crate::client::{Reply, Tokens};
use crate::totp;
use crate::volley::{Tally, volley};

/// How many changes or resets there are at once; only one of them may win.
const CHANGES: usize = 4;
/// How many other sessions there are.
const SESSIONS: usize = 6;
/// How many logins by mail are under way.
const CODES: usize = 16;

impl Arena<'_> {
    /// Changes of a password at once, while other sessions are refreshed and opened: one wins, and all sessions
    /// but that of the change end, every branch of them (R-SE-06).
    pub(super) async fn changes_against_refreshes(&mut self) -> Result<Tally> {
        let person = self.person_with_password().await?;
        let (sessions, siege) = self.besieged(&person).await?;
        let passwords = self.passwords();
        let token = &person.tokens.token;
        let changes = passwords.iter().map(|it| calls::change_password(token, PASSWORD, it));
        let mut replies = volley(&self.addresses, changes.collect()).await?;
        let tally = Tally::of(&replies);
        tally.only(&[204, 422])?;
        self.the_winner_is_set(&person, &passwords, &replies).await?;
        let gains = siege.end().await?;
        self.are_dead(&gains.sessions()?).await?;
        self.are_dead(&sessions).await?;
        ensure!(self.is_live(token).await?, "the session of the change is over: {tally}");
        replies.extend(gains.0);
        Ok(Tally::of(&replies))
    }

    /// The same for logins that wait for their second factor: the first one was proven before the change.
    pub(super) async fn change_against_second_steps(&mut self) -> Result<Tally> {
        let person = self.person_with_password().await?;
        let codes = self.logins(&person.email, CODES).await?;
        let who = self.enrolled(person).await?;
        // The enrolment ended those.
        let mut siege = Siege::of(self.nodes());
        self.are_refused("codes of before an enrolment", codes).await?;
        for _ in 0..2 {
            siege.answer(self.logins(&who.person.email, CODES).await?)?;
        }
        siege.log_in(&who.person.email, PASSWORD, &self.random.letters(43))?;
        let [new, ..] = &self.passwords()[..] else { anyhow::bail!("no password") };
        let change = calls::change_password(&who.person.tokens.token, PASSWORD, new);
        let mut replies = volley(&self.addresses, vec![change]).await?;
        Tally::of(&replies).only(&[204])?;
        let gains = siege.end().await?;
        ensure!(gains.sessions()?.is_empty(), "a session without the second factor");
        // One after the other: of several at once one would spend the code for the others.
        let digits = totp::now(&who.seed)?;
        for step in gains.steps()? {
            let answer = calls::answer_totp(&step.handle, &digits, &step.state);
            self.are_refused("logins of before a change", vec![answer]).await?;
        }
        replies.extend(gains.0);
        Ok(Tally::of(&replies))
    }

    /// Resets by one code, while people log in with what was good before: one wins, and nobody is in (R-RC-03).
    pub(super) async fn reset_against_logins(&mut self) -> Result<Tally> {
        let person = self.person_with_password().await?;
        let state = self.random.letters(43);
        let request = calls::request_reset(&person.email, &state);
        let reset = self.begun(request, person.email.clone(), state).await?;
        let (sessions, mut siege) = self.besieged(&person).await?;
        siege.refresh(&person.tokens)?;
        let passwords = self.passwords();
        let resets = passwords.iter().map(|it| calls::confirm_reset(&reset.link, &reset.state, it));
        let mut replies = volley(&self.addresses, resets.collect()).await?;
        Tally::of(&replies).only(&[204, 401])?;
        let gains = siege.end().await?;
        self.are_dead(&gains.sessions()?).await?;
        self.are_dead(&sessions).await?;
        self.are_dead(slice::from_ref(&person.tokens)).await?;
        self.the_winner_is_set(&person, &passwords, &replies).await?;
        replies.extend(gains.0);
        Ok(Tally::of(&replies))
    }

    /// Other sessions of somebody who has [`PASSWORD`], which are refreshed from now on while others are opened.
    pub(super) async fn besieged(&mut self, person: &Person) -> Result<(Vec<Tokens>, Siege)> {
        let sessions = self.sessions(&person.email, SESSIONS).await?;
        let codes = self.logins(&person.email, CODES).await?;
        let mut siege = Siege::of(self.nodes());
        for session in &sessions {
            siege.refresh(session)?;
        }
        siege.answer(codes)?;
        siege.log_in(&person.email, PASSWORD, &self.random.letters(43))?;
        self.wait_a_little().await;
        Ok((sessions, siege))
    }

    /// New passwords.
    fn passwords(&mut self) -> Vec<String> {
        (0..CHANGES).map(|_| self.random.letters(24)).collect()
    }

    /// Exactly one of the new passwords was set, and it is the one that logs in.
    async fn the_winner_is_set(
        &mut self,
        person: &Person,
        passwords: &[String],
        replies: &[Reply],
    ) -> Result<()> {
        let won = replies.iter().filter(|reply| reply.status == 204).count();
        ensure!(won == 1, "{won} of {CHANGES} new passwords were set");
        let winner = replies.iter().position(|reply| reply.status == 204).context("no winner")?;
        let state = self.random.letters(43);
        let login = |password: &str| calls::password_login(&person.email, password, &state);
        let reply = self.client.call(&login(&passwords[winner])).await?.expect(200)?;
        self.client.call(&calls::logout(&reply.tokens()?.token)).await?.expect(204)?;
        let loser = &passwords[(winner + 1) % CHANGES];
        self.are_refused("passwords", vec![login(PASSWORD), login(loser)]).await
    }
}
