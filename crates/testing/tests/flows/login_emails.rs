//! Adding addresses, removing them, and which one is the primary one (R-EM-07, R-EM-08).

use std::time::Duration;

use durward_core::accounts::{IssuedSession, VerificationAttempt};
use durward_core::{
    CodeToken, Error, LoginEmail, LoginEmailId, Notice, ShortCode, Slice, Store, UserId,
};
use durward_testing::{Letter, TestAccounts, followed, given};

use crate::factors::fresh;
use crate::support::{audited, begin_login, emails, is_refused, owner};

pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const NEW: &str = "ada@example.org";

pub(crate) async fn claim<S: Store>(
    it: &TestAccounts<S>,
    by: &IssuedSession,
    addresses: &[&str],
) -> Result<(), Error> {
    let addresses: Vec<_> = addresses.iter().map(|it| given::email(it)).collect();
    it.accounts().claim_emails(&fresh(it, by).await, &addresses, &origin(it, by)).await
}

pub(crate) async fn remove<S: Store>(
    it: &TestAccounts<S>,
    by: &IssuedSession,
    addresses: &[&str],
) -> Result<(), Error> {
    let addresses: Vec<_> = addresses.iter().map(|it| given::email(it)).collect();
    it.accounts().remove_emails(&fresh(it, by).await, &addresses, &origin(it, by)).await
}

pub(crate) async fn promote<S: Store>(
    it: &TestAccounts<S>,
    by: &IssuedSession,
    address: &str,
) -> Result<(), Error> {
    let id = id(it, by.user, address).await;
    it.accounts().promote_email(&fresh(it, by).await, id, &origin(it, by)).await
}

pub(crate) fn origin<S: Store>(it: &TestAccounts<S>, by: &IssuedSession) -> durward_core::Origin {
    durward_core::Origin { actor: Some(by.user), session: Some(by.session), ..it.origin() }
}

/// Claims an address, and proves it a second after what was there before.
pub(crate) async fn add<S: Store>(it: &TestAccounts<S>, by: &IssuedSession, address: &str) {
    it.clock().advance(Duration::from_secs(1));
    claim(it, by, &[address]).await.unwrap();
    let letter = it.mail_to(address).await;
    let code = VerificationAttempt::Link(CodeToken::parse(letter.link_code()).unwrap());
    it.accounts().verify_email(&code, None, &origin(it, by)).await.unwrap();
    it.deliver().await;
}

async fn id<S: Store>(it: &TestAccounts<S>, user: UserId, address: &str) -> LoginEmailId {
    let canonical = given::email(address);
    let emails = emails(it, user).await;
    emails.iter().find(|it| it.address.canonical() == canonical.canonical()).unwrap().id
}

pub(crate) async fn lives<S: Store>(it: &TestAccounts<S>, session: &IssuedSession) -> bool {
    it.accounts().authenticate(&session.token, None).await.is_ok()
}

/// What a user has in the order of the alphabet, as `address`, `address?` for a claim and `address*` for the primary one.
pub(crate) async fn list<S: Store>(it: &TestAccounts<S>, user: UserId) -> Vec<String> {
    let shown = |LoginEmail { address, proven, primary, .. }: LoginEmail| {
        let mark = if primary { "*" } else { "" };
        format!("{}{}{mark}", address.as_typed(), if proven.is_none() { "?" } else { "" })
    };
    let mut list: Vec<String> = emails(it, user).await.into_iter().map(shown).collect();
    list.sort();
    list
}

/// The newest notice of this kind in a mailbox.
pub(crate) async fn notice<S: Store>(it: &TestAccounts<S>, to: &str, what: Notice) -> Letter {
    it.deliver().await;
    let mut letters = it.inbox().all_to(to);
    letters.retain(|it| it.message().notice().is_some_and(|it| it.notice == what));
    letters.pop().unwrap()
}

#[tokio::test]
async fn a_claim_gives_nothing_until_its_code_comes_back() {
    // R-EM-08, R-EM-07, R-SE-06
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await;
    let other = it.log_in(ADA).await;
    for _ in ["the first mail", "another"] {
        claim(&it, &ada, &[NEW]).await.unwrap();
        let letter = it.mail_to(NEW).await;
        let page = letter.link().split('#').next().unwrap();
        assert_eq!(page, "https://accounts.example/add-email", "the link alone proves nothing");
    }
    let letter = it.mail_to(NEW).await;
    assert_eq!(letter.name(), "verify-email");
    assert_eq!(list(&it, ada.user).await, [format!("{ADA}*"), format!("{NEW}?")]);
    assert!(owner(&it, NEW).await.is_none());
    assert!(lives(&it, &other).await, "a claim changes nothing");

    let typed =
        VerificationAttempt::Typed { user: ada.user, code: ShortCode::parse(letter.code()).ok() };
    it.accounts().verify_email(&typed, None, &it.origin()).await.unwrap();
    assert_eq!(list(&it, ada.user).await, [format!("{ADA}*"), NEW.to_owned()]);
    assert_eq!(owner(&it, NEW).await.unwrap().id, ada.user);
    assert!(lives(&it, &ada).await, "the session that claimed it goes on");
    assert!(!lives(&it, &other).await);
    for to in [ADA, NEW] {
        notice(&it, to, Notice::EmailAdded).await;
    }
    let events = audited(&it, ada.user).await;
    for event in ["email.claimed", "email.proven"] {
        assert!(events.contains(&event.to_owned()), "{event}");
    }
    it.log_in_by_mail(NEW).await;
}

#[tokio::test]
async fn adding_an_address_tells_its_reader_and_nobody_else_that_it_is_taken() {
    // R-EN-03, GW-48
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await;
    it.sign_up("bob@example.com").await;
    it.inbox().clear();
    claim(&it, &ada, &["bob@example.com", "free@example.com"]).await.unwrap();
    assert_eq!(it.mail_to("bob@example.com").await.name(), "address-in-use");
    assert_eq!(it.mail_to("free@example.com").await.name(), "verify-email");
    let claims = emails(&it, ada.user).await.into_iter().filter(|it| it.proven.is_none());
    assert_eq!(claims.count(), 2, "they look alike");
    it.inbox().clear();
    claim(&it, &ada, &["bob@example.com"]).await.unwrap();
    let email = given::email("bob@example.com");
    it.accounts().resend_verification(ada.user, &email, &it.origin()).await.unwrap();
    it.clock().advance(Duration::from_mins(10));
    it.accounts().resend_verification(ada.user, &email, &it.origin()).await.unwrap();
    it.deliver().await;
    let letters = it.inbox().all();
    assert!(letters.iter().all(|it| it.name() == "address-in-use"), "no code was mailed");
}

#[tokio::test]
async fn of_many_who_claim_an_address_the_one_who_proves_it_has_it() {
    // R-EM-08
    let it = TestAccounts::new();
    let (ada, bob) = (it.sign_up(ADA).await, it.sign_up("bob@example.com").await);
    let mut codes = Vec::new();
    for claimant in [&ada, &bob] {
        claim(&it, claimant, &[NEW]).await.unwrap();
        let letter = it.mail_to(NEW).await;
        codes.push(VerificationAttempt::Link(CodeToken::parse(letter.link_code()).unwrap()));
    }
    let [hers, his] = [&ada, &bob].map(|claimant| origin(&it, claimant));
    it.accounts().verify_email(&codes[1], None, &his).await.unwrap();
    assert!(is_refused(it.accounts().verify_email(&codes[0], None, &hers).await));
    assert_eq!(owner(&it, NEW).await.unwrap().id, bob.user);
    assert_eq!(list(&it, ada.user).await, [format!("{ADA}*")]);
}

#[tokio::test]
async fn a_typed_code_is_good_for_whichever_claim_it_was_mailed_for() {
    // R-TH-02: and counts as an attempt at each.
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await;
    claim(&it, &ada, &["a@example.org", "b@example.org"]).await.unwrap();
    let (first, second) = (it.mail_to("a@example.org").await, it.mail_to("b@example.org").await);
    let verify = async |code: &str| {
        let code = ShortCode::parse(code).ok();
        let typed = VerificationAttempt::Typed { user: ada.user, code };
        it.accounts().verify_email(&typed, None, &it.origin()).await
    };
    for _ in 0..4 {
        assert!(is_refused(verify("ZZZZZZZZ").await));
    }
    verify(first.code()).await.unwrap();
    assert!(is_refused(verify(second.code()).await), "every code dies with a change");
    let expected = ["a@example.org".to_owned(), format!("{ADA}*"), "b@example.org?".to_owned()];
    assert_eq!(list(&it, ada.user).await, expected);

    claim(&it, &ada, &["c@example.org"]).await.unwrap();
    let third = it.mail_to("c@example.org").await;
    for _ in 0..5 {
        assert!(is_refused(verify("ZZZZZZZZ").await));
    }
    assert!(is_refused(verify(third.code()).await));
}

#[tokio::test]
async fn a_user_has_ten_addresses_at_most_and_claims_that_are_too_old_do_not_count() {
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await;
    let many: Vec<String> = (0..10).map(|n| format!("a{n}@example.org")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let refused = claim(&it, &ada, &many).await;
    assert!(matches!(refused, Err(Error::Invalid(found)) if found[0].code == "EMAILS_TOO_MANY"));
    assert_eq!(list(&it, ada.user).await.len(), 1, "all of them or none");
    claim(&it, &ada, &many[..9]).await.unwrap();
    assert!(claim(&it, &ada, &["x@example.org"]).await.is_err());
    claim(&it, &ada, &[many[0], many[0], ADA]).await.unwrap();
    it.clock().advance(Duration::from_hours(24));
    let ada = it.log_in(ADA).await;
    claim(&it, &ada, &["x@example.org"]).await.unwrap();
    assert_eq!(list(&it, ada.user).await, [format!("{ADA}*"), "x@example.org?".to_owned()]);
}

#[tokio::test]
async fn a_removed_address_opens_nothing_and_its_codes_die() {
    // R-EM-07, R-SE-06, GW-50
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await;
    add(&it, &ada, NEW).await;
    let other = it.log_in(ADA).await;
    let (_, state) = begin_login(&it, ADA).await;
    let code = it.mail_to(ADA).await;
    remove(&it, &ada, &[ADA]).await.unwrap();
    assert_eq!(list(&it, ada.user).await, [format!("{NEW}*")], "the one that is left is primary");
    assert!(lives(&it, &ada).await && !lives(&it, &other).await);
    let late = it.accounts().answer_code(&followed(&code), &state, &it.origin()).await;
    assert!(is_refused(late));
    assert!(owner(&it, ADA).await.is_none(), "it is free");
    let told = notice(&it, ADA, Notice::EmailRemoved).await;
    assert!(told.link().contains("revert-email"), "{}", told.link());
    let told = notice(&it, NEW, Notice::EmailRemoved).await;
    assert!(told.link().contains("report-notice"), "{}", told.link());
    assert!(audited(&it, ada.user).await.contains(&"email.removed".to_owned()));
}

#[tokio::test]
async fn the_last_proven_address_stays_and_nothing_is_removed_by_halves() {
    // GW-50
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await;
    let bob = it.sign_up("bob@example.com").await;
    claim(&it, &ada, &[NEW]).await.unwrap();
    assert!(matches!(remove(&it, &ada, &[ADA]).await, Err(Error::Last(_))));
    assert!(matches!(remove(&it, &ada, &[ADA, NEW]).await, Err(Error::Last(_))));
    let missing = remove(&it, &ada, &[NEW, "bob@example.com"]).await;
    assert!(matches!(missing, Err(Error::NotFound(_))));
    let theirs = id(&it, bob.user, "bob@example.com").await;
    let by = fresh(&it, &ada).await;
    let foreign = it.accounts().remove_email(&by, theirs, &it.origin()).await;
    assert!(matches!(foreign, Err(Error::NotFound(_))));
    let foreign = it.accounts().promote_email(&by, theirs, &it.origin()).await;
    assert!(matches!(foreign, Err(Error::NotFound(_))));
    assert_eq!(list(&it, ada.user).await.len(), 2);
    it.deliver().await;
    it.inbox().clear();
    let other = it.log_in(ADA).await;
    remove(&it, &ada, &[NEW]).await.unwrap();
    it.deliver().await;
    assert!(lives(&it, &other).await && it.inbox().is_empty(), "a claim proves nothing");
}

#[tokio::test]
async fn another_address_becomes_the_primary_one() {
    // R-EM-07, R-SE-06
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await;
    claim(&it, &ada, &["x@example.org"]).await.unwrap();
    let refused = promote(&it, &ada, "x@example.org").await;
    assert!(matches!(refused, Err(Error::Invalid(found)) if found[0].code == "EMAIL_NOT_PROVEN"));
    add(&it, &ada, NEW).await;
    let other = it.log_in(ADA).await;
    promote(&it, &ada, ADA).await.unwrap();
    assert!(lives(&it, &other).await, "it was the primary one already");
    promote(&it, &ada, NEW).await.unwrap();
    assert!(lives(&it, &ada).await && !lives(&it, &other).await);
    let list = list(&it, ada.user).await;
    assert!(list.contains(&ADA.to_owned()) && list.contains(&format!("{NEW}*")), "{list:?}");
    assert!(notice(&it, ADA, Notice::PrimaryChanged).await.link().contains("revert-email"));
    assert!(notice(&it, NEW, Notice::PrimaryChanged).await.link().contains("report-notice"));
    assert!(audited(&it, ada.user).await.contains(&"email.primary-changed".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_addresses_at_once_never_cross() {
    // R-EM-07, R-CC-01
    let it = TestAccounts::new();
    for round in 0..20 {
        let (first, second) = (format!("a{round}@example.com"), format!("b{round}@example.com"));
        let ada = it.sign_up(&first).await;
        add(&it, &ada, &second).await;
        let by = fresh(&it, &ada).await;
        let mut tasks = tokio::task::JoinSet::new();
        for address in [first.clone(), second.clone()] {
            let (accounts, origin) = (it.accounts().clone(), it.origin());
            let promoted = id(&it, ada.user, &address).await;
            tasks.spawn(async move {
                let gone = [given::email(&address)];
                let removed = accounts.remove_emails(&by, &gone, &origin).await;
                let promoted = accounts.promote_email(&by, promoted, &origin).await;
                (removed, promoted)
            });
        }
        let outcomes = tasks.join_all().await;
        let (done, refused): (Vec<_>, Vec<_>) = outcomes.iter().partition(|it| it.0.is_ok());
        assert_eq!((done.len(), refused.len()), (1, 1));
        assert!(matches!(refused[0].0, Err(Error::Last(_))));
        let left = emails(&it, ada.user).await;
        assert!(left.len() == 1 && left[0].primary && left[0].proven.is_some(), "{left:?}");
    }
}

#[tokio::test]
async fn addresses_are_listed_in_parts_from_the_newest_on() {
    let it = TestAccounts::new();
    let ada = it.sign_up(ADA).await;
    for address in ["b@example.org", "c@example.org"] {
        it.clock().advance(Duration::from_secs(1));
        claim(&it, &ada, &[address]).await.unwrap();
    }
    let part = async |after| {
        let page = it.accounts().login_emails(ada.user, Slice { after, limit: 2 }).await.unwrap();
        let typed = page.rows.iter().map(|it| it.address.as_typed().to_owned());
        (typed.collect::<Vec<_>>(), page.next)
    };
    let (rows, next) = part(None).await;
    assert_eq!(rows, ["c@example.org", "b@example.org"]);
    assert_eq!(part(next).await, (vec![ADA.to_owned()], None));
}
