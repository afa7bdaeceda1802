//! What commands have in common that work on the database of a deployment, as whoever runs it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use durward::page::Place;
use durward::{Accounts, Error, KeyRing, Obstruction, Page, Plain, Slice, Store};
use serde_json::{Value, json};

use crate::admin::accounts_at;
use crate::admin_link::base;
use crate::cli;
use crate::config::{self, Config, DatabaseUrl, Mode, Problem, Problems};
use crate::database::{self, Connect, for_engine};
use crate::dev;
use crate::failure::Failure;
use crate::logs;
use crate::output::Output;

/// How many rows are looked up at once.
const PART: u32 = 100;

/// What a command has to tell, to programs and to people.
pub(crate) type Told = Result<(Value, String), Error>;

/// What a command does with the accounts, on whichever engine they are.
pub(crate) trait Work {
    /// Does it.
    async fn on<S: Store<Attrs = Plain>>(self, accounts: &Accounts<S>) -> Told;

    /// Whether it mails: then a link must lead to the server.
    fn mails(&self) -> bool {
        false
    }

    /// What went wrong, and what to do.
    fn advised(error: Error) -> Failure;
}

/// Reads what a command line says, opens the database, and does it.
pub(crate) async fn run<W: Work>(
    place: &cli::Place,
    common: &cli::Common,
    output: Output,
    read: impl FnOnce(&Config) -> Result<W, Problems>,
) -> Result<(), Failure> {
    let given = common.sources(cli::database_flag(place.database.as_ref()));
    let (config, url, keys) = if place.development.dev {
        let loaded = config::load(given, Mode::Development);
        let place = dev::Place::open(loaded, &place.development.data)?;
        (place.config, place.database, place.keys)
    } else {
        config::database_and_keys_of(config::load(given, Mode::Production))?
    };
    logs::begin(config.log)?;
    let work = read(&config)?;
    let base = if work.mails() { base(&config, place.development.dev)? } else { String::new() };
    for_engine!(url.engine, E => obey::<E, W>(&config, &url, keys, &base, work, output).await)
}

async fn obey<E: Connect, W: Work>(
    config: &Config,
    url: &DatabaseUrl,
    keys: KeyRing,
    base: &str,
    work: W,
    output: Output,
) -> Result<(), Failure> {
    let store = database::open::<E>(url, &config.database).await?;
    database::usable(store.check_schema().await).map_err(database::schema_failure)?;
    let accounts = accounts_at(&store, config, Arc::new(keys), base)?;
    let told = work.on(&accounts).await;
    drop(accounts);
    store.close().await;
    let (json, text) = told.map_err(W::advised)?;
    output.result(&json, &text);
    Ok(())
}

/// Reads the values of flags, and remembers all that is wrong with them.
#[derive(Default)]
pub(crate) struct Flags(Vec<Problem>);

impl Flags {
    /// The value of a flag, if it was given.
    pub(crate) fn read<T>(
        &mut self,
        flag: &str,
        value: Option<&str>,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        read(value?).map_err(|why| self.0.push(Problem::wrong("", Some(&flag), why))).ok()
    }

    /// The id that a flag has, if it was given.
    pub(crate) fn id<T: FromStr>(
        &mut self,
        flag: &str,
        value: Option<&str>,
        what: &str,
    ) -> Option<T> {
        self.read(flag, value, |text| text.parse().map_err(|_no_id| format!("must be {what}")))
    }

    /// Nothing, if everything could be read.
    pub(crate) fn finish(self) -> Result<(), Problems> {
        if self.0.is_empty() { Ok(()) } else { Err(Problems(self.0)) }
    }
}

/// The id that an argument must be.
pub(crate) fn id<T: FromStr>(argument: &str, text: &str, what: &str) -> Result<T, Problems> {
    let wrong = |_no_id| Problem::wrong("", Some(&argument), format!("must be {what}"));
    text.parse().map_err(|error: T::Err| Problems(vec![wrong(error)]))
}

/// Which part of which list is asked for.
pub(crate) struct Asked {
    /// What a cursor belongs to: the list and its filters.
    context: String,
    limit: u32,
    after: Option<String>,
}

impl Asked {
    /// A part of the list of this name under these filters.
    pub(crate) fn of(list: &str, filters: &[Option<&str>], part: &cli::Part) -> Self {
        let context = format!("cursor\noperator\n{list}\n{filters:?}");
        Self { context, limit: part.limit, after: part.after.clone() }
    }

    /// The rows of the part as text and JSON, in as many steps as it takes.
    pub(crate) async fn told<S: Store, T, P: Place>(
        &self,
        accounts: &Accounts<S>,
        part: impl AsyncFn(Slice<P>) -> Result<Page<T, P>, Error>,
        (noun, view, line): (&str, impl Fn(&T) -> Value, impl Fn(&Value) -> String),
    ) -> Told {
        let mut after = match &self.after {
            None => None,
            Some(cursor) => Some(accounts.place(self.context.as_bytes(), cursor).ok_or_else(bad)?),
        };
        let mut rows = Vec::new();
        while let Some(left) = self.left(rows.len()) {
            let page = part(Slice { after, limit: left.min(PART) }).await?;
            rows.extend(page.rows.iter().map(&view));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let next = after.map(|place| accounts.cursor(self.context.as_bytes(), &place));
        let mut text: String = rows.iter().map(|row| line(row) + "\n").collect();
        if let Some(next) = &next {
            text.push_str("There are more: ask for them with the same filters and --after ");
            text.push_str(next);
            text.push('\n');
        }
        let mut told = json!({ "ok": true, "next": next });
        told[noun] = rows.into();
        Ok((told, text))
    }

    /// How many rows are still missing; `None` when there are enough.
    fn left(&self, told: usize) -> Option<u32> {
        let told = u32::try_from(told).unwrap_or(u32::MAX);
        Some(self.limit.saturating_sub(told)).filter(|left| *left > 0)
    }
}

fn bad() -> Error {
    let text = "--after must be the cursor that this very list ended with, under the same filters";
    Error::Invalid(vec![Obstruction::new("CURSOR_INVALID", text)])
}

/// What went wrong, where there is nothing better to say.
pub(crate) fn plain_advice(error: Error) -> Failure {
    if let Error::Invalid(found) = error {
        let texts: Vec<_> = found.into_iter().map(|it| it.text).collect();
        return anyhow::anyhow!("{}", texts.join(" ")).into();
    }
    anyhow::anyhow!(error).context("nothing was done").into()
}

/// Members of an object on a line.
pub(crate) fn columns(shown: &Value, names: &[&str]) -> String {
    let cells: Vec<String> = names.iter().map(|name| Cell(&shown[*name]).to_string()).collect();
    cells.join("  ")
}

/// A value for people.
pub(crate) struct Cell<'a>(pub(crate) &'a Value);

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("-"),
            Value::String(text) => f.write_str(text),
            Value::Array(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| Cell(part).to_string()).collect();
                f.write_str(&parts.join(", "))
            }
            other @ (Value::Bool(_) | Value::Number(_) | Value::Object(_)) => write!(f, "{other}"),
        }
    }
}
