//! The part of a group's commit that blocks.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{Member, Outcome, tell_all};
use crate::engine::sqlite::direct::bound;
use crate::engine::sqlite::file::JOURNAL_LIMIT;
use crate::engine::sqlite::log::Log;
use crate::engine::sqlite::writer::Turn;
use crate::engine::{KEPT_STATEMENTS, Kept};
use crate::pending::Durability;

/// How long another process that writes is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Commits what has gathered, and tells everybody.
pub(super) fn commit(
    path: &Path,
    connection: &mut Option<Connection>,
    mut members: Vec<Member>,
    turn: Turn,
    log: &Log<fs::File>,
) {
    // Whoever does not wait for the end of a commit any more may be left out.
    members.retain(|member| !member.answer.is_closed());
    let written = write(path, connection, &members);
    drop(turn);
    match written {
        Ok(passed) => {
            let mut waiting = Vec::new();
            for (member, passed) in members.into_iter().zip(passed) {
                match passed {
                    Passed::Yes => match member.batch.durability {
                        Durability::Full => waiting.push(member),
                        Durability::Delayed => member.tell(Outcome::Done),
                    },
                    Passed::No => member.tell(Outcome::Refused),
                    Passed::NotHere => member.tell(Outcome::Elsewhere),
                }
            }
            if waiting.is_empty() {
                return;
            }
            let synced = log.durable_here().map_err(Arc::new);
            tell_all(waiting, || match &synced {
                Ok(()) => Outcome::Done,
                Err(error) => Outcome::failed(error),
            });
        }
        Err(Broken::Before(error)) => {
            tracing::warn!(%error, "units of work are left to the connection that writes");
            *connection = None;
            tell_all(members, || Outcome::Elsewhere);
        }
        Err(Broken::At(error)) => {
            tracing::error!(%error, "nobody knows whether units of work were committed");
            *connection = None;
            let error = Arc::new(error);
            tell_all(members, || Outcome::failed(&error));
        }
    }
}

/// Whether the writes of one unit happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passed {
    Yes,
    No,
    /// An error stood in its way, which somebody else explains.
    NotHere,
}

/// What ended the transaction of a whole group.
#[derive(Debug)]
enum Broken {
    /// Before its commit: nothing happened.
    Before(rusqlite::Error),
    At(rusqlite::Error),
}

impl From<rusqlite::Error> for Broken {
    fn from(error: rusqlite::Error) -> Self {
        Self::Before(error)
    }
}

/// Writes in one transaction what each unit wants, or nothing of it, and commits.
fn write(
    path: &Path,
    connection: &mut Option<Connection>,
    members: &[Member],
) -> Result<Vec<Passed>, Broken> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(open(path)?),
    };
    if members.is_empty() {
        return Ok(Vec::new());
    }
    run(connection, "BEGIN IMMEDIATE")?;
    let mut passed = Vec::with_capacity(members.len());
    for member in members {
        passed.push(member.write(connection, members.len() > 1)?);
    }
    if passed.contains(&Passed::Yes) {
        run(connection, "COMMIT").map_err(Broken::At)?;
    } else {
        run(connection, "ROLLBACK")?;
    }
    Ok(passed)
}

impl Member {
    /// Writes what this unit wants; if it cannot have all of it, then nothing of it, but for a unit that is not one of
    /// several: its transaction goes.
    fn write(&self, connection: &Connection, one_of_several: bool) -> rusqlite::Result<Passed> {
        if one_of_several {
            run(connection, "SAVEPOINT unit")?;
        }
        let passed = match self.write_each(connection) {
            Ok(true) => Passed::Yes,
            Ok(false) => Passed::No,
            // A full disk and its like end the transaction, for all.
            Err(error) if connection.is_autocommit() => return Err(error),
            Err(error) => {
                tracing::debug!(%error, "a unit of work is left to the connection that writes");
                Passed::NotHere
            }
        };
        if one_of_several {
            if passed != Passed::Yes {
                run(connection, "ROLLBACK TO unit")?;
            }
            run(connection, "RELEASE unit")?;
        }
        Ok(passed)
    }

    /// Answers whether each guard let its write pass.
    fn write_each(&self, connection: &Connection) -> rusqlite::Result<bool> {
        for write in &self.batch.writes {
            let text = self.statements.text(write.statement);
            let mut statement = connection.prepare_cached(text.as_str())?;
            let values: Vec<_> = write.values.iter().map(Kept::value).collect();
            if statement.execute(bound(&values))? != 1 && write.counts {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// A connection that writes as sqlx's does.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", JOURNAL_LIMIT)?;
    // What a savepoint may have to undo is small.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(KEPT_STATEMENTS);
    Ok(connection)
}
