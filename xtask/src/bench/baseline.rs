//! What the server is measured against, each in a process of its own on the server's core: a bare handler, a
//! bare handler with one read, a loop of commits, a loop of hashes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use data_encoding::HEXLOWER;
use durward_passwords::{BareArgon2, Cost};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::pool::Pool;
use crate::args::Args;
use crate::random::Random;

/// How many rows the bare read has to choose from.
pub(super) const POINTS: u64 = 10_000;

/// `xtask baseline`: for `bench` only.
pub(crate) async fn command(mut args: Args) -> Result<()> {
    let database: Option<String> = args.value("--database")?;
    let seconds = args.value("--seconds")?.unwrap_or(1);
    let time = Duration::from_secs(seconds);
    if args.flag("http") {
        let sample: PathBuf = args.value("--sample")?.context("--sample")?;
        let database = database.context("--database")?;
        args.finish()?;
        return serve(checks(&std::fs::read(sample)?, &database).await?).await;
    }
    if args.flag("served-commits") {
        args.finish()?;
        let pool = Pool::open(&database.context("--database")?, 16).await?;
        pool.make_commits().await?;
        return serve(Router::new().route("/commit", get(commit)).with_state(pool)).await;
    }
    if args.flag("commits") {
        let callers = args.value("--callers")?.unwrap_or(1);
        args.finish()?;
        println!("{}", commits(&database.context("--database")?, callers, time).await?);
        return Ok(());
    }
    if args.flag("hashes") {
        args.finish()?;
        println!("{}", hashes(time)?);
        return Ok(());
    }
    bail!("a baseline is http, commits, served-commits or hashes")
}

/// The answer of `GET /v1/caller`; one that has another form is refused, so that both sides say the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CallerView {
    client: Option<()>,
    ip: Option<String>,
    user: Option<UserView>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserView {
    id: String,
    session_id: String,
    roles: Vec<String>,
    scopes: Option<Vec<String>>,
    methods: Vec<String>,
    authenticated_at: String,
}

struct Bare {
    view: CallerView,
    pool: Pool,
}

/// The key of a row; both processes know it by its number.
pub(super) fn key(number: u64) -> [u8; 32] {
    Random::seeded(number).bytes()
}

/// `/v1/caller` out of nothing and `/point` out of one read.
async fn checks(sample: &[u8], database: &str) -> Result<Router> {
    let view = view_of(sample)?;
    let user = view.user.clone().context("the sample has no user")?;
    let pool = Pool::open(database, 16).await?;
    pool.fill_points(POINTS, [&user.id, &user.session_id, &user.authenticated_at]).await?;
    let bare = Arc::new(Bare { view, pool });
    Ok(caller_alone(sample)?.merge(Router::new().route("/point", get(point)).with_state(bare)))
}

/// `/v1/caller` out of nothing.
pub(super) fn caller_alone(sample: &[u8]) -> Result<Router> {
    let view = Arc::new(view_of(sample)?);
    Ok(Router::new().route("/v1/caller", get(caller)).with_state(view))
}

fn view_of(sample: &[u8]) -> Result<CallerView> {
    serde_json::from_slice(sample).context("GET /v1/caller has another form than this bench")
}

/// Serves until killed. Connections have the settings that the server gives them.
async fn serve(router: Router) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(30))
        .max_buf_size(64 * 1024);
    loop {
        let (stream, _peer): (_, SocketAddr) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let router = router.clone();
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let request: Request = request.map(Body::new);
            router.clone().oneshot(request)
        });
        let connection = http.serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            // The load generator hangs up when it has enough.
            let _hung_up = connection.await;
        });
    }
}

async fn caller(State(view): State<Arc<CallerView>>) -> Response {
    json(&view)
}

async fn point(State(bare): State<Arc<Bare>>, headers: HeaderMap) -> Response {
    let key = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| HEXLOWER.decode(value.as_bytes().strip_prefix(b"Bearer ")?).ok());
    let Some(key) = key else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    match bare.pool.point(&key).await {
        Ok(Some([id, session_id, authenticated_at])) => {
            let known = bare.view.user.clone();
            let user = known.map(|user| UserView { id, session_id, authenticated_at, ..user });
            json(&CallerView { user, ..bare.view.clone() })
        }
        Ok(None) => StatusCode::UNAUTHORIZED.into_response(),
        Err(_broken) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn commit(State(pool): State<Pool>) -> StatusCode {
    let mut random = Random::seeded(Random::fresh_seed());
    match pool.commit(&random.bytes::<16>()).await {
        Ok(()) => StatusCode::OK,
        Err(_broken) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn json(view: &CallerView) -> Response {
    match serde_json::to_vec(view) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_unwritable) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Durable commits per second of the smallest transaction, by this many callers at once.
async fn commits(database: &str, callers: u32, time: Duration) -> Result<f64> {
    let pool = Pool::open(database, callers.max(2)).await?;
    pool.make_commits().await?;
    let mut running = JoinSet::new();
    let started = Instant::now();
    for _ in 0..callers {
        let pool = pool.clone();
        running.spawn(async move {
            let mut random = Random::seeded(Random::fresh_seed());
            let mut count = 0_u32;
            while started.elapsed() < time {
                pool.commit(&random.bytes::<16>()).await?;
                count += 1;
            }
            Ok::<u32, anyhow::Error>(count)
        });
    }
    let mut count = 0.0;
    while let Some(ended) = running.join_next().await {
        count += f64::from(ended.context("a caller was given up")??);
    }
    Ok(count / started.elapsed().as_secs_f64())
}

/// Argon2id hashes per second with the parameters of the server, in memory that is kept.
fn hashes(time: Duration) -> Result<f64> {
    let refused = |error| anyhow!("{error}");
    let mut hash = BareArgon2::new(Cost::MINIMUM).map_err(refused)?;
    hash.run().map_err(refused)?;
    let started = Instant::now();
    let mut count = 0.0;
    while started.elapsed() < time {
        std::hint::black_box(hash.run().map_err(refused)?);
        count += 1.0;
    }
    Ok(count / started.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rows_are_found_and_commits_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("bare.db").display());
        let pool = Pool::open(&url, 2).await.unwrap();
        pool.fill_points(10, ["usr", "ses", "2026"]).await.unwrap();
        pool.fill_points(10, ["usr", "ses", "2026"]).await.unwrap();
        let found = pool.point(&key(9)).await.unwrap().unwrap();
        assert_eq!(found, ["usr", "ses", "2026"]);
        assert!(pool.point(&key(10)).await.unwrap().is_none());
        let rate = commits(&url, 2, Duration::from_millis(50)).await.unwrap();
        assert!(rate > 1.0, "{rate}");
    }
}
