//! The benchmark: every figure beside the limit that was measured in the same run.

pub(crate) mod baseline;
mod checks;
mod clients;
mod figure;
mod flows;
mod footprint;
#[cfg(feature = "in-process")]
pub(crate) mod in_process;
mod load;
mod machine;
mod passwords;
mod pool;
mod stage;
mod stats;
mod work;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::args::Args;
use crate::cargo::{Profile, build, build_with, root};
use crate::database::Engine;
use crate::server::{cores, pinned};

use figure::{Figure, Verdict, table};
use stage::{Size, Stage};

/// `cargo xtask bench`: builds the server and us for release, and goes on there, on the core of the load.
pub(crate) fn launch(mut args: Args) -> Result<()> {
    let arguments = args.rest();
    // Separate builds: the server must not get features that only we ask for.
    let server = build("durward-server", "durward", Profile::Release)?;
    let measuring = ["--features".as_ref(), "in-process".as_ref()];
    let own = build_with("xtask", "xtask", Profile::Release, &measuring)?;
    let core = cores().map(|(_, load)| load);
    let mut command = pinned(&own, core);
    command.arg("bench-release").arg("--server").arg(server).args(arguments);
    let status = command.current_dir(root()).status().context("the benchmark cannot be run")?;
    ensure!(status.success(), "the benchmark failed");
    Ok(())
}

/// `xtask bench-release`: the benchmark itself.
pub(crate) async fn command(mut args: Args) -> Result<()> {
    let server: PathBuf = args.value("--server")?.context("--server")?;
    let wanted: String = args.value("--engine")?.unwrap_or_else(|| String::from("all"));
    let only: Option<String> = args.value("--only")?;
    let (quick, clean_build) = (args.flag("--quick"), args.flag("--build"));
    args.finish()?;
    let known = [Engine::Sqlite, Engine::Postgres];
    let engines = match wanted.as_str() {
        "all" => Engine::at_hand().into_iter().filter(|engine| known.contains(engine)).collect(),
        one => vec![one.parse()?],
    };
    if engines.iter().any(|engine| !known.contains(engine)) {
        bail!("the benchmark knows sqlite and postgres");
    }
    let size = if quick { QUICK } else { FULL };
    let mut about = machine::about();
    println!("{}\n", about.join("\n"));
    let part = |id: &str| only.as_deref().is_none_or(|only| only.split(',').any(|it| it == id));
    let mut figures = Vec::new();
    for engine in &engines {
        let core = cores().map(|(server, _)| server);
        let mut stage = Stage::new(*engine, server.clone(), size, core).await?;
        let outcome = measure(&mut stage, &part, &mut about).await;
        figures.extend(stage.close(outcome).await.with_context(|| engine.to_string())?);
    }
    if part("P10") {
        figures.extend(footprint::program(&server, clean_build)?);
    }
    report(&figures, &about, quick)
}

const FULL: Size = Size {
    sessions: 10_000,
    people: 1_000,
    rounds: 5,
    time: Duration::from_secs(3),
    checks: 1_000_000,
};
/// To see that everything runs; its figures say little.
const QUICK: Size =
    Size { sessions: 500, people: 100, rounds: 1, time: Duration::from_secs(1), checks: 20_000 };

async fn measure(
    stage: &mut Stage,
    part: &impl Fn(&str) -> bool,
    about: &mut Vec<String>,
) -> Result<Vec<Figure>> {
    let engine = machine::engine(&stage.bare).await?;
    println!("{engine}");
    about.push(engine);
    let mut figures = Vec::new();
    let mut done = |more: Vec<Figure>| {
        print!("{}", table(&more));
        figures.extend(more);
    };
    let checks = stage.checks().await?;
    let node = stage.start().await?;
    if part("P1") || part("P2") {
        done(checks::measure(stage, &node, &checks).await?);
    }
    if part("P3") {
        done(clients::measure(stage, &node, &checks).await?);
    }
    if part("P4") || part("P5") {
        done(passwords::measure(stage, &node, &checks).await?);
    }
    if part("P6") {
        done(flows::measure(stage, &node).await?);
    }
    let settings = fs::read_to_string(stage.world.setup.folder.join("node.toml"))?;
    let status = node.stop().await?;
    ensure!(status.success(), "the server ended with {status}");
    if part("P8") {
        done(footprint::measure(stage, &checks).await?);
    }
    println!("\nthe settings of the server, besides its secrets and addresses:\n{settings}");
    Ok(figures)
}

fn report(figures: &[Figure], about: &[String], quick: bool) -> Result<()> {
    println!("{}", table(figures));
    let short = figures.iter().filter(|figure| figure.verdict() == Verdict::Short).count();
    println!("{short} figure(s) short of their goal");
    if quick {
        println!("--quick: too short to say much");
    }
    let figures: Vec<_> = figures.iter().map(Figure::to_json).collect();
    let file = root().join("target/bench.json");
    let json = json!({ "about": about, "quick": quick, "figures": figures });
    fs::write(&file, format!("{json:#}\n"))?;
    println!("{}", file.display());
    Ok(())
}
