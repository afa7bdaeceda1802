use std::sync::Arc;
use std::time::Duration;

use durward_core::accounts::{Answer, CodeAttempt, StepAnswer};
use durward_core::ids::ClientId;
use durward_core::{Error, Flow, FlowState, FlowToken, Origin, Plain, UserStatus};
use durward_testing::{TestAccounts, followed, session, typed};

use crate::support::{begin_login, begin_sign_up, is_refused, owner, set_status};

async fn answer(
    it: &TestAccounts,
    attempt: &CodeAttempt,
    state: &FlowState,
) -> Result<Answer, Error> {
    it.accounts().answer_code(attempt, state, &it.origin()).await
}

/// A user, and a login of hers at its code step, with the code that was mailed.
async fn at_the_code_step(it: &TestAccounts) -> (StepAnswer, FlowState, String) {
    it.sign_up("ada@example.com").await;
    let (step, state) = begin_login(it, "ada@example.com").await;
    let code = it.mail_to("ada@example.com").await.code().to_owned();
    (step, state, code)
}

fn wrong(code: &str) -> String {
    let other = if code.starts_with('Z') { "B" } else { "Z" };
    format!("{other}{}", &code[1..])
}

#[tokio::test]
async fn a_code_is_good_once_in_either_form() {
    // R-OT-01, GW-60
    let it = TestAccounts::new();
    let (step, state, code) = at_the_code_step(&it).await;
    let link = followed(&it.inbox().last_to("ada@example.com"));
    let code = typed(&step, &code);
    assert!(answer(&it, &code, &state).await.is_ok());
    assert!(is_refused(answer(&it, &code, &state).await));
    assert!(is_refused(answer(&it, &link, &state).await));
}

#[tokio::test]
async fn a_code_may_be_typed_carelessly_and_is_still_good_once() {
    // R-OT-01, AM-14
    let it = TestAccounts::new();
    let (step, state, code) = at_the_code_step(&it).await;
    let spelt = format!(" {}-{}", code[..4].to_lowercase(), &code[4..]);
    assert!(answer(&it, &typed(&step, &spelt), &state).await.is_ok());
    assert!(is_refused(answer(&it, &typed(&step, &code), &state).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_parallel_answers_exactly_one_opens_a_session() {
    // R-OT-01, R-CC-01, AM-04
    let it = Arc::new(TestAccounts::new());
    let (step, state, code) = at_the_code_step(&it).await;
    let attempts = [typed(&step, &code), followed(&it.inbox().last_to("ada@example.com"))];
    let mut tasks = tokio::task::JoinSet::new();
    for attempt in attempts.into_iter().cycle().take(200) {
        let (it, state) = (Arc::clone(&it), state.clone());
        tasks.spawn(async move { answer(&it, &attempt, &state).await });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.into_iter().filter(Result::is_err).all(is_refused));
}

#[tokio::test]
async fn a_code_lives_ten_minutes() {
    // R-OT-02
    for (age, accepted) in
        [(Duration::from_millis(599_999), true), (Duration::from_mins(10), false)]
    {
        let it = TestAccounts::new();
        let (step, state, code) = at_the_code_step(&it).await;
        it.clock().advance(age);
        let attempt = typed(&step, &code);
        assert_eq!(answer(&it, &attempt, &state).await.is_ok(), accepted);
        let link = followed(&it.inbox().last_to("ada@example.com"));
        assert!(is_refused(answer(&it, &link, &state).await), "spent or expired");
    }
}

#[tokio::test]
async fn after_five_wrong_codes_the_right_one_is_refused() {
    // R-TH-02
    let it = TestAccounts::new();
    let (step, state, code) = at_the_code_step(&it).await;
    for attempt in
        [wrong(&code), wrong(&code), String::from("no code"), String::new(), wrong(&code)]
    {
        assert!(is_refused(answer(&it, &typed(&step, &attempt), &state).await));
    }
    assert!(is_refused(answer(&it, &typed(&step, &code), &state).await));
    let link = followed(&it.inbox().last_to("ada@example.com"));
    assert!(is_refused(answer(&it, &link, &state).await), "the link dies with the code");
}

#[tokio::test]
async fn four_wrong_codes_leave_one_attempt() {
    // R-TH-02
    let it = TestAccounts::new();
    let (step, state, code) = at_the_code_step(&it).await;
    for _ in 0..4 {
        assert!(is_refused(answer(&it, &typed(&step, &wrong(&code)), &state).await));
    }
    assert!(answer(&it, &typed(&step, &code), &state).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_guesses_get_five_attempts_together() {
    // R-TH-02, R-CC-01
    let it = Arc::new(TestAccounts::new());
    let (step, state, code) = at_the_code_step(&it).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (it, state) = (Arc::clone(&it), state.clone());
        let guess = typed(&step, &wrong(&code));
        tasks.spawn(async move { is_refused(answer(&it, &guess, &state).await) });
    }
    assert!(tasks.join_all().await.into_iter().all(|refused| refused));
    assert!(is_refused(answer(&it, &typed(&step, &code), &state).await));
}

#[tokio::test]
async fn only_whoever_began_a_flow_may_go_on() {
    // R-OT-04, GW-63
    let it = TestAccounts::new();
    let (step, state, code) = at_the_code_step(&it).await;
    let link = followed(&it.inbox().last_to("ada@example.com"));
    let stranger = it.state();
    assert!(is_refused(answer(&it, &typed(&step, &code), &stranger).await));
    assert!(is_refused(answer(&it, &link, &stranger).await), "a forwarded link logs nobody in");
    assert!(answer(&it, &link, &state).await.is_ok());
}

#[tokio::test]
async fn only_the_client_that_began_a_flow_may_go_on() {
    // R-OT-04, GW-15
    let it = TestAccounts::new();
    let (step, state, code) = at_the_code_step(&it).await;
    let elsewhere = Origin { client: Some(ClientId::from_bytes([7; 16])), ..it.origin() };
    let attempt = typed(&step, &code);
    let refused = it.accounts().answer_code(&attempt, &state, &elsewhere).await;
    assert!(is_refused(refused));
    assert!(answer(&it, &attempt, &state).await.is_ok());
}

#[tokio::test]
async fn a_code_is_worth_nothing_in_another_flow() {
    // R-OT-04, AM-06
    let it = TestAccounts::new();
    let (first, first_state, first_code) = at_the_code_step(&it).await;
    let (second, second_state) = begin_login(&it, "ada@example.com").await;
    let second_code = it.mail_to("ada@example.com").await.code().to_owned();
    assert!(is_refused(answer(&it, &typed(&first, &second_code), &first_state).await));
    assert!(is_refused(answer(&it, &typed(&second, &first_code), &second_state).await));
    assert!(answer(&it, &typed(&first, &first_code), &first_state).await.is_ok());
    assert!(answer(&it, &typed(&second, &second_code), &second_state).await.is_ok());
}

#[tokio::test]
async fn a_handle_that_nobody_got_is_refused() {
    // R-SE-02
    let it = TestAccounts::new();
    let (_, state, code) = at_the_code_step(&it).await;
    let step = StepAnswer {
        step: durward_core::Step::Code,
        handle: FlowToken::mint(it.entropy()),
        expires: it.accounts().now(),
    };
    assert!(is_refused(answer(&it, &typed(&step, &code), &state).await));
}

#[tokio::test]
async fn a_fresh_code_replaces_the_old_one() {
    // AM-24
    let it = TestAccounts::new();
    let (step, state, old) = at_the_code_step(&it).await;
    let old_link = followed(&it.inbox().last_to("ada@example.com"));
    it.clock().advance(Duration::from_mins(9));
    it.accounts().resend_code(&step.handle, &state, &it.origin()).await.unwrap();
    let new = it.mail_to("ada@example.com").await.code().to_owned();
    assert!(is_refused(answer(&it, &typed(&step, &old), &state).await));
    assert!(is_refused(answer(&it, &old_link, &state).await));
    it.clock().advance(Duration::from_mins(9));
    assert!(
        answer(&it, &typed(&step, &new), &state).await.is_ok(),
        "it has ten minutes of its own"
    );
}

#[tokio::test]
async fn a_fresh_code_has_five_attempts_of_its_own() {
    // R-TH-02: per code; how many codes there are is bounded by the mails.
    let it = TestAccounts::new();
    let (step, state, old) = at_the_code_step(&it).await;
    for _ in 0..5 {
        assert!(is_refused(answer(&it, &typed(&step, &wrong(&old)), &state).await));
    }
    it.accounts().resend_code(&step.handle, &state, &it.origin()).await.unwrap();
    let new = it.mail_to("ada@example.com").await.code().to_owned();
    for _ in 0..4 {
        assert!(is_refused(answer(&it, &typed(&step, &wrong(&new)), &state).await));
    }
    assert!(answer(&it, &typed(&step, &new), &state).await.is_ok());
}

#[tokio::test]
async fn a_flow_causes_four_mails_at_most() {
    // R-TH-06, AM-25
    let it = TestAccounts::new();
    let (step, state) = begin_sign_up(&it, "ada@example.com").await;
    it.deliver().await;
    for _ in 0..10 {
        it.accounts().resend_code(&step.handle, &state, &it.origin()).await.unwrap();
        it.deliver().await;
    }
    assert_eq!(u32::try_from(it.inbox().len()), Ok(Flow::<Plain>::MAX_MAILS));
    let last = typed(&step, it.inbox().last_to("ada@example.com").code());
    assert!(answer(&it, &last, &state).await.is_ok(), "the last mailed code stays good");
}

#[tokio::test]
async fn nobody_else_can_ask_for_a_fresh_code() {
    // AM-25, GW-51
    let it = TestAccounts::new();
    let (step, state, code) = at_the_code_step(&it).await;
    it.inbox().clear();
    let (stranger, nowhere) = (it.state(), FlowToken::mint(it.entropy()));
    let accounts = it.accounts();
    accounts.resend_code(&step.handle, &stranger, &it.origin()).await.unwrap();
    accounts.resend_code(&nowhere, &state, &it.origin()).await.unwrap();
    let elsewhere = Origin { client: Some(ClientId::from_bytes([7; 16])), ..it.origin() };
    accounts.resend_code(&step.handle, &state, &elsewhere).await.unwrap();
    assert!(answer(&it, &typed(&step, &code), &state).await.is_ok());
    accounts.resend_code(&step.handle, &state, &it.origin()).await.unwrap();
    it.deliver().await;
    assert!(it.inbox().is_empty(), "and a finished flow is as good as none");
}

#[tokio::test]
async fn an_expired_flow_mails_no_fresh_code() {
    // R-OT-02, AM-25
    let it = TestAccounts::new();
    let (step, state, _) = at_the_code_step(&it).await;
    it.inbox().clear();
    it.clock().advance(Duration::from_mins(10));
    it.accounts().resend_code(&step.handle, &state, &it.origin()).await.unwrap();
    it.deliver().await;
    assert!(it.inbox().is_empty());
}

#[tokio::test]
async fn a_flow_for_an_unknown_address_looks_real_and_never_succeeds() {
    // R-EN-01, R-EN-03
    let it = TestAccounts::new();
    let (step, state) = begin_login(&it, "nobody@example.com").await;
    assert_eq!(step.step, durward_core::Step::Code);
    assert_eq!(step.expires, it.accounts().now() + Duration::from_mins(10));
    it.accounts().resend_code(&step.handle, &state, &it.origin()).await.unwrap();
    it.deliver().await;
    assert!(it.inbox().is_empty());
    for guess in ["22222222", "ZZZZZZZZ"] {
        assert!(is_refused(answer(&it, &typed(&step, guess), &state).await));
    }

    // Not even when the address gets an account while the flow is open.
    it.sign_up("nobody@example.com").await;
    it.inbox().clear();
    it.accounts().resend_code(&step.handle, &state, &it.origin()).await.unwrap();
    it.deliver().await;
    assert!(it.inbox().is_empty());
}

#[tokio::test]
async fn a_ban_ends_the_logins_under_way() {
    // R-SE-07, AM-08
    let it = TestAccounts::new();
    let (step, state, code) = at_the_code_step(&it).await;
    let ada = owner(&it, "ada@example.com").await.unwrap().id;
    set_status(&it, ada, UserStatus::Banned).await;
    assert!(is_refused(answer(&it, &typed(&step, &code), &state).await));
    set_status(&it, ada, UserStatus::Active).await;
    assert!(is_refused(answer(&it, &typed(&step, &code), &state).await), "the code was spent");
}

#[tokio::test]
async fn a_code_opens_a_session_of_the_user_it_was_mailed_to() {
    let it = TestAccounts::new();
    let bob = it.sign_up("bob@example.com").await;
    let (step, state, code) = at_the_code_step(&it).await;
    let answered = answer(&it, &typed(&step, &code), &state).await.unwrap();
    let ada = session(answered).user;
    assert_ne!(ada, bob.user);
    assert_eq!(owner(&it, "ada@example.com").await.unwrap().id, ada);
}
