//! `durward client ...`: what whoever runs the deployment does with clients.

use std::time::Duration;

use anyhow::anyhow;
use durward::accounts::{ClientChange, IssuedSecret, NewClient};
use durward::entity::{ClientKind, ClientOwner, ClientSessions, SearchKey};
use durward::http::views;
use durward::store::ClientQuery;
use durward::{
    Accounts, ClientId, Error, NoAttributes, Obstruction, Origin, PersonName, Plain,
    StandardClientRole, Store, unit,
};
use serde_json::{Value, json};

use crate::cli::{self, CreateClient, ListClients, OneClient, RotateClient};
use crate::config::{Problems, Setting};
use crate::desk::{self, Asked, Flags, Told, Work, columns, plain_advice};
use crate::failure::Failure;
use crate::output::Output;
use crate::users::begin;

/// What is done with one client.
#[derive(Clone, Copy)]
pub(crate) enum Deed {
    Show,
    Disable,
    Enable,
    Delete,
}

enum Order {
    Create(Box<NewClient<Plain>>, StandardClientRole),
    List { asked: Asked, begin: Option<SearchKey>, query: ClientQuery<Plain> },
    Do(Deed, ClientId),
    Rotate(ClientId, Option<Duration>),
}

/// Makes a client, and prints its secret key, this once.
pub(crate) async fn create(
    command: &CreateClient,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    desk::run(&command.place, common, output, |_| {
        let mut flags = Flags::default();
        let what = "the id of an organization, org_...";
        let organization = flags.id("--organization", Some(&command.organization), what);
        let read = |text: &str| PersonName::parse(text).map_err(|error| error.to_string());
        let name = flags.read("--name", Some(&command.name), read);
        flags.finish()?;
        let (Some(organization), Some(name)) = (organization, name) else {
            return Err(Problems(Vec::new()));
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
        Ok(Order::Create(Box::new(new), command.role.into()))
    })
    .await
}

/// Lists clients.
pub(crate) async fn list(
    command: &ListClients,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let ListClients { place, search, organization, user, role, enabled, part } = command;
    desk::run(place, common, output, |_| {
        let mut flags = Flags::default();
        let begin = flags.read("--search", search.as_deref(), begin);
        let what = "the id of an organization, org_...";
        let by = flags.id("--organization", organization.as_deref(), what);
        let of = flags.id("--user", user.as_deref(), "the id of a user, usr_...");
        flags.finish()?;
        let owner = by.map(ClientOwner::Organization).or(of.map(ClientOwner::User));
        let query = ClientQuery { owner, role: role.map(Into::into), enabled: *enabled };
        let rest = format!("{:?} {enabled:?}", query.role);
        let filters = [search.as_deref(), organization.as_deref(), user.as_deref(), Some(&rest)];
        Ok(Order::List { asked: Asked::of("clients", &filters, part), begin, query })
    })
    .await
}

/// Does something with a client.
pub(crate) async fn act(
    deed: Deed,
    command: &OneClient,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let OneClient { place, client } = command;
    desk::run(place, common, output, |_| Ok(Order::Do(deed, id(client)?))).await
}

/// Gives a client a further secret.
pub(crate) async fn rotate(
    command: &RotateClient,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let RotateClient { one: OneClient { place, client }, expire_others_in } = command;
    desk::run(place, common, output, |_| {
        let mut flags = Flags::default();
        let read = |text: &str| Duration::from_text(text).map_err(|form| format!("must be {form}"));
        let overlap = flags.read("--expire-others-in", expire_others_in.as_deref(), read);
        flags.finish()?;
        Ok(Order::Rotate(id(client)?, overlap))
    })
    .await
}

fn id(text: &str) -> Result<ClientId, Problems> {
    desk::id("CLIENT", text, "the id of a client, cli_...")
}

impl Work for Order {
    async fn on<S: Store<Attrs = Plain>>(self, accounts: &Accounts<S>) -> Told {
        match self {
            Self::Create(new, role) => created(accounts, *new, role).await,
            Self::List { asked, begin: Some(begin), query } => {
                let part = async |slice| accounts.search_clients(&begin, &query, slice).await;
                asked.told(accounts, part, ("clients", |it| json!(views::client(it)), line)).await
            }
            Self::List { asked, begin: None, query } => {
                let part = async |slice| accounts.list_clients(&query, slice).await;
                asked.told(accounts, part, ("clients", |it| json!(views::client(it)), line)).await
            }
            Self::Do(Deed::Show, id) => shown(accounts, id).await,
            Self::Do(Deed::Disable, id) => switched(accounts, id, false).await,
            Self::Do(Deed::Enable, id) => switched(accounts, id, true).await,
            Self::Do(Deed::Delete, id) => {
                let origin = Origin::operator();
                unit!(accounts, |tx| accounts.delete_client(tx, id, None, &origin).await)?;
                Ok((json!({ "ok": true, "clientId": id }), format!("The client {id} is gone.\n")))
            }
            Self::Rotate(_, Some(overlap)) if overlap > Accounts::<S>::LONGEST_OVERLAP => {
                let text = "--expire-others-in must be 90d or less.";
                Err(Error::Invalid(vec![Obstruction::new("OUT_OF_RANGE", text)]))
            }
            Self::Rotate(id, overlap) => {
                let origin = Origin::operator();
                let secret = unit!(accounts, |tx| {
                    accounts.provision_secret(tx, id, overlap, &origin).await
                })?;
                Ok(handed_out(id, Some(&secret)))
            }
        }
    }

    fn mails(&self) -> bool {
        // The owner of a personal key is told, whoever it belongs to.
        matches!(self, Self::Rotate(..))
    }

    fn advised(error: Error) -> Failure {
        let text = if let Error::NotFound("client") = error {
            "there is no such client; find it by `durward client list --search`, with the beginning of its name"
        } else if let Error::NotFound(_) = error {
            "there is no such organization"
        } else if let Error::Forbidden = error {
            "the organization is archived"
        } else if let Error::Invalid(found) = error {
            let advice = match found.first().map(|it| &*it.code) {
                Some("TOO_MANY_CLIENTS") => {
                    " limits.organization_clients says how many there may be"
                }
                Some("TOO_MANY_SECRETS") => " Or end them at once, by --expire-others-in 0s.",
                Some(_) | None => "",
            };
            let texts: Vec<_> = found.into_iter().map(|it| it.text).collect();
            return anyhow!("nothing was done: {}{advice}", texts.join(" ")).into();
        } else {
            return plain_advice(error);
        };
        anyhow!(text).into()
    }
}

async fn created<S: Store<Attrs = Plain>>(
    accounts: &Accounts<S>,
    new: NewClient<Plain>,
    role: StandardClientRole,
) -> Told {
    let origin = Origin::operator();
    let made = unit!(accounts, |tx| {
        accounts.provision_client(tx, new.clone(), vec![role], &origin).await
    })?;
    Ok(handed_out(made.client.id, made.secret.as_ref()))
}

/// A client with the only showing of a secret key.
fn handed_out(id: ClientId, secret: Option<&IssuedSecret>) -> (Value, String) {
    match secret {
        None => (json!({ "ok": true, "clientId": id }), format!("{id}\n")),
        Some(secret) => {
            let key = secret.key.expose();
            let shown = json!({ "ok": true, "clientId": id, "secretId": secret.id, "secret": key });
            (shown, format!("{id}\n{key}\nThe second line is shown this once.\n"))
        }
    }
}

async fn shown<S: Store<Attrs = Plain>>(accounts: &Accounts<S>, id: ClientId) -> Told {
    let client = accounts.client(id).await?;
    let secrets = accounts.secrets_of(id).await?;
    let mut shown = json!(views::client(&client));
    let mut text = line(&shown) + "\n";
    for secret in &secrets {
        let secret = json!(views::secret(secret));
        text.push_str(&columns(&secret, &["id", "createdAt", "expiresAt", "lastUsedAt"]));
        text.push('\n');
    }
    shown["secrets"] = secrets.iter().map(|secret| json!(views::secret(secret))).collect();
    let rules = client.restrictions.iter().map(|rule| json!(views::restriction(rule)));
    shown["accessRestrictions"] = rules.collect();
    Ok((json!({ "ok": true, "client": shown }), text))
}

async fn switched<S: Store<Attrs = Plain>>(
    accounts: &Accounts<S>,
    id: ClientId,
    enabled: bool,
) -> Told {
    let origin = Origin::operator();
    let change = ClientChange { enabled: Some(enabled), ..ClientChange::default() };
    let client =
        unit!(accounts, |tx| accounts.update_client(tx, id, change.clone(), &origin).await)?;
    let shown = json!(views::client(&client));
    let text = line(&shown) + "\n";
    Ok((json!({ "ok": true, "client": shown }), text))
}

/// A client on a line.
fn line(shown: &Value) -> String {
    let state = if shown["enabled"] == true { "enabled" } else { "disabled" };
    let owner = if shown["userId"].is_null() { "organizationId" } else { "userId" };
    let rest = columns(shown, &[owner, "roles", "name"]);
    format!("{}  {state}  {rest}", columns(shown, &["id"]))
}
