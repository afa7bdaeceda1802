use std::net::IpAddr;

use durward_core::Attrs;
use sqlx::Postgres;
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgRow, PgSslMode};

use crate::SqlStore;
use crate::engine::KEPT_STATEMENTS;
use crate::engine::connections::{Connections, Lease};
use crate::engine::pools::CONNECTIONS;
use crate::engine::server::Server;
use crate::engine::{Dialect, Driver, read_row, run_statements};

impl<A: Attrs> SqlStore<Postgres, A> {
    /// Opens connections, at most 16, to the database at a URL such as
    /// `postgres://durward@db.example.com/durward`.
    ///
    /// Unless the URL has an `sslmode`, a server that is not on this machine must prove its name by a
    /// certificate; one that no public authority signed is named by `sslrootcert`.
    pub async fn connect(url: &str) -> sqlx::Result<Self> {
        Self::connect_with(strict(url, url.parse()?), CONNECTIONS).await
    }

    /// Opens connections, at most so many and one at least, by options that are taken as they are, including how TLS is
    /// used.
    pub async fn connect_with(options: PgConnectOptions, most: u32) -> sqlx::Result<Self> {
        let options = options.statement_cache_capacity(KEPT_STATEMENTS);
        Connections::open(options, most).await.map(|own| Self::of(Server::Own(own)))
    }
}

fn strict(url: &str, options: PgConnectOptions) -> PgConnectOptions {
    let host = options.get_host();
    let loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let local = loopback || host.starts_with('/') || options.get_socket().is_some();
    let said = ["sslmode=", "ssl-mode="].iter().any(|mode| url.contains(mode));
    let undecided = matches!(options.get_ssl_mode(), PgSslMode::Prefer);
    if local || said || !undecided { options } else { options.ssl_mode(PgSslMode::VerifyFull) }
}

impl Driver for Postgres {
    const DIALECT: Dialect = Dialect::Postgres;
    const BEGIN: &'static str = "BEGIN";
    const PROBE: &'static str = "SELECT 1";
    const RESUMES: bool = true;

    type Source = Server<Self>;
    type Unit = Lease<Self>;

    /// A failed transaction refuses everything, and its commit is a roll-back that reports no error.
    fn still_open(probed: &sqlx::Result<()>) -> bool {
        probed.is_ok()
    }

    /// Serialization failure, deadlock, lock not available; and division by zero, which is how a write of
    /// several that go together says that it found no row.
    fn is_conflict(error: &dyn DatabaseError) -> bool {
        matches!(error.code().as_deref(), Some("40001" | "40P01" | "55P03" | "22012"))
    }

    /// Duplicate table, column or object.
    fn has_run_already(error: &dyn DatabaseError) -> bool {
        matches!(error.code().as_deref(), Some("42P07" | "42701" | "42710"))
    }

    fn is_missing_table(error: &dyn DatabaseError) -> bool {
        error.code().as_deref() == Some("42P01")
    }

    run_statements!();
}

read_row!(PgRow, try_get);

#[cfg(test)]
mod tests {
    use super::*;

    fn mode_of(url: &str) -> PgSslMode {
        strict(url, url.parse().unwrap()).get_ssl_mode()
    }

    #[test]
    fn a_server_elsewhere_must_prove_its_name() {
        let elsewhere = "postgres://durward@db.example.com/durward";
        assert!(matches!(mode_of(elsewhere), PgSslMode::VerifyFull));
        for here in [
            "postgres://durward@localhost/durward",
            "postgres://durward@127.0.0.1/durward",
            "postgres:///durward?host=/run/postgresql",
        ] {
            assert!(matches!(mode_of(here), PgSslMode::Prefer), "{here}");
        }
        let said = "postgres://durward@db.example.com/durward?sslmode=require";
        assert!(matches!(mode_of(said), PgSslMode::Require));
    }
}
