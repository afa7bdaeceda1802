use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use durward_core::accounts::{UserChange, VerificationAttempt};
use durward_core::entity::{AuditEntry, AuditRow};
use durward_core::store::{AuditMut, Outbox, Tx};
use durward_core::{
    AuditId, CodeToken, Error, Event, Hook, KeyRing, SignUpMode, Store, StoreError, Timestamp,
    UserId, Veto,
};
use durward_store_memory::MemoryStore;
use durward_testing::given::PASSWORD;
use durward_testing::{SeededEntropy, TestAccounts, given, typed};

use crate::support::{audited, begin_sign_up, is_refused, owner, try_password};

/// Writes events down, and refuses one kind of them while it is told to.
#[derive(Default)]
struct Witness {
    seen: Mutex<Vec<String>>,
    refuses: Mutex<Option<&'static str>>,
}

impl Witness {
    fn refuse(&self, event: Option<&'static str>) {
        *self.refuses.lock().unwrap() = event;
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

#[async_trait]
impl<S: Store> Hook<S> for Witness {
    async fn on(&self, event: &Event<'_, S::Attrs>, _: &mut S::Tx<'_>) -> Result<(), Veto> {
        self.seen.lock().unwrap().push(event.name().to_owned());
        let refuses = *self.refuses.lock().unwrap();
        if refuses == Some(event.name()) { Err("not today".into()) } else { Ok(()) }
    }
}

fn witnessed(mode: SignUpMode) -> (TestAccounts, Arc<Witness>) {
    let witness = Arc::new(Witness::default());
    let it = TestAccounts::with(|parts| {
        parts.hooks = vec![witness.clone()];
        parts.settings.sign_up = mode;
    });
    (it, witness)
}

#[tokio::test]
async fn hooks_are_told_everything_in_the_order_in_which_it_happens() {
    let (it, witness) = witnessed(SignUpMode::Verified);
    let ada = it.sign_up("ada@example.com").await;
    assert_eq!(witness.take(), ["user.created", "session.opened"]);
    it.log_in("ada@example.com").await;
    assert_eq!(witness.take(), ["session.opened"]);
    let pair = it.accounts().refresh(&ada.refresh, &it.origin()).await.unwrap();
    assert_eq!(witness.take(), ["session.refreshed"]);
    it.accounts().logout(&pair.token, &it.origin()).await.unwrap();
    it.accounts().logout(&pair.token, &it.origin()).await.unwrap();
    assert_eq!(witness.take(), ["session.ended"]);
    assert!(is_refused(try_password(&it, "ada@example.com", "wrong").await));
    assert_eq!(witness.take(), ["authentication.failed"]);
}

#[tokio::test]
async fn open_mode_tells_of_the_proof_when_it_comes() {
    let (it, witness) = witnessed(SignUpMode::Open);
    let request = it.request("ada@example.com");
    let state = request.state.clone();
    it.accounts().sign_up(request, &it.origin()).await.unwrap();
    assert_eq!(witness.take(), ["user.created", "session.opened"]);
    let code = CodeToken::parse(it.mail_to("ada@example.com").await.link_code()).unwrap();
    let attempt = VerificationAttempt::Link(code);
    it.accounts().verify_email(&attempt, Some(&state), &it.origin()).await.unwrap();
    assert_eq!(witness.take(), ["email.proven"]);
}

#[tokio::test]
async fn a_veto_undoes_all_of_it_and_the_code_stays_good() {
    // R-CC-01
    for event in ["user.created", "session.opened"] {
        let (it, witness) = witnessed(SignUpMode::Verified);
        let (step, state) = begin_sign_up(&it, "ada@example.com").await;
        let code = typed(&step, it.mail_to("ada@example.com").await.code());
        witness.refuse(Some(event));
        let vetoed = it.accounts().answer_code(&code, &state, &it.origin()).await;
        assert!(matches!(vetoed, Err(Error::Vetoed(why)) if why.to_string() == "not today"));
        assert!(owner(&it, "ada@example.com").await.is_none());

        witness.refuse(None);
        assert!(it.accounts().answer_code(&code, &state, &it.origin()).await.is_ok());
        let ada = owner(&it, "ada@example.com").await.unwrap();
        let events = audited(&it, ada.id).await;
        assert_eq!(events, ["session.opened", "user.created"], "nothing of the first try is left");
    }
}

#[tokio::test]
async fn a_veto_of_a_login_opens_no_session() {
    let (it, witness) = witnessed(SignUpMode::Verified);
    it.sign_up("ada@example.com").await;
    witness.refuse(Some("session.opened"));
    let vetoed = try_password(&it, "ada@example.com", PASSWORD).await;
    assert!(matches!(vetoed, Err(Error::Vetoed(_))));
}

#[tokio::test]
async fn a_veto_of_a_change_changes_nothing() {
    let (it, witness) = witnessed(SignUpMode::Verified);
    let ada = it.sign_up("ada@example.com").await.user;
    witness.refuse(Some("user.updated"));
    let change = UserChange { name: Some(given::name("Countess")), attrs: None, version: None };
    let mut tx = it.accounts().begin().await.unwrap();
    let vetoed = it.accounts().update_user(&mut tx, ada, change, &it.origin()).await;
    assert!(matches!(vetoed, Err(Error::Vetoed(_))));
    drop(tx);
    assert_eq!(it.accounts().user(ada).await.unwrap().user.name.as_str(), "Ada Lovelace");
}

#[tokio::test]
async fn a_hook_cannot_turn_a_failed_proof_into_another_answer() {
    // R-EN-01
    let (it, witness) = witnessed(SignUpMode::Verified);
    it.sign_up("ada@example.com").await;
    witness.refuse(Some("authentication.failed"));
    assert!(is_refused(try_password(&it, "ada@example.com", "wrong").await));
}

/// Writes a row of its own for every new user.
struct Welcome;

const ROW: AuditId = AuditId::from_bytes([9; 16]);

#[async_trait]
impl Hook<MemoryStore> for Welcome {
    async fn on(
        &self,
        event: &Event<'_, durward_core::Plain>,
        tx: &mut <MemoryStore as Store>::Tx<'_>,
    ) -> Result<(), Veto> {
        let Event::UserCreated { user, .. } = event else { return Ok(()) };
        Ok(tx.insert_audit(&welcome(user.id)).await?)
    }
}

fn welcome(user: UserId) -> AuditRow {
    let entry = AuditEntry {
        id: ROW,
        at: Timestamp::from_millis(0),
        event: String::from("welcomed"),
        organization: None,
        actor: None,
        subject: Some(user),
        client: None,
        ip: None,
        request: None,
        details: String::from("{}"),
    };
    let entropy = SeededEntropy::default();
    let keys = KeyRing::parse(KeyRing::generate(1, &entropy).expose()).unwrap();
    AuditRow::new(entry, &keys, &entropy)
}

#[tokio::test]
async fn what_a_hook_writes_commits_and_vanishes_with_the_rest() {
    let witness = Arc::new(Witness::default());
    let it = TestAccounts::with(|parts| {
        parts.hooks = vec![Arc::new(Welcome), witness.clone()];
    });
    let (step, state) = begin_sign_up(&it, "ada@example.com").await;
    let code = typed(&step, it.mail_to("ada@example.com").await.code());
    witness.refuse(Some("session.opened"));
    assert!(it.accounts().answer_code(&code, &state, &it.origin()).await.is_err());
    // The row's id is fixed: had it stayed, the second try could not write it again.
    witness.refuse(None);
    it.accounts().answer_code(&code, &state, &it.origin()).await.unwrap();
    let ada = owner(&it, "ada@example.com").await.unwrap();
    assert!(audited(&it, ada.id).await.contains(&String::from("welcomed")));
}

/// Writes something that breaks a rule of the store, and hides it.
struct Careless;

#[async_trait]
impl Hook<MemoryStore> for Careless {
    async fn on(
        &self,
        event: &Event<'_, durward_core::Plain>,
        tx: &mut <MemoryStore as Store>::Tx<'_>,
    ) -> Result<(), Veto> {
        if let Event::UserCreated { user, .. } = event {
            use durward_core::store::UsersMut;
            let twice = tx.insert_user(user).await;
            assert!(matches!(twice, Err(StoreError::Duplicate(_))));
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_hook_that_hides_a_failed_write_cannot_commit_half_a_unit() {
    // R-CC-01
    let it = TestAccounts::with(|parts| {
        parts.hooks = vec![Arc::new(Careless)];
    });
    let (step, state) = begin_sign_up(&it, "ada@example.com").await;
    let code = typed(&step, it.mail_to("ada@example.com").await.code());
    let spent = it.accounts().answer_code(&code, &state, &it.origin()).await;
    assert!(matches!(spent, Err(Error::Store(StoreError::Spent))), "{spent:?}");
    assert!(owner(&it, "ada@example.com").await.is_none());
}

#[tokio::test]
async fn mail_waits_for_the_commit() {
    let it = TestAccounts::new();
    let mut tx = it.accounts().begin().await.unwrap();
    let counts = tx.count_mail().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(counts.pending, 0);
    begin_sign_up(&it, "ada@example.com").await;
    assert!(it.inbox().is_empty(), "nothing is sent before the worker comes");
    let mut read = it.accounts().read().await.unwrap();
    assert_eq!(read.count_mail().await.unwrap().pending, 1);
}
