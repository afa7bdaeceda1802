//! What people do until the server dies under them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::time::sleep;

use super::ledger::{CodeAnswer, Doing, Flow, Person, Spent};
use crate::calls::{self, Call};
use crate::client::{Client, Lost, Reply};
use crate::mail::{Inbox, Letter};
use crate::random::Random;

/// No person begins more flows than this before answering one.
const OPEN_FLOWS: usize = 2;
/// A mail that takes longer is with a worker that was killed.
const PATIENCE: Duration = Duration::from_secs(8);
/// No person holds more sessions than this.
const SESSIONS: usize = 6;

impl Person {
    /// Acts until the server was killed; an answer that should not be is a violation.
    pub(super) async fn act(
        &mut self,
        client: &mut Client,
        inbox: &Inbox,
        random: &mut Random,
        killed: &AtomicBool,
    ) -> Result<u64> {
        let mut acknowledged = 0;
        while !killed.load(Ordering::SeqCst) {
            match self.step(client, inbox, random).await? {
                Some(Step::Done) => acknowledged += 1,
                Some(Step::Idle) => sleep(Duration::from_millis(5)).await,
                None => {
                    let alive = !killed.load(Ordering::SeqCst);
                    ensure!(!alive, "an answer was lost although the server was alive");
                }
            }
        }
        Ok(acknowledged)
    }

    /// One thing; `None` when its answer was lost.
    async fn step(
        &mut self,
        client: &mut Client,
        inbox: &Inbox,
        random: &mut Random,
    ) -> Result<Option<Step>> {
        if let Some(letter) = inbox.take(&self.email)
            && letter.link.is_some()
        {
            return self.answer_code(&letter, client, random).await;
        }
        let live: Vec<usize> = self.live().collect();
        if live.is_empty() || random.percent(15) && live.len() < SESSIONS {
            return self.begin(client, random).await;
        }
        let session = live[random.below(live.len())];
        match random.below(100) {
            0..48 => self.refresh(session, client).await,
            48..80 => self.rename(session, client, random).await,
            80..97 => self.look(session, client).await,
            _ => self.log_out(session, client).await,
        }
    }

    /// Begins what gives a session: a sign-up, or a login in either way.
    async fn begin(&mut self, client: &mut Client, random: &mut Random) -> Result<Option<Step>> {
        if self.exists
            && random.percent(20)
            && let Some(password) = self.password.clone()
        {
            return self.password_login(&password, client, random).await;
        }
        if self.is_waiting() {
            return Ok(Some(Step::Idle));
        }
        let state = random.letters(43);
        let call = if self.exists {
            self.doing = Some(Doing::RequestCode { state: state.clone() });
            calls::request_code(&self.email, &state)
        } else {
            self.doing = Some(Doing::SignUp { state: state.clone() });
            calls::sign_up(&self.name, &self.email, self.password.as_deref(), &state)
        };
        let Some(reply) = self.ask(&call, client).await? else {
            return Ok(None);
        };
        if is_shed(&reply) {
            return Ok(Some(Step::Idle));
        }
        let handle = Some(reply.expect(202)?.handle()?);
        self.flows.push(Flow { state, handle, promised: true, begun: Instant::now() });
        Ok(Some(Step::Done))
    }

    /// Whether this person can do nothing before a mail comes.
    fn is_waiting(&self) -> bool {
        self.flows.iter().filter(|flow| flow.promised).count() >= OPEN_FLOWS
    }

    /// Whether somebody new would see more than this person still can: mails that a killed worker held
    /// come late, and every look at a long life takes longer.
    pub(super) fn has_seen_enough(&self) -> bool {
        let waits = self.flows.iter().any(|flow| flow.promised && flow.begun.elapsed() > PATIENCE);
        self.sessions.len() > 2 * SESSIONS || waits && self.live().count() == 0
    }

    async fn password_login(
        &mut self,
        password: &str,
        client: &mut Client,
        random: &mut Random,
    ) -> Result<Option<Step>> {
        self.doing = Some(Doing::PasswordLogin);
        let call = calls::password_login(&self.email, password, &random.letters(43));
        let Some(reply) = self.ask(&call, client).await? else {
            return Ok(None);
        };
        if is_shed(&reply) {
            return Ok(Some(Step::Idle));
        }
        self.hold(reply.expect(200)?.tokens()?);
        Ok(Some(Step::Done))
    }

    /// Answers the flow that a mail belongs to. Which one that is only the state tells, so all that may
    /// be meant are tried; a wrong state is refused and changes nothing.
    async fn answer_code(
        &mut self,
        letter: &Letter,
        client: &mut Client,
        random: &mut Random,
    ) -> Result<Option<Step>> {
        let link = letter.link()?.to_owned();
        let typed = letter.typed()?.to_owned();
        let mut open = self.flows.clone();
        open.sort_by_key(|flow| flow.begun);
        ensure!(!open.is_empty(), "a mail for {} that nobody asked for", self.email);
        for flow in open {
            // The typed form counts a wrong guess, so it is used only when there is one flow to mean.
            let answer = match flow.handle {
                Some(handle) if self.flows.len() == 1 && random.percent(50) => {
                    CodeAnswer::Typed { handle, code: typed.clone(), state: flow.state.clone() }
                }
                _ => CodeAnswer::Link { code: link.clone(), state: flow.state.clone() },
            };
            self.doing = Some(Doing::AnswerCode { answer: answer.clone() });
            let Some(reply) = self.ask(&answer.call(), client).await? else {
                return Ok(None);
            };
            if reply.status == 200 {
                self.hold(reply.tokens()?);
                self.flows.retain(|other| other.state != flow.state);
                self.spent.push(Spent { answer });
                return Ok(Some(Step::Done));
            }
            reply.expect(401)?;
        }
        bail!("the code of the mail {:?} to {} opens no flow", letter.subject, self.email)
    }

    /// Answers the flow of a mail, with a server that does not die.
    pub(super) async fn answer_mail(
        &mut self,
        letter: &Letter,
        client: &mut Client,
        random: &mut Random,
    ) -> Result<()> {
        if letter.link.is_none() {
            return Ok(());
        }
        let answered = self.answer_code(letter, client, random).await?;
        answered.map(drop).with_context(|| format!("{}: no answer", self.email))
    }

    async fn refresh(&mut self, session: usize, client: &mut Client) -> Result<Option<Step>> {
        self.doing = Some(Doing::Refresh { session, since: Instant::now() });
        let call = calls::refresh(&self.sessions[session].tokens.refresh);
        let Some(reply) = self.ask(&call, client).await? else {
            return Ok(None);
        };
        self.sessions[session].replace(reply.expect(200)?.tokens()?);
        Ok(Some(Step::Done))
    }

    async fn rename(
        &mut self,
        session: usize,
        client: &mut Client,
        random: &mut Random,
    ) -> Result<Option<Step>> {
        let wanted = format!("Person {}", random.letters(12));
        self.doing = Some(Doing::Rename { wanted: wanted.clone() });
        let call = calls::rename(&self.sessions[session].tokens.token, &wanted);
        let Some(reply) = self.ask(&call, client).await? else {
            return Ok(None);
        };
        reply.expect(200)?;
        self.name = wanted;
        Ok(Some(Step::Done))
    }

    async fn look(&mut self, session: usize, client: &mut Client) -> Result<Option<Step>> {
        let call = calls::me(&self.sessions[session].tokens.token);
        let Some(reply) = self.ask(&call, client).await? else {
            return Ok(None);
        };
        let reply = reply.expect(200)?;
        ensure!(reply.text("/name")? == self.name, "{} is not called as acknowledged", self.email);
        Ok(Some(Step::Done))
    }

    async fn log_out(&mut self, session: usize, client: &mut Client) -> Result<Option<Step>> {
        self.doing = Some(Doing::Logout { session });
        let call = calls::logout(&self.sessions[session].tokens.token);
        let Some(reply) = self.ask(&call, client).await? else {
            return Ok(None);
        };
        reply.expect(204)?;
        self.sessions[session].ended = true;
        Ok(Some(Step::Done))
    }

    /// Asks; an answer settles what was under way, a lost one leaves it open.
    async fn ask(&mut self, call: &Call, client: &mut Client) -> Result<Option<Reply>> {
        match client.call(call).await {
            Ok(reply) => {
                self.doing = None;
                Ok(Some(reply))
            }
            Err(Lost::Broken(_)) => Ok(None),
            Err(silent @ Lost::Silent) => Err(silent.into()),
        }
    }
}

impl CodeAnswer {
    /// The request.
    pub(super) fn call(&self) -> Call {
        match self {
            Self::Link { code, state } => calls::answer_link(code, state),
            Self::Typed { handle, code, state } => calls::answer_typed(handle, code, state),
        }
    }

    /// The `state` of its flow.
    pub(super) fn state(&self) -> &str {
        match self {
            Self::Link { state, .. } | Self::Typed { state, .. } => state,
        }
    }
}

enum Step {
    Done,
    Idle,
}

/// A full queue of password hashing is the one right reason to be turned away.
fn is_shed(reply: &Reply) -> bool {
    matches!(reply.status, 429 | 503) && reply.retry_after.is_some()
}
