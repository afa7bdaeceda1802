use std::cell::Cell;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use durward_core::store::Result;
use rusqlite::types::{FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, Statement, params_from_iter};

use crate::engine::{KEPT_STATEMENTS, Value};
use crate::row::{Decode, Row};

/// How many connections are kept for later; there are never more than threads that look up.
const KEPT: usize = 8;
/// The memory of a connection for pages, in KiB.
const PAGES_KIB: i64 = 8 * 1024;

/// Look-ups of one row, or of a few, on the calling thread, by connections of their own.
///
/// A point read takes a few microseconds. Through sqlx it takes a thread of the connection's and two switches of
/// context besides, which cost many times more (P2). See docs/adr/0018.
pub(super) struct Direct {
    path: PathBuf,
    /// `None` when the store is closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Direct {
    /// Look-ups in the file at this path, which is in write-ahead mode already.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::new(Some(Vec::new())) }
    }

    /// Looks one row up. `None` when that did not work here and now, for whatever reason: sqlx's connections wait
    /// where somebody must wait, and know what to say about errors.
    pub(super) fn row<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Option<Result<Option<T>>> {
        self.found(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_row(bound(values), |row| Ok(decode(&Found::new(row))));
            Ok(found.optional()?.transpose())
        })
    }

    /// The same for rows of which there are few.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Option<Result<Vec<T>>> {
        self.found(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_map(bound(values), |row| Ok(decode(&Found::new(row))))?;
            found.collect()
        })
    }

    fn found<T>(&self, look_up: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Option<T> {
        let found = self.connection().and_then(|connection| {
            let found = look_up(&connection)?;
            self.put(connection);
            Ok(found)
        });
        let left = |error| tracing::debug!(%error, "a look-up is left to the threads that read");
        found.map_err(left).ok()
    }

    pub(super) fn close(&self) {
        self.idle().take();
    }

    fn connection(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle().as_mut().map(Vec::pop);
        match idle {
            Some(Some(connection)) => Ok(connection),
            Some(None) => self.open(),
            None => Err(rusqlite::Error::InvalidQuery),
        }
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        // Nobody sleeps on this thread.
        connection.busy_timeout(Duration::ZERO)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -PAGES_KIB)?;
        connection.set_prepared_statement_cache_capacity(KEPT_STATEMENTS);
        Ok(connection)
    }

    fn put(&self, connection: Connection) {
        if let Some(idle) = self.idle().as_mut().filter(|idle| idle.len() < KEPT) {
            idle.push(connection);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Values as `rusqlite` takes them.
pub(super) fn bound(values: &[Value<'_>]) -> impl Params {
    params_from_iter(values.iter().map(|value| ToSqlOutput::Borrowed(bare(*value))))
}

fn bare(value: Value<'_>) -> ValueRef<'_> {
    match value {
        Value::Integer(number) => number.map_or(ValueRef::Null, ValueRef::Integer),
        Value::Text(text) => text.map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes())),
        Value::Bytes(bytes) => bytes.map_or(ValueRef::Null, ValueRef::Blob),
    }
}

/// A row as long as it lasts. Columns are nearly always asked for in their order, so each is looked for behind the
/// one before it.
struct Found<'r> {
    row: &'r rusqlite::Row<'r>,
    next: Cell<usize>,
}

impl<'r> Found<'r> {
    const fn new(row: &'r rusqlite::Row<'r>) -> Self {
        Self { row, next: Cell::new(0) }
    }

    fn place(&self, column: &str) -> Option<usize> {
        let (statement, next): (&Statement<'_>, _) = (self.row.as_ref(), self.next.get());
        let is_it = |place: &usize| statement.column_name(*place).is_ok_and(|name| name == column);
        let place = (next..statement.column_count()).chain(0..next).find(is_it)?;
        self.next.set(place + 1);
        Some(place)
    }

    fn column<'s, T>(
        &'s self,
        column: &str,
        read: fn(ValueRef<'s>) -> FromSqlResult<T>,
    ) -> sqlx::Result<T> {
        let value = self.place(column).and_then(|place| self.row.get_ref(place).ok());
        read(value.ok_or_else(|| sqlx::Error::ColumnNotFound(column.to_owned()))?).map_err(
            |error| sqlx::Error::ColumnDecode { index: column.to_owned(), source: error.into() },
        )
    }
}

impl Row for Found<'_> {
    fn integer(&self, column: &str) -> sqlx::Result<Option<i64>> {
        self.column(column, |value| value.as_i64_or_null())
    }

    fn text(&self, column: &str) -> sqlx::Result<Option<&str>> {
        self.column(column, |value| value.as_str_or_null())
    }

    fn bytes(&self, column: &str) -> sqlx::Result<Option<&[u8]>> {
        self.column(column, |value| value.as_blob_or_null())
    }
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use durward_core::StoreError;

    use super::*;
    use crate::engine::values;
    use crate::row::Columns;

    const NAME: &str = "SELECT name FROM people WHERE id = ?";

    fn name(row: &dyn Row) -> Result<String> {
        row.string("name")
    }

    /// A database with one row, and whoever made it.
    fn people() -> (tempfile::TempDir, Connection, Direct) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("people.db");
        let maker = Connection::open(&path).unwrap();
        maker.pragma_update(None, "journal_mode", "wal").unwrap();
        maker
            .execute_batch(
                "CREATE TABLE people (id INTEGER NOT NULL, name TEXT, key BLOB);
                 INSERT INTO people VALUES (1, 'Ada', x'00ff'), (2, NULL, NULL)",
            )
            .unwrap();
        (directory, maker, Direct::new(path))
    }

    #[test]
    fn a_row_is_found_with_what_was_committed_last() {
        let (_directory, maker, direct) = people();
        let found = |id: i64| direct.row(NAME, values![id], name).unwrap().unwrap();
        assert_eq!(found(1).as_deref(), Some("Ada"));
        assert_eq!(found(3), None);
        maker.execute("UPDATE people SET name = 'Bea' WHERE id = 1", []).unwrap();
        assert_eq!(found(1).as_deref(), Some("Bea"));
        maker.execute("ALTER TABLE people ADD COLUMN more TEXT", []).unwrap();
        assert_eq!(found(1).as_deref(), Some("Bea"));
        assert_eq!(direct.idle().as_ref().map(Vec::len), Some(1), "one connection is enough");
    }

    #[test]
    fn rows_are_found_in_their_order() {
        let (_directory, _maker, direct) = people();
        let ids = |sql| direct.rows(sql, &[], |row| row.number("id")).unwrap().unwrap();
        assert_eq!(ids("SELECT id FROM people ORDER BY id DESC"), [2, 1]);
        assert_eq!(ids("SELECT id FROM people WHERE id > 2"), [0; 0]);
        let wrong = direct.rows("SELECT id, name FROM people", &[], name).unwrap();
        assert!(matches!(wrong, Err(StoreError::Backend(_))), "one of them has no name: {wrong:?}");
        assert!(direct.rows("SELECT name FROM nobody", &[], name).is_none());
    }

    #[test]
    fn every_type_of_column_is_read() {
        let (_directory, _maker, direct) = people();
        let all = |row: &dyn Row| {
            let blob = row.bytes("key").map_err(StoreError::backend)?;
            Ok((row.number("id")?, row.string_if_any("name")?, blob.map(<[u8]>::to_vec)))
        };
        let by_key = "SELECT * FROM people WHERE key = ? AND name = ?";
        let key = [0, 255];
        let found = direct.row(by_key, values![&key[..], "Ada"], all).unwrap().unwrap();
        assert_eq!(found, Some((1, Some(String::from("Ada")), Some(key.to_vec()))));
        let found = direct.row("SELECT * FROM people WHERE id = ?", values![2_i64], all);
        assert_eq!(found.unwrap().unwrap(), Some((2, None, None)));
        let backwards = |row: &dyn Row| {
            let key = row.bytes("key").map_err(StoreError::backend)?.map(<[u8]>::len);
            Ok((key, row.string("name")?, row.number("id")?, row.number("id")?))
        };
        let found =
            direct.row("SELECT id, name, key FROM people WHERE id = ?", values![1_i64], backwards);
        assert_eq!(found.unwrap().unwrap(), Some((Some(2), String::from("Ada"), 1, 1)));
        let absent = direct.row("SELECT id FROM people", &[], name).unwrap();
        assert!(matches!(absent, Err(StoreError::Backend(_))), "{absent:?}");
        let wrong = direct.row("SELECT id AS name FROM people", &[], name).unwrap();
        assert!(matches!(wrong, Err(StoreError::Backend(_))), "{wrong:?}");
    }

    #[test]
    fn what_does_not_work_here_is_left_to_others() {
        let (_directory, maker, direct) = people();
        assert!(direct.row("SELECT name FROM nobody", &[], name).is_none());
        let written = direct.row("DELETE FROM people RETURNING name", &[], name);
        assert!(written.is_none(), "a look-up does not write");
        maker.pragma_update(None, "locking_mode", "exclusive").unwrap();
        maker.execute("UPDATE people SET name = 'Bea' WHERE id = 1", []).unwrap();
        assert!(direct.row(NAME, values![1_i64], name).is_none(), "nobody waits here");
        direct.close();
        drop(maker);
        assert!(direct.row(NAME, values![1_i64], name).is_none(), "closed");
    }
}
