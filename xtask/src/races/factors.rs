//! The races for a second factor.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::sleep;

use super::Arena;
use super::people::{PASSWORD, Seconded, Step};
use super::siege::Siege;
use crate::calls;
use crate::totp;
use crate::volley::{Tally, volley};

/// How many users show one code to two logins in one round.
const MEETINGS: usize = 4;
const LOGINS: usize = 20;
const RECOVERIES: usize = 50;
/// How many answers one login takes.
const ANSWERS: usize = 5;
/// How many logins by mail are under way while a factor is enrolled.
const CODES: usize = 16;

impl Arena<'_> {
    /// One code of an app at two logins of its user opens one session (R-MF-03, R-OT-01).
    pub(super) async fn one_step_at_two_logins(&mut self) -> Result<Tally> {
        let mut all = Vec::new();
        for _ in 0..MEETINGS {
            all.push(self.one_step(2, 1).await?);
        }
        Ok(all.into_iter().sum())
    }

    /// The same at many logins, to each of which it is shown twice.
    pub(super) async fn one_step_at_many_logins(&mut self) -> Result<Tally> {
        self.one_step(LOGINS, 2).await
    }

    async fn one_step(&mut self, logins: usize, answers: usize) -> Result<Tally> {
        let person = self.person().await?;
        let who = self.enrolled(person).await?;
        let mut steps = self.steps(&who, logins + 1).await?;
        let late = steps.pop().context("a login")?;
        let digits = totp::now(&who.seed)?;
        let answer = |step: &Step| calls::answer_totp(&step.handle, &digits, &step.state);
        let tally = self.one_session(steps.iter().map(answer).cycle().take(logins * answers));
        let tally = tally.await?;
        self.are_refused("spent codes of an app", vec![answer(&late)]).await?;
        Ok(tally)
    }

    /// One recovery code, shown many times to one login, opens one session (R-RC-01).
    pub(super) async fn one_recovery_code_at_one_login(&mut self) -> Result<Tally> {
        self.one_recovery_code(1).await
    }

    /// The same at so many logins that each of them takes all of its answers.
    pub(super) async fn one_recovery_code_at_many_logins(&mut self) -> Result<Tally> {
        self.one_recovery_code(RECOVERIES / ANSWERS).await
    }

    async fn one_recovery_code(&mut self, logins: usize) -> Result<Tally> {
        let person = self.person().await?;
        let who = self.enrolled(person).await?;
        let mut steps = self.steps(&who, logins + 1).await?;
        let late = steps.pop().context("a login")?;
        let [code, other, ..] = &who.recovery_codes[..] else {
            anyhow::bail!("fewer than two recovery codes");
        };
        let answer = |step: &Step, code| calls::answer_recovery(&step.handle, code, &step.state);
        let answers = steps.iter().map(|step| answer(step, code)).cycle().take(RECOVERIES);
        let tally = self.one_session(answers).await?;
        self.are_refused("spent recovery codes", vec![answer(&late, code)]).await?;
        let reply = self.client.call(&answer(&late, other)).await?.expect(200)?;
        ensure!(self.is_live(&reply.tokens()?.token).await?, "another recovery code is no good");
        Ok(tally)
    }

    /// Whoever logs in by one factor while another one is enrolled is out afterwards: no session without every
    /// factor (R-MF-02, R-SE-06).
    pub(super) async fn enrolment_against_logins(&mut self) -> Result<Tally> {
        let person = self.person_with_password().await?;
        let (email, token) = (&person.email, &person.tokens.token);
        let mut siege = Siege::of(self.nodes());
        let codes = self.logins(email, CODES).await?;
        let begun = self.client.call(&calls::enrol_totp(token)).await?.expect(201)?;
        let (seed, handle) = (begun.text("/secret")?, begun.text("/code")?);
        let digits = totp::before(&seed).await?;
        for _ in 0..2 {
            siege.log_in(email, PASSWORD, &self.random.letters(43))?;
        }
        siege.answer(codes)?;
        self.wait_a_little().await;
        let confirm = calls::confirm_totp(token, &handle, &digits);
        let mut replies = volley(&self.addresses, vec![confirm]).await?;
        Tally::of(&replies).only(&[200])?;
        let gains = siege.end().await?;
        self.are_dead(&gains.sessions()?).await?;
        ensure!(self.is_live(token).await?, "the session of the enrolment is over");
        replies.extend(gains.0);
        Ok(Tally::of(&replies))
    }

    /// Logs in up to the second factor.
    async fn steps(&mut self, who: &Seconded, count: usize) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        let answers = self.logins(&who.person.email, count).await?;
        for reply in volley(&self.addresses, answers).await? {
            let reply = reply.expect(200)?;
            steps.push(Step { handle: reply.handle()?, state: reply.text("/state")? });
        }
        Ok(steps)
    }

    /// Lets those who run get into their stride, for no time that anybody knows before.
    pub(super) async fn wait_a_little(&mut self) {
        let most = 300;
        let wait = u64::try_from(self.random.below(most)).unwrap_or_default();
        sleep(Duration::from_millis(wait)).await;
    }
}
