//! `durward organization ...`: what whoever runs the deployment does with organizations.

use anyhow::anyhow;
use durward::entity::SearchKey;
use durward::http::views;
use durward::store::OrganizationQuery;
use durward::{Accounts, Error, OrganizationId, Origin, Plain, Slice, Store, unit};
use serde_json::{Value, json};

use crate::cli::{self, ListOrganizations, OneOrganization, SetOwner};
use crate::config::Problems;
use crate::desk::{self, Asked, Flags, Told, Work, columns, plain_advice};
use crate::failure::Failure;
use crate::output::Output;
use crate::users::{Whom, begin, found, whom};

/// How many members are shown.
const SHOWN: u32 = 100;

/// What is done with one organization.
#[derive(Clone, Copy)]
pub(crate) enum Deed {
    Archive,
    Restore,
}

enum Order {
    List { asked: Asked, begin: Option<SearchKey>, query: OrganizationQuery },
    Show(OrganizationId),
    Do(Deed, OrganizationId),
    SetOwner(OrganizationId, Whom),
}

/// Lists organizations.
pub(crate) async fn list(
    command: &ListOrganizations,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let ListOrganizations { place, search, archived, part } = command;
    desk::run(place, common, output, |_| {
        let mut flags = Flags::default();
        let begin = flags.read("--search", search.as_deref(), begin);
        flags.finish()?;
        let told = archived.map(|archived| archived.to_string());
        let asked = Asked::of("organizations", &[search.as_deref(), told.as_deref()], part);
        Ok(Order::List { asked, begin, query: OrganizationQuery { archived: *archived } })
    })
    .await
}

/// Prints what there is about an organization.
pub(crate) async fn show(
    command: &OneOrganization,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let OneOrganization { place, organization } = command;
    desk::run(place, common, output, |_| Ok(Order::Show(id(organization)?))).await
}

/// Does something with an organization.
pub(crate) async fn act(
    deed: Deed,
    command: &OneOrganization,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let OneOrganization { place, organization } = command;
    desk::run(place, common, output, |_| Ok(Order::Do(deed, id(organization)?))).await
}

/// Gives an organization that nobody owns an owner.
pub(crate) async fn set_owner(
    command: &SetOwner,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let SetOwner { one: OneOrganization { place, organization }, user } = command;
    desk::run(place, common, output, |config| {
        Ok(Order::SetOwner(id(organization)?, whom("--user", user, config)?))
    })
    .await
}

fn id(text: &str) -> Result<OrganizationId, Problems> {
    desk::id("ORGANIZATION", text, "the id of an organization, org_...")
}

impl Work for Order {
    async fn on<S: Store<Attrs = Plain>>(self, accounts: &Accounts<S>) -> Told {
        match self {
            Self::List { asked, begin: Some(begin), query } => {
                let part = async |slice| accounts.search_organizations(&begin, &query, slice).await;
                asked
                    .told(
                        accounts,
                        part,
                        ("organizations", |it| json!(views::organization(it)), line),
                    )
                    .await
            }
            Self::List { asked, begin: None, query } => {
                let part = async |slice| accounts.list_organizations(&query, slice).await;
                asked
                    .told(
                        accounts,
                        part,
                        ("organizations", |it| json!(views::organization(it)), line),
                    )
                    .await
            }
            Self::Show(id) => shown(accounts, id).await,
            Self::Do(deed, id) => done(accounts, deed, id).await,
            Self::SetOwner(id, whom) => {
                let user = found(accounts, &whom).await?;
                let origin = Origin::operator();
                let member = unit!(accounts, |tx| accounts.set_owner(tx, id, user, &origin).await)?;
                let text = format!("{user} owns {id} now.\n");
                Ok((json!({ "ok": true, "membership": views::membership(&member) }), text))
            }
        }
    }

    fn advised(error: Error) -> Failure {
        let text = if let Error::NotFound("organization") = error {
            "there is no such organization; find it by `durward organization list --search`, with the beginning of \
             its name"
        } else if let Error::NotFound(_) = error {
            "there is no such user, nobody has proven that address, or the account is not active; find him by \
             `durward user list --search`"
        } else if let Error::Invalid(found) = &error
            && found.iter().any(|it| it.code == "NO_OWNER")
        {
            "nobody with an active account owns the organization; appoint somebody first, by \
             `durward organization set-owner ORGANIZATION --user USER`"
        } else {
            return plain_advice(error);
        };
        anyhow!(text).into()
    }
}

async fn shown<S: Store<Attrs = Plain>>(accounts: &Accounts<S>, id: OrganizationId) -> Told {
    let organization = json!(views::organization(&accounts.organization(id).await?));
    let members = accounts.members(id, Slice { after: None, limit: SHOWN }).await?;
    let more = members.next.is_some();
    let members: Vec<Value> =
        members.rows.iter().map(|member| json!(views::member(member))).collect();
    let mut text = format!(
        "{}\nAuthentication asked of its members: {}\n",
        line(&organization),
        columns(&organization, &["authentication"])
    );
    for member in &members {
        text.push_str(&columns(member, &["userId", "role", "userName"]));
        text.push('\n');
    }
    if more {
        text.push_str("There are more members.\n");
    }
    let mut told = organization;
    told["members"] = members.into();
    told["moreMembers"] = more.into();
    Ok((json!({ "ok": true, "organization": told }), text))
}

async fn done<S: Store<Attrs = Plain>>(
    accounts: &Accounts<S>,
    deed: Deed,
    id: OrganizationId,
) -> Told {
    let origin = Origin::operator();
    let organization = unit!(accounts, |tx| match deed {
        Deed::Archive => accounts.close_organization(tx, id, None, &origin).await,
        Deed::Restore => accounts.reopen_organization(tx, id, &origin).await,
    })?;
    let shown = json!(views::organization(&organization));
    let news = if organization.archived.is_some() { "archived" } else { "in use" };
    let text = format!("{}\nThe organization is {news}.\n", line(&shown));
    Ok((json!({ "ok": true, "organization": shown }), text))
}

/// An organization on a line.
fn line(shown: &Value) -> String {
    let archived = if shown["archivedAt"].is_null() { "in use" } else { "archived" };
    format!("{}  {archived}  {}", columns(shown, &["id"]), columns(shown, &["name"]))
}
