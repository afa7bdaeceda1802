//! What must be true after a restart.

use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::ledger::{
    CodeAnswer, Doing, Fate, Flow, GRACE, Held, Person, Spent, fate_of_answer, fate_of_logout,
    fate_of_refresh, fate_of_rename,
};
use crate::calls;
use crate::client::Client;

impl Person {
    /// Finds out the fate of the request that was under way, then checks all that was acknowledged.
    pub(super) async fn check(&mut self, client: &mut Client) -> Result<Option<Fate>> {
        let who = self.email.clone();
        let mut fate = None;
        if let Some(doing) = self.doing.take() {
            let what = format!("{who}, lost answer: {}", doing.name());
            fate = self.settle(doing, client).await.context(what)?;
        }
        self.check_sessions(client).await.with_context(|| who.clone())?;
        self.check_spent(client).await.context(who)?;
        Ok(fate)
    }

    /// `None` where only the future can tell.
    async fn settle(&mut self, doing: Doing, client: &mut Client) -> Result<Option<Fate>> {
        match doing {
            // The mail tells: if it comes, the flow must be there.
            Doing::SignUp { state } | Doing::RequestCode { state } => {
                self.flows.push(Flow::unpromised(state));
                Ok(None)
            }
            Doing::PasswordLogin => Ok(None),
            Doing::AnswerCode { answer } => self.settle_answer(answer, client).await.map(Some),
            Doing::Refresh { session, since } => {
                self.settle_refresh(session, since, client).await.map(Some)
            }
            Doing::Logout { session } => self.settle_logout(session, client).await.map(Some),
            Doing::Rename { wanted } => self.settle_rename(wanted, client).await.map(Some),
        }
    }

    async fn settle_answer(&mut self, answer: CodeAnswer, client: &mut Client) -> Result<Fate> {
        let reply = client.call(&answer.call()).await?;
        let fate = fate_of_answer(reply.status)?;
        if fate == Fate::Before {
            self.hold(reply.tokens()?);
        } else if self.answer_another_flow(&answer, client).await? {
            // The lost request had named a flow that the code does not belong to.
            return Ok(Fate::Before);
        } else {
            // A spent code means a user with a proven address: the mail of a login proves it.
            self.exists = true;
            let login = format!("{}login", &answer.state()[..38]);
            let reply = client.call(&calls::request_code(&self.email, &login)).await?;
            let handle = Some(reply.expect(202)?.handle()?);
            let begun = Instant::now();
            self.flows.push(Flow { state: login, handle, promised: true, begun });
        }
        self.flows.retain(|flow| flow.state != answer.state());
        self.spent.push(Spent { answer });
        Ok(fate)
    }

    /// Tries a code in the other flows of this person; answers whether it belonged to one.
    async fn answer_another_flow(
        &mut self,
        lost: &CodeAnswer,
        client: &mut Client,
    ) -> Result<bool> {
        let CodeAnswer::Link { code, .. } = lost else {
            return Ok(false);
        };
        for flow in self.flows.clone() {
            let state = flow.state;
            let answer = CodeAnswer::Link { code: code.clone(), state: state.clone() };
            let reply = client.call(&answer.call()).await?;
            if fate_of_answer(reply.status)? == Fate::Before {
                self.hold(reply.tokens()?);
                self.flows.retain(|flow| flow.state != state);
                self.spent.push(Spent { answer });
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn settle_refresh(
        &mut self,
        session: usize,
        since: Instant,
        client: &mut Client,
    ) -> Result<Fate> {
        let held = &mut self.sessions[session];
        let old = client.call(&calls::me(&held.tokens.token)).await?.status;
        let in_time = since.elapsed() < GRACE;
        let retry = client.call(&calls::refresh(&held.tokens.refresh)).await?;
        let fate = fate_of_refresh(old, retry.status, in_time)?;
        if retry.status == 200 {
            held.replace(retry.tokens()?);
        } else {
            held.ended = true;
        }
        Ok(fate)
    }

    async fn settle_logout(&mut self, session: usize, client: &mut Client) -> Result<Fate> {
        let held = &mut self.sessions[session];
        let token = client.call(&calls::me(&held.tokens.token)).await?.status;
        let refresh = client.call(&calls::refresh(&held.tokens.refresh)).await?;
        let fate = fate_of_logout(token, refresh.status)?;
        match fate {
            Fate::Before => held.replace(refresh.tokens()?),
            Fate::After => held.ended = true,
        }
        Ok(fate)
    }

    async fn settle_rename(&mut self, wanted: String, client: &mut Client) -> Result<Fate> {
        let session = self.live().next().context("a change of name without a session")?;
        let token = &self.sessions[session].tokens.token;
        let seen = client.call(&calls::me(token)).await?.expect(200)?.text("/name")?;
        let fate = fate_of_rename(&seen, &self.name, &wanted)?;
        if fate == Fate::After {
            self.name = wanted;
        }
        Ok(fate)
    }

    async fn check_sessions(&self, client: &mut Client) -> Result<()> {
        for held in &self.sessions {
            if held.ended {
                held.check_ended(client).await?;
            } else {
                self.check_live(held, client).await?;
            }
            for token in held.replaced.iter().rev().take(2) {
                let status = client.call(&calls::me(token)).await?.status;
                ensure!(status == 401, "a replaced session token is answered {status}");
            }
        }
        Ok(())
    }

    async fn check_live(&self, held: &Held, client: &mut Client) -> Result<()> {
        let me = client.call(&calls::me(&held.tokens.token)).await?;
        let me = me.expect(200).context("an acknowledged session")?;
        ensure!(me.text("/id")? == held.tokens.user, "a session shows another user");
        ensure!(me.text("/name")? == self.name, "an acknowledged name is lost");
        let caller = client.call(&calls::caller(&held.tokens.token)).await?.expect(200)?;
        ensure!(caller.text("/user/id")? == held.tokens.user, "a session of another user");
        Ok(())
    }

    async fn check_spent(&self, client: &mut Client) -> Result<()> {
        for Spent { answer } in self.spent.iter().rev().take(2) {
            let status = client.call(&answer.call()).await?.status;
            ensure!(status == 401, "a spent code is answered {status}");
        }
        Ok(())
    }
}

impl Held {
    async fn check_ended(&self, client: &mut Client) -> Result<()> {
        let status = client.call(&calls::me(&self.tokens.token)).await?.status;
        ensure!(status == 401, "a session that was ended is answered {status}");
        let status = client.call(&calls::refresh(&self.tokens.refresh)).await?.status;
        ensure!(status == 401, "a session that was ended can be refreshed: {status}");
        Ok(())
    }
}

impl Flow {
    fn unpromised(state: String) -> Self {
        Self { state, handle: None, promised: false, begun: Instant::now() }
    }
}

impl Doing {
    const fn name(&self) -> &'static str {
        match self {
            Self::SignUp { .. } => "sign-up",
            Self::RequestCode { .. } => "request of a code",
            Self::AnswerCode { .. } => "answer to a code",
            Self::PasswordLogin => "login by password",
            Self::Refresh { .. } => "refresh",
            Self::Logout { .. } => "logout",
            Self::Rename { .. } => "change of name",
        }
    }
}
