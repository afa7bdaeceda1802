use std::time::Duration;

use durward_core::access::AccessRequest;
use durward_core::accounts::{ClientCredential, IssuedSession, VerificationAttempt};
use durward_core::entity::{ClientKind, ClientOwner, totp_step};
use durward_core::store::Factors;
use durward_core::{CodeToken, SecretKey, ShortCode, SignUpMode, unit};
use durward_testing::given::PASSWORD;
use durward_testing::{Letter, TestAccounts, followed, given, session, typed};

use crate::clients::{create, new_client};
use crate::factors::secret_of;
use crate::login_emails::{self, origin};
use crate::sign_up::in_mode;
use crate::support::{
    audited, begin_login, begin_sign_up, emails, fresh, is_refused, owner, proven_user,
    try_password,
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
    let hers = origin(&it, &ada);
    it.accounts().verify_email(&by_link(&letter), None, &hers).await.unwrap();
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
    for letter in [&old, &new] {
        let page = letter.link().split('#').next().unwrap();
        assert_eq!(page, "https://accounts.example/verify-email", "the first one of the account");
    }
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

/// Somebody who signs up by an address that is not his, and makes himself at home.
struct Squatter {
    it: TestAccounts,
    session: IssuedSession,
    letter: Letter,
    key: SecretKey,
}

async fn squatter() -> Squatter {
    let it = in_mode(SignUpMode::Open);
    let (session, _) = claim(&it, "ada@example.com").await;
    let by = fresh(&it, &session).await;
    let enrolment =
        unit!(it.accounts(), |tx| it.accounts().enrol_totp(tx, &by, &it.origin()).await);
    let enrolment = enrolment.unwrap();
    let code = secret_of(enrolment.secret.expose()).code_at(totp_step(it.accounts().now()));
    let handle = Some(&enrolment.handle);
    it.accounts().confirm_totp(&by, handle, Some(&code), &it.origin()).await.unwrap();
    let owner = ClientOwner::User(session.user);
    let made = create(&it, new_client(owner, ClientKind::Confidential), &by).await.unwrap();
    let key = made.secret.unwrap().key;
    let email = given::email("ada@example.com");
    it.accounts().resend_verification(session.user, &email, &it.origin()).await.unwrap();
    let letter = it.mail_to("ada@example.com").await;
    Squatter { it, session, letter, key }
}

impl Squatter {
    async fn is_in(&self) -> bool {
        self.it.accounts().authenticate(&self.session.token, None).await.is_ok()
    }

    async fn has_key(&self) -> bool {
        let key = ClientCredential::Key(self.key.clone());
        let request = AccessRequest { ip: None, origin: None, target: None };
        self.it.accounts().authenticate_client(&key, &request, &self.it.origin()).await.is_ok()
    }

    async fn has_factor(&self) -> bool {
        self.it.accounts().read().await.unwrap().totp(self.session.user).await.unwrap().is_some()
    }
}

#[tokio::test]
async fn whoever_reads_a_mailbox_takes_over_what_a_stranger_made_of_its_address() {
    // R-EM-08, AM-09, security decisions 1 and 7
    let squatter = squatter().await;
    let it = &squatter.it;
    assert!(squatter.is_in().await && squatter.has_key().await && squatter.has_factor().await);
    assert!(verify(it, &by_link(&squatter.letter)).await);
    assert!(!squatter.is_in().await && !squatter.has_key().await && !squatter.has_factor().await);
    assert!(is_refused(try_password(it, "ada@example.com", PASSWORD).await));
    it.inbox().clear();
    let ada = it.log_in_by_mail("ada@example.com").await;
    assert_eq!(ada.user, squatter.session.user);
    let count = it.accounts().read().await.unwrap().count_recovery_codes(ada.user).await.unwrap();
    assert_eq!(count, 0);
}

#[tokio::test]
async fn whoever_signed_up_goes_on_when_he_shows_that_it_was_he() {
    // R-EM-08, AM-09
    for by_session in [false, true] {
        let it = in_mode(SignUpMode::Open);
        let request = it.request("ada@example.com");
        let state = request.state.clone();
        let ada = session(it.accounts().sign_up(request, &it.origin()).await.unwrap());
        let link = by_link(&it.mail_to("ada@example.com").await);
        let (state, origin) =
            if by_session { (None, origin(&it, &ada)) } else { (Some(&state), it.origin()) };
        it.accounts().verify_email(&link, state, &origin).await.unwrap();
        assert!(it.accounts().authenticate(&ada.token, None).await.is_ok());
        assert!(try_password(&it, "ada@example.com", PASSWORD).await.is_ok());
    }
}

#[tokio::test]
async fn another_address_is_proven_by_the_user_who_claims_it_only() {
    // R-EM-08, AM-09: its reader must not end up in the account of somebody else
    let it = TestAccounts::new();
    let mallory = it.sign_up("mallory@example.com").await;
    login_emails::claim(&it, &mallory, &["ada@example.com"]).await.unwrap();
    let link = by_link(&it.mail_to("ada@example.com").await);
    assert!(!verify(&it, &link).await);
    let bob = it.sign_up("bob@example.com").await;
    let theirs = origin(&it, &bob);
    assert!(is_refused(it.accounts().verify_email(&link, None, &theirs).await));
    assert!(owner(&it, "ada@example.com").await.is_none());
    it.accounts().verify_email(&link, None, &origin(&it, &mallory)).await.unwrap();
    assert_eq!(owner(&it, "ada@example.com").await.unwrap().id, mallory.user);
}
