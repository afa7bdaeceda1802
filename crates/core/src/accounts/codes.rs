use super::login::Proven;
use super::sessions::Occasion;
use super::{Accounts, Answer, NewUser};
use crate::budget::{BudgetKey, Delays};
use crate::entity::{CodeAnswer, Flow, Method, Proof, Purpose};
use crate::error::Error;
use crate::origin::Origin;
use crate::store::{BudgetsMut, Flows, FlowsMut, Store, StoreError, Tx};
use crate::text::FlowState;
use crate::token::{CodeToken, FlowToken, ShortCode};

/// An answer to the code step of a flow.
#[derive(Clone, Debug)]
pub enum CodeAttempt {
    /// The code of the mailed link; 256 bits, so guessing it needs no budget.
    Link(CodeToken),
    /// The code typed from the mail; `None` for something that is no code, which counts as a wrong one.
    Typed {
        /// The handle of the step.
        handle: FlowToken,
        /// What was typed.
        code: Option<ShortCode>,
    },
}

/// A flow that was found, and the proof that was shown to it.
pub(super) struct Shown<A: crate::attrs::Attrs> {
    pub(super) flow: Flow<A>,
    pub(super) proof: Proof,
}

impl<S: Store> Accounts<S> {
    /// Answers the code step of a sign-up or login: with a session, or with the next step.
    ///
    /// A sign-up creates the user, the proven address and the session in one transaction. Every failure is
    /// [`Error::Unauthenticated`]. Of any number of parallel answers with one code exactly one succeeds
    /// (R-OT-01).
    pub async fn answer_code(
        &self,
        attempt: &CodeAttempt,
        state: &FlowState,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let answer = self.try_code(attempt, state, origin).await;
        self.answered(Method::Email, answer)
    }

    async fn try_code(
        &self,
        attempt: &CodeAttempt,
        state: &FlowState,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let shown = self.shown(attempt, origin).await?;
        let Some(Shown { flow, proof }) = shown else {
            return Err(self.refuse_flow(None, origin).await);
        };
        let answer = CodeAnswer { proof: &proof, state: Some(state), client: origin.client };
        let accepted = flow.accept_code(self.keys(), &answer, self.now());
        let leads_in = matches!(flow.purpose, Purpose::SignUp | Purpose::Login);
        if accepted.is_err() || !leads_in {
            return Err(self.refuse_flow(flow.user, origin).await);
        }
        let typed = matches!(proof, Proof::Typed(_));
        let settled = unit!(self, presuming, |tx| {
            if !tx.finish_flow(flow.id, flow.position, self.now()).await? {
                return Ok(None);
            }
            if typed {
                self.refund_failure(tx, origin).await?;
            }
            tx.reset_attempts(self.code_budget(&flow)).await?;
            self.complete(tx, &flow, state, origin).await
        })?;
        match settled {
            Some(answer) => Ok(answer),
            None => Err(self.refuse_flow(flow.user, origin).await),
        }
    }

    /// What a proven sign-up or login leads to; `None` is a refusal, and the flow stays spent.
    async fn complete(
        &self,
        tx: &mut S::Tx<'_>,
        flow: &Flow<S::Attrs>,
        state: &FlowState,
        origin: &Origin,
    ) -> Result<Option<Answer>, Error> {
        let owner = self.owner_of(tx, flow.email.canonical(), origin).await?;
        let occasion = if owner.is_none() { Occasion::SignUp } else { Occasion::Login };
        let user = match (flow.purpose, owner, &flow.pending) {
            // Whoever reads the mailbox may also log in by mail: a second sign-up ends at the same account.
            (Purpose::SignUp, Some(owner), _) => owner,
            (Purpose::Login, Some(owner), _) if Some(owner.id) == flow.user => owner,
            (Purpose::SignUp, None, Some(pending)) => {
                // Another one may have been proven since this was begun (R-EM-04).
                if self.has_lookalike(tx, &flow.email).await? {
                    return Ok(None);
                }
                let new = NewUser {
                    name: pending.name.clone(),
                    email: flow.email.clone(),
                    proven: true,
                    password: pending.password.clone(),
                    roles: Vec::new(),
                    attrs: pending.attrs.clone(),
                };
                match self.create_user(tx, new, origin).await {
                    // Somebody proved the address a moment ago: the next try finds the account.
                    Err(Error::Duplicate(_)) => return Err(Error::Store(StoreError::Conflict)),
                    created => created?.user,
                }
            }
            (
                Purpose::SignUp
                | Purpose::Login
                | Purpose::VerifyEmail
                | Purpose::ResetPassword
                | Purpose::RestoreAccount
                | Purpose::ReportNotice
                | Purpose::RevertEmail,
                _,
                _,
            ) => return Ok(None),
        };
        let mut done = flow.methods.clone();
        done.push(Method::Email);
        let proven = Proven { occasion, ..Proven::from(done) };
        match self.proceed(tx, &user, proven, &flow.email, state, origin).await {
            Err(Error::Unauthenticated) => Ok(None),
            settled => settled.map(Some),
        }
    }

    /// The flow that a code is shown to; an attempt that could be a guess is debited, durably, before
    /// anything is verified.
    pub(super) async fn shown(
        &self,
        attempt: &CodeAttempt,
        origin: &Origin,
    ) -> Result<Option<Shown<S::Attrs>>, Error> {
        match attempt {
            CodeAttempt::Link(code) => self.shown_link(code, origin).await,
            CodeAttempt::Typed { handle, code } => {
                self.shown_typed(handle, code.as_ref(), origin).await
            }
        }
    }

    /// The flow that a link leads to. One that leads nowhere is a failure of its network (AM-16).
    pub(super) async fn shown_link(
        &self,
        code: &CodeToken,
        origin: &Origin,
    ) -> Result<Option<Shown<S::Attrs>>, Error> {
        let shown = self.linked(code).await?;
        if shown.is_none() {
            unit!(self, |tx| self.debit_failure(tx, origin, self.now()).await)?;
        }
        Ok(shown)
    }

    /// The same for an objection: what others of his network get wrong keeps nobody from one.
    pub(super) async fn linked(&self, code: &CodeToken) -> Result<Option<Shown<S::Attrs>>, Error> {
        let mut read = self.read().await?;
        for digest in self.keys().digests(code) {
            if let Some(flow) = read.flow_by_link(&digest).await? {
                return Ok(Some(Shown { flow, proof: Proof::Link }));
            }
        }
        Ok(None)
    }

    /// Finds the flow and debits the attempt, durably, before anything is verified.
    async fn shown_typed(
        &self,
        handle: &FlowToken,
        code: Option<&ShortCode>,
        origin: &Origin,
    ) -> Result<Option<Shown<S::Attrs>>, Error> {
        let mut read = self.read().await?;
        let flow = self.flow_of(&mut read, handle).await?;
        drop(read);
        self.debit_typed(flow, code, origin).await
    }

    pub(super) async fn debit_typed(
        &self,
        flow: Option<Flow<S::Attrs>>,
        code: Option<&ShortCode>,
        origin: &Origin,
    ) -> Result<Option<Shown<S::Attrs>>, Error> {
        let limit = Flow::<S::Attrs>::MAX_ATTEMPTS;
        let counted = unit!(self, |tx, tried| {
            if tried == 0 && flow.as_ref().is_some_and(Flow::takes_attempts) {
                tx.presume();
            }
            // Nobody is told of a wrong code before that is committed as well.
            tx.delay_durability();
            let Some(flow) = &flow else {
                self.debit_failure(tx, origin, self.now()).await?;
                return Ok(false);
            };
            let of_flow = tx.debit_flow(flow.id, flow.position, limit).await?;
            self.debit_failure(tx, origin, self.now()).await?;
            let counted =
                tx.debit_attempt(self.code_budget(flow), &Delays::NONE, self.now()).await?;
            Ok(counted && of_flow)
        })?;
        Ok(match (flow, code) {
            (Some(flow), Some(code)) if counted => {
                Some(Shown { flow, proof: Proof::Typed(code.clone()) })
            }
            _ => None,
        })
    }

    /// Counts typed codes over all flows of a mailbox (R-TH-01, R-TH-02). What is typed where none was mailed is no guess
    /// at anything: it is counted as well, and keeps nobody from the codes of the mailbox (R-TH-04).
    pub(super) fn code_budget(&self, flow: &Flow<S::Attrs>) -> BudgetKey {
        match flow.short {
            Some(_) => self.budget(&[b"code", flow.email.canonical().as_str().as_bytes()]),
            None => self.budget(&[b"code of flow", flow.id.as_bytes()]),
        }
    }
}
