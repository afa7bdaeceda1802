use std::any::type_name;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use durward_core::{Attrs, Caller, ClientCaller, Error, Origin, Plain, UserCaller};

use crate::judge::{Judge, Present, proven_client};
use crate::problem::Problem;

/// Who asks, with or without a session: an extractor for handlers behind [`Authenticate`](crate::Authenticate).
///
/// `A` are the attributes of the application's store, [`Plain`] unless it has some of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentCaller<A: Attrs = Plain>(pub Caller<A>);

/// The user who asks; without a live session the request is answered `401`.
///
/// As `Option<CurrentUser>` it is `None` for a request without any credential. One with a bad credential never
/// comes this far.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentUser<A: Attrs = Plain>(pub UserCaller<A>);

/// The client that asks, if it proved its secret; else the request is answered `401`. A client that is only
/// named is [`Caller::client`] (R-CL-02).
///
/// As `Option<CurrentClient>` it is `None` for a request of no client that proved itself.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentClient<A: Attrs = Plain>(pub ClientCaller<A>);

/// Where the request came from, to hand to the flows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestOrigin(pub Origin);

impl<A: Attrs> Deref for CurrentCaller<A> {
    type Target = Caller<A>;
    fn deref(&self) -> &Caller<A> {
        &self.0
    }
}

impl<A: Attrs> Deref for CurrentUser<A> {
    type Target = UserCaller<A>;
    fn deref(&self) -> &UserCaller<A> {
        &self.0
    }
}

impl<A: Attrs> Deref for CurrentClient<A> {
    type Target = ClientCaller<A>;
    fn deref(&self) -> &ClientCaller<A> {
        &self.0
    }
}

impl Deref for RequestOrigin {
    type Target = Origin;
    fn deref(&self) -> &Origin {
        &self.0
    }
}

impl<A: Attrs, T: Sync> FromRequestParts<T> for CurrentCaller<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Self, Problem> {
        Ok(Self(caller::<A>(parts)?.clone()))
    }
}

impl<A: Attrs, T: Sync> FromRequestParts<T> for CurrentUser<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Self, Problem> {
        Ok(Self(caller::<A>(parts)?.user()?.clone()))
    }
}

impl<A: Attrs, T: Sync> OptionalFromRequestParts<T> for CurrentUser<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Option<Self>, Problem> {
        Ok(caller::<A>(parts)?.user.clone().map(Self))
    }
}

impl<A: Attrs, T: Sync> FromRequestParts<T> for CurrentClient<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Self, Problem> {
        Ok(Self(proven_client(caller::<A>(parts)?)?.clone()))
    }
}

impl<A: Attrs, T: Sync> OptionalFromRequestParts<T> for CurrentClient<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Option<Self>, Problem> {
        let client = proven_client(caller::<A>(parts)?);
        Ok(client.ok().cloned().map(Self))
    }
}

impl<T: Sync> FromRequestParts<T> for RequestOrigin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Self, Problem> {
        parts.extensions.get().cloned().map(Self).ok_or_else(|| no_layer::<Origin>("RequestOrigin"))
    }
}

pub(crate) fn caller<A: Attrs>(parts: &Parts) -> Result<&Caller<A>, Problem> {
    parts.extensions.get().ok_or_else(|| no_layer::<A>("a caller"))
}

pub(crate) fn judge<A: Attrs>(parts: &Parts) -> Result<Arc<dyn Judge<A>>, Problem> {
    let judge = parts.extensions.get::<Present<A>>().cloned();
    judge.map(|Present(judge)| judge).ok_or_else(|| no_layer::<A>("a judge"))
}

/// A mistake of the application, told to its developer.
fn no_layer<A>(wanted: &'static str) -> Problem {
    tracing::error!(
        wanted,
        attrs = type_name::<A>(),
        "cannot extract this: put the layer `durward_http::Http::authenticate()` around the route, with a store \
         of the same attributes"
    );
    Error::Internal("the authentication layer is missing").into()
}
