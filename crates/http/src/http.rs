use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::routing::MethodRouter;
use durward_core::{Accounts, Store};
use serde_json::Value;

use crate::edge::Edge;
use crate::error::Fault;
use crate::layer::Authenticate;
use crate::router;
use crate::settings::HttpSettings;

/// Accounts over HTTP: all that one application shows of them shares this, clones included.
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use durward_core::{Accounts, Store};
/// use durward_http::{CurrentUser, Http, HttpSettings};
///
/// async fn hello(user: CurrentUser) -> String {
///     format!("hello, {}", user.id)
/// }
///
/// fn app<S: Store>(accounts: Accounts<S>) -> Router {
///     let http = Http::new(accounts, HttpSettings::default());
///     http.mount(Router::new().route("/hello", get(hello))).fallback_service(http.not_found())
/// }
/// ```
pub struct Http<S: Store> {
    edge: Arc<Edge<S>>,
}

impl<S: Store> Http<S> {
    /// These accounts, shown in this way.
    pub fn new(accounts: Accounts<S>, settings: HttpSettings) -> Self {
        Self { edge: Arc::new(Edge::new(accounts, settings)) }
    }

    /// An application's own routes, authenticated, with the routes of the accounts beside them: its
    /// [`Router::layer`] is [`authenticate`](Self::authenticate), and [`router`](Self::router) is merged into it.
    pub fn mount<T: Clone + Send + Sync + 'static>(&self, app: Router<T>) -> Router<T> {
        // The layer wraps what is there already, and the routes of the accounts authenticate by themselves.
        app.layer(self.authenticate()).merge(self.router().with_state(()))
    }

    /// The layer that authenticates the requests of an application's own routes; see [`Authenticate`].
    pub fn authenticate(&self) -> Authenticate<S> {
        Authenticate::by(Arc::clone(&self.edge))
    }

    /// The routes of the accounts, to serve or nest: everything under `/v1` and `/forward-auth`, and
    /// `/.well-known/jwks.json`.
    ///
    /// They authenticate by themselves. Unknown paths under the two are answered with a [`Problem`](crate::Problem)
    /// too; for all others see [`not_found`](Self::not_found).
    pub fn router(&self) -> Router {
        router::router(&self.edge)
    }

    /// Answers every request with the problem `NOT_FOUND`: the fallback of a server whose other paths should fail as
    /// those of the accounts do.
    pub fn not_found(&self) -> MethodRouter {
        router::nothing(Arc::clone(&self.edge))
    }

    /// Answers every request with the problem `METHOD_NOT_ALLOWED`: for the paths of a server's own, by
    /// [`Router::method_not_allowed_fallback`], which adds `Allow`.
    pub fn method_not_allowed(&self) -> MethodRouter {
        router::refusing(Arc::clone(&self.edge), Fault::MethodNotAllowed)
    }

    /// The OpenAPI 3.1 document of the routes, with the attributes and roles of this store's application; it takes no
    /// accounts to write it down.
    ///
    /// It is the same, to the byte, for the same types and settings.
    pub fn openapi(settings: &HttpSettings) -> Value {
        router::openapi::<S>(settings)
    }
}

impl<S: Store> Clone for Http<S> {
    fn clone(&self) -> Self {
        Self { edge: Arc::clone(&self.edge) }
    }
}

impl<S: Store> fmt::Debug for Http<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}
