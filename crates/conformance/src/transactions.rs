//! Promises about units of work.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use durward_core::budget::{BudgetKey, Delays, Rate};
use durward_core::entity::{Purpose, User};
use durward_core::store::{
    Audit, AuditMut, AuditQuery, BudgetsMut, Factors, FactorsMut, Flows, FlowsMut, Invitations,
    InvitationsMut, LoginEmails, LoginEmailsMut, Memberships, MembershipsMut, Organizations,
    OrganizationsMut, Outbox, OutboxMut, Passwords, PasswordsMut, Replies, RepliesMut, Result,
    Sessions, SessionsMut, Tx, Users, UsersMut,
};
use durward_core::{Slice, StandardOrganizationRole, Store, StoreError};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

use crate::race::race;
use crate::sample::{
    at, audit, claim, digest, flow, flow_id, handle, hash, head, invitation, link, mail,
    membership, organization, password, proven, refresh, reply, row, seal, session, token, totp,
    user, user_id,
};
use crate::{Suite, given, seen};

/// How long something may take that waits for nobody.
const SOON: Duration = Duration::from_secs(10);

/// What was written by a unit of work that is dropped never happened.
pub async fn an_uncommitted_unit_leaves_no_trace<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let email = proven(1, ada.id, "ada@example.com");
    let mut tx = store.begin().await.unwrap();
    tx.insert_user(&user(2)).await.unwrap();
    assert!(tx.update_user(&User { version: 2, ..ada.clone() }, 1).await.unwrap());
    tx.insert_login_email(&email).await.unwrap();
    drop(tx);

    assert_eq!(seen::user(store, user_id(2)).await, None);
    assert_eq!(seen::user(store, ada.id).await.as_ref(), Some(&ada));
    assert_eq!(seen::emails_of(store, ada.id).await, []);
    // A trace would be in the way of doing the same again.
    given::user(store, &user(2)).await;
    given::emails(store, &[&email]).await;
}

/// A unit of work sees what it wrote itself.
pub async fn a_unit_sees_its_own_writes<S: Store<Attrs = Suite>>(store: &S) {
    let ada = user(1);
    let mut tx = store.begin().await.unwrap();
    tx.insert_user(&ada).await.unwrap();
    tx.insert_session(&session(1, ada.id)).await.unwrap();
    assert_eq!(tx.user(ada.id).await.unwrap().as_ref(), Some(&ada));
    assert!(tx.session_by_token(&token(1)).await.unwrap().is_some());
    let changed = User { version: 2, ..ada.clone() };
    assert!(tx.update_user(&changed, 1).await.unwrap());
    assert_eq!(tx.user(ada.id).await.unwrap(), Some(changed));
}

/// What was committed is there for the next unit of work and for look-ups.
pub async fn a_commit_is_visible_to_the_next<S: Store<Attrs = Suite>>(store: &S) {
    let ada = user(1);
    let mut tx = store.begin().await.unwrap();
    tx.insert_user(&ada).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(seen::user(store, ada.id).await.as_ref(), Some(&ada));
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.user(ada.id).await.unwrap(), Some(ada));
}

/// Clones of a store share what they store.
pub async fn clones_share_what_they_store<S: Store<Attrs = Suite>>(store: &S) {
    let clone = store.clone();
    let [ada] = given::users(&clone, [1]).await;
    assert_eq!(seen::user(store, ada.id).await, Some(ada));
}

/// Whoever looks while a unit of work is committed sees all of it or nothing.
pub async fn a_commit_is_seen_whole<S: Store<Attrs = Suite>>(store: &S) {
    for n in 1..=20 {
        let writing = store.clone();
        let (done, mut over) = oneshot::channel();
        let writer = tokio::spawn(async move {
            let written = write_pair(&writing, n).await;
            // Nobody listens any more if a look-up failed, and then the test fails for that.
            _ = done.send(());
            written
        });
        while over.try_recv().is_err() {
            // Whichever is looked for second was there when the first was.
            let user = seen::user(store, user_id(n)).await;
            let claims = seen::emails_of(store, user_id(n)).await;
            assert!(user.is_none() || !claims.is_empty(), "only the first write was seen");
            let claims = seen::emails_of(store, user_id(n)).await;
            let user = seen::user(store, user_id(n)).await;
            assert!(claims.is_empty() || user.is_some(), "only the second write was seen");
            yield_now().await;
        }
        writer.await.unwrap().unwrap();
        assert!(seen::user(store, user_id(n)).await.is_some());
    }
}

/// Look-ups do not wait for an open unit of work, and see what was there before it.
pub async fn an_open_unit_does_not_hold_up_look_ups<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let changed = User { version: 2, ..ada.clone() };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_user(&changed, 1).await.unwrap());
    tx.insert_user(&user(2)).await.unwrap();
    let look = async {
        assert_eq!(seen::user(store, ada.id).await.as_ref(), Some(&ada));
        assert_eq!(seen::user(store, user_id(2)).await, None);
    };
    assert!(timeout(SOON, look).await.is_ok(), "a look-up waited for a unit of work");
    tx.commit().await.unwrap();
    assert_eq!(seen::user(store, ada.id).await, Some(changed));
}

/// A look-up sees what was committed before it began, however long ago its handle was opened.
pub async fn a_look_up_sees_what_was_committed_before_it<S: Store<Attrs = Suite>>(store: &S) {
    let mut read = store.read().await.unwrap();
    assert_eq!(read.user(user_id(1)).await.unwrap(), None);
    let [ada] = given::users(store, [1]).await;
    assert_eq!(read.user(ada.id).await.unwrap(), Some(ada));
}

/// After an error every further call answers that the unit of work is spent, its commit included, and
/// nothing of it happened.
pub async fn after_an_error_the_unit_is_spent<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let mut tx = store.begin().await.unwrap();
    tx.insert_user(&user(2)).await.unwrap();
    let refused = tx.insert_user(&ada).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    look_up_in_vain::<S>(&mut tx).await;
    write_in_vain::<S>(&mut tx).await;
    let committed = tx.commit().await;
    assert!(matches!(committed, Err(StoreError::Spent)), "{committed:?}");

    assert_eq!(seen::user(store, user_id(2)).await, None);
    assert_eq!(seen::user(store, user_id(3)).await, None);
}

/// Any call that fails spends its unit of work, and the calls before it never happened.
pub async fn any_failed_call_spends_its_unit<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, _] = given::users(store, [1, 2]).await;
    let email = proven(1, ada.id, "ada@example.com");
    let unproven = claim(2, user_id(2), "ada@example.com");
    given::emails(store, &[&email, &unproven]).await;
    given::password(store, &password(ada.id)).await;
    given::reply(store, &reply(1)).await;
    for failure in 0..5 {
        let mut tx = store.begin().await.unwrap();
        tx.insert_user(&user(9)).await.unwrap();
        let failed = match failure {
            0 => tx.insert_user(&ada).await,
            1 => tx.insert_login_email(&proven(3, user_id(2), "ada@example.com")).await,
            2 => tx.prove_login_email(unproven.id, unproven.user, at(1)).await.map(drop),
            3 => tx.insert_password(&password(ada.id)).await,
            _ => tx.insert_reply(&reply(1), at(0)).await,
        };
        assert!(matches!(failed, Err(StoreError::Duplicate(_))), "{failure}: {failed:?}");
        let next = tx.user(ada.id).await;
        assert!(matches!(next, Err(StoreError::Spent)), "{failure}: {next:?}");
        let committed = tx.commit().await;
        assert!(matches!(committed, Err(StoreError::Spent)), "{failure}: {committed:?}");
        assert_eq!(seen::user(store, user_id(9)).await, None, "{failure}");
    }
}

/// A unit of work whose task is cancelled leaves no trace, and does not stand in the way of the next.
pub async fn a_cancelled_unit_leaves_no_trace<S: Store<Attrs = Suite>>(store: &S) {
    let working = store.clone();
    let (halfway, reached) = oneshot::channel();
    let worker = tokio::spawn(async move {
        let mut tx = working.begin().await.unwrap();
        tx.insert_user(&user(1)).await.unwrap();
        halfway.send(()).unwrap();
        sleep(Duration::MAX).await;
        tx.commit().await.unwrap();
    });
    reached.await.unwrap();
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());

    let next = async {
        assert_eq!(seen::user(store, user_id(1)).await, None);
        given::users(store, [1]).await
    };
    assert!(timeout(SOON, next).await.is_ok(), "the cancelled unit of work is in the way");
}

/// A unit of work that is cancelled at any of its steps happened whole or not at all, and the store
/// goes on working.
pub async fn a_unit_cancelled_anywhere_is_whole_or_nothing<S: Store<Attrs = Suite>>(store: &S) {
    for n in 1..=u8::MAX {
        let written = cancelled_after(u32::from(n), write_pair(store, n)).await;
        let mut halves = None;
        // A commit that was under way may still arrive between two look-ups.
        for _ in 0..200 {
            let user = seen::user(store, user_id(n)).await.is_some();
            let claim = !seen::emails_of(store, user_id(n)).await.is_empty();
            halves = Some((user, claim));
            if user == claim {
                break;
            }
            sleep(Duration::from_millis(5)).await;
        }
        assert!(matches!(halves, Some((true, true) | (false, false))), "{n}: half is there");
        if let Some(written) = written {
            return written.unwrap();
        }
    }
    unreachable!("a unit of work of two writes never ends");
}

/// Units of work that want the same rows in different orders all happen in the end. Those that would wait
/// for each other, or overwrite each other, are told of a conflict and of no other error, and try again.
pub async fn units_that_cross_all_happen<S: Store<Attrs = Suite>>(store: &S) {
    given::users(store, [1, 2]).await;
    let answers = race(store, 4, |racer, tx| {
        Box::pin(async move {
            let order = if racer % 2 == 0 { [1, 2] } else { [2, 1] };
            for id in order.map(user_id) {
                let stored = tx.user(id).await?.ok_or(StoreError::Conflict)?;
                let changed = User { version: stored.version + 1, ..stored };
                if !tx.update_user(&changed, stored.version).await? {
                    return Err(StoreError::Conflict);
                }
                sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        })
    });
    for answer in answers.await {
        answer.unwrap();
    }
    for id in [1, 2].map(user_id) {
        assert_eq!(seen::user(store, id).await.map(|user| user.version), Some(5));
    }
}

/// A pause lasts as long as was asked, about.
pub async fn a_pause_lasts<S: Store<Attrs = Suite>>(store: &S) {
    let start = Instant::now();
    store.pause(Duration::from_millis(50)).await;
    assert!(start.elapsed() >= Duration::from_millis(45));
    assert!(timeout(SOON, store.pause(Duration::from_millis(1))).await.is_ok());
}

/// A user and his claim, in one unit of work.
async fn write_pair<S: Store<Attrs = Suite>>(store: &S, n: u8) -> Result<()> {
    let mut tx = store.begin().await?;
    tx.insert_user(&user(n)).await?;
    tx.insert_login_email(&claim(n, user_id(n), "ada@example.com")).await?;
    tx.commit().await
}

/// Drops the work once it has waited this often; `None` if it was not over by then.
async fn cancelled_after<T>(waits: u32, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut left = waits;
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left <= 1 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Each call must answer that the unit of work is spent.
macro_rules! spent {
    ($($call:expr,)+) => {$(
        let answer = $call.await;
        assert!(matches!(answer, Err(StoreError::Spent)), "{}: {answer:?}", stringify!($call));
    )+};
}

async fn look_up_in_vain<S: Store<Attrs = Suite>>(tx: &mut S::Tx<'static>) {
    let (ada, email) = (user_id(1), claim(1, user_id(1), "ada@example.com"));
    spent! {
        tx.user(ada),
        tx.user_by_email(email.address.canonical()),
        tx.login_email(email.id),
        tx.login_emails_of(ada),
        tx.proven_email(email.address.canonical()),
        tx.proven_lookalikes("ada@example.com"),
        tx.password(ada),
        tx.password_login(email.address.canonical()),
        tx.session(session(1, ada).id),
        tx.session_by_token(&token(1)),
        tx.session_by_refresh(&refresh(1)),
        tx.sessions_of(ada),
        tx.flow_by_handle(&handle(1)),
        tx.flow_by_link(&link(1)),
        tx.open_flows_of(ada, Purpose::Login, at(0)),
        tx.mail(mail(1).id),
        tx.due_mail(at(0), 1),
        tx.dead_mail(1),
        tx.count_mail(),
        tx.reply(&reply(1).key),
        tx.totp(ada),
        tx.totp_enrolment(&totp(1, ada).handle),
        tx.count_recovery_codes(ada),
        tx.organization(organization(1).id),
        tx.organizations_of(ada, Slice { after: None, limit: 1 }),
        tx.membership(membership(1, 1, ada).id),
        tx.membership_of(organization(1).id, ada),
        tx.members_of(organization(1).id, Slice { after: None, limit: 1 }),
        tx.count_members(organization(1).id, StandardOrganizationRole::Owner),
        tx.count_memberships(ada),
        tx.invitation(invitation(1, 1).id),
        tx.invitation_by_code(&invitation(1, 1).code),
        tx.invitations_of(organization(1).id, at(0), Slice { after: None, limit: 1 }),
        tx.count_invitations(organization(1).id, at(0)),
        tx.audit_entries(&AuditQuery::default()),
        tx.audit_rows(None, 1),
        tx.unsealed_audit(None, 1),
        tx.sealed_audit(None, 1),
        tx.audit_seals(None, 0, 1),
        tx.audit_head(None),
        tx.audit_heads(None, 1),
    }
}

async fn write_in_vain<S: Store<Attrs = Suite>>(tx: &mut S::Tx<'static>) {
    let (ada, email) = (user_id(1), claim(1, user_id(1), "ada@example.com"));
    let (key, rate) = (BudgetKey(digest(1, 1)), Rate { burst: 1, interval: SOON });
    spent! {
        tx.insert_user(&user(3)),
        tx.update_user(&user(1), 1),
        tx.insert_login_email(&email),
        tx.prove_login_email(email.id, ada, at(0)),
        tx.delete_claims(email.address.canonical(), ada),
        tx.insert_password(&password(ada)),
        tx.outdate_password(ada),
        tx.replace_password_hash(&password(ada), &hash("new")),
        tx.insert_session(&session(1, ada)),
        tx.rotate_session(&session(1, ada), &refresh(1)),
        tx.remember_token(session(1, ada).id, &token(9)),
        tx.lock_session(session(1, ada).id),
        tx.end_session(session(1, ada).id, at(0)),
        tx.end_sessions_of(ada, None, at(0)),
        tx.insert_flow(&flow(1)),
        tx.debit_flow(flow_id(1), 0, 5),
        tx.advance_flow(&flow(1), 0, 1),
        tx.finish_flow(flow_id(1), 0, at(0)),
        tx.finish_flows_of(ada, at(0)),
        tx.debit_budget(key, &rate, at(0)),
        tx.refund_budget(key, &rate),
        tx.debit_attempt(key, &Delays::default(), at(0)),
        tx.reset_attempts(key),
        tx.insert_mail(&mail(1)),
        tx.lease_mail(mail(1).id, at(10), at(20)),
        tx.settle_mail(&mail(1), at(10)),
        tx.insert_reply(&reply(1), at(0)),
        tx.insert_totp(&totp(1, ada)),
        tx.confirm_totp(totp(1, ada).id, 1, at(0)),
        tx.spend_totp_step(totp(1, ada).id, 1),
        tx.doubt_totp(ada, at(0), at(0)),
        tx.trust_totp(totp(1, ada).id),
        tx.delete_totp(ada),
        tx.replace_recovery_codes(ada, &[digest(1, 1)], at(0)),
        tx.delete_recovery_codes(ada, at(0)),
        tx.spend_recovery_code(ada, &digest(1, 1)),
        tx.insert_organization(&organization(1)),
        tx.update_organization(&organization(1), 1),
        tx.lock_organization(organization(1).id),
        tx.insert_membership(&membership(1, 1, ada)),
        tx.update_membership(&membership(1, 1, ada), 1),
        tx.delete_membership(membership(1, 1, ada).id, 1),
        tx.insert_invitation(&invitation(1, 1)),
        tx.finish_invitation(invitation(1, 1).id, at(0)),
        tx.finish_invitations_to(organization(1).id, email.address.canonical(), at(0)),
        tx.insert_audit(&row(&audit(1))),
        tx.insert_audit_seal(&seal(None, 1, &[1])),
        tx.advance_audit_head(&head(None, 1), 0),
        tx.erase_audit_addresses(ada),
    }
}
