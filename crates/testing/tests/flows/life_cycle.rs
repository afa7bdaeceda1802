use std::time::Duration;

use durward_core::accounts::{Chore, CodeAttempt, IssuedSession, RoleChange, VerificationAttempt};
use durward_core::store::{Audit, AuditQuery, Tx, Users, UsersMut};
use durward_core::{
    CodeToken, Error, FreshUser, Plain, Role, StandardRole, Store, User, UserId, UserStatus, unit,
};
use durward_testing::given::PASSWORD;
use durward_testing::{TestAccounts, typed};

use crate::support::{audited, begin_login, begin_sign_up, is_refused, owner, try_password};

const DAY: Duration = Duration::from_hours(24);
const GRACE: Duration = Duration::from_hours(14 * 24);
const MOMENT: Duration = Duration::from_millis(1);

/// Somebody who administers, with a session.
async fn administrator(it: &TestAccounts, address: &str) -> IssuedSession {
    let session = it.sign_up(address).await;
    let mut tx = it.accounts().begin().await.unwrap();
    let before = tx.user(session.user).await.unwrap().unwrap();
    let roles = vec![StandardRole::administrator()];
    let after = User { roles, version: before.version + 1, ..before.clone() };
    assert!(tx.update_user(&after, before.version).await.unwrap());
    tx.commit().await.unwrap();
    session
}

async fn fresh(it: &TestAccounts, session: &IssuedSession) -> FreshUser {
    let user = it.accounts().authenticate(&session.token, None).await.unwrap();
    let caller = durward_core::Caller { user: Some(user), ..durward_core::Caller::anonymous(None) };
    it.accounts().fresh(&caller).unwrap()
}

async fn ban(it: &TestAccounts, id: UserId) -> Result<User, Error> {
    unit!(it.accounts(), |tx| it.accounts().ban_user(tx, id, &it.origin()).await)
}

async fn unban(it: &TestAccounts, id: UserId) -> Result<User, Error> {
    unit!(it.accounts(), |tx| it.accounts().unban_user(tx, id, &it.origin()).await)
}

async fn delete(it: &TestAccounts, id: UserId, by: &FreshUser) -> Result<User, Error> {
    unit!(it.accounts(), |tx| it.accounts().delete_user(tx, id, None, by, &it.origin()).await)
}

async fn restore(it: &TestAccounts, id: UserId) -> Result<User, Error> {
    unit!(it.accounts(), |tx| it.accounts().restore_user(tx, id, &it.origin()).await)
}

async fn erase(it: &TestAccounts) -> u64 {
    it.accounts().attend_to(Chore::Erase, 100).await.unwrap()
}

/// That nothing of what the user had is accepted, whatever he tries.
async fn is_locked_out(it: &TestAccounts, session: &IssuedSession) -> bool {
    is_refused(it.accounts().authenticate(&session.token, None).await)
        && is_refused(it.accounts().refresh(&session.refresh, &it.origin()).await)
        && is_refused(try_password(it, "ada@example.com", PASSWORD).await)
}

#[tokio::test]
async fn a_ban_ends_everything_at_once_and_for_good() {
    // R-SE-07
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    let (step, state) = begin_login(&it, "ada@example.com").await;
    let code = typed(&step, it.mail_to("ada@example.com").await.code());
    assert_eq!(ban(&it, session.user).await.unwrap().status, UserStatus::Banned);
    assert!(is_locked_out(&it, &session).await);
    assert!(is_refused(it.accounts().answer_code(&code, &state, &it.origin()).await));
    assert_eq!(ban(&it, session.user).await.unwrap().version, 2, "once is enough");

    assert_eq!(unban(&it, session.user).await.unwrap().status, UserStatus::Active);
    assert!(is_refused(it.accounts().authenticate(&session.token, None).await));
    assert!(is_refused(it.accounts().refresh(&session.refresh, &it.origin()).await));
    assert!(is_refused(it.accounts().answer_code(&code, &state, &it.origin()).await));
    it.log_in("ada@example.com").await;
    assert_eq!(unban(&it, session.user).await.unwrap().version, 3, "once is enough");
    let events = audited(&it, session.user).await;
    for event in ["user.banned", "user.unbanned"] {
        assert_eq!(events.iter().filter(|it| *it == event).count(), 1, "{events:?}");
    }
}

#[tokio::test]
async fn a_session_that_slipped_in_while_the_account_was_shut_dies_when_it_opens() {
    // R-SE-07: as by a login that read the user before the ban and wrote after it
    let it = TestAccounts::new();
    let user = it.sign_up("ada@example.com").await.user;
    let before = it.accounts().user(user).await.unwrap().user;
    ban(&it, user).await.unwrap();
    let mut tx = it.accounts().begin().await.unwrap();
    let late = it.accounts().open_session(&mut tx, &before, vec![], &it.origin()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(is_refused(it.accounts().authenticate(&late.token, None).await));
    unban(&it, user).await.unwrap();
    assert!(is_refused(it.accounts().authenticate(&late.token, None).await));
    assert!(is_refused(it.accounts().refresh(&late.refresh, &it.origin()).await));
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    // R-AZ-05, GW-33
    let it = TestAccounts::new();
    let root = administrator(&it, "root@example.com").await;
    let by = fresh(&it, &root).await;
    let revoke =
        RoleChange::<Plain> { granted: vec![], revoked: vec![StandardRole::Administrator] };
    let is_last =
        |outcome: Result<User, Error>| matches!(outcome, Err(Error::Last("administrator")));
    let resign = async |id, by: &FreshUser| {
        unit!(it.accounts(), |tx| {
            it.accounts().change_roles(tx, id, &revoke, by, &it.origin()).await
        })
    };
    assert!(is_last(ban(&it, root.user).await));
    assert!(is_last(delete(&it, root.user, &by).await));
    assert!(is_last(resign(root.user, &by).await));
    assert!(it.accounts().authenticate(&root.token, None).await.is_ok(), "nothing was written");
    let other = administrator(&it, "other@example.com").await;
    let other_by = fresh(&it, &other).await;
    ban(&it, root.user).await.unwrap();
    assert!(is_last(resign(other.user, &other_by).await), "one who is banned does not count");
    unban(&it, root.user).await.unwrap();
    assert!(resign(other.user, &other_by).await.is_ok());
    let by = fresh(&it, &it.log_in("root@example.com").await).await;
    assert!(is_last(resign(root.user, &by).await));
}

#[tokio::test]
async fn of_two_administrators_who_ban_each_other_one_is_left() {
    // R-AZ-05, GW-33
    let it = TestAccounts::new();
    let one = administrator(&it, "one@example.com").await.user;
    let two = administrator(&it, "two@example.com").await.user;
    let (first, second) = tokio::join!(ban(&it, one), ban(&it, two));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
}

#[tokio::test]
async fn new_roles_need_a_new_login() {
    use StandardRole::{Administrator, User};
    // R-SE-03, R-AZ-05
    let it = TestAccounts::new();
    let root = administrator(&it, "root@example.com").await;
    let ada = it.sign_up("ada@example.com").await;
    let by = fresh(&it, &root).await;
    let change = |granted: &[StandardRole], revoked: &[StandardRole]| RoleChange::<Plain> {
        granted: granted.to_vec(),
        revoked: revoked.to_vec(),
    };
    let apply = async |change: RoleChange<Plain>| {
        let changed = unit!(it.accounts(), |tx| {
            it.accounts().change_roles(tx, ada.user, &change, &by, &it.origin()).await
        });
        changed.unwrap().roles
    };
    assert_eq!(apply(change(&[User], &[Administrator])).await, [User]);
    assert!(it.accounts().authenticate(&ada.token, None).await.is_ok(), "nothing changed");
    assert_eq!(apply(change(&[Administrator, User], &[])).await, [User, Administrator]);
    assert!(is_refused(it.accounts().authenticate(&ada.token, None).await));
    let again = it.log_in("ada@example.com").await;
    let caller = it.accounts().authenticate(&again.token, None).await.unwrap();
    assert_eq!(caller.roles, [User, Administrator]);
    assert_eq!(apply(change(&[], &[User, Administrator])).await, []);
    assert!(is_refused(it.accounts().authenticate(&again.token, None).await));
    let events = audited(&it, ada.user).await;
    assert_eq!(events.iter().filter(|it| *it == "roles.changed").count(), 2);
}

#[tokio::test]
async fn a_deleted_account_can_be_restored_until_its_grace_is_over() {
    // R-SE-07, R-DP-01
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    let by = fresh(&it, &session).await;
    let deleted = delete(&it, session.user, &by).await.unwrap();
    assert_eq!(deleted.status, UserStatus::Deleted);
    assert_eq!(deleted.erasure, Some(it.accounts().now() + GRACE));
    assert!(is_locked_out(&it, &session).await);
    assert!(matches!(ban(&it, session.user).await, Err(Error::Deleted)));
    assert!(matches!(unban(&it, session.user).await, Err(Error::Deleted)));
    it.clock().advance(GRACE.saturating_sub(MOMENT));
    assert_eq!(erase(&it).await, 0);
    let restored = restore(&it, session.user).await.unwrap();
    assert_eq!((restored.status, restored.erasure), (UserStatus::Active, None));
    assert!(is_refused(it.accounts().authenticate(&session.token, None).await));
    it.log_in("ada@example.com").await;
    assert_eq!(restore(&it, session.user).await.unwrap().version, restored.version);
    it.clock().advance(365 * DAY);
    assert_eq!(erase(&it).await, 0);

    let again = it.log_in("ada@example.com").await;
    let by = fresh(&it, &again).await;
    delete(&it, session.user, &by).await.unwrap();
    it.clock().advance(GRACE);
    // Nobody has erased him yet, and he is gone all the same.
    assert!(matches!(restore(&it, session.user).await, Err(Error::NotFound("user"))));
    assert!(matches!(it.accounts().user(session.user).await, Err(Error::NotFound("user"))));
    assert_eq!(erase(&it).await, 1);
    assert_eq!(erase(&it).await, 0);
    assert!(matches!(restore(&it, session.user).await, Err(Error::NotFound("user"))));
    let events = audited(&it, session.user).await;
    for (event, count) in [("user.deleted", 2), ("user.restored", 1), ("user.erased", 1)] {
        assert_eq!(events.iter().filter(|it| *it == event).count(), count, "{event}: {events:?}");
    }
}

#[tokio::test]
async fn the_owner_takes_a_deletion_back_by_the_link_he_was_mailed() {
    // R-SE-07, R-SE-15, R-EN-01
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    let by = fresh(&it, &session).await;
    delete(&it, session.user, &by).await.unwrap();
    let letter = it.mail_to("ada@example.com").await;
    assert_eq!(letter.name(), "account-deleted");
    let code = CodeToken::parse(letter.link_code()).unwrap();
    let restore = async |code: &CodeToken| it.accounts().restore_by_link(code, &it.origin()).await;
    // The link is good for that and for nothing else, and nothing else is good for that.
    let as_login = CodeAttempt::Link(code.clone());
    assert!(is_refused(it.accounts().answer_code(&as_login, &it.state(), &it.origin()).await));
    let as_proof = VerificationAttempt::Link(code.clone());
    assert!(is_refused(it.accounts().verify_email(&as_proof, None, &it.origin()).await));
    assert!(is_refused(restore(&CodeToken::mint(it.entropy())).await));
    it.clock().advance(GRACE.saturating_sub(MOMENT));
    restore(&code).await.unwrap();
    assert_eq!(owner(&it, "ada@example.com").await.unwrap().status, UserStatus::Active);
    assert!(is_refused(it.accounts().authenticate(&session.token, None).await));
    assert_eq!(it.mail_to("ada@example.com").await.name(), "notice");
    assert!(is_refused(restore(&code).await), "a link works once");
    let again = it.log_in("ada@example.com").await;
    let by = fresh(&it, &again).await;
    delete(&it, session.user, &by).await.unwrap();
    assert!(is_refused(restore(&code).await), "and for one deletion");
    let late = it.mail_to("ada@example.com").await;
    it.clock().advance(GRACE);
    assert!(is_refused(restore(&CodeToken::parse(late.link_code()).unwrap()).await), "in time");
}

#[tokio::test]
async fn a_deletion_does_not_open_what_was_shut() {
    // R-SE-07
    let it = TestAccounts::new();
    let root = administrator(&it, "root@example.com").await;
    let ada = it.sign_up("ada@example.com").await;
    ban(&it, ada.user).await.unwrap();
    let by = fresh(&it, &root).await;
    delete(&it, ada.user, &by).await.unwrap();
    let letter = it.mail_to("ada@example.com").await;
    assert_eq!(letter.name(), "account-deleted");
    assert!(letter.message().link().is_none(), "only an administrator takes this back");
}

#[tokio::test]
async fn the_address_of_a_deleted_account_is_reserved_until_it_is_erased() {
    // R-EN-03, R-DP-01
    for upkeep in [true, false] {
        let it = TestAccounts::new();
        let session = it.sign_up("ada@example.com").await;
        let by = fresh(&it, &session).await;
        delete(&it, session.user, &by).await.unwrap();
        it.deliver().await;
        let before = it.inbox().len();
        begin_sign_up(&it, "ada@example.com").await;
        it.deliver().await;
        assert_eq!(it.inbox().len(), before, "somebody may not take it over");
        it.clock().advance(GRACE);
        if upkeep {
            assert_eq!(erase(&it).await, 1);
        }
        let next = it.sign_up("ada@example.com").await;
        assert_ne!(next.user, session.user);
        assert_eq!(owner(&it, "ada@example.com").await.unwrap().id, next.user);
        let mut read = it.accounts().read().await.unwrap();
        assert_eq!(read.user(session.user).await.unwrap(), None, "erased by now, upkeep or not");
    }
}

#[tokio::test]
async fn the_audit_log_of_an_erased_user_stays_with_ids_only() {
    // R-DP-01, R-LG-02
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    let by = fresh(&it, &session).await;
    delete(&it, session.user, &by).await.unwrap();
    it.accounts().seal_audit(100).await.unwrap();
    let query = AuditQuery { subject: Some(session.user), limit: 99, ..AuditQuery::default() };
    let mut before = it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap();
    it.clock().advance(GRACE);
    assert_eq!(erase(&it).await, 1);
    let after = it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap();
    for row in &mut before {
        assert!(row.ip.take().is_some(), "the address goes, and nothing else");
    }
    assert_eq!(after[1..], before[..]);
    assert_eq!(after[0].event, "user.erased");
    for row in after {
        let text = format!("{row:?}");
        assert!(!text.contains("ada@example.com") && !text.contains("Lovelace"), "{text}");
    }
    let report = it.accounts().verify_audit(&[], &mut |_| {}).await.unwrap();
    assert_eq!((report.flaws, report.erased), (0, before.len() as u64), "R-LG-04");
}

#[tokio::test]
async fn an_account_is_deleted_so_often_and_each_time_its_owner_is_mailed_the_way_back() {
    // R-TH-06, R-SE-07
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    let mut sent = 0;
    let refused = loop {
        it.clock().advance(Duration::from_secs(1));
        let session = it.log_in("ada@example.com").await;
        let by = fresh(&it, &session).await;
        it.inbox().clear();
        match delete(&it, session.user, &by).await {
            Ok(_) => sent += 1,
            Err(error) => break error,
        }
        it.deliver().await;
        let letters = it.inbox().all_to("ada@example.com");
        let letter = letters.iter().find(|it| it.name() == "account-deleted").unwrap();
        let code = CodeToken::parse(letter.link_code()).unwrap();
        it.accounts().restore_by_link(&code, &it.origin()).await.unwrap();
    };
    assert_eq!(sent, 5);
    assert!(matches!(refused, Error::Throttled { .. }), "{refused:?}");
    let user = owner(&it, "ada@example.com").await.unwrap();
    assert_eq!(user.status, UserStatus::Active, "nothing was done");
    it.clock().advance(Duration::from_hours(1));
    let session = it.log_in("ada@example.com").await;
    delete(&it, session.user, &fresh(&it, &session).await).await.unwrap();
}

#[tokio::test]
async fn a_hook_may_refuse_and_then_nothing_happened() {
    use async_trait::async_trait;
    use durward_core::{Event, Hook, Veto};
    struct Never;
    #[async_trait]
    impl<S: Store> Hook<S> for Never {
        async fn on(&self, event: &Event<'_, S::Attrs>, _: &mut S::Tx<'_>) -> Result<(), Veto> {
            let refused = matches!(event, Event::UserBanned { .. } | Event::UserErased { .. });
            if refused { Err("not here".into()) } else { Ok(()) }
        }
    }
    let it = TestAccounts::with(|parts| parts.hooks.push(std::sync::Arc::new(Never)));
    let session = it.sign_up("ada@example.com").await;
    assert!(matches!(ban(&it, session.user).await, Err(Error::Vetoed(_))));
    assert!(it.accounts().authenticate(&session.token, None).await.is_ok());
    let by = fresh(&it, &session).await;
    delete(&it, session.user, &by).await.unwrap();
    it.clock().advance(GRACE);
    assert_eq!(erase(&it).await, 0);
    assert!(owner(&it, "ada@example.com").await.is_some());
}
