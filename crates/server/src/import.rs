//! `durward user import`: takes users over from another system, one JSON object a line.

mod line;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use durward::accounts::{Import, ImportedUser};
use durward::email::EmailRules;
use durward::sql::SqlStore;
use durward::{Accounts, KeyRing, Obstruction, Origin, Plain};
use serde_json::json;

use crate::admin;
use crate::cli;
use crate::config::{self, Config, DatabaseUrl, Mode};
use crate::database::{self, Connect, for_engine};
use crate::dev;
use crate::failure::Failure;
use crate::logs;
use crate::output::Output;

use line::Seen;

/// How many users are written in one unit of work.
const BATCH: usize = 500;

/// The longest line that is read, in bytes.
const LONGEST: usize = 64 * 1_024;

/// Imports a file.
pub(crate) async fn run(
    command: &cli::ImportUsers,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let given = common.sources(cli::database_flag(command.database.as_ref()));
    let (config, url, keys) = if command.development.dev {
        let loaded = config::load(given, Mode::Development);
        let place = dev::Place::open(loaded, &command.development.data)?;
        (place.config, place.database, place.keys)
    } else {
        config::database_and_keys_of(config::load(given, Mode::Production))?
    };
    logs::begin(config.log)?;
    for_engine!(url.engine, E => into::<E>(command, &config, &url, keys, output).await)
}

async fn into<E: Connect>(
    command: &cli::ImportUsers,
    config: &Config,
    url: &DatabaseUrl,
    keys: KeyRing,
    output: Output,
) -> Result<(), Failure> {
    let lines = open(&command.file)?;
    let report: Box<dyn Write + Send> = match &command.report {
        Some(path) => {
            let file = File::create(path);
            let shown = path.display();
            Box::new(BufWriter::new(file.with_context(|| format!("{shown} cannot be written"))?))
        }
        None => Box::new(io::stderr()),
    };
    let store = database::open::<E>(url, &config.database).await?;
    database::usable(store.check_schema().await).map_err(database::schema_failure)?;
    let accounts = admin::accounts(&store, config, Arc::new(keys))?;
    let rules = config.accounts.email;
    let mut import = Importer { accounts, dry: command.dry_run, report, counts: Counts::default() };
    let done = import.all(lines, rules).await;
    let counts = import.counts;
    drop(import);
    store.close().await;
    done?;
    tell(counts, command.dry_run, output);
    if counts.rejected > 0 { Err(Failure::Told) } else { Ok(()) }
}

fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(Box::new(BufReader::with_capacity(1 << 20, file)))
}

#[derive(Clone, Copy, Default)]
struct Counts {
    created: u64,
    there: u64,
    rejected: u64,
}

struct Importer<E: Connect> {
    accounts: Accounts<SqlStore<E, Plain>>,
    dry: bool,
    report: Box<dyn Write + Send>,
    counts: Counts,
}

impl<E: Connect> Importer<E> {
    async fn all(
        &mut self,
        mut lines: Box<dyn BufRead + Send>,
        rules: EmailRules,
    ) -> anyhow::Result<()> {
        let (mut number, mut seen) = (0, Seen::default());
        let mut batch = Vec::with_capacity(BATCH);
        let mut text = Vec::new();
        while next(&mut lines, &mut text)? {
            number += 1;
            if text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match line::read(&text, rules, &mut seen) {
                Ok(user) => batch.push((number, user)),
                Err(reasons) => self.reject(number, &reasons)?,
            }
            if batch.len() == BATCH {
                self.write(&mut batch).await?;
            }
        }
        self.write(&mut batch).await?;
        self.report.flush().context("the report cannot be written")
    }

    async fn write(&mut self, batch: &mut Vec<(u64, ImportedUser<Plain>)>) -> anyhow::Result<()> {
        let (numbers, users): (Vec<u64>, Vec<_>) = batch.drain(..).unzip();
        let Some(first) = numbers.first() else { return Ok(()) };
        let imported = self.accounts.import_users(&users, self.dry, &Origin::operator()).await;
        let imported = imported.map_err(|error| {
            anyhow!(error).context(format!("stopped at line {first}; run it again to go on there"))
        })?;
        for (number, outcome) in numbers.into_iter().zip(imported) {
            match outcome {
                Import::Created(_) => self.counts.created += 1,
                Import::There(_) => self.counts.there += 1,
                Import::Rejected(reasons) => self.reject(number, &reasons)?,
            }
        }
        Ok(())
    }

    fn reject(&mut self, line: u64, reasons: &[Obstruction]) -> anyhow::Result<()> {
        self.counts.rejected += 1;
        let report = json!({ "line": line, "reasons": reasons });
        writeln!(self.report, "{report}").context("the report cannot be written")
    }
}

/// Reads a line, of one that is too long only so much as shows it.
fn next(lines: &mut Box<dyn BufRead + Send>, text: &mut Vec<u8>) -> anyhow::Result<bool> {
    text.clear();
    let most = LONGEST as u64 + 1;
    let read =
        lines.by_ref().take(most).read_until(b'\n', text).context("a line cannot be read")?;
    if text.len() > LONGEST && text.last() != Some(&b'\n') {
        lines.skip_until(b'\n').context("a line cannot be read")?;
    }
    Ok(read > 0)
}

fn tell(counts: Counts, dry: bool, output: Output) {
    let Counts { created, there, rejected } = counts;
    let would = if dry { " (nothing was written)" } else { "" };
    let text = format!(
        "{created} users imported, {there} here before, {rejected} lines rejected{would}.\n"
    );
    let json = json!({
        "ok": rejected == 0,
        "dryRun": dry,
        "created": created,
        "there": there,
        "rejected": rejected,
    });
    output.result(&json, &text);
}
