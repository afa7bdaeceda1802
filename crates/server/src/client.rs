//! `durward client create`: makes a client of an organization, with roles that nobody else could give it yet.

use std::sync::Arc;

use anyhow::anyhow;
use durward::accounts::NewClient;
use durward::entity::{ClientKind, ClientOwner, ClientSessions};
use durward::{
    Error, KeyRing, NoAttributes, OrganizationId, Origin, PersonName, StandardClientRole, unit,
};
use serde_json::json;

use crate::admin::accounts;
use crate::cli;
use crate::config::{self, Config, DatabaseUrl, Mode, Problem, Problems};
use crate::database::{self, Connect, for_engine};
use crate::dev;
use crate::failure::Failure;
use crate::logs;
use crate::output::Output;

/// Makes a client, and prints its secret key, this once.
pub(crate) async fn create(
    command: &cli::CreateClient,
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
    let wanted = wanted(command)?;
    for_engine!(url.engine, E => insert::<E>(&config, &url, keys, wanted, output).await)
}

/// A client and its roles, as the command line has them.
type Wanted = (NewClient<durward::Plain>, Vec<StandardClientRole>);

/// Reads what the command line says, and tells everything that is wrong with it at once.
fn wanted(command: &cli::CreateClient) -> Result<Wanted, Failure> {
    let mut problems = Vec::new();
    let mut wrong = |flag: &str, why: String| problems.push(Problem::wrong("", Some(&flag), why));
    let organization: Option<OrganizationId> = command
        .organization
        .parse()
        .map_err(|_no_id| {
            wrong("--organization", "must be the id of an organization, org_...".into());
        })
        .ok();
    let name =
        PersonName::parse(&command.name).map_err(|error| wrong("--name", error.to_string())).ok();
    let (Some(organization), Some(name)) = (organization, name) else {
        return Err(Problems(problems).into());
    };
    let kind = if command.public { ClientKind::Public } else { ClientKind::Confidential };
    let new = NewClient {
        owner: ClientOwner::Organization(organization),
        name,
        kind,
        require_user: false,
        rate_limit: None,
        sessions: ClientSessions::default(),
        redirect_uris: Vec::new(),
        expires: None,
        attrs: NoAttributes {},
    };
    Ok((new, vec![command.role.into()]))
}

async fn insert<E: Connect>(
    config: &Config,
    url: &DatabaseUrl,
    keys: KeyRing,
    (new, roles): Wanted,
    output: Output,
) -> Result<(), Failure> {
    let store = database::open::<E>(url, &config.database).await?;
    database::usable(store.check_schema().await).map_err(database::schema_failure)?;
    let accounts = accounts(&store, config, Arc::new(keys))?;
    let origin = Origin::operator();
    let made = unit!(accounts, |tx, _| {
        accounts.provision_client(tx, new.clone(), roles.clone(), &origin).await
    });
    drop(accounts);
    store.close().await;
    let made = match made {
        Ok(made) => made,
        Err(Error::NotFound(_)) => return Err(anyhow!("there is no such organization").into()),
        Err(Error::Forbidden) => return Err(anyhow!("the organization is archived").into()),
        Err(Error::Invalid(found)) => {
            let texts: Vec<_> = found.into_iter().map(|it| it.text).collect();
            let texts = texts.join(" ");
            let advice = "limits.organization_clients says how many there may be";
            return Err(anyhow!("the client was not made: {texts} {advice}").into());
        }
        Err(error) => return Err(anyhow!(error).context("the client was not made").into()),
    };
    let id = made.client.id.to_string();
    match made.secret {
        None => output.result(&json!({ "ok": true, "clientId": id }), &format!("{id}\n")),
        Some(secret) => {
            let key = secret.key.expose();
            let shown = json!({ "ok": true, "clientId": id, "secretId": secret.id, "secret": key });
            output.result(&shown, &format!("{id}\n{key}\nThe second line is shown this once.\n"));
        }
    }
    Ok(())
}
