use std::sync::Arc;
use std::time::Duration;

use durward_core::accounts::{Answer, Idempotency, SignUp};
use durward_core::{Error, Plain, SignUpMode};
use durward_testing::{TestAccounts, given, step, typed};

use crate::sign_up::in_mode;

fn keyed(it: &TestAccounts, scope: &str, key: &str, body: &str) -> Idempotency {
    it.accounts().idempotency(&[scope, "POST /v1/users"], key, body.as_bytes())
}

fn request(it: &TestAccounts, idempotency: Idempotency) -> SignUp<Plain> {
    SignUp { idempotency: Some(idempotency), ..it.request("ada@example.com") }
}

async fn send(it: &TestAccounts, request: &SignUp<Plain>) -> Result<Answer, Error> {
    it.accounts().sign_up(request.clone(), &it.origin()).await
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_answer_and_has_one_effect() {
    let it = TestAccounts::new();
    let request = request(&it, keyed(&it, "192.0.2.1", "k1", "body"));
    let first = step(send(&it, &request).await.unwrap());
    let again = step(send(&it, &request).await.unwrap());
    assert_eq!(first.handle.expose(), again.handle.expose());
    assert_eq!(first.expires, again.expires);
    it.deliver().await;
    let code = typed(&first, it.inbox().only().code());
    assert!(it.accounts().answer_code(&code, &request.state, &it.origin()).await.is_ok());
    let afterwards = step(send(&it, &request).await.unwrap());
    assert_eq!(first.handle.expose(), afterwards.handle.expose());
}

#[tokio::test]
async fn a_repeated_open_sign_up_gets_the_same_session() {
    let it = in_mode(SignUpMode::Open);
    let request = request(&it, keyed(&it, "192.0.2.1", "k1", "body"));
    let first = durward_testing::session(send(&it, &request).await.unwrap());
    let again = durward_testing::session(send(&it, &request).await.unwrap());
    assert_eq!(first.user, again.user);
    assert_eq!(first.token.expose(), again.token.expose());
    assert_eq!(first.refresh.expose(), again.refresh.expose());
    it.deliver().await;
    it.inbox().only();
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let it = TestAccounts::new();
    send(&it, &request(&it, keyed(&it, "192.0.2.1", "k1", "body"))).await.unwrap();
    let other = send(&it, &request(&it, keyed(&it, "192.0.2.1", "k1", "another body"))).await;
    assert!(matches!(other, Err(Error::KeyReused)));
    it.deliver().await;
    it.inbox().only();
}

#[tokio::test]
async fn two_callers_with_one_key_do_not_meet() {
    let it = TestAccounts::new();
    let one = step(send(&it, &request(&it, keyed(&it, "192.0.2.1", "k1", "a"))).await.unwrap());
    let two = step(send(&it, &request(&it, keyed(&it, "192.0.2.2", "k1", "b"))).await.unwrap());
    assert_ne!(one.handle.expose(), two.handle.expose());
}

#[tokio::test]
async fn parts_of_a_scope_do_not_run_together() {
    let it = TestAccounts::new();
    let accounts = it.accounts();
    assert_ne!(
        accounts.idempotency(&["a", "bc"], "k", b""),
        accounts.idempotency(&["ab", "c"], "k", b"")
    );
    assert_ne!(
        accounts.idempotency(&["a"], "bk", b""),
        accounts.idempotency(&["a", "b"], "k", b"")
    );
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    let it = TestAccounts::new();
    let request = request(&it, keyed(&it, "192.0.2.1", "k1", "body"));
    let first = step(send(&it, &request).await.unwrap());
    it.clock().advance(Duration::from_millis(86_399_999));
    let kept = step(send(&it, &request).await.unwrap());
    assert_eq!(first.handle.expose(), kept.handle.expose());
    it.clock().advance(Duration::from_millis(1));
    let new = step(send(&it, &request).await.unwrap());
    assert_ne!(first.handle.expose(), new.handle.expose());
}

#[tokio::test]
async fn a_refused_request_may_be_put_right_under_its_key() {
    let it = TestAccounts::new();
    let key = keyed(&it, "192.0.2.1", "k1", "body");
    let mut wrong = request(&it, key.clone());
    wrong.password = Some(given::password("short"));
    assert!(matches!(send(&it, &wrong).await, Err(Error::Invalid(_))));
    assert!(send(&it, &request(&it, key)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_repetitions_have_one_effect() {
    // R-CC-01
    let it = Arc::new(TestAccounts::new());
    let request = request(&it, keyed(&it, "192.0.2.1", "k1", "body"));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (it, request) = (Arc::clone(&it), request.clone());
        tasks.spawn(
            async move { step(send(&it, &request).await.unwrap()).handle.expose().to_owned() },
        );
    }
    let mut handles = tasks.join_all().await;
    handles.dedup();
    assert_eq!(handles.len(), 1);
    it.deliver().await;
    it.inbox().only();
}
