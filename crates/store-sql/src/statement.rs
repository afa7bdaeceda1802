use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::engine::Dialect;
use crate::pending::{Durability, Write};
use crate::prefix::Prefix;
use crate::{
    audit, bootstraps, budgets, client_lists, clients, dossier, factors, flows, invitations,
    leftovers, login_emails, memberships, nodes, organizations, outbox, passwords, replies,
    sessions, user_lists, users,
};

/// Names one statement; its text depends on the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Statement {
    pub(crate) noun: Noun,
    pub(crate) number: usize,
}

/// What a statement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Noun {
    Users,
    LoginEmails,
    Passwords,
    Sessions,
    Flows,
    Clients,
    Budgets,
    Outbox,
    Replies,
    Audit,
    Leftovers,
    Factors,
    Dossier,
    Organizations,
    Memberships,
    Invitations,
    UserLists,
    Bootstraps,
    ClientLists,
    Nodes,
}

/// The statements of every noun, in the order of [`Noun`], each as its name and its text.
const TEXTS: [&[(&str, &str)]; 20] = [
    users::TEXTS,
    login_emails::TEXTS,
    passwords::TEXTS,
    sessions::TEXTS,
    flows::TEXTS,
    clients::TEXTS,
    budgets::TEXTS,
    outbox::TEXTS,
    replies::TEXTS,
    audit::TEXTS,
    leftovers::TEXTS,
    factors::TEXTS,
    dossier::TEXTS,
    organizations::TEXTS,
    memberships::TEXTS,
    invitations::TEXTS,
    user_lists::TEXTS,
    bootstraps::TEXTS,
    client_lists::TEXTS,
    nodes::TEXTS,
];

/// Every statement as one engine reads it, with the prefix before every `{table}`.
#[derive(Debug)]
pub(crate) struct Statements {
    dialect: Dialect,
    prefix: Prefix,
    texts: [Vec<SqlStr>; TEXTS.len()],
    /// Those that were put together so far; there are as many as there are kinds of unit of work.
    together: Mutex<HashMap<(Vec<Part>, Durability), SqlStr>>,
}

/// One of several writes that go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Part {
    pub(crate) statement: Statement,
    /// Whether it must find exactly one row.
    pub(crate) counts: bool,
}

impl From<&Write> for Part {
    fn from(write: &Write) -> Self {
        Self { statement: write.statement, counts: write.counts }
    }
}

impl Statements {
    pub(crate) fn new(dialect: Dialect, prefix: &Prefix) -> Self {
        let texts = TEXTS.map(|texts| {
            let spelled = texts.iter().map(|(_, text)| with_prefix(text, prefix));
            spelled.map(|text| ready(&dialect.placeholders(&text))).collect()
        });
        Self { dialect, prefix: prefix.clone(), texts, together: Mutex::default() }
    }

    /// Those with the default prefix, which every unit of work may share.
    pub(crate) fn standard(dialect: Dialect) -> Arc<Self> {
        static STANDARD: [OnceLock<Arc<Statements>>; 3] = [const { OnceLock::new() }; 3];
        let standard = &STANDARD[dialect as usize];
        Arc::clone(standard.get_or_init(|| Arc::new(Self::new(dialect, &Prefix::default()))))
    }

    pub(crate) fn text(&self, statement: Statement) -> SqlStr {
        self.texts[statement.noun as usize][statement.number].clone()
    }

    /// Several writes as one text, with their values one after the other; `None` where an engine has no such
    /// thing.
    pub(crate) fn together(&self, parts: Vec<Part>, durability: Durability) -> Option<SqlStr> {
        let mut known = self.together.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = (parts, durability);
        if let Some(text) = known.get(&kind) {
            return Some(text.clone());
        }
        let (parts, _) = &kind;
        let text = |part: &Part| with_prefix(part.statement.template(), &self.prefix);
        let writes: Vec<_> = parts.iter().map(|part| (text(part), part.counts)).collect();
        let text = ready(&self.dialect.placeholders(&self.dialect.together(&writes, durability)?));
        known.insert(kind, text.clone());
        Some(text)
    }

    /// Each one with its name, for a test that prepares all of them.
    #[cfg(feature = "testing")]
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, SqlStr)> {
        let names = TEXTS.into_iter().flatten().map(|(name, _)| *name);
        names.zip(self.texts.iter().flatten().cloned())
    }
}

fn ready(text: &str) -> SqlStr {
    AssertSqlSafe(Arc::<str>::from(text)).into_sql_str()
}

impl Statement {
    /// The text, with the tables in braces.
    fn template(self) -> &'static str {
        TEXTS[self.noun as usize][self.number].1
    }

    /// Whether it adds rows that were not there, and does nothing else.
    pub(crate) fn only_adds(self) -> bool {
        self.template().starts_with("INSERT")
    }

    /// The tables that it reads or writes.
    pub(crate) fn tables(self) -> impl Iterator<Item = &'static str> {
        self.template().split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
    }
}

/// Replaces every `{name}` in lower case by the prefix and the name.
pub(crate) fn with_prefix(text: &str, prefix: &Prefix) -> String {
    fill(text, |name| {
        let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        is_name.then(|| format!("{prefix}{name}"))
    })
}

/// Replaces every `{...}` that the filling knows.
pub(crate) fn fill(text: &str, filling: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known = after.split_once('}').and_then(|(name, after)| Some((filling(name)?, after)));
        if let Some((value, after)) = known {
            filled.push_str(&value);
            rest = after;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

/// Declares the statements of a noun: one constant each, and the list that [`Statements`] reads.
macro_rules! statements {
    ($noun:ident; $($name:ident = $text:expr;)+) => {
        pub(crate) const TEXTS: &[(&str, &str)] = &[$((stringify!($name), $text)),+];
        $crate::statement::statements!(@number $noun, 0; $($name)+);
    };
    (@number $noun:ident, $number:expr; $name:ident $($rest:ident)*) => {
        const $name: $crate::statement::Statement = $crate::statement::Statement {
            noun: $crate::statement::Noun::$noun,
            number: $number,
        };
        $crate::statement::statements!(@number $noun, $number + 1; $($rest)*);
    };
    (@number $noun:ident, $number:expr;) => {};
}
pub(crate) use statements;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::MIGRATIONS;

    #[test]
    fn a_noun_stands_where_its_texts_stand() {
        let tables = [
            (Noun::Users, "{users}"),
            (Noun::LoginEmails, "{login_emails}"),
            (Noun::Passwords, "{passwords}"),
            (Noun::Sessions, "{sessions}"),
            (Noun::Flows, "{flows}"),
            (Noun::Clients, "{clients}"),
            (Noun::Budgets, "{budgets}"),
            (Noun::Outbox, "{outbox}"),
            (Noun::Replies, "{replies}"),
            (Noun::Audit, "{audit_entries}"),
            (Noun::Leftovers, "{flows}"),
            (Noun::Factors, "{totps}"),
            (Noun::Dossier, "{sessions}"),
            (Noun::Organizations, "{organizations}"),
            (Noun::Memberships, "{memberships}"),
            (Noun::Invitations, "{invitations}"),
            (Noun::UserLists, "{users}"),
            (Noun::Bootstraps, "{bootstraps}"),
            (Noun::ClientLists, "{clients}"),
            (Noun::Nodes, "{nodes}"),
        ];
        assert_eq!(tables.len(), TEXTS.len());
        for (noun, table) in tables {
            assert!(TEXTS[noun as usize][0].1.contains(table), "{noun:?}");
        }
    }

    #[test]
    fn no_statement_has_a_literal_or_an_unknown_table() {
        let tables: String = MIGRATIONS.iter().map(|migration| migration.text).collect();
        for (name, text) in TEXTS.into_iter().flatten() {
            assert!(!text.contains(['\'', '"', '`', ';']), "{name}: {text}");
            for table in text.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
                assert!(tables.contains(&format!("TABLE IF NOT EXISTS {{{table}}}")), "{name}");
            }
            assert!(!with_prefix(text, &Prefix::NONE).contains(['{', '}']), "{name}: {text}");
        }
    }

    #[test]
    fn no_statement_uses_what_one_engine_lacks() {
        let lacking = ["RETURNING", "CONFLICT", "FOR UPDATE", "REPLACE", "ILIKE", "*,", "SELECT *"];
        for (name, text) in TEXTS.into_iter().flatten() {
            for word in lacking {
                assert!(!text.contains(word), "{name} uses {word}");
            }
        }
    }

    #[test]
    fn a_statement_tells_its_tables() {
        let by_token = Statement { noun: Noun::Sessions, number: 1 };
        assert_eq!(by_token.tables().collect::<Vec<_>>(), ["sessions", "users"]);
    }

    #[test]
    fn the_prefix_stands_before_every_table() {
        let prefix = Prefix::parse("shop_").unwrap();
        let text = with_prefix("SELECT a FROM {users} JOIN {login_emails} {TEXT 64}", &prefix);
        assert_eq!(text, "SELECT a FROM shop_users JOIN shop_login_emails {TEXT 64}");
    }
}
