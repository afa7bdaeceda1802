//! The load: many connections, each with one request under way, every answer's status checked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::stats::Latencies;
use crate::http::{Answer, Connection};

/// What one connection asks, one request after the other.
pub(super) trait Work: Send + 'static {
    /// The next request; `None` when there is no more to do.
    fn request(&mut self) -> Option<&[u8]>;

    /// Looks at the answer; an error ends the run.
    fn answered(&mut self, answer: &Answer<'_>) -> Result<()>;
}

/// What a run gave, and the connections' work as it was left, in the order in which it was given.
pub(super) struct Ran<W> {
    pub(super) answers: u64,
    pub(super) took: Duration,
    pub(super) latencies: Latencies,
    pub(super) work: Vec<W>,
}

impl<W> Ran<W> {
    /// Answers per second.
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are far from 2^52")]
    pub(super) fn rate(&self) -> f64 {
        self.answers as f64 / self.took.as_secs_f64()
    }
}

/// When a run ends, unless its work does first.
#[derive(Clone, Copy)]
pub(super) enum Pace {
    /// Each connection asks again as soon as it has its answer.
    Closed,
    /// Each connection asks at this interval, whatever the answers do. One that had to wait for an answer
    /// counts its next request from the moment at which it was due, so that a slow server cannot hide by
    /// being asked less.
    Every(Duration),
}

/// Runs every piece of work over a connection of its own.
pub(super) async fn run<W: Work>(
    address: SocketAddr,
    work: Vec<W>,
    pace: Pace,
    time: Duration,
) -> Result<Ran<W>> {
    let count = u32::try_from(work.len()).unwrap_or(u32::MAX).max(1);
    let mut open = Vec::new();
    for work in work {
        let connection = Connection::open(address).await.context("the server of the run")?;
        open.push((connection, work));
    }
    let started = Instant::now();
    let until = started + time;
    let mut running = JoinSet::new();
    for (number, (connection, work)) in (0_u32..).zip(open) {
        let first = match pace {
            Pace::Closed => started,
            Pace::Every(interval) => started + interval * number / count,
        };
        running.spawn(async move {
            let ran = connected(connection, work, pace, (first, until)).await;
            (number, ran)
        });
    }
    let (mut answers, mut latencies, mut work) = (0, Latencies::default(), BTreeMap::new());
    while let Some(ended) = running.join_next().await {
        let (number, ran) = ended.context("a connection was given up")?;
        let (own, left) = ran?;
        answers += own.len() as u64;
        latencies.append(own);
        work.insert(number, left);
    }
    let work = work.into_values().collect();
    Ok(Ran { answers, took: started.elapsed(), latencies, work })
}

async fn connected<W: Work>(
    mut connection: Connection,
    mut work: W,
    pace: Pace,
    (mut due, until): (Instant, Instant),
) -> Result<(Latencies, W)> {
    let mut latencies = Latencies::default();
    loop {
        let now = Instant::now();
        let begun = match pace {
            Pace::Closed => now,
            Pace::Every(_) if due <= now => due,
            Pace::Every(_) => {
                sleep_until(due.into()).await;
                Instant::now()
            }
        };
        if begun >= until {
            break;
        }
        let Some(request) = work.request() else {
            break;
        };
        let answer = connection.exchange(request).await.context("a request of the load")?;
        latencies.push(begun.elapsed());
        work.answered(&answer)?;
        if answer.closes {
            break;
        }
        if let Pace::Every(interval) = pace {
            due += interval;
        }
    }
    Ok((latencies, work))
}
