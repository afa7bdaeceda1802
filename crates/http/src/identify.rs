//! Finds out whom a request is from, and whether so many may come.

use std::net::{IpAddr, SocketAddr};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::connect_info::ConnectInfo;
use axum::http::Extensions;
use axum::http::request::Parts;
use durward_core::access::{AccessRequest, RequestTarget};
use durward_core::accounts::{Authenticated, ClientCredential};
use durward_core::entity::{ClientRefusal, LiveClient};
use durward_core::{
    Action, Allowance, Caller, Error, Kind, Obstruction, Origin, RequestId, SessionToken, Spender,
    Store,
};

use crate::access;
use crate::body;
use crate::client_ip::{client_ip, is_trusted};
use crate::credentials::{self, Presented};
use crate::edge::{Credentials, Edge, Rule, origin};
use crate::error::Fault;
use crate::forward_auth::Proxy;
use crate::problem::Problem;

/// What is asked of the credentials of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    /// What is done with the session token.
    pub(crate) credentials: Credentials,
    /// Whether a client that serves users only needs one here: not where users log in.
    pub(crate) user: bool,
    /// The proxy that asks about a request to another service, if one does.
    pub(crate) proxy: Option<Proxy>,
}

impl Demand {
    /// What a route of the table asks.
    pub(crate) fn of(rule: &Rule) -> Self {
        let login = matches!(rule.action, Action::Authenticate);
        let proxy = Proxy::asking_at(rule.path);
        Self { credentials: rule.credentials, user: !login, proxy }
    }
}

/// Marks a request whose rate was debited by a layer further outside; with what is left of that of its client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted(pub(crate) Option<Allowance>);

impl Counted {
    /// What is left of the rate of the client of a request that was counted.
    pub(crate) fn allowance_of(extensions: &Extensions) -> Option<Allowance> {
        extensions.get().and_then(|Self(allowance)| *allowance)
    }
}

/// Whom a request is from.
pub(crate) struct Identity<S: Store> {
    pub(crate) caller: Caller<S::Attrs>,
    /// The well-formed token that came along, live or, if unchecked, perhaps not.
    pub(crate) presented: Option<SessionToken>,
    /// What is left of the rate of its client.
    pub(crate) allowance: Option<Allowance>,
}

impl<S: Store> Edge<S> {
    /// Finds out whom a request is from, at the cost of at most one read of the store for its client and one
    /// for its user.
    pub(crate) async fn identify(
        &self,
        parts: &Parts,
        demand: Demand,
        id: &RequestId,
    ) -> Result<Identity<S>, Problem> {
        if parts.uri.query().is_some_and(credentials::is_in_query) {
            return Err(Problem::new(Fault::SecretInUrl).because([Obstruction::new(
                "SECRET_IN_QUERY",
                "Send it in a header field or in the body.",
            )]));
        }
        let ip = client_ip(
            self.peer(&parts.extensions),
            &parts.headers,
            &self.settings.trusted_proxies,
        )?;
        let mut caller = Caller::anonymous(ip);
        let network = Spender::Network(Origin { ip, ..Origin::default() }.network());
        let Presented { session, client } = match credentials::presented(&parts.headers) {
            Ok(presented) => presented,
            Err(malformed) => {
                self.check_network(network).await?;
                self.charge_network(network).await;
                return Err(malformed);
            }
        };
        let (client, allowance) = if let Some(credential) = client {
            let target = access::target(parts, demand.proxy, self.trusts(parts))?;
            let from = (&caller, network, target.as_ref());
            let (client, allowance) = self.admit_client(parts, &credential, from, id).await?;
            (Some(client), allowance)
        } else {
            if parts.extensions.get::<Counted>().is_none() {
                self.take_request(network).await?;
            }
            (None, None)
        };
        caller.client = client.as_ref().map(|client| self.accounts.client_caller(client));
        if let (Some(token), Credentials::Checked) = (&session, demand.credentials) {
            // GW-15
            let through = client.as_ref().map(|client| client.id);
            match self.accounts.authenticate_or_enrol(token, through).await {
                Ok(Authenticated::Fully(user)) => caller.user = Some(user),
                Ok(Authenticated::ToEnrol(user)) => caller.enrolling = Some(user),
                Err(error) => return Err(self.failed(error, network).await),
            }
        }
        if let Some(client) = client.filter(|client| client.require_user)
            && demand.user
            && caller.user.is_none()
            && caller.enrolling.is_none()
        {
            let origin = origin(&caller, &parts.headers, id);
            let refused = ClientRefusal::UserRequired;
            let refused = self.accounts.refuse_client(&client, refused, &origin).await;
            return Err(self.failed(refused, network).await);
        }
        Ok(Identity { caller, presented: session, allowance })
    }

    /// Takes in the body of a request, unless its network has used up its rate. What is wrong with the body is for
    /// its endpoint to say: whoever may not get there does not hear of it.
    pub(crate) async fn take_in(
        &self,
        parts: &Parts,
        body: Body,
    ) -> Result<Result<Bytes, Problem>, Problem> {
        if body.is_end_stream() {
            return Ok(Ok(Bytes::new()));
        }
        if parts.extensions.get::<Counted>().is_none() {
            let peer = self.peer(&parts.extensions);
            let ip = client_ip(peer, &parts.headers, &self.settings.trusted_proxies)?;
            let origin = Origin { ip, ..Origin::default() };
            self.check_network(Spender::Network(origin.network())).await?;
        }
        Ok(body::collect(&parts.headers, body).await)
    }

    /// Whether a request comes from a trusted proxy.
    pub(crate) fn trusts(&self, parts: &Parts) -> bool {
        self.peer(&parts.extensions)
            .is_some_and(|ip| is_trusted(ip, &self.settings.trusted_proxies))
    }

    /// Who holds the other end of the connection; where nobody is told, that is a mistake of the application.
    fn peer(&self, extensions: &Extensions) -> Option<IpAddr> {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        if peer.is_none() {
            self.peerless.call_once(|| {
                tracing::warn!(
                    "requests come without the address of their peer, so that all callers share one rate: \
                     serve with `into_make_service_with_connect_info::<SocketAddr>()`"
                );
            });
        }
        peer.map(|ConnectInfo(address)| address.ip())
    }

    /// Takes a request from the rate of a network that comes without a client.
    async fn take_request(&self, network: Spender) -> Result<(), Problem> {
        let rate = self.accounts.parts().settings.limits.caller_requests;
        let taken = self.accounts.spend(network, &rate).await;
        taken.map(drop).map_err(|error| limited(error, "caller"))
    }

    /// Refuses a network that has used up its rate, before its credential is looked at.
    async fn check_network(&self, network: Spender) -> Result<(), Problem> {
        let rate = self.accounts.parts().settings.limits.caller_requests;
        let checked = self.accounts.check_rate(network, &rate).await;
        checked.map_err(|error| limited(error, "caller"))
    }

    /// A credential was not accepted: that costs its network more than a request (GW-05).
    async fn charge_network(&self, network: Spender) {
        let rate = self.accounts.parts().settings.limits.caller_requests;
        self.accounts.charge_failure(network, &rate).await;
    }

    async fn failed(&self, error: Error, network: Spender) -> Problem {
        if error.kind() == Kind::Unauthenticated {
            self.charge_network(network).await;
        }
        bad_credential(error)
    }

    /// The client that presents this, if it may make this request; and what is left of its rate.
    async fn admit_client(
        &self,
        parts: &Parts,
        credential: &ClientCredential,
        (caller, network, target): (&Caller<S::Attrs>, Spender, Option<&RequestTarget>),
        id: &RequestId,
    ) -> Result<(LiveClient<S::Attrs>, Option<Allowance>), Problem> {
        self.check_network(network).await?;
        let request =
            AccessRequest { ip: caller.ip, origin: access::web_origin(&parts.headers)?, target };
        let origin = origin(caller, &parts.headers, id);
        let client = match self.accounts.authenticate_client(credential, &request, &origin).await {
            Ok(client) => client,
            Err(error) => return Err(self.failed(error, network).await),
        };
        if let Some(Counted(allowance)) = parts.extensions.get() {
            return Ok((client, *allowance));
        }
        if !client.is_authenticated() {
            // Anybody can name it: that does not make a network's rate another one (R-TH-05).
            self.take_request(network).await?;
        }
        let rate = self.accounts.rate_of(&client);
        let allowance = self.accounts.spend(Spender::Client(client.id), &rate).await;
        let allowance = allowance.map_err(|error| limited(error, "client"))?;
        Ok((client, Some(allowance)))
    }
}

/// A rate that is used up names itself.
fn limited(error: Error, name: &'static str) -> Problem {
    Problem::from(error).of_budget(Some(name))
}

/// A token that is not accepted says so in the challenge; a store that fails is another matter.
fn bad_credential(error: Error) -> Problem {
    match error.kind() {
        Kind::Unauthenticated => Problem::bad_credential(),
        Kind::Invalid
        | Kind::StepUp
        | Kind::SecondFactorRequired
        | Kind::InsufficientAuthentication
        | Kind::Forbidden
        | Kind::SignUpClosed
        | Kind::NotFound
        | Kind::Duplicate
        | Kind::Last
        | Kind::OtherInvited
        | Kind::Stale
        | Kind::Deleted
        | Kind::KeyReused
        | Kind::Throttled
        | Kind::Busy
        | Kind::Vetoed
        | Kind::Store
        | Kind::Internal => error.into(),
    }
}
