//! No secret of a run is written down anywhere, and nothing that is written down is of any use.

mod dump;
mod flow;
mod needles;
mod replay;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use data_encoding::BASE64URL_NOPAD;
use tokio::time::sleep;

use crate::args::Args;
use crate::cargo::Profile;
use crate::client::Client;
use crate::database::Engine;
use crate::random::Random;
use crate::world::{World, judged_server};

use dump::dump;
use flow::Visitor;
use needles::Needles;

/// `cargo xtask secrets`.
pub(crate) async fn command(mut args: Args) -> Result<()> {
    let engines = match args.value("--engine")? {
        Some(engine) => vec![engine],
        None => Engine::at_hand(),
    };
    args.finish()?;
    run(&engines).await
}

/// Judges each engine.
pub(crate) async fn run(engines: &[Engine]) -> Result<()> {
    let server = judged_server(Profile::Debug)?;
    for engine in engines {
        println!("secrets on {engine}");
        let mut random = Random::seeded(Random::fresh_seed());
        let mut world = World::new(*engine, server.clone(), &mut random).await?;
        world.setup.settings.log = "trace";
        let outcome = judge(&world, random).await;
        world.close(outcome).await.with_context(|| engine.to_string())?;
    }
    Ok(())
}

async fn judge(world: &World, random: Random) -> Result<()> {
    let mut started = Instant::now();
    let mut lap = || std::mem::replace(&mut started, Instant::now()).elapsed().as_secs_f64();
    let mut setup = world.setup.clone();
    setup.settings.several = true;
    let node = setup.start("node").await?;
    setup.settings.sign_up = "open";
    let open = setup.start("open").await?;
    let mut visitor = Visitor {
        client: Client::new(node.address),
        open: Client::new(open.address),
        inbox: world.sink.inbox(),
        random,
        needles: Needles::default(),
    };
    add_settings(&mut visitor.needles, world)?;
    let alive = visitor.visit().await?;
    let needles = visitor.needles;
    open.stop().await?;
    println!("  the flows, with {} secrets: {:.1} s", needles.secrets(), lap());

    let dump = dump(&world.setup.database).await?;
    let mails = world.sink.inbox().arrived();
    let attempts = replay::replay(node.address, &dump, &alive).await?;
    replay::still_accepted(node.address, &alive).await?;
    sleep(Duration::from_secs(2)).await;
    ensure!(world.sink.inbox().arrived() == mails, "something stored was good for a mail");
    println!(
        "  {} stored values in {attempts} attempts: none accepted; {:.1} s",
        dump.len(),
        lap()
    );

    let node_log = node.log.clone();
    let status = node.stop().await?;
    ensure!(status.success(), "the server ended with {status}");
    let log = fs::read_to_string(&node_log)?;
    ensure!(log.contains("DEBUG"), "the log is not as detailed as it was asked to be");
    let mut found = Vec::new();
    for stored in &dump {
        let place = format!("{}.{}", stored.table, stored.column);
        found.extend(needles.found_in(&stored.bytes).map(|what| format!("{what} in {place}")));
    }
    let bytes = search_files(&needles, &world.setup.folder, &mut found)?;
    if !found.is_empty() {
        found.sort();
        found.dedup();
        bail!("secrets were written down:\n  {}", found.join("\n  "));
    }
    println!("  no secret in the dump and {bytes} bytes of logs and files: {:.1} s", lap());
    Ok(())
}

/// The secrets of the settings: keys and the passwords in addresses.
fn add_settings(needles: &mut Needles, world: &World) -> Result<()> {
    let setup = &world.setup;
    let (_, key) = setup.settings.keys.split_once(':').context("a key ring has numbers")?;
    needles.add("key", key);
    needles.add("bytes of the key", BASE64URL_NOPAD.decode(key.as_bytes())?);
    needles.add("password of the mail server", world.sink.password());
    let address = setup.database.url.split_once('@').map(|(before, _)| before);
    if let Some((_, password)) = address.and_then(|address| address.rsplit_once(':')) {
        needles.add("password of the database", password);
    }
    Ok(())
}

/// Logs, and the database as it is on the disk if it is a file; the configuration holds no secret either.
fn search_files(needles: &Needles, folder: &Path, found: &mut Vec<String>) -> Result<usize> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_file() {
            continue;
        }
        let content = fs::read(&path)?;
        let name = path.file_name().unwrap_or_default().display();
        found.extend(needles.found_in(&content).map(|what| format!("{what} in {name}")));
        bytes += content.len();
    }
    Ok(bytes)
}
