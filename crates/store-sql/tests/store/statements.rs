use durward_store_sql::{Prefix, testing};
use sqlx::{Row, Sqlite};

use crate::engines::{Application, Database, on_every_engine};

on_every_engine!(every_statement_is_understood, every_statement_is_understood_with_another_prefix);

async fn every_statement_is_understood<E: Application>(database: Database<E>) {
    let refused = testing::refused_statements(&database.store).await;
    assert!(refused.is_empty(), "{refused:?}");
}

async fn every_statement_is_understood_with_another_prefix<E: Application>(database: Database<E>) {
    for prefix in ["", "abcdefghijklmnopqrstuvwx"] {
        let store = database.store.clone().with_prefix(Prefix::parse(prefix).unwrap());
        assert!(!testing::refused_statements(&store).await.is_empty(), "no tables yet");
        testing::run_schema(&store).await;
        let refused = testing::refused_statements(&store).await;
        assert!(refused.is_empty(), "{refused:?}");
    }
}

/// The statements that each connection prepares fit into what it keeps of them.
#[tokio::test]
async fn no_statement_is_prepared_twice() {
    let store = testing::fresh_sqlite::<durward_core::Plain>().await;
    assert!(testing::statements(&store).count() < 256);
}

#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    // P7
    let database = crate::engines::sqlite().await.unwrap();
    for (name, sql) in testing::statements::<Sqlite, _>(&database.store) {
        if sql.as_str().starts_with("INSERT") {
            continue;
        }
        let plan = format!("EXPLAIN QUERY PLAN {}", sql.as_str());
        let rows = sqlx::query(sqlx::AssertSqlSafe(plan)).fetch_all(&database.pool).await.unwrap();
        let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        // Every look-up of one table or several is a search by an index; one without a table is a constant.
        let whole = steps.iter().any(|step| step.starts_with("SCAN") && !step.contains("CONSTANT"));
        assert!(!whole, "{name}: {steps:?}");
        assert!(steps.iter().any(|step| step.starts_with("SEARCH")), "{name}: {steps:?}");
    }
}
