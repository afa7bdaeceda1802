//! Every route, in one table: the router and the OpenAPI document are both made from it (ADR 0005). The rows
//! stand in one file per noun.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter};
use durward_core::{Action, Store};

use crate::aim::Aim;
use crate::call::Call;
use crate::edge::{Budget, Credentials, Edge, Rule, serve};
use crate::metrics::RouteMetrics;
use crate::operation::Operation;
use crate::problem::Problem;

mod administration;
mod audit;
mod authn;
mod bootstraps;
mod client_rules;
mod clients;
mod emails;
mod factors;
mod forward_auth;
mod impersonation;
mod invitations;
mod login_emails;
mod memberships;
mod notices;
mod organizations;
mod passwords;
mod service;
mod sessions;
mod user_lists;
mod users;

/// A row of the table. A route without a rule or a description does not compile (R-AZ-02).
pub(crate) struct Route<S: Store> {
    pub(crate) verb: Verb,
    pub(crate) path: &'static str,
    /// What the policy is asked.
    action: Action,
    /// What the path names.
    aim: Aim,
    credentials: Credentials,
    /// The budget of the caller's network that it debits.
    budget: Option<Budget>,
    pub(crate) endpoint: Endpoint<S>,
    pub(crate) operation: Operation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Patch,
    Delete,
    /// All of them: whoever asks has not chosen the method. It is told as `GET`.
    Every,
}

/// Hangs an endpoint into the router.
pub(crate) type Endpoint<S> =
    Box<dyn FnOnce(MethodRouter, MethodFilter, Arc<Edge<S>>, Rule) -> MethodRouter>;

/// The whole table, noun by noun.
pub(crate) fn table<S: Store>() -> Vec<Route<S>> {
    let nouns = [
        user_lists::routes(),
        users::routes(),
        administration::routes(),
        bootstraps::routes(),
        impersonation::routes(),
        organizations::routes(),
        memberships::routes(),
        invitations::routes(),
        clients::routes(),
        client_rules::routes(),
        audit::routes(),
        factors::routes(),
        authn::routes(),
        emails::routes(),
        login_emails::routes(),
        notices::routes(),
        passwords::routes(),
        sessions::routes(),
        service::routes(),
        forward_auth::routes(),
    ];
    nouns.into_iter().flatten().collect()
}

fn endpoint<S, H, F>(handler: H) -> Endpoint<S>
where
    S: Store,
    H: FnOnce(Call<S>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response, Problem>> + Send + 'static,
{
    Box::new(move |router, filter, edge, rule| {
        let metrics = Arc::new(RouteMetrics::of(rule.path, rule.method));
        router.on(filter, move |request: Request| serve(edge, (rule, metrics), handler, request))
    })
}

impl<S: Store> Route<S> {
    pub(crate) const fn rule(&self) -> Rule {
        Rule {
            method: self.verb.name(),
            path: self.path,
            action: self.action,
            aim: self.aim,
            credentials: self.credentials,
            budget: self.budget,
        }
    }
}

impl Verb {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get | Self::Every => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// `GET` serves `HEAD` too.
    pub(crate) const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
            Self::Every => MethodFilter::GET
                .or(MethodFilter::HEAD)
                .or(MethodFilter::POST)
                .or(MethodFilter::PUT)
                .or(MethodFilter::PATCH)
                .or(MethodFilter::DELETE)
                .or(MethodFilter::OPTIONS),
        }
    }
}
