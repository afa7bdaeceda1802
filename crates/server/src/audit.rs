//! `durward audit verify`: checks that the audit log is whole.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use durward::accounts::{AuditFinding, AuditReport, ChainEnd};
use durward::sql::SqlStore;
use durward::{KeyRing, Plain};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin;
use crate::cli;
use crate::config::{self, Config, DatabaseUrl, Mode};
use crate::database::{self, Connect, for_engine};
use crate::dev;
use crate::failure::Failure;
use crate::logs;
use crate::output::Output;

/// Checks the whole log; fails if anything is wrong with it.
pub(crate) async fn verify(
    command: &cli::VerifyAudit,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let cli::Place { development, database } = &command.place;
    let given = common.sources(cli::database_flag(database.as_ref()));
    let (config, url, keys) = if development.dev {
        let loaded = config::load(given, Mode::Development);
        let place = dev::Place::open(loaded, &development.data)?;
        (place.config, place.database, place.keys)
    } else {
        config::database_and_keys_of(config::load(given, Mode::Production))?
    };
    logs::begin(config.log)?;
    let noted = command.noted.as_deref().map(noted).transpose()?.unwrap_or_default();
    for_engine!(url.engine, E => check::<E>(&config, &url, keys, &noted, output).await)
}

/// The chains of an earlier answer in JSON.
fn noted(path: &Path) -> anyhow::Result<Vec<ChainEnd>> {
    #[derive(Deserialize)]
    struct Answer {
        chains: Vec<Chain>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Chain {
        organization_id: Option<durward::OrganizationId>,
        seal: u32,
        hash: String,
    }
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("{shown} cannot be read"))?;
    let answer: Answer = serde_json::from_str(&text)
        .with_context(|| format!("{shown} is no answer of `durward --json audit verify`"))?;
    let end = |Chain { organization_id, seal, hash }| {
        let hash = hash.parse().map_err(|error| anyhow!("{shown}: a hash is {error}"))?;
        Ok(ChainEnd { organization: organization_id, seal, hash })
    };
    answer.chains.into_iter().map(end).collect()
}

async fn check<E: Connect>(
    config: &Config,
    url: &DatabaseUrl,
    keys: KeyRing,
    noted: &[ChainEnd],
    output: Output,
) -> Result<(), Failure> {
    let store = database::open::<E>(url, &config.database).await?;
    database::usable(store.check_schema().await).map_err(database::schema_failure)?;
    let checked = findings(&store, config, keys, noted).await;
    store.close().await;
    let (report, findings) = checked?;
    tell(report, &findings, output);
    if report.flaws > 0 { Err(Failure::Told) } else { Ok(()) }
}

async fn findings<E: Connect>(
    store: &SqlStore<E, Plain>,
    config: &Config,
    keys: KeyRing,
    noted: &[ChainEnd],
) -> Result<(AuditReport, Vec<AuditFinding>), Failure> {
    let accounts = admin::accounts(store, config, Arc::new(keys))?;
    let mut findings = Vec::new();
    let checked = accounts.verify_audit(noted, &mut |finding| findings.push(finding)).await;
    Ok((checked.context("the audit log cannot be read")?, findings))
}

fn tell(report: AuditReport, findings: &[AuditFinding], output: Output) {
    let (mut text, mut flaws, mut chains) = (String::new(), Vec::new(), Vec::new());
    for finding in findings {
        match finding {
            AuditFinding::Flaw(flaw) => {
                // Writing to a String cannot fail.
                let _infallible = writeln!(text, "FLAW  {flaw}");
                flaws.push(json!({
                    "flaw": flaw.name(),
                    "entryId": flaw.entry(),
                    "text": flaw.to_string(),
                }));
            }
            AuditFinding::End(ChainEnd { organization, seal, hash }) => chains.push(json!({
                "organizationId": organization,
                "seal": seal,
                "hash": hash.to_string(),
            })),
        }
    }
    let AuditReport { entries, unsealed, erased, seals, chains: number, flaws: wrong } = report;
    let verdict = if wrong == 0 { "whole" } else { "NOT whole" };
    let _infallible = writeln!(
        text,
        "The audit log is {verdict}: {entries} entries in {seals} seals of {number} chains, {unsealed} not sealed \
         yet, {erased} without their address, {wrong} flaws."
    );
    let json: Value = json!({
        "ok": wrong == 0,
        "entries": entries,
        "unsealed": unsealed,
        "erased": erased,
        "seals": seals,
        "flaws": flaws,
        "chains": chains,
    });
    output.result(&json, &text);
}
