use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, Uri};
use durward_core::accounts::Idempotency;
use durward_core::authz::Denial;
use durward_core::{
    Accounts, Action, Attrs, Caller, ClientId, Enroller, Error, FreshUser, InvitationId,
    MembershipId, OrganizationId, Origin, RequestId, SessionId, SessionToken, Store, Target,
    UserId,
};

use crate::aim::Names;
use crate::body::{Received, json, json_or_nothing};
use crate::edge::{Edge, origin};
use crate::fields::Fields;
use crate::idempotency::idempotency;
use crate::problem::Problem;

/// A request that the policy lets through to its endpoint.
pub(crate) struct Call<S: Store> {
    pub(crate) edge: Arc<Edge<S>>,
    pub(crate) caller: Caller<S::Attrs>,
    /// What the path names.
    pub(crate) names: Names,
    /// What the policy was asked about.
    pub(crate) target: Target,
    /// The session token that came along; see [`Credentials`](crate::edge::Credentials).
    pub(crate) presented: Option<SessionToken>,
    pub(crate) id: RequestId,
    /// Whether the peer is a trusted proxy, whose word on the request counts (R-HT-03).
    pub(crate) trusted: bool,
    /// As the application's layer knew it.
    pub(crate) origin: Option<Origin>,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// The body, or what is wrong with it.
    pub(crate) body: Result<Bytes, Problem>,
}

impl<S: Store> Call<S> {
    pub(crate) fn accounts(&self) -> &Accounts<S> {
        &self.edge.accounts
    }

    /// Where the request came from; made only for those who ask.
    pub(crate) fn origin(&self) -> Origin {
        match &self.origin {
            Some(origin) => origin.clone(),
            None => origin(&self.caller, &self.headers, &self.id),
        }
    }

    /// Asks the policy for more than the rule of the route did; a refusal is written down as there (R-AZ-08).
    pub(crate) async fn may(&self, action: Action, target: Target) -> Result<(), Problem> {
        let Err(error) = self.caller.may(action, &target) else { return Ok(()) };
        let denial = Denial::of(&self.caller, action, &target);
        self.edge.note_denial(&denial, &self.origin()).await;
        Err(Problem::from(error).noted())
    }

    /// The user that the path names.
    pub(crate) fn user(&self) -> Result<UserId, Error> {
        let Target::User(id) = self.target else { return Err(unnamed("user")) };
        Ok(id)
    }

    /// The session that the path names, and whose it is.
    pub(crate) fn session(&self) -> Result<(SessionId, UserId), Error> {
        let Target::Session { id, user } = self.target else { return Err(unnamed("session")) };
        Ok((id, user))
    }

    /// The organization that the path names.
    pub(crate) fn organization(&self) -> Result<OrganizationId, Error> {
        let Target::Organization(standing) = self.target else {
            return Err(unnamed("organization"));
        };
        Ok(standing.organization)
    }

    /// The membership that the path names.
    pub(crate) fn membership(&self) -> Result<MembershipId, Error> {
        let Target::Membership { id, .. } = self.target else { return Err(unnamed("membership")) };
        Ok(id)
    }

    /// The invitation that the path names.
    pub(crate) fn invitation(&self) -> Result<InvitationId, Error> {
        let Target::Invitation { id, .. } = self.target else { return Err(unnamed("invitation")) };
        Ok(id)
    }

    /// The client that the path names.
    pub(crate) fn client(&self) -> Result<ClientId, Error> {
        let Target::Client { id, .. } = self.target else { return Err(unnamed("client")) };
        Ok(id)
    }

    /// What binds the `Idempotency-Key` of a `POST`, if it has one, to its path, its caller and its content.
    pub(crate) fn repeatable(&self, content: &[u8]) -> Result<Option<Idempotency>, Problem> {
        let route = format!("POST {}", self.uri.path());
        let who = (&self.caller, &self.origin());
        idempotency(self.accounts(), &self.headers, &route, who, content)
    }

    /// The user, if he authenticated a moment ago; what a dangerous flow asks for.
    pub(crate) fn fresh(&self) -> Result<FreshUser, Error> {
        self.accounts().fresh(&self.caller)
    }

    /// The same, also of somebody who must enrol a second factor first.
    pub(crate) fn enroller(&self) -> Result<Enroller, Error> {
        self.accounts().enroller(&self.caller)
    }

    /// Takes the body, which must be one JSON text.
    pub(crate) fn receive(&mut self) -> Result<Received, Problem> {
        let body = self.take_body();
        json(&self.headers, body)
    }

    /// Takes the members of the body, which must be a JSON object.
    pub(crate) fn fields(&mut self) -> Result<Fields, Problem> {
        Fields::of(self.receive()?.value)
    }

    /// Takes the body, which must be one JSON text, unless there is none.
    pub(crate) fn receive_or_nothing(&mut self) -> Result<Option<Received>, Problem> {
        let body = self.take_body();
        json_or_nothing(&self.headers, body)
    }

    fn take_body(&mut self) -> Result<Bytes, Problem> {
        std::mem::replace(&mut self.body, Ok(Bytes::new()))
    }

    /// Takes the members of the body, which must be a JSON object, unless there is none.
    pub(crate) fn fields_or_nothing(&mut self) -> Result<Option<Fields>, Problem> {
        let received = self.receive_or_nothing()?;
        received.map(|received| Fields::of(received.value)).transpose()
    }
}

/// A route asks for what its aim is not.
fn unnamed(noun: &'static str) -> Error {
    tracing::error!(noun, "a route asks for what its path does not name");
    Error::Internal("a route asks for what its path does not name")
}

/// Whom a request is from, as text: the user, or else the client that proved itself; `None` for nobody.
pub(crate) fn principal<A: Attrs>(caller: &Caller<A>) -> Option<String> {
    let client = caller.client.as_ref().filter(|client| client.authenticated);
    match caller.session_user() {
        Some(user) => Some(user.id.to_string()),
        None => client.map(|client| client.id.to_string()),
    }
}
