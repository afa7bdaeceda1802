//! The database of a run: made fresh, looked into, and removed.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _};
use sqlx::{MySqlConnection, PgConnection, SqliteConnection};
use tokio::time::sleep;

use crate::random::Random;

/// The engines that the server runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
    MariaDb,
}

/// One row, each value as text; `None` is NULL.
pub(crate) type Row = Vec<Option<String>>;

/// A database that nobody else uses.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    /// What it runs on.
    pub(crate) engine: Engine,
    /// Where the server finds it.
    pub(crate) url: String,
    /// The server that it was made on, and its name there; a SQLite database is a file.
    home: Option<(String, String)>,
}

impl Database {
    /// Makes an empty database: a file in this folder, or one on the server that the environment names.
    pub(crate) async fn create(engine: Engine, folder: &Path) -> Result<Self> {
        let Some(variable) = engine.variable() else {
            let url = format!("sqlite://{}", folder.join("durward.db").display());
            return Ok(Self { engine, url, home: None });
        };
        let server = std::env::var(variable).map_err(|_absent| {
            anyhow!("{variable} is not set; run this through ./test with-engines")
        })?;
        let name = format!("durward_{:016x}", Random::fresh_seed());
        link(engine, &server).await?.rows(&format!("CREATE DATABASE {name}")).await?;
        Ok(Self { engine, url: sibling(&server, &name)?, home: Some((server, name)) })
    }

    /// Removes the database. The folder of a file is somebody else's to remove.
    pub(crate) async fn remove(self) -> Result<()> {
        if let Some((server, name)) = self.home {
            let force = if self.engine == Engine::Postgres { " WITH (FORCE)" } else { "" };
            link(self.engine, &server).await?.rows(&format!("DROP DATABASE {name}{force}")).await?;
        }
        Ok(())
    }

    /// Connects to the database.
    pub(crate) async fn link(&self) -> Result<Link> {
        link(self.engine, &self.url).await
    }

    /// How many deadlocks there were in it, on PostgreSQL, where each is a second of waiting; once nobody is connected.
    /// SQLite has none, and MariaDB breaks at once what its gap locks bring about.
    pub(crate) async fn deadlocks(&self) -> Result<u64> {
        let (Engine::Postgres, Some((server, name))) = (self.engine, &self.home) else {
            return Ok(0);
        };
        let sql = format!("SELECT deadlocks::text FROM pg_stat_database WHERE datname = '{name}'");
        let rows = link(self.engine, server).await?.rows(&sql).await?;
        let count = rows.into_iter().flatten().next().flatten();
        Ok(count.context("no statistics of the database")?.parse()?)
    }

    /// Waits until nobody is connected: what a killed process left under way is then decided.
    pub(crate) async fn settle(&self) -> Result<()> {
        let (others, server, name) = match (self.engine, &self.home) {
            (Engine::Postgres, Some((server, name))) => {
                ("SELECT count(*)::text FROM pg_stat_activity WHERE datname", server, name)
            }
            (Engine::MariaDb, Some((server, name))) => (
                "SELECT CAST(count(*) AS CHAR) FROM information_schema.processlist WHERE db",
                server,
                name,
            ),
            (Engine::Sqlite | Engine::Postgres | Engine::MariaDb, _) => return Ok(()),
        };
        let mut link = link(self.engine, server).await?;
        for _ in 0..500 {
            let rows = link.rows(&format!("{others} = '{name}'")).await?;
            if rows.first().and_then(|row| row.first()) == Some(&Some(String::from("0"))) {
                return Ok(());
            }
            sleep(Duration::from_millis(20)).await;
        }
        bail!("the database server still serves a process that was killed")
    }
}

/// One connection to a database of any engine.
pub(crate) enum Link {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    MariaDb(MySqlConnection),
}

macro_rules! texts {
    ($connection:expr, $sql:expr) => {
        $connection
            .fetch_all(AssertSqlSafe($sql.to_owned()))
            .await?
            .iter()
            .map(|row| (0..row.len()).map(|column| row.try_get(column)).collect())
            .collect::<Result<Vec<Row>, sqlx::Error>>()?
    };
}

impl Link {
    /// Runs one statement without parameters; all columns of its answer must be text.
    pub(crate) async fn rows(&mut self, sql: &str) -> Result<Vec<Row>> {
        Ok(match self {
            Self::Sqlite(connection) => texts!(connection, sql),
            Self::Postgres(connection) => texts!(connection, sql),
            Self::MariaDb(connection) => texts!(connection, sql),
        })
    }
}

impl Engine {
    /// Where the server of an engine is named, if it needs one.
    const fn variable(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("DURWARD_TEST_POSTGRES_URL"),
            Self::MariaDb => Some("DURWARD_TEST_MYSQL_URL"),
        }
    }

    /// The engines that can be had here; what is missing is said, so that nobody takes it for judged.
    pub(crate) fn at_hand() -> Vec<Self> {
        let mut at_hand = Vec::new();
        for engine in [Self::Sqlite, Self::Postgres, Self::MariaDb] {
            match engine.variable() {
                Some(variable) if std::env::var_os(variable).is_none() => {
                    println!("!!! NOT ON {engine}: {variable} is not set; see ./test with-engines");
                }
                Some(_) | None => at_hand.push(engine),
            }
        }
        at_hand
    }
}

impl FromStr for Engine {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "sqlite" => Ok(Self::Sqlite),
            "postgres" => Ok(Self::Postgres),
            "mariadb" | "mysql" => Ok(Self::MariaDb),
            _ => bail!("the engines are sqlite, postgres and mariadb"),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MariaDb => "MariaDB",
        })
    }
}

async fn link(engine: Engine, url: &str) -> Result<Link> {
    let link = match engine {
        Engine::Sqlite => SqliteConnection::connect(url).await.map(Link::Sqlite),
        Engine::Postgres => PgConnection::connect(url).await.map(Link::Postgres),
        Engine::MariaDb => MySqlConnection::connect(url).await.map(Link::MariaDb),
    };
    link.with_context(|| format!("{engine} cannot be reached"))
}

/// The address of another database on the same server.
fn sibling(server: &str, name: &str) -> Result<String> {
    let (address, query) = server.split_once('?').unwrap_or((server, ""));
    let (_, rest) = address.split_once("://").context("the address of a database has no scheme")?;
    let place = match rest.find('/') {
        Some(slash) => &address[..address.len() - rest.len() + slash],
        None => address,
    };
    let mark = if query.is_empty() { "" } else { "?" };
    Ok(format!("{place}/{name}{mark}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_stands_beside_the_one_that_was_named() {
        for (server, expected) in [
            ("postgres://u:p@127.0.0.1:1/postgres", "postgres://u:p@127.0.0.1:1/x"),
            ("mysql://u:p@127.0.0.1:1", "mysql://u:p@127.0.0.1:1/x"),
            ("postgres://h/d?sslmode=disable", "postgres://h/x?sslmode=disable"),
        ] {
            assert_eq!(sibling(server, "x").unwrap(), expected);
        }
        assert!(sibling("nowhere", "x").is_err());
    }

    #[test]
    fn engines_have_the_names_of_the_test_command() {
        assert_eq!("mysql".parse::<Engine>().unwrap(), Engine::MariaDb);
        assert!("oracle".parse::<Engine>().is_err());
    }
}
