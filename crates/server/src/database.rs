//! Opens the database that the URL names, of whichever kind it is.

use anyhow::anyhow;
use durward::Plain;
use durward::sql::{Engine, SchemaError, SqlStore};
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{MySql, Postgres, Sqlite};

use crate::config::{Database, DatabaseUrl, EngineKind};
use crate::failure::Failure;

/// Evaluates an expression with the type of the engine: the one place where a kind becomes a type.
macro_rules! for_engine {
    ($kind:expr, $engine:ident => $work:expr) => {
        match $kind {
            $crate::config::EngineKind::Sqlite => {
                type $engine = sqlx::Sqlite;
                $work
            }
            $crate::config::EngineKind::Postgres => {
                type $engine = sqlx::Postgres;
                $work
            }
            $crate::config::EngineKind::Mysql => {
                type $engine = sqlx::MySql;
                $work
            }
        }
    };
}
pub(crate) use for_engine;

/// How each engine is connected to.
pub(crate) trait Connect: Engine {
    /// Opens the store; fails when the database does not answer.
    fn connect(
        url: &DatabaseUrl,
        most: u32,
    ) -> impl Future<Output = sqlx::Result<SqlStore<Self, Plain>>> + Send;
}

impl Connect for Sqlite {
    /// One connection writes and a few read, whatever the settings say.
    async fn connect(url: &DatabaseUrl, _most: u32) -> sqlx::Result<SqlStore<Self, Plain>> {
        SqlStore::<Self, Plain>::connect(url.url.expose()).await
    }
}

impl Connect for Postgres {
    /// A server elsewhere must prove its name, unless the URL says otherwise (R-DP-04).
    async fn connect(url: &DatabaseUrl, most: u32) -> sqlx::Result<SqlStore<Self, Plain>> {
        let mut options: PgConnectOptions = url.url.expose().parse()?;
        let is_undecided = matches!(options.get_ssl_mode(), PgSslMode::Prefer);
        if !url.is_local && !url.names_tls && is_undecided {
            options = options.ssl_mode(PgSslMode::VerifyFull);
        }
        SqlStore::<Self, Plain>::connect_with(options, most).await
    }
}

impl Connect for MySql {
    /// A server elsewhere must prove its name, unless the URL says otherwise (R-DP-04).
    async fn connect(url: &DatabaseUrl, most: u32) -> sqlx::Result<SqlStore<Self, Plain>> {
        let mut options: MySqlConnectOptions = url.url.expose().parse()?;
        if !url.is_local && !url.names_tls {
            options = options.ssl_mode(MySqlSslMode::VerifyIdentity);
        }
        SqlStore::<Self, Plain>::connect_with(options, most).await
    }
}

/// Opens the store with the prefix of the settings.
pub(crate) async fn open<E: Connect>(
    url: &DatabaseUrl,
    settings: &Database,
) -> Result<SqlStore<E, Plain>, Failure> {
    let store = E::connect(url, settings.max_connections).await.map_err(|error| {
        let advice = match url.engine {
            EngineKind::Sqlite => "its folder must exist, and this user must be allowed to write to it",
            EngineKind::Postgres | EngineKind::Mysql => {
                "check that it runs, and that database.url has the right host, name, user and password"
            }
        };
        anyhow!("the database {} cannot be opened: {}; {advice}", url.masked(), reason(&error))
    })?;
    Ok(store.with_prefix(settings.table_prefix.clone()))
}

/// What to do about a schema that this release cannot work with.
pub(crate) fn schema_failure(error: SchemaError) -> Failure {
    let advice = match &error {
        SchemaError::Behind { .. } => {
            "run `durward migrate` with the same settings, or start with --migrate"
        }
        SchemaError::Newer { .. } => "use the newer release of Durward that made it",
        SchemaError::Edited { .. } => {
            "restore a backup, or use the release of Durward that made this database"
        }
        SchemaError::Store(_) | _ => {
            return anyhow!(error).context("the schema of the database cannot be read").into();
        }
    };
    anyhow!("{error}; {advice}").into()
}

/// Whether a server may run on this database; one that is newer was migrated for the next release, and
/// stays usable for this one.
pub(crate) fn usable(checked: Result<(), SchemaError>) -> Result<(), SchemaError> {
    match checked {
        Err(error @ SchemaError::Newer { .. }) => {
            tracing::warn!(%error, "the database is ahead of this release");
            Ok(())
        }
        checked => checked,
    }
}

/// What the driver said, in a sentence without its inner workings.
fn reason(error: &sqlx::Error) -> String {
    if let sqlx::Error::Database(error) = error {
        error.message().to_owned()
    } else if let sqlx::Error::Io(error) = error {
        crate::config::reason(error)
    } else if let sqlx::Error::PoolTimedOut = error {
        String::from("it does not answer")
    } else {
        error.to_string()
    }
}
