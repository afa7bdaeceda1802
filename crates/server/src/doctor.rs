//! `durward doctor`: tries out what a server depends on.

use std::fmt::Write;

use durward::mail::SmtpMailer;
use serde_json::json;

use crate::cli;
use crate::config::{self, Config, DatabaseUrl, Mode, Production};
use crate::database::{self, Connect, for_engine};
use crate::failure::Failure;
use crate::logs;
use crate::output::Output;

/// One thing that was tried, and what is wrong with it.
struct Finding {
    name: &'static str,
    trouble: Option<String>,
}

/// Checks the settings, opens the database, looks at its schema, greets the mail server, and lets Redis count
/// if there is one. Changes nothing else and sends nothing.
pub(crate) async fn run(
    database: Option<&String>,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let loaded = config::load(common.sources(cli::database_flag(database)), Mode::Production);
    logs::begin(loaded.config.log)?;
    let (config, needed) = Production::check(loaded)?;
    let mut findings = vec![Finding { name: "settings", trouble: None }];
    let url = &needed.database;
    findings.extend(for_engine!(url.engine, E => examine::<E>(url, &config).await));
    findings.push(greet(&needed.mailer).await);
    findings.extend(debit(&config).await);
    tell(&findings, output)
}

async fn examine<E: Connect>(url: &DatabaseUrl, config: &Config) -> [Finding; 2] {
    let (database, schema) = match database::open::<E>(url, &config.database).await {
        Ok(store) => {
            let checked = store.check_schema().await;
            store.close().await;
            let schema = checked.err().map(|error| database::schema_failure(error).to_string());
            (None, schema)
        }
        Err(failure) => {
            (Some(failure.to_string()), Some(String::from("it could not be looked at")))
        }
    };
    [Finding { name: "database", trouble: database }, Finding { name: "schema", trouble: schema }]
}

async fn greet(mailer: &SmtpMailer) -> Finding {
    let trouble = mailer.check().await.err().map(|error| error.to_string());
    Finding { name: "mail server", trouble }
}

/// Whether the server that counts requests does so, if there is one.
async fn debit(config: &Config) -> Option<Finding> {
    let trouble = match config.redis.limiter() {
        Ok(None) => return None,
        Ok(Some(limiter)) => limiter.check().await.err().map(|error| error.to_string()),
        Err(problem) => Some(problem.flaw),
    };
    Some(Finding { name: "redis", trouble })
}

fn tell(findings: &[Finding], output: Output) -> Result<(), Failure> {
    let mut text = String::new();
    for Finding { name, trouble } in findings {
        // Writing to a String cannot fail.
        let _infallible = match trouble {
            None => writeln!(text, "ok      {name}"),
            Some(trouble) => writeln!(text, "FAILED  {name}: {trouble}"),
        };
    }
    let failed = findings.iter().filter(|finding| finding.trouble.is_some()).count();
    let list: Vec<_> = findings
        .iter()
        .map(|Finding { name, trouble }| json!({ "name": name, "trouble": trouble }))
        .collect();
    output.result(&json!({ "ok": failed == 0, "findings": list }), &text);
    if failed > 0 { Err(Failure::Told) } else { Ok(()) }
}
