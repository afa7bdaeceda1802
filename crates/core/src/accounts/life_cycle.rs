use super::Accounts;
use super::budgets::granted;
use super::codes::Shown;
use super::flows::Linked;
use crate::authz::FreshUser;
use crate::email::CanonicalEmail;
use crate::entity::{CodeAnswer, Method, Purpose, User, UserStatus};
use crate::error::Error;
use crate::event::{EndReason, Event};
use crate::ids::UserId;
use crate::mail::{Deletion, Message, Notice};
use crate::origin::Origin;
use crate::store::{
    AuditMut, BudgetsMut, Flows, FlowsMut, LoginEmails, Store, StoreError, Users, UsersMut,
};
use crate::token::CodeToken;

impl<S: Store> Accounts<S> {
    /// Shuts an account, inside the caller's unit of work: sessions, refresh tokens, flows and codes die with
    /// it (R-SE-07). One that is shut already stays so.
    ///
    /// [`Error::Deleted`] for a deleted account, and [`Error::Last`] when nobody else administers.
    pub async fn ban_user(
        &self,
        tx: &mut S::Tx<'_>,
        id: UserId,
        origin: &Origin,
    ) -> Result<User<S::Attrs>, Error> {
        let before = self.present_user(tx, id).await?;
        match before.status {
            UserStatus::Banned => return Ok(before),
            UserStatus::Deleted => return Err(Error::Deleted),
            UserStatus::Active => {}
        }
        let banned = User { status: UserStatus::Banned, ..before.clone() };
        let user = self.replace_user(tx, &before, banned).await?;
        self.end_everything(tx, id, EndReason::Banned, origin).await?;
        self.record(tx, &Event::UserBanned { user: &user }, origin).await?;
        Ok(user)
    }

    /// Opens an account again that was shut, inside the caller's unit of work. [`Error::Deleted`] for a
    /// deleted one.
    pub async fn unban_user(
        &self,
        tx: &mut S::Tx<'_>,
        id: UserId,
        origin: &Origin,
    ) -> Result<User<S::Attrs>, Error> {
        let before = self.present_user(tx, id).await?;
        match before.status {
            UserStatus::Active => return Ok(before),
            UserStatus::Deleted => return Err(Error::Deleted),
            UserStatus::Banned => {}
        }
        let user = self.reactivate(tx, &before, EndReason::Banned, origin).await?;
        self.record(tx, &Event::UserUnbanned { user: &user }, origin).await?;
        Ok(user)
    }

    /// Deletes an account on behalf of its owner or an administrator, inside the caller's unit of work:
    /// everything live dies, its addresses stay reserved, and it can be restored for as long as
    /// [`Settings::deletion_grace`](crate::Settings::deletion_grace) says (R-SE-07, R-DP-01).
    ///
    /// All proven addresses are told, and how to take it back, unless the account was shut: nobody opens that
    /// himself. None of these letters is left out, so deletions have a budget: whoever takes one back by its link and
    /// deletes again is stopped in time (R-TH-06).
    ///
    /// [`Error::Last`] when nobody else administers, or owns one of his organizations that is not archived,
    /// [`Error::Stale`] when `version` is given and no longer the present one, and [`Error::Throttled`] when the account
    /// was deleted often enough lately.
    pub async fn delete_user(
        &self,
        tx: &mut S::Tx<'_>,
        id: UserId,
        version: Option<i64>,
        by: &FreshUser,
        origin: &Origin,
    ) -> Result<User<S::Attrs>, Error> {
        self.still_in(tx, by).await?;
        let before = self.present_user(tx, id).await?;
        if version.is_some_and(|version| version != before.version) {
            return Err(Error::Stale("user"));
        }
        if before.status == UserStatus::Deleted {
            return Ok(before);
        }
        self.check_owns_nothing_alone(tx, &before).await?;
        let key = self.budget(&[b"deletions", id.as_bytes()]);
        let rate = self.settings().limits.notices;
        granted(tx.debit_budget(key, &rate, self.now()).await?, rate)?;
        let erasure = Some(self.now() + self.settings().deletion_grace);
        let deleted = User { status: UserStatus::Deleted, erasure, ..before.clone() };
        let user = self.replace_user(tx, &before, deleted).await?;
        self.end_everything(tx, id, EndReason::Deleted, origin).await?;
        self.tell_of_deletion(tx, &before, &user).await?;
        self.record(tx, &Event::UserDeleted { user: &user }, origin).await?;
        Ok(user)
    }

    /// Takes a deletion back, inside the caller's unit of work; an account that is not deleted stays as it
    /// is. [`Error::NotFound`] when its grace is over.
    pub async fn restore_user(
        &self,
        tx: &mut S::Tx<'_>,
        id: UserId,
        origin: &Origin,
    ) -> Result<User<S::Attrs>, Error> {
        let before = self.present_user(tx, id).await?;
        if before.status != UserStatus::Deleted {
            return Ok(before);
        }
        let user = self.reactivate(tx, &before, EndReason::Deleted, origin).await?;
        self.notify(tx, id, Notice::DeletionCancelled).await?;
        self.record(tx, &Event::UserRestored { user: &user }, origin).await?;
        Ok(user)
    }

    /// Takes a deletion back by the link that its owner was mailed. It does not log in. Every failure is
    /// [`Error::Unauthenticated`].
    pub async fn restore_by_link(&self, code: &CodeToken, origin: &Origin) -> Result<(), Error> {
        let proven = self.try_restoring(code, origin).await;
        self.proven(Method::Email, proven)
    }

    async fn try_restoring(&self, code: &CodeToken, origin: &Origin) -> Result<(), Error> {
        let Some(Shown { flow, proof }) = self.shown_link(code, origin).await? else {
            return Err(self.refuse_flow(None, origin).await);
        };
        let answer = CodeAnswer { proof: &proof, state: None, client: flow.client };
        let accepted = flow.accept_code(self.keys(), &answer, self.now());
        let (Ok(()), Purpose::RestoreAccount, Some(user)) = (accepted, flow.purpose, flow.user)
        else {
            return Err(self.refuse_flow(flow.user, origin).await);
        };
        let restored = unit!(self, |tx| {
            if !tx.finish_flow(flow.id, flow.position, self.now()).await? {
                return Ok(false);
            }
            match self.restore_user(tx, user, origin).await {
                Ok(user) => Ok(user.status == UserStatus::Active),
                Err(Error::NotFound(_)) => Ok(false),
                Err(error) => Err(error),
            }
        })?;
        if restored { Ok(()) } else { Err(self.refuse_flow(flow.user, origin).await) }
    }

    /// Tells all proven addresses of a deletion. They share one link, which lives as long as the grace.
    async fn tell_of_deletion(
        &self,
        tx: &mut S::Tx<'_>,
        before: &User<S::Attrs>,
        user: &User<S::Attrs>,
    ) -> Result<(), Error> {
        let now = self.now();
        let emails = tx.login_emails_of(user.id).await?;
        let proven: Vec<_> = emails.into_iter().filter(|email| email.proven.is_some()).collect();
        let mut link = None;
        if let (UserStatus::Active, Some(first), Some(erasure)) =
            (before.status, proven.first(), user.erasure)
        {
            let linked = Linked {
                purpose: Purpose::RestoreAccount,
                user: user.id,
                email: &first.address,
                claim: None,
                created: now,
                expires: erasure,
            };
            link = Some(self.begin_link(tx, linked, now).await?);
        }
        let days = self.settings().deletion_grace.as_secs() / (24 * 60 * 60);
        for email in proven {
            let message = Message::AccountDeleted(Deletion { link: link.clone(), days });
            self.queue_mail(tx, &email.address, message, now).await?;
        }
        Ok(())
    }

    /// Erases the deleted accounts whose grace is over; answers how many. One that a hook wants to keep keeps
    /// no other one waiting.
    pub(super) async fn erase_users(&self, limit: u32) -> Result<u64, Error> {
        let mut read = self.read().await?;
        let due = read.users_to_erase(self.now(), limit).await?;
        drop(read);
        let mut erased = 0;
        for id in due {
            match unit!(self, |tx| self.erase(tx, id, &Origin::default()).await) {
                Ok(done) => erased += u64::from(done),
                Err(Error::Vetoed(veto)) => {
                    tracing::warn!(user.id = %id, %veto, "a hook refused to let a user be erased");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(erased)
    }

    /// Erases everything personal about a user whose grace is over; his audit entries stay, with ids only
    /// (R-DP-01). Answers whether it did.
    async fn erase(&self, tx: &mut S::Tx<'_>, id: UserId, origin: &Origin) -> Result<bool, Error> {
        let erased = tx.erase_user(id, self.now()).await?;
        if erased {
            tx.erase_audit_addresses(id).await?;
            self.record(tx, &Event::UserErased { user: id }, origin).await?;
        }
        Ok(erased)
    }

    /// Who has proven this address. Whoever is gone and was not erased yet is erased now, so that the address
    /// is free at its time and not at that of a chore.
    pub(super) async fn owner_of(
        &self,
        tx: &mut S::Tx<'_>,
        email: &CanonicalEmail,
        origin: &Origin,
    ) -> Result<Option<User<S::Attrs>>, Error> {
        match tx.user_by_email(email).await? {
            Some(owner) if owner.is_gone(self.now()) => {
                self.erase(tx, owner.id, origin).await?;
                Ok(None)
            }
            owner => Ok(owner),
        }
    }

    /// The user with this id, unless he is gone.
    pub(super) async fn present_user(
        &self,
        tx: &mut S::Tx<'_>,
        id: UserId,
    ) -> Result<User<S::Attrs>, Error> {
        let user = tx.user(id).await?.filter(|user| !user.is_gone(self.now()));
        user.ok_or(Error::NotFound("user"))
    }

    /// Writes what a user is to be: the one place where somebody stops administering, and where the last one
    /// who does is kept (R-AZ-05).
    pub(super) async fn replace_user(
        &self,
        tx: &mut S::Tx<'_>,
        before: &User<S::Attrs>,
        after: User<S::Attrs>,
    ) -> Result<User<S::Attrs>, Error> {
        let resigns = before.administers() && !after.administers();
        if resigns && tx.lock_other_administrators(before.id).await? == 0 {
            return Err(Error::Last("administrator"));
        }
        let after = User { version: before.version + 1, updated: self.now(), ..after };
        if tx.update_user(&after, before.version).await? {
            Ok(after)
        } else {
            Err(Error::Store(StoreError::Conflict))
        }
    }

    /// Makes an account active; what slipped in while it was not, beside the unit that shut it, dies first. So do the
    /// other links that take this deletion back: they are not for the next one.
    async fn reactivate(
        &self,
        tx: &mut S::Tx<'_>,
        before: &User<S::Attrs>,
        reason: EndReason,
        origin: &Origin,
    ) -> Result<User<S::Attrs>, Error> {
        self.end_everything(tx, before.id, reason, origin).await?;
        let now = self.now();
        for flow in tx.open_flows_of(before.id, Purpose::RestoreAccount, now).await? {
            tx.finish_flow(flow.id, flow.position, now).await?;
        }
        let active = User { status: UserStatus::Active, erasure: None, ..before.clone() };
        self.replace_user(tx, before, active).await
    }

    /// Ends all sessions of a user with their refresh tokens, all flows with their codes, and his personal keys
    /// (R-SE-07, R-CL-04).
    async fn end_everything(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        reason: EndReason,
        origin: &Origin,
    ) -> Result<(), Error> {
        self.end_what_was_proven(tx, user, None, reason, origin).await?;
        self.revoke_personal_keys(tx, user, origin).await
    }
}
