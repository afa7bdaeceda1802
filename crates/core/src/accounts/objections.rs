use super::Accounts;
use super::codes::Shown;
use super::flows::{Beginning, Letter};
use crate::email::EmailAddress;
use crate::entity::{CodeAnswer, Flow, Purpose};
use crate::error::Error;
use crate::event::{EndReason, Event};
use crate::ids::UserId;
use crate::origin::Origin;
use crate::store::{FlowsMut, LoginEmails, Store};
use crate::token::CodeToken;

impl<S: Store> Accounts<S> {
    /// Takes the word of whoever reads a proven address that a change was not his (R-NO-01).
    ///
    /// All sessions, refresh tokens, personal keys and flows under way end, a password counts as compromised, and a code to get
    /// back in is mailed to that address, in one transaction. No session is asked for and none is trusted: who
    /// has stolen one cannot do this, and cannot keep anybody from doing it. Good once;
    /// [`Error::Unauthenticated`] for every failure, also when the address is no longer the user's.
    pub async fn report_notice(&self, code: &CodeToken, origin: &Origin) -> Result<(), Error> {
        let flow = self.shown_objection(code, Purpose::ReportNotice, origin).await?;
        let taken = unit!(self, |tx, _| self.take_report(tx, &flow, origin).await)?;
        if taken { Ok(()) } else { Err(self.refuse_flow(flow.user, origin).await) }
    }

    async fn take_report(
        &self,
        tx: &mut S::Tx<'_>,
        flow: &Flow<S::Attrs>,
        origin: &Origin,
    ) -> Result<bool, Error> {
        if !tx.finish_flow(flow.id, flow.position, self.now()).await? {
            return Ok(false);
        }
        let Some(user) = flow.user else {
            return Ok(false);
        };
        let emails = tx.login_emails_of(user).await?;
        let reader = emails.iter().find(|email| {
            email.proven.is_some() && email.address.canonical() == flow.email.canonical()
        });
        let Some(reader) = reader else {
            return Ok(false);
        };
        self.record(tx, &Event::NoticeReported { user, email: reader.id }, origin).await?;
        self.secure(tx, user, &reader.address, origin).await?;
        Ok(true)
    }

    /// The flow that this link leads to, if an objection may be made there.
    pub(super) async fn shown_objection(
        &self,
        code: &CodeToken,
        purpose: Purpose,
        origin: &Origin,
    ) -> Result<Flow<S::Attrs>, Error> {
        let Some(Shown { flow, proof }) = self.shown_link(code).await? else {
            return Err(self.refuse_flow(None, origin).await);
        };
        let answer = CodeAnswer { proof: &proof, state: None, client: flow.client };
        let accepted = flow.accept_code(self.keys(), &answer, self.now());
        if accepted.is_err() || flow.purpose != purpose {
            return Err(self.refuse_flow(flow.user, origin).await);
        }
        Ok(flow)
    }

    /// Ends everything that could be in the wrong hands, and mails a code to get back in.
    pub(super) async fn secure(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        to: &EmailAddress,
        origin: &Origin,
    ) -> Result<(), Error> {
        self.end_what_was_proven(tx, user, None, EndReason::Objection, origin).await?;
        self.revoke_personal_keys(tx, user, origin).await?;
        self.mark_password(tx, user, origin).await?;
        let beginning = Beginning {
            purpose: Purpose::ResetPassword,
            email: to,
            // Whoever objected need not be where the code is used.
            state: None,
            user: Some(user),
            claim: None,
            methods: Vec::new(),
            pending: None,
            letter: Letter::Recovery,
        };
        self.begin_flow(tx, beginning, origin).await.map(drop)
    }
}
