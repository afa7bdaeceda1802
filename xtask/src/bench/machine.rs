//! What a figure was measured on.

use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use anyhow::{Context, Result};

use crate::cargo::root;
use crate::database::{Database, Engine};
use crate::server::cores;

/// Machine, compiler and commit, one per line.
pub(super) fn about() -> Vec<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores_seen = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let count = cores_seen.matches("processor\t").count();
    let count = count.max(available_parallelism().map_or(1, std::num::NonZero::get));
    let place = match cores() {
        Some((server, load)) => format!("server on core {server}, load on core {load}"),
        None => {
            String::from("server and load share all cores: figures are lower than they could be")
        }
    };
    let busy = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let busy = busy.split(' ').next().unwrap_or_default();
    let commit = said("git", &["rev-parse", "--short", "HEAD"]);
    let changed = !said("git", &["status", "--porcelain"]).is_empty();
    let changed = if changed { ", with changes" } else { "" };
    vec![
        format!("{count} x {model}, {}", said("uname", &["-sr"])),
        format!("{}, release build, commit {commit}{changed}", said("rustc", &["--version"])),
        format!("{place}; load average before: {busy}"),
        String::from("a small HTTP client of our own makes the load, since it shares the machine"),
    ]
}

/// The engine and how durable its commits are.
pub(super) async fn engine(database: &Database) -> Result<String> {
    Ok(match database.engine {
        Engine::Sqlite => {
            let folder = database.url.trim_start_matches("sqlite://");
            fs::File::options().create(true).append(true).open(folder)?;
            let version = first(database, "SELECT sqlite_version()").await?;
            format!(
                "SQLite {version}, write-ahead log, a commit is on the disk before it is answered"
            )
        }
        Engine::Postgres => {
            let version = first(database, "SHOW server_version").await?;
            let fsync = first(database, "SHOW fsync").await?;
            let commit = first(database, "SHOW synchronous_commit").await?;
            let advice = if fsync == "on" && commit == "on" {
                ""
            } else {
                "; NOT DURABLE, use ./test with-engines --durable"
            };
            format!("PostgreSQL {version}, fsync {fsync}, synchronous_commit {commit}{advice}")
        }
        Engine::MariaDb => format!("MariaDB {}", first(database, "SELECT VERSION()").await?),
    })
}

async fn first(database: &Database, sql: &str) -> Result<String> {
    let rows = database.link().await?.rows(sql).await?;
    let value = rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten();
    value.with_context(|| format!("{sql} has no answer"))
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    let output = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}
