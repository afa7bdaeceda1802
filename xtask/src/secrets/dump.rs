//! Every value of every column of every table.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use data_encoding::HEXUPPER_PERMISSIVE;

use crate::database::{Database, Engine, Link, Row};

/// One value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stored {
    pub(super) table: String,
    pub(super) column: String,
    pub(super) bytes: Vec<u8>,
}

/// Reads the whole database; equal values of a column once.
pub(super) async fn dump(database: &Database) -> Result<BTreeSet<Stored>> {
    let engine = database.engine;
    let mut link = database.link().await?;
    let mut stored = BTreeSet::new();
    for row in columns(engine, &mut link).await? {
        let [table, column, kind] = row.as_slice() else {
            continue;
        };
        let (table, column) =
            (table.clone().unwrap_or_default(), column.clone().unwrap_or_default());
        let hex = in_hex(engine, &column, kind.as_deref().unwrap_or_default());
        let name = quoted(engine, &table);
        let values = link.rows(&format!("SELECT DISTINCT {hex} FROM {name}")).await?;
        for value in values.into_iter().flatten().flatten() {
            let bytes = HEXUPPER_PERMISSIVE.decode(value.as_bytes());
            let bytes = bytes.with_context(|| format!("{table}.{column} is not read as hex"))?;
            // SQLite has no other word for NULL in hex.
            if !bytes.is_empty() {
                stored.insert(Stored { table: table.clone(), column: column.clone(), bytes });
            }
        }
    }
    ensure!(!stored.is_empty(), "the dump is empty: it was taken of the wrong database");
    Ok(stored)
}

/// Table, column and type.
async fn columns(engine: Engine, link: &mut Link) -> Result<Vec<Row>> {
    let sql = match engine {
        Engine::Sqlite => {
            "SELECT s.name, c.name, c.type FROM sqlite_schema s, pragma_table_info(s.name) c \
             WHERE s.type = 'table' ORDER BY 1, 2"
        }
        Engine::Postgres => {
            "SELECT table_name::text, column_name::text, data_type::text \
             FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2"
        }
        Engine::MariaDb => {
            "SELECT table_name, column_name, CAST(data_type AS CHAR) \
             FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, 2"
        }
    };
    link.rows(sql).await
}

fn in_hex(engine: Engine, column: &str, kind: &str) -> String {
    let name = quoted(engine, column);
    match engine {
        Engine::Sqlite => format!("hex(CAST({name} AS BLOB))"),
        Engine::Postgres if kind == "bytea" => format!("encode({name}, 'hex')"),
        Engine::Postgres => format!("encode(convert_to({name}::text, 'UTF8'), 'hex')"),
        Engine::MariaDb => format!("HEX(CAST({name} AS BINARY))"),
    }
}

fn quoted(engine: Engine, name: &str) -> String {
    let mark = if engine == Engine::MariaDb { '`' } else { '"' };
    format!("{mark}{name}{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_dump_has_every_value_whatever_its_type() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::create(Engine::Sqlite, folder.path()).await.unwrap();
        std::fs::File::create(folder.path().join("durward.db")).unwrap();
        let mut link = database.link().await.unwrap();
        link.rows("CREATE TABLE t (a BLOB, \"b c\" TEXT, d INTEGER)").await.unwrap();
        link.rows("INSERT INTO t VALUES (x'00ff', 'text', 7), (NULL, 'text', 8)").await.unwrap();
        let dump = dump(&database).await.unwrap();
        let value = |column: &str, bytes: &[u8]| Stored {
            table: String::from("t"),
            column: String::from(column),
            bytes: bytes.to_vec(),
        };
        let expected =
            [value("a", &[0, 255]), value("b c", b"text"), value("d", b"7"), value("d", b"8")];
        assert_eq!(dump.into_iter().collect::<Vec<_>>(), expected);
    }
}
