//! What callers do, each under the name that tells the courses apart.

use std::time::Duration;

use durward_core::accounts::{
    CodeAttempt, FactorAttempt, IssuedSession, NewPasswordAttempt, PasswordChange, PasswordReset,
    VerificationAttempt,
};
use durward_core::entity::TotpCode;
use durward_core::{
    Caller as Client, CompromiseCause, EmailAddress, FlowState, FlowToken, FreshUser, Origin,
    UserStatus, unit,
};
use durward_testing::given::{self, PASSWORD};

use crate::model::explorer::Caller;
use crate::model::given::{ADA, Begun, Given};
use crate::support::try_password;

/// A password that Ada did not have before.
pub(crate) const NEW: &str = "nine yellow kites at noon";

/// Somebody who does something to Ada, or to another session of hers.
pub(crate) type Against = for<'a> fn(&'a Given, &'a IssuedSession) -> Caller<'a>;

impl Given {
    /// Logs Ada in by her password.
    pub(crate) fn logs_in(&self) -> Caller<'_> {
        Caller::new("login", || async { try_password(&self.it, ADA, PASSWORD).await.into() })
    }

    /// Logs out by the session token, which counts also when a refresh has replaced it.
    pub(crate) fn logs_out<'a>(&'a self, session: &'a IssuedSession) -> Caller<'a> {
        let it = &self.it;
        Caller::new("logout", move || async move {
            it.accounts().logout(&session.token, &it.origin()).await.is_ok().into()
        })
    }

    pub(crate) fn refreshes<'a>(
        &'a self,
        name: &'static str,
        session: &'a IssuedSession,
    ) -> Caller<'a> {
        let it = &self.it;
        Caller::new(name, move || async move {
            it.accounts().refresh(&session.refresh, &it.origin()).await.into()
        })
    }

    pub(crate) fn answers_code<'a>(
        &'a self,
        name: &'static str,
        code: &'a CodeAttempt,
        state: &'a FlowState,
    ) -> Caller<'a> {
        let it = &self.it;
        Caller::new(name, move || async move {
            it.accounts().answer_code(code, state, &it.origin()).await.into()
        })
    }

    /// Asks for another code in the place of the one that was mailed.
    pub(crate) fn renews_code<'a>(&'a self, begun: &'a Begun) -> Caller<'a> {
        let it = &self.it;
        Caller::new("renew", move || async move {
            let (handle, state) = (&begun.step.handle, &begun.state);
            it.accounts().resend_code(handle, state, &it.origin()).await.is_ok().into()
        })
    }

    pub(crate) fn answers_factor<'a>(
        &'a self,
        name: &'static str,
        attempt: &'a FactorAttempt,
        state: &'a FlowState,
    ) -> Caller<'a> {
        let it = &self.it;
        Caller::new(name, move || async move {
            it.accounts().answer_factor(attempt, state, &it.origin()).await.into()
        })
    }

    pub(crate) fn confirms_app<'a>(
        &'a self,
        user: &'a FreshUser,
        enrolment: &'a (FlowToken, TotpCode),
    ) -> Caller<'a> {
        let (it, (handle, code)) = (&self.it, enrolment);
        Caller::new("enrolment", move || async move {
            let origin = it.origin();
            let codes = it.accounts().confirm_totp(user, Some(handle), Some(code), &origin);
            codes.await.is_ok().into()
        })
    }

    pub(crate) fn changes_password<'a>(&'a self, client: &'a Client) -> Caller<'a> {
        let it = &self.it;
        Caller::new("change", move || async move {
            let (current, password) = (Some(given::password(PASSWORD)), given::password(NEW));
            let change = PasswordChange { current, password };
            it.accounts().change_password(client, &change, &it.origin()).await.is_ok().into()
        })
    }

    pub(crate) fn resets_password<'a>(
        &'a self,
        code: &'a CodeAttempt,
        state: &'a FlowState,
    ) -> Caller<'a> {
        let it = &self.it;
        Caller::new("reset", move || async move {
            let (attempt, state) = (Some(code.clone()), state.clone());
            let reset = PasswordReset { attempt, state, password: given::password(NEW) };
            it.accounts().confirm_reset(reset, &it.origin()).await.is_ok().into()
        })
    }

    /// Marks the password, at a moment of its own.
    pub(crate) fn marks_password(&self) -> Caller<'_> {
        let (it, cause) = (&self.it, CompromiseCause::Reported);
        Caller::new("mark", move || async move {
            let (accounts, origin) = (it.accounts(), it.origin());
            let marked = unit!(accounts, |tx| {
                it.clock().advance(Duration::from_millis(1));
                accounts.mark_password(tx, self.ada.user, cause, &origin).await
            });
            marked.is_ok().into()
        })
    }

    /// Has a reset mailed, and the present password be worth nothing.
    pub(crate) fn revokes_password(&self) -> Caller<'_> {
        let it = &self.it;
        Caller::new("revocation", move || async move {
            let (accounts, origin, user) = (it.accounts(), it.origin(), self.ada.user);
            let started = unit!(accounts, |tx| accounts.start_reset(tx, user, true, &origin).await);
            started.is_ok().into()
        })
    }

    /// Answers the step that asks for another password.
    pub(crate) fn chooses<'a>(
        &'a self,
        name: &'static str,
        begun: &'a Begun,
        password: &'static str,
    ) -> Caller<'a> {
        let it = &self.it;
        Caller::new(name, move || async move {
            let (handle, password) = (Some(begun.step.handle.clone()), given::password(password));
            let attempt = NewPasswordAttempt { handle, password };
            it.accounts().answer_new_password(attempt, &begun.state, &it.origin()).await.into()
        })
    }

    pub(crate) fn proves_address<'a>(
        &'a self,
        name: &'static str,
        by: &'a IssuedSession,
        code: &'a VerificationAttempt,
    ) -> Caller<'a> {
        let it = &self.it;
        Caller::new(name, move || async move {
            let (actor, session) = (Some(by.user), Some(by.session));
            let origin = Origin { actor, session, ..it.origin() };
            it.accounts().verify_email(code, None, &origin).await.is_ok().into()
        })
    }

    /// Gives addresses up, and claims them again.
    pub(crate) fn claims_again<'a>(
        &'a self,
        by: &'a FreshUser,
        addresses: &'a [EmailAddress],
    ) -> Caller<'a> {
        let it = &self.it;
        Caller::new("again", move || async move {
            let (accounts, actor, session) = (it.accounts(), Some(by.id()), Some(by.session()));
            let origin = Origin { actor, session, ..it.origin() };
            let removed = accounts.remove_emails(by, addresses, &origin).await;
            let claimed =
                removed.is_ok() && accounts.claim_emails(by, addresses, &origin).await.is_ok();
            claimed.into()
        })
    }

    pub(crate) fn bans(&self) -> Caller<'_> {
        let it = &self.it;
        Caller::new("ban", move || async move {
            let (accounts, origin, user) = (it.accounts(), it.origin(), self.ada.user);
            let banned = unit!(accounts, |tx| accounts.ban_user(tx, user, &origin).await);
            banned.is_ok_and(|user| user.status == UserStatus::Banned).into()
        })
    }

    /// Deletes Ada, at her own wish.
    pub(crate) fn deletes<'a>(&'a self, by: &'a FreshUser) -> Caller<'a> {
        let it = &self.it;
        Caller::new("deletion", move || async move {
            let (accounts, origin) = (it.accounts(), it.origin());
            let deleted = unit!(accounts, |tx| {
                accounts.delete_user(tx, by.id(), None, by, &origin).await
            });
            deleted.is_ok_and(|user| user.status == UserStatus::Deleted).into()
        })
    }
}
