//! Resets that an administrator begins (R-PW-11).

use durward_core::accounts::{CodeAttempt, PasswordReset, SignUp};
use durward_core::store::{Audit, AuditQuery};
use durward_core::{
    ClientId, CodeToken, Error, Notice, Origin, SignUpMode, Store, UserId, UserStatus, unit,
};
use durward_testing::given::{self, PASSWORD};
use durward_testing::{Letter, TestAccounts, followed};

use crate::login_emails::{add, notice};
use crate::support::{begin_login, is_refused, proven_user, set_status, try_password};

const ADA: &str = "ada@example.com";
const NEW_ADDRESS: &str = "ada@example.org";
const NEW: &str = "harbour violet ninety sparrow";

fn root() -> UserId {
    UserId::from_bytes([3; 16])
}

async fn start<S: Store>(it: &TestAccounts<S>, user: UserId, revoke: bool) -> Result<(), Error> {
    let origin = Origin {
        actor: Some(root()),
        session: Some(durward_core::SessionId::from_bytes([4; 16])),
        client: Some(ClientId::from_bytes([5; 16])),
        ..it.origin()
    };
    let accounts = it.accounts();
    unit!(accounts, |tx| accounts.start_reset(tx, user, revoke, &origin).await)
}

async fn confirm(it: &TestAccounts, letter: &Letter, origin: &Origin) -> Result<(), Error> {
    let attempt: Option<CodeAttempt> = Some(followed(letter));
    let reset = PasswordReset { attempt, state: it.state(), password: given::password(NEW) };
    it.accounts().confirm_reset(reset, origin).await
}

#[tokio::test]
async fn an_administrator_starts_a_reset_and_nothing_changes_until_the_code_comes_back() {
    // R-PW-11, R-RC-03, R-LG-01
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await;
    start(&it, ada.user, false).await.unwrap();
    let letter = it.mail_to(ADA).await;
    assert_eq!(letter.name(), "reset-started");
    assert!(it.accounts().authenticate(&ada.token, None).await.is_ok());
    it.log_in(ADA).await;

    let query = AuditQuery {
        event: Some("password.reset-started".to_owned()),
        limit: 9,
        ..AuditQuery::default()
    };
    let entries = it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap();
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((entry.actor, entry.subject), (Some(root()), Some(ada.user)));
    assert_eq!(entry.details, r#"{"revoked":false}"#);

    // Whoever reads the mailbox need not be where the administrator is, nor use his client.
    let elsewhere = Origin { client: Some(ClientId::from_bytes([6; 16])), ..it.origin() };
    confirm(&it, &letter, &elsewhere).await.unwrap();
    assert!(it.accounts().authenticate(&ada.token, None).await.is_err());
    assert!(is_refused(try_password(&it, ADA, PASSWORD).await));
    it.log_in_with(ADA, NEW).await;
    assert!(is_refused(confirm(&it, &letter, &it.origin()).await), "a code works once");
}

#[tokio::test]
async fn a_revoked_password_is_worth_nothing_and_everybody_is_signed_out() {
    // R-PW-10, R-PW-11, R-SE-07
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await;
    it.deliver().await;
    let (_, state) = begin_login(&it, ADA).await;
    let login = it.mail_to(ADA).await;
    start(&it, ada.user, true).await.unwrap();
    assert!(it.accounts().authenticate(&ada.token, None).await.is_err());
    assert!(is_refused(it.accounts().refresh(&ada.refresh, &it.origin()).await));
    let pending = it.accounts().answer_code(&followed(&login), &state, &it.origin()).await;
    assert!(is_refused(pending), "a flow under way is over");
    assert!(is_refused(try_password(&it, ADA, PASSWORD).await), "no step follows it");
    let letter = it.mail_to(ADA).await;
    assert_eq!(letter.name(), "reset-started");
    confirm(&it, &letter, &it.origin()).await.unwrap();
    it.log_in_with(ADA, NEW).await;
}

#[tokio::test]
async fn the_other_addresses_are_told_that_a_password_was_revoked() {
    // R-NO-01
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await;
    add(&it, &ada, NEW_ADDRESS).await;
    start(&it, ada.user, false).await.unwrap();
    it.deliver().await;
    let told = |to| it.inbox().all_to(to).iter().any(|it| is_notice(it, Notice::PasswordRevoked));
    assert!(!told(NEW_ADDRESS), "nothing was changed");
    start(&it, ada.user, true).await.unwrap();
    assert_eq!(it.mail_to(ADA).await.name(), "reset-started");
    assert!(!told(ADA) && told(NEW_ADDRESS));
    let letter = notice(&it, NEW_ADDRESS, Notice::PasswordRevoked).await;
    let code = CodeToken::parse(letter.link_code()).unwrap();
    it.accounts().report_notice(&code, &it.origin()).await.unwrap();
}

#[tokio::test]
async fn everybody_is_told_that_an_administrator_wants_another_password() {
    // R-NO-01, R-PW-10
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await;
    add(&it, &ada, NEW_ADDRESS).await;
    let (accounts, origin) = (it.accounts(), it.origin());
    for _ in 0..2 {
        unit!(accounts, |tx| accounts.report_password(tx, ada.user, &origin).await).unwrap();
    }
    it.deliver().await;
    for to in [ADA, NEW_ADDRESS] {
        let letters = it.inbox().all_to(to);
        let told = letters.iter().filter(|it| is_notice(it, Notice::PasswordMarked)).count();
        assert_eq!(told, 1, "{to}: the second mark changes nothing");
    }
}

fn is_notice(letter: &Letter, what: Notice) -> bool {
    letter.message().notice().is_some_and(|it| it.notice == what)
}

#[tokio::test]
async fn a_reset_can_be_started_for_whoever_has_no_password() {
    // R-PW-11
    let it = TestAccounts::new();
    let ada = proven_user(&it, ADA).await;
    start(&it, ada.id, true).await.unwrap();
    confirm(&it, &it.mail_to(ADA).await, &it.origin()).await.unwrap();
    it.log_in_with(ADA, NEW).await;
}

#[tokio::test]
async fn a_reset_is_started_for_whoever_can_be_written_to_and_may_log_in() {
    // R-PW-11, R-EM-08, R-SE-07
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await.user;
    set_status(&it, ada, UserStatus::Banned).await;
    assert!(matches!(start(&it, ada, false).await, Err(Error::Forbidden)));
    set_status(&it, ada, UserStatus::Deleted).await;
    assert!(matches!(start(&it, ada, false).await, Err(Error::Deleted)));
    let nobody = UserId::from_bytes([9; 16]);
    assert!(matches!(start(&it, nobody, false).await, Err(Error::NotFound(_))));

    let open = TestAccounts::with(|parts| parts.settings.sign_up = SignUpMode::Open);
    let request: SignUp<_> = open.request(ADA);
    let answer = open.accounts().sign_up(request, &open.origin()).await.unwrap();
    let unproven = durward_testing::session(answer);
    open.deliver().await;
    open.inbox().clear();
    let outcome = start(&open, unproven.user, true).await;
    let Err(Error::Invalid(found)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(found[0].code, "EMAIL_NONE_PROVEN");
    open.deliver().await;
    assert!(open.inbox().is_empty());
    assert!(open.accounts().authenticate(&unproven.token, None).await.is_ok(), "nothing was done");
}

#[tokio::test]
async fn nobody_is_written_to_without_end_and_strangers_do_not_use_it_up() {
    // R-TH-06
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await.user;
    for _ in 0..12 {
        begin_login(&it, ADA).await;
    }
    for _ in 0..5 {
        start(&it, ada, false).await.unwrap();
    }
    assert!(matches!(start(&it, ada, true).await, Err(Error::Throttled { .. })));
    it.log_in(ADA).await;
    it.deliver().await;
    let started = |letter: &Letter| letter.name() == "reset-started";
    assert_eq!(it.inbox().all_to(ADA).iter().filter(|it| started(it)).count(), 5);
}
