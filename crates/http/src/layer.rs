use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::Response;
use durward_core::{Caller, RequestId, Store};
use tower::{Layer, Service};

use crate::access::whole_path;
use crate::edge::{Credentials, Edge, origin, write_id};
use crate::forward_auth::Proxy;
use crate::headers::X_REQUEST_ID;
use crate::identify::{Counted, Demand, Identity};
use crate::judge::Present;
use crate::problem::{Problem, write_allowance};
use crate::settings::HttpSettings;

/// Authenticates the requests of an application's own routes: a [`tower::Layer`], of
/// [`Http::authenticate`](crate::Http::authenticate).
///
/// It puts the [`Caller`] and the [`Origin`](durward_core::Origin) into each request, where
/// the extractors of this crate find them. A request without a credential passes as anonymous; a credential
/// that is malformed or not accepted is answered `401` and never reaches the application (GW-09).
///
/// The caller is judged when the head of a request is there, and the application reads the body afterwards: whoever is slow
/// to send it may have lost his session by then. Flows that take a [`FreshUser`](durward_core::FreshUser) ask again.
///
/// `Router::layer` wraps the routes that are there already: add this layer first and merge the
/// routes of the accounts afterwards, since those authenticate by themselves, or let
/// [`Http::mount`](crate::Http::mount) do both.
pub struct Authenticate<S: Store> {
    edge: Arc<Edge<S>>,
    judge: Present<S::Attrs>,
}

impl<S: Store> Authenticate<S> {
    pub(crate) fn by(edge: Arc<Edge<S>>) -> Self {
        let judge = Present(Arc::new(edge.accounts.clone()));
        Self { edge, judge }
    }
}

/// The service that [`Authenticate`] makes of another one.
pub struct Authenticated<S: Store, T> {
    edge: Arc<Edge<S>>,
    judge: Present<S::Attrs>,
    inner: T,
}

impl<S: Store> Clone for Authenticate<S> {
    fn clone(&self) -> Self {
        Self { edge: Arc::clone(&self.edge), judge: self.judge.clone() }
    }
}

impl<S: Store, T: Clone> Clone for Authenticated<S, T> {
    fn clone(&self) -> Self {
        Self { edge: Arc::clone(&self.edge), judge: self.judge.clone(), inner: self.inner.clone() }
    }
}

impl<S: Store> fmt::Debug for Authenticate<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticate").finish_non_exhaustive()
    }
}

impl<S: Store, T> fmt::Debug for Authenticated<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated").finish_non_exhaustive()
    }
}

impl<S: Store, T> Layer<T> for Authenticate<S> {
    type Service = Authenticated<S, T>;

    fn layer(&self, inner: T) -> Self::Service {
        Authenticated { edge: Arc::clone(&self.edge), judge: self.judge.clone(), inner }
    }
}

impl<S, T> Service<Request> for Authenticated<S, T>
where
    S: Store,
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
        let (edge, judge) = (Arc::clone(&self.edge), self.judge.clone());
        // The service that was polled ready is the one to call.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let id = edge.request_id(request.headers());
            match admit(&edge, judge, request, &id).await {
                Ok(request) => {
                    let allowance = Counted::allowance_of(request.extensions());
                    let mut response = completed(&edge, inner.call(request).await?, &id);
                    if let Some(allowance) = allowance {
                        write_allowance(response.headers_mut(), &allowance);
                    }
                    Ok(response)
                }
                Err(problem) => Ok(edge.refuse(&problem, &id)),
            }
        })
    }
}

async fn admit<S: Store>(
    edge: &Edge<S>,
    judge: Present<S::Attrs>,
    request: Request,
    id: &RequestId,
) -> Result<Request, Problem> {
    if request.extensions().get::<Caller<S::Attrs>>().is_some() {
        // The same layer further outside has done it.
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let HttpSettings { identity, mounted_at, .. } = &edge.settings;
    if identity.is_some() && Proxy::asks_at(whole_path(&parts), mounted_at) {
        // What it is for stands elsewhere than in its path: the router identifies it by itself.
        write_id(&mut parts.headers, id);
        return Ok(Request::from_parts(parts, body));
    }
    let demand = Demand { credentials: Credentials::Checked, user: true, proxy: None };
    let Identity { caller, allowance, presented: _ } = edge.identify(&parts, demand, id).await?;
    let origin = origin(&caller, &parts.headers, id);
    // So that a router further inside takes the same id.
    write_id(&mut parts.headers, id);
    parts.extensions.insert(origin);
    parts.extensions.insert(judge);
    parts.extensions.insert(caller);
    parts.extensions.insert(Counted(allowance));
    Ok(Request::from_parts(parts, body))
}

/// The application's answer with the id; a problem that does not know its request is told again.
fn completed<S: Store>(edge: &Edge<S>, mut response: Response, id: &RequestId) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return edge.refuse(&problem, id);
    }
    if !response.headers().contains_key(&X_REQUEST_ID) {
        write_id(response.headers_mut(), id);
    }
    response
}
