//! A store and a hasher that write down what they are asked, so that two flows can be compared by what they
//! cost.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use durward_core::budget::{BudgetKey, Debit, Delays, Rate};
use durward_core::entity::{
    AuditEntry, AuditHead, AuditRow, AuditSeal, Bootstrap, Client, ClientMatch, ClientOwner,
    ClientSecret, Compromise, Flow, FoundClient, FoundOrganization, FoundUser, Invitation,
    LiveClient, LiveSession, LoginEmail, Member, Membership, Node, Organization, OrganizationMatch,
    OutboxMail, OwnMembership, PasswordLogin, Purpose, SearchKey, Session, SessionFamily,
    StoredPassword, StoredReply, Totp, User, UserMatch, UserPlace,
};
use durward_core::ids::{
    AuditId, ClientId, FlowId, InvitationId, LoginEmailId, MailId, MembershipId, NodeId,
    OrganizationId, SecretId, SessionId, TotpId, UserId,
};
use durward_core::password::{Admission, HashError, Verdict};
use durward_core::store::{
    Audit, AuditMut, AuditQuery, Bootstraps, BootstrapsMut, BudgetsMut, ClientQuery, Clients,
    ClientsMut, Dossier, Factors, FactorsMut, Flows, FlowsMut, Invitations, InvitationsMut,
    Leftover, LeftoversMut, LoginEmails, LoginEmailsMut, MailCounts, Memberships, MembershipsMut,
    Nodes, NodesMut, OrganizationQuery, Organizations, OrganizationsMut, Outbox, OutboxMut,
    Passwords, PasswordsMut, Replies, RepliesMut, Result, SessionQuery, Sessions, SessionsMut, Tx,
    UserQuery, Users, UsersMut,
};
use durward_core::{
    Attrs, CanonicalEmail, Digest, Password, PasswordHash, PasswordHasher, Slice, Store,
    StoreError, Timestamp,
};

use crate::conduct::{Conduct, reworded};

/// What was asked, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace(Arc<Mutex<Vec<&'static str>>>);

impl Trace {
    pub(crate) fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }

    /// What was asked since this was last called.
    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A store that writes down what it is asked, that can lose races on demand, and conducts itself as it is told.
#[derive(Clone, Debug, Default)]
pub(crate) struct TracedStore<S> {
    store: S,
    trace: Trace,
    conflicts: Arc<AtomicU32>,
    conduct: Arc<Mutex<Conduct>>,
}

impl<S> TracedStore<S> {
    pub(crate) fn trace(&self) -> &Trace {
        &self.trace
    }

    pub(crate) fn inner(&self) -> &S {
        &self.store
    }

    /// How the store conducts itself from now on.
    pub(crate) fn conduct(&self, conduct: Conduct) {
        *self.conduct.lock().unwrap() = conduct;
    }

    fn handle<T>(&self, inner: T, unit: bool) -> Traced<T> {
        let (trace, conflicts) = (self.trace.clone(), Arc::clone(&self.conflicts));
        let conduct = *self.conduct.lock().unwrap();
        Traced { inner, trace, conflicts, conduct, unit }
    }

    /// Lets the next commits fail as if another unit of work had got there first.
    pub(crate) fn lose_races(&self, count: u32) {
        self.conflicts.store(count, Ordering::SeqCst);
    }
}

pub(crate) struct Traced<T> {
    inner: T,
    trace: Trace,
    conflicts: Arc<AtomicU32>,
    conduct: Conduct,
    unit: bool,
}

impl<S: Store> Store for TracedStore<S> {
    type Attrs = S::Attrs;
    type Read<'c> = Traced<S::Read<'c>>;
    type Tx<'c> = Traced<S::Tx<'c>>;

    async fn read(&self) -> Result<Self::Read<'_>> {
        self.trace.note("read");
        Ok(self.handle(self.store.read().await?, false))
    }

    async fn begin(&self) -> Result<Self::Tx<'static>> {
        self.trace.note("begin");
        let conduct = *self.conduct.lock().unwrap();
        conduct.step().await;
        Ok(self.handle(self.store.begin().await?, true))
    }

    async fn pause(&self, wait: Duration) {
        self.trace.note("pause");
        if !self.conduct.lock().unwrap().yields {
            self.store.pause(wait).await;
        }
    }
}

impl<A: Attrs, T: Tx<A>> Tx<A> for Traced<T> {
    async fn commit(self) -> Result<()> {
        self.trace.note("commit");
        let lost = self
            .conflicts
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match lost {
            Ok(_) => Err(StoreError::Conflict),
            Err(_none_left) => self.inner.commit().await,
        }
    }
}

macro_rules! traced {
    ($([$($generics:tt)*] $port:path {
        $($call:ident($($name:ident: $type:ty),*) -> $answer:ty;)*
    })*) => {$(
        impl<$($generics)*> $port for Traced<T> {
            $(async fn $call(&mut self, $($name: $type),*) -> Result<$answer> {
                self.trace.note(stringify!($call));
                if !self.unit {
                    self.conduct.step().await;
                }
                let mut answer = match self.conduct.skip(stringify!($call)) {
                    Some(answer) => answer,
                    None => self.inner.$call($($name),*).await.map_err(reworded)?,
                };
                self.conduct.alter(stringify!($call), &mut answer);
                Ok(answer)
            })*
        }
    )*};
}

traced! {
    [A: Attrs, T: Users<A> + Send] Users<A> {
        user(id: UserId) -> Option<User<A>>;
        user_by_email(email: &CanonicalEmail) -> Option<User<A>>;
        list_users(query: &UserQuery, slice: Slice<UserPlace>) -> Vec<User<A>>;
        search_users(begin: &SearchKey, query: &UserQuery, slice: Slice<UserMatch>)
            -> Vec<FoundUser<A>>;
        users_to_erase(now: Timestamp, limit: u32) -> Vec<UserId>;
    }
    [A: Attrs, T: UsersMut<A> + Send] UsersMut<A> {
        insert_user(user: &User<A>) -> ();
        update_user(user: &User<A>, from: i64) -> bool;
        lock_other_administrators(user: UserId) -> u64;
        erase_user(id: UserId, now: Timestamp) -> bool;
    }
    [T: LoginEmails + Send] LoginEmails {
        login_email(id: LoginEmailId) -> Option<LoginEmail>;
        login_emails_of(user: UserId) -> Vec<LoginEmail>;
        proven_email(email: &CanonicalEmail) -> Option<LoginEmail>;
        proven_lookalikes(skeleton: &str) -> Vec<LoginEmail>;
    }
    [T: LoginEmailsMut + Send] LoginEmailsMut {
        insert_login_email(email: &LoginEmail) -> ();
        prove_login_email(id: LoginEmailId, user: UserId, now: Timestamp) -> bool;
        promote_login_email(id: LoginEmailId, user: UserId) -> bool;
        delete_login_email(id: LoginEmailId, user: UserId) -> bool;
        delete_claims(email: &CanonicalEmail, except: UserId) -> u64;
    }
    [T: Passwords + Send] Passwords {
        password(user: UserId) -> Option<StoredPassword>;
        password_login(email: &CanonicalEmail) -> Option<PasswordLogin>;
    }
    [T: PasswordsMut + Send] PasswordsMut {
        insert_password(password: &StoredPassword) -> ();
        update_password(password: &StoredPassword, from: &PasswordHash) -> bool;
        mark_password(user: UserId, compromise: &Compromise) -> bool;
        outdate_password(user: UserId) -> ();
        replace_password_hash(seen: &StoredPassword, new: &PasswordHash) -> bool;
    }
    [A: Attrs, T: Sessions<A> + Send] Sessions<A> {
        session(id: SessionId) -> Option<Session<A>>;
        session_by_token(token: &Digest) -> Option<LiveSession<A>>;
        session_by_refresh(refresh: &Digest) -> Option<SessionFamily<A>>;
        sessions_of(user: UserId) -> Vec<Session<A>>;
        live_sessions(
                query: &SessionQuery,
            now: Timestamp,
            slice: Slice<SessionId>
        ) -> Vec<Session<A>>;
    }
    [A: Attrs, T: SessionsMut<A> + Send] SessionsMut<A> {
        insert_session(session: &Session<A>) -> ();
        rotate_session(session: &Session<A>, from: &Digest) -> bool;
        remember_token(session: SessionId, token: &Digest) -> ();
        lock_session(id: SessionId) -> ();
        end_session(id: SessionId, now: Timestamp) -> bool;
        end_sessions_of(user: UserId, except: Option<SessionId>, now: Timestamp) -> u64;
    }
    [A: Attrs, T: Flows<A> + Send] Flows<A> {
        flow_by_handle(handle: &Digest) -> Option<Flow<A>>;
        flow_by_link(link: &Digest) -> Option<Flow<A>>;
        open_flows_of(user: UserId, purpose: Purpose, now: Timestamp) -> Vec<Flow<A>>;
    }
    [A: Attrs, T: FlowsMut<A> + Send] FlowsMut<A> {
        insert_flow(flow: &Flow<A>) -> ();
        debit_flow(id: FlowId, position: u32, limit: u32) -> bool;
        advance_flow(flow: &Flow<A>, from: u32, mails: u32) -> bool;
        finish_flow(id: FlowId, position: u32, now: Timestamp) -> bool;
        finish_flows_of(user: UserId, now: Timestamp) -> u64;
    }
    [T: BudgetsMut + Send] BudgetsMut {
        debit_budget(key: BudgetKey, rate: &Rate, now: Timestamp) -> Debit;
        refund_budget(key: BudgetKey, rate: &Rate) -> ();
        debit_attempt(key: BudgetKey, delays: &Delays, now: Timestamp) -> bool;
        reset_attempts(key: BudgetKey) -> ();
    }
    [A: Attrs, T: Clients<A> + Send] Clients<A> {
        client(id: ClientId) -> Option<Client<A>>;
        clients_of(owner: ClientOwner, slice: Slice<ClientId>) -> Vec<Client<A>>;
        list_clients(query: &ClientQuery<A>, slice: Slice<ClientId>) -> Vec<Client<A>>;
        search_clients(
            begin: &SearchKey,
            query: &ClientQuery<A>,
            slice: Slice<ClientMatch>
        ) -> Vec<FoundClient<A>>;
        live_secrets_of(client: ClientId, now: Timestamp) -> Vec<ClientSecret>;
        live_client(id: ClientId) -> Option<LiveClient<A>>;
        live_client_by_secret(secret: &Digest) -> Option<LiveClient<A>>;
    }
    [A: Attrs, T: ClientsMut<A> + Send] ClientsMut<A> {
        insert_client(client: &Client<A>, most: u32) -> bool;
        update_client(client: &Client<A>, from: i64) -> bool;
        delete_client(id: ClientId, from: i64) -> bool;
        insert_secret(secret: &ClientSecret, now: Timestamp) -> bool;
        revoke_secret(client: ClientId, id: SecretId, now: Timestamp) -> bool;
        expire_secrets(client: ClientId, except: SecretId, at: Timestamp) -> u64;
        revoke_secrets_of(user: UserId, now: Timestamp) -> u64;
        touch_client(id: ClientId, secret: Option<SecretId>, at: Timestamp) -> ();
    }
    [T: Outbox + Send] Outbox {
        mail(id: MailId) -> Option<OutboxMail>;
        due_mail(now: Timestamp, limit: u32) -> Vec<OutboxMail>;
        dead_mail(limit: u32) -> Vec<OutboxMail>;
        count_mail() -> MailCounts;
    }
    [T: OutboxMut + Send] OutboxMut {
        insert_mail(mail: &OutboxMail) -> ();
        lease_mail(id: MailId, due: Timestamp, until: Timestamp) -> bool;
        settle_mail(mail: &OutboxMail, until: Timestamp) -> bool;
    }
    [T: Bootstraps + Send] Bootstraps {
        bootstrap() -> Option<Bootstrap>;
    }
    [T: BootstrapsMut + Send] BootstrapsMut {
        replace_bootstrap(link: &Bootstrap) -> ();
        spend_bootstrap(code: &Digest, now: Timestamp) -> bool;
    }
    [T: Nodes + Send] Nodes {
        live_nodes(now: Timestamp) -> Vec<Node>;
    }
    [T: NodesMut + Send] NodesMut {
        register_node(node: &Node, now: Timestamp) -> ();
        renew_node(id: NodeId, expires: Timestamp) -> bool;
        delete_node(id: NodeId) -> bool;
    }
    [T: Replies + Send] Replies {
        reply(key: &Digest) -> Option<StoredReply>;
    }
    [T: RepliesMut + Send] RepliesMut {
        insert_reply(reply: &StoredReply, now: Timestamp) -> ();
    }
    [A: Attrs, T: Dossier<A> + Send] Dossier<A> {
        every_session_of(user: UserId, slice: Slice<SessionId>) -> Vec<Session<A>>;
        every_flow_of(user: UserId, slice: Slice<FlowId>) -> Vec<Flow<A>>;
        every_invitation_to(user: UserId, slice: Slice<InvitationId>) -> Vec<Invitation<A>>;
    }
    [T: Audit + Send] Audit {
        audit_entries(query: &AuditQuery) -> Vec<AuditEntry>;
        audit_rows(after: Option<AuditId>, limit: u32) -> Vec<AuditRow>;
        unsealed_audit(after: Option<&AuditEntry>, limit: u32) -> Vec<AuditRow>;
        sealed_audit(organization: Option<OrganizationId>, seal: u32) -> Vec<AuditRow>;
        audit_seals(organization: Option<OrganizationId>, after: u32, limit: u32) -> Vec<AuditSeal>;
        audit_head(organization: Option<OrganizationId>) -> Option<AuditHead>;
        audit_heads(after: Option<OrganizationId>, limit: u32) -> Vec<AuditHead>;
    }
    [T: AuditMut + Send] AuditMut {
        insert_audit(row: &AuditRow) -> ();
        insert_audit_seal(seal: &AuditSeal) -> u64;
        advance_audit_head(head: &AuditHead, from: u32) -> bool;
        erase_audit_addresses(user: UserId) -> u64;
    }
    [T: LeftoversMut + Send] LeftoversMut {
        delete_leftovers(what: Leftover, before: Timestamp, limit: u32) -> u64;
    }
    [T: Factors + Send] Factors {
        totp(user: UserId) -> Option<Totp>;
        totp_enrolment(handle: &Digest) -> Option<Totp>;
        count_recovery_codes(user: UserId) -> u64;
    }
    [T: FactorsMut + Send] FactorsMut {
        insert_totp(totp: &Totp) -> ();
        confirm_totp(id: TotpId, step: u64, now: Timestamp) -> bool;
        spend_totp_step(id: TotpId, step: u64) -> bool;
        doubt_totp(user: UserId, since: Timestamp, now: Timestamp) -> bool;
        trust_totp(id: TotpId) -> bool;
        delete_totp(user: UserId) -> bool;
        replace_recovery_codes(user: UserId, codes: &[Digest], now: Timestamp) -> ();
        delete_recovery_codes(user: UserId, since: Timestamp) -> u64;
        spend_recovery_code(user: UserId, code: &Digest) -> bool;
    }
    [A: Attrs, T: Organizations<A> + Send] Organizations<A> {
        organization(id: OrganizationId) -> Option<Organization<A>>;
        organizations_of(user: UserId, slice: Slice<OrganizationId>)
            -> Vec<OwnMembership<A>>;
        list_organizations(query: &OrganizationQuery, slice: Slice<OrganizationId>)
            -> Vec<Organization<A>>;
        search_organizations(
            begin: &SearchKey,
            query: &OrganizationQuery,
            slice: Slice<OrganizationMatch>
        ) -> Vec<FoundOrganization<A>>;
    }
    [A: Attrs, T: Memberships<A> + Send] Memberships<A> {
        membership(id: MembershipId) -> Option<Membership<A>>;
        membership_of(organization: OrganizationId, user: UserId)
            -> Option<Membership<A>>;
        members_of(organization: OrganizationId, slice: Slice<MembershipId>)
            -> Vec<Member<A>>;
        count_members(organization: OrganizationId, role: A::OrganizationRole) -> u64;
        count_memberships(user: UserId) -> u64;
    }
    [A: Attrs, T: Invitations<A> + Send] Invitations<A> {
        invitation(id: InvitationId) -> Option<Invitation<A>>;
        invitation_by_code(code: &Digest) -> Option<Invitation<A>>;
        invitations_of(organization: OrganizationId, now: Timestamp, slice: Slice<InvitationId>)
            -> Vec<Invitation<A>>;
        count_invitations(organization: OrganizationId, now: Timestamp) -> u64;
    }
    [A: Attrs, T: OrganizationsMut<A> + Send] OrganizationsMut<A> {
        insert_organization(organization: &Organization<A>) -> ();
        update_organization(organization: &Organization<A>, from: i64) -> bool;
        lock_organization(id: OrganizationId) -> bool;
    }
    [A: Attrs, T: MembershipsMut<A> + Send] MembershipsMut<A> {
        insert_membership(membership: &Membership<A>) -> ();
        update_membership(membership: &Membership<A>, from: i64) -> bool;
        delete_membership(id: MembershipId, from: i64) -> bool;
    }
    [A: Attrs, T: InvitationsMut<A> + Send] InvitationsMut<A> {
        insert_invitation(invitation: &Invitation<A>) -> ();
        finish_invitation(id: InvitationId, now: Timestamp) -> bool;
        finish_invitations_to(organization: OrganizationId, email: &CanonicalEmail, now: Timestamp)
            -> u64;
    }
}

/// A hasher that writes down what it is asked.
pub(crate) struct TracedHasher {
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) trace: Trace,
}

#[async_trait]
impl PasswordHasher for TracedHasher {
    fn admit(&self) -> std::result::Result<Admission, HashError> {
        self.trace.note("admit");
        self.hasher.admit()
    }

    async fn hash(
        &self,
        password: Password,
        admission: Admission,
    ) -> std::result::Result<PasswordHash, HashError> {
        self.trace.note("hash");
        self.hasher.hash(password, admission).await
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
        admission: Admission,
    ) -> std::result::Result<Verdict, HashError> {
        self.trace.note("verify");
        self.hasher.verify(password, hash, admission).await
    }
}
