use durward_core::{Action, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::edge::Credentials;
use crate::error::Fault;
use crate::forward_auth::{self, Proxy};
use crate::identity::KeySetView;
use crate::operation::{BodyUse, Operation, Parameter, SessionUse, Success, Term};
use crate::schemas::Schemas;

/// What proxies ask, and what the services behind them read.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    let mut routes: Vec<Route<S>> = [
        (Proxy::Nginx, "askForNginx", "For `auth_request` of nginx"),
        (Proxy::Traefik, "askForTraefik", "For `ForwardAuth` of Traefik"),
        (Proxy::Caddy, "askForCaddy", "For `forward_auth` of Caddy"),
        (Proxy::Envoy, "askForEnvoy", "For `ext_authz` of Envoy, over HTTP"),
    ]
    .into_iter()
    .map(|(proxy, id, summary)| asked_by(proxy, id, summary))
    .collect();
    routes.push(Route {
        verb: Verb::Get,
        path: "/.well-known/jwks.json",
        action: Action::ReadService,
        aim: Aim::Service,
        credentials: Credentials::Checked,
        budget: None,
        endpoint: endpoint(forward_auth::keys),
        operation: Operation {
            id: "showKeys",
            tag: "Forward-auth",
            summary: "The keys of signed identities",
            description: "A JWK Set (RFC 7517). Fetch it every few minutes, and when an identity names a key that is \
                          not in it. Each key is here for four weeks before it signs.",
            session: SessionUse::None,
            fields: &[],
            body: BodyUse::None,
            answers: vec![Success::new(200, "The keys.", Schemas::answer::<KeySetView>)],
            faults: &[Fault::Flow(Kind::NotFound)],
        },
    });
    routes
}

fn asked_by<S: Store>(proxy: Proxy, id: &'static str, summary: &'static str) -> Route<S> {
    let (verb, description, fields) = match proxy {
        Proxy::Nginx | Proxy::Traefik | Proxy::Caddy => (
            Verb::Get,
            "Whether the request that the proxy holds may go on, by the credentials of that request. If so, the answer \
             has the signed identity for the service in X-Durward-Identity and, for a user, Remote-User and \
             Remote-Groups. The query is closed: an unknown parameter is refused.",
            &[
                Parameter::Term(Term::Audience),
                Parameter::Term(Term::Role),
                Parameter::Term(Term::AnyPath),
            ][..],
        ),
        Proxy::Envoy => (
            Verb::Every,
            "The same for Envoy, which asks by the method of the request, writes its path and query behind this path, \
             and adds Durward-Demand.",
            &[Parameter::Term(Term::Demand)][..],
        ),
    };
    Route {
        verb,
        path: proxy.path(),
        action: Action::UseUpstream,
        aim: Aim::Service,
        credentials: Credentials::Checked,
        budget: None,
        endpoint: endpoint(move |call| forward_auth::decide(call, proxy)),
        operation: Operation {
            id,
            tag: "Forward-auth",
            summary,
            description,
            session: SessionUse::Required,
            fields,
            body: BodyUse::None,
            answers: vec![Success::empty(200, "The request may go on.").signed()],
            faults: &[
                Fault::Flow(Kind::Forbidden),
                Fault::Flow(Kind::NotFound),
                Fault::Flow(Kind::Invalid),
            ],
        },
    }
}
