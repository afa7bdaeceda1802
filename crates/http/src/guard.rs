use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use durward_core::attrs::OrganizationRole;
use durward_core::{Attrs, Plain};
use tower::{Layer, Service};

use crate::extract::{caller, judge};
use crate::judge::{client_with, permitted, proven_client, user_with};
use crate::problem::Problem;

/// What a route of an application asks of its caller; behind [`Authenticate`](crate::Authenticate).
///
/// Each can only refuse: of several in a row all must be fulfilled. A handler of its own asks the same by an extractor:
/// [`Fresh`](crate::Fresh), [`HasRole`](crate::HasRole), [`HasClientRole`](crate::HasClientRole) and
/// [`Member`](crate::Member).
#[derive(Clone, Debug, PartialEq)]
pub enum Guard<A: Attrs = Plain> {
    /// A user, by his session.
    User,
    /// A user who authenticated no longer ago than
    /// [`Settings::freshness`](durward_core::Settings::freshness) allows; else `STEP_UP_REQUIRED` (R-MF-04).
    Fresh,
    /// A client that proved its secret (R-CL-02).
    Client,
    /// A user with this role, by his session.
    UserRole(A::UserRole),
    /// A client with this role.
    ClientRole(A::ClientRole),
    /// Somebody whose role in an organization allows this, by his session or his personal key. Others are told
    /// that there is no such organization (R-AZ-03); one that is archived allows nothing, and one that asks for a stronger
    /// authentication answers `INSUFFICIENT_AUTHENTICATION` (R-MF-01).
    Permission {
        /// The parameter of the path that names the organization.
        parameter: &'static str,
        /// What it must allow.
        permission: <A::OrganizationRole as OrganizationRole>::Permission,
    },
}

/// Guards the routes of an application: a [`tower::Layer`], to be put inside of
/// [`Authenticate`](crate::Authenticate), by `route_layer` where the guard reads a path.
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use durward_core::{Accounts, Plain, Store, StandardPermission};
/// use durward_http::{Guard, Http, HttpSettings, require};
///
/// fn app<S: Store<Attrs = Plain>>(accounts: Accounts<S>) -> Router {
///     let permission = StandardPermission::Edit;
///     let edits: Guard = Guard::Permission { parameter: "org", permission };
///     let own = Router::new()
///         .route("/{org}/budget", get(|| async { "42" }))
///         .route_layer(require(edits));
///     Http::new(accounts, HttpSettings::default()).mount(own)
/// }
/// ```
pub const fn require<A: Attrs>(guard: Guard<A>) -> Require<A> {
    Require { guard }
}

/// The layer that [`require`] makes.
pub struct Require<A: Attrs> {
    guard: Guard<A>,
}

/// The service that [`Require`] makes of another one.
pub struct Guarded<A: Attrs, T> {
    require: Require<A>,
    inner: T,
}

impl<A: Attrs> Require<A> {
    async fn check(&self, parts: &mut Parts) -> Result<(), Problem> {
        let caller = caller::<A>(parts)?.clone();
        match &self.guard {
            Guard::User => caller.user().map(drop)?,
            Guard::Fresh => judge::<A>(parts)?.fresh(&caller).map(drop)?,
            Guard::Client => proven_client(&caller).map(drop)?,
            Guard::UserRole(role) => user_with(&caller, role).map(drop)?,
            Guard::ClientRole(role) => client_with(&caller, role).map(drop)?,
            Guard::Permission { parameter, permission } => {
                let judge = judge::<A>(parts)?;
                permitted(&*judge, parts, &caller, (parameter, *permission)).await?;
            }
        }
        Ok(())
    }
}

impl<A: Attrs> Clone for Require<A> {
    fn clone(&self) -> Self {
        Self { guard: self.guard.clone() }
    }
}

impl<A: Attrs, T: Clone> Clone for Guarded<A, T> {
    fn clone(&self) -> Self {
        Self { require: self.require.clone(), inner: self.inner.clone() }
    }
}

impl<A: Attrs> fmt::Debug for Require<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Require").field("guard", &self.guard).finish()
    }
}

impl<A: Attrs, T> fmt::Debug for Guarded<A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("require", &self.require).finish_non_exhaustive()
    }
}

impl<A: Attrs, T> Layer<T> for Require<A> {
    type Service = Guarded<A, T>;

    fn layer(&self, inner: T) -> Self::Service {
        Guarded { require: self.clone(), inner }
    }
}

impl<A, T> Service<Request> for Guarded<A, T>
where
    A: Attrs,
    T: Service<Request, Response = Response> + Clone + Send + 'static,
    T::Future: Send,
{
    type Response = Response;
    type Error = T::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, T::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let require = self.require.clone();
        // The service that was polled ready is the one to call.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match require.check(&mut parts).await {
                Ok(()) => inner.call(Request::from_parts(parts, body)).await,
                Err(problem) => Ok(problem.into_response()),
            }
        })
    }
}
