use std::fmt;
use std::sync::Arc;

use durward_core::accounts::{
    Answer, CodeAttempt, CodeRequest, Delivery, IssuedSession, PasswordAttempt, SignUp, StepAnswer,
};
use durward_core::{
    Accounts, Attrs, Behavior, Caller, Clock, CodeToken, Entropy, FlowState, KeyRing, Method,
    Origin, Parts, SessionId, Settings, Sharing, ShortCode, Store, UserCaller, UserId,
};
use durward_store_memory::MemoryStore;

use crate::given::{self, PASSWORD};
use crate::hasher::TestHasher;
use crate::{FakeClock, Inbox, Letter, SeededEntropy, TestLinks};

/// Accounts whose time, chance and mail are in the hands of a test.
///
/// ```
/// use durward_testing::TestAccounts;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let it = TestAccounts::new();
/// let session = it.sign_up("ada@example.com").await;
/// assert_eq!(it.inbox().only().name(), "sign-up");
/// assert!(it.accounts().authenticate(&session.token, None).await.is_ok());
/// # });
/// ```
pub struct TestAccounts<S: Store = MemoryStore> {
    accounts: Accounts<S>,
    clock: FakeClock,
    entropy: SeededEntropy,
    hasher: Arc<TestHasher>,
    inbox: Inbox,
}

impl TestAccounts {
    /// Accounts in memory, without custom attributes, with the standard behaviour and settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Accounts in memory, without custom attributes, with whatever `change` does to their parts.
    ///
    /// ```
    /// use durward_core::SignUpMode;
    /// use durward_testing::TestAccounts;
    ///
    /// let open = TestAccounts::with(|parts| parts.settings.sign_up = SignUpMode::Open);
    /// # drop(open);
    /// ```
    pub fn with(change: impl FnOnce(&mut Parts<MemoryStore>)) -> Self {
        Self::on_with(MemoryStore::default(), change)
    }
}

impl<S: Store + Default> Default for TestAccounts<S> {
    fn default() -> Self {
        Self::on(S::default())
    }
}

impl<S: Store> TestAccounts<S> {
    /// Accounts on this store, with the standard behaviour and settings.
    pub fn on(store: S) -> Self {
        Self::on_with(store, |_| {})
    }

    /// Accounts on this store, with whatever `change` does to their parts; panics at
    /// [flawed](durward_core::Settings::flaws) settings.
    pub fn on_with(store: S, change: impl FnOnce(&mut Parts<S>)) -> Self {
        let (clock, entropy) = (FakeClock::default(), SeededEntropy::default());
        let (hasher, inbox) = (Arc::new(TestHasher::new()), Inbox::default());
        let keys = KeyRing::parse(KeyRing::generate(1, &entropy).expose());
        let mut parts = Parts {
            store,
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(entropy.clone()),
            keys: Arc::new(keys.expect("a generated key ring is accepted")),
            passwords: Arc::<TestHasher>::clone(&hasher),
            breaches: None,
            links: Arc::new(TestLinks),
            mailer: Arc::new(inbox.clone()),
            behavior: Behavior::default(),
            hooks: Vec::new(),
            settings: Settings::default(),
            sharing: Sharing::default(),
        };
        change(&mut parts);
        let accounts =
            Accounts::new(parts).expect("the settings of a test are those of a deployment");
        Self { accounts, clock, entropy, hasher, inbox }
    }

    /// The accounts.
    pub const fn accounts(&self) -> &Accounts<S> {
        &self.accounts
    }

    /// Their time.
    pub const fn clock(&self) -> &FakeClock {
        &self.clock
    }

    /// Their chance.
    pub const fn entropy(&self) -> &SeededEntropy {
        &self.entropy
    }

    /// Their password hasher.
    pub fn hasher(&self) -> &TestHasher {
        &self.hasher
    }

    /// Their mail; see [`TestAccounts::deliver`].
    pub const fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Where the requests of this test come from.
    pub fn origin(&self) -> Origin {
        given::origin("192.0.2.1")
    }

    /// The caller that a user is who authenticated just now.
    pub fn caller(&self, id: UserId) -> Caller<S::Attrs> {
        let user = UserCaller {
            id,
            session_id: SessionId::from_bytes([0; 16]),
            roles: Vec::new(),
            scopes: None,
            methods: vec![Method::Password],
            authenticated_at: self.clock.now(),
            actor: None,
        };
        Caller { user: Some(user), ..Caller::anonymous(None) }
    }

    /// A `state` that nobody has used before.
    pub fn state(&self) -> FlowState {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        let text = format!("{:032x}", u128::from_be_bytes(bytes));
        FlowState::parse(&text).expect("a state")
    }

    /// Delivers every mail that is due, as the outbox worker would; answers what became of them.
    pub async fn deliver(&self) -> Delivery {
        let mut total = Delivery::default();
        loop {
            let pass = self.accounts.deliver_mail(100).await.expect("the outbox can be read");
            total.delivered += pass.delivered;
            total.failed += pass.failed;
            total.dead += pass.dead;
            if !pass.more {
                return total;
            }
        }
    }

    /// Delivers what is due, and gives the mail to this address that came last; panics when there is none.
    ///
    /// Mails that were written before and are delivered only now come in any order.
    pub async fn mail_to(&self, address: &str) -> Letter {
        self.deliver().await;
        self.inbox.last_to(address)
    }

    /// Begins a sign-up, proves the address with the typed code, and gives the session.
    pub async fn sign_up_as(&self, request: SignUp<S::Attrs>) -> IssuedSession {
        self.deliver().await; // so that the next mail is the one that is waited for
        let (address, state) = (request.email.as_typed().to_owned(), request.state.clone());
        let answer = self.accounts.sign_up(request, &self.origin()).await;
        self.settle(answer.expect("the sign-up is accepted"), &address, &state).await
    }

    /// Logs in by this password, or by this password and a mailed code where that is asked for.
    pub async fn log_in_with(&self, address: &str, password: &str) -> IssuedSession {
        self.deliver().await;
        let attempt = PasswordAttempt {
            email: given::email(address),
            password: given::password(password),
            state: self.state(),
        };
        let state = attempt.state.clone();
        let answer = self.accounts.login_with_password(attempt, &self.origin()).await;
        self.settle(answer.expect("the password is accepted"), address, &state).await
    }

    /// Logs in by [`PASSWORD`].
    pub async fn log_in(&self, address: &str) -> IssuedSession {
        self.log_in_with(address, PASSWORD).await
    }

    /// Logs in by a mailed code.
    pub async fn log_in_by_mail(&self, address: &str) -> IssuedSession {
        self.deliver().await;
        let request = CodeRequest { email: given::email(address), state: self.state() };
        let answer = self.accounts.request_code(&request, &self.origin()).await;
        self.settle(answer.expect("codes may be asked for"), address, &request.state).await
    }

    /// Answers the code step, if it is one, with the code from the newest mail to this address.
    async fn settle(&self, answer: Answer, address: &str, state: &FlowState) -> IssuedSession {
        let answer = match answer {
            Answer::Step(step) => {
                let typed = typed(&step, self.mail_to(address).await.code());
                let answer = self.accounts.answer_code(&typed, state, &self.origin()).await;
                answer.expect("the mailed code is accepted")
            }
            session @ Answer::Session(_) => session,
        };
        session(answer)
    }
}

impl<S: Store> TestAccounts<S>
where
    <S::Attrs as Attrs>::User: Default,
{
    /// A request to sign up with this address and [`PASSWORD`], to be changed or sent.
    pub fn request(&self, address: &str) -> SignUp<S::Attrs> {
        SignUp {
            name: given::name("Ada Lovelace"),
            email: given::email(address),
            password: Some(given::password(PASSWORD)),
            attrs: <S::Attrs as Attrs>::User::default(),
            state: self.state(),
            invitation: None,
            idempotency: None,
        }
    }

    /// Signs up with this address and [`PASSWORD`], proves the address, and gives the session.
    pub async fn sign_up(&self, address: &str) -> IssuedSession {
        self.sign_up_as(self.request(address)).await
    }
}

/// The answer to a code step with what was typed from a mail.
pub fn typed(step: &StepAnswer, code: &str) -> CodeAttempt {
    CodeAttempt::Typed { handle: step.handle.clone(), code: ShortCode::parse(code).ok() }
}

/// The answer to a code step with the link of a mail.
pub fn followed(letter: &Letter) -> CodeAttempt {
    CodeAttempt::Link(CodeToken::parse(letter.link_code()).expect("the link carries a code"))
}

/// The step in an answer; panics when it is a session.
pub fn step(answer: Answer) -> StepAnswer {
    match answer {
        Answer::Step(step) => step,
        Answer::Session(session) => panic!("expected a step, got {session:?}"),
    }
}

/// The session in an answer; panics when it is another step.
pub fn session(answer: Answer) -> IssuedSession {
    match answer {
        Answer::Session(session) => session,
        Answer::Step(step) => panic!("expected a session, got {step:?}"),
    }
}

impl<S: Store> fmt::Debug for TestAccounts<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestAccounts").field("clock", &self.clock).finish_non_exhaustive()
    }
}
