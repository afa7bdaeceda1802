use std::time::Duration;

use durward_core::accounts::{Impersonation, RoleChange};
use durward_core::store::{Audit, AuditQuery};
use durward_core::text::Reason;
use durward_core::{
    Caller, Error, FreshUser, Plain, SessionToken, StandardRole, UserCaller, UserId, unit,
};
use durward_testing::TestAccounts;

use crate::support::{make_administrator, set_status};

struct Office {
    it: TestAccounts,
    root: FreshUser,
    ada: UserId,
}

async fn caller(it: &TestAccounts, token: &SessionToken) -> Result<UserCaller, Error> {
    it.accounts().authenticate(token, None).await
}

/// Somebody who administers and logged in a moment ago, and somebody else.
async fn office() -> Office {
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await.user;
    let first = it.sign_up("root@example.com").await;
    make_administrator(&it, first.user).await;
    let root = it.log_in("root@example.com").await;
    let user = caller(&it, &root.token).await.unwrap();
    let root = it.accounts().fresh(&Caller { user: Some(user), ..Caller::anonymous(None) });
    Office { root: root.unwrap(), it, ada }
}

impl Office {
    async fn act(&self, user: UserId) -> Result<Impersonation, Error> {
        let (accounts, by) = (self.it.accounts(), &self.root);
        let origin = durward_core::Origin { actor: Some(by.id()), ..self.it.origin() };
        let reason = Reason::parse("Ticket 4711").unwrap();
        unit!(accounts, |tx, _| accounts.impersonate(tx, user, &reason, by, &origin).await)
    }

    async fn is_live(&self, token: &SessionToken) -> bool {
        caller(&self.it, token).await.is_ok()
    }
}

#[tokio::test]
async fn an_administrator_acts_as_a_user_and_both_are_known() {
    // R-LG-01, R-NO-01
    let office = office().await;
    let it = &office.it;
    let begun = office.act(office.ada).await.unwrap();
    let user = caller(it, &begun.token).await.unwrap();
    let actor = user.actor.unwrap();
    assert_eq!((user.id, user.session_id), (office.ada, begun.session));
    assert_eq!((actor.id, actor.session_id), (office.root.id(), office.root.session()));
    assert_eq!(user.roles, [StandardRole::User]);
    assert_eq!(it.mail_to("ada@example.com").await.name(), "notice");
    let query = AuditQuery {
        event: Some("user.impersonated".to_owned()),
        limit: 9,
        ..AuditQuery::default()
    };
    let entries = it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap();
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((entry.actor, entry.subject), (Some(office.root.id()), Some(office.ada)));
    assert!(entry.details.contains("Ticket 4711"), "{}", entry.details);
}

#[tokio::test]
async fn whoever_acts_as_somebody_else_is_never_fresh() {
    // R-MF-04
    let office = office().await;
    let begun = office.act(office.ada).await.unwrap();
    let user = caller(&office.it, &begun.token).await.unwrap();
    let caller = Caller { user: Some(user), ..Caller::anonymous(None) };
    assert!(matches!(office.it.accounts().fresh(&caller), Err(Error::Forbidden)));
}

#[tokio::test]
async fn an_actor_acts_for_an_hour_at_most() {
    // R-SE-04
    let office = office().await;
    let (it, clock) = (&office.it, office.it.clock());
    let begun = office.act(office.ada).await.unwrap();
    assert_eq!(begun.expires, it.accounts().now() + Duration::from_hours(1));
    clock.advance(Duration::from_hours(1) - Duration::from_millis(1));
    assert!(office.is_live(&begun.token).await);
    clock.advance(Duration::from_millis(1));
    assert!(!office.is_live(&begun.token).await);
}

#[tokio::test]
async fn an_actor_acts_no_longer_than_he_is_logged_in() {
    // R-SE-11
    let office = office().await;
    let (accounts, origin) = (office.it.accounts(), office.it.origin());
    let begun = office.act(office.ada).await.unwrap();
    let reason = durward_core::EndReason::Logout;
    let (session, root) = (office.root.session(), office.root.id());
    unit!(accounts, |tx, _| accounts.end_session(tx, session, root, reason, &origin).await)
        .unwrap();
    assert!(!office.is_live(&begun.token).await);
    assert!(matches!(office.act(office.ada).await, Err(Error::Forbidden)), "nor begins to");
}

#[tokio::test]
async fn an_actor_acts_no_longer_than_he_administers() {
    // R-SE-11
    let office = office().await;
    let (it, accounts) = (&office.it, office.it.accounts());
    let begun = office.act(office.ada).await.unwrap();
    let other = it.sign_up("other@example.com").await;
    make_administrator(it, other.user).await;
    let (by, origin) = (&office.root, it.origin());
    let revoke =
        RoleChange::<Plain> { granted: vec![], revoked: vec![StandardRole::Administrator] };
    unit!(accounts, |tx, _| accounts.change_roles(tx, by.id(), &revoke, by, &origin).await)
        .unwrap();
    assert!(!office.is_live(&begun.token).await);
}

#[tokio::test]
async fn what_ends_the_sessions_of_a_user_ends_those_of_actors() {
    // R-SE-07
    let office = office().await;
    let (accounts, origin) = (office.it.accounts(), office.it.origin());
    let begun = office.act(office.ada).await.unwrap();
    unit!(accounts, |tx, _| accounts.ban_user(tx, office.ada, &origin).await).unwrap();
    assert!(!office.is_live(&begun.token).await);
    assert!(matches!(office.act(office.ada).await, Err(Error::Forbidden)), "nor begins to");
}

#[tokio::test]
async fn nobody_acts_as_an_administrator_or_as_himself() {
    // R-AZ-05
    let office = office().await;
    let it = &office.it;
    assert!(matches!(office.act(office.root.id()).await, Err(Error::Forbidden)));
    let other = it.sign_up("other@example.com").await;
    make_administrator(it, other.user).await;
    assert!(matches!(office.act(other.user).await, Err(Error::Forbidden)));
    set_status(it, office.ada, durward_core::UserStatus::Deleted).await;
    assert!(matches!(office.act(office.ada).await, Err(Error::Forbidden)));
    let nobody = UserId::from_bytes([1; 16]);
    assert!(matches!(office.act(nobody).await, Err(Error::NotFound("user"))));
    let query = AuditQuery {
        event: Some("user.impersonated".to_owned()),
        limit: 9,
        ..AuditQuery::default()
    };
    let entries = it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap();
    assert!(entries.is_empty(), "nothing was written");
}
