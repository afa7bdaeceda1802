use serde::{Deserialize, Serialize};

use crate::entity::Step;
use crate::ids::{SessionId, UserId};
use crate::time::Timestamp;
use crate::token::{FlowToken, RefreshToken, SessionToken};

/// What a flow answers: another step, or a session.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Something must still be proven.
    Step(StepAnswer),
    /// The user is in.
    Session(IssuedSession),
}

/// Something must still be proven.
#[derive(Clone, Debug)]
pub struct StepAnswer {
    /// What is to be proven.
    pub step: Step,
    /// The handle of the flow, good for exactly this step.
    pub handle: FlowToken,
    /// When the flow dies.
    pub expires: Timestamp,
}

/// A session's tokens, on their only way out.
#[derive(Clone, Debug)]
pub struct IssuedSession {
    /// Proves the session.
    pub token: SessionToken,
    /// Exchanged for the next pair.
    pub refresh: RefreshToken,
    /// Names the session.
    pub session: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When the token expires.
    pub expires: Timestamp,
    /// When the refresh token expires.
    pub refresh_expires: Timestamp,
}

/// The form in which an answer is sealed for repetition.
#[derive(Serialize, Deserialize)]
pub(super) enum SealedAnswer {
    Step {
        step: String,
        handle: String,
        expires: i64,
    },
    Session {
        token: String,
        refresh: String,
        session: SessionId,
        user: UserId,
        expires: i64,
        refresh_expires: i64,
    },
}

impl SealedAnswer {
    pub(super) fn from_answer(answer: &Answer) -> Self {
        match answer {
            Answer::Step(step) => Self::Step {
                step: step.step.name().to_owned(),
                handle: step.handle.expose().to_owned(),
                expires: step.expires.as_millis(),
            },
            Answer::Session(issued) => Self::Session {
                token: issued.token.expose().to_owned(),
                refresh: issued.refresh.expose().to_owned(),
                session: issued.session,
                user: issued.user,
                expires: issued.expires.as_millis(),
                refresh_expires: issued.refresh_expires.as_millis(),
            },
        }
    }

    pub(super) fn into_answer(self) -> Option<Answer> {
        Some(match self {
            Self::Step { step, handle, expires } => Answer::Step(StepAnswer {
                step: Step::named(&step)?,
                handle: FlowToken::parse(&handle).ok()?,
                expires: Timestamp::from_millis(expires),
            }),
            Self::Session { token, refresh, session, user, expires, refresh_expires } => {
                Answer::Session(IssuedSession {
                    token: SessionToken::parse(&token).ok()?,
                    refresh: RefreshToken::parse(&refresh).ok()?,
                    session,
                    user,
                    expires: Timestamp::from_millis(expires),
                    refresh_expires: Timestamp::from_millis(refresh_expires),
                })
            }
        })
    }
}
