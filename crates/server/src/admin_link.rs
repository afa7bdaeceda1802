//! `durward admin link`: prints the link by which the first administrator comes to be.

use std::sync::Arc;

use anyhow::{Context, anyhow};
use durward::accounts::IssuedBootstrap;
use durward::sql::{Engine, SqlStore};
use durward::{Accounts, Error, KeyRing, Origin, Plain};
use serde_json::{Value, json};

use crate::admin;
use crate::cli;
use crate::config::{self, Config, DatabaseUrl, Mode, Problem, Problems};
use crate::database::{self, Connect, for_engine};
use crate::dev;
use crate::failure::Failure;
use crate::logs;
use crate::output::Output;

/// Issues a link; the one of before is dead.
pub(crate) async fn print(
    command: &cli::LinkAdmin,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let given = common.sources(cli::database_flag(command.database.as_ref()));
    let (config, url, keys) = if command.development.dev {
        let loaded = config::load(given, Mode::Development);
        let place = dev::Place::open(loaded, &command.development.data)?;
        (place.config, place.database, place.keys)
    } else {
        config::database_and_keys_of(config::load(given, Mode::Production))?
    };
    logs::begin(config.log)?;
    let base = base(&config, command.development.dev)?;
    for_engine!(url.engine, E => {
        issue::<E>(&config, &url, keys, &base, command.recover, output).await
    })
}

/// Where people reach the server, from the settings only (R-EM-06).
pub(crate) fn base(config: &Config, dev: bool) -> Result<String, Failure> {
    match &config.public_url {
        Some(url) => Ok(url.as_str().to_owned()),
        None if dev => Ok(format!("http://{}", config.listen)),
        None => {
            let advice = "say where people reach the server, so that links lead there: \
                          DURWARD_PUBLIC_URL=https://accounts.example.com";
            Err(Problems(vec![Problem::missing("public_url", advice)]).into())
        }
    }
}

async fn issue<E: Connect>(
    config: &Config,
    url: &DatabaseUrl,
    keys: KeyRing,
    base: &str,
    recover: bool,
    output: Output,
) -> Result<(), Failure> {
    let store = database::open::<E>(url, &config.database).await?;
    database::usable(store.check_schema().await).map_err(database::schema_failure)?;
    let accounts = admin::accounts_at(&store, config, Arc::new(keys), base)?;
    let issued = accounts.issue_bootstrap(recover, &Origin::operator()).await;
    store.close().await;
    match issued {
        Ok(issued) => {
            output.result(&told(&issued), &text(&issued));
            Ok(())
        }
        Err(Error::Forbidden) => Err(anyhow!(
            "somebody administers this deployment already, and can make others administrators; \
             if none of them can log in any more, add --recover"
        )
        .into()),
        Err(error) => Err(anyhow!(error).context("no link was made").into()),
    }
}

/// The link for a developer, while nobody administers.
pub(crate) async fn for_development<E: Engine>(
    accounts: &Accounts<SqlStore<E, Plain>>,
) -> Result<Option<IssuedBootstrap>, Failure> {
    match accounts.issue_bootstrap(false, &Origin::operator()).await {
        Ok(issued) => Ok(Some(issued)),
        Err(Error::Forbidden) => Ok(None),
        Err(error) => Err(anyhow!(error)).context("no link for an administrator was made")?,
    }
}

fn told(issued: &IssuedBootstrap) -> Value {
    json!({ "ok": true, "link": issued.link.expose(), "expiresAt": issued.expires })
}

fn text(issued: &IssuedBootstrap) -> String {
    let IssuedBootstrap { link, expires } = issued;
    let link = link.expose();
    format!(
        "{link}\n\nWhoever opens it and signs up or in administers this deployment. It works once, until {expires}; \
         printing another one makes it useless.\n"
    )
}
