//! P8 and P10: how soon the server answers, how much memory it holds, how large it is.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::time::sleep;

use super::checks::check_many;
use super::figure::{Figure, Goal};
use super::passwords::mebibytes;
use super::stage::Stage;
use super::stats::median;
use crate::cargo::{Profile, build_with, root};
use crate::database::Engine;
use crate::http::Connection;
use crate::server::{Node, memory};

/// Measures starts on the database that is there, and memory afterwards.
pub(super) async fn measure(stage: &mut Stage, checks: &Arc<[Vec<u8>]>) -> Result<Vec<Figure>> {
    let mut starts = Vec::new();
    for _ in 0..stage.size.rounds.max(3) {
        let started = Instant::now();
        let node = stage.world.setup.spawn("start")?;
        first_answer(&node, &checks[0]).await?;
        starts.push(started.elapsed().as_secs_f64() * 1_000.0);
        node.stop().await?;
    }
    let node = stage.start().await?;
    sleep(Duration::from_secs(3)).await;
    let idle = memory(node.pid())?;
    let done = check_many(stage, &node, checks).await?;
    let after = memory(node.pid())?;
    node.stop().await?;
    let figure = |what: String, measured: f64, unit: &'static str, goal| Figure {
        id: "P8",
        what,
        engine: stage.engine.to_string(),
        measured,
        unit,
        limit: None,
        goal,
    };
    let start = median(&starts).context("no start")?;
    // Another engine is a server of its own, which takes its time to greet.
    let soon = if stage.engine == Engine::Sqlite { Goal::AtMost(100.0) } else { Goal::None };
    let (small, steady) = (Goal::AtMost(30.0), Goal::AtMost(100.0));
    let many = format!("memory after {done} session checks");
    Ok(vec![
        figure(String::from("from start to the first session check"), start, "ms", soon),
        figure(String::from("memory, idle"), mebibytes(idle.resident), "MiB", small),
        figure(many, mebibytes(after.resident), "MiB", steady),
    ])
}

/// Asks until a live session is answered 200.
async fn first_answer(node: &Node, check: &[u8]) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(30) {
        if let Ok(mut connection) = Connection::open(node.address).await
            && let Ok(answer) = connection.exchange(check).await
            && answer.status == 200
        {
            return Ok(());
        }
        sleep(Duration::from_millis(1)).await;
    }
    bail!("the server does not answer")
}

/// The size of the program, and with `build` how long a clean build takes.
pub(super) fn program(server: &Path, build: bool) -> Result<Vec<Figure>> {
    let figure = |what: &str, measured: f64, unit: &'static str, goal: f64| Figure {
        id: "P10",
        what: what.to_owned(),
        engine: String::new(),
        measured,
        unit,
        limit: None,
        goal: Goal::AtMost(goal),
    };
    let size = mebibytes(fs::metadata(server)?.len());
    let mut figures = vec![figure("size of the stripped release build", size, "MiB", 25.0)];
    if build {
        let target = root().join("target/clean-build");
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        let started = Instant::now();
        let folder = ["--target-dir".as_ref(), target.as_os_str()];
        build_with("durward-server", "durward", Profile::Release, &folder)?;
        let minutes = started.elapsed().as_secs_f64() / 60.0;
        fs::remove_dir_all(&target)?;
        figures.push(figure("clean release build", minutes, "min", 8.0));
    }
    Ok(figures)
}
