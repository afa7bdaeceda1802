use std::net::IpAddr;

use durward_core::Attrs;
use sqlx::MySql;
use sqlx::error::DatabaseError;
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlRow, MySqlSslMode};

use crate::SqlStore;
use crate::engine::KEPT_STATEMENTS;
use crate::engine::connections::{Connections, Lease};
use crate::engine::pools::CONNECTIONS;
use crate::engine::server::Server;
use crate::engine::{Dialect, Driver, read_row, run_statements};

impl<A: Attrs> SqlStore<MySql, A> {
    /// Opens connections, at most 16, to the database at a URL such as
    /// `mysql://durward@db.example.com/durward`.
    ///
    /// Unless the URL has an `ssl-mode`, a server that is not on this machine must prove its name by a
    /// certificate; one that no public authority signed is named by `ssl-ca`.
    pub async fn connect(url: &str) -> sqlx::Result<Self> {
        Self::connect_with(strict(url, url.parse()?), CONNECTIONS).await
    }

    /// Opens connections, at most so many and one at least, by options that are taken as they are, including how TLS is
    /// used.
    pub async fn connect_with(options: MySqlConnectOptions, most: u32) -> sqlx::Result<Self> {
        let options = options.statement_cache_capacity(KEPT_STATEMENTS);
        Connections::open(options, most).await.map(|own| Self::of(Server::Own(own)))
    }
}

fn strict(url: &str, options: MySqlConnectOptions) -> MySqlConnectOptions {
    let host = options.get_host();
    let loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let local = loopback || options.get_socket().is_some();
    let said = ["sslmode=", "ssl-mode="].iter().any(|mode| url.contains(mode));
    if local || said { options } else { options.ssl_mode(MySqlSslMode::VerifyIdentity) }
}

impl Driver for MySql {
    const DIALECT: Dialect = Dialect::MySql;
    /// Both in one round trip. The weaker isolation sees what others committed, which every guarded
    /// update relies on, and locks no gaps between rows.
    const BEGIN: &'static str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION";
    const PROBE: &'static str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";
    /// Not when the statement was just being prepared: its description would be taken for the next answer.
    const RESUMES: bool = false;

    type Source = Server<Self>;
    type Unit = Lease<Self>;

    /// A deadlock ends the whole transaction. Inside of one, and only there, its isolation cannot be set.
    fn still_open(probed: &sqlx::Result<()>) -> bool {
        probed.as_ref().is_err_and(|error| {
            const CANNOT_CHANGE_CHARACTERISTICS: u16 = 1568;
            error.as_database_error().map(number) == Some(CANNOT_CHANGE_CHARACTERISTICS)
        })
    }

    /// Row changed since it was read, lock wait timeout, deadlock or (Galera) certification failure; the
    /// last three are `TiDB`'s.
    fn is_conflict(error: &dyn DatabaseError) -> bool {
        matches!(number(error), 1020 | 1205 | 1213 | 8002 | 8022 | 9007)
    }

    /// Table, column or key name exists; and a key to be dropped does not.
    fn has_run_already(error: &dyn DatabaseError) -> bool {
        matches!(number(error), 1050 | 1060 | 1061 | 1091)
    }

    fn is_missing_table(error: &dyn DatabaseError) -> bool {
        number(error) == 1146
    }

    run_statements!();
}

// Text that is compared is kept as bytes, which sqlx would not take for text.
read_row!(MySqlRow, try_get_unchecked);

fn number(error: &dyn DatabaseError) -> u16 {
    error.try_downcast_ref::<MySqlDatabaseError>().map_or(0, MySqlDatabaseError::number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode_of(url: &str) -> MySqlSslMode {
        strict(url, url.parse().unwrap()).get_ssl_mode()
    }

    #[test]
    fn a_server_elsewhere_must_prove_its_name() {
        let elsewhere = "mysql://durward@db.example.com/durward";
        assert!(matches!(mode_of(elsewhere), MySqlSslMode::VerifyIdentity));
        for here in [
            "mysql://durward@localhost/durward",
            "mysql://durward@127.0.0.1/durward",
            "mysql://durward@localhost/durward?socket=/run/mysqld/mysqld.sock",
        ] {
            assert!(matches!(mode_of(here), MySqlSslMode::Preferred), "{here}");
        }
        let said = "mysql://durward@db.example.com/durward?ssl-mode=REQUIRED";
        assert!(matches!(mode_of(said), MySqlSslMode::Required));
    }
}
