use std::fmt;
use std::ops::Deref;

use axum::Router;
use axum::http::Method;
use durward_core::{FlowState, Parts, Store};
use durward_http::{Http, HttpSettings, IdentitySettings};
use durward_store_memory::MemoryStore;
use serde_json::{Value, json};

use crate::given::PASSWORD;
use crate::{Reply, Request, TestAccounts};

/// An application that is called in process, without a network: [`TestAccounts`] behind a router.
///
/// ```
/// use durward_testing::TestApp;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let app = TestApp::new();
/// let ada = app.sign_up("ada@example.com").await;
/// let me = app.get("/v1/users/me").bearer(&ada.token).send().await.expect(200);
/// assert_eq!(me.text("/name"), "Ada Lovelace");
/// # });
/// ```
pub struct TestApp<S: Store = MemoryStore> {
    accounts: TestAccounts<S>,
    router: Router,
}

/// Somebody who is logged in, with what the API handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedIn {
    /// The session token.
    pub token: String,
    /// The refresh token.
    pub refresh: String,
    /// The id of the session.
    pub session: String,
    /// The id of the user.
    pub user: String,
}

impl TestApp {
    /// The routes of the accounts alone, in memory, without custom attributes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The routes of the accounts alone, in memory, with whatever `change` does to the parts of the accounts.
    pub fn with(change: impl FnOnce(&mut Parts<MemoryStore>)) -> Self {
        Self::of(TestAccounts::with(change))
    }
}

impl<S: Store + Default> Default for TestApp<S> {
    fn default() -> Self {
        Self::of(TestAccounts::default())
    }
}

impl<S: Store> TestApp<S> {
    /// The routes of these accounts alone, those for proxies too; identities are signed in the name of
    /// `https://accounts.example`.
    pub fn of(accounts: TestAccounts<S>) -> Self {
        let issuer = "https://accounts.example".into();
        let identity = Some(IdentitySettings { issuer, audiences: Vec::new() });
        let settings = HttpSettings { identity, ..HttpSettings::default() };
        let router = Http::new(accounts.accounts().clone(), settings).router();
        Self::serving(accounts, router)
    }

    /// An application's own router over these accounts.
    pub const fn serving(accounts: TestAccounts<S>, router: Router) -> Self {
        Self { accounts, router }
    }

    /// The accounts behind the router.
    pub const fn test_accounts(&self) -> &TestAccounts<S> {
        &self.accounts
    }

    /// A request to be completed and sent.
    pub fn request(&self, method: Method, path: &str) -> Request {
        Request::new(self.router.clone(), method, path)
    }

    /// A `GET` request.
    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    /// A `POST` request with this body.
    pub fn post(&self, path: &str, body: &Value) -> Request {
        self.request(Method::POST, path).json(body)
    }

    /// A `PATCH` request with this body.
    pub fn patch(&self, path: &str, body: &Value) -> Request {
        self.request(Method::PATCH, path).json(body)
    }

    /// Signs up as Ada Lovelace with this address and [`PASSWORD`], and proves the address.
    pub async fn sign_up(&self, address: &str) -> LoggedIn {
        self.sign_up_with(address, json!({})).await
    }

    /// Signs somebody up with more fields in the body, such as `attributes`.
    pub async fn sign_up_with(&self, address: &str, more: Value) -> LoggedIn {
        self.deliver().await; // so that the next mail is the one that is waited for
        let state = self.state();
        let mut body = json!({
            "name": "Ada Lovelace",
            "email": address,
            "password": PASSWORD,
            "passwordConf": PASSWORD,
            "state": state.expose(),
        });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        let reply = self.post("/v1/users", &body).send().await;
        self.settle(reply, address, &state).await
    }

    /// Logs in by [`PASSWORD`], and by a mailed code where that is asked for.
    pub async fn log_in(&self, address: &str) -> LoggedIn {
        self.deliver().await;
        let state = self.state();
        let body = json!({
            "idType": "email",
            "idValue": address,
            "secret": PASSWORD,
            "state": state.expose(),
        });
        let reply = self.post("/v1/authn/password", &body).send().await;
        self.settle(reply, address, &state).await
    }

    /// Answers the code step, if it is one, with the code from the newest mail to this address.
    async fn settle(&self, reply: Reply, address: &str, state: &FlowState) -> LoggedIn {
        assert!(reply.status().is_success(), "{reply:?}");
        if reply.text("/t") == "session" {
            return LoggedIn::from_reply(&reply);
        }
        let letter = self.mail_to(address).await;
        let body = json!({
            "idType": "code",
            "idValue": reply.text("/code"),
            "secret": letter.code(),
            "state": state.expose(),
        });
        LoggedIn::from_reply(&self.post("/v1/authn/code", &body).send().await.expect(200))
    }
}

impl LoggedIn {
    /// Reads the session out of an answer; panics when there is none.
    pub fn from_reply(reply: &Reply) -> Self {
        Self {
            token: reply.text("/token"),
            refresh: reply.text("/refresh"),
            session: reply.text("/sessionId"),
            user: reply.text("/userId"),
        }
    }
}

impl<S: Store> Deref for TestApp<S> {
    type Target = TestAccounts<S>;

    fn deref(&self) -> &TestAccounts<S> {
        &self.accounts
    }
}

impl<S: Store> fmt::Debug for TestApp<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestApp").field("accounts", &self.accounts).finish_non_exhaustive()
    }
}
