use std::time::Duration;

use durward_core::accounts::{Impersonation, IssuedSession, PasswordAttempt, RoleChange};
use durward_core::entity::Session;
use durward_core::mail::Notice;
use durward_core::store::{Audit, AuditQuery, SessionQuery};
use durward_core::text::Reason;
use durward_core::{
    Caller, Error, FreshUser, Origin, Plain, SessionId, SessionToken, Slice, StandardRole,
    UserAgent, UserCaller, UserId, unit,
};
use durward_testing::given::{self, PASSWORD};
use durward_testing::{TestAccounts, session};

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
    office_of(TestAccounts::new()).await
}

async fn office_of(it: TestAccounts) -> Office {
    let ada = it.sign_up("ada@example.com").await.user;
    let first = it.sign_up("root@example.com").await;
    make_administrator(&it, first.user).await;
    let root = it.log_in("root@example.com").await;
    let user = caller(&it, &root.token).await.unwrap();
    let root = it.accounts().fresh(&Caller { user: Some(user), ..Caller::anonymous(None) });
    Office { root: root.unwrap(), it, ada }
}

/// Where somebody sits who asks.
fn at_the_desk() -> Origin {
    Origin { agent: Some(UserAgent::from_header(b"Desk")), ..given::origin("198.51.100.7") }
}

/// Logs in from there.
async fn log_in_at_the_desk(it: &TestAccounts, address: &str) -> IssuedSession {
    let attempt = PasswordAttempt {
        email: given::email(address),
        password: given::password(PASSWORD),
        state: it.state(),
    };
    session(it.accounts().login_with_password(attempt, &at_the_desk()).await.unwrap())
}

impl Office {
    async fn act(&self, user: UserId) -> Result<Impersonation, Error> {
        self.act_from(user, &self.it.origin()).await
    }

    async fn act_from(&self, user: UserId, origin: &Origin) -> Result<Impersonation, Error> {
        let (accounts, by) = (self.it.accounts(), &self.root);
        let origin = Origin { actor: Some(by.id()), ..origin.clone() };
        let reason = Reason::parse("Ticket 4711").unwrap();
        unit!(accounts, |tx| accounts.impersonate(tx, user, &reason, by, &origin).await)
    }

    async fn is_live(&self, token: &SessionToken) -> bool {
        caller(&self.it, token).await.is_ok()
    }

    /// Whether a session is among those of its user, and among those of everybody: both agree.
    async fn is_listed(&self, id: SessionId) -> bool {
        let (accounts, slice) = (self.it.accounts(), Slice { after: None, limit: 100 });
        let own = accounts.live_sessions(self.ada, slice).await.unwrap().rows;
        let all = accounts.list_sessions(&SessionQuery::default(), slice).await.unwrap().rows;
        let listed = [own, all].map(|rows| rows.iter().any(|it: &Session| it.id == id));
        assert_eq!(listed[0], listed[1]);
        listed[0]
    }

    /// Another administrator, so that the first is not the last.
    async fn hire(&self) {
        let other = self.it.sign_up("other@example.com").await;
        make_administrator(&self.it, other.user).await;
    }

    /// How many new devices Ada was told of.
    async fn new_devices(&self) -> usize {
        self.it.deliver().await;
        let letters = self.it.inbox().all_to("ada@example.com");
        let notices = letters.iter().filter_map(|it| it.message().notice());
        notices.filter(|it| it.notice == Notice::NewDevice).count()
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
    unit!(accounts, |tx| accounts.end_session(tx, session, root, reason, &origin).await).unwrap();
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
    unit!(accounts, |tx| accounts.change_roles(tx, by.id(), &revoke, by, &origin).await).unwrap();
    assert!(!office.is_live(&begun.token).await);
}

#[tokio::test]
async fn what_ends_the_sessions_of_a_user_ends_those_of_actors() {
    // R-SE-07
    let office = office().await;
    let (accounts, origin) = (office.it.accounts(), office.it.origin());
    let begun = office.act(office.ada).await.unwrap();
    unit!(accounts, |tx| accounts.ban_user(tx, office.ada, &origin).await).unwrap();
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

#[tokio::test]
async fn whoever_stops_to_administer_acts_no_more_and_is_not_listed() {
    // R-SE-11, R-SE-13
    for how in ["banned", "deleted", "revoked", "logged out"] {
        let office = office().await;
        office.hire().await;
        let (accounts, origin) = (office.it.accounts(), office.it.origin());
        let begun = office.act(office.ada).await.unwrap();
        assert!(office.is_live(&begun.token).await && office.is_listed(begun.session).await);
        let (by, root) = (&office.root, office.root.id());
        let revoke =
            RoleChange::<Plain> { granted: vec![], revoked: vec![StandardRole::Administrator] };
        unit!(accounts, |tx| {
            match how {
                "banned" => accounts.ban_user(tx, root, &origin).await.map(drop),
                "deleted" => accounts.delete_user(tx, root, None, by, &origin).await.map(drop),
                "revoked" => accounts.change_roles(tx, root, &revoke, by, &origin).await.map(drop),
                _ => {
                    let reason = durward_core::EndReason::Logout;
                    let ended =
                        accounts.end_session(tx, by.session(), root, reason, &origin).await?;
                    assert!(ended);
                    Ok(())
                }
            }
        })
        .unwrap();
        assert!(!office.is_live(&begun.token).await, "{how}");
        assert!(!office.is_listed(begun.session).await, "{how}");
        if how == "banned" {
            unit!(accounts, |tx| accounts.unban_user(tx, root, &origin).await).unwrap();
            assert!(!office.is_live(&begun.token).await, "nor does it come back with him");
            assert!(!office.is_listed(begun.session).await);
        }
    }
}

#[tokio::test]
async fn the_device_of_an_actor_is_none_of_his_user() {
    // R-NO-01
    let office = office().await;
    let begun = office.act_from(office.ada, &at_the_desk()).await.unwrap();
    log_in_at_the_desk(&office.it, "ada@example.com").await;
    assert_eq!(office.new_devices().await, 1, "the administrator was there, and not she");
    assert!(office.is_live(&begun.token).await);
    log_in_at_the_desk(&office.it, "ada@example.com").await;
    assert_eq!(office.new_devices().await, 1, "now she was");
}

#[tokio::test]
async fn the_first_login_of_a_user_is_told_whoever_acted_as_him() {
    // R-NO-01
    let office = office().await;
    let bob = crate::support::proven_user(&office.it, "bob@example.com").await;
    office.act_from(bob.id, &at_the_desk()).await.unwrap();
    office.it.log_in_by_mail("bob@example.com").await;
    office.it.deliver().await;
    let letters = office.it.inbox().all_to("bob@example.com");
    let notices = letters.iter().filter_map(|it| it.message().notice());
    assert_eq!(notices.filter(|it| it.notice == Notice::NewDevice).count(), 1);
}

#[tokio::test]
async fn an_actor_takes_no_place_among_the_sessions_of_a_user() {
    // R-SE-12
    let it = TestAccounts::with(|parts| parts.settings.sessions.concurrent = 2);
    let office = office_of(it).await;
    let it = &office.it;
    let mut own = Vec::new();
    for _ in 0..2 {
        it.clock().advance(Duration::from_secs(1));
        own.push(it.log_in("ada@example.com").await);
    }
    office.act(office.ada).await.unwrap();
    let more = office.act(office.ada).await.unwrap();
    assert!(office.is_live(&own[0].token).await);
    it.clock().advance(Duration::from_secs(1));
    it.log_in("ada@example.com").await;
    assert!(!office.is_live(&own[0].token).await, "one more of her own ends the oldest");
    assert!(office.is_live(&own[1].token).await, "and no other one");
    assert!(office.is_live(&more.token).await);
}
