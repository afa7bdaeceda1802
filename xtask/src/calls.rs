//! The requests of the flows, as the contract of the HTTP API has them.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: &'static str,
    path: String,
    fields: Vec<(&'static str, String)>,
    body: Option<Value>,
}

impl Call {
    /// A request that only reads.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), fields: Vec::new(), body: None }
    }

    /// A request that does something and has no body.
    pub(crate) fn bare(path: impl Into<String>) -> Self {
        Self { method: "POST", path: path.into(), fields: Vec::new(), body: None }
    }

    /// A request that does something.
    pub(crate) fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: "POST", path: path.into(), fields: Vec::new(), body: Some(body) }
    }

    /// A request that removes something.
    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self { method: "DELETE", path: path.into(), fields: Vec::new(), body: None }
    }

    /// The same request with a body.
    pub(crate) fn saying(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// The same request by whoever holds this session token.
    pub(crate) fn by(self, token: &str) -> Self {
        self.with("Authorization", format!("Bearer {token}"))
    }

    /// The same request with one more field.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// The same request from somewhere else, as the proxy says that the load plays.
    pub(crate) fn from(self, network: &str) -> Self {
        self.with("X-Forwarded-For", network)
    }

    /// What is asked, without any secret.
    pub(crate) fn name(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }

    /// The request as it travels.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\n", self.method, self.path);
        for (name, value) in &self.fields {
            push(&mut text, name, value);
        }
        let body = self.body.as_ref().map(Value::to_string);
        if let Some(body) = &body {
            push(&mut text, "Content-Type", "application/json");
            push(&mut text, "Content-Length", &body.len().to_string());
        } else if self.method != "GET" {
            push(&mut text, "Content-Length", "0");
        }
        text.push_str("\r\n");
        text.push_str(body.as_deref().unwrap_or_default());
        text.into_bytes()
    }
}

/// Begins a sign-up.
pub(crate) fn sign_up(name: &str, email: &str, password: Option<&str>, state: &str) -> Call {
    let mut body = json!({ "name": name, "email": email, "state": state });
    if let Some(password) = password {
        body["password"] = json!(password);
        body["passwordConf"] = json!(password);
    }
    Call::post("/v1/users", body)
}

/// Asks for a login code by mail.
pub(crate) fn request_code(email: &str, state: &str) -> Call {
    let body = json!({ "idType": "email", "idValue": email, "state": state });
    Call::post("/v1/authn/email", body)
}

/// Logs in by password.
pub(crate) fn password_login(email: &str, password: &str, state: &str) -> Call {
    let body = json!({ "idType": "email", "idValue": email, "secret": password, "state": state });
    Call::post("/v1/authn/password", body)
}

/// Answers a flow with the code of the mailed link.
pub(crate) fn answer_link(code: &str, state: &str) -> Call {
    let body = json!({ "idType": "code", "idValue": code, "state": state });
    Call::post("/v1/authn/code", body)
}

/// Answers a flow with the code typed from the mail.
pub(crate) fn answer_typed(handle: &str, code: &str, state: &str) -> Call {
    let body = json!({ "idType": "code", "idValue": handle, "secret": code, "state": state });
    Call::post("/v1/authn/code", body)
}

/// Asks for a fresh mail in a flow.
pub(crate) fn resend(handle: &str, state: &str) -> Call {
    let body = json!({ "t": "code", "code": handle, "state": state });
    Call::post("/v1/emails/resend-verification", body)
}

/// Proves a claimed address with the code of the mailed link.
pub(crate) fn verify_email(code: &str) -> Call {
    Call::post("/v1/emails/verify", json!({ "code": code }))
}

/// Asks for a code by which the password is reset.
pub(crate) fn request_reset(email: &str, state: &str) -> Call {
    Call::post("/v1/passwords/reset", json!({ "email": email, "state": state }))
}

/// Begins to enrol an authenticator app.
pub(crate) fn enrol_totp(token: &str) -> Call {
    Call::bare("/v1/users/me/totp").by(token)
}

/// Enrols it.
pub(crate) fn confirm_totp(token: &str, handle: &str, digits: &str) -> Call {
    let body = json!({ "code": handle, "secret": digits });
    Call::post("/v1/users/me/totp/confirm", body).by(token)
}

/// Answers the second step of a login with the digits of an authenticator app.
pub(crate) fn answer_totp(handle: &str, digits: &str, state: &str) -> Call {
    answer_factor("/v1/authn/totp", handle, digits, state)
}

/// Answers the second step of a login with a recovery code.
pub(crate) fn answer_recovery(handle: &str, code: &str, state: &str) -> Call {
    answer_factor("/v1/authn/recovery", handle, code, state)
}

fn answer_factor(path: &str, handle: &str, proof: &str, state: &str) -> Call {
    let body = json!({ "idType": "code", "idValue": handle, "secret": proof, "state": state });
    Call::post(path, body)
}

/// Changes the password of the user of a session.
pub(crate) fn change_password(token: &str, current: &str, password: &str) -> Call {
    let body =
        json!({ "currentPassword": current, "password": password, "passwordConf": password });
    Call::post("/v1/users/me/password", body).by(token)
}

/// Resets a password by the code of the mailed link.
pub(crate) fn confirm_reset(code: &str, state: &str, password: &str) -> Call {
    let body = json!({
        "idType": "code",
        "idValue": code,
        "state": state,
        "password": password,
        "passwordConf": password,
    });
    Call::post("/v1/passwords/reset/confirm", body)
}

/// Exchanges a refresh token.
pub(crate) fn refresh(token: &str) -> Call {
    Call::post("/v1/sessions/refresh", json!({ "refresh": token }))
}

/// Ends the session of a token.
pub(crate) fn logout(token: &str) -> Call {
    Call::bare("/v1/sessions/logout").by(token)
}

/// Ends the session that a token of either kind, named in the body, belongs to.
pub(crate) fn logout_by(kind: &str, token: &str) -> Call {
    Call::post("/v1/sessions/logout", json!({ kind: token }))
}

/// Asks who the holder of a token is.
pub(crate) fn caller(token: &str) -> Call {
    Call::get("/v1/caller").by(token)
}

/// Reads the user of a session.
pub(crate) fn me(token: &str) -> Call {
    Call::get("/v1/users/me").by(token)
}

/// Renames the user of a session.
pub(crate) fn rename(token: &str, name: &str) -> Call {
    Call { method: "PATCH", ..Call::post("/v1/users/me", json!({ "name": name })) }.by(token)
}

fn push(text: &mut String, name: &str, value: &str) {
    let _never_fails = write!(text, "{name}: {value}\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(call: &Call) -> String {
        String::from_utf8(call.to_bytes()).unwrap()
    }

    #[test]
    fn a_request_announces_exactly_its_body() {
        let sent = text(&rename("dw_st_x", "Ada"));
        let (head, body) = sent.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("PATCH /v1/users/me HTTP/1.1\r\nHost: "), "{head}");
        assert!(head.contains("\r\nAuthorization: Bearer dw_st_x\r\n"), "{head}");
        assert!(head.ends_with(&format!("\r\nContent-Length: {}", body.len())), "{head}");
        assert_eq!(body, r#"{"name":"Ada"}"#);
        assert!(text(&logout("t")).ends_with("Content-Length: 0\r\n\r\n"));
        assert!(!text(&caller("t")).contains("Content-"));
    }

    #[test]
    fn the_name_of_a_request_holds_no_secret() {
        assert_eq!(Call::get("/x?token=secret").name(), "GET /x");
        assert_eq!(refresh("dw_rt_secret").name(), "POST /v1/sessions/refresh");
    }
}
