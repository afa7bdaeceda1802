//! P3, inside: checks of sessions and of clients by the router of the accounts, called in this process without
//! sockets, as an application that embeds them has it.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::{self, StatusCode};
use durward::budget::Rate;
use durward::http::{Http, HttpSettings};
use durward::mail::{Mail, MailError, Mailer};
use durward::sql::{Engine, SqlStore};
use durward::{Accounts, Essentials, KeyRing, LinkTarget, Plain, Sharing};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::baseline;
use super::clients::{Cost, Costs, RATE};
use super::stats::median;
use crate::args::Args;
use crate::random::Random;

/// How many ask at once, and how often each of them does in one slice. A slice takes some milliseconds, so that
/// whatever else the machine does meets all sides alike.
const CALLERS: u32 = 64;
const TURNS: u32 = 16;

/// `xtask in-process`: for `bench` only.
pub(crate) async fn command(mut args: Args) -> Result<()> {
    let database: String = args.value("--database")?.context("--database")?;
    let sessions: PathBuf = args.value("--sessions")?.context("--sessions")?;
    let clients: PathBuf = args.value("--clients")?.context("--clients")?;
    let time = Duration::from_secs(args.value("--seconds")?.unwrap_or(1));
    args.finish()?;
    let keys = env::var("DURWARD_KEYS").context("DURWARD_KEYS")?;
    let router = serving(&database, &keys).await?;
    let session = Side::new(router.clone(), &sessions, "/user/sessionId").await?;
    let client = Side::new(router, &clients, "/client/roles/0").await?;
    let bare = Side { router: baseline::caller_alone(&session.answer)?, ..session.clone() };
    // Spawned, as connections are: what is awaited here would be another thread's to do.
    let costs = tokio::spawn(measure([session, client, bare], time)).await??;
    println!("{}", serde_json::to_string(&costs)?);
    Ok(())
}

/// Measures the sides in turn, after the same for a moment, which is not counted.
async fn measure(mut sides: [Side; 3], time: Duration) -> Result<Costs> {
    let mut random = Random::seeded(Random::fresh_seed());
    take_turns(&mut sides, &mut random, time / 5).await?;
    for side in &mut sides {
        side.computed.clear();
        side.elapsed.clear();
    }
    take_turns(&mut sides, &mut random, time).await?;
    let [session, client, bare] = sides.each_ref().map(Side::cost);
    Ok(Costs { session: session?, client: client?, bare: bare? })
}

/// There and back, so that none is always behind the same one.
async fn take_turns(sides: &mut [Side; 3], random: &mut Random, time: Duration) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < time {
        for place in [0, 1, 2, 2, 1, 0] {
            sides[place].run_slice(random).await?;
        }
    }
    Ok(())
}

/// One of those that are measured in turn.
#[derive(Clone)]
struct Side {
    router: Router,
    requests: Vec<http::Request<()>>,
    /// The answer to the first request.
    answer: Bytes,
    /// What a request cost in every slice, in microseconds.
    computed: Vec<f64>,
    elapsed: Vec<f64>,
}

impl Side {
    /// Asks everything once, so that nothing is new to the router and its engine later; every answer must tell what
    /// is to be measured.
    async fn new(router: Router, requests: &Path, telling: &str) -> Result<Self> {
        let requests = requests_of(&fs::read_to_string(requests)?)?;
        let mut answer = Bytes::new();
        for request in requests.iter().rev() {
            let response = router.clone().oneshot(whole(request)).await?;
            let status = response.status();
            answer = to_bytes(response.into_body(), 64 * 1024).await?;
            let body: Value = serde_json::from_slice(&answer).unwrap_or_default();
            let told = status == StatusCode::OK && body.pointer(telling).is_some();
            ensure!(told, "answered {status}, without {telling}: {body}");
        }
        Ok(Self { router, requests, answer, computed: Vec::new(), elapsed: Vec::new() })
    }

    /// A slice of time: many at random, by several at once. The requests are there before it begins.
    async fn run_slice(&mut self, random: &mut Random) -> Result<()> {
        let mut next = || whole(&self.requests[random.below(self.requests.len())]);
        let hands: Vec<Vec<Request>> =
            (0..CALLERS).map(|_| (0..TURNS).map(|_| next()).collect()).collect();
        let mut running = JoinSet::new();
        let (started, before) = (Instant::now(), computed()?);
        for hand in hands {
            running.spawn(ask(self.router.clone(), hand));
        }
        while let Some(ended) = running.join_next().await {
            ended.context("a caller was given up")??;
        }
        let (after, elapsed) = (computed()?, started.elapsed());
        let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(CALLERS * TURNS);
        self.computed.push(each(after.saturating_sub(before)));
        self.elapsed.push(each(elapsed));
        Ok(())
    }

    fn cost(&self) -> Result<Cost> {
        let [computed, elapsed] = [&self.computed, &self.elapsed].map(|slices| median(slices));
        let (computed, elapsed) = computed.zip(elapsed).context("no slice")?;
        Ok(Cost { computed, elapsed })
    }
}

/// How long this process has computed, on all of its threads.
fn computed() -> Result<Duration> {
    Ok(clock_gettime(ClockId::ProcessCPUTime).try_into()?)
}

/// Asks one request after the other.
async fn ask(router: Router, requests: Vec<Request>) -> Result<()> {
    for request in requests {
        let status = router.clone().oneshot(request).await?.status();
        ensure!(status == StatusCode::OK, "answered {status}");
    }
    Ok(())
}

/// The heads of requests, one behind the other as they would travel, as a router takes them.
fn requests_of(heads: &str) -> Result<Vec<http::Request<()>>> {
    heads.split_terminator("\r\n\r\n").map(request_of).collect()
}

fn request_of(head: &str) -> Result<http::Request<()>> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, path) = words.next().zip(words.next()).context("a request without a path")?;
    // The load plays the proxy that the settings trust.
    let peer = ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 4000)));
    let mut request = http::Request::builder().method(method).uri(path).extension(peer);
    for line in lines {
        let (name, value) = line.split_once(": ").context("a field without a value")?;
        request = request.header(name, value);
    }
    Ok(request.body(())?)
}

fn whole(request: &http::Request<()>) -> Request {
    request.clone().map(|()| Body::empty())
}

/// The accounts of this database with the standard settings, but for the rate of networks, and the counting that the
/// server has as its standard on this engine.
async fn serving(database: &str, keys: &str) -> Result<Router> {
    let keys = KeyRing::parse(keys)?;
    if database.starts_with("sqlite:") {
        let store = SqlStore::<sqlx::Sqlite, Plain>::connect(database).await?;
        serving_by(store, keys, Sharing::Alone).await
    } else {
        let store = SqlStore::<sqlx::Postgres, Plain>::connect(database).await?;
        serving_by(store, keys, Sharing::Store).await
    }
}

async fn serving_by<E: Engine>(
    store: SqlStore<E, Plain>,
    keys: KeyRing,
    sharing: Sharing,
) -> Result<Router> {
    store.check_schema().await?;
    let links = |_: LinkTarget, code: &str| format!("http://127.0.0.1:4000/verify#{code}");
    let mut parts = Essentials { store, keys, links, mailer: NoMailer }.parts()?;
    parts.settings.limits.caller_requests = Rate::per(1_000_000, Duration::from_secs(1_000));
    parts.settings.limits.client_rate = RATE;
    parts.sharing = sharing;
    let settings =
        HttpSettings { trusted_proxies: vec!["127.0.0.1/32".parse()?], ..HttpSettings::default() };
    Ok(Http::new(Accounts::new(parts)?, settings).router())
}

/// Nothing is mailed here.
struct NoMailer;

#[async_trait]
impl Mailer for NoMailer {
    async fn send(&self, _: &Mail) -> Result<(), MailError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls;

    #[test]
    fn a_request_is_taken_as_it_would_travel() {
        let call = calls::caller("dw_st_x").from("10.1.2.3");
        let sent = String::from_utf8([call.to_bytes(), call.to_bytes()].concat()).unwrap();
        let requests = requests_of(&sent).unwrap();
        assert_eq!(requests.len(), 2);
        let request = &requests[1];
        assert_eq!((request.method().as_str(), request.uri().path()), ("GET", "/v1/caller"));
        assert_eq!(request.headers()["authorization"], "Bearer dw_st_x");
        assert_eq!(request.headers()["x-forwarded-for"], "10.1.2.3");
        assert!(requests_of("nonsense\r\n\r\n").is_err());
    }
}
