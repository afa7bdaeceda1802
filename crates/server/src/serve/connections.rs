//! The connections: how many, how slow, and how they end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use super::edge::{self, Edge, Framing};
use crate::config::Http;

/// What one caller, and all of them together, may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    connections: usize,
    header: Duration,
    request: Duration,
    shutdown: Duration,
}

impl Limits {
    pub(super) const fn of(http: &Http) -> Self {
        Self {
            connections: http.max_connections,
            header: http.header_timeout,
            request: http.request_timeout,
            shutdown: http.shutdown_timeout,
        }
    }

    /// Those of the metrics, which a few programs ask for again and again: a shutdown need not wait for them.
    pub(super) fn of_metrics(http: &Http) -> Self {
        let shutdown = http.shutdown_timeout.min(Duration::from_secs(1));
        Self { connections: 16, shutdown, ..Self::of(http) }
    }
}

/// A server that is ready to serve.
pub(super) struct Serving {
    /// Where connections come in.
    pub(super) listener: TcpListener,
    /// Who answers.
    pub(super) router: Router,
    /// What callers may take.
    pub(super) limits: Limits,
    /// What every answer carries.
    pub(super) edge: Edge,
}

impl Serving {
    /// Serves until `shutdown` is ready, and then until every request in flight has its answer or the time
    /// for that is over.
    ///
    /// A connection that is slow to send the head of a request is closed, also one that lies idle for as
    /// long. A request that takes too long altogether is answered 503. When too many connections are
    /// open, further ones wait in the queue of the system.
    pub(super) async fn until(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, router, limits, edge } = self;
        let places = Arc::new(Semaphore::new(limits.connections));
        let open = GracefulShutdown::new();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(limits.header).max_buf_size(MAX_HEAD);
        let mut shutdown = pin!(shutdown);
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await.ok();
                (accept(&listener).await, place)
            };
            let ((stream, peer), place) = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = next => accepted,
            };
            let router = router.clone();
            let service = service_fn(move |mut request: hyper::Request<Incoming>| {
                let framing = Framing::of(request.headers());
                let id = edge::identify(request.headers_mut());
                let answered = answer(router.clone(), request, peer, limits.request);
                async move {
                    let response = answered.await.unwrap_or_else(|| edge::too_slow(&id));
                    Ok::<_, Infallible>(edge.finish(response, framing, &id))
                }
            });
            let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::trace!(timeout = error.is_timeout(), "a connection broke off");
                }
                drop(place);
            });
        }
        drop(listener);
        if timeout(limits.shutdown, open.shutdown()).await.is_err() {
            tracing::warn!("requests in flight took too long and were given up");
        }
    }
}

/// Room for the head of a request; a body is read as it comes.
const MAX_HEAD: usize = 64 * 1024;

/// The next connection. When the system has no more to give, it waits a moment instead of failing.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // An answer is one small write: waiting for more of it helps nobody.
                let _best_effort = stream.set_nodelay(true);
                return (stream, peer);
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                sleep(PAUSE).await;
            }
        }
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

/// The answer to a request, if it comes in time.
async fn answer(
    router: Router,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
    patience: Duration,
) -> Option<Response> {
    let mut request: Request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    match timeout(patience, router.oneshot(request)).await {
        Ok(Ok(response)) => Some(response),
        Err(_elapsed) => None,
    }
}
