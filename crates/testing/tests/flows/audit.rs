use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use durward_core::behavior::{StepContext, StepRule};
use durward_core::entity::{AuditEntry, AuditHead};
use durward_core::store::{Audit, AuditQuery};
use durward_core::{Clock, Method, Origin, RequestId, Step, UserAgent, UserId, unit};
use durward_store_memory::MemoryStore;
use durward_testing::given::PASSWORD;
use durward_testing::{FakeClock, TestAccounts};

use crate::conduct::{Conduct, Fault};
use crate::support::{is_refused, try_password};
use crate::traced::TracedStore;

const SECOND: Duration = Duration::from_secs(1);

async fn rows(it: &TestAccounts, user: UserId) -> Vec<AuditEntry> {
    let mut read = it.accounts().read().await.unwrap();
    let query = AuditQuery { subject: Some(user), limit: 100, ..AuditQuery::default() };
    read.audit_entries(&query).await.unwrap()
}

#[tokio::test]
async fn every_outcome_has_a_row_that_says_who_when_where_and_how() {
    // R-LG-01
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    it.clock().advance(SECOND);
    assert!(is_refused(try_password(&it, "ada@example.com", "wrong").await));
    it.clock().advance(SECOND);
    it.log_in("ada@example.com").await;
    it.clock().advance(SECOND);
    it.accounts().logout(&ada.token, &it.origin()).await.unwrap();
    let mut rows = rows(&it, ada.user).await;
    rows.reverse();
    // The two of the sign-up have one moment, and no order.
    rows[..2].sort_by(|one, other| other.event.cmp(&one.event));
    let told: Vec<(&str, &str)> =
        rows.iter().map(|row| (row.event.as_str(), row.details.as_str())).collect();
    let events: Vec<&str> = told.iter().map(|(event, _)| *event).collect();
    assert_eq!(
        events,
        [
            "user.created",
            "session.opened",
            "authentication.failed",
            "session.opened",
            "session.ended"
        ]
    );
    assert!(told[1].1.contains(&ada.session.to_string()) && told[1].1.contains("email"));
    assert_eq!(told[2].1, r#"{"method":"password","reason":"wrong-secret"}"#);
    assert!(told[3].1.contains("password"));
    assert!(told[4].1.contains("logout"));
    for (row, seconds) in rows.iter().zip([0, 0, 1, 2, 3]) {
        assert_eq!(row.at, FakeClock::default().now() + SECOND * seconds);
        assert_eq!(row.subject, Some(ada.user));
        assert_eq!(row.ip.as_deref(), Some("192.0.2.1"));
    }
}

#[tokio::test]
async fn a_row_names_the_request_and_an_ipv4_address_by_its_own_name() {
    // R-LG-01
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    let origin = Origin {
        ip: Some("::ffff:192.0.2.7".parse().unwrap()),
        request: RequestId::parse("req-1"),
        agent: Some(UserAgent::parse("curl/8")),
        client: None,
        actor: None,
        session: None,
        by_operator: false,
    };
    it.clock().advance(SECOND);
    it.accounts().logout(&ada.token, &origin).await.unwrap();
    let newest = rows(&it, ada.user).await.remove(0);
    assert_eq!(newest.ip.as_deref(), Some("192.0.2.7"));
    assert_eq!(newest.request.as_deref(), Some("req-1"));
}

#[tokio::test]
async fn nobody_is_the_actor_of_what_the_operator_does() {
    // R-LG-01
    let it = TestAccounts::new();
    let (accounts, user) = (it.accounts(), it.sign_up("ada@example.com").await.user);
    it.clock().advance(SECOND);
    unit!(accounts, |tx| accounts.ban_user(tx, user, &Origin::operator()).await).unwrap();
    for row in rows(&it, user).await {
        let done_by_her = matches!(row.event.as_str(), "user.created" | "session.opened");
        assert_eq!(row.actor, done_by_her.then_some(user), "{}", row.event);
    }
}

#[tokio::test]
async fn whoever_fails_may_be_anybody() {
    // R-LG-01
    let it = TestAccounts::new();
    let user = it.sign_up("ada@example.com").await.user;
    it.clock().advance(SECOND);
    assert!(is_refused(try_password(&it, "ada@example.com", "wrong").await));
    let row = rows(&it, user).await.remove(0);
    assert_eq!((row.event.as_str(), row.actor), ("authentication.failed", None));
}

#[tokio::test]
async fn a_first_factor_that_another_one_follows_leaves_a_trace() {
    // R-LG-01
    let it = TestAccounts::with(|parts| parts.behavior.steps = Arc::new(ThenCode));
    let user = it.sign_up("ada@example.com").await.user;
    it.clock().advance(SECOND);
    try_password(&it, "ada@example.com", PASSWORD).await.unwrap();
    let row = rows(&it, user).await.remove(0);
    assert_eq!(row.event, "authentication.continued");
    let details: serde_json::Value = serde_json::from_str(&row.details).unwrap();
    assert_eq!(details, serde_json::json!({ "methods": ["password"], "next": "code" }));
}

struct ThenCode;

impl StepRule for ThenCode {
    fn next(&self, context: &StepContext<'_>) -> Option<Step> {
        (context.done == [Method::Password]).then_some(Step::Code)
    }
}

#[tokio::test]
async fn a_refresh_has_no_row_of_its_own() {
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    let before = rows(&it, ada.user).await.len();
    it.accounts().refresh(&ada.refresh, &it.origin()).await.unwrap();
    assert_eq!(rows(&it, ada.user).await.len(), before);
}

#[tokio::test]
async fn no_row_holds_a_secret_or_an_address() {
    // R-LG-02, AM-10, GW-61
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    let pair = it.accounts().refresh(&ada.refresh, &it.origin()).await.unwrap();
    it.log_in_by_mail("ada@example.com").await;
    assert!(is_refused(try_password(&it, "ada@example.com", "wrong password").await));
    let text = format!("{:?}", rows(&it, ada.user).await);
    let letters = it.inbox().all();
    let mut secrets = vec!["ada@example.com", "Lovelace", PASSWORD, "wrong password", "dw_"];
    secrets.extend([ada.token.expose(), pair.refresh.expose()]);
    secrets.extend(letters.iter().flat_map(|letter| [letter.code(), letter.link()]));
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn what_is_printed_for_debugging_holds_no_secret() {
    // R-LG-02, AM-12
    let it = TestAccounts::new();
    let request = it.request("ada@example.com");
    let printed = format!("{request:?}");
    assert!(!printed.contains(PASSWORD) && !printed.contains(request.state.expose()));
    assert!(!printed.contains("ada@example.com"), "{printed}");
    let ada = it.sign_up_as(request).await;
    let printed = format!("{ada:?} {:?} {:?} {it:?}", it.inbox().all(), it.accounts());
    for secret in [ada.token.expose(), ada.refresh.expose(), it.inbox().only().code()] {
        assert!(!printed.contains(secret), "{printed}");
    }
    assert!(!printed.contains("ada@example.com"), "{printed}");
}

/// A chain that looks as if nobody had sealed anything of it yet.
fn headless(answer: &mut dyn Any) {
    if let Some(head) = answer.downcast_mut::<Option<AuditHead>>() {
        *head = None;
    }
}

fn advanced(answer: &mut dyn Any) {
    if let Some(advanced) = answer.downcast_mut::<Option<bool>>() {
        *advanced = Some(true);
    }
}

#[tokio::test]
async fn a_sealer_knows_what_a_duplicate_means_whatever_the_store_calls_it() {
    // R-LG-04
    let store = TracedStore::<MemoryStore>::default();
    let it = TestAccounts::on(store.clone());
    it.sign_up("ada@example.com").await;
    let first = it.accounts().seal_audit(100).await.unwrap();
    assert_eq!((first.sealed, first.left), (2, 0));
    it.log_in("ada@example.com").await;

    let behind: &[Fault] = &[Fault::Lies("audit_head", headless)];
    store.conduct(Conduct { faults: behind, ..Conduct::default() });
    let late = it.accounts().seal_audit(100).await.unwrap();
    assert_eq!((late.sealed, late.left), (0, 0), "another one was quicker");

    let beheaded: &[Fault] =
        &[Fault::Lies("audit_head", headless), Fault::Skips("advance_audit_head", advanced)];
    store.conduct(Conduct { faults: beheaded, ..Conduct::default() });
    let halted = it.accounts().seal_audit(100).await.unwrap();
    assert_eq!((halted.sealed, halted.left), (0, 1), "the chain cannot go on");
}
