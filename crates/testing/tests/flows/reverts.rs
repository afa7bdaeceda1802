//! Who wins an account when two contend for it: whoever reads the older address (R-EM-07, R-NO-01).

use std::time::Duration;

use durward_core::accounts::IssuedSession;
use durward_core::{CodeToken, Notice, Store};
use durward_testing::{Letter, TestAccounts};

use crate::login_emails::{ADA, NEW, add, list, lives, notice, promote, remove};
use crate::support::{audited, is_refused, owner};

const EVIL: &str = "evil@example.net";
const WEEK: Duration = Duration::from_hours(7 * 24);

async fn revert<S: Store>(it: &TestAccounts<S>, letter: &Letter) -> bool {
    let code = CodeToken::parse(letter.link_code()).unwrap();
    let outcome = it.accounts().revert_email(&code, &it.origin()).await;
    outcome.is_ok() || {
        assert!(is_refused(outcome));
        false
    }
}

async fn report<S: Store>(it: &TestAccounts<S>, letter: &Letter) -> bool {
    let code = CodeToken::parse(letter.link_code()).unwrap();
    let outcome = it.accounts().report_notice(&code, &it.origin()).await;
    outcome.is_ok() || {
        assert!(is_refused(outcome));
        false
    }
}

/// An account with one old address, and a thief in one of its sessions.
async fn robbed() -> (TestAccounts, IssuedSession) {
    let it = TestAccounts::new();
    it.sign_up(ADA).await;
    it.clock().advance(WEEK);
    let thief = it.log_in(ADA).await;
    (it, thief)
}

#[tokio::test]
async fn a_revert_is_written_down_and_gives_the_address_to_nobody_else() {
    // R-EM-07, R-LG-01
    let (it, thief) = robbed().await;
    add(&it, &thief, EVIL).await;
    remove(&it, &thief, &[ADA]).await.unwrap();
    assert!(owner(&it, ADA).await.is_none());
    assert!(revert(&it, &notice(&it, ADA, Notice::EmailRemoved).await).await);
    assert_eq!(owner(&it, ADA).await.unwrap().id, thief.user);
    assert!(audited(&it, thief.user).await.contains(&"email.reverted".to_owned()));
}

#[tokio::test]
async fn a_change_is_taken_back_for_seven_days() {
    // R-EM-07
    let nearly = WEEK.saturating_sub(Duration::from_millis(1));
    for (wait, taken) in [(nearly, true), (WEEK, false)] {
        let (it, thief) = robbed().await;
        add(&it, &thief, EVIL).await;
        remove(&it, &thief, &[ADA]).await.unwrap();
        let letter = notice(&it, ADA, Notice::EmailRemoved).await;
        it.clock().advance(wait);
        assert_eq!(revert(&it, &letter).await, taken);
    }
}

#[tokio::test]
async fn nobody_who_came_later_removes_who_was_there_before() {
    // R-EM-07: not even where all of them are young.
    let it = TestAccounts::new();
    let thief = it.sign_up(ADA).await;
    add(&it, &thief, EVIL).await;
    promote(&it, &thief, EVIL).await.unwrap();
    let his = notice(&it, EVIL, Notice::PrimaryChanged).await;
    let hers = notice(&it, ADA, Notice::PrimaryChanged).await;
    assert!(report(&it, &his).await, "he reads a proven address");
    assert_eq!(list(&it, thief.user).await.len(), 2);
    assert!(revert(&it, &hers).await, "and has ended nothing that is worth more");
    assert_eq!(list(&it, thief.user).await, [format!("{ADA}*")]);
}

#[tokio::test]
async fn what_was_there_for_a_week_before_a_change_stays() {
    // R-EM-07
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await;
    add(&it, &ada, NEW).await;
    it.clock().advance(WEEK);
    let thief = it.log_in(ADA).await;
    add(&it, &thief, EVIL).await;
    remove(&it, &thief, &[NEW, ADA]).await.unwrap();
    let [first, second] = [
        notice(&it, ADA, Notice::EmailRemoved).await,
        notice(&it, NEW, Notice::EmailRemoved).await,
    ];
    assert!(revert(&it, &second).await);
    assert!(revert(&it, &first).await, "each gives its own address back");
    assert_eq!(list(&it, ada.user).await, [format!("{ADA}*"), NEW.to_owned()]);
}

#[tokio::test]
async fn an_address_that_somebody_else_has_proven_since_does_not_come_back() {
    // R-EM-08
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await;
    add(&it, &ada, NEW).await;
    remove(&it, &ada, &[NEW]).await.unwrap();
    let letter = notice(&it, NEW, Notice::EmailRemoved).await;
    let bob = it.sign_up("bob@example.com").await;
    add(&it, &bob, NEW).await;
    assert!(!revert(&it, &letter).await);
    assert!(lives(&it, &ada).await, "nothing happened");
    remove(&it, &bob, &[NEW]).await.unwrap();
    assert!(revert(&it, &letter).await, "it is free again, and the link was not spent");
    assert_eq!(owner(&it, NEW).await.unwrap().id, ada.user);
}

#[tokio::test]
async fn a_revert_is_worth_nothing_elsewhere_and_nothing_else_is_one() {
    // R-OT-04, R-SE-10
    let (it, thief) = robbed().await;
    add(&it, &thief, NEW).await;
    remove(&it, &thief, &[ADA]).await.unwrap();
    let removed = notice(&it, ADA, Notice::EmailRemoved).await;
    let told = notice(&it, NEW, Notice::EmailRemoved).await;
    assert!(!report(&it, &removed).await && !revert(&it, &told).await);
    assert!(lives(&it, &thief).await);
    assert!(revert(&it, &removed).await, "it was not spent elsewhere");
}
