//! Units of work that lose races.

use durward_core::entity::totp_step;
use durward_core::{Error, StoreError, unit};
use durward_store_memory::MemoryStore;
use durward_testing::given::PASSWORD;
use durward_testing::{TestAccounts, given, session, step, typed};

use crate::factors::secret_of;
use crate::support::{audited, begin_login, fresh, owner, try_password};
use crate::traced::TracedStore;

type Store = TracedStore<MemoryStore>;

#[tokio::test]
async fn a_unit_that_loses_a_race_is_run_again_as_a_whole() {
    // R-CC-03
    let store = Store::default();
    let it = TestAccounts::on(store.clone());
    store.lose_races(3);
    let request = it.request("ada@example.com");
    let state = request.state.clone();
    let step = step(it.accounts().sign_up(request, &it.origin()).await.unwrap());
    store.lose_races(3);
    let code = typed(&step, it.mail_to("ada@example.com").await.code());
    store.lose_races(3);
    session(it.accounts().answer_code(&code, &state, &it.origin()).await.unwrap());
    assert_eq!(it.inbox().len(), 1);
    let ada = owner(&it, "ada@example.com").await.unwrap();
    assert_eq!(audited(&it, ada.id).await, ["session.opened", "user.created"]);
}

#[tokio::test]
async fn a_refresh_that_lost_a_race_looks_again() {
    // R-CC-03, R-SE-08
    let store = Store::default();
    let it = TestAccounts::on(store.clone());
    let first = it.sign_up("ada@example.com").await;
    store.trace().take();
    store.lose_races(1);
    let pair = it.accounts().refresh(&first.refresh, &it.origin()).await.unwrap();
    let calls = store.trace().take();
    assert!(calls.contains(&"lock_session"), "{calls:?}");
    assert_eq!(calls.iter().filter(|call| **call == "session_by_refresh").count(), 2);
    assert!(it.accounts().authenticate(&pair.token, None).await.is_ok());
}

/// Two units that do not see each other's rows meet where both write the password: the one that comes second
/// finds what the first one left.
#[tokio::test]
async fn logins_by_password_and_the_end_of_sessions_wait_for_each_other() {
    // R-SE-06, R-MF-02
    let store = Store::default();
    let it = TestAccounts::on(store.clone());
    let first = it.sign_up("ada@example.com").await;
    store.trace().take();
    session(try_password(&it, "ada@example.com", PASSWORD).await.unwrap());
    let login = store.trace().take();
    in_order(&login, &["replace_password_hash", "user_by_email", "totp", "insert_session"]);

    let user = fresh(&it, &first).await;
    let enrolment =
        unit!(it.accounts(), |tx| it.accounts().enrol_totp(tx, &user, &it.origin()).await).unwrap();
    let secret = secret_of(enrolment.secret.expose());
    let code = secret.code_at(totp_step(it.accounts().now()));
    store.trace().take();
    let (handle, accounts) = (Some(&enrolment.handle), it.accounts());
    accounts.confirm_totp(&user, handle, Some(&code), &it.origin()).await.unwrap();
    let change = store.trace().take();
    in_order(&change, &["outdate_password", "finish_flows_of", "end_sessions_of"]);

    let mut tx = it.accounts().begin().await.unwrap();
    store.trace().take();
    it.accounts().ban_user(&mut tx, first.user, &it.origin()).await.unwrap();
    let ban = store.trace().take();
    in_order(&ban, &["outdate_password", "finish_flows_of", "end_sessions_of"]);
}

/// The last call of each name comes after that of the name before.
fn in_order(calls: &[&str], names: &[&str]) {
    let place = |name: &&str| calls.iter().rposition(|call| call == name);
    let places: Vec<Option<usize>> = names.iter().map(place).collect();
    assert!(places.iter().all(Option::is_some), "not all of {names:?} in {calls:?}");
    assert!(places.is_sorted(), "{names:?} in {calls:?}");
}

#[tokio::test]
async fn a_unit_that_loses_every_race_tells_the_caller_to_come_back() {
    // R-CC-03, R-ER-02
    let store = Store::default();
    let it = TestAccounts::on(store.clone());
    it.sign_up("ada@example.com").await;
    store.lose_races(1_000);
    store.trace().take();
    let busy = try_password(&it, "ada@example.com", PASSWORD).await;
    assert!(matches!(busy, Err(Error::Busy { .. })), "{busy:?}");
    let begun = store.trace().take().iter().filter(|call| **call == "begin").count();
    assert_eq!(begun, 16);
    store.lose_races(0);
    assert!(try_password(&it, "ada@example.com", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_unit_counts_its_tries_and_gives_up_at_any_other_error() {
    let store = Store::default();
    let it = TestAccounts::on(store.clone());
    store.lose_races(2);
    let mut seen = Vec::new();
    let outcome: Result<u32, Error> = unit!(it.accounts(), |_tx, tried| {
        seen.push(tried);
        Ok(tried)
    });
    assert!(matches!(outcome, Ok(2)));
    assert_eq!(seen, [0, 1, 2]);

    let mut tries = 0;
    let outcome: Result<(), Error> = unit!(it.accounts(), |_tx| {
        tries += 1;
        Err(Error::Store(StoreError::Spent))
    });
    assert!(matches!(outcome, Err(Error::Store(StoreError::Spent))));
    assert_eq!(tries, 1);
}

#[tokio::test]
async fn a_unit_that_is_dropped_leaves_no_trace() {
    // R-CC-04
    let it = TestAccounts::new();
    let mut tx = it.accounts().begin().await.unwrap();
    let new = durward_core::accounts::NewUser {
        name: given::name("Ada"),
        email: given::email("ada@example.com"),
        proven: true,
        password: None,
        roles: Vec::new(),
        attrs: durward_core::NoAttributes {},
    };
    it.accounts().create_user(&mut tx, new, &it.origin()).await.unwrap();
    drop(tx);
    assert!(owner(&it, "ada@example.com").await.is_none());
}

#[tokio::test]
async fn a_flow_that_is_cancelled_at_any_point_leaves_before_or_after() {
    // R-CC-04
    for polls in 0..60 {
        let it = TestAccounts::new();
        it.sign_up("ada@example.com").await;
        let (step, state) = begin_login(&it, "ada@example.com").await;
        let code = typed(&step, it.mail_to("ada@example.com").await.code());
        let origin = it.origin();
        let flow = it.accounts().answer_code(&code, &state, &origin);
        let cancelled = tokio::task::unconstrained(interrupted(flow, polls)).await.is_none();
        let ada = owner(&it, "ada@example.com").await.unwrap();
        let opened = audited(&it, ada.id).await.len() - 2;
        assert!(opened <= 1);
        if cancelled && opened == 0 {
            let again = it.accounts().answer_code(&code, &state, &origin).await;
            assert!(again.is_ok(), "{polls}: the code is unspent, so it is good");
        }
        if opened == 1 {
            let again = it.accounts().answer_code(&code, &state, &origin).await;
            assert!(again.is_err(), "{polls}: the code is spent");
        }
    }
}

/// Polls a future so many times, and then drops it.
async fn interrupted<T>(future: impl Future<Output = T>, polls: u32) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut left = polls;
    std::future::poll_fn(move |context| {
        if left == 0 {
            return std::task::Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            std::task::Poll::Ready(value) => std::task::Poll::Ready(Some(value)),
            std::task::Poll::Pending => {
                context.waker().wake_by_ref();
                std::task::Poll::Pending
            }
        }
    })
    .await
}
