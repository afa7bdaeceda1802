//! `durward migrate`: brings the database to the schema of this release, or prints how.

use durward::sql::{Dialect, migrations};
use serde_json::json;

use crate::cli;
use crate::config::{self, Config, DatabaseUrl, EngineKind, Mode};
use crate::database::{self, Connect, for_engine};
use crate::dev;
use crate::failure::Failure;
use crate::logs;
use crate::output::Output;

/// Prints the statements, or runs them.
pub(crate) async fn run(
    command: &cli::Migrate,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    if let Some(engine) = command.engine {
        print(command, engine.into(), output);
        return Ok(());
    }
    let given = common.sources(cli::database_flag(command.database.as_ref()));
    let (config, url) = if command.development.dev {
        let loaded = config::load(given, Mode::Development);
        let place = dev::Place::open(loaded, &command.development.data)?;
        (place.config, place.database)
    } else {
        config::database_of(config::load(given, Mode::Production))?
    };
    logs::begin(config.log)?;
    for_engine!(url.engine, E => migrate::<E>(&config, &url, output).await)
}

async fn migrate<E: Connect>(
    config: &Config,
    url: &DatabaseUrl,
    output: Output,
) -> Result<(), Failure> {
    let store = database::open::<E>(url, &config.database).await?;
    let migrated = store.migrate().await;
    store.close().await;
    migrated.map_err(database::schema_failure)?;
    let version = migrations::latest();
    let text = format!("The database {} has the schema of version {version}.\n", url.masked());
    output.result(&json!({ "ok": true, "database": url.masked(), "version": version }), &text);
    Ok(())
}

fn print(command: &cli::Migrate, engine: EngineKind, output: Output) {
    let dialect = match engine {
        EngineKind::Sqlite => Dialect::Sqlite,
        EngineKind::Postgres => Dialect::Postgres,
        EngineKind::Mysql => Dialect::MySql,
    };
    let script = migrations::print(dialect, &command.prefix);
    output.result(&json!({ "engine": dialect.name(), "sql": script }), &script);
}
