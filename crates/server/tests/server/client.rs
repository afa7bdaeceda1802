//! A client of the interface, as somebody's application would be.

use std::time::{Duration, Instant};

use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::process::PATIENCE;

pub(crate) const STATE: &str = "state-of-a-test-0123456789abcdef";
pub(crate) const PASSWORD: &str = "plum kettle orbits 7 lanterns";

/// Talks to one server.
pub(crate) struct Api {
    base: String,
    client: Client,
}

/// The tokens of a session.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) token: String,
    pub(crate) refresh: String,
    pub(crate) user: String,
}

impl Api {
    pub(crate) fn new(base: &str) -> Self {
        Self { base: base.to_owned(), client: Client::new() }
    }

    /// Where the server is reached.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.base)).send().await.unwrap()
    }

    pub(crate) async fn get_json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, None, Some(body)).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let bytes = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Who the server takes the holder of this token for.
    pub(crate) async fn caller(&self, token: &str) -> (StatusCode, Value) {
        self.send(Method::GET, "/v1/caller", Some(token), None).await
    }

    pub(crate) async fn refresh(&self, tokens: &Tokens) -> (StatusCode, Value) {
        self.post("/v1/sessions/refresh", &json!({ "refresh": tokens.refresh })).await
    }

    /// Signs up; answers the handle of the code step.
    pub(crate) async fn sign_up(&self, email: &str) -> String {
        let body = json!({
            "name": "Ada", "email": email, "password": PASSWORD, "passwordConf": PASSWORD, "state": STATE,
        });
        let (status, answer) = self.post("/v1/users", &body).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        assert_eq!(answer["step"], "code");
        answer["code"].as_str().unwrap().to_owned()
    }

    /// The newest mail to an address in the development mailbox, once it is there.
    pub(crate) async fn mail(&self, to: &str) -> Value {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let mails = self.get_json(&format!("/dev/mail/messages?to={to}")).await;
            if let Some(mail) = mails.as_array().unwrap().first() {
                return mail.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no mail to {to}");
    }

    /// Proves the address with the code typed from the mail.
    pub(crate) async fn answer_code(&self, handle: &str, code: &str) -> Tokens {
        let body = json!({ "idType": "code", "idValue": handle, "secret": code, "state": STATE });
        let (status, answer) = self.post("/v1/authn/code", &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        tokens(&answer)
    }

    /// Logs in by password.
    pub(crate) async fn log_in(&self, email: &str) -> Tokens {
        let body =
            json!({ "idType": "email", "idValue": email, "secret": PASSWORD, "state": STATE });
        let (status, answer) = self.post("/v1/authn/password", &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        tokens(&answer)
    }

    /// Signs up and proves the address.
    pub(crate) async fn sign_up_fully(&self, email: &str) -> Tokens {
        let handle = self.sign_up(email).await;
        let mail = self.mail(email).await;
        self.answer_code(&handle, mail["code"].as_str().unwrap()).await
    }
}

/// The tokens of a session answer.
pub(crate) fn tokens(answer: &Value) -> Tokens {
    assert_eq!(answer["t"], "session", "{answer}");
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    Tokens { token: text("token"), refresh: text("refresh"), user: text("userId") }
}
