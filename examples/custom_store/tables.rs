//! The value in the cell, and how its rows are changed.
//!
//! No two units of work ever share a table, so there are no races to think of: what a database must guard in its
//! statements, the swap at the commit guards.

use std::cmp::Reverse;

use durward::budget::BudgetKey;
use durward::entity::{
    Actor, AuditHead, AuditRow, AuditSeal, Bootstrap, Client, ClientOwner, ClientSecret,
    Invitation, LiveActor, Membership, Node, Organization, OutboxMail, StoredPassword, StoredReply,
    Totp,
};
use durward::store::{Result, UserQuery};
use durward::{
    Attrs, CanonicalEmail, Digest, Flow, LoginEmail, Session, SessionId, Slice, StoreError,
    Timestamp, User, UserId,
};

/// The value: everything that is stored.
pub(crate) struct Tables<A: Attrs> {
    pub(crate) users: Vec<User<A>>,
    /// The ids of those who were erased.
    pub(crate) erased: Vec<UserId>,
    pub(crate) emails: Vec<LoginEmail>,
    pub(crate) passwords: Vec<StoredPassword>,
    pub(crate) sessions: Vec<Session<A>>,
    /// Every refresh token that ever was, and whose it is.
    pub(crate) families: Vec<(Digest, SessionId)>,
    pub(crate) flows: Vec<Flow<A>>,
    pub(crate) clients: Vec<Client<A>>,
    pub(crate) secrets: Vec<ClientSecret>,
    /// When each budget is whole again.
    pub(crate) budgets: Vec<(BudgetKey, Timestamp)>,
    /// How often each was failed in a row, and when last.
    pub(crate) failures: Vec<(BudgetKey, u32, Timestamp)>,
    pub(crate) outbox: Vec<OutboxMail>,
    pub(crate) replies: Vec<StoredReply>,
    pub(crate) bootstrap: Option<Bootstrap>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) totps: Vec<Totp>,
    pub(crate) recovery_codes: Vec<(UserId, Digest, Timestamp)>,
    pub(crate) organizations: Vec<Organization<A>>,
    pub(crate) memberships: Vec<Membership<A>>,
    pub(crate) invitations: Vec<Invitation<A>>,
    pub(crate) audit: Vec<AuditRow>,
    pub(crate) audit_seals: Vec<AuditSeal>,
    pub(crate) audit_heads: Vec<AuditHead>,
}

impl<A: Attrs> Default for Tables<A> {
    fn default() -> Self {
        Self {
            users: Vec::new(),
            erased: Vec::new(),
            emails: Vec::new(),
            passwords: Vec::new(),
            sessions: Vec::new(),
            families: Vec::new(),
            flows: Vec::new(),
            clients: Vec::new(),
            secrets: Vec::new(),
            budgets: Vec::new(),
            failures: Vec::new(),
            outbox: Vec::new(),
            replies: Vec::new(),
            bootstrap: None,
            nodes: Vec::new(),
            audit: Vec::new(),
            totps: Vec::new(),
            recovery_codes: Vec::new(),
            organizations: Vec::new(),
            memberships: Vec::new(),
            invitations: Vec::new(),
            audit_seals: Vec::new(),
            audit_heads: Vec::new(),
        }
    }
}

impl<A: Attrs> Clone for Tables<A> {
    fn clone(&self) -> Self {
        Self {
            users: self.users.clone(),
            erased: self.erased.clone(),
            emails: self.emails.clone(),
            passwords: self.passwords.clone(),
            sessions: self.sessions.clone(),
            families: self.families.clone(),
            flows: self.flows.clone(),
            clients: self.clients.clone(),
            secrets: self.secrets.clone(),
            budgets: self.budgets.clone(),
            failures: self.failures.clone(),
            outbox: self.outbox.clone(),
            replies: self.replies.clone(),
            bootstrap: self.bootstrap.clone(),
            nodes: self.nodes.clone(),
            audit: self.audit.clone(),
            totps: self.totps.clone(),
            recovery_codes: self.recovery_codes.clone(),
            organizations: self.organizations.clone(),
            memberships: self.memberships.clone(),
            invitations: self.invitations.clone(),
            audit_seals: self.audit_seals.clone(),
            audit_heads: self.audit_heads.clone(),
        }
    }
}

/// Appends a row whose key is free.
pub(crate) fn insert<T: Clone>(
    rows: &mut Vec<T>,
    row: &T,
    taken: bool,
    what: &'static str,
) -> Result<()> {
    if taken {
        return Err(StoreError::Duplicate(what));
    }
    rows.push(row.clone());
    Ok(())
}

/// Changes the row that the guard lets pass; answers whether there was one.
pub(crate) fn change<T>(
    rows: &mut [T],
    guard: impl Fn(&T) -> bool,
    change: impl FnOnce(&mut T),
) -> bool {
    rows.iter_mut().find(|row| guard(row)).map(change).is_some()
}

/// The part of a list that is asked for, by descending place.
pub(crate) fn part<T, P: Ord>(
    mut rows: Vec<T>,
    slice: Slice<P>,
    place: impl Fn(&T) -> P,
) -> Vec<T> {
    let Slice { after, limit } = slice;
    rows.retain(|row| after.as_ref().is_none_or(|after| place(row) < *after));
    rows.sort_by_key(|row| Reverse(place(row)));
    rows.truncate(limit as usize);
    rows
}

impl<A: Attrs> Tables<A> {
    pub(crate) fn proven(&self, email: &CanonicalEmail) -> Option<&LoginEmail> {
        let mut proven = self.emails.iter().filter(|row| row.proven.is_some());
        proven.find(|row| row.address.canonical() == email)
    }

    /// Removes a user and everything that names him.
    pub(crate) fn erase(&mut self, id: UserId) {
        self.erased.push(id);
        self.users.retain(|row| row.id != id);
        self.emails.retain(|row| row.user != id);
        self.passwords.retain(|row| row.user != id);
        self.flows.retain(|row| row.user != Some(id));
        self.totps.retain(|row| row.user != id);
        self.recovery_codes.retain(|(user, ..)| *user != id);
        self.memberships.retain(|row| row.user != id);
        self.invitations.retain(|row| row.invited_by != id);
        self.sessions.retain(|row| row.user != id);
        self.clients.retain(|row| row.owner != ClientOwner::User(id));
        let Self { families, sessions, clients, secrets, .. } = self;
        secrets.retain(|secret| clients.iter().any(|row| row.id == secret.client));
        families.retain(|(_, session)| sessions.iter().any(|row| row.id == *session));
    }

    pub(crate) fn enrolled(&self, user: UserId) -> Option<&Totp> {
        self.totps.iter().find(|row| row.user == user && row.confirmed.is_some())
    }

    /// An actor as he is now.
    pub(crate) fn live_actor(&self, actor: Actor) -> LiveActor {
        let administers = self.user(actor.id).is_some_and(User::administers);
        let own = self.sessions.iter().find(|row| row.id == actor.session_id);
        let own = own.filter(|own| administers && own.ended.is_none());
        LiveActor { actor, until: own.map(|own| own.expires) }
    }

    /// Whether a user is one of those who are asked for.
    pub(crate) fn fits(&self, user: &User<A>, query: &UserQuery) -> bool {
        let UserQuery { email, status, created_after } = query;
        let claims = |email| {
            let mut of_user = self.emails.iter().filter(|row| row.user == user.id);
            of_user.any(|row| row.address.canonical() == email)
        };
        email.as_ref().is_none_or(claims)
            && status.is_none_or(|status| user.status == status)
            && created_after.is_none_or(|after| user.created > after)
    }

    pub(crate) fn user(&self, id: UserId) -> Option<&User<A>> {
        self.users.iter().find(|user| user.id == id)
    }
}
