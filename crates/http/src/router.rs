//! Hangs the routes of the table into a router.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use durward_core::{Kind, RequestId, Store};
use serde_json::Value;

use crate::edge::{Edge, Rule, finish, serve_refusal};
use crate::error::Fault;
use crate::forward_auth::ENVOY;
use crate::metrics::{OTHER, RouteMetrics};
use crate::openapi::{Described, document};
use crate::problem::Problem;
use crate::routes::{Route, Verb, table};
use crate::settings::HttpSettings;

/// See [`Http::router`](crate::Http::router).
pub(crate) fn router<S: Store>(edge: &Arc<Edge<S>>) -> Router {
    let table = table::<S>();
    let mut paths: Vec<(&'static str, Vec<Route<S>>)> = Vec::new();
    for route in table {
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, routes)) => routes.push(route),
            None => paths.push((route.path, vec![route])),
        }
    }
    let mut router = Router::new();
    for (path, routes) in paths {
        let resource = resource(path, routes, edge);
        if path == ENVOY {
            for behind in ["/", "/{*path}"] {
                router = router.route(&format!("{ENVOY}{behind}"), resource.clone());
            }
        }
        router = router.route(path, resource);
    }
    for path in ["/v1", "/v1/", "/v1/{*rest}", "/forward-auth/{*rest}"] {
        router = router.route(path, nothing(Arc::clone(edge)));
    }
    router
}

/// The answer to a request that its server gives up, since it took longer than requests may take: the problem
/// `TOO_SLOW`.
pub fn too_slow(settings: &HttpSettings, id: &RequestId) -> Response {
    /// What made one request slow has passed by then, as a rule.
    const PAUSE: Duration = Duration::from_secs(5);
    let problem = Problem::new(Fault::TooSlow).retry_after(PAUSE);
    finish(problem.render(Some(id), &settings.error_page), id)
}

/// See [`Http::openapi`](crate::Http::openapi).
pub(crate) fn openapi<S: Store>(settings: &HttpSettings) -> Value {
    let table = table::<S>();
    let rules: Vec<Rule> = table.iter().map(Route::rule).collect();
    let routes = rules.iter().zip(&table);
    document(routes.map(|(rule, route)| Described { rule, operation: &route.operation }), settings)
}

/// Everything that one path answers; a method that the table does not have is `405`, `TRACE` and `OPTIONS`
/// included (R-HT-02).
fn resource<S: Store>(
    path: &'static str,
    routes: Vec<Route<S>>,
    edge: &Arc<Edge<S>>,
) -> MethodRouter {
    let verbs: Vec<Verb> = routes.iter().map(|route| route.verb).collect();
    let problem = Problem::new(Fault::MethodNotAllowed).allow(&allow(&verbs));
    let (refusing, metrics) = (Arc::clone(edge), refusals_at(path));
    let mut methods = MethodRouter::new();
    for route in routes {
        let rule = route.rule();
        methods = (route.endpoint)(methods, route.verb.filter(), Arc::clone(edge), rule);
    }
    methods.fallback(move |request: Request| {
        let response = serve_refusal(&refusing, (path, &metrics), &problem, &request);
        async move { response }
    })
}

/// See [`Http::not_found`](crate::Http::not_found).
pub(crate) fn nothing<S: Store>(edge: Arc<Edge<S>>) -> MethodRouter {
    refusing(edge, Fault::Flow(Kind::NotFound))
}

/// Answers every request with this fault.
pub(crate) fn refusing<S: Store>(edge: Arc<Edge<S>>, fault: Fault) -> MethodRouter {
    let metrics = refusals_at("");
    any(move |request: Request| {
        let problem = Problem::new(fault);
        let response = serve_refusal(&edge, ("", &metrics), &problem, &request);
        async move { response }
    })
}

/// What is counted of requests that no endpoint at this path serves.
fn refusals_at(path: &'static str) -> Arc<RouteMetrics> {
    Arc::new(RouteMetrics::of(path, OTHER))
}

/// The `Allow` field of a path that has these methods; whoever answers `GET` answers `HEAD`.
fn allow(verbs: &[Verb]) -> String {
    let names = verbs.iter().flat_map(|verb| match verb {
        Verb::Get => &["GET", "HEAD"][..],
        Verb::Post => &["POST"],
        Verb::Patch => &["PATCH"],
        Verb::Delete => &["DELETE"],
        Verb::Every => &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    });
    names.copied().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::path::Path;

    use super::*;
    use durward_store_memory::MemoryStore;

    /// `UPDATE=1` writes it anew; read the difference.
    #[test]
    fn the_rules_of_the_routes_are_the_reviewed_table() {
        // R-AZ-01, R-AZ-02
        let mut text = String::from(
            "route                                                               action                aim               token     budget\n",
        );
        for route in table::<MemoryStore>() {
            let Rule { method, path, action, aim, credentials, budget } = route.rule();
            let budget = budget.map_or_else(|| "-".to_owned(), |budget| format!("{budget:?}"));
            let (route, action) = (format!("{method} {path}"), format!("{action:?}"));
            let (aim, token) = (format!("{aim:?}"), format!("{credentials:?}"));
            writeln!(text, "{route:68}{action:22}{aim:18}{token:10}{budget}").unwrap();
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/routes.golden.txt");
        if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(text, std::fs::read_to_string(&path).unwrap_or_default());
    }
}
