use super::Accounts;
use super::codes::Shown;
use super::flows::Letter;
use crate::email::EmailAddress;
use crate::entity::{CodeAnswer, Flow, LoginEmail, Purpose};
use crate::error::Error;
use crate::event::Event;
use crate::ids::UserId;
use crate::mail::Message;
use crate::origin::Origin;
use crate::store::{
    BudgetsMut, Flows, FlowsMut, LoginEmails, LoginEmailsMut, Store, StoreError, Users,
};
use crate::text::FlowState;
use crate::token::{CodeToken, FlowToken, ShortCode};

/// An answer to the verification of a claimed address.
#[derive(Clone, Debug)]
pub enum VerificationAttempt {
    /// The code of the mailed link: proves the address by itself.
    Link(CodeToken),
    /// The code typed by the user who claims the address; `None` for something that is no code.
    Typed {
        /// Who claims it.
        user: UserId,
        /// What was typed.
        code: Option<ShortCode>,
    },
}

impl<S: Store> Accounts<S> {
    /// Proves a claimed address. Every failure is [`Error::Unauthenticated`].
    pub async fn verify_email(
        &self,
        attempt: &VerificationAttempt,
        state: Option<&FlowState>,
        origin: &Origin,
    ) -> Result<(), Error> {
        let shown = match attempt {
            VerificationAttempt::Link(code) => self.shown_link(code).await?,
            VerificationAttempt::Typed { user, code } => {
                let mut read = self.read().await?;
                let newest = read
                    .open_flows_of(*user, Purpose::VerifyEmail, self.now())
                    .await?
                    .into_iter()
                    .next();
                drop(read);
                self.debit_typed(newest, code.as_ref(), origin).await?
            }
        };
        let Some(Shown { flow, proof }) = shown else {
            return Err(self.refuse_flow(None, origin).await);
        };
        let answer = CodeAnswer { proof: &proof, state, client: flow.client };
        let accepted = flow.accept_code(self.keys(), &answer, self.now());
        if accepted.is_err() || flow.purpose != Purpose::VerifyEmail {
            return Err(self.refuse_flow(flow.user, origin).await);
        }
        let proven = unit!(self, |tx, _| {
            if !tx.finish_flow(flow.id, flow.position, self.now()).await? {
                return Ok(false);
            }
            if matches!(attempt, VerificationAttempt::Typed { .. }) {
                self.refund_failure(tx, origin).await?;
            }
            tx.reset_attempts(self.code_budget(&flow)).await?;
            self.prove(tx, &flow, origin).await
        })?;
        if proven { Ok(()) } else { Err(self.refuse_flow(flow.user, origin).await) }
    }

    /// Marks the claim of a flow as proven; `false` when somebody else has proven the address, the claim is
    /// gone, or it is older than claims stand.
    async fn prove(
        &self,
        tx: &mut S::Tx<'_>,
        flow: &Flow<S::Attrs>,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let now = self.now();
        let (Some(claim), Some(user)) = (flow.claim, flow.user) else {
            return Ok(false);
        };
        let Some(email) = tx.login_email(claim).await? else {
            return Ok(false);
        };
        let expired = now >= email.created + self.settings().claim_lifetime;
        if expired || self.owner_of(tx, email.address.canonical(), origin).await?.is_some() {
            return Ok(false);
        }
        match tx.prove_login_email(claim, user, now).await {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            // Somebody proved it a moment ago: the next try sees that.
            Err(StoreError::Duplicate(_)) => return Err(Error::Store(StoreError::Conflict)),
            Err(error) => return Err(error.into()),
        }
        tx.delete_claims(email.address.canonical(), user).await?;
        let email = LoginEmail { proven: Some(now), ..email };
        self.record(tx, &Event::EmailProven { email: &email }, origin).await?;
        Ok(true)
    }

    /// Mails a fresh code for a flow under way; the old one dies. Says nothing about what it found.
    pub async fn resend_code(
        &self,
        handle: &FlowToken,
        state: &FlowState,
        origin: &Origin,
    ) -> Result<(), Error> {
        unit!(self, |tx, _| {
            let now = self.now();
            self.debit_requests(tx, origin, now).await?;
            let mut flow = None;
            for digest in self.keys().digests(handle) {
                flow = flow.or(tx.flow_by_handle(&digest).await?);
            }
            let mine = flow.filter(|flow| {
                flow.is_open(now).is_ok()
                    && flow.client == origin.client
                    && flow.accepts_state(self.keys(), Some(state))
            });
            match mine {
                Some(flow) => self.renew_codes(tx, &flow, now).await,
                None => self.queue_nothing(tx, now).await,
            }
        })
    }

    /// Mails a fresh code for an address that this user claims; says nothing about whether he does.
    pub async fn resend_verification(
        &self,
        user: UserId,
        email: &EmailAddress,
        origin: &Origin,
    ) -> Result<(), Error> {
        unit!(self, |tx, _| {
            let now = self.now();
            self.debit_requests(tx, origin, now).await?;
            let claims = tx.login_emails_of(user).await?;
            let claim = claims.into_iter().find(|claim| {
                claim.proven.is_none() && claim.address.canonical() == email.canonical()
            });
            let (Some(claim), Some(user)) = (claim, tx.user(user).await?) else {
                return self.queue_nothing(tx, now).await;
            };
            let open = tx.open_flows_of(user.id, Purpose::VerifyEmail, now).await?;
            match open.into_iter().find(|flow| flow.claim == Some(claim.id)) {
                Some(flow) if flow.mails < Flow::<S::Attrs>::MAX_MAILS => {
                    self.renew_codes(tx, &flow, now).await
                }
                Some(_) => self.queue_nothing(tx, now).await,
                None => {
                    let letter = Letter::Code(Message::VerifyEmail);
                    self.begin_verification(tx, &user, &claim, None, letter, origin).await
                }
            }
        })
    }
}
