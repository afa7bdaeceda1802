use crate::pending::Durability;

/// How an engine spells what SQL leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL, and what speaks its protocol.
    Postgres,
    /// MariaDB and MySQL.
    MySql,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::MySql];

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MariaDB and MySQL",
        }
    }

    /// A statement as this engine reads it; no statement has a `?` elsewhere than for a value.
    pub(crate) fn placeholders(self, sql: &str) -> String {
        match self {
            Self::Sqlite | Self::MySql => sql.to_owned(),
            Self::Postgres => {
                let mut parts = sql.split('?');
                let first = parts.next().unwrap_or_default().to_owned();
                let numbered = parts.zip(1..);
                numbered.fold(first, |sql, (part, number)| format!("{sql}${number}{part}"))
            }
        }
    }

    /// Several writes as one text, each with whether it counts, and must then change exactly one row.
    ///
    /// On PostgreSQL it is one statement, which happens whole or not at all: it fails on a write that counts and found
    /// no row, because it divides by their number, and no write in it sees another one. Delayed durability is a setting of
    /// its transaction there. On SQLite it is a
    /// script, and the sum of the changed rows tells, if all of them count. MariaDB and MySQL have no such thing.
    pub(crate) fn together(
        self,
        writes: &[(String, bool)],
        durability: Durability,
    ) -> Option<String> {
        match self {
            Self::Sqlite if writes.iter().all(|(_, counts)| *counts) => {
                let texts: Vec<_> = writes.iter().map(|(text, _)| text.as_str()).collect();
                Some(texts.join("; "))
            }
            Self::Postgres => {
                let (mut steps, mut counts) = (Vec::new(), Vec::new());
                for (n, (write, counting)) in writes.iter().enumerate() {
                    steps.push(format!("w{n} AS ({write} RETURNING 1)"));
                    if *counting {
                        counts.push(format!("SELECT 1 / COUNT(*) FROM w{n}"));
                    }
                }
                match durability {
                    Durability::Full => {}
                    Durability::Delayed => {
                        steps.push(DELAYED.to_owned());
                        counts.push(String::from("SELECT 1 FROM delayed WHERE it IS NULL"));
                    }
                }
                if counts.is_empty() {
                    counts.push(String::from("SELECT 1 LIMIT 0"));
                }
                Some(format!("WITH {} {}", steps.join(", "), counts.join(" UNION ALL ")))
            }
            Self::Sqlite | Self::MySql => None,
        }
    }

    /// Whether what [`Dialect::together`] makes needs no transaction around it.
    pub(crate) const fn is_whole_by_itself(self) -> bool {
        matches!(self, Self::Postgres)
    }

    /// What a capitalised placeholder of a migration stands for, such as `ID` or `TEXT 64`.
    ///
    /// Text that is looked up or kept unique is `EXACT TEXT`, compared byte for byte on every engine.
    /// PostgreSQL needs no lengths; SQLite checks the types because its tables are strict.
    pub(crate) fn spell(self, placeholder: &str) -> Option<String> {
        let (word, number) = match placeholder.rsplit_once(' ') {
            Some((word, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                (word, Some(number))
            }
            _ => (placeholder, None),
        };
        let of = |sqlite: &str, postgres: &str, my_sql: &str| {
            let spelled = match self {
                Self::Sqlite => sqlite,
                Self::Postgres => postgres,
                Self::MySql => my_sql,
            };
            Some(spelled.to_owned())
        };
        match (word, number) {
            ("ID", None) => of("BLOB", "BYTEA", "BINARY(16)"),
            ("DIGEST", None) => of("BLOB", "BYTEA", "BINARY(32)"),
            ("BYTES", None) => of("BLOB", "BYTEA", "LONGBLOB"),
            ("INTEGER", None) => of("INTEGER", "BIGINT", "BIGINT"),
            ("TEXT", None) => of("TEXT", "TEXT", "LONGTEXT"),
            ("TEXT", Some(length)) => of("TEXT", "TEXT", &format!("VARCHAR({length})")),
            // MariaDB and MySQL have no collation in common that minds spaces at the end; bytes do. The
            // length is in octets.
            ("EXACT TEXT", None) => of("TEXT", "TEXT", "LONGBLOB"),
            ("EXACT TEXT", Some(length)) => of("TEXT", "TEXT", &format!("VARBINARY({length})")),
            // Text whose order counts, not only whether it is the same.
            ("SORTED TEXT", Some(length)) => {
                of("TEXT", "TEXT COLLATE \"C\"", &format!("VARBINARY({length})"))
            }
            ("IF EXISTS", None) => of("IF EXISTS", "IF EXISTS", ""),
            ("IF NOT EXISTS", None) => of("IF NOT EXISTS", "IF NOT EXISTS", ""),
            ("TABLE", None) => of("STRICT", "", INNODB),
            // Small rows that are only ever found by their key live in the index itself.
            ("TABLE BY KEY", None) => of("STRICT, WITHOUT ROWID", "", INNODB),
            _ => match placeholder.split_once(' ')? {
                // An index is a thing of its own, or one of its table.
                ("ON", table) => of("", "", &format!("ON {{{table}}}")),
                // MariaDB and MySQL have no index of some rows only.
                ("WHERE", column) => {
                    let some = format!("WHERE {column} IS NOT NULL");
                    of(&some, &some, "")
                }
                _ => None,
            },
        }
    }
}

/// Holds for the transaction that it runs in. A later commit waits for all that the log has before it.
const DELAYED: &str = "delayed AS (SELECT set_config('synchronous_commit', 'off', true) AS it)";
const INNODB: &str = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_for_postgres_only() {
        let sql = "UPDATE t SET a = ? WHERE b = ? AND c IN (?, ?)";
        assert_eq!(Dialect::Sqlite.placeholders(sql), sql);
        assert_eq!(
            Dialect::Postgres.placeholders(sql),
            "UPDATE t SET a = $1 WHERE b = $2 AND c IN ($3, $4)"
        );
        assert_eq!(Dialect::Postgres.placeholders("SELECT 1"), "SELECT 1");
    }

    #[test]
    fn writes_go_together_as_one_text() {
        let writes = ["INSERT INTO a (b) VALUES (?)", "UPDATE c SET d = ? WHERE e = ?"];
        let mut writes = writes.map(|write| (write.to_owned(), true));
        assert_eq!(
            Dialect::Sqlite.together(&writes, Durability::Full).unwrap(),
            "INSERT INTO a (b) VALUES (?); UPDATE c SET d = ? WHERE e = ?"
        );
        let text = Dialect::Postgres.together(&writes, Durability::Full).unwrap();
        assert_eq!(
            Dialect::Postgres.placeholders(&text),
            "WITH w0 AS (INSERT INTO a (b) VALUES ($1) RETURNING 1), \
             w1 AS (UPDATE c SET d = $2 WHERE e = $3 RETURNING 1) \
             SELECT 1 / COUNT(*) FROM w0 UNION ALL SELECT 1 / COUNT(*) FROM w1"
        );
        assert_eq!(Dialect::MySql.together(&writes, Durability::Full), None);
        writes[1].1 = false;
        assert_eq!(
            Dialect::Sqlite.together(&writes, Durability::Full),
            None,
            "the sum would tell nothing"
        );
        let text = Dialect::Postgres.together(&writes, Durability::Full).unwrap();
        assert!(text.ends_with(") SELECT 1 / COUNT(*) FROM w0"), "{text}");
        writes[0].1 = false;
        let text = Dialect::Postgres.together(&writes, Durability::Full).unwrap();
        assert!(text.ends_with(") SELECT 1 LIMIT 0"), "{text}");
    }

    #[test]
    fn on_postgres_delayed_durability_is_said_in_the_text() {
        let writes = [(String::from("UPDATE c SET d = ?"), true)];
        let text = Dialect::Postgres.together(&writes, Durability::Delayed).unwrap();
        assert_eq!(
            text,
            "WITH w0 AS (UPDATE c SET d = ? RETURNING 1), \
             delayed AS (SELECT set_config('synchronous_commit', 'off', true) AS it) \
             SELECT 1 / COUNT(*) FROM w0 UNION ALL SELECT 1 FROM delayed WHERE it IS NULL"
        );
        for dialect in [Dialect::Sqlite, Dialect::MySql] {
            let delayed = dialect.together(&writes, Durability::Delayed);
            assert_eq!(delayed, dialect.together(&writes, Durability::Full));
        }
    }

    #[test]
    fn an_unknown_word_is_not_spelled() {
        assert_eq!(Dialect::MySql.spell("TEXT 64"), Some("VARCHAR(64)".to_owned()));
        assert_eq!(Dialect::MySql.spell("TEXT x"), None);
        assert_eq!(Dialect::MySql.spell("MONEY"), None);
    }
}
