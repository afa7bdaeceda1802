//! What anyone sees who looks after the last commit.

use durward_core::Store;
use durward_core::email::CanonicalEmail;
use durward_core::entity::{
    AuditEntry, AuditHead, AuditRow, Client, ClientSecret, Flow, Invitation, LiveClient,
    LiveSession, LoginEmail, Membership, Organization, OutboxMail, PasswordLogin, Purpose, Session,
    StoredPassword, StoredReply, User,
};
use durward_core::ids::{
    ClientId, InvitationId, LoginEmailId, MailId, MembershipId, OrganizationId, SessionId, UserId,
};
use durward_core::store::{
    Audit, AuditQuery, Clients, Flows, Invitations, LoginEmails, Memberships, Organizations,
    Outbox, Passwords, Replies, Sessions, Users,
};
use durward_core::{Digest, Timestamp};

use crate::Suite;
use crate::sample;

pub(crate) async fn user<S: Store<Attrs = Suite>>(store: &S, id: UserId) -> Option<User<Suite>> {
    store.read().await.unwrap().user(id).await.unwrap()
}

pub(crate) async fn user_by_email<S: Store<Attrs = Suite>>(
    store: &S,
    email: &CanonicalEmail,
) -> Option<User<Suite>> {
    store.read().await.unwrap().user_by_email(email).await.unwrap()
}

pub(crate) async fn client<S: Store<Attrs = Suite>>(
    store: &S,
    id: ClientId,
) -> Option<Client<Suite>> {
    store.read().await.unwrap().client(id).await.unwrap()
}

pub(crate) async fn live_secrets<S: Store<Attrs = Suite>>(
    store: &S,
    client: ClientId,
    now: Timestamp,
) -> Vec<ClientSecret> {
    store.read().await.unwrap().live_secrets_of(client, now).await.unwrap()
}

pub(crate) async fn live_client<S: Store<Attrs = Suite>>(
    store: &S,
    id: ClientId,
) -> Option<LiveClient<Suite>> {
    store.read().await.unwrap().live_client(id).await.unwrap()
}

/// The client that the sample secret with this number finds.
pub(crate) async fn client_by_secret<S: Store<Attrs = Suite>>(
    store: &S,
    n: u8,
) -> Option<LiveClient<Suite>> {
    let digest = sample::client_secret(n, 0).digest;
    store.read().await.unwrap().live_client_by_secret(&digest).await.unwrap()
}

pub(crate) async fn email<S: Store<Attrs = Suite>>(
    store: &S,
    id: LoginEmailId,
) -> Option<LoginEmail> {
    store.read().await.unwrap().login_email(id).await.unwrap()
}

pub(crate) async fn emails_of<S: Store<Attrs = Suite>>(store: &S, user: UserId) -> Vec<LoginEmail> {
    store.read().await.unwrap().login_emails_of(user).await.unwrap()
}

pub(crate) async fn proven_email<S: Store<Attrs = Suite>>(
    store: &S,
    email: &CanonicalEmail,
) -> Option<LoginEmail> {
    store.read().await.unwrap().proven_email(email).await.unwrap()
}

pub(crate) async fn lookalikes<S: Store<Attrs = Suite>>(
    store: &S,
    skeleton: &str,
) -> Vec<LoginEmail> {
    store.read().await.unwrap().proven_lookalikes(skeleton).await.unwrap()
}

pub(crate) async fn password<S: Store<Attrs = Suite>>(
    store: &S,
    user: UserId,
) -> Option<StoredPassword> {
    store.read().await.unwrap().password(user).await.unwrap()
}

pub(crate) async fn password_login<S: Store<Attrs = Suite>>(
    store: &S,
    email: &CanonicalEmail,
) -> Option<PasswordLogin> {
    store.read().await.unwrap().password_login(email).await.unwrap()
}

pub(crate) async fn session<S: Store<Attrs = Suite>>(
    store: &S,
    id: SessionId,
) -> Option<Session<Suite>> {
    store.read().await.unwrap().session(id).await.unwrap()
}

pub(crate) async fn session_by_token<S: Store<Attrs = Suite>>(
    store: &S,
    token: &Digest,
) -> Option<LiveSession<Suite>> {
    store.read().await.unwrap().session_by_token(token).await.unwrap()
}

pub(crate) async fn session_by_refresh<S: Store<Attrs = Suite>>(
    store: &S,
    refresh: &Digest,
) -> Option<Session<Suite>> {
    let found = store.read().await.unwrap().session_by_refresh(refresh).await.unwrap();
    found.map(|family| family.session)
}

pub(crate) async fn sessions_of<S: Store<Attrs = Suite>>(
    store: &S,
    user: UserId,
) -> Vec<Session<Suite>> {
    store.read().await.unwrap().sessions_of(user).await.unwrap()
}

pub(crate) async fn flow<S: Store<Attrs = Suite>>(
    store: &S,
    handle: &Digest,
) -> Option<Flow<Suite>> {
    store.read().await.unwrap().flow_by_handle(handle).await.unwrap()
}

pub(crate) async fn flow_by_link<S: Store<Attrs = Suite>>(
    store: &S,
    link: &Digest,
) -> Option<Flow<Suite>> {
    store.read().await.unwrap().flow_by_link(link).await.unwrap()
}

pub(crate) async fn open_flows_of<S: Store<Attrs = Suite>>(
    store: &S,
    user: UserId,
    purpose: Purpose,
    now: Timestamp,
) -> Vec<Flow<Suite>> {
    store.read().await.unwrap().open_flows_of(user, purpose, now).await.unwrap()
}

pub(crate) async fn mail<S: Store<Attrs = Suite>>(store: &S, id: MailId) -> Option<OutboxMail> {
    store.read().await.unwrap().mail(id).await.unwrap()
}

pub(crate) async fn due_mail<S: Store<Attrs = Suite>>(
    store: &S,
    now: Timestamp,
    limit: u32,
) -> Vec<OutboxMail> {
    store.read().await.unwrap().due_mail(now, limit).await.unwrap()
}

pub(crate) async fn reply<S: Store<Attrs = Suite>>(store: &S, key: &Digest) -> Option<StoredReply> {
    store.read().await.unwrap().reply(key).await.unwrap()
}

pub(crate) async fn audit<S: Store<Attrs = Suite>>(
    store: &S,
    query: &AuditQuery,
) -> Vec<AuditEntry> {
    store.read().await.unwrap().audit_entries(query).await.unwrap()
}

/// All rows of the audit log.
pub(crate) async fn audit_rows<S: Store<Attrs = Suite>>(store: &S) -> Vec<AuditRow> {
    store.read().await.unwrap().audit_rows(None, 100).await.unwrap()
}

pub(crate) async fn audit_head<S: Store<Attrs = Suite>>(
    store: &S,
    organization: Option<OrganizationId>,
) -> Option<AuditHead> {
    store.read().await.unwrap().audit_head(organization).await.unwrap()
}

pub(crate) async fn organization<S: Store<Attrs = Suite>>(
    store: &S,
    id: OrganizationId,
) -> Option<Organization<Suite>> {
    store.read().await.unwrap().organization(id).await.unwrap()
}

pub(crate) async fn membership<S: Store<Attrs = Suite>>(
    store: &S,
    id: MembershipId,
) -> Option<Membership<Suite>> {
    store.read().await.unwrap().membership(id).await.unwrap()
}

pub(crate) async fn membership_of<S: Store<Attrs = Suite>>(
    store: &S,
    organization: OrganizationId,
    user: UserId,
) -> Option<Membership<Suite>> {
    store.read().await.unwrap().membership_of(organization, user).await.unwrap()
}

pub(crate) async fn invitation<S: Store<Attrs = Suite>>(
    store: &S,
    id: InvitationId,
) -> Option<Invitation<Suite>> {
    store.read().await.unwrap().invitation(id).await.unwrap()
}
