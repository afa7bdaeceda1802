//! Passwords that were breached elsewhere (R-PW-06, R-PW-10).

use std::sync::Arc;
use std::sync::Mutex;

use async_trait::async_trait;
use durward_core::accounts::{
    Answer, CodeAttempt, NewPasswordAttempt, PasswordAttempt, PasswordChange, PasswordReset,
    ResetRequest, SignUp,
};
use durward_core::password::{Admission, HashError, Verdict};
use durward_core::{
    BreachCheck, BreachError, BreachedPasswords, Caller, Error, FlowState, Password, PasswordHash,
    PasswordHasher, Step, UserStatus,
};
use durward_store_memory::MemoryStore;
use durward_testing::given::{self, PASSWORD};
use durward_testing::hasher::TestHasher;
use durward_testing::{TestAccounts, followed, session, step};

use crate::support::{audited, is_refused, set_status, try_password};
use crate::traced::{Trace, TracedStore};

const ADA: &str = "ada@example.com";
const BREACHED: &str = "lovely weather we are having";
const NEW: &str = "harbour violet ninety sparrow";

type Traced = TracedStore<MemoryStore>;

/// Knows passwords, or nothing at all, and writes down when it was asked, and about what.
#[derive(Clone)]
struct List {
    known: Arc<Mutex<Result<Vec<&'static str>, BreachError>>>,
    asked: Arc<Mutex<Vec<String>>>,
    trace: Trace,
}

#[async_trait]
impl BreachedPasswords for List {
    async fn contains(&self, password: &Password) -> Result<bool, BreachError> {
        self.trace.note("breached");
        self.asked.lock().unwrap().push(password.expose().to_owned());
        self.known.lock().unwrap().clone().map(|known| known.contains(&password.expose()))
    }
}

impl List {
    fn knows(&self, known: Result<Vec<&'static str>, BreachError>) {
        *self.known.lock().unwrap() = known;
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn accounts(at_login: bool) -> (TestAccounts<Traced>, Traced, List) {
    let store = Traced::default();
    let list = List {
        known: Arc::new(Mutex::new(Ok(vec![BREACHED]))),
        asked: Arc::default(),
        trace: store.trace().clone(),
    };
    let passwords: Arc<dyn BreachedPasswords> = Arc::new(list.clone());
    let it = TestAccounts::on_with(store.clone(), |parts| {
        parts.breaches = Some(BreachCheck { passwords, at_login });
    });
    (it, store, list)
}

fn is_breached<T: std::fmt::Debug>(outcome: Result<T, Error>) -> bool {
    let Err(Error::Invalid(found)) = outcome else { panic!("{outcome:?}") };
    let told: Vec<_> = found.iter().map(|it| (&*it.pointer, &*it.code)).collect();
    told == [("/password", "PASSWORD_BREACHED")]
}

fn away() -> Result<Vec<&'static str>, BreachError> {
    Err(BreachError("nobody answers".into()))
}

async fn signed_in(it: &TestAccounts<Traced>) -> Caller<durward_core::Plain> {
    let token = it.log_in(ADA).await.token;
    let user = it.accounts().authenticate(&token, None).await.unwrap();
    Caller { user: Some(user), ..Caller::anonymous(None) }
}

async fn change(it: &TestAccounts<Traced>, to: &str) -> Result<(), Error> {
    let caller = signed_in(it).await;
    let current = Some(given::password(PASSWORD));
    let change = PasswordChange { current, password: given::password(to) };
    it.accounts().change_password(&caller, &change, &it.origin()).await
}

async fn reset(it: &TestAccounts<Traced>) -> (CodeAttempt, FlowState) {
    it.deliver().await;
    let request = ResetRequest { email: given::email(ADA), state: it.state() };
    it.accounts().request_reset(&request, &it.origin()).await.unwrap();
    (followed(&it.mail_to(ADA).await), request.state)
}

async fn confirm(
    it: &TestAccounts<Traced>,
    (attempt, state): &(CodeAttempt, FlowState),
    to: &str,
) -> Result<(), Error> {
    let attempt = Some(attempt.clone());
    let reset = PasswordReset { attempt, state: state.clone(), password: given::password(to) };
    it.accounts().confirm_reset(reset, &it.origin()).await
}

/// Whether the list was asked, and never between the beginning of a unit of work and its commit.
fn asked_outside_of_units(trace: &[&str]) -> bool {
    let mut open = false;
    let mut asked = 0;
    for what in trace {
        match *what {
            "begin" => open = true,
            "commit" => open = false,
            "breached" if open => return false,
            "breached" => asked += 1,
            _ => {}
        }
    }
    asked > 0
}

#[tokio::test]
async fn no_breached_password_is_taken_at_a_sign_up_a_change_or_a_reset() {
    // R-PW-06, R-PW-07
    let (it, store, list) = accounts(false);
    let request = SignUp { password: Some(given::password(BREACHED)), ..it.request(ADA) };
    assert!(is_breached(it.accounts().sign_up(request, &it.origin()).await));
    it.deliver().await;
    assert!(it.inbox().is_empty(), "nothing was begun");
    it.sign_up(ADA).await;
    assert!(is_breached(change(&it, BREACHED).await));
    let code = reset(&it).await;
    assert!(is_breached(confirm(&it, &code, BREACHED).await));
    let hashed = it.accounts().hash_password(given::password(BREACHED), None, None).await;
    assert!(is_breached(hashed));
    confirm(&it, &code, NEW).await.unwrap();
    it.log_in_with(ADA, NEW).await;
    assert!(asked_outside_of_units(&store.trace().take()));
    assert_eq!(list.asked(), [BREACHED, PASSWORD, BREACHED, BREACHED, BREACHED, NEW]);
}

#[tokio::test]
async fn nobody_asks_about_a_password_that_is_not_acceptable_or_not_right() {
    // R-PW-06: whoever is asked learns as little as possible.
    let (it, _, list) = accounts(true);
    let user = it.sign_up(ADA).await.user;
    list.asked();
    let request = SignUp { password: Some(given::password("short")), ..it.request(ADA) };
    assert!(it.accounts().sign_up(request, &it.origin()).await.is_err());
    assert!(is_refused(try_password(&it, ADA, BREACHED).await));
    assert!(is_refused(try_password(&it, "nobody@example.com", BREACHED).await));
    set_status(&it, user, UserStatus::Banned).await;
    assert!(is_refused(try_password(&it, ADA, PASSWORD).await));
    set_status(&it, user, UserStatus::Active).await;
    let code = reset(&it).await;
    assert!(is_refused(confirm(&it, &(code.0.clone(), it.state()), NEW).await));
    assert_eq!(list.asked(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_login_by_a_password_that_was_breached_since_asks_for_another_one() {
    // R-PW-10
    let (it, store, list) = accounts(true);
    let user = it.sign_up(ADA).await.user;
    it.log_in(ADA).await;
    list.knows(Ok(vec![PASSWORD, BREACHED]));
    store.trace().take();
    let attempt = PasswordAttempt {
        email: given::email(ADA),
        password: given::password(PASSWORD),
        state: it.state(),
    };
    let state = attempt.state.clone();
    let asked = step(it.accounts().login_with_password(attempt, &it.origin()).await.unwrap());
    assert_eq!(asked.step, Step::NewPassword);
    let choose = async |to: &str| {
        let handle = Some(asked.handle.clone());
        let attempt = NewPasswordAttempt { handle, password: given::password(to) };
        it.accounts().answer_new_password(attempt, &state, &it.origin()).await
    };
    assert!(is_breached(choose(BREACHED).await));
    session(choose(NEW).await.unwrap());
    assert!(asked_outside_of_units(&store.trace().take()));
    assert!(matches!(try_password(&it, ADA, NEW).await, Ok(Answer::Session(_))));
    let events = audited(&it, user).await;
    assert!(events.contains(&"password.compromised".to_owned()), "{events:?}");
}

#[tokio::test]
async fn logins_are_not_looked_up_unless_that_is_wanted() {
    // R-PW-10
    let (it, _, list) = accounts(false);
    it.sign_up(ADA).await;
    list.knows(Ok(vec![PASSWORD]));
    list.asked();
    it.log_in(ADA).await;
    assert_eq!(list.asked(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_list_that_is_away_keeps_nobody_out() {
    // R-PW-06
    let (it, _, list) = accounts(true);
    list.knows(away());
    let request = SignUp { password: Some(given::password(BREACHED)), ..it.request(ADA) };
    it.sign_up_as(request).await;
    it.log_in_with(ADA, BREACHED).await;
    assert_eq!(list.asked(), [BREACHED, BREACHED]);
}

#[tokio::test]
async fn a_full_queue_is_told_before_a_list_is_asked() {
    // R-PW-13
    let (it, _, list) = accounts(false);
    it.hasher().set_busy(true);
    let outcome = it.accounts().sign_up(it.request(ADA), &it.origin()).await;
    assert!(matches!(outcome, Err(Error::Busy { .. })));
    assert_eq!(list.asked(), [] as [&str; 0]);
}

/// A hasher that knows how many places in its queue are taken; as a list it finds nothing, and tells whether
/// there were any while it was asked.
#[derive(Clone, Default)]
struct Queue {
    places: Arc<()>,
    taken_while_asked: Arc<Mutex<Vec<usize>>>,
}

#[async_trait]
impl PasswordHasher for Queue {
    fn admit(&self) -> Result<Admission, HashError> {
        Ok(Admission::holding(Arc::clone(&self.places)))
    }

    async fn hash(&self, password: Password, _: Admission) -> Result<PasswordHash, HashError> {
        TestHasher::new().hash(password, Admission::unlimited()).await
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
        _: Admission,
    ) -> Result<Verdict, HashError> {
        TestHasher::new().verify(password, hash, Admission::unlimited()).await
    }
}

#[async_trait]
impl BreachedPasswords for Queue {
    async fn contains(&self, _: &Password) -> Result<bool, BreachError> {
        // The two of the parts are not taken.
        self.taken_while_asked.lock().unwrap().push(Arc::strong_count(&self.places) - 2);
        Ok(false)
    }
}

#[tokio::test]
async fn no_place_in_the_queue_is_held_while_a_list_is_asked() {
    // R-PW-13
    let queue = Queue::default();
    let taken = Arc::clone(&queue.taken_while_asked);
    let it = TestAccounts::with(|parts| {
        parts.passwords = Arc::new(queue.clone());
        parts.breaches = Some(BreachCheck { passwords: Arc::new(queue), at_login: true });
    });
    it.sign_up(ADA).await;
    it.log_in(ADA).await;
    assert_eq!(*taken.lock().unwrap(), [0, 0]);
}
