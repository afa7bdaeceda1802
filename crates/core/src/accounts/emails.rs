use super::Accounts;
use super::codes::Shown;
use super::flows::Letter;
use super::login_emails::heir;
use crate::budget::Delays;
use crate::email::EmailAddress;
use crate::entity::{CodeAnswer, Flow, LoginEmail, Method, Proof, Purpose};
use crate::error::Error;
use crate::event::{CompromiseCause, EndReason, Event};
use crate::ids::UserId;
use crate::mail::Notice;
use crate::origin::Origin;
use crate::store::{
    BudgetsMut, FactorsMut, Flows, FlowsMut, LoginEmails, LoginEmailsMut, PasswordsMut, Sessions,
    Store, StoreError, Users,
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

/// Who sends the code of a verification, as far as he shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prover {
    /// The user who claims the address.
    Claimant,
    /// Whoever reads the mailbox.
    Reader,
}

impl<S: Store> Accounts<S> {
    /// Proves a claimed address. Every failure is [`Error::Unauthenticated`].
    ///
    /// Whoever claims it shows that it was he: by the `state` that the verification was begun with, by his session, of
    /// which `origin` tells, or by typing the code. The link alone says that somebody reads the mailbox. Of a further
    /// address of a user it proves nothing, and stays good: its reader has not asked to be in that account. Of the first
    /// one it makes him the owner, and nothing stays of what was set up before: sessions, password, second factor, personal
    /// keys and other claims (R-EM-08).
    pub async fn verify_email(
        &self,
        attempt: &VerificationAttempt,
        state: Option<&FlowState>,
        origin: &Origin,
    ) -> Result<(), Error> {
        let proven = self.try_verification(attempt, state, origin).await;
        self.proven(Method::Email, proven)
    }

    async fn try_verification(
        &self,
        attempt: &VerificationAttempt,
        state: Option<&FlowState>,
        origin: &Origin,
    ) -> Result<(), Error> {
        let shown = match attempt {
            VerificationAttempt::Link(code) => self.shown_link(code, origin).await?,
            VerificationAttempt::Typed { user, code } => {
                self.shown_to_claims(*user, code.as_ref(), origin).await?
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
        let shows_state = flow.state.is_some() && state.is_some();
        let types = matches!(attempt, VerificationAttempt::Typed { .. });
        let proven = unit!(self, |tx| {
            // First of all, as by a login: in another order two would wait for each other.
            if let Some(user) = flow.user {
                tx.outdate_password(user).await?;
            }
            if !tx.finish_flow(flow.id, flow.position, self.now()).await? {
                return Ok(false);
            }
            if types {
                self.refund_failure(tx, origin).await?;
            }
            tx.reset_attempts(self.code_budget(&flow)).await?;
            let claims =
                shows_state || types || self.is_in_session_of(tx, flow.user, origin).await?;
            let prover = if claims { Prover::Claimant } else { Prover::Reader };
            self.prove(tx, &flow, prover, origin).await
        });
        match proven {
            Ok(true) => Ok(()),
            Ok(false) | Err(Error::Unauthenticated) => {
                Err(self.refuse_flow(flow.user, origin).await)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether a request comes by a session in which this user acts himself.
    async fn is_in_session_of(
        &self,
        tx: &mut S::Tx<'_>,
        user: Option<UserId>,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let Some(id) = origin.session else { return Ok(false) };
        let now = self.now();
        Ok(tx.session(id).await?.is_some_and(|session| {
            Some(session.user) == user && session.actor.is_none() && !session.is_over(now)
        }))
    }

    /// Marks the claim of a flow as proven; `false` when somebody else has proven the address, the claim is
    /// gone, or it is older than claims stand. What proves nothing and leaves the flow as it is, is
    /// [`Error::Unauthenticated`].
    async fn prove(
        &self,
        tx: &mut S::Tx<'_>,
        flow: &Flow<S::Attrs>,
        prover: Prover,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let now = self.now();
        let (Some(claim), Some(user)) = (flow.claim, flow.user) else {
            return Ok(false);
        };
        match self.lock_addresses(tx, user).await {
            Err(Error::Unauthenticated) => return Ok(false),
            locked => locked?,
        };
        let emails = tx.login_emails_of(user).await?;
        let Some(email) = emails.iter().find(|email| email.id == claim) else {
            return Ok(false);
        };
        let stands = email.stands(self.settings().claim_lifetime, now);
        if !stands || self.owner_of(tx, email.address.canonical(), origin).await?.is_some() {
            return Ok(false);
        }
        // One may have been proven since this was claimed (R-EM-04).
        if self.has_lookalike(tx, &email.address).await? {
            return Ok(false);
        }
        let heir = heir(&emails);
        if heir.is_some() && prover == Prover::Reader {
            return Err(Error::Unauthenticated);
        }
        match tx.prove_login_email(claim, user, now).await {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            // Somebody proved it a moment ago: the next try sees that.
            Err(StoreError::Duplicate(_)) => return Err(Error::Store(StoreError::Conflict)),
            Err(error) => return Err(error.into()),
        }
        tx.delete_claims(email.address.canonical(), user).await?;
        let email = LoginEmail { proven: Some(now), ..email.clone() };
        self.record(tx, &Event::EmailProven { email: &email }, origin).await?;
        if prover == Prover::Reader {
            self.hand_over(tx, &emails, &email, origin).await?;
        }
        match heir {
            // The account is proven by one address more (R-SE-06).
            Some(_) => {
                let (keep, notice) = (flow.session, Notice::EmailAdded);
                self.credentials_changed(tx, user, keep, notice, origin).await?;
            }
            // It is proven for the first time, and whoever has it goes on.
            None if email.primary => {}
            None => self.promote(tx, &email, origin).await?,
        }
        Ok(true)
    }

    /// Leaves nothing of what somebody set up in an account whose first address turns out to be another one's: who reads
    /// it, owns the account, gets in by mail, and chooses a password by a reset.
    async fn hand_over(
        &self,
        tx: &mut S::Tx<'_>,
        emails: &[LoginEmail],
        proven: &LoginEmail,
        origin: &Origin,
    ) -> Result<(), Error> {
        let user = proven.user;
        for claim in emails.iter().filter(|claim| claim.id != proven.id) {
            self.delete_email(tx, claim, origin).await?;
        }
        let (cause, reason) = (CompromiseCause::Objection, EndReason::CredentialsChanged);
        self.revoke_password(tx, user, cause, reason, origin).await?;
        if tx.delete_totp(user).await? {
            self.record(tx, &Event::TotpDisabled { user }, origin).await?;
        }
        tx.replace_recovery_codes(user, &[], self.now()).await?;
        self.notify(tx, user, Notice::EmailAdded).await
    }

    /// The verification under way whose code was typed. All of them count the attempt before any is looked at: the
    /// user may have claimed several addresses, and says of none that it is the one.
    async fn shown_to_claims(
        &self,
        user: UserId,
        code: Option<&ShortCode>,
        origin: &Origin,
    ) -> Result<Option<Shown<S::Attrs>>, Error> {
        let mut read = self.read().await?;
        let open = read.open_flows_of(user, Purpose::VerifyEmail, self.now()).await?;
        drop(read);
        let limit = Flow::<S::Attrs>::MAX_ATTEMPTS;
        let counted = unit!(self, |tx| {
            let mut debited = Vec::new();
            for flow in &open {
                if tx.debit_flow(flow.id, flow.position, limit).await? {
                    debited.push(flow.id);
                }
            }
            self.debit_failure(tx, origin, self.now()).await?;
            let mut counted = Vec::new();
            for flow in &open {
                let key = self.code_budget(flow);
                let attempt = tx.debit_attempt(key, &Delays::NONE, self.now()).await?;
                if attempt && debited.contains(&flow.id) {
                    counted.push(flow.id);
                }
            }
            Ok(counted)
        })?;
        let Some(code) = code else { return Ok(None) };
        let proof = Proof::Typed(code.clone());
        let mut counted = open.into_iter().filter(|flow| counted.contains(&flow.id));
        let right = counted.find(|flow| {
            let answer = CodeAnswer { proof: &proof, state: None, client: flow.client };
            flow.accept_code(self.keys(), &answer, self.now()).is_ok()
        });
        Ok(right.map(|flow| Shown { flow, proof }))
    }

    /// Mails a fresh code for a flow under way; the old one dies. Says nothing about what it found.
    pub async fn resend_code(
        &self,
        handle: &FlowToken,
        state: &FlowState,
        origin: &Origin,
    ) -> Result<(), Error> {
        unit!(self, |tx| {
            let now = self.now();
            self.debit_requests(tx, origin, now).await?;
            let mine = self.flow_of(tx, handle).await?.filter(|flow| {
                flow.is_open(now).is_ok()
                    && flow.client == origin.client
                    && flow.accepts_state(self.keys(), Some(state))
            });
            match mine.and_then(|flow| Some((Letter::again(flow.purpose)?, flow))) {
                Some((letter, flow)) => self.renew_codes(tx, &flow, letter, origin, now).await,
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
        unit!(self, |tx| {
            let now = self.now();
            self.debit_requests(tx, origin, now).await?;
            let claims = tx.login_emails_of(user).await?;
            let code = Letter::of_claim(&claims);
            let claim = claims.into_iter().find(|claim| {
                claim.proven.is_none() && claim.address.canonical() == email.canonical()
            });
            match (claim, tx.user(user).await?) {
                (Some(claim), Some(user)) => self.mail_claim(tx, &user, &claim, code, origin).await,
                (None, _) | (_, None) => self.queue_nothing(tx, now).await,
            }
        })
    }
}
