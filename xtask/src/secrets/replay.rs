//! Whoever holds a copy of the database presents everything in it, everywhere.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::dump::Stored;
use super::flow::{Alive, Begun};
use super::needles::base_62_text;
use crate::calls::{self, Call};
use crate::client::{Client, Reply};

const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// How long the random part of a token is.
const RANDOM: usize = 43;
const LONGEST: usize = 512;
const PARALLEL: usize = 8;

const SESSION_TOKEN: &str = "session token";
const REFRESH_TOKEN: &str = "refresh token";
const HANDLE: &str = "handle of a flow";
const INVITATION: &str = "invitation";

/// A request that must come to nothing, and what would be something.
struct Attempt {
    call: Call,
    what: &'static str,
    worked: fn(&Reply) -> bool,
}

/// Presents every value in every form; answers how many requests that took.
pub(super) async fn replay(
    node: SocketAddr,
    dump: &BTreeSet<Stored>,
    alive: &Alive,
) -> Result<usize> {
    // With another checksum every attempt would be refused before it is looked up.
    let (body, own) = alive.session.token.split_at(RANDOM + 6);
    ensure!(checksum(body) == own, "tokens have another checksum than these attempts");
    let mut attempts = Vec::new();
    for form in forms(dump) {
        attempts.extend(attempts_with(&form, alive));
    }
    for stored in dump.iter().filter(|stored| stored.column.contains("hash")) {
        let hash = String::from_utf8_lossy(&stored.bytes);
        let worked = |reply: &Reply| reply.status == 200;
        let call = calls::password_login(&alive.email, &hash, &alive.flow.state);
        attempts.push(Attempt { call, what: "password", worked });
    }
    let count = attempts.len();
    let queue = Arc::new(Mutex::new(attempts));
    let mut running = JoinSet::new();
    for _ in 0..PARALLEL {
        let queue = Arc::clone(&queue);
        running.spawn(async move {
            let mut client = Client::new(node);
            while let Some(attempt) = { queue.lock().await.pop() } {
                attempt.must_fail(&mut client).await?;
            }
            Ok::<(), anyhow::Error>(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.context("an attempt was given up")??;
    }
    Ok(count)
}

/// What is alive is still accepted, by the same measure: the attempts were refused for what they were.
pub(super) async fn still_accepted(node: SocketAddr, alive: &Alive) -> Result<()> {
    let mut client = Client::new(node);
    let Alive { session, flow, invitation, .. } = alive;
    for (secret, what) in [
        // The session accepts the invitation while it has its token.
        (invitation, INVITATION),
        (&session.token, SESSION_TOKEN),
        (&session.refresh, REFRESH_TOKEN),
        (&flow.handle, HANDLE),
    ] {
        let attempt = attempts_with(secret, alive).into_iter().find(|it| it.what == what);
        let attempt = attempt.context("an attempt of this kind")?;
        let reply = client.call(&attempt.call).await?;
        ensure!((attempt.worked)(&reply), "the live {what} is not accepted any more: {reply}");
    }
    Ok(())
}

impl Attempt {
    async fn must_fail(&self, client: &mut Client) -> Result<()> {
        let reply = client.call(&self.call).await?;
        ensure!(reply.status < 500, "{reply}");
        if (self.worked)(&reply) {
            bail!("something stored is accepted as {}: {reply}", self.what);
        }
        Ok(())
    }
}

/// Every text that a value might be presented as.
fn forms(dump: &BTreeSet<Stored>) -> BTreeSet<String> {
    let mut forms = BTreeSet::new();
    for Stored { bytes, .. } in dump.iter().filter(|stored| stored.bytes.len() <= LONGEST) {
        let text = String::from_utf8(bytes.clone()).ok();
        let text = text.filter(|text| !text.is_empty() && !text.chars().any(char::is_control));
        // What stands beside others within a text, such as the parts of a password hash.
        let parts = text.iter().flat_map(|text| text.split(['$', '"', ',', ':', ' ']));
        let mut spelled: Vec<String> = parts.map(str::to_owned).collect();
        spelled.extend(text);
        if bytes.len() >= 16 {
            spelled.push(HEXLOWER.encode(bytes));
            spelled.push(BASE64_NOPAD.encode(bytes));
            spelled.push(BASE64URL_NOPAD.encode(bytes));
            spelled.extend(base_62_text(bytes, RANDOM));
        }
        for form in spelled.into_iter().filter(|form| form.len() >= 8) {
            forms.extend(as_tokens(&form));
            forms.insert(form);
        }
    }
    forms
}

/// A text that may be the random part of a token, as a token of each kind with its right checksum.
fn as_tokens(form: &str) -> Vec<String> {
    if form.len() != RANDOM || !form.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Vec::new();
    }
    let token = |kind: &str| {
        let body = format!("dw_{kind}_{form}");
        let checksum = checksum(&body);
        body + &checksum
    };
    ["st", "rt", "fl", "cd", "iv", "sk", "bs"].map(token).into()
}

fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut digits = ['0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = char::from(BASE_62[rest % 62]);
        rest /= 62;
    }
    digits.iter().collect()
}

fn attempts_with(form: &str, alive: &Alive) -> Vec<Attempt> {
    let flow = &alive.flow;
    let gives_session: fn(&Reply) -> bool = |reply| reply.status == 200;
    let names_user: fn(&Reply) -> bool =
        |reply| reply.status == 200 && reply.body.pointer("/user/id").is_some_and(Value::is_string);
    let verifies: fn(&Reply) -> bool = |reply| reply.status == 204;
    // Answered alike whatever it is; whether it did anything shows at the end.
    let never: fn(&Reply) -> bool = |_| false;
    let mut attempts = vec![
        Attempt { call: calls::refresh(form), what: REFRESH_TOKEN, worked: gives_session },
        Attempt {
            call: calls::answer_link(form, &flow.state),
            what: "code of a link",
            worked: gives_session,
        },
        Attempt {
            call: calls::answer_typed(form, &flow.typed, &flow.state),
            what: HANDLE,
            worked: gives_session,
        },
        Attempt { call: calls::verify_email(form), what: "verification", worked: verifies },
        Attempt {
            call: Call::post("/v1/invitations/accept", json!({ "code": form }))
                .by(&alive.session.token),
            what: INVITATION,
            worked: gives_session,
        },
        Attempt {
            call: Call::post("/v1/passwords/reset/confirm", reset(form, flow)),
            what: "reset of a password",
            worked: verifies,
        },
        Attempt { call: calls::logout_by("token", form), what: "logout", worked: never },
        Attempt { call: calls::logout_by("refresh", form), what: "logout", worked: never },
        Attempt {
            call: calls::resend(form, &flow.state),
            what: "request for a mail",
            worked: never,
        },
        Attempt {
            call: calls::answer_link(&flow.link, form),
            what: "state",
            worked: gives_session,
        },
    ];
    if form.bytes().all(|byte| byte.is_ascii_graphic()) {
        attempts.push(Attempt {
            call: calls::caller(form),
            what: SESSION_TOKEN,
            worked: names_user,
        });
    }
    attempts
}

/// The body that resets a password.
fn reset(form: &str, flow: &Begun) -> Value {
    let password = "nobody chooses this password";
    json!({
        "idType": "code",
        "idValue": form,
        "state": flow.state,
        "password": password,
        "passwordConf": password,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(bytes: &[u8]) -> BTreeSet<Stored> {
        let (table, column) = (String::from("t"), String::from("c"));
        [Stored { table, column, bytes: bytes.to_vec() }].into()
    }

    #[test]
    fn a_digest_is_presented_as_a_token_of_every_kind() {
        let forms = forms(&stored(&[7; 32]));
        for prefix in ["dw_st_", "dw_rt_", "dw_fl_", "dw_cd_", "dw_iv_", "dw_sk_", "dw_bs_"] {
            let token = forms.iter().find(|form| form.starts_with(prefix)).unwrap();
            assert_eq!(token.len(), 55);
        }
        assert!(forms.contains(&"07".repeat(32)));
    }

    #[test]
    fn the_parts_of_a_text_are_presented_too() {
        let forms = forms(&stored(b"$argon2id$v=19$c2FsdHNhbHRzYWx0"));
        assert!(forms.contains("c2FsdHNhbHRzYWx0"));
        assert!(!forms.contains("v=19"));
    }
}
