//! P1 and P2: session checks over HTTP, beside a bare handler and a bare handler with one read.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use data_encoding::HEXLOWER;

use super::baseline::{POINTS, key};
use super::figure::{Figure, Goal};
use super::load::{Pace, run};
use super::stage::{Stage, quiet};
use super::stats::median;
use super::work::AtRandom;
use crate::calls::Call;
use crate::server::{Node, computed};

/// Enough to keep one core busy.
const CONNECTIONS: usize = 64;

/// Measures the session checks of a node.
pub(super) async fn measure(
    stage: &mut Stage,
    node: &Node,
    checks: &Arc<[Vec<u8>]>,
) -> Result<Vec<Figure>> {
    let baseline = stage.bare_checks(node.address, checks).await?;
    let bare: SocketAddr = baseline.said()?;
    let points: Arc<[Vec<u8>]> = (0..POINTS)
        .map(|number| Call::get("/point").by(&HEXLOWER.encode(&key(number))))
        .map(|call| call.from(&stage.random.network()).to_bytes())
        .collect();
    quiet(node.pid()).await?;
    let mut sides = [
        Side::new(bare, baseline.pid(), checks),
        Side::new(node.address, node.pid(), checks),
        Side::new(bare, baseline.pid(), &points),
    ];
    for _ in 0..stage.size.rounds {
        for side in &mut sides {
            side.measure(stage).await?;
        }
    }
    let [bare, ours, read] = sides;
    let engine = stage.engine.to_string();
    let told = |id, what: String, values: &[f64], unit| {
        let measured = median(values).context("no round")?;
        let (engine, limit, goal) = (engine.clone(), None, Goal::None);
        Ok::<_, anyhow::Error>(Figure { id, what, engine, measured, unit, limit, goal })
    };
    let beside = |id, what: &str, limit: &Side, goal| {
        let (limit, goal) = (median(&limit.rates), Goal::RatioAtLeast(goal));
        Ok::<_, anyhow::Error>(Figure {
            limit,
            goal,
            ..told(id, what.to_owned(), &ours.rates, "/s")?
        })
    };
    Ok(vec![
        beside("P1", "session checks : bare handler", &bare, 0.9)?,
        told("P1", String::from("core busy, bare handler"), &bare.busy, "%")?,
        beside("P2", "session checks : bare handler with one read", &read, 0.8)?,
        told("P2", String::from("core busy, bare handler with one read"), &read.busy, "%")?,
        told("P2", String::from("core busy, session checks"), &ours.busy, "%")?,
        told("P2", format!("session checks, p99 with {CONNECTIONS} at once"), &ours.p99, "ms")?,
    ])
}

/// One of those that are measured in turn.
struct Side {
    address: SocketAddr,
    pid: u32,
    requests: Arc<[Vec<u8>]>,
    rates: Vec<f64>,
    p99: Vec<f64>,
    /// How much of its core it used: with less than nearly all of it, the load was the limit.
    busy: Vec<f64>,
}

impl Side {
    fn new(address: SocketAddr, pid: u32, requests: &Arc<[Vec<u8>]>) -> Self {
        let requests = Arc::clone(requests);
        Self { address, pid, requests, rates: Vec::new(), p99: Vec::new(), busy: Vec::new() }
    }

    /// One round.
    async fn measure(&mut self, stage: &mut Stage) -> Result<()> {
        let random = &mut stage.random;
        let work = AtRandom::workers(&self.requests, CONNECTIONS, random);
        run(self.address, work, Pace::Closed, stage.size.time / 5).await?;
        let before = computed(self.pid)?;
        let work = AtRandom::workers(&self.requests, CONNECTIONS, random);
        let mut ran = run(self.address, work, Pace::Closed, stage.size.time).await?;
        let used = computed(self.pid)?.saturating_sub(before);
        self.busy.push(100.0 * used.as_secs_f64() / ran.took.as_secs_f64());
        self.rates.push(ran.rate());
        self.p99.extend(ran.latencies.percentile(99.0));
        Ok(())
    }
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
