//! `durward serve`: puts the parts together and runs them until it is told to stop.

mod connections;
mod edge;
mod health;
mod metrics;
mod nodes;
mod shutdown;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use axum::Router;
use durward::accounts::IssuedBootstrap;
use durward::http::{Http, HttpSettings, IdentitySettings};
use durward::mail::worker;
use durward::passwords::{PasswordPool, RangeClient};
use durward::sql::{Engine, SqlStore};
use durward::{
    Accounts, Behavior, BreachCheck, KeyRing, Mailer, Parts, Plain, Sharing, SystemClock,
    SystemEntropy, upkeep,
};
use futures_util::FutureExt;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::admin_link;
use crate::cli;
use crate::config::{self, Breaches, Config, DatabaseUrl, Mode, PageUrl, Production};
use crate::database::{self, Connect, for_engine};
use crate::dev;
use crate::failure::Failure;
use crate::links::ServerLinks;
use crate::logs;
use crate::output::Output;
use crate::pages;

use self::metrics::Metrics;
use connections::{Limits, Serving};
use edge::Edge;
use health::Health;
use shutdown::Shutdown;

/// How long the database may take to close.
const CLOSING: Duration = Duration::from_secs(5);

/// Everything that was decided before anything was opened.
struct Plan {
    config: Config,
    database: DatabaseUrl,
    keys: KeyRing,
    /// Where people reach the server; without one, where it listens.
    public_url: Option<PageUrl>,
    delivery: Delivery,
    mode: Mode,
    migrate: bool,
    output: Output,
}

/// Where connections come in.
struct Listeners {
    interface: TcpListener,
    metrics: Option<Metrics>,
}

/// Where mails go.
enum Delivery {
    Mailer(Arc<dyn Mailer>),
    Mailbox(dev::Mailbox),
}

/// Runs the server until the process is told to stop.
pub(crate) async fn run(
    command: &cli::Serve,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let mode = if command.development.dev { Mode::Development } else { Mode::Production };
    let loaded = config::load(common.sources(command.settings()), mode);
    logs::begin(loaded.config.log)?;
    let mut plan = match mode {
        Mode::Development => develop(dev::Place::open(loaded, &command.development.data)?, output)?,
        Mode::Production => produce(Production::check(loaded)?, command.migrate, output),
    };
    let shutdown = Shutdown::on_signals()?;
    // First of all: a server that cannot listen must not touch the database.
    let listener = listen(plan.config.listen, "--listen").await?;
    plan.config.listen = listener.local_addr().context("the listener has no address")?;
    let metrics = match plan.config.metrics_listen {
        Some(address) => Some(Metrics::begin(address).await?),
        None => None,
    };
    let listeners = Listeners { interface: listener, metrics };
    for_engine!(plan.database.engine, E => Box::pin(serve::<E>(plan, listeners, shutdown)).await)
}

fn produce((config, needed): (Config, Production), migrate: bool, output: Output) -> Plan {
    let Production { database, keys, public_url, mailer } = needed;
    Plan {
        config,
        database,
        keys,
        public_url: Some(public_url),
        delivery: Delivery::Mailer(Arc::new(mailer)),
        mode: Mode::Production,
        migrate,
        output,
    }
}

fn develop(place: dev::Place, output: Output) -> Result<Plan, Failure> {
    let delivery = Delivery::Mailbox(place.mailbox()?);
    let dev::Place { config, database, keys, .. } = place;
    let public_url = config.public_url.clone();
    let (mode, migrate) = (Mode::Development, true);
    Ok(Plan { config, database, keys, public_url, delivery, mode, migrate, output })
}

async fn listen(address: SocketAddr, flag: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let kind = error.kind();
        let advice = if kind == ErrorKind::AddrInUse {
            "another program listens there; stop it, or choose another address"
        } else if kind == ErrorKind::PermissionDenied {
            "ports below 1024 need a privilege; choose another one"
        } else {
            "choose an address of this machine"
        };
        let reason = config::reason(&error);
        anyhow!("cannot listen on {address}: {reason}; {advice} with {flag}").into()
    })
}

async fn serve<E: Connect>(
    plan: Plan,
    listeners: Listeners,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let store = tokio::select! {
        opened = open::<E>(&plan) => opened?,
        () = shutdown.begun() => return Ok(()),
    };
    let Plan { config, database, keys, public_url, delivery, mode, output, .. } = plan;
    let sharing = nodes::sharing(&config, database.engine, mode)?;
    let node = match &config.node {
        Some(name) => name.clone(),
        None => nodes::standard_name(config.listen)?,
    };
    let base = public_url.as_ref().map_or_else(
        || format!("http://{}", config.listen),
        |public_url| public_url.as_str().to_owned(),
    );
    let mailer: Arc<dyn Mailer> = match &delivery {
        Delivery::Mailer(mailer) => Arc::clone(mailer),
        Delivery::Mailbox(mailbox) => Arc::new(mailbox.clone()),
    };
    let parts = parts(&store, &config, Arc::new(keys), &base, mailer)?;
    let accounts =
        Accounts::new(Parts { sharing, ..parts }).context("the accounts cannot begin")?;
    tokio::select! {
        joined = nodes::join(&accounts, &node) => joined?,
        () = shutdown.begun() => return Ok(()),
    }
    let router = router(&accounts, &store, &config, &base, &delivery);
    if let Delivery::Mailbox(_) = &delivery {
        let administrator = admin_link::for_development(&accounts).await?;
        greet(&base, administrator.as_ref(), output);
    } else if cfg!(debug_assertions) {
        tracing::warn!("this is a debug build: slow, and not meant for production");
    }
    tracing::info!(address = %config.listen, "serving");

    // Mails are delivered, upkeep goes on, and metrics are told, until the last request has its answer.
    let (drained, stop) = oneshot::channel::<()>();
    let stopped = stop.map(drop).shared();
    let delivering = tokio::spawn(worker::run(accounts.clone(), pace(&delivery), stopped.clone()));
    let keeping =
        tokio::spawn(upkeep::run(accounts.clone(), upkeep::Options::default(), stopped.clone()));
    let Listeners { interface: listener, metrics } = listeners;
    let measuring =
        metrics.map(|it| tokio::spawn(it.until(Limits::of_metrics(&config.http), stopped)));
    let edge = Edge { is_https: base.starts_with("https:") };
    let limits = Limits::of(&config.http);
    Serving { listener, router, limits, edge }.until(shutdown.begun()).await;
    drop(drained);
    if let Err(error) = delivering.await {
        tracing::error!(%error, "the delivery of mails ended badly");
    }
    if let Err(error) = keeping.await {
        tracing::error!(%error, "upkeep ended badly");
    }
    if let Some(measuring) = measuring
        && let Err(error) = measuring.await
    {
        tracing::error!(%error, "the listener of the metrics ended badly");
    }
    if let Err(error) = accounts.leave_nodes().await {
        tracing::warn!(%error, "the registration of this node could not be ended, and expires");
    }
    // A request that was given up may hold a connection that does not come back.
    if timeout(CLOSING, store.close()).await.is_err() {
        tracing::warn!("the database did not close in time");
    }
    tracing::info!("stopped");
    Ok(())
}

/// A developer waits for each mail.
fn pace(delivery: &Delivery) -> worker::Options {
    let standard = worker::Options::default();
    match delivery {
        Delivery::Mailer(_) => standard,
        Delivery::Mailbox(_) => {
            worker::Options { poll_interval: Duration::from_millis(200), ..standard }
        }
    }
}

/// Opens the database and sees to its schema.
async fn open<E: Connect>(plan: &Plan) -> Result<SqlStore<E, Plain>, Failure> {
    let store = database::open::<E>(&plan.database, &plan.config.database).await?;
    let usable = if plan.migrate { store.migrate().await } else { store.check_schema().await };
    database::usable(usable).map_err(database::schema_failure)?;
    Ok(store)
}

/// The parts of the accounts, for one node that is alone.
pub(crate) fn parts<E: Engine>(
    store: &SqlStore<E, Plain>,
    config: &Config,
    keys: Arc<KeyRing>,
    base: &str,
    mailer: Arc<dyn Mailer>,
) -> Result<Parts<SqlStore<E, Plain>>, Failure> {
    let entropy = Arc::new(SystemEntropy);
    let pool = PasswordPool::start(Arc::clone(&keys), entropy.clone(), config.passwords)
        .context("password hashing cannot begin")?;
    Ok(Parts {
        store: store.clone(),
        clock: Arc::new(SystemClock),
        entropy,
        keys,
        passwords: Arc::new(pool),
        breaches: breaches(&config.breaches)?,
        links: Arc::new(ServerLinks::new(base, &config.links)),
        mailer,
        behavior: Behavior { steps: config.second_factor.rule(), ..Behavior::default() },
        hooks: Vec::new(),
        settings: config.accounts.clone(),
        sharing: Sharing::default(),
    })
}

/// Who is asked about breached passwords, if somebody is.
fn breaches(config: &Breaches) -> Result<Option<BreachCheck>, Failure> {
    let Some(url) = &config.url else { return Ok(None) };
    let client = RangeClient::new(url, config.timeout)
        .context("the service of breached passwords cannot be asked")?;
    Ok(Some(BreachCheck { passwords: Arc::new(client), at_login: config.at_login }))
}

fn router<E: Engine>(
    accounts: &Accounts<SqlStore<E, Plain>>,
    store: &SqlStore<E, Plain>,
    config: &Config,
    base: &str,
    delivery: &Delivery,
) -> Router {
    let mounted_at = config.public_url.as_ref().map_or("/", PageUrl::path);
    let audiences = config.identity.audiences.iter();
    let identity = IdentitySettings {
        issuer: base.into(),
        audiences: audiences.map(|name| name.as_str().into()).collect(),
    };
    let settings = HttpSettings {
        identity: Some(identity),
        trusted_proxies: config.http.trusted_proxies.clone(),
        mounted_at: mounted_at.into(),
        ..HttpSettings::default()
    };
    let http = Http::new(accounts.clone(), settings);
    let mut router = http
        .router()
        .fallback_service(http.not_found())
        .merge(Health::new(accounts.clone(), store.clone()).router())
        .merge(pages::verification())
        .merge(pages::invitation())
        .merge(pages::bootstrap());
    if config.http.docs {
        router = router.merge(pages::explorer());
    }
    if let Delivery::Mailbox(mailbox) = delivery {
        router = router.merge(dev::router(mailbox.clone()));
    }
    // Of those routes that are there by now.
    router.method_not_allowed_fallback(http.method_not_allowed())
}

/// Tells a developer where things are.
fn greet(base: &str, administrator: Option<&IssuedBootstrap>, output: Output) {
    let administrator = administrator.map(|issued| issued.link.expose().as_str());
    let links = json!({
        "api": format!("{base}/v1"),
        "docs": format!("{base}/docs"),
        "openapi": format!("{base}/v1/openapi.json"),
        "mail": format!("{base}/dev/mail"),
        "administrator": administrator,
    });
    let first = administrator.map_or_else(String::new, |link| {
        format!("\n  Nobody administers yet. Whoever opens this link does, once:\n  {link}\n")
    });
    let text = format!(
        "\n  Durward is running, for development on this machine only.\n\
         \n  Interface   {base}/v1\n  \
           Try it      {base}/docs\n  \
           OpenAPI     {base}/v1/openapi.json\n  \
           Mails       {base}/dev/mail\n\
         {first}\
         \n  Stop it with Ctrl-C.\n\n"
    );
    output.result(&links, &text);
}
