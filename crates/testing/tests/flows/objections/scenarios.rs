use std::time::Duration;

use durward_core::accounts::{IssuedSession, PasswordReset, VerificationAttempt};
use durward_core::store::{LoginEmails, Passwords, Users};
use durward_core::{
    Caller, CodeToken, FreshUser, LoginEmail, Notice, Origin, Plain, Store, UserStatus, unit,
};
use durward_testing::{Letter, TestAccounts, followed, given};

const ADA: &str = "ada@example.com";
const EVIL: &str = "evil@example.net";
const WEEK: Duration = Duration::from_hours(7 * 24);
const NEW_PASSWORD: &str = "nine green lanterns hum";

/// An account with one old address, and a thief in one of its sessions.
struct Robbed<S: Store> {
    it: TestAccounts<S>,
    thief: IssuedSession,
}

impl<S: Store<Attrs = Plain>> Robbed<S> {
    async fn on(store: S) -> Self {
        let it = TestAccounts::on(store);
        it.sign_up(ADA).await;
        it.clock().advance(WEEK);
        let thief = it.log_in(ADA).await;
        Self { it, thief }
    }

    async fn by(&self) -> FreshUser {
        let user = self.it.accounts().authenticate(&self.thief.token, None).await.unwrap();
        let caller = Caller { user: Some(user), ..Caller::anonymous(None) };
        self.it.accounts().fresh(&caller).unwrap()
    }

    fn origin(&self) -> Origin {
        let (actor, session) = (Some(self.thief.user), Some(self.thief.session));
        Origin { actor, session, ..self.it.origin() }
    }

    async fn emails(&self) -> Vec<LoginEmail> {
        self.it.accounts().read().await.unwrap().login_emails_of(self.thief.user).await.unwrap()
    }

    /// Claims an address, and proves it a second after what was there before.
    async fn add(&self, address: &str) {
        let it = &self.it;
        it.clock().advance(Duration::from_secs(1));
        let claimed = [given::email(address)];
        it.accounts().claim_emails(&self.by().await, &claimed, &self.origin()).await.unwrap();
        let code = CodeToken::parse(it.mail_to(address).await.link_code()).unwrap();
        let code = VerificationAttempt::Link(code);
        it.accounts().verify_email(&code, None, &self.origin()).await.unwrap();
        it.deliver().await;
    }

    async fn remove(&self, addresses: &[&str]) {
        let addresses: Vec<_> = addresses.iter().map(|it| given::email(it)).collect();
        let accounts = self.it.accounts();
        accounts.remove_emails(&self.by().await, &addresses, &self.origin()).await.unwrap();
    }

    async fn promote(&self, address: &str) {
        let chosen = given::email(address);
        let emails = self.emails().await;
        let chosen = emails.iter().find(|it| it.address.canonical() == chosen.canonical()).unwrap();
        let accounts = self.it.accounts();
        accounts.promote_email(&self.by().await, chosen.id, &self.origin()).await.unwrap();
    }

    async fn delete(&self) {
        let (accounts, by) = (self.it.accounts(), self.by().await);
        let origin = self.origin();
        unit!(accounts, |tx| accounts.delete_user(tx, by.id(), None, &by, &origin).await).unwrap();
    }

    /// What the user has, in the order of the alphabet; the primary one with a star.
    async fn list(&self) -> Vec<String> {
        let mut list: Vec<String> = self
            .emails()
            .await
            .into_iter()
            .map(|it| format!("{}{}", it.address.as_typed(), if it.primary { "*" } else { "" }))
            .collect();
        list.sort();
        list
    }

    async fn status(&self) -> UserStatus {
        let mut read = self.it.accounts().read().await.unwrap();
        read.user(self.thief.user).await.unwrap().unwrap().status
    }

    async fn lives(&self) -> bool {
        self.it.accounts().authenticate(&self.thief.token, None).await.is_ok()
    }

    /// The notices of this kind in a mailbox, the newest last.
    async fn notices(&self, to: &str, what: Notice) -> Vec<Letter> {
        self.it.deliver().await;
        let mut letters = self.it.inbox().all_to(to);
        letters.retain(|it| it.message().notice().is_some_and(|it| it.notice == what));
        letters
    }

    async fn notice(&self, to: &str, what: Notice) -> Letter {
        self.notices(to, what).await.pop().unwrap()
    }

    async fn letter(&self, to: &str, name: &str) -> Letter {
        self.it.deliver().await;
        let letters = self.it.inbox().all_to(to);
        letters.into_iter().rfind(|it| it.name() == name).unwrap()
    }

    async fn revert(&self, letter: &Letter) -> bool {
        self.it.accounts().revert_email(&code(letter), &self.it.origin()).await.is_ok()
    }

    async fn report(&self, letter: &Letter) -> bool {
        self.it.accounts().report_notice(&code(letter), &self.it.origin()).await.is_ok()
    }

    async fn restore(&self, letter: &Letter) -> bool {
        self.it.accounts().restore_by_link(&code(letter), &self.it.origin()).await.is_ok()
    }

    async fn reset(&self, letter: &Letter) -> bool {
        let reset = PasswordReset {
            attempt: Some(followed(letter)),
            state: self.it.state(),
            password: given::password(NEW_PASSWORD),
        };
        self.it.accounts().confirm_reset(reset, &self.it.origin()).await.is_ok()
    }
}

fn code(letter: &Letter) -> CodeToken {
    CodeToken::parse(letter.link_code()).unwrap()
}

/// R-EM-07, R-SE-06, R-PW-10
pub(crate) async fn a_removed_address_comes_back_and_what_took_its_place_goes<S>(store: S)
where
    S: Store<Attrs = Plain>,
{
    let ada = Robbed::on(store).await;
    ada.add(EVIL).await;
    ada.remove(&[ADA]).await;
    let letter = ada.notice(ADA, Notice::EmailRemoved).await;
    assert!(ada.revert(&letter).await);
    assert_eq!(ada.list().await, [format!("{ADA}*")]);
    assert!(!ada.lives().await);
    let mut read = ada.it.accounts().read().await.unwrap();
    let stored = read.password(ada.thief.user).await.unwrap();
    drop(read);
    assert!(stored.unwrap().compromised.is_some());
    let told = ada.notice(EVIL, Notice::EmailRemoved).await;
    assert!(told.message().link().is_none(), "who lost can do nothing about it");
    assert!(!ada.revert(&letter).await, "good once");
    assert!(ada.reset(&ada.letter(ADA, "recovery").await).await);
}

/// R-EM-07
pub(crate) async fn a_former_primary_address_takes_its_place_back<S>(store: S)
where
    S: Store<Attrs = Plain>,
{
    let ada = Robbed::on(store).await;
    ada.add(EVIL).await;
    ada.promote(EVIL).await;
    let letter = ada.notice(ADA, Notice::PrimaryChanged).await;
    assert!(ada.revert(&letter).await);
    assert_eq!(ada.list().await, [format!("{ADA}*")]);
    assert!(!ada.lives().await);
}

/// R-EM-07: whatever he adds, removes and is mailed.
pub(crate) async fn a_thief_keeps_no_address_and_no_link_that_brings_one_back<S>(store: S)
where
    S: Store<Attrs = Plain>,
{
    let ada = Robbed::on(store).await;
    for address in [EVIL, "evil2@example.net", "evil3@example.net"] {
        ada.add(address).await;
    }
    ada.promote(EVIL).await;
    ada.remove(&["evil2@example.net", ADA]).await;
    let his = [
        ada.notice("evil2@example.net", Notice::EmailRemoved).await,
        ada.notice(EVIL, Notice::EmailRemoved).await,
        ada.notice("evil3@example.net", Notice::EmailAdded).await,
    ];
    let letter = ada.notice(ADA, Notice::EmailRemoved).await;
    assert!(ada.revert(&letter).await);
    assert!(!ada.revert(&his[0]).await);
    assert!(!ada.report(&his[1]).await && !ada.report(&his[2]).await);
    assert_eq!(ada.list().await, [format!("{ADA}*")]);
}

/// R-NO-01, R-EM-07
pub(crate) async fn a_report_removes_what_was_added_lately_too<S>(store: S)
where
    S: Store<Attrs = Plain>,
{
    let ada = Robbed::on(store).await;
    ada.add(EVIL).await;
    let letter = ada.notice(ADA, Notice::EmailAdded).await;
    assert!(ada.report(&letter).await);
    assert_eq!(ada.list().await, [format!("{ADA}*")]);
    assert!(!ada.lives().await);
}

/// R-NO-01, R-EM-07: a thief may change what he likes.
pub(crate) async fn no_change_ends_the_way_to_object_to_another<S>(store: S)
where
    S: Store<Attrs = Plain>,
{
    let ada = Robbed::on(store).await;
    ada.add(EVIL).await;
    ada.promote(EVIL).await;
    let [added, promoted] =
        [ada.notice(ADA, Notice::EmailAdded).await, ada.notice(ADA, Notice::PrimaryChanged).await];
    ada.add("evil2@example.net").await;
    ada.remove(&["evil2@example.net"]).await;
    assert!(ada.lives().await);
    assert!(ada.revert(&promoted).await, "a revert outlasts what came after it");
    assert_eq!(ada.list().await, [format!("{ADA}*")]);
    assert!(ada.report(&added).await, "and so does a report");
}

/// R-SE-07, R-NO-01: whoever deletes what he has stolen gains nothing by it.
pub(crate) async fn who_objects_after_a_deletion_can_still_take_it_back<S>(store: S)
where
    S: Store<Attrs = Plain>,
{
    let ada = Robbed::on(store).await;
    ada.add(EVIL).await;
    let added = ada.notice(ADA, Notice::EmailAdded).await;
    ada.delete().await;
    let deleted = ada.letter(ADA, "account-deleted").await;
    assert!(ada.report(&added).await);
    assert_eq!(ada.status().await, UserStatus::Deleted, "a report opens nothing");
    let first = ada.letter(ADA, "recovery").await;
    assert!(!ada.reset(&first).await, "and a reset opens nothing that was deleted");
    assert!(ada.restore(&deleted).await);
    assert_eq!(ada.status().await, UserStatus::Active);
    assert!(!ada.lives().await && !ada.restore(&deleted).await);
    assert_eq!(ada.list().await, [format!("{ADA}*")]);
    let mut read = ada.it.accounts().read().await.unwrap();
    let stored = read.password(ada.thief.user).await.unwrap();
    drop(read);
    assert!(stored.unwrap().compromised.is_some(), "what the thief knows opens nothing either");
    ada.it.log_in_by_mail(ADA).await;
}

/// R-SE-07, R-NO-01
pub(crate) async fn who_takes_a_deletion_back_can_still_object<S>(store: S)
where
    S: Store<Attrs = Plain>,
{
    let ada = Robbed::on(store).await;
    ada.add(EVIL).await;
    ada.remove(&[ADA]).await;
    let removed = ada.notice(ADA, Notice::EmailRemoved).await;
    ada.delete().await;
    let deleted = ada.letter(EVIL, "account-deleted").await;
    assert!(ada.restore(&deleted).await);
    assert!(ada.revert(&removed).await);
    assert_eq!(ada.list().await, [format!("{ADA}*")]);
    assert!(ada.reset(&ada.letter(ADA, "recovery").await).await);
    ada.it.log_in_with(ADA, NEW_PASSWORD).await;
}

/// R-SE-07: what takes one deletion back is over with it.
pub(crate) async fn a_link_takes_back_no_later_deletion<S>(store: S)
where
    S: Store<Attrs = Plain>,
{
    let mut ada = Robbed::on(store).await;
    ada.delete().await;
    let first = ada.letter(ADA, "account-deleted").await;
    let accounts = ada.it.accounts();
    let (user, origin) = (ada.thief.user, ada.it.origin());
    unit!(accounts, |tx| accounts.restore_user(tx, user, &origin).await).unwrap();
    ada.it.clock().advance(Duration::from_secs(1));
    ada.thief = ada.it.log_in(ADA).await;
    ada.delete().await;
    assert!(!ada.restore(&first).await);
    assert_eq!(ada.status().await, UserStatus::Deleted);
    assert!(ada.restore(&ada.letter(ADA, "account-deleted").await).await);
}

/// R-NO-01, R-TH-06: not by any number of changes of other addresses.
pub(crate) async fn nobody_uses_up_the_letter_that_brings_an_address_back<S>(store: S)
where
    S: Store<Attrs = Plain>,
{
    let ada = Robbed::on(store).await;
    ada.add(EVIL).await;
    for n in 0..6 {
        let other = format!("other{n}@example.net");
        ada.add(&other).await;
        ada.remove(&[&other]).await;
    }
    assert_eq!(ada.notices(ADA, Notice::EmailRemoved).await.len(), 5, "that much is told");
    ada.remove(&[ADA]).await;
    let letter = ada.notice(ADA, Notice::EmailRemoved).await;
    assert!(ada.revert(&letter).await);
    assert_eq!(ada.list().await, [format!("{ADA}*")]);
}
