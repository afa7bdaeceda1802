//! P6: what writes, beside a loop of the smallest durable transaction on the same engine.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::figure::{Figure, Goal};
use super::load::{Pace, run};
use super::stage::{Person, Stage, quiet, warmed};
use super::stats::median;
use super::work::{AtRandom, Each, Refreshes, SignUps};
use crate::calls::{self, Call};
use crate::server::Node;

const CALLERS: [usize; 2] = [1, 16];
/// So many requests are on the way that the machine computes, and the disk is no limit any more.
const MANY: usize = 16;
/// How many codes one caller answers, and how many sixteen do.
const SHARE_OF_ONE: usize = 4;
/// Of the codes, one in so many is answered before anything is measured: each connection to the database prepares what it
/// has not yet been asked.
const WARMING: usize = 4;

/// What is measured at each number of callers.
const WHAT: [&str; 4] = ["sign-ups", "refreshes", "code logins by link", "code logins, typed"];

/// The codes of somebody whose mail has arrived.
struct Mailed {
    handle: String,
    link: String,
    typed: String,
    network: String,
}

/// Measures everything that commits.
pub(super) async fn measure(stage: &mut Stage, node: &Node) -> Result<Vec<Figure>> {
    let people = stage.people(node, &vec![None; stage.size.people]).await?;
    let mut figures = Vec::new();
    for callers in CALLERS {
        let mut rates: [Vec<f64>; 4] = Default::default();
        let (mut limits, mut served) = (Vec::new(), Vec::new());
        for _ in 0..stage.size.rounds {
            rest(stage, node).await?;
            limits.push(commits(stage, callers).await?);
            rates[0].push(sign_ups(stage, node, callers).await?);
            rest(stage, node).await?;
            rates[1].push(refreshes(stage, node, callers, &people).await?);
            for (place, typed) in [(2, false), (3, true)] {
                rates[place].push(code_logins(stage, node, callers, &people, typed).await?);
            }
            limits.push(commits(stage, callers).await?);
            if callers == MANY {
                served.push(served_commits(stage).await?);
            }
        }
        for (what, rates) in WHAT.iter().zip(&rates) {
            let measured = median(rates).context("no round")?;
            let mut beside = |limit: &str, limits: &[f64]| {
                figures.push(Figure {
                    id: "P6",
                    what: format!("{what} : {limit}, {callers} at once"),
                    engine: stage.engine.to_string(),
                    measured,
                    unit: "/s",
                    limit: median(limits),
                    goal: Goal::RatioAtLeast(0.8),
                });
            };
            beside("commits", &limits);
            if callers == MANY {
                beside("commits behind a bare handler", &served);
            }
        }
    }
    Ok(figures)
}

/// Lets the server do first what earlier requests left to be done.
async fn rest(stage: &mut Stage, node: &Node) -> Result<()> {
    stage.await_mails().await?;
    quiet(node.pid()).await
}

async fn commits(stage: &Stage, callers: usize) -> Result<f64> {
    let callers = callers.to_string();
    let seconds = stage.size.time.as_secs().max(1).to_string();
    let arguments = ["commits", "--callers", &callers, "--seconds", &seconds];
    stage.baseline(&arguments).await?.said()
}

/// The same behind a handler that does nothing else.
async fn served_commits(stage: &mut Stage) -> Result<f64> {
    let bare = stage.baseline(&["served-commits"]).await?;
    let request: Arc<[Vec<u8>]> = [Call::get("/commit").to_bytes()].into();
    let address = bare.said()?;
    let make = || AtRandom::workers(&request, MANY, &mut stage.random);
    Ok(warmed(address, make, stage.size.time).await?.rate())
}

async fn sign_ups(stage: &mut Stage, node: &Node, callers: usize) -> Result<f64> {
    let random = &mut stage.random;
    let mut mails = 0;
    let work = SignUps::workers(callers, false, random);
    mails += run(node.address, work, Pace::Closed, stage.size.time / 5).await?.answers;
    let work = SignUps::workers(callers, false, random);
    let ran = run(node.address, work, Pace::Closed, stage.size.time).await?;
    mails += ran.answers;
    stage.expect_mails(usize::try_from(mails)?);
    Ok(ran.rate())
}

/// Each caller refreshes a session of its own, which it gets by a login.
async fn refreshes(
    stage: &mut Stage,
    node: &Node,
    callers: usize,
    people: &[Person],
) -> Result<f64> {
    let (binding, letters) = mailed(stage, node, &people[..2 * callers]).await?;
    let logins = letters.iter().map(|one| {
        let call = calls::answer_link(&one.link, &binding);
        call.from(&one.network).to_bytes()
    });
    let bodies = stage.once(node, logins.collect(), 200, true).await?;
    let tokens: Vec<&str> =
        bodies.iter().map(|body| body["refresh"].as_str().unwrap_or_default()).collect();
    // One half warms up, the other is measured.
    let mut halves = tokens.chunks(callers);
    let make =
        || halves.next().unwrap_or_default().iter().map(|token| Refreshes::of(token)).collect();
    quiet(node.pid()).await?;
    Ok(warmed(node.address, make, stage.size.time).await?.rate())
}

async fn code_logins(
    stage: &mut Stage,
    node: &Node,
    callers: usize,
    people: &[Person],
    typed: bool,
) -> Result<f64> {
    let count = if callers == 1 { people.len() / SHARE_OF_ONE } else { people.len() };
    let (binding, letters) = mailed(stage, node, &people[..count]).await?;
    quiet(node.pid()).await?;
    let answers = letters.iter().map(|one| {
        let call = if typed {
            calls::answer_typed(&one.handle, &one.typed, &binding)
        } else {
            calls::answer_link(&one.link, &binding)
        };
        call.from(&one.network).to_bytes()
    });
    let mut warming: Vec<_> = answers.collect();
    let measured = warming.split_off(count / WARMING);
    let all = Duration::from_hours(1);
    run(node.address, Each::workers(warming, callers, 200, false), Pace::Closed, all).await?;
    let work = Each::workers(measured, callers, 200, false);
    Ok(run(node.address, work, Pace::Closed, all).await?.rate())
}

/// Everybody asks for a login code and gets the mail; one `state` for all.
async fn mailed(
    stage: &mut Stage,
    node: &Node,
    people: &[Person],
) -> Result<(String, Vec<Mailed>)> {
    let binding = stage.random.letters(43);
    let requests = people.iter().map(|person| {
        let call = calls::request_code(&person.email, &binding);
        call.from(&person.network).to_bytes()
    });
    let steps = stage.once(node, requests.collect(), 202, true).await?;
    stage.expect_mails(people.len());
    stage.await_mails().await?;
    let mut letters = Vec::new();
    for (Person { email, network, .. }, step) in people.iter().zip(steps) {
        let letter = stage.world.sink.inbox().take(email).context("a mail that came is gone")?;
        letters.push(Mailed {
            handle: step["code"].as_str().context("a step without a handle")?.to_owned(),
            link: letter.link()?.to_owned(),
            typed: letter.typed()?.to_owned(),
            network: network.clone(),
        });
    }
    Ok((binding, letters))
}
