//! What endpoints answer: explicit views, of which nothing else can leak (R-AZ-07).

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use durward_core::accounts::{Answer, IssuedSession, StepAnswer};
use durward_core::entity::Step;
use durward_core::{Error, FlowState, SessionId, Timestamp, UserId};
use schemars::JsonSchema;
use serde::Serialize;

use crate::problem::Problem;
use crate::shapes::{HandleText, RefreshTokenText, SessionTokenText, SessionWord, StepWord};

/// Something must still be proven.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StepAnswer")]
pub(crate) struct StepView<'a> {
    #[schemars(with = "StepWord")]
    t: &'static str,
    /// What must be proven.
    step: Step,
    /// The handle of the flow, good for exactly this step.
    #[schemars(with = "HandleText")]
    code: &'a str,
    /// The state that the request came with.
    #[schemars(with = "FlowState")]
    state: &'a str,
    /// When the flow dies.
    expires_at: Timestamp,
}

/// A session, with the only showing of its tokens.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SessionAnswer")]
pub(crate) struct SessionView<'a> {
    #[schemars(with = "SessionWord")]
    t: &'static str,
    /// Proves the session.
    #[schemars(with = "SessionTokenText")]
    token: &'a str,
    /// Exchanged once for the next pair.
    #[schemars(with = "RefreshTokenText")]
    refresh: &'a str,
    /// Names the session.
    session_id: SessionId,
    /// Whose it is.
    user_id: UserId,
    /// When the token expires.
    expires_at: Timestamp,
    /// When the refresh token expires.
    refresh_expires_at: Timestamp,
}

/// What a login answers.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "LoginAnswer")]
#[expect(dead_code, reason = "describes what `flow` answers with one status")]
pub(crate) enum LoginView<'a> {
    Session(SessionView<'a>),
    Step(StepView<'a>),
}

/// The statuses that go with the two answers of a flow.
#[derive(Clone, Copy)]
pub(crate) struct Statuses {
    pub(crate) step: StatusCode,
    pub(crate) session: StatusCode,
}

/// The answer of a flow.
pub(crate) fn flow(
    answer: &Answer,
    state: &FlowState,
    statuses: Statuses,
) -> Result<Response, Problem> {
    match answer {
        Answer::Session(issued) => session(issued, statuses.session),
        Answer::Step(StepAnswer { step, handle, expires }) => {
            let view = StepView {
                t: "step",
                step: *step,
                code: handle.expose(),
                state: state.expose(),
                expires_at: *expires,
            };
            json(statuses.step, &view)
        }
    }
}

/// The answer that hands a session over.
pub(crate) fn session(issued: &IssuedSession, status: StatusCode) -> Result<Response, Problem> {
    let IssuedSession { token, refresh, session, user, expires, refresh_expires } = issued;
    let view = SessionView {
        t: "session",
        token: token.expose(),
        refresh: refresh.expose(),
        session_id: *session,
        user_id: *user,
        expires_at: *expires,
        refresh_expires_at: *refresh_expires,
    };
    json(status, &view)
}

/// An answer of JSON.
pub(crate) fn json(status: StatusCode, view: &impl Serialize) -> Result<Response, Problem> {
    Ok(encoded(status, encode(view)?))
}

/// An answer of JSON that is text already.
pub(crate) fn encoded(status: StatusCode, text: Vec<u8>) -> Response {
    let mut response = empty(status);
    *response.body_mut() = Body::from(text);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A view as the text that is sent.
pub(crate) fn encode(view: &impl Serialize) -> Result<Vec<u8>, Problem> {
    // One allocation for a usual answer.
    let mut text = Vec::with_capacity(512);
    match serde_json::to_writer(&mut text, view) {
        Ok(()) => Ok(text),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            Err(Error::Internal("an answer cannot be written").into())
        }
    }
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
