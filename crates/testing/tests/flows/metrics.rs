//! What the flows count.

use std::collections::BTreeMap;
use std::time::Duration;

use durward_core::accounts::{Chore, CodeAttempt, FactorProof};
use durward_core::budget::Rate;
use durward_core::entity::TotpCode;
use durward_core::store::{Audit, AuditQuery};
use durward_core::{CodeToken, Error, MailError, RecoveryCode, Store, upkeep};
use durward_store_memory::MemoryStore;
use durward_testing::given::PASSWORD;
use durward_testing::rates::{client, granted};
use durward_testing::{TestAccounts, TestMetrics, session, typed};

use crate::factors::enrolled_at;
use crate::support::{begin_login, begin_sign_up, is_refused, try_password};
use crate::traced::TracedStore;

const ADA: &str = "ada@example.com";
const WRONG: &str = "this is quite wrong, whoever asks";

/// The attempts so far, each as `method outcome`.
fn attempts(metrics: &TestMetrics) -> BTreeMap<String, u64> {
    let begin = "durward_authentication_attempts_total{method=\"";
    let told = metrics.values().into_iter().filter_map(|(series, count)| {
        let labels = series.strip_prefix(begin)?.strip_suffix("\"}")?;
        Some((labels.replace("\",outcome=\"", " "), count))
    });
    told.collect()
}

/// How many refusals are in the audit log, by method.
async fn audited_refusals<S: Store>(it: &TestAccounts<S>) -> BTreeMap<String, u64> {
    let event = Some("authentication.failed".to_owned());
    let query = AuditQuery { event, limit: 1_000, ..AuditQuery::default() };
    let rows = it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap();
    let mut count = BTreeMap::new();
    for row in rows {
        let details: serde_json::Value = serde_json::from_str(&row.details).unwrap();
        let method = details["method"].as_str().unwrap();
        *count.entry(format!("{method} refused")).or_default() += 1;
    }
    count
}

fn table(rows: &[(&str, u64)]) -> BTreeMap<String, u64> {
    rows.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[tokio::test]
async fn every_attempt_is_counted_once_by_its_method_and_by_what_came_of_it() {
    // R-LG-01
    let metrics = TestMetrics::new();
    let _recorded = metrics.record();
    let it = TestAccounts::with(|parts| {
        parts.settings.limits.network_failures = Rate::per(20, Duration::from_hours(1));
    });
    let (handle, state) = begin_sign_up(&it, ADA).await;
    let none = CodeAttempt::Typed { handle: handle.handle.clone(), code: None };
    assert!(is_refused(it.accounts().answer_code(&none, &state, &it.origin()).await));
    let code = typed(&handle, it.mail_to(ADA).await.code());
    session(it.accounts().answer_code(&code, &state, &it.origin()).await.unwrap());
    let other = CodeAttempt::Link(CodeToken::mint(it.entropy()));
    assert!(is_refused(it.accounts().answer_code(&other, &state, &it.origin()).await));
    let mut expected = table(&[("email success", 1), ("email refused", 2)]);
    assert_eq!(attempts(&metrics), expected);

    it.log_in(ADA).await;
    assert!(is_refused(try_password(&it, ADA, WRONG).await));
    assert!(is_refused(try_password(&it, "nobody@example.com", WRONG).await));
    it.hasher().set_busy(true);
    assert!(matches!(try_password(&it, ADA, WRONG).await, Err(Error::Busy { .. })));
    it.hasher().set_busy(false);
    let rows = [("password success", 1), ("password refused", 2), ("password busy", 1)];
    expected.extend(table(&rows));
    assert_eq!(attempts(&metrics), expected);

    let mut refused = 2;
    while is_refused(try_password(&it, "nobody@example.com", WRONG).await) {
        refused += 1;
    }
    expected.extend(table(&[("password refused", refused), ("password throttled", 1)]));
    assert_eq!(attempts(&metrics), expected);
    let refusals: BTreeMap<_, _> =
        expected.into_iter().filter(|(name, _)| name.ends_with("refused")).collect();
    assert_eq!(audited_refusals(&it).await, refusals);
}

#[tokio::test]
async fn a_second_factor_is_an_attempt_of_its_own() {
    let metrics = TestMetrics::new();
    let _recorded = metrics.record();
    let ada = enrolled_at(TestAccounts::new()).await;
    let mut expected = table(&[("email success", 1), ("totp success", 1)]);
    assert_eq!(attempts(&metrics), expected, "the enrolment");

    ada.log_in(FactorProof::Totp(Some(ada.code()))).await.unwrap();
    let wrong = TotpCode::parse("000000").unwrap();
    assert!(is_refused(ada.log_in(FactorProof::Totp(Some(wrong))).await));
    let code = ada.codes[0].clone();
    ada.log_in(FactorProof::RecoveryCode(Some(code))).await.unwrap();
    let never = RecoveryCode::mint(ada.it.entropy());
    assert!(is_refused(ada.log_in(FactorProof::RecoveryCode(Some(never))).await));
    expected.extend(table(&[
        ("password continued", 4),
        ("totp success", 2),
        ("totp refused", 1),
        ("recoveryCode success", 1),
        ("recoveryCode refused", 1),
    ]));
    assert_eq!(attempts(&metrics), expected);
}

#[tokio::test]
async fn a_unit_that_loses_races_is_counted_and_its_attempt_is_one() {
    // R-CC-03
    let metrics = TestMetrics::new();
    let _recorded = metrics.record();
    let store = TracedStore::<MemoryStore>::default();
    let it = TestAccounts::on(store.clone());
    it.sign_up(ADA).await;
    store.lose_races(3);
    session(try_password(&it, ADA, PASSWORD).await.unwrap());
    assert_eq!(attempts(&metrics)["password success"], 1);
    assert_eq!(metrics.value("durward_units_of_work_retried_total"), 3);
    assert_eq!(metrics.value("durward_units_of_work_given_up_total"), 0);
    store.lose_races(u32::MAX);
    assert!(matches!(try_password(&it, ADA, PASSWORD).await, Err(Error::Busy { .. })));
    store.lose_races(0);
    assert_eq!(metrics.value("durward_units_of_work_given_up_total"), 1);
    assert_eq!(attempts(&metrics)["password busy"], 1);
}

#[tokio::test]
async fn mails_are_counted_when_they_wait_and_by_what_becomes_of_them() {
    let metrics = TestMetrics::new();
    let _recorded = metrics.record();
    let it = TestAccounts::new();
    let measured = async || {
        assert_eq!(it.accounts().attend_to(Chore::Measure, 100).await.unwrap(), 0);
        let value = |name: &str| metrics.value(&format!("durward_outbox_{name}"));
        (value("mails"), value("oldest_mail_age_seconds"))
    };
    let became = |outcome: &str| {
        metrics.value(&format!("durward_mail_attempts_total{{outcome=\"{outcome}\"}}"))
    };
    assert_eq!(measured().await, (0, 0));
    begin_sign_up(&it, ADA).await;
    it.clock().advance(Duration::from_secs(7));
    begin_sign_up(&it, "bob@example.com").await;
    // What is written in the place of a mail is none.
    begin_login(&it, "nobody@example.com").await;
    assert_eq!(measured().await, (2, 7));

    it.inbox().fail_next(MailError::Temporary("connection refused".into()));
    it.inbox().fail_next(MailError::Permanent("no such mailbox".into()));
    it.deliver().await;
    assert_eq!((became("failed"), became("given-up"), became("delivered")), (1, 1, 0));
    assert_eq!(measured().await.0, 1, "what is tried again waits");
    it.clock().advance(Duration::from_secs(15));
    it.deliver().await;
    assert_eq!((became("failed"), became("given-up"), became("delivered")), (1, 1, 1));
    assert_eq!(measured().await, (0, 0));
}

#[tokio::test]
async fn an_entry_without_a_seal_grows_older() {
    // R-LG-04
    let metrics = TestMetrics::new();
    let _recorded = metrics.record();
    let it = TestAccounts::new();
    it.sign_up(ADA).await;
    it.clock().advance(Duration::from_secs(9));
    it.accounts().seal_audit(100).await.unwrap();
    assert_eq!(metrics.value("durward_audit_unsealed_age_seconds"), 9);
    it.accounts().seal_audit(100).await.unwrap();
    assert_eq!(metrics.value("durward_audit_unsealed_age_seconds"), 0);
}

#[tokio::test]
async fn requests_beyond_a_rate_are_counted_by_the_limit() {
    let metrics = TestMetrics::new();
    let _recorded = metrics.record();
    let it = TestAccounts::new();
    let rate = Rate::per(2, Duration::from_mins(1));
    for _ in 0..5 {
        granted(it.accounts(), client(1), &rate).await;
    }
    let limited = |limit: &str| {
        metrics.value(&format!("durward_rate_limited_requests_total{{limit=\"{limit}\"}}"))
    };
    assert_eq!((limited("client_requests"), limited("caller_requests")), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn work_in_the_background_that_fails_is_counted_by_its_name() {
    let metrics = TestMetrics::new();
    let _recorded = metrics.record();
    let store = TracedStore::<MemoryStore>::default();
    let it = TestAccounts::on(store.clone());
    store.lose_races(u32::MAX);
    let options = upkeep::Options::default();
    let shutdown = tokio::time::sleep(Duration::from_mins(2));
    upkeep::run(it.accounts().clone(), options, shutdown).await;
    let failed = |work: &str| {
        metrics.value(&format!("durward_background_failures_total{{work=\"{work}\"}}"))
    };
    assert!(failed("delete-flows") > 0, "{:?}", metrics.values());
    assert_eq!(failed("measure"), 0, "it writes nothing");
}

#[tokio::test]
async fn without_a_recorder_nothing_is_kept_and_one_that_comes_later_hears_nothing() {
    let it = TestAccounts::new();
    let metrics = TestMetrics::new();
    let _recorded = metrics.record();
    it.sign_up(ADA).await;
    assert_eq!(metrics.names(), [""; 0]);
}
