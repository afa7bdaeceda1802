//! What was acknowledged, and what may be true of the one request that was under way at a kill.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::client::Tokens;

/// One simulated person, who does one thing after the other.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) email: String,
    pub(super) password: Option<String>,
    /// The name that was acknowledged last.
    pub(super) name: String,
    /// Whether a session was ever acknowledged, so that there must be a user.
    pub(super) exists: bool,
    pub(super) flows: Vec<Flow>,
    pub(super) spent: Vec<Spent>,
    pub(super) sessions: Vec<Held>,
    /// The request under way.
    pub(super) doing: Option<Doing>,
}

/// A flow that waits for its mail or for its answer.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) state: String,
    /// The handle; absent when the answer that carried it was lost.
    pub(super) handle: Option<String>,
    /// Whether the mail was promised: the request was acknowledged for an address that gets one.
    pub(super) promised: bool,
    pub(super) begun: Instant,
}

/// A code that was accepted once and never may be again.
#[derive(Clone, Debug)]
pub(super) struct Spent {
    pub(super) answer: CodeAnswer,
}

/// How a code is answered.
#[derive(Clone, Debug)]
pub(super) enum CodeAnswer {
    Link { code: String, state: String },
    Typed { handle: String, code: String, state: String },
}

/// A session and what became of it.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) tokens: Tokens,
    /// Session tokens of this family that a refresh replaced.
    pub(super) replaced: Vec<String>,
    pub(super) ended: bool,
}

/// A request under way; if its answer is lost, both before and after are right, and nothing between.
#[derive(Clone, Debug)]
pub(super) enum Doing {
    SignUp { state: String },
    RequestCode { state: String },
    AnswerCode { answer: CodeAnswer },
    PasswordLogin,
    Refresh { session: usize, since: Instant },
    Logout { session: usize },
    Rename { wanted: String },
}

/// Which of the two it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The request left no trace.
    Before,
    /// The request did all that it does.
    After,
}

impl Person {
    /// Someone who is not known yet.
    pub(super) fn stranger(email: String, name: String, password: Option<String>) -> Self {
        Self {
            email,
            password,
            name,
            exists: false,
            flows: Vec::new(),
            spent: Vec::new(),
            sessions: Vec::new(),
            doing: None,
        }
    }

    /// The sessions that must be usable.
    pub(super) fn live(&self) -> impl Iterator<Item = usize> + '_ {
        self.sessions.iter().enumerate().filter(|(_, held)| !held.ended).map(|(place, _)| place)
    }

    /// Adds an acknowledged session.
    pub(super) fn hold(&mut self, tokens: Tokens) {
        self.exists = true;
        self.sessions.push(Held { tokens, replaced: Vec::new(), ended: false });
    }
}

impl Held {
    /// Takes over the pair that replaces the one so far.
    pub(super) fn replace(&mut self, tokens: Tokens) {
        self.replaced.push(std::mem::replace(&mut self.tokens, tokens).token);
    }
}

/// How long after its first use a refresh token may be tried again, less what the check itself takes.
pub(super) const GRACE: Duration = Duration::from_secs(25);

/// A refresh whose answer was lost: `old` is what the old session token is answered, `retry` what the old
/// refresh token is answered after that.
pub(super) fn fate_of_refresh(old: u16, retry: u16, in_time: bool) -> Result<Fate> {
    match (old, retry) {
        (200, 200) => Ok(Fate::Before),
        (401, 200) => Ok(Fate::After),
        (401, 401) if !in_time => Ok(Fate::After),
        (401, 401) => {
            bail!("a refresh was half done: neither the old pair nor a retry is accepted")
        }
        (200, 401) => bail!("the old session token lives, but its refresh token does not"),
        _ => bail!("a refresh was answered {retry} after its session token was answered {old}"),
    }
}

/// A logout whose answer was lost: what session token and refresh token are answered after it.
pub(super) fn fate_of_logout(token: u16, refresh: u16) -> Result<Fate> {
    match (token, refresh) {
        (200, 200) => Ok(Fate::Before),
        (401, 401) => Ok(Fate::After),
        _ => bail!("a logout was half done: token answered {token}, refresh answered {refresh}"),
    }
}

/// A code whose answer was lost: what the same answer gets the second time.
pub(super) fn fate_of_answer(again: u16) -> Result<Fate> {
    match again {
        200 => Ok(Fate::Before),
        401 => Ok(Fate::After),
        status => bail!("a code answered again was answered {status}"),
    }
}

/// A change of name whose answer was lost.
pub(super) fn fate_of_rename(seen: &str, before: &str, wanted: &str) -> Result<Fate> {
    if seen == wanted {
        return Ok(Fate::After);
    }
    ensure!(seen == before, "the name is neither the one before nor the one after");
    Ok(Fate::Before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_refresh_is_done_or_not_done() {
        assert_eq!(fate_of_refresh(200, 200, true).unwrap(), Fate::Before);
        assert_eq!(fate_of_refresh(401, 200, true).unwrap(), Fate::After);
        // After the grace a retry is a second use, whoever lost the answer.
        assert_eq!(fate_of_refresh(401, 401, false).unwrap(), Fate::After);
        for (old, retry) in [(401, 401), (200, 401), (200, 503), (503, 200)] {
            assert!(fate_of_refresh(old, retry, true).is_err(), "{old} {retry}");
        }
    }

    #[test]
    fn a_lost_logout_ends_both_tokens_or_none() {
        assert_eq!(fate_of_logout(200, 200).unwrap(), Fate::Before);
        assert_eq!(fate_of_logout(401, 401).unwrap(), Fate::After);
        assert!(fate_of_logout(401, 200).is_err());
        assert!(fate_of_logout(200, 401).is_err());
    }

    #[test]
    fn a_lost_answer_leaves_the_code_whole_or_spent() {
        assert_eq!(fate_of_answer(200).unwrap(), Fate::Before);
        assert_eq!(fate_of_answer(401).unwrap(), Fate::After);
        assert!(fate_of_answer(500).is_err());
    }

    #[test]
    fn a_lost_change_of_name_shows_one_of_two_names() {
        assert_eq!(fate_of_rename("b", "a", "b").unwrap(), Fate::After);
        assert_eq!(fate_of_rename("a", "a", "b").unwrap(), Fate::Before);
        assert!(fate_of_rename("c", "a", "b").is_err());
    }

    #[test]
    fn a_replaced_token_is_remembered() {
        let pair = |name: &str| Tokens {
            token: format!("{name} token"),
            refresh: format!("{name} refresh"),
            user: String::from("usr"),
        };
        let mut person = Person::stranger("a@b.example".into(), "Ada".into(), None);
        assert!(!person.exists);
        person.hold(pair("first"));
        person.sessions[0].replace(pair("second"));
        assert!(person.exists);
        assert_eq!(person.sessions[0].replaced, ["first token"]);
        assert_eq!(person.live().collect::<Vec<_>>(), [0]);
        person.sessions[0].ended = true;
        assert_eq!(person.live().count(), 0);
    }
}
