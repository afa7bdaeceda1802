//! All judges at once, as a change must pass them.

use std::time::Instant;

use anyhow::Result;

use crate::args::Args;
use crate::database::Engine;
use crate::random::Random;
use crate::{crash, oracle, races, secrets};

/// `cargo xtask judge`.
pub(crate) async fn command(mut args: Args) -> Result<()> {
    let quick = args.flag("--quick");
    args.finish()?;
    let started = Instant::now();
    if quick {
        judge_quickly().await?;
    } else {
        judge().await?;
    }
    println!("judged in {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// What every run of the tests can afford.
async fn judge_quickly() -> Result<()> {
    let (engines, nodes, only) = (vec![Engine::Sqlite], vec![1], String::new());
    races::run(&races::Plan { engines, nodes, rounds: 1, meetings: 3, only }).await?;
    secrets::run(&[Engine::Sqlite]).await?;
    let (engine, seed) = (Engine::Sqlite, Random::fresh_seed());
    crash::run(&crash::Plan { engine, rounds: 5, seed, patient: false }).await
}

/// Everything, on all engines that are at hand.
async fn judge() -> Result<()> {
    let engines = Engine::at_hand();
    secrets::run(&engines).await?;
    for engine in &engines {
        let seed = Random::fresh_seed();
        crash::run(&crash::Plan { engine: *engine, rounds: 100, seed, patient: true }).await?;
    }
    let (nodes, meetings, only) = (vec![1, 2], races::MEETINGS, String::new());
    races::run(&races::Plan { engines, nodes, rounds: 3, meetings, only }).await?;
    // Last: it wants a quiet machine, and what comes before it leaves one.
    oracle::run(Engine::Sqlite, oracle::SAMPLES).await
}
