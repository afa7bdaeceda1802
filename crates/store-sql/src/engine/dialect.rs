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
            ("IF NOT EXISTS", None) => of("IF NOT EXISTS", "IF NOT EXISTS", ""),
            ("TABLE", None) => of("STRICT", "", INNODB),
            // Small rows that are only ever found by their key live in the index itself.
            ("TABLE BY KEY", None) => of("STRICT, WITHOUT ROWID", "", INNODB),
            _ => None,
        }
    }
}

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
    fn an_unknown_word_is_not_spelled() {
        assert_eq!(Dialect::MySql.spell("TEXT 64"), Some("VARCHAR(64)".to_owned()));
        assert_eq!(Dialect::MySql.spell("TEXT x"), None);
        assert_eq!(Dialect::MySql.spell("MONEY"), None);
    }
}
