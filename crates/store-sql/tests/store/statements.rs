use durward_store_sql::{Prefix, testing};
use sqlx::{Postgres, Row, Sqlite};

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

/// The same where an index of some rows only must be known to have all that are asked for, whatever the values.
#[tokio::test]
async fn no_statement_reads_a_whole_table_on_postgres() {
    // P7
    let Some(database) = crate::engines::postgres().await else { return };
    let mut connection = database.pool.acquire().await.unwrap();
    let run = |sql: String| sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
    for setting in ["enable_seqscan = off", "plan_cache_mode = force_generic_plan"] {
        run(format!("SET {setting}")).execute(&mut *connection).await.unwrap();
    }
    for (name, sql) in testing::statements::<Postgres, _>(&database.store) {
        let sql = sql.as_str();
        let places = sql.matches('$').count();
        let nothing = vec!["NULL"; places].join(", ");
        let values = if places == 0 { nothing } else { format!("({nothing})") };
        run(format!("PREPARE one AS {sql}")).execute(&mut *connection).await.unwrap();
        let plan = run(format!("EXPLAIN EXECUTE one{values}"));
        let rows = plan.fetch_all(&mut *connection).await.unwrap();
        let steps: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let count = |part| steps.iter().filter(|step| step.contains(part)).count();
        assert_eq!(count("Seq Scan"), 0, "{name}: {steps:#?}");
        // An index may be read from end to end as well.
        assert_eq!(
            count("Index Cond: "),
            count("Index Scan") + count("Index Only Scan"),
            "{name}: {steps:#?}"
        );
        run(String::from("DEALLOCATE one")).execute(&mut *connection).await.unwrap();
    }
}
