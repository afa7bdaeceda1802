use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use durward_core::accounts::PasswordAttempt;
use durward_core::budget::{Delays, Rate};
use durward_core::ids::ClientId;
use durward_core::password::{Admission, HashError, Verdict};
use durward_core::store::{Audit, AuditQuery};
use durward_core::{CodeToken, Error, Limits, Origin, Password, PasswordHash, PasswordHasher};
use durward_store_memory::MemoryStore;
use durward_testing::given::PASSWORD;
use durward_testing::hasher::TestHasher;
use durward_testing::{TestAccounts, given, typed};

use crate::login_emails;
use crate::support::{begin_login, begin_sign_up, is_refused, try_password};

const MINUTE: Duration = Duration::from_mins(1);

fn limited(limits: impl FnOnce(&mut Limits)) -> TestAccounts {
    TestAccounts::with(|parts| limits(&mut parts.settings.limits))
}

fn throttled<T>(outcome: Result<T, Error>) -> Option<Duration> {
    let Err(Error::Throttled { retry_after, .. }) = outcome.map(drop) else { return None };
    Some(retry_after)
}

async fn from<A>(it: &TestAccounts, origin: &Origin, password: A) -> Result<(), Error>
where
    A: AsRef<str>,
{
    let attempt = PasswordAttempt {
        email: given::email("ada@example.com"),
        password: given::password(password.as_ref()),
        state: it.state(),
    };
    it.accounts().login_with_password(attempt, origin).await.map(drop)
}

#[tokio::test]
async fn the_right_password_is_refused_while_the_delay_lasts() {
    // R-TH-03
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    for _ in 0..5 {
        assert!(is_refused(try_password(&it, "ada@example.com", "wrong").await));
    }
    it.clock().advance(Duration::from_millis(1_999));
    assert!(is_refused(try_password(&it, "ada@example.com", PASSWORD).await));
    it.clock().advance(Duration::from_millis(1));
    assert!(try_password(&it, "ada@example.com", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn the_delay_grows_and_attempts_during_it_change_nothing() {
    // R-TH-03
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    for _ in 0..7 {
        assert!(is_refused(try_password(&it, "ada@example.com", "wrong").await));
        it.clock().advance(Duration::from_secs(2));
    }
    assert!(is_refused(try_password(&it, "ada@example.com", "wrong").await), "the eighth");
    for _ in 0..20 {
        it.clock().advance(Duration::from_millis(700));
        assert!(is_refused(try_password(&it, "ada@example.com", PASSWORD).await));
    }
    it.clock().advance(MINUTE);
    assert!(try_password(&it, "ada@example.com", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_success_forgets_the_failures() {
    // R-TH-03
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    for _ in 0..5 {
        for _ in 0..4 {
            assert!(is_refused(try_password(&it, "ada@example.com", "wrong").await));
        }
        assert!(try_password(&it, "ada@example.com", PASSWORD).await.is_ok());
    }
}

#[tokio::test]
async fn nobody_can_lock_the_owner_out_of_her_other_ways_in() {
    // R-TH-04, GW-19
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    for _ in 0..100 {
        assert!(is_refused(try_password(&it, "ada@example.com", "wrong").await));
    }
    assert!(is_refused(try_password(&it, "ada@example.com", PASSWORD).await));
    assert_eq!(it.log_in_by_mail("ada@example.com").await.user, ada.user);
}

#[tokio::test]
async fn failures_of_one_address_in_all_spellings_count_together() {
    // GW-19, R-TH-01
    let it = limited(|limits| limits.delays = Delays([(3, MINUTE); 4]));
    it.sign_up("ada@example.com").await;
    it.sign_up("bob@example.com").await;
    for spelling in ["ada@example.com", "ADA@example.com", "Ada@Example.COM"] {
        assert!(is_refused(try_password(&it, spelling, "wrong").await));
    }
    assert!(is_refused(try_password(&it, "ada@EXAMPLE.com", PASSWORD).await));
    assert!(try_password(&it, "bob@example.com", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn failures_of_a_user_count_together_by_whichever_of_her_addresses_they_come() {
    // R-TH-01
    let it = limited(|limits| limits.delays = Delays([(3, MINUTE); 4]));
    let ada = it.sign_up("ada@example.com").await;
    login_emails::add(&it, &ada, "ada@work.example").await;
    for address in ["ada@example.com", "ada@work.example", "ada@example.com"] {
        assert!(is_refused(try_password(&it, address, "wrong").await));
    }
    for address in ["ada@example.com", "ada@work.example"] {
        assert!(is_refused(try_password(&it, address, PASSWORD).await), "{address}");
    }
    it.clock().advance(MINUTE);
    assert!(try_password(&it, "ada@work.example", PASSWORD).await.is_ok());
    assert!(is_refused(try_password(&it, "ada@example.com", "wrong").await));
    assert!(try_password(&it, "ada@example.com", PASSWORD).await.is_ok(), "they were forgotten");
}

#[tokio::test]
async fn what_was_tried_before_an_address_was_anybodys_holds_nobody_off() {
    // R-TH-04
    let it = limited(|limits| limits.delays = Delays([(1, MINUTE); 4]));
    for _ in 0..2 {
        assert!(is_refused(try_password(&it, "ada@example.com", "wrong").await));
    }
    it.sign_up("ada@example.com").await;
    assert!(try_password(&it, "ada@example.com", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_network_that_fails_too_often_must_wait() {
    // R-TH-05, R-TH-07
    let it = limited(|limits| limits.network_failures = Rate::per(3, MINUTE));
    it.sign_up("ada@example.com").await;
    for address in ["ada@example.com", "bob@example.com", "eve@example.com"] {
        assert!(is_refused(try_password(&it, address, "wrong").await));
    }
    for address in ["ada@example.com", "unknown@example.com"] {
        let wait = throttled(try_password(&it, address, PASSWORD).await).unwrap();
        assert_eq!(wait, Duration::from_secs(20));
    }
    assert!(from(&it, &given::origin("192.0.2.2"), PASSWORD).await.is_ok(), "another network");
    it.clock().advance(Duration::from_secs(20));
    assert!(try_password(&it, "ada@example.com", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn neighbours_in_an_ipv6_network_share_a_budget() {
    // R-TH-05
    let it = limited(|limits| limits.network_failures = Rate::per(2, MINUTE));
    it.sign_up("ada@example.com").await;
    for ip in ["2001:db8:1:2::1", "2001:db8:1:2:ffff::1"] {
        assert!(is_refused(from(&it, &given::origin(ip), "wrong").await));
    }
    let neighbour = given::origin("2001:db8:1:2:3:4:5:6");
    assert!(throttled(from(&it, &neighbour, PASSWORD).await).is_some());
    assert!(from(&it, &given::origin("2001:db8:1:3::1"), PASSWORD).await.is_ok());
}

#[tokio::test]
async fn the_networks_of_a_site_share_a_wider_budget() {
    // R-TH-05
    let it = limited(|limits| {
        limits.site_failures = Rate::per(3, MINUTE);
        limits.site_requests = Rate::per(2, MINUTE);
    });
    it.sign_up("ada@example.com").await;
    let networks = ["2001:db8:1:1::1", "2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8:1:4::1"]
        .map(given::origin);
    for network in &networks[..3] {
        assert!(is_refused(from(&it, network, "wrong").await));
    }
    let wait = throttled(from(&it, &networks[3], PASSWORD).await).unwrap();
    assert_eq!(wait, Duration::from_secs(20));
    assert!(from(&it, &given::origin("2001:db8:2::1"), PASSWORD).await.is_ok(), "another site");
    assert!(from(&it, &given::origin("192.0.2.1"), PASSWORD).await.is_ok(), "IPv4 has no sites");

    let ask =
        async |network: &Origin| it.accounts().sign_up(it.request("b@c.example"), network).await;
    assert!(ask(&networks[0]).await.is_ok() && ask(&networks[1]).await.is_ok());
    assert!(throttled(ask(&networks[2]).await).is_some());
}

#[tokio::test]
async fn a_client_whose_users_fail_too_often_must_wait_from_wherever_they_come() {
    // R-TH-05
    let it = limited(|limits| limits.client_failures = Rate::per(3, MINUTE));
    it.sign_up("ada@example.com").await;
    let [one, other] = [1, 2].map(|number| Some(ClientId::from_bytes([number; 16])));
    let by = |client, last| Origin { client, ..given::origin(&format!("198.51.100.{last}")) };
    for last in 1..=3 {
        assert!(is_refused(from(&it, &by(one, last), "wrong").await));
    }
    let wait = throttled(from(&it, &by(one, 4), PASSWORD).await).unwrap();
    assert_eq!(wait, Duration::from_secs(20));
    assert!(from(&it, &by(other, 4), PASSWORD).await.is_ok(), "another client");
    assert!(from(&it, &by(None, 4), PASSWORD).await.is_ok(), "no client");
}

#[tokio::test]
async fn successes_use_no_budget_up() {
    // R-TH-05
    let it = limited(|limits| {
        let two = Rate::per(2, MINUTE);
        (limits.network_failures, limits.site_failures, limits.client_failures) = (two, two, two);
        limits.mailbox = Rate::per(100, MINUTE);
        limits.mailbox_network = limits.mailbox;
    });
    it.sign_up("ada@example.com").await;
    let client = Some(ClientId::from_bytes([1; 16]));
    let origin = Origin { client, ..given::origin("2001:db8:1:2::1") };
    for _ in 0..10 {
        assert!(from(&it, &origin, PASSWORD).await.is_ok());
        assert!(try_password(&it, "ada@example.com", PASSWORD).await.is_ok());
        it.log_in_by_mail("ada@example.com").await;
    }
}

#[tokio::test]
async fn wrong_codes_use_the_networks_budget_up_over_all_flows() {
    // R-TH-02, R-TH-05, GW-64
    let it = limited(|limits| limits.network_failures = Rate::per(4, MINUTE));
    it.sign_up("ada@example.com").await;
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        let (step, state) = begin_login(&it, "ada@example.com").await;
        for _ in 0..2 {
            let guess = typed(&step, "ZZZZZZZZ");
            let outcome = it.accounts().answer_code(&guess, &state, &it.origin()).await;
            outcomes.push(throttled(outcome).is_some());
        }
    }
    assert_eq!(outcomes, [false, false, false, false, true, true]);
}

#[tokio::test]
async fn a_network_that_asks_too_often_must_wait() {
    // R-TH-05, R-TH-07, GW-55
    let it = limited(|limits| limits.network_requests = Rate::per(3, MINUTE));
    begin_sign_up(&it, "ada@example.com").await;
    let (step, state) = begin_login(&it, "bob@example.com").await;
    it.accounts().resend_code(&step.handle, &state, &it.origin()).await.unwrap();
    let request = it.request("eve@example.com");
    assert!(throttled(it.accounts().sign_up(request, &it.origin()).await).is_some());
    let again = it.accounts().resend_code(&step.handle, &state, &it.origin()).await;
    assert!(throttled(again).is_some());
}

#[tokio::test]
async fn what_is_typed_where_no_code_was_mailed_is_not_counted_against_the_mailbox() {
    // R-TH-04, GW-19
    let it = TestAccounts::new();
    for _ in 0..24 {
        let (step, state) = begin_login(&it, "ada@example.com").await;
        for _ in 0..5 {
            let guess = typed(&step, "ZZZZZZZZ");
            assert!(is_refused(it.accounts().answer_code(&guess, &state, &it.origin()).await));
        }
    }
    it.clock().advance(Duration::from_hours(24));
    it.sign_up("ada@example.com").await;
    it.log_in_by_mail("ada@example.com").await;
}

/// The failures in the log.
async fn failures(it: &TestAccounts) -> usize {
    let event = Some("authentication.failed".to_owned());
    let query = AuditQuery { event, limit: 100, ..AuditQuery::default() };
    it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap().len()
}

#[tokio::test]
async fn links_that_lead_nowhere_do_not_fill_the_log_and_keep_nobody_from_objecting() {
    // R-TH-05, AM-16, GW-64
    let it = limited(|limits| limits.network_failures = Rate::per(3, MINUTE));
    let code = || CodeToken::mint(it.entropy());
    for _ in 0..10 {
        assert!(is_refused(it.accounts().report_notice(&code(), &it.origin()).await));
    }
    assert_eq!(failures(&it).await, 3);
    it.clock().advance(2 * MINUTE);
    let mut waits = Vec::new();
    for _ in 0..5 {
        let outcome = it.accounts().restore_by_link(&code(), &it.origin()).await;
        waits.push(throttled(outcome).is_some());
    }
    assert_eq!(waits, [false, false, false, true, true]);
    assert_eq!(failures(&it).await, 6);
}

/// A hasher that never comes back.
struct Stuck;

#[async_trait]
impl PasswordHasher for Stuck {
    fn admit(&self) -> Result<Admission, HashError> {
        Ok(Admission::unlimited())
    }
    async fn hash(&self, password: Password, a: Admission) -> Result<PasswordHash, HashError> {
        TestHasher::new().hash(password, a).await
    }
    async fn verify(
        &self,
        _: Password,
        _: Option<PasswordHash>,
        _: Admission,
    ) -> Result<Verdict, HashError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn an_attempt_counts_even_if_the_caller_hangs_up() {
    // R-CC-04, security decision 3
    let store: MemoryStore = MemoryStore::default();
    let delays = Delays([(1, MINUTE); 4]);
    let stuck = TestAccounts::on_with(store.clone(), |parts| {
        parts.settings.limits.delays = delays;
        parts.passwords = Arc::new(Stuck);
    });
    let it = TestAccounts::on_with(store, |parts| {
        parts.settings.limits.delays = delays;
        parts.entropy = Arc::new(durward_testing::SeededEntropy::new(9));
    });
    it.sign_up("ada@example.com").await;
    tokio::select! {
        biased;
        _ = try_password(&stuck, "ada@example.com", PASSWORD) => unreachable!("it is stuck"),
        () = tokio::task::yield_now() => {}
    }
    assert!(is_refused(try_password(&it, "ada@example.com", PASSWORD).await), "it was debited");
    it.clock().advance(MINUTE);
    assert!(try_password(&it, "ada@example.com", PASSWORD).await.is_ok());
}
