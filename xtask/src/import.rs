//! Whether a million users are taken over in little memory, and in spite of a kill.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::args::Args;
use crate::cargo::Profile;
use crate::database::Engine;
use crate::random::Random;
use crate::server::{Setup, memory};
use crate::world::{World, judged_server};

/// How many users are imported, unless the caller says otherwise.
const USERS: u64 = 1_000_000;

/// How much memory the import may take, in MiB.
const MOST: u64 = 200;

/// One line in so many is wrong, and must be told.
const WRONG_EVERY: u64 = 1_000;

/// A bcrypt hash; what stands in it is nobody's password.
const HASH: &str = "$2b$10$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.";

/// `cargo xtask import`.
pub(crate) async fn command(mut args: Args) -> Result<()> {
    let engine = args.value("--engine")?.unwrap_or(Engine::Sqlite);
    let users = args.value("--users")?.unwrap_or(USERS);
    args.finish()?;
    ensure!(users >= 10_000, "an import of less than 10000 users is over before it is looked at");
    let mut random = Random::seeded(Random::fresh_seed());
    let world = World::new(engine, judged_server(Profile::Release)?, &mut random).await?;
    let outcome = judge(&world.setup, users).await;
    world.close(outcome).await.with_context(|| format!("{engine}"))
}

async fn judge(setup: &Setup, users: u64) -> Result<()> {
    let engine = setup.database.engine;
    println!("an import of {users} users on {engine}, at most {MOST} MiB");
    // It makes the tables.
    setup.start("node").await?.stop().await?;
    let file = setup.folder.join("users.ndjson");
    write(&file, users)?;
    let wrong = users / WRONG_EVERY;

    let killed = killed(setup, &file).await?;
    println!("  killed after {:.0} s", killed.as_secs_f64());
    let told = whole(setup, &file, &[]).await?;
    let (created, there) = (count(&told, "created")?, count(&told, "there")?);
    println!("  {there} were there, {created} were made");
    ensure!(there > 0, "the killed import left nothing behind");
    ensure!(created + there == users - wrong, "users are missing: {told}");
    ensure!(count(&told, "rejected")? == wrong, "not every wrong line was told: {told}");
    let reported = fs::read_to_string(setup.folder.join("rejected.ndjson"))?.lines().count();
    ensure!(u64::try_from(reported)? == wrong, "{reported} lines are in the report");

    let dry = whole(setup, &file, &["--dry-run"]).await?;
    ensure!(count(&dry, "there")? == users - wrong, "a second look finds others: {dry}");
    let mut link = setup.database.link().await?;
    let rows = link.rows("SELECT CAST(count(*) AS CHAR(20)) FROM durward_users").await?;
    let held = rows.into_iter().flatten().next().flatten().context("no count")?;
    ensure!(held.trim() == (users - wrong).to_string(), "{held} users are held");
    Ok(())
}

/// Users as another system would tell of them, and wrong ones among them.
fn write(file: &Path, users: u64) -> Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    let mut line = String::new();
    for n in 0..users {
        line.clear();
        let name = if n % WRONG_EVERY == 7 { String::new() } else { format!("Ada {n}") };
        let user = json!({
            "sourceId": n.to_string(),
            "name": name,
            "createdAt": "2020-01-02T03:04:05Z",
            "emails": [{ "email": format!("ada{n}@example.com"), "verified": true }],
            "passwordHash": HASH,
        });
        writeln!(line, "{user}")?;
        out.write_all(line.as_bytes())?;
    }
    out.flush()?;
    Ok(())
}

/// Begins an import and kills it while it is at work.
async fn killed(setup: &Setup, file: &Path) -> Result<Duration> {
    let started = Instant::now();
    let mut import = begin(setup, file, &[])?;
    let mut link = setup.database.link().await?;
    loop {
        sleep(Duration::from_millis(200)).await;
        if let Some(status) = import.try_wait()? {
            bail!("the import was over before it was killed ({status})");
        }
        if !link.rows("SELECT name FROM durward_users LIMIT 1").await?.is_empty() {
            break;
        }
    }
    sleep(Duration::from_secs(2)).await;
    import.kill()?;
    import.wait()?;
    drop(link);
    setup.database.settle().await?;
    Ok(started.elapsed())
}

/// Imports everything, watches the memory, and answers what was told.
async fn whole(setup: &Setup, file: &Path, flags: &[&str]) -> Result<Value> {
    let started = Instant::now();
    let mut import = begin(setup, file, flags)?;
    let mut peak = 0;
    while import.try_wait()?.is_none() {
        // A process that ended between the two looks has no memory any more.
        peak = memory(import.id()).map_or(peak, |memory| memory.peak.max(peak));
        sleep(Duration::from_millis(50)).await;
    }
    let told = import.wait_with_output()?;
    let peak = peak / 1024 / 1024;
    println!("  {flags:?} in {:.0} s, peak memory {peak} MiB", started.elapsed().as_secs_f64());
    ensure!(peak > 0, "the memory was not seen");
    ensure!(peak < MOST, "the import takes {peak} MiB");
    serde_json::from_slice(&told.stdout).context("the import does not say what it did")
}

fn begin(setup: &Setup, file: &Path, flags: &[&str]) -> Result<Child> {
    let mut import = setup.operator()?;
    import.args(["user", "import", "--json", "--report"]).arg(setup.folder.join("rejected.ndjson"));
    import.args(flags).arg(file).stdout(Stdio::piped());
    import.spawn().context("the import cannot be started")
}

fn count(told: &Value, what: &str) -> Result<u64> {
    told[what].as_u64().with_context(|| format!("the import does not say {what}: {told}"))
}
