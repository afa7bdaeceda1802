//! The metrics of this process, on a listener of their own (R-CF-02): whoever reaches the interface does not read them.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, anyhow};
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;
use metrics::{Unit, describe_gauge, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::connections::{Limits, Serving};
use super::edge::Edge;
use crate::failure::Failure;

/// The upper bounds of the buckets of all durations, in seconds: from a check of a session to a request that is given up.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The text format of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

const BUILD: &str = "durward_build_info";

/// A listener that is ready to tell what is recorded from now on.
pub(super) struct Metrics {
    listener: TcpListener,
    recorded: PrometheusHandle,
}

impl Metrics {
    /// Listens, and begins to record: before anything is made that counts, since what is made without a recorder never
    /// has one.
    pub(super) async fn begin(address: SocketAddr) -> Result<Self, Failure> {
        let listener = super::listen(address, "--metrics-listen").await?;
        let bound = listener.local_addr().context("the listener of the metrics has no address")?;
        let durations = Matcher::Suffix(String::from("_duration_seconds"));
        let prometheus = PrometheusBuilder::new()
            .set_buckets_for_metric(durations, &BUCKETS)
            .context("metrics cannot be recorded")?
            .build_recorder();
        let recorded = prometheus.handle();
        metrics::set_global_recorder(prometheus)
            .map_err(|_second| anyhow!("something else records the metrics"))?;
        describe_gauge!(BUILD, Unit::Count, "Always 1; its label names the release.");
        gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        tracing::info!(address = %bound, "serving metrics");
        Ok(Self { listener, recorded })
    }

    /// Tells the metrics until `shutdown` is ready.
    pub(super) async fn until(self, limits: Limits, shutdown: impl Future<Output = ()>) {
        let Self { listener, recorded } = self;
        let told = recorded.clone();
        let show =
            async move || ([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-store")], told.render());
        let router = Router::new().route("/metrics", get(show));
        let serving = Serving { listener, router, limits, edge: Edge { is_https: false } };
        tokio::select! {
            () = serving.until(shutdown) => {}
            () = tidy(&recorded) => {}
        }
    }
}

/// Sorts durations into their buckets, again and again: until that is done, each of them is kept by itself, and nobody may
/// ever ask.
async fn tidy(recorded: &PrometheusHandle) {
    const INTERVAL: Duration = Duration::from_secs(5);
    loop {
        sleep(INTERVAL).await;
        recorded.run_upkeep();
    }
}
