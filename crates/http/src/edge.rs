//! What happens to every request before and after its endpoint.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Once, OnceLock};

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, USER_AGENT, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use durward_core::authz::Denial;
use durward_core::{
    Accounts, Action, Allowance, Attrs, Caller, Kind, Origin, RequestId, Store, UserAgent,
};
use futures_util::FutureExt;
use tracing::{Instrument, Span, field};

use crate::aim::{Aim, Names};
use crate::call::Call;
use crate::credentials;
use crate::error::Fault;
use crate::headers::X_REQUEST_ID;
use crate::identify::{Counted, Demand, Identity};
use crate::identity::Issuer;
use crate::metrics::{self, OTHER, RouteMetrics};
use crate::problem::{Problem, write_allowance};
use crate::router::openapi;
use crate::settings::HttpSettings;

/// What every request needs; one per router or layer.
pub(crate) struct Edge<S: Store> {
    pub(crate) accounts: Accounts<S>,
    pub(crate) settings: HttpSettings,
    /// The OpenAPI document, once it was asked for: few ask, and making it leaves a process 8 MiB larger.
    document: OnceLock<Bytes>,
    /// Warns of requests that come from nowhere.
    pub(crate) peerless: Once,
    /// Who signs identities, if anybody does.
    pub(crate) issuer: Option<Issuer>,
}

/// What the route table says of a request before anybody looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) action: Action,
    pub(crate) aim: Aim,
    pub(crate) credentials: Credentials,
    pub(crate) budget: Option<Budget>,
}

/// What is done with the session token of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// It must be live, or the request is refused.
    Checked,
    /// It must be well-formed and is not looked up: the endpoint has a use for expired ones.
    Unchecked,
}

/// The budget that a route debits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Budget {
    /// What a network, or its site, may ask for.
    Requests,
    /// What a network, its site or a client may get wrong.
    Failures,
    /// What is mailed to one user.
    Mails,
}

impl Budget {
    /// Its name in the `RateLimit` fields.
    const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Failures => "failures",
            Self::Mails => "mails",
        }
    }
}

impl<S: Store> Edge<S> {
    pub(crate) fn new(accounts: Accounts<S>, settings: HttpSettings) -> Self {
        metrics::describe();
        let issuer = settings.identity.clone().map(Issuer::new);
        Self { accounts, settings, document: OnceLock::new(), peerless: Once::new(), issuer }
    }

    /// The OpenAPI document, as it is served.
    pub(crate) fn document(&self) -> Bytes {
        let make = || Bytes::from(openapi::<S>(&self.settings).to_string());
        self.document.get_or_init(make).clone()
    }

    /// The id of a request: the caller's, if it is safe to log, else a new one.
    pub(crate) fn request_id(&self, headers: &HeaderMap) -> RequestId {
        let sent = headers.get(&X_REQUEST_ID).and_then(|value| value.to_str().ok());
        let sent = sent.and_then(RequestId::parse);
        sent.unwrap_or_else(|| RequestId::mint(&*self.accounts.parts().entropy))
    }

    /// Writes down that somebody was refused what he may not (R-AZ-08). The answer stays what it is if that fails.
    pub(crate) async fn note_denial(&self, denial: &Denial, origin: &Origin) {
        tracing::info!(rule = ?denial.action, "the policy refused");
        if let Err(failed) = self.accounts.record_denial(denial, origin).await {
            tracing::error!(error = %failed, "a denial could not be written to the audit log");
        }
    }

    pub(crate) fn refuse(&self, problem: &Problem, id: &RequestId) -> Response {
        finish(problem.render(Some(id), &self.settings.error_page), id)
    }
}

/// Serves one request: identifies its caller, asks the policy, runs the endpoint, and answers whatever
/// happens, a panic included (R-ER-02).
///
/// Nothing here is boxed or spawned: a check of a session costs its one read and little else (P2).
pub(crate) async fn serve<S, H, F>(
    edge: Arc<Edge<S>>,
    (rule, metrics): (Rule, Arc<RouteMetrics>),
    handler: H,
    request: Request,
) -> Response
where
    S: Store,
    H: FnOnce(Call<S>) -> F + Send,
    F: Future<Output = Result<Response, Problem>> + Send,
{
    let in_flight = metrics.begin();
    let id = edge.request_id(request.headers());
    let span = span(rule.method, rule.path, &id);
    let mut allowance = None;
    let work = async {
        let (parts, body) = request.into_parts();
        // First of all: whoever is slow to send it is judged by what holds when it is there (R-SE-05, GW-12).
        let body = edge.take_in(&parts, body).await?;
        let call = admit(&edge, rule, parts, body, (&id, &mut allowance)).await?;
        // Whoever reads is refused by the policy alone.
        let asked = (rule.method != "GET")
            .then(|| (Denial::of(&call.caller, rule.action, &call.target), call.origin()));
        let answered = handler(call).await;
        if let (Err(problem), Some((denial, origin))) = (&answered, &asked)
            && problem.is_unnoted_denial()
            // The flow itself tells of these, whoever calls it.
            && rule.action != Action::UseBootstrap
        {
            edge.note_denial(denial, origin).await;
        }
        answered
    };
    let worked = AssertUnwindSafe(work).catch_unwind().instrument(span.clone()).await;
    let mut response = match worked {
        Ok(Ok(response)) => finish(response, &id),
        Ok(Err(problem)) => edge.refuse(&problem.of_budget(rule.budget.map(Budget::name)), &id),
        Err(_the_panic_hook_has_told) => {
            span.in_scope(|| tracing::error!("an endpoint panicked"));
            edge.refuse(&Problem::new(Fault::Flow(Kind::Internal)), &id)
        }
    };
    if let Some(allowance) = &allowance {
        write_allowance(response.headers_mut(), allowance);
    }
    record(&span, &response);
    in_flight.end(response.status());
    response
}

/// Answers a request that no endpoint serves.
pub(crate) fn serve_refusal<S: Store>(
    edge: &Edge<S>,
    (path, metrics): (&'static str, &RouteMetrics),
    problem: &Problem,
    request: &Request,
) -> Response {
    let in_flight = metrics.begin();
    let id = edge.request_id(request.headers());
    let span = span(OTHER, path, &id);
    let response = edge.refuse(problem, &id);
    record(&span, &response);
    in_flight.end(response.status());
    response
}

/// Completes an answer with the fields that every answer has.
pub(crate) fn finish(mut response: Response, id: &RequestId) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(CACHE_CONTROL) {
        // R-HT-08
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    write_id(headers, id);
    response
}

/// What a request is, without a word of what it says: no body, no token, no address (R-LG-02).
fn span(method: &'static str, route: &'static str, id: &RequestId) -> Span {
    tracing::info_span!(
        "request",
        "http.request.method" = method,
        "http.route" = route,
        "request.id" = id.as_str(),
        "http.response.status_code" = field::Empty,
    )
}

fn record(span: &Span, response: &Response) {
    span.record("http.response.status_code", response.status().as_u16());
    span.in_scope(|| tracing::debug!("answered"));
}

async fn admit<S: Store>(
    edge: &Arc<Edge<S>>,
    rule: Rule,
    mut parts: Parts,
    body: Result<Bytes, Problem>,
    (id, left): (&RequestId, &mut Option<Allowance>),
) -> Result<Call<S>, Problem> {
    let demand = Demand::of(&rule);
    // The layer of the application has been here already, but knows nothing of what proxies ask about.
    let known = parts.extensions.remove::<Caller<S::Attrs>>().filter(|_| demand.proxy.is_none());
    let Identity { caller, presented, allowance } = match known {
        Some(caller) => {
            let presented = credentials::presented(&parts.headers)?.session;
            Identity { caller, presented, allowance: Counted::allowance_of(&parts.extensions) }
        }
        None => edge.identify(&parts, demand, id).await?,
    };
    *left = allowance;
    let names = Names::of(&mut parts).await;
    let target = rule.aim.target(&edge.accounts, &names, &caller).await?;
    if let Err(error) = caller.may(rule.action, &target) {
        if rule.action == Action::UseUpstream && !caller.is_authenticated() {
            // Every visit of a service begins so; it is no news, and worth no write.
            tracing::info!(rule = ?rule.action, "the policy refused");
            return Err(error.into());
        }
        let origin = origin(&caller, &parts.headers, id);
        edge.note_denial(&Denial::of(&caller, rule.action, &target), &origin).await;
        return Err(error.into());
    }
    if rule.action.needs_fresh() {
        if rule.action.is_open_to_enrolling() {
            edge.accounts.enroller(&caller)?;
        } else {
            edge.accounts.fresh(&caller)?;
        }
    }
    Ok(Call {
        edge: Arc::clone(edge),
        caller,
        names,
        target,
        presented,
        id: id.clone(),
        trusted: edge.trusts(&parts),
        origin: parts.extensions.remove(),
        uri: parts.uri,
        headers: parts.headers,
        body,
    })
}

/// Where a request came from, as the flows want to know it.
pub(crate) fn origin<A: Attrs>(caller: &Caller<A>, headers: &HeaderMap, id: &RequestId) -> Origin {
    let agent = headers.get(USER_AGENT).map(|value| UserAgent::from_header(value.as_bytes()));
    let user = caller.session_user();
    let acting = user.and_then(|user| user.actor).map(|actor| actor.id);
    Origin {
        ip: caller.ip,
        agent: agent.filter(|agent| !agent.as_str().is_empty()),
        request: Some(id.clone()),
        client: caller.client.as_ref().map(|client| client.id),
        actor: acting.or(user.map(|user| user.id)).or_else(|| caller.acting_user().ok()),
        session: user.map(|user| user.session_id),
        by_operator: false,
    }
}

pub(crate) fn write_id(headers: &mut HeaderMap, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(&X_REQUEST_ID, value);
    }
}
