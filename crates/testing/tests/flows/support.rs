//! What many of these tests do.

use durward_core::accounts::{
    Answer, CodeRequest, IssuedSession, NewUser, PasswordAttempt, StepAnswer,
};
use durward_core::entity::{Organization, Totp};
use durward_core::keys::Sealed;
use durward_core::store::{
    Audit, AuditQuery, FactorsMut, LoginEmails, OrganizationsMut, Tx, Users, UsersMut,
};
use durward_core::{
    AuthenticationStrength, Caller, CompromiseCause, Error, FlowState, FlowToken, FreshUser,
    LoginEmail, NoAttributes, OrganizationId, StandardRole, Store, TotpId, User, UserId,
    UserStatus, unit,
};
use durward_testing::{TestAccounts, given, step};

/// Changes the status of a user behind the flows' back.
pub(crate) async fn set_status<S: Store>(it: &TestAccounts<S>, user: UserId, status: UserStatus) {
    let mut tx = it.accounts().begin().await.unwrap();
    let before = tx.user(user).await.unwrap().unwrap();
    let after = User { status, version: before.version + 1, ..before.clone() };
    assert!(tx.update_user(&after, before.version).await.unwrap());
    tx.commit().await.unwrap();
}

/// Makes a user an administrator behind the flows' back.
pub(crate) async fn make_administrator(it: &TestAccounts, user: UserId) {
    let mut tx = it.accounts().begin().await.unwrap();
    let before = tx.user(user).await.unwrap().unwrap();
    let roles = vec![StandardRole::Administrator];
    let after = User { roles, version: before.version + 1, ..before.clone() };
    assert!(tx.update_user(&after, before.version).await.unwrap());
    tx.commit().await.unwrap();
}

/// Deletes a user behind the flows' back, so long ago that his grace is over and nobody has erased him.
pub(crate) async fn set_gone<S: Store>(it: &TestAccounts<S>, user: UserId) {
    set_status(it, user, UserStatus::Deleted).await;
    let mut tx = it.accounts().begin().await.unwrap();
    let before = tx.user(user).await.unwrap().unwrap();
    let erasure = Some(it.accounts().now());
    let after = User { erasure, version: before.version + 1, ..before.clone() };
    assert!(tx.update_user(&after, before.version).await.unwrap());
    tx.commit().await.unwrap();
}

/// A user as an administrator or the application makes one: with a proven address and without a password.
pub(crate) async fn proven_user(it: &TestAccounts, address: &str) -> User {
    let new = NewUser {
        name: given::name("Ada Lovelace"),
        email: given::email(address),
        proven: true,
        password: None,
        roles: Vec::new(),
        attrs: NoAttributes {},
    };
    let mut tx = it.accounts().begin().await.unwrap();
    let made = it.accounts().create_user(&mut tx, new, &it.origin()).await.unwrap();
    tx.commit().await.unwrap();
    made.user
}

/// Who has proven this address.
pub(crate) async fn owner<S: Store>(it: &TestAccounts<S>, address: &str) -> Option<User<S::Attrs>> {
    let mut read = it.accounts().read().await.unwrap();
    read.user_by_email(given::email(address).canonical()).await.unwrap()
}

/// What a user claims or has proven.
pub(crate) async fn emails<S: Store>(it: &TestAccounts<S>, user: UserId) -> Vec<LoginEmail> {
    it.accounts().read().await.unwrap().login_emails_of(user).await.unwrap()
}

/// The events in the audit log about a user, in the order of their names: rows of one moment have none.
pub(crate) async fn audited<S: Store>(it: &TestAccounts<S>, user: UserId) -> Vec<String> {
    let query = AuditQuery { subject: Some(user), limit: 100, ..AuditQuery::default() };
    let rows = it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap();
    let mut events: Vec<String> = rows.into_iter().map(|row| row.event).collect();
    events.sort();
    events
}

/// Begins a sign-up of this address.
pub(crate) async fn begin_sign_up(it: &TestAccounts, address: &str) -> (StepAnswer, FlowState) {
    let request = it.request(address);
    let state = request.state.clone();
    (step(it.accounts().sign_up(request, &it.origin()).await.unwrap()), state)
}

/// Asks for a login code.
pub(crate) async fn begin_login<S: Store>(
    it: &TestAccounts<S>,
    address: &str,
) -> (StepAnswer, FlowState) {
    let request = CodeRequest { email: given::email(address), state: it.state() };
    let answer = it.accounts().request_code(&request, &it.origin()).await.unwrap();
    (step(answer), request.state)
}

/// Tries to log in by this password.
pub(crate) async fn try_password<S: Store>(
    it: &TestAccounts<S>,
    address: &str,
    password: &str,
) -> Result<Answer, Error> {
    let attempt = PasswordAttempt {
        email: given::email(address),
        password: given::password(password),
        state: it.state(),
    };
    it.accounts().login_with_password(attempt, &it.origin()).await
}

/// Whether this is the one answer to every failed proof (R-EN-01).
pub(crate) fn is_refused<T>(outcome: Result<T, Error>) -> bool {
    outcome.is_err_and(|error| matches!(error, Error::Unauthenticated))
}

/// Marks a password as compromised; answers whether it was not marked so before.
pub(crate) async fn mark<S: Store>(
    it: &TestAccounts<S>,
    user: UserId,
    cause: CompromiseCause,
) -> bool {
    let (accounts, origin) = (it.accounts(), it.origin());
    let marked = unit!(accounts, |tx| accounts.mark_password(tx, user, cause, &origin).await);
    marked.unwrap()
}

/// A proven user who authenticated a moment ago, by his session.
pub(crate) async fn fresh<S: Store>(it: &TestAccounts<S>, session: &IssuedSession) -> FreshUser {
    let user = it.accounts().authenticate(&session.token, None).await.unwrap();
    it.accounts().fresh(&Caller { user: Some(user), ..Caller::anonymous(None) }).unwrap()
}

/// An organization, made behind the flows' back.
pub(crate) async fn organization(it: &TestAccounts) -> OrganizationId {
    let now = it.accounts().now();
    let organization = Organization {
        id: OrganizationId::new(now, it.entropy()),
        name: given::name("Analytical Engines"),
        archived: None,
        authentication: AuthenticationStrength::Any,
        version: 1,
        created: now,
        updated: now,
        attrs: NoAttributes {},
    };
    let mut tx = it.accounts().begin().await.unwrap();
    tx.insert_organization(&organization).await.unwrap();
    tx.commit().await.unwrap();
    organization.id
}

/// The events in the audit log of an organization, in the order of their names.
pub(crate) async fn audited_in(it: &TestAccounts, organization: OrganizationId) -> Vec<String> {
    let query =
        AuditQuery { organization: Some(organization), limit: 1_000, ..AuditQuery::default() };
    let rows = it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap();
    let mut events: Vec<String> = rows.into_iter().map(|row| row.event).collect();
    events.sort();
    events
}

/// Gives a user an authenticator app behind the flows' back.
pub(crate) async fn enrol_behind(it: &TestAccounts, user: UserId) {
    let now = it.accounts().now();
    let totp = Totp {
        id: TotpId::new(now, it.entropy()),
        user,
        secret: Sealed::from_bytes(vec![0; 32]),
        handle: it.accounts().parts().keys.digest(&FlowToken::mint(it.entropy())),
        last_step: 0,
        created: now,
        confirmed: None,
        expires: now,
        doubted: None,
    };
    let mut tx = it.accounts().begin().await.unwrap();
    tx.insert_totp(&totp).await.unwrap();
    assert!(tx.confirm_totp(totp.id, 1, now).await.unwrap());
    tx.commit().await.unwrap();
}
