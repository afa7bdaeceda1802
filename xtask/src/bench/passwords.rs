//! P4 and P5: logins by password beside the bare hash, and what a storm of them does to everybody else.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::figure::{Figure, Goal};
use super::load::{Pace, Work, run};
use super::stage::{Stage, quiet};
use super::stats::{Latencies, median};
use super::work::{AtRandom, Logins};
use crate::calls;
use crate::http::Answer;
use crate::random::Random;
use crate::server::{Node, memory};

/// More than one core hashes at once, so that it never waits for the next login.
const LOGINS: usize = 8;
/// Callers whose session checks are watched, and how often each asks.
const WATCHED: usize = 40;
const WATCHED_EVERY: Duration = Duration::from_millis(20);
/// How many times more logins come than can be served.
const STORM: f64 = 20.0;
const STORMERS: usize = 800;

/// Measures logins by password, and the storm.
pub(super) async fn measure(
    stage: &mut Stage,
    node: &Node,
    checks: &Arc<[Vec<u8>]>,
) -> Result<Vec<Figure>> {
    let passwords: Vec<Option<String>> =
        (0..LOGINS).map(|_| Some(stage.random.letters(20))).collect();
    let people = stage.people(node, &passwords).await?;
    stage.await_mails().await?;
    let time = stage.size.time.max(Duration::from_secs(2));
    let seconds = time.as_secs().to_string();
    let (mut ours, mut bare) = (vec![], vec![]);
    for _ in 0..stage.size.rounds {
        quiet(node.pid()).await?;
        bare.push(stage.baseline(&["hashes", "--seconds", &seconds]).await?.said::<f64>()?);
        let people = people.iter().zip(&passwords);
        let work = people.map(|(person, password)| {
            Logins::of(person, password.as_deref().unwrap_or_default(), &mut stage.random)
        });
        ours.push(run(node.address, work.collect(), Pace::Closed, time).await?.rate());
    }
    let measured = median(&ours).context("no round")?;
    let mut figures = vec![Figure {
        id: "P4",
        what: String::from("logins by password : bare Argon2id"),
        engine: stage.engine.to_string(),
        measured,
        unit: "/s",
        limit: median(&bare),
        goal: Goal::RatioAtLeast(0.95),
    }];
    figures.extend(storm(stage, node, checks, measured).await?);
    Ok(figures)
}

/// Somebody who tries to log in, again and again, each time as somebody else.
struct Stormer {
    random: Random,
    request: Vec<u8>,
    seen: Seen,
    sent: std::time::Instant,
}

/// What became of the attempts.
#[derive(Default)]
struct Seen {
    served: u64,
    refused: Latencies,
}

impl Work for Stormer {
    fn request(&mut self) -> Option<&[u8]> {
        let email = format!("{}@example.com", self.random.letters(20).to_lowercase());
        let (password, state) = (self.random.letters(20), self.random.letters(43));
        let call = calls::password_login(&email, &password, &state);
        self.request = call.from(&self.random.network()).to_bytes();
        self.sent = std::time::Instant::now();
        Some(&self.request)
    }

    fn answered(&mut self, answer: &Answer<'_>) -> Result<()> {
        match answer.status {
            401 => self.seen.served += 1,
            429 | 503 => {
                ensure!(answer.header("retry-after").is_some(), "turned away without Retry-After");
                self.seen.refused.push(self.sent.elapsed());
            }
            status => anyhow::bail!("a login of the storm was answered {status}"),
        }
        Ok(())
    }
}

async fn storm(
    stage: &mut Stage,
    node: &Node,
    checks: &Arc<[Vec<u8>]>,
    rate: f64,
) -> Result<Vec<Figure>> {
    quiet(node.pid()).await?;
    let time = stage.size.time * 2;
    let before = memory(node.pid())?;
    let mut idle = watch(stage, node, checks, time).await?;
    let stormers = (0..STORMERS).map(|_| Stormer {
        random: stage.random.fork(),
        request: Vec::new(),
        seen: Seen::default(),
        sent: std::time::Instant::now(),
    });
    let every = Duration::from_secs_f64(f64::from(u16::try_from(STORMERS)?) / (rate * STORM));
    let raging = run(node.address, stormers.collect(), Pace::Every(every), time + time / 4);
    let watching = async {
        // The queue fills first.
        tokio::time::sleep(time / 8).await;
        watch(stage, node, checks, time).await
    };
    let (raged, stormy) = tokio::join!(raging, watching);
    let (raged, mut stormy) = (raged?, stormy?);
    let after = memory(node.pid())?;
    let took = raged.took.as_secs_f64();
    let mut seen = Seen::default();
    for stormer in raged.work {
        seen.served += stormer.seen.served;
        seen.refused.append(stormer.seen.refused);
    }
    let engine = stage.engine.to_string();
    let told = |what: String, measured: f64, unit: &'static str| Figure {
        id: "P5",
        what,
        engine: engine.clone(),
        measured,
        unit,
        limit: None,
        goal: Goal::None,
    };
    let p99 = |latencies: &mut Latencies| latencies.percentile(99.0).context("nobody asked");
    Ok(vec![
        Figure {
            limit: Some(p99(&mut idle)?),
            goal: Goal::RatioAtMost(2.0),
            ..told(String::from("p99 of session checks, storm : idle"), p99(&mut stormy)?, "ms")
        },
        told(
            format!("logins served in a storm of {:.0}/s", rate * STORM),
            per_second(seen.served, took),
            "/s",
        ),
        told(
            String::from("logins turned away with Retry-After"),
            per_second(seen.refused.len() as u64, took),
            "/s",
        ),
        told(
            String::from("turned away after, median"),
            seen.refused.percentile(50.0).unwrap_or(0.0),
            "ms",
        ),
        told(
            String::from("turned away after, p99"),
            seen.refused.percentile(99.0).unwrap_or(0.0),
            "ms",
        ),
        told(
            format!("memory at its peak; {:.0} MiB before", mebibytes(before.resident)),
            mebibytes(after.peak),
            "MiB",
        ),
    ])
}

/// How long session checks take at a steady pace.
async fn watch(
    stage: &Stage,
    node: &Node,
    checks: &Arc<[Vec<u8>]>,
    time: Duration,
) -> Result<Latencies> {
    let mut random = Random::seeded(Random::fresh_seed());
    let work = AtRandom::workers(checks, WATCHED, &mut random);
    let ran = run(node.address, work, Pace::Every(WATCHED_EVERY), time).await;
    Ok(ran.with_context(|| format!("session checks on {}", stage.engine))?.latencies)
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far from 2^52")]
fn per_second(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}

/// Bytes in MiB.
#[expect(clippy::cast_precision_loss, reason = "memory is far from 2^52 bytes")]
pub(super) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
