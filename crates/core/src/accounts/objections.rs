use super::Accounts;
use super::codes::Shown;
use super::flows::Letter;
use super::login_emails::heir;
use super::notices::Means;
use crate::email::EmailAddress;
use crate::entity::{CodeAnswer, Flow, LoginEmail, Method, Purpose, Seniority};
use crate::error::Error;
use crate::event::{CompromiseCause, EndReason, Event};
use crate::ids::{LoginEmailId, UserId};
use crate::mail::{Message, Notice};
use crate::origin::Origin;
use crate::store::{Flows, FlowsMut, LoginEmails, LoginEmailsMut, Store, StoreError, Users};
use crate::time::Timestamp;
use crate::token::CodeToken;

impl<S: Store> Accounts<S> {
    /// Takes the word of whoever reads a proven address that a change was not his (R-NO-01).
    ///
    /// All sessions, refresh tokens, personal keys and flows under way end, addresses that came later go (see
    /// [`Seniority::outranks`]), a password counts as compromised, an authenticator app that was enrolled then or later
    /// is in doubt, and a code to get back in is mailed to that address, in one transaction. No session is asked for and
    /// none is trusted: who has stolen one cannot do this, and cannot keep anybody from doing it. Good once;
    /// [`Error::Unauthenticated`] for every failure, also when the address is no longer the user's.
    pub async fn report_notice(&self, code: &CodeToken, origin: &Origin) -> Result<(), Error> {
        let flow = self.shown_objection(code, Purpose::ReportNotice, origin).await?;
        let taken = unit!(self, |tx| self.take_report(tx, &flow, origin).await);
        self.settled_objection(taken, &flow, origin).await
    }

    /// Gives an address back the place that a change took from it, on the word of whoever reads it: one that was
    /// removed is the user's again, and it is the primary one (R-EM-07).
    ///
    /// Everything else is as by [`Accounts::report_notice`]: so of two who contend for an account, the one wins who
    /// reads the older address. Good once, and for nothing while somebody else has proven the address.
    pub async fn revert_email(&self, code: &CodeToken, origin: &Origin) -> Result<(), Error> {
        let flow = self.shown_objection(code, Purpose::RevertEmail, origin).await?;
        let taken = unit!(self, |tx| self.take_revert(tx, &flow, origin).await);
        self.settled_objection(taken, &flow, origin).await
    }

    async fn take_report(
        &self,
        tx: &mut S::Tx<'_>,
        flow: &Flow<S::Attrs>,
        origin: &Origin,
    ) -> Result<(), Error> {
        let user = self.open_objection(tx, flow).await?;
        let emails = tx.login_emails_of(user).await?;
        let reader = emails.iter().find(|email| {
            email.proven.is_some() && email.address.canonical() == flow.email.canonical()
        });
        let reader = reader.ok_or(Error::Unauthenticated)?;
        self.record(tx, &Event::NoticeReported { user, email: reader.id }, origin).await?;
        let seniority = Seniority { claimed: reader.created, objected: flow.created };
        self.remove_younger(tx, user, seniority, &reader.address, origin).await?;
        let left = tx.login_emails_of(user).await?;
        if let Some(heir) = heir(&left).filter(|heir| !heir.primary) {
            self.promote(tx, heir, origin).await?;
        }
        self.secure(tx, user, &reader.address, flow.created, origin).await
    }

    async fn take_revert(
        &self,
        tx: &mut S::Tx<'_>,
        flow: &Flow<S::Attrs>,
        origin: &Origin,
    ) -> Result<(), Error> {
        let user = self.open_objection(tx, flow).await?;
        let claim = flow.claim.ok_or(Error::Unauthenticated)?;
        let claimed = claim.made();
        let seniority = Seniority { claimed, objected: flow.created };
        self.remove_younger(tx, user, seniority, &flow.email, origin).await?;
        let email = self.put_back(tx, user, claim, &flow.email, origin).await?;
        if !email.primary {
            self.promote(tx, &email, origin).await?;
        }
        self.record(tx, &Event::EmailReverted { email: &email }, origin).await?;
        for other in tx.login_emails_of(user).await? {
            if other.proven.is_some() && other.id != email.id {
                let notice = Notice::EmailReverted;
                self.tell(tx, user, &other.address, notice, Means::Report).await?;
            }
        }
        self.secure(tx, user, &email.address, flow.created, origin).await
    }

    /// Spends an objection, and holds off other changes of the addresses of its user. Whatever is wrong undoes the
    /// unit, so that a link that is good for nothing now may be good later.
    async fn open_objection(
        &self,
        tx: &mut S::Tx<'_>,
        flow: &Flow<S::Attrs>,
    ) -> Result<UserId, Error> {
        if !tx.finish_flow(flow.id, flow.position, self.now()).await? {
            return Err(Error::Unauthenticated);
        }
        let id = flow.user.ok_or(Error::Unauthenticated)?;
        let user = tx.user(id).await?.filter(|user| !user.is_gone(self.now()));
        self.lock_user(tx, user.ok_or(Error::Unauthenticated)?).await?;
        Ok(id)
    }

    /// The address of a reverted change, which is the user's again if it was not.
    async fn put_back(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        claim: LoginEmailId,
        address: &EmailAddress,
        origin: &Origin,
    ) -> Result<LoginEmail, Error> {
        let canonical = address.canonical();
        for email in tx.login_emails_of(user).await? {
            if email.address.canonical() == canonical {
                if email.proven.is_some() {
                    return Ok(email);
                }
                self.delete_email(tx, &email, origin).await?;
            }
        }
        if self.owner_of(tx, canonical, origin).await?.is_some() {
            return Err(Error::Unauthenticated);
        }
        let email = LoginEmail {
            id: claim,
            user,
            address: address.clone(),
            // Whoever sent the code of the mail has just read it.
            proven: Some(self.now()),
            primary: false,
            created: claim.made(),
        };
        match tx.insert_login_email(&email).await {
            // Somebody proved it a moment ago: the next try sees that.
            Err(StoreError::Duplicate(_)) => return Err(Error::Store(StoreError::Conflict)),
            inserted => inserted?,
        }
        tx.delete_claims(canonical, user).await?;
        self.record(tx, &Event::EmailProven { email: &email }, origin).await?;
        Ok(email)
    }

    /// Removes the addresses that an objection from this one outranks, and with them the links by which such a one could come
    /// back (R-EM-07). Whoever reads them is told, and can do nothing about it.
    async fn remove_younger(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        seniority: Seniority,
        from: &EmailAddress,
        origin: &Origin,
    ) -> Result<(), Error> {
        for email in tx.login_emails_of(user).await? {
            let other = email.address.canonical() != from.canonical();
            if other && seniority.outranks(email.created) {
                self.delete_email(tx, &email, origin).await?;
                if email.proven.is_some() {
                    let notice = Notice::EmailRemoved;
                    self.tell(tx, user, &email.address, notice, Means::Nothing).await?;
                }
            }
        }
        let now = self.now();
        for flow in tx.open_flows_of(user, Purpose::RevertEmail, now).await? {
            if flow.claim.is_some_and(|claim| seniority.outranks(claim.made())) {
                tx.finish_flow(flow.id, flow.position, now).await?;
            }
        }
        Ok(())
    }

    async fn settled_objection(
        &self,
        taken: Result<(), Error>,
        flow: &Flow<S::Attrs>,
        origin: &Origin,
    ) -> Result<(), Error> {
        match taken {
            Err(Error::Unauthenticated) => Err(self.refuse_flow(flow.user, origin).await),
            settled => self.proven(Method::Email, settled),
        }
    }

    /// The flow that this link leads to, if an objection may be made there.
    async fn shown_objection(
        &self,
        code: &CodeToken,
        purpose: Purpose,
        origin: &Origin,
    ) -> Result<Flow<S::Attrs>, Error> {
        let Some(Shown { flow, proof }) = self.linked(code).await? else {
            return Err(self.refuse_flow(None, origin).await);
        };
        let answer = CodeAnswer { proof: &proof, state: None, client: flow.client };
        let accepted = flow.accept_code(self.keys(), &answer, self.now());
        if accepted.is_err() || flow.purpose != purpose {
            return Err(self.refuse_flow(flow.user, origin).await);
        }
        Ok(flow)
    }

    /// Ends everything that could be in the wrong hands since something that was objected to, and mails a code to get
    /// back in.
    async fn secure(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        to: &EmailAddress,
        objected: Timestamp,
        origin: &Origin,
    ) -> Result<(), Error> {
        let (cause, reason) = (CompromiseCause::Objection, EndReason::Objection);
        self.revoke_password(tx, user, cause, reason, origin).await?;
        self.doubt_factors(tx, user, objected, origin).await?;
        let room = self.debit_notice(tx, to, ["recovery", "code"], self.now()).await?;
        let letter = if room { Letter::Granted(Message::Recovery) } else { Letter::Nothing };
        self.mail_reset(tx, user, to, letter, origin).await
    }
}
