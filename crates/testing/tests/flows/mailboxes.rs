//! How many mails a mailbox gets, and who uses that up.

use std::time::Duration;

use durward_core::accounts::{CodeRequest, ResetRequest};
use durward_testing::{TestAccounts, given};

use crate::support::{begin_login, proven_user};

/// Asks for a login code from somewhere else each time.
async fn ask_from_everywhere(it: &TestAccounts, times: std::ops::Range<u16>) {
    for time in times {
        let [high, low] = time.to_be_bytes();
        let origin = given::origin(&format!("198.18.{high}.{low}"));
        let request = CodeRequest { email: given::email("ada@example.com"), state: it.state() };
        it.accounts().request_code(&request, &origin).await.unwrap();
    }
}

#[tokio::test]
async fn a_mailbox_gets_ten_mails_an_hour_whatever_the_trigger() {
    // R-TH-06, AM-25
    let it = TestAccounts::new();
    proven_user(&it, "ada@example.com").await;
    ask_from_everywhere(&it, 0..20).await;
    for last in 0..20 {
        let origin = given::origin(&format!("198.51.100.{last}"));
        let request = it.request("ADA@example.com");
        it.accounts().sign_up(request, &origin).await.unwrap();
    }
    it.deliver().await;
    assert_eq!(it.inbox().len(), 10);
    it.sign_up("bob@example.com").await;
    it.clock().advance(Duration::from_mins(6));
    ask_from_everywhere(&it, 20..22).await;
    it.deliver().await;
    assert_eq!(it.inbox().all_to("ada@example.com").len(), 11, "one is earned back");
}

#[tokio::test]
async fn a_network_uses_up_a_part_of_what_a_mailbox_takes() {
    // R-TH-04, R-TH-05
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    it.inbox().clear();
    let stranger = given::origin("203.0.113.7");
    for _ in 0..10 {
        let request = CodeRequest { email: given::email("ada@example.com"), state: it.state() };
        it.accounts().request_code(&request, &stranger).await.unwrap();
    }
    it.deliver().await;
    assert_eq!(it.inbox().len(), 4);
}

#[tokio::test]
async fn strangers_do_not_keep_the_owner_from_a_code_where_he_has_been_before() {
    // R-TH-04, R-TH-06
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    ask_from_everywhere(&it, 0..200).await;
    it.deliver().await;
    let mails = it.inbox().len();
    assert!(mails <= 10, "{mails}");
    it.log_in_by_mail("ada@example.com").await;
    let request = ResetRequest { email: given::email("ada@example.com"), state: it.state() };
    it.accounts().request_reset(&request, &it.origin()).await.unwrap();
    assert_eq!(it.mail_to("ada@example.com").await.name(), "reset-password");
    let elsewhere = given::origin("203.0.113.7");
    it.inbox().clear();
    let request = CodeRequest { email: given::email("ada@example.com"), state: it.state() };
    it.accounts().request_code(&request, &elsewhere).await.unwrap();
    it.deliver().await;
    assert!(it.inbox().is_empty(), "where nobody has seen him he is a stranger, too");
}

#[tokio::test]
async fn a_mailbox_gets_no_more_than_so_many_mails_a_day() {
    // R-TH-06
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    for hour in 0..48 {
        if hour == 24 {
            it.inbox().clear();
        }
        ask_from_everywhere(&it, hour * 5..hour * 5 + 5).await;
        for _ in 0..5 {
            begin_login(&it, "ada@example.com").await;
        }
        it.deliver().await;
        it.clock().advance(Duration::from_hours(1));
    }
    let (mails, day) = (it.inbox().len(), it.accounts().parts().settings.limits.mailbox_daily);
    assert!(mails <= 2 * day.burst as usize + 2, "{mails}");
    assert!(mails >= day.burst as usize, "{mails}");
}
