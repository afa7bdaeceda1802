use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use durward_core::budget::Rate;
use durward_core::{Allowance, AuthenticationStrength, Kind, Obstruction, RequestId};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Fault;
use crate::headers::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::settings::HttpSettings;

/// Why a request was refused, answered as a problem document (RFC 9457, R-ER-01).
///
/// Handlers of an application may use it too: it is made from every [`Error`](durward_core::Error) of a flow by
/// `?`. Behind the layer [`Authenticate`](crate::Authenticate) its answer carries the id of the request.
#[derive(Clone, Debug)]
pub struct Problem {
    fault: Fault,
    obstructions: Vec<Obstruction>,
    retry_after: Option<Duration>,
    allow: Option<Arc<str>>,
    /// The rate that was used up.
    rate: Option<Rate>,
    /// What the budget of that rate is called.
    budget: Option<&'static str>,
    /// Whether it was the presented credential that was not accepted (RFC 6750, 3.1).
    bad_credential: bool,
    /// How old the authentication may be, where it was too old (RFC 9470).
    max_age: Option<Duration>,
    /// How strong the authentication has to be, where it was too weak (RFC 9470).
    strength: Option<AuthenticationStrength>,
    /// Whether the refusal has been written down by whoever knew more of it (R-AZ-08).
    is_noted: bool,
}

/// The body of every answer that is not a success.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemView<'a> {
    /// The page that describes the code.
    #[serde(rename = "type")]
    #[schemars(extend("format" = "uri-reference"))]
    page: String,
    /// The code in a few words.
    title: &'a str,
    /// The status of the answer.
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// What it means for the caller.
    detail: &'a str,
    /// The stable name of the reason.
    #[schemars(regex(pattern = "^[A-Z][A-Z_]*$"))]
    code: &'a str,
    /// Everything that is wrong with the request, on 400 and 422.
    #[serde(skip_serializing_if = "<[Obstruction]>::is_empty")]
    obstructions: &'a [Obstruction],
    /// How strongly one has to be authenticated, where an organization asks for more than was proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication: Option<AuthenticationStrength>,
    /// The id under which the request is logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    request_id: Option<&'a str>,
}

impl Problem {
    /// The most obstructions that are listed; more of them help nobody and cost much.
    pub(crate) const MAX_OBSTRUCTIONS: usize = 64;

    pub(crate) const fn new(fault: Fault) -> Self {
        Self {
            fault,
            obstructions: Vec::new(),
            retry_after: None,
            allow: None,
            rate: None,
            budget: None,
            bad_credential: false,
            max_age: None,
            strength: None,
            is_noted: false,
        }
    }

    /// The same problem, of which the audit log knows already.
    pub(crate) const fn noted(mut self) -> Self {
        self.is_noted = true;
        self
    }

    /// Whether somebody was refused what he may not, and the audit log does not know yet.
    pub(crate) const fn is_unnoted_denial(&self) -> bool {
        let is_denial =
            matches!(self.fault, Fault::Flow(Kind::Forbidden | Kind::InsufficientAuthentication));
        is_denial && !self.is_noted
    }

    /// A header field that is malformed or repeated.
    pub(crate) fn header(code: &'static str, text: &'static str) -> Self {
        Self::new(Fault::BadHeader).because([Obstruction::new(code, text)])
    }

    /// A credential that is malformed or not accepted: never the same as none (GW-09).
    pub(crate) fn bad_credential() -> Self {
        Self { bad_credential: true, ..Self::new(Fault::Flow(Kind::Unauthenticated)) }
    }

    pub(crate) fn because(mut self, obstructions: impl IntoIterator<Item = Obstruction>) -> Self {
        self.obstructions.extend(obstructions);
        self.obstructions.truncate(Self::MAX_OBSTRUCTIONS);
        self
    }

    pub(crate) const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Says how old the authentication may be.
    pub(crate) const fn step_up(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Says how strong the authentication has to be.
    pub(crate) const fn strengthen(mut self, required: AuthenticationStrength) -> Self {
        self.strength = Some(required);
        self
    }

    pub(crate) fn allow(mut self, methods: &str) -> Self {
        self.allow = Some(Arc::from(methods));
        self
    }

    /// Says which rate was used up.
    pub(crate) const fn over(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// Says what the budget of the rate is called, unless it is said already.
    pub(crate) fn of_budget(mut self, name: Option<&'static str>) -> Self {
        self.budget = self.budget.or(name);
        self
    }

    /// The reason.
    pub const fn fault(&self) -> Fault {
        self.fault
    }

    /// Everything that is wrong with the request; filled on 400 and 422.
    pub fn obstructions(&self) -> &[Obstruction] {
        &self.obstructions
    }

    /// When to come back, on 429 and 503.
    pub const fn after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The answer to the request with this id.
    pub(crate) fn render(&self, request: Option<&RequestId>, error_page: &str) -> Response {
        let Self { fault, obstructions, .. } = self;
        let view = ProblemView {
            page: format!("{error_page}#{}", fault.code().to_ascii_lowercase()),
            title: fault.title(),
            status: fault.status().as_u16(),
            detail: fault.detail(),
            code: fault.code(),
            obstructions,
            authentication: self.strength,
            request_id: request.map(RequestId::as_str),
        };
        let body = serde_json::to_vec(&view).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = fault.status();
        self.write_headers(response.headers_mut());
        response
    }

    fn write_headers(&self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(challenge) = self.challenge() {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(methods) = self.allow.as_deref().and_then(|it| HeaderValue::from_str(it).ok()) {
            headers.insert(ALLOW, methods);
        }
        let Some(wait) = self.retry_after else {
            return;
        };
        let seconds = seconds(wait);
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        if let (Some(name), Some(rate)) = (self.budget, self.rate) {
            write_rate(headers, name, rate, (0, seconds));
        }
    }

    /// RFC 6750, 3: an error code only when a credential was sent; RFC 9470, 3: one of its own when the
    /// credential is good and too old, or proves too little.
    fn challenge(&self) -> Option<HeaderValue> {
        if let Some(max_age) = self.max_age {
            let challenge = format!(
                r#"Bearer realm="durward", error="insufficient_user_authentication", max_age={}"#,
                max_age.as_secs()
            );
            return HeaderValue::try_from(challenge).ok();
        }
        if let Some(strength) = self.strength {
            let challenge = format!(
                r#"Bearer realm="durward", error="insufficient_user_authentication", acr_values="{}""#,
                strength.name()
            );
            return HeaderValue::try_from(challenge).ok();
        }
        let refused = self.fault == Fault::Flow(Kind::Unauthenticated);
        refused.then_some(HeaderValue::from_static(if self.bad_credential {
            r#"Bearer realm="durward", error="invalid_token""#
        } else {
            r#"Bearer realm="durward""#
        }))
    }
}

/// Tells what is left of the rate of a client, unless the answer tells of another rate that was used up.
pub(crate) fn write_allowance(headers: &mut HeaderMap, allowance: &Allowance) {
    if !headers.contains_key(&RATE_LIMIT) {
        let Allowance { rate, left, reset } = *allowance;
        write_rate(headers, "client", rate, (left, seconds(reset)));
    }
}

fn write_rate(headers: &mut HeaderMap, name: &str, rate: Rate, (left, reset): (u32, u64)) {
    let window = seconds(rate.period());
    let policy = format!("\"{name}\";q={};w={window}", rate.burst);
    let present = format!("\"{name}\";r={left};t={reset}");
    for (field, value) in [(&RATE_LIMIT_POLICY, policy), (&RATE_LIMIT, present)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(field, value);
        }
    }
}

/// Whole seconds, never too early.
fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX).max(1)
}

impl IntoResponse for Problem {
    /// The answer without an id; the layer, if there is one, makes it again with the id.
    fn into_response(self) -> Response {
        let mut response = self.render(None, HttpSettings::ERROR_PAGE);
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward_core::Error;

    #[test]
    fn retry_after_is_never_too_early() {
        // R-TH-07
        assert_eq!(seconds(Duration::ZERO), 1);
        assert_eq!(seconds(Duration::from_secs(1)), 1);
        assert_eq!(seconds(Duration::from_millis(1_001)), 2);
        assert_eq!(seconds(Duration::MAX), u64::MAX);
    }

    #[test]
    fn too_many_attempts_name_the_budget() {
        // R-TH-07
        let rate = Rate::per(300, Duration::from_mins(10));
        let retry_after = Duration::from_millis(1_500);
        let problem = Problem::from(Error::Throttled { retry_after, rate });
        let response = problem.of_budget(Some("failures")).render(None, "/e");
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["ratelimit-policy"], r#""failures";q=300;w=600"#);
        assert_eq!(response.headers()["ratelimit"], r#""failures";r=0;t=2"#);
    }

    #[test]
    fn an_authentication_too_old_says_how_old_it_may_be() {
        // R-MF-04
        let problem = Problem::from(Error::StepUp { max_age: Duration::from_mins(5) });
        let response = problem.render(None, "/e");
        assert_eq!(response.status(), 401);
        assert_eq!(
            response.headers()["www-authenticate"],
            r#"Bearer realm="durward", error="insufficient_user_authentication", max_age=300"#
        );
    }

    #[test]
    fn an_authentication_that_is_too_weak_says_how_strong_it_must_be() {
        // R-MF-01
        let required = AuthenticationStrength::SecondFactor;
        let problem = Problem::from(Error::InsufficientAuthentication { required });
        let response = problem.render(None, "/e");
        assert_eq!(response.status(), 401);
        assert_eq!(
            response.headers()["www-authenticate"],
            r#"Bearer realm="durward", error="insufficient_user_authentication", acr_values="secondFactor""#
        );
    }

    #[test]
    fn other_refusals_name_no_budget() {
        let problem = Problem::from(Error::Busy { retry_after: Duration::from_secs(3) });
        let response = problem.of_budget(Some("failures")).render(None, "/e");
        assert_eq!(response.headers()["retry-after"], "3");
        assert!(!response.headers().contains_key("ratelimit"));
    }

    #[test]
    fn no_more_than_64_obstructions_are_listed() {
        let many = (0..1_000).map(|_| Obstruction::new("UNKNOWN_FIELD", "Is not known."));
        assert_eq!(Problem::new(Fault::BadJson).because(many).obstructions().len(), 64);
    }
}
