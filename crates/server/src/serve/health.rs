//! Whether the server lives, and whether it is ready for requests.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use durward::sql::{Engine, SqlStore};
use durward::store::Outbox;
use durward::{Accounts, Plain};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer is given again, so that nobody can make the server ask its database at will.
const KEPT: Duration = Duration::from_secs(1);
/// A mail that was due for so long was seen by no worker.
const OVERDUE: Duration = Duration::from_mins(5);

/// Asks the parts of a server how they are.
pub(super) struct Health<E: Engine> {
    accounts: Accounts<SqlStore<E, Plain>>,
    store: SqlStore<E, Plain>,
    last: Mutex<Option<(Instant, Report)>>,
}

/// What `/readyz` answers.
#[derive(Clone, Copy, Debug, Serialize)]
struct Report {
    ready: bool,
    checks: Checks,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Checks {
    /// Whether the database answers.
    database: Check,
    /// Whether its tables are those of this release.
    schema: Check,
    /// Whether mails are delivered. Late mails do not make a server unready: requests do not depend on
    /// them, and all nodes would be unready at once.
    outbox: Check,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Check {
    Ok,
    Late,
    Failed,
    Unknown,
}

impl<E: Engine> Health<E> {
    pub(super) fn new(accounts: Accounts<SqlStore<E, Plain>>, store: SqlStore<E, Plain>) -> Self {
        Self { accounts, store, last: Mutex::new(None) }
    }

    /// `/livez`, which answers while the process serves at all, and `/readyz`.
    pub(super) fn router(self) -> Router {
        Router::new()
            .route(
                "/livez",
                get(|| async { short(StatusCode::OK, &serde_json::json!({ "live": true })) }),
            )
            .route("/readyz", get(ready::<E>))
            .with_state(Arc::new(self))
    }

    async fn report(&self) -> Report {
        let mut last = self.last.lock().await;
        if let Some((at, report)) = *last
            && at.elapsed() < KEPT
        {
            return report;
        }
        let checks = timeout(PATIENCE, self.check()).await.unwrap_or(Checks {
            database: Check::Failed,
            schema: Check::Unknown,
            outbox: Check::Unknown,
        });
        let ready = checks.database == Check::Ok && checks.schema == Check::Ok;
        let report = Report { ready, checks };
        *last = Some((Instant::now(), report));
        report
    }

    async fn check(&self) -> Checks {
        let schema = match crate::database::usable(self.store.check_schema().await) {
            Ok(()) => Check::Ok,
            Err(error) => {
                tracing::warn!(%error, "the schema is not as it must be");
                Check::Failed
            }
        };
        match self.overdue().await {
            Ok(overdue) => Checks {
                database: Check::Ok,
                schema,
                outbox: if overdue { Check::Late } else { Check::Ok },
            },
            Err(error) => {
                tracing::warn!(%error, "the database does not answer");
                Checks { database: Check::Failed, schema, outbox: Check::Unknown }
            }
        }
    }

    async fn overdue(&self) -> Result<bool, durward::Error> {
        let mut read = self.accounts.read().await?;
        let due = read.due_mail(self.accounts.now() - OVERDUE, 1).await?;
        Ok(!due.is_empty())
    }
}

async fn ready<E: Engine>(State(health): State<Arc<Health<E>>>) -> Response {
    let report = health.report().await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    short(status, &report)
}

fn short(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let seconds = axum::http::HeaderValue::from_static("5");
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}
