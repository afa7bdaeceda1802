//! P1 and P2: session checks over HTTP, beside a bare handler and a bare handler with one read.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use data_encoding::HEXLOWER;

use super::baseline::{POINTS, key};
use super::figure::{Figure, Goal};
use super::load::{Pace, run};
use super::stage::{Stage, quiet, warmed};
use super::stats::median;
use super::work::AtRandom;
use crate::calls::Call;
use crate::http::Connection;
use crate::server::Node;

/// Enough to keep one core busy.
const CONNECTIONS: usize = 64;

/// Measures the session checks of a node.
pub(super) async fn measure(
    stage: &mut Stage,
    node: &Node,
    checks: &Arc<[Vec<u8>]>,
) -> Result<Vec<Figure>> {
    let sample = stage.world.setup.folder.join("sample.json");
    fs::write(&sample, answer(node.address, checks).await?)?;
    let sample = sample.to_str().context("the folder of the run has an unusual name")?;
    let baseline = stage.baseline(&["http", "--sample", sample]).await?;
    let bare: SocketAddr = baseline.said()?;
    let points: Arc<[Vec<u8>]> = (0..POINTS)
        .map(|number| Call::get("/point").by(&HEXLOWER.encode(&key(number))).to_bytes())
        .collect();
    quiet(node.pid()).await?;
    let (mut ours, mut bare_rates, mut read_rates, mut p99) = (vec![], vec![], vec![], vec![]);
    for _ in 0..stage.size.rounds {
        for (address, requests, rates) in [
            (bare, checks, &mut bare_rates),
            (node.address, checks, &mut ours),
            (bare, &points, &mut read_rates),
        ] {
            let random = &mut stage.random;
            let make = || AtRandom::workers(requests, CONNECTIONS, random);
            let mut ran = warmed(address, make, stage.size.time).await?;
            rates.push(ran.rate());
            if address == node.address {
                p99.extend(ran.latencies.percentile(99.0));
            }
        }
    }
    let engine = stage.engine.to_string();
    let measured = median(&ours).context("no round")?;
    let figure = |id, what: &str, limit: &[f64], goal| Figure {
        id,
        what: what.to_owned(),
        engine: engine.clone(),
        measured,
        unit: "/s",
        limit: median(limit),
        goal: Goal::RatioAtLeast(goal),
    };
    Ok(vec![
        figure("P1", "session checks : bare handler", &bare_rates, 0.9),
        figure("P2", "session checks : bare handler with one read", &read_rates, 0.8),
        Figure {
            id: "P2",
            what: format!("session checks, p99 with {CONNECTIONS} connections"),
            engine,
            measured: median(&p99).context("no round")?,
            unit: "ms",
            limit: None,
            goal: Goal::None,
        },
    ])
}

/// Checks sessions this many times in all.
pub(super) async fn check_many(
    stage: &mut Stage,
    node: &Node,
    checks: &Arc<[Vec<u8>]>,
) -> Result<u64> {
    let mut done = 0;
    while done < stage.size.checks {
        let work = AtRandom::workers(checks, CONNECTIONS, &mut stage.random);
        done += run(node.address, work, Pace::Closed, stage.size.time).await?.answers;
    }
    Ok(done)
}

/// One answer to a session check.
async fn answer(node: SocketAddr, checks: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut connection = Connection::open(node).await?;
    let request = checks.first().context("no session")?;
    Ok(connection.exchange(request).await?.body.to_vec())
}
