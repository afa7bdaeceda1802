//! A whole deployment in memory, with a clock to turn, chance that repeats, and mails to read.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use durward_core::password::{Admission, HashError, Verdict};
use durward_core::{
    Accounts, Attrs, Behavior, Clock, Entropy, KeyRing, LinkTarget, Links, Mail, MailError, Mailer,
    Parts, Password, PasswordHash, PasswordHasher, Plain, Settings, Sharing, SignUpMode, Timestamp,
};
use durward_http::{Http, HttpSettings, IdentitySettings};
use serde_json::{Value, json};

pub(crate) use crate::ask::{Ask, Reply, answer};
use crate::schema::violations;
use crate::store::Watched;

pub(crate) const STATE: &str = "a-state-that-nobody-guesses";
pub(crate) const PASSWORD: &str = "walrus meadow crimson lantern";

pub(crate) struct Site<A: Attrs = Plain> {
    pub(crate) accounts: Accounts<Watched<A>>,
    pub(crate) router: Router,
    pub(crate) store: Watched<A>,
    clock: Arc<Hands>,
    inbox: Arc<Inbox>,
    document: Value,
}

/// The parts of the two forms of a mailed code.
pub(crate) struct Code {
    pub(crate) link: String,
    pub(crate) typed: String,
}

impl Site {
    /// A deployment in its standard form.
    pub(crate) fn standard() -> Self {
        Self::new(|_| {}, settings())
    }

    /// One where a sign-up opens a session at once.
    pub(crate) fn open() -> Self {
        Self::new(|parts| parts.settings.sign_up = SignUpMode::Open, HttpSettings::default())
    }
}

impl<A: Attrs> Site<A> {
    pub(crate) fn new(change: impl FnOnce(&mut Parts<Watched<A>>), http: HttpSettings) -> Self {
        let store = Watched::new();
        let clock = Arc::new(Hands(AtomicI64::new(1_700_000_000_000)));
        let inbox = Arc::new(Inbox::default());
        let entropy = Arc::new(Dice(AtomicU64::new(1)));
        let mut parts = Parts {
            store: store.clone(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            keys: Arc::new(KeyRing::parse(KeyRing::generate(1, &*entropy).expose()).unwrap()),
            entropy,
            passwords: Arc::new(Quick),
            breaches: None,
            links: Arc::new(Here),
            mailer: Arc::clone(&inbox) as Arc<dyn Mailer>,
            behavior: Behavior::default(),
            hooks: Vec::new(),
            settings: Settings::default(),
            sharing: Sharing::default(),
        };
        change(&mut parts);
        let accounts = Accounts::new(parts).unwrap();
        let document = Http::<Watched<A>>::openapi(&http);
        let router = Http::new(accounts.clone(), http).router();
        Self { accounts, router, store, clock, inbox, document }
    }

    /// What an application makes of the accounts.
    pub(crate) fn http(&self, settings: HttpSettings) -> Http<Watched<A>> {
        Http::new(self.accounts.clone(), settings)
    }

    pub(crate) fn wait(&self, duration: Duration) {
        self.clock.0.fetch_add(i64::try_from(duration.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// Sends a request and checks what holds for every answer.
    pub(crate) async fn send(&self, ask: Ask) -> Reply {
        let (method, path) = (ask.method, ask.path.clone());
        let reply = answer(self.router.clone(), ask).await;
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        assert!(reply.headers.contains_key("x-request-id"));
        let public = path.starts_with("/v1/openapi.json") || path.starts_with("/.well-known/");
        if !public || reply.status != 200 {
            // R-HT-08
            assert_eq!(reply.headers["cache-control"], "no-store");
        }
        self.check(method, &path, &reply);
        reply
    }

    /// Whether an answer is as the document promises.
    fn check(&self, method: &str, path: &str, reply: &Reply) {
        let path = path.split('?').next().unwrap();
        if method == "HEAD" {
            return;
        }
        // Envoy writes paths and methods of others there, and the document has one for all.
        let below = path.strip_prefix("/forward-auth/envoy");
        let envoy = below.is_some_and(|it| it.is_empty() || it.starts_with('/'));
        let envoy = envoy && reply.status != 405;
        let (path, method) = if envoy { ("/forward-auth/envoy", "GET") } else { (path, method) };
        let operation = &self.document["paths"][self.template(path)][method.to_lowercase()];
        if operation.is_null() {
            assert!(matches!(reply.status, 404 | 405), "{method} {path}: {}", reply.status);
            return;
        }
        let documented = &operation["responses"][reply.status.to_string()];
        assert!(!documented.is_null(), "{method} {path}: {} is not documented", reply.status);
        for name in documented["headers"].as_object().unwrap().keys() {
            assert!(reply.headers.contains_key(&**name), "{method} {path}: no {name}");
        }
        match documented["content"].as_object() {
            None => assert!(reply.body.is_empty(), "{method} {path} has a body"),
            Some(content) => {
                let kind = reply.headers["content-type"].to_str().unwrap();
                let schema = &content[kind]["schema"];
                assert!(schema.is_object(), "{method} {path}: {kind} is not documented");
                let wrong = violations(&self.document, schema, &reply.json(), "");
                assert!(wrong.is_empty(), "{method} {path}: {wrong:?}");
            }
        }
    }

    /// The path as the document has it.
    fn template<'a>(&'a self, path: &'a str) -> &'a str {
        let fits = |template: &&String| {
            let mut parts = template.split('/');
            let each = path
                .split('/')
                .all(|it| parts.next().is_some_and(|t| t == it || t.starts_with('{')));
            each && parts.next().is_none()
        };
        let paths = self.document["paths"].as_object().unwrap();
        if paths.contains_key(path) {
            return path;
        }
        paths.keys().find(fits).map_or(path, String::as_str)
    }

    /// The code of the newest mail to this address.
    pub(crate) async fn mailed(&self, to: &str) -> Option<Code> {
        self.accounts.deliver_mail(100).await.unwrap();
        let mails = self.inbox.0.lock().unwrap();
        let mail = mails.iter().rev().find(|mail| mail.to.as_typed() == to)?;
        let code = mail.message.code()?;
        let link = code.link.expose().split_once('#').unwrap().1.to_owned();
        Some(Code { link, typed: code.typed.expose().clone() })
    }

    /// The code in the link of the newest mail to an address.
    pub(crate) async fn mailed_link(&self, to: &str) -> String {
        self.accounts.deliver_mail(100).await.unwrap();
        let mails = self.inbox.0.lock().unwrap();
        let mut newest = mails.iter().rev().filter(|mail| mail.to.as_typed() == to);
        let link = newest.find_map(|mail| mail.message.link()).unwrap();
        link.expose().split_once('#').unwrap().1.to_owned()
    }

    /// The code in the link of the newest mail to this address.
    pub(crate) async fn linked(&self, to: &str) -> Option<String> {
        self.accounts.deliver_mail(100).await.unwrap();
        let mails = self.inbox.0.lock().unwrap();
        let mail = mails.iter().rev().find(|mail| mail.to.as_typed() == to)?;
        Some(mail.message.link()?.expose().split_once('#').unwrap().1.to_owned())
    }

    pub(crate) async fn mails(&self) -> usize {
        self.accounts.deliver_mail(100).await.unwrap();
        self.inbox.0.lock().unwrap().len()
    }

    /// Logs in by the standard password.
    pub(crate) async fn log_in(&self, email: &str) -> Value {
        let reply = self.send(Ask::post("/v1/authn/password").json(&login(email))).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    /// Signs up, proves the address and answers the session.
    pub(crate) async fn session(&self, email: &str) -> Value {
        let reply = self.send(Ask::post("/v1/users").json(&sign_up(email))).await;
        assert_eq!(reply.status, 202, "{}", reply.text());
        let code = self.mailed(email).await.unwrap();
        let body = json!({ "idType": "code", "idValue": code.link, "state": STATE });
        let reply = self.send(Ask::post("/v1/authn/code").json(&body)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }
}

/// The standard ones, with identities for two services, behind proxies on this machine.
pub(crate) fn settings() -> HttpSettings {
    HttpSettings {
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        identity: Some(IdentitySettings {
            issuer: "https://accounts.example".into(),
            audiences: vec!["orders".into(), "billing".into()],
        }),
        ..HttpSettings::default()
    }
}

pub(crate) fn sign_up(email: &str) -> Value {
    json!({
        "name": "Ada",
        "email": email,
        "password": PASSWORD,
        "passwordConf": PASSWORD,
        "state": STATE,
    })
}

pub(crate) fn login(email: &str) -> Value {
    json!({ "idType": "email", "idValue": email, "secret": PASSWORD, "state": STATE })
}

struct Hands(AtomicI64);
impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// `SplitMix64`: different at every draw, and the same in every run.
struct Dice(AtomicU64);
impl Entropy for Dice {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let mut x = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(x ^ (x >> 31)).to_be_bytes()[..chunk.len()]);
        }
    }
}

struct Quick;
#[async_trait]
impl PasswordHasher for Quick {
    fn admit(&self) -> Result<Admission, HashError> {
        Ok(Admission::unlimited())
    }

    async fn hash(&self, password: Password, _: Admission) -> Result<PasswordHash, HashError> {
        Ok(PasswordHash::from_stored(format!("quick:{}", password.expose())))
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
        _: Admission,
    ) -> Result<Verdict, HashError> {
        let right = format!("quick:{}", password.expose());
        let is_right = hash.is_some_and(|hash| hash.as_str() == right);
        Ok(if is_right { Verdict::Right } else { Verdict::Wrong })
    }
}

struct Here;
impl Links for Here {
    fn code(&self, _: LinkTarget, code: &str) -> String {
        format!("https://accounts.example/#{code}")
    }
}

#[derive(Default)]
struct Inbox(Mutex<Vec<Mail>>);
#[async_trait]
impl Mailer for Inbox {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.0.lock().unwrap().push(mail.clone());
        Ok(())
    }
}
