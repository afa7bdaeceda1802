use std::time::Duration;

use durward_core::accounts::{IssuedSession, VerificationAttempt};
use durward_core::{CodeToken, ShortCode, SignUpMode};
use durward_testing::given::PASSWORD;
use durward_testing::{Letter, TestAccounts, followed, given, session, typed};

use crate::sign_up::in_mode;
use crate::support::{
    audited, begin_login, begin_sign_up, emails, is_refused, owner, proven_user, try_password,
};

async fn claim(it: &TestAccounts, address: &str) -> (IssuedSession, Letter) {
    let answer = it.accounts().sign_up(it.request(address), &it.origin()).await.unwrap();
    (session(answer), it.mail_to(address).await)
}

fn by_link(letter: &Letter) -> VerificationAttempt {
    VerificationAttempt::Link(CodeToken::parse(letter.link_code()).unwrap())
}

fn by_code(claimant: &IssuedSession, code: &str) -> VerificationAttempt {
    VerificationAttempt::Typed { user: claimant.user, code: ShortCode::parse(code).ok() }
}

async fn verify(it: &TestAccounts, attempt: &VerificationAttempt) -> bool {
    let outcome = it.accounts().verify_email(attempt, None, &it.origin()).await;
    match outcome {
        Ok(()) => true,
        refused => {
            assert!(is_refused(refused));
            false
        }
    }
}

#[tokio::test]
async fn the_link_proves_a_claim_and_opens_the_logins() {
    // AM-03
    let it = in_mode(SignUpMode::Open);
    let (ada, letter) = claim(&it, "ada@example.com").await;
    assert!(verify(&it, &by_link(&letter)).await);
    assert_eq!(owner(&it, "ada@example.com").await.unwrap().id, ada.user);
    assert!(try_password(&it, "ada@example.com", PASSWORD).await.is_ok());
    assert!(audited(&it, ada.user).await.contains(&"email.proven".to_owned()));
    assert!(!verify(&it, &by_link(&letter)).await, "a code is good once");
}

#[tokio::test]
async fn the_typed_code_proves_a_claim_for_the_user_who_made_it_only() {
    // AM-26
    let it = in_mode(SignUpMode::Open);
    let (ada, letter) = claim(&it, "ada@example.com").await;
    let (bob, _) = claim(&it, "bob@example.com").await;
    assert!(!verify(&it, &by_code(&bob, letter.code())).await);
    assert!(verify(&it, &by_code(&ada, letter.code())).await);
    assert_eq!(owner(&it, "ada@example.com").await.unwrap().id, ada.user);
}

#[tokio::test]
async fn winning_an_address_discards_the_claims_of_others() {
    // R-EM-08, GW-48
    let it = in_mode(SignUpMode::Open);
    let (mallory, hers) = claim(&it, "ada@example.com").await;
    let (ada, his) = claim(&it, "ADA@example.com").await;
    assert!(verify(&it, &by_link(&his)).await);
    assert_eq!(owner(&it, "ada@example.com").await.unwrap().id, ada.user);
    assert!(emails(&it, mallory.user).await.is_empty());
    assert!(!verify(&it, &by_link(&hers)).await);
    assert_eq!(owner(&it, "ada@example.com").await.unwrap().id, ada.user);
}

#[tokio::test]
async fn a_user_who_is_made_with_a_proven_address_discards_the_claims_on_it() {
    // R-EM-08
    let it = in_mode(SignUpMode::Open);
    let (mallory, letter) = claim(&it, "ada@example.com").await;
    let ada = proven_user(&it, "ADA@example.com").await;
    assert!(emails(&it, mallory.user).await.is_empty());
    assert!(!verify(&it, &by_link(&letter)).await);
    assert_eq!(owner(&it, "ada@example.com").await.unwrap().id, ada.id);
}

#[tokio::test]
async fn a_claim_expires_after_a_day() {
    // R-EM-08
    let it = in_mode(SignUpMode::Open);
    let (ada, _) = claim(&it, "ada@example.com").await;
    it.clock().advance(Duration::from_hours(24));
    let email = given::email("ada@example.com");
    it.accounts().resend_verification(ada.user, &email, &it.origin()).await.unwrap();
    it.deliver().await;
    for letter in it.inbox().all_to("ada@example.com") {
        assert!(!verify(&it, &by_link(&letter)).await);
    }
    assert!(owner(&it, "ada@example.com").await.is_none());
}

#[tokio::test]
async fn a_fresh_code_is_mailed_for_a_claim_and_the_old_one_dies() {
    // R-OT-04, AM-24
    let it = in_mode(SignUpMode::Open);
    let (ada, old) = claim(&it, "ada@example.com").await;
    let email = given::email("ada@example.com");
    it.accounts().resend_verification(ada.user, &email, &it.origin()).await.unwrap();
    let new = it.mail_to("ada@example.com").await;
    assert_eq!((new.name(), it.inbox().len()), ("verify-email", 2));
    assert!(!verify(&it, &by_link(&old)).await);
    assert!(!verify(&it, &by_code(&ada, old.code())).await);
    assert!(verify(&it, &by_code(&ada, new.code())).await);
}

#[tokio::test]
async fn asking_for_a_code_for_somebody_elses_address_mails_nothing() {
    // R-EN-03, AM-25
    let it = in_mode(SignUpMode::Open);
    let (ada, letter) = claim(&it, "ada@example.com").await;
    assert!(verify(&it, &by_link(&letter)).await);
    let (bob, _) = claim(&it, "bob@example.com").await;
    it.inbox().clear();
    for (user, address) in [(bob.user, "ada@example.com"), (ada.user, "ada@example.com")] {
        let email = given::email(address);
        it.accounts().resend_verification(user, &email, &it.origin()).await.unwrap();
    }
    it.deliver().await;
    assert!(it.inbox().is_empty(), "not his claim, or proven already");
}

#[tokio::test]
async fn five_wrong_codes_end_a_verification() {
    // R-TH-02
    let it = in_mode(SignUpMode::Open);
    let (ada, letter) = claim(&it, "ada@example.com").await;
    for _ in 0..5 {
        assert!(!verify(&it, &by_code(&ada, "ZZZZZZZZ")).await);
    }
    assert!(!verify(&it, &by_code(&ada, letter.code())).await);
    assert!(!verify(&it, &by_link(&letter)).await);
    assert!(owner(&it, "ada@example.com").await.is_none());
}

#[tokio::test]
async fn a_code_for_one_purpose_is_worth_nothing_for_another() {
    // R-OT-04, AM-05
    let it = in_mode(SignUpMode::Open);
    let request = it.request("ada@example.com");
    let state = request.state.clone();
    let ada = session(it.accounts().sign_up(request, &it.origin()).await.unwrap());
    let verification = it.mail_to("ada@example.com").await;
    let as_login = it.accounts().answer_code(&followed(&verification), &state, &it.origin()).await;
    assert!(is_refused(as_login));
    assert!(verify(&it, &by_link(&verification)).await);

    let (step, state) = begin_login(&it, "ada@example.com").await;
    let login = it.mail_to("ada@example.com").await;
    assert_eq!(login.name(), "login");
    assert!(!verify(&it, &by_link(&login)).await);
    assert!(!verify(&it, &by_code(&ada, login.code())).await);
    let code = typed(&step, login.code());
    assert!(it.accounts().answer_code(&code, &state, &it.origin()).await.is_ok());

    let it = TestAccounts::new();
    begin_sign_up(&it, "ada@example.com").await;
    let sign_up = it.mail_to("ada@example.com").await;
    assert!(!verify(&it, &by_link(&sign_up)).await);
    assert!(owner(&it, "ada@example.com").await.is_none());
}

#[tokio::test]
async fn of_two_claims_that_look_alike_the_one_that_is_proven_first_stays() {
    // R-EM-04
    let it = in_mode(SignUpMode::Open);
    let mut claims = Vec::new();
    for address in ["ada@ex\u{430}mple.com", "ada@example.com"] {
        let issued =
            session(it.accounts().sign_up(it.request(address), &it.origin()).await.unwrap());
        it.deliver().await;
        claims.push((issued, it.inbox().all().pop().unwrap()));
    }
    let mut proven = Vec::new();
    for (claimant, letter) in &claims {
        proven.push(verify(&it, &by_code(claimant, letter.code())).await);
    }
    assert_eq!(proven, [true, false]);
}
