//! The schema as text: what [`SqlStore::migrate`](crate::SqlStore::migrate) runs, for those who run it with
//! tools of their own.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use crate::engine::Dialect;
use crate::prefix::Prefix;
use crate::statement::{fill, with_prefix};

/// One step forward; never edited once it was released.
///
/// A text is a list of steps that end with `;`. Every step may be run again: a process may die between
/// a step and the note that it was done, and some engines keep a change of the schema then. So a table
/// is created `IF NOT EXISTS`, an error that says that an index or a column exists already, or no longer, counts as
/// done, and a change of rows finds nothing to change the second time.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) text: &'static str,
}

/// Every migration, in order.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, text: include_str!("../migrations/0001_accounts.sql") },
    Migration { version: 2, text: include_str!("../migrations/0002_leftovers.sql") },
    Migration { version: 3, text: include_str!("../migrations/0003_passwords.sql") },
    Migration { version: 4, text: include_str!("../migrations/0004_organizations.sql") },
    Migration { version: 5, text: include_str!("../migrations/0005_life_cycle.sql") },
    Migration { version: 6, text: include_str!("../migrations/0006_factors.sql") },
    Migration { version: 7, text: include_str!("../migrations/0007_audit_chain.sql") },
    Migration { version: 8, text: include_str!("../migrations/0008_dossiers.sql") },
    Migration { version: 9, text: include_str!("../migrations/0009_objections.sql") },
    Migration { version: 10, text: include_str!("../migrations/0010_clients.sql") },
    Migration { version: 11, text: include_str!("../migrations/0011_user_lists.sql") },
    Migration { version: 12, text: include_str!("../migrations/0012_bootstraps.sql") },
    Migration { version: 13, text: include_str!("../migrations/0013_actors.sql") },
    Migration { version: 14, text: include_str!("../migrations/0014_remedies.sql") },
    Migration { version: 15, text: include_str!("../migrations/0015_organization_lists.sql") },
    Migration { version: 16, text: include_str!("../migrations/0016_nodes.sql") },
    Migration { version: 17, text: include_str!("../migrations/0017_client_sessions.sql") },
    Migration { version: 18, text: include_str!("../migrations/0018_password_versions.sql") },
    Migration { version: 19, text: include_str!("../migrations/0019_doubts.sql") },
    Migration { version: 20, text: include_str!("../migrations/0020_searches.sql") },
    Migration { version: 21, text: include_str!("../migrations/0021_old_invitations.sql") },
    Migration { version: 22, text: include_str!("../migrations/0022_fewer_indexes.sql") },
    Migration { version: 23, text: include_str!("../migrations/0023_authentication.sql") },
    Migration { version: 24, text: include_str!("../migrations/0024_lean_indexes.sql") },
    Migration {
        version: 25,
        text: include_str!("../migrations/0025_invitations_to_an_address.sql"),
    },
];

/// What the migrator keeps about itself.
const PROGRESS: &str = include_str!("../migrations/progress.sql");

/// Frees the lock that nobody ever held.
pub(crate) const INSERT_LOCK: &str =
    "INSERT INTO {migration_lock} (id, holder, beat) VALUES (1, 0, 0)";

/// The version of the schema that this program knows.
pub fn latest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// The whole schema as a script for an empty database.
///
/// Afterwards [`check_schema`](crate::SqlStore::check_schema) finds nothing missing, and later versions
/// can be migrated to. On MariaDB and MySQL the script runs once; elsewhere it may run again up to the
/// last two kinds of statement, which note that it was run.
pub fn print(dialect: Dialect, prefix: &Prefix) -> String {
    let mut script =
        format!("-- The schema of Durward for {}, version {}.\n", dialect.name(), latest());
    let progress = progress(dialect, prefix).into_iter();
    let steps = MIGRATIONS.iter().flat_map(|migration| migration.steps(dialect, prefix));
    let lock = with_prefix(INSERT_LOCK, prefix);
    let notes = MIGRATIONS.iter().map(|migration| {
        let (version, steps) = (migration.version, migration.number_of_steps());
        let checksum = migration.checksum();
        format!(
            "INSERT INTO {prefix}migrations (version, checksum, steps, steps_done) \
             VALUES ({version}, '{checksum}', {steps}, {steps})"
        )
    });
    for statement in progress.chain(steps).chain([lock]).chain(notes) {
        script.push('\n');
        script.push_str(&statement);
        script.push_str(";\n");
    }
    script
}

/// The statements that create what the migrator keeps about itself.
pub(crate) fn progress(dialect: Dialect, prefix: &Prefix) -> Vec<String> {
    steps(PROGRESS).map(|step| spell(step, dialect, prefix)).collect()
}

impl Migration {
    /// The steps as one engine reads them.
    pub(crate) fn steps(&self, dialect: Dialect, prefix: &Prefix) -> Vec<String> {
        steps(self.text).map(|step| spell(step, dialect, prefix)).collect()
    }

    pub(crate) fn number_of_steps(&self) -> i64 {
        steps(self.text).fold(0, |count, _| count + 1)
    }

    /// The SHA-256 of the text, the same on every engine and with every prefix.
    pub(crate) fn checksum(&self) -> &'static str {
        static CHECKSUMS: LazyLock<Vec<String>> = LazyLock::new(|| {
            let texts = MIGRATIONS.iter().map(|migration| migration.text);
            texts.map(checksum).collect()
        });
        let position = MIGRATIONS.iter().position(|other| other.version == self.version);
        position.map_or("", |position| &CHECKSUMS[position])
    }
}

fn checksum(text: &str) -> String {
    let digits = Sha256::digest(text).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect()
}

/// The statements of a text, without its comments.
fn steps(text: &'static str) -> impl Iterator<Item = &'static str> {
    let statements = text.split(';').map(|statement| {
        let mut rest = statement.trim_start();
        while let Some((comment, after)) = rest.split_once('\n').filter(|_| rest.starts_with("--"))
        {
            debug_assert!(comment.starts_with("--"));
            rest = after.trim_start();
        }
        rest.trim_end()
    });
    statements.filter(|statement| !statement.is_empty())
}

fn spell(step: &str, dialect: Dialect, prefix: &Prefix) -> String {
    let spelled = with_prefix(&fill(step, |word| dialect.spell(word)), prefix);
    let lines = spelled.lines().map(str::trim_end);
    lines.collect::<Vec<_>>().join("\n").replace("  {", " {").replace("INDEX  ", "INDEX ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_released_migration_is_never_edited() {
        // Only ever add a line here.
        let released: [(i64, &str); 0] = [];
        for (version, checksum) in released {
            let migration = MIGRATIONS.iter().find(|migration| migration.version == version);
            assert_eq!(migration.unwrap().checksum(), checksum, "{version}");
        }
        let versions: Vec<_> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, (1..=latest()).collect::<Vec<_>>());
    }

    #[test]
    fn every_step_is_spelled_on_every_engine() {
        for dialect in Dialect::ALL {
            let script = print(dialect, &Prefix::parse("abcdefghijklmnopqrstuvwx").unwrap());
            let code = script.lines().filter(|line| !line.starts_with("--"));
            for line in code {
                assert!(!line.contains(['{', '}']), "{dialect:?}: {line}");
                assert!(!line.contains("  ") || line.starts_with("    "), "{dialect:?}: {line}");
            }
            let names = script.split([' ', '(', ')', '\n']);
            let names = names.filter(|word| word.starts_with("abcdefghijklmnopqrstuvwx"));
            let longest = names.map(str::len).max().unwrap();
            assert!(longest < 63, "{longest}: PostgreSQL would cut the name");
        }
    }

    #[test]
    fn a_step_has_no_literal_that_could_hide_its_end() {
        for migration in MIGRATIONS {
            let code = migration.text.lines().filter(|line| !line.starts_with("--"));
            assert!(code.clone().all(|line| !line.contains(['\'', '"', '`'])));
            assert!(code.clone().all(|line| !line.contains(';') || line.ends_with(';')));
            assert!(
                migration.text.lines().all(|line| !line.contains("--") || line.starts_with("--"))
            );
            let comments = migration.text.lines().filter(|line| line.starts_with("--"));
            assert!(comments.clone().all(|line| !line.contains([';', '{'])));
        }
    }

    #[test]
    fn the_printed_schema_is_a_script() {
        let script = print(Dialect::MySql, &Prefix::NONE);
        assert!(script.contains("CREATE TABLE IF NOT EXISTS users (\n    id BINARY(16) NOT NULL"));
        assert!(script.contains("CREATE INDEX sessions_by_user ON sessions (user_id, ended_ms);"));
        assert!(script.contains(") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;"));
        assert!(script.contains("    skeleton VARBINARY(2032) NOT NULL,"));
        assert!(script.contains("CREATE INDEX sessions_ended ON sessions (ended_ms);"));
        let script = print(Dialect::Postgres, &Prefix::default());
        assert!(script.contains("CREATE INDEX IF NOT EXISTS durward_sessions_by_user"));
        assert!(script.contains("sessions (ended_ms) WHERE ended_ms IS NOT NULL;"));
        assert!(script.contains("    attrs TEXT NOT NULL\n);"));
    }
}
