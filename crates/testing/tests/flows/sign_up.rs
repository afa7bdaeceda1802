use std::sync::Arc;

use durward_core::behavior::AddressRule;
use durward_core::store::{Outbox, Sessions};
use durward_core::{
    EmailAddress, Error, Method, Obstruction, SignUpMode, StandardRole, UserStatus,
};
use durward_testing::given::PASSWORD;
use durward_testing::{TestAccounts, followed, given, session, step, typed};

use crate::support::{
    audited, begin_sign_up, emails, is_refused, owner, proven_user, set_status, try_password,
};

pub(crate) fn in_mode(mode: SignUpMode) -> TestAccounts {
    TestAccounts::with(|parts| parts.settings.sign_up = mode)
}

#[tokio::test]
async fn nothing_but_the_flow_exists_until_the_address_is_proven() {
    // R-EM-08, AM-09
    let it = TestAccounts::new();
    let (step, state) = begin_sign_up(&it, "Ada@Example.com").await;
    let letter = it.mail_to("ada@example.com").await;
    assert!(owner(&it, "ada@example.com").await.is_none());
    assert!(is_refused(try_password(&it, "ada@example.com", PASSWORD).await));

    let code = typed(&step, letter.code());
    let answer = it.accounts().answer_code(&code, &state, &it.origin()).await.unwrap();
    let issued = session(answer);
    let user = owner(&it, "ada@example.com").await.unwrap();
    assert_eq!(issued.user, user.id);
    assert_eq!((user.name.as_str(), user.status), ("Ada Lovelace", UserStatus::Active));
    assert_eq!(user.roles, [StandardRole::User]);
    let claims = emails(&it, user.id).await;
    assert_eq!(claims.len(), 1);
    assert!(claims[0].primary && claims[0].proven == Some(it.accounts().now()));
    assert_eq!(claims[0].address.as_typed(), "Ada@Example.com");

    let caller = it.accounts().authenticate(&issued.token, None).await.unwrap();
    assert_eq!((caller.id, caller.session_id), (user.id, issued.session));
    assert_eq!(caller.methods, [Method::Email]);
    assert_eq!(it.log_in("ada@example.com").await.user, user.id);
}

#[tokio::test]
async fn the_link_of_the_mail_finishes_a_sign_up_too() {
    let it = TestAccounts::new();
    let (_, state) = begin_sign_up(&it, "ada@example.com").await;
    let link = followed(&it.mail_to("ada@example.com").await);
    let answer = it.accounts().answer_code(&link, &state, &it.origin()).await.unwrap();
    let issued = session(answer);
    assert_eq!(owner(&it, "ada@example.com").await.unwrap().id, issued.user);
}

#[tokio::test]
async fn a_user_without_a_password_logs_in_by_mail_only() {
    let it = TestAccounts::new();
    let mut request = it.request("ada@example.com");
    request.password = None;
    let issued = it.sign_up_as(request).await;
    assert!(is_refused(try_password(&it, "ada@example.com", PASSWORD).await));
    assert_eq!(it.log_in_by_mail("ada@example.com").await.user, issued.user);
}

#[tokio::test]
async fn an_address_with_an_account_gets_the_same_answer_and_another_mail() {
    // R-EN-03, AM-15
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    it.inbox().clear();
    let mut request = it.request("ADA@example.com");
    request.name = given::name("Mallory");
    request.password = Some(given::password("another good long password"));
    let state = request.state.clone();
    let step = step(it.accounts().sign_up(request, &it.origin()).await.unwrap());

    let letter = it.mail_to("ada@example.com").await;
    assert_eq!((it.inbox().len(), letter.name()), (1, "already-registered"));
    let code = typed(&step, letter.code());
    let answer = it.accounts().answer_code(&code, &state, &it.origin()).await.unwrap();
    assert_eq!(session(answer).user, ada.user, "whoever reads the mailbox may log in by mail");
    assert_eq!(owner(&it, "ada@example.com").await.unwrap().name.as_str(), "Ada Lovelace");
    assert!(is_refused(try_password(&it, "ada@example.com", "another good long password").await));
    assert_eq!(it.log_in("ada@example.com").await.user, ada.user);
}

#[tokio::test]
async fn a_banned_address_gets_the_same_answer_and_no_mail() {
    // R-EN-03, AM-08
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    it.inbox().clear();
    set_status(&it, ada.user, UserStatus::Banned).await;
    begin_sign_up(&it, "ada@example.com").await;
    it.deliver().await;
    assert!(it.inbox().is_empty());
}

#[tokio::test]
async fn many_may_claim_an_address_and_only_the_first_proof_makes_a_user() {
    // R-EM-08, AM-23
    let it = TestAccounts::new();
    let (first, first_state) = begin_sign_up(&it, "ada@example.com").await;
    let first_code = typed(&first, it.mail_to("ada@example.com").await.code());
    let mut request = it.request("ADA@EXAMPLE.COM");
    request.name = given::name("Another Ada");
    let second_state = request.state.clone();
    let second = step(it.accounts().sign_up(request, &it.origin()).await.unwrap());
    let second_code = typed(&second, it.mail_to("ada@example.com").await.code());

    let origin = it.origin();
    let winner = it.accounts().answer_code(&second_code, &second_state, &origin).await.unwrap();
    let winner = session(winner).user;
    let later = it.accounts().answer_code(&first_code, &first_state, &origin).await.unwrap();
    assert_eq!(session(later).user, winner);
    assert_eq!(owner(&it, "ada@example.com").await.unwrap().name.as_str(), "Another Ada");
    let made = audited(&it, winner).await;
    assert_eq!(made, ["session.opened", "session.opened", "user.created"]);
}

#[tokio::test]
async fn fifty_parallel_proofs_of_one_address_leave_one_owner() {
    // R-EM-08, R-CC-01
    let it = Arc::new(TestAccounts::with(|parts| {
        let limits = &mut parts.settings.limits;
        limits.mailbox.burst = 100;
        (limits.mailbox_network, limits.mailbox_daily) = (limits.mailbox, limits.mailbox);
    }));
    let spellings = ["ada@example.com", "ADA@example.com", "Ada@EXAMPLE.com"];
    let mut proofs = Vec::new();
    for spelling in spellings.iter().cycle().take(50) {
        let (step, state) = begin_sign_up(&it, spelling).await;
        proofs.push((typed(&step, it.mail_to("ada@example.com").await.code()), state));
    }
    let mut tasks = tokio::task::JoinSet::new();
    for (code, state) in proofs {
        let it = Arc::clone(&it);
        tasks.spawn(async move {
            let answer = it.accounts().answer_code(&code, &state, &it.origin()).await;
            session(answer.unwrap()).user
        });
    }
    let mut users = tasks.join_all().await;
    users.sort_unstable();
    users.dedup();
    assert_eq!(users, [owner(&it, "ada@example.com").await.unwrap().id]);
}

#[tokio::test]
async fn of_two_addresses_that_look_alike_the_one_that_is_proven_first_stays() {
    // R-EM-04
    let it = TestAccounts::new();
    let mut begun = Vec::new();
    for address in ["ada@ex\u{430}mple.com", "ada@example.com"] {
        let (step, state) = begin_sign_up(&it, address).await;
        it.deliver().await;
        let letter = it.inbox().all().pop().unwrap();
        begun.push((typed(&step, letter.code()), state));
    }
    let mut answers = Vec::new();
    for (code, state) in &begun {
        answers.push(it.accounts().answer_code(code, state, &it.origin()).await);
    }
    assert!(is_refused(answers.pop().unwrap()));
    assert!(answers.pop().unwrap().is_ok());
    assert!(owner(&it, "ada@example.com").await.is_none());
}

#[tokio::test]
async fn an_address_that_looks_like_a_proven_one_gets_the_same_answer_and_no_mail() {
    // R-EM-04
    let it = TestAccounts::new();
    it.sign_up("ada@exаmple.com").await; // a Cyrillic letter in the domain
    it.inbox().clear();
    begin_sign_up(&it, "ada@example.com").await;
    begin_sign_up(&it, "bob@example.com").await;
    it.deliver().await;
    assert_eq!(it.inbox().only().to(), "bob@example.com");
}

#[tokio::test]
async fn open_mode_gives_a_session_at_once_and_no_login_before_the_proof() {
    // R-EM-08
    let it = in_mode(SignUpMode::Open);
    let request = it.request("ada@example.com");
    let issued = session(it.accounts().sign_up(request, &it.origin()).await.unwrap());
    let caller = it.accounts().authenticate(&issued.token, None).await.unwrap();
    assert!(caller.methods.is_empty(), "nothing was proven");
    assert!(owner(&it, "ada@example.com").await.is_none());
    assert!(is_refused(try_password(&it, "ada@example.com", PASSWORD).await));
    assert_eq!(it.mail_to("ada@example.com").await.name(), "verify-email");
}

#[tokio::test]
async fn open_mode_leaves_the_owner_of_an_address_alone() {
    // R-EM-08, R-EN-03, GW-48
    let it = in_mode(SignUpMode::Open);
    let ada = proven_user(&it, "ada@example.com").await;
    let request = it.request("ada@example.com");
    let claimant = session(it.accounts().sign_up(request, &it.origin()).await.unwrap());
    assert_ne!(claimant.user, ada.id);
    assert_eq!(owner(&it, "ada@example.com").await.unwrap().id, ada.id);
    let notice = it.mail_to("ada@example.com").await;
    assert_eq!((it.inbox().len(), notice.name()), (1, "address-in-use"));
    assert_eq!(it.log_in_by_mail("ada@example.com").await.user, ada.id);
}

#[tokio::test]
async fn the_modes_for_some_and_for_nobody_refuse_everyone() {
    for mode in [SignUpMode::Invited, SignUpMode::Closed] {
        let it = in_mode(mode);
        let refused = it.accounts().sign_up(it.request("ada@example.com"), &it.origin()).await;
        assert!(matches!(refused, Err(Error::SignUpClosed)));
        let counts = it.accounts().read().await.unwrap().count_mail().await.unwrap();
        assert_eq!(counts.pending, 0);
    }
}

struct OnlyOurs;
impl AddressRule for OnlyOurs {
    fn check(&self, address: &EmailAddress) -> Vec<Obstruction> {
        let ours = address.domain() == "ours.example";
        let refusal = || Obstruction::new("EMAIL_NOT_OURS", "Must be one of our addresses.");
        if ours { Vec::new() } else { vec![refusal()] }
    }
}

#[tokio::test]
async fn every_obstruction_is_told_at_once_and_nothing_is_written() {
    // R-PW-06, R-IN-01
    let it = TestAccounts::with(|parts| {
        parts.behavior.address = Arc::new(OnlyOurs);
    });
    let mut request = it.request("ada@example.com");
    request.password = Some(given::password("12345678"));
    let refused = it.accounts().sign_up(request, &it.origin()).await;
    let Err(Error::Invalid(found)) = refused else { panic!("{refused:?}") };
    let pointers: Vec<&str> = found.iter().map(|it| it.pointer.as_str()).collect();
    assert_eq!(pointers[..2], ["/email", "/password"]);
    assert!(pointers[1..].iter().all(|pointer| *pointer == "/password"));
    assert!(found.iter().any(|it| it.code == "PASSWORD_TOO_SHORT"));
    assert_eq!(it.deliver().await, durward_core::accounts::Delivery::default());
}

#[tokio::test]
async fn a_session_of_a_sign_up_is_listed_under_its_user() {
    let it = TestAccounts::new();
    let issued = it.sign_up("ada@example.com").await;
    let mut read = it.accounts().read().await.unwrap();
    let sessions = read.sessions_of(issued.user).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].id, issued.session);
    assert_eq!(sessions[0].ip, it.origin().ip);
}
