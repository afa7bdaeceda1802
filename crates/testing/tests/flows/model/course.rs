//! How one schedule went.

use durward_core::Error;
use durward_core::accounts::{Answer, IssuedSession};

/// What a caller was told.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Refused,
    Done,
    /// Something must still be proven.
    Step,
    In(IssuedSession),
}

/// How a caller came to an end.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) who: &'static str,
    /// Which step of all was the first of his.
    pub(crate) since: usize,
    /// Which step of all was the last of his.
    pub(crate) at: usize,
    pub(crate) told: Told,
    /// Whether he learnt of it.
    pub(crate) heard: bool,
}

/// Who came to which end, in this order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course {
    pub(crate) ends: Vec<End>,
    /// Who lost what he knew before he came to an end.
    pub(crate) interrupted: Vec<&'static str>,
}

impl End {
    fn is_served(&self) -> bool {
        !matches!(self.told, Told::Refused)
    }
}

impl Course {
    /// Who was served, in this order, as far as they learnt of it; in brackets who has something to prove yet.
    pub(crate) fn served(&self) -> String {
        let heard = self.ends.iter().filter(|end| end.heard && end.is_served());
        let names = heard.map(|End { who, told, .. }| match told {
            Told::Step => format!("({who})"),
            Told::Refused | Told::Done | Told::In(_) => (*who).to_owned(),
        });
        names.collect::<Vec<_>>().join(" ")
    }

    /// Whether somebody was served, and learnt of it.
    pub(crate) fn serves(&self, who: &str) -> bool {
        self.ends.iter().any(|end| end.who == who && end.heard && end.is_served())
    }

    /// Whether somebody was served who began when another one had been.
    pub(crate) fn serves_after(&self, who: &str, other: &str) -> bool {
        let served = |name| self.ends.iter().filter(move |end| end.who == name && end.is_served());
        let first = served(other).map(|end| end.at).min();
        first.is_some_and(|first| served(who).any(|end| end.since > first))
    }

    /// Every session that was opened or refreshed, though nobody may have learnt of it.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = &IssuedSession> {
        self.ends.iter().filter_map(|end| match &end.told {
            Told::In(session) => Some(session),
            Told::Refused | Told::Done | Told::Step => None,
        })
    }

    /// Who came to an end and did not learn of it.
    pub(crate) fn unheard(&self) -> impl Iterator<Item = &'static str> {
        self.ends.iter().filter(|end| !end.heard).map(|end| end.who)
    }

    pub(crate) fn has_crashed(&self) -> bool {
        !self.interrupted.is_empty() || self.unheard().next().is_some()
    }
}

impl From<Result<Answer, Error>> for Told {
    fn from(answer: Result<Answer, Error>) -> Self {
        match answer {
            Ok(Answer::Session(session)) => Self::In(session),
            Ok(Answer::Step(_)) => Self::Step,
            Err(_) => Self::Refused,
        }
    }
}

impl From<Result<IssuedSession, Error>> for Told {
    fn from(pair: Result<IssuedSession, Error>) -> Self {
        pair.map_or(Self::Refused, Self::In)
    }
}

impl From<bool> for Told {
    fn from(done: bool) -> Self {
        if done { Self::Done } else { Self::Refused }
    }
}
