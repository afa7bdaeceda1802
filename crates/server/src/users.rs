//! `durward user ...`: what whoever runs the deployment does with users, on the database itself.

use std::fmt;
use std::sync::Arc;

use anyhow::anyhow;
use durward::accounts::{RoleChange, UserDetails};
use durward::entity::SearchKey;
use durward::page::Place;
use durward::sql::SqlStore;
use durward::store::{Factors, UserQuery, Users};
use durward::{
    Accounts, EmailAddress, EndReason, Error, KeyRing, Origin, Page, Plain, Slice, StandardRole,
    UserAgent, UserId, unit,
};
use serde_json::{Value, json};

use crate::admin_link::base;
use crate::cli::{self, ListUsers, OneUser, RoleOfUser};
use crate::config::{self, Config, DatabaseUrl, Mode, Problem, Problems};
use crate::database::{self, Connect, for_engine};
use crate::dev;
use crate::failure::Failure;
use crate::logs;
use crate::output::Output;

/// How many users are looked up at once.
const PART: u32 = 100;

/// What is done with one user.
#[derive(Clone, Copy)]
pub(crate) enum Deed {
    Ban,
    Unban,
    Logout,
    ResetFactors,
    Grant(StandardRole),
    Revoke(StandardRole),
}

/// Whom the command line means.
enum Whom {
    Id(UserId),
    Email(EmailAddress),
}

/// What was asked for.
enum Order {
    List { begin: Option<SearchKey>, query: UserQuery, limit: u32 },
    Show(Whom),
    Do(Deed, Whom),
}

/// Lists users.
pub(crate) async fn list(
    command: &ListUsers,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let ListUsers { place, search, status, limit } = command;
    run(place, common, output, |_| {
        let parsed = search.as_deref().map(SearchKey::parse);
        let begin = parsed.map(|begin| {
            let most = SearchKey::MAX_CHARACTERS;
            let text = format!("must be 1 to {most} characters that can be seen");
            begin.ok_or_else(|| Problem::wrong("", Some(&"--search"), text))
        });
        let query = UserQuery { status: status.map(Into::into), ..UserQuery::default() };
        Ok(Order::List { begin: begin.transpose()?, query, limit: *limit })
    })
    .await
}

/// Prints what there is about a user.
pub(crate) async fn show(
    command: &OneUser,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let OneUser { place, user } = command;
    run(place, common, output, |config| Ok(Order::Show(whom(user, config)?))).await
}

/// Does something with a user.
pub(crate) async fn act(
    deed: Deed,
    command: &OneUser,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let OneUser { place, user } = command;
    run(place, common, output, |config| Ok(Order::Do(deed, whom(user, config)?))).await
}

/// Gives a user a role, or takes it.
pub(crate) async fn change_role(
    deed: fn(StandardRole) -> Deed,
    command: &RoleOfUser,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    act(deed(command.role.into()), &command.one, common, output).await
}

/// An id, or an address that was proven.
fn whom(text: &str, config: &Config) -> Result<Whom, Problem> {
    if let Ok(id) = text.parse() {
        return Ok(Whom::Id(id));
    }
    EmailAddress::parse_with(text, config.accounts.email).map(Whom::Email).map_err(|_neither| {
        let text = "must be the id of a user, usr_..., or an address that he has proven";
        Problem::wrong("", Some(&"USER"), text)
    })
}

async fn run(
    place: &cli::Place,
    common: &cli::Common,
    output: Output,
    read: impl FnOnce(&Config) -> Result<Order, Problem>,
) -> Result<(), Failure> {
    let given = common.sources(cli::database_flag(place.database.as_ref()));
    let (config, url, keys) = if place.development.dev {
        let loaded = config::load(given, Mode::Development);
        let place = dev::Place::open(loaded, &place.development.data)?;
        (place.config, place.database, place.keys)
    } else {
        config::database_and_keys_of(config::load(given, Mode::Production))?
    };
    logs::begin(config.log)?;
    let order = read(&config).map_err(|problem| Problems(vec![problem]))?;
    // Only this one mails, and a link of it must lead to the server.
    let mails = matches!(order, Order::Do(Deed::ResetFactors, _));
    let base = if mails { base(&config, place.development.dev)? } else { String::new() };
    for_engine!(url.engine, E => obey::<E>(&config, &url, keys, &base, order, output).await)
}

async fn obey<E: Connect>(
    config: &Config,
    url: &DatabaseUrl,
    keys: KeyRing,
    base: &str,
    order: Order,
    output: Output,
) -> Result<(), Failure> {
    let store = database::open::<E>(url, &config.database).await?;
    database::usable(store.check_schema().await).map_err(database::schema_failure)?;
    let accounts = crate::admin::accounts_at(&store, config, Arc::new(keys), base)?;
    let told = match order {
        Order::List { begin, query, limit } => listed(&accounts, begin, &query, limit).await,
        Order::Show(whom) => shown(&accounts, whom).await,
        Order::Do(deed, whom) => done(&accounts, deed, whom).await,
    };
    drop(accounts);
    store.close().await;
    let (json, text) = told.map_err(advised)?;
    output.result(&json, &text);
    Ok(())
}

type Told = Result<(Value, String), Error>;

async fn listed<E: Connect>(
    accounts: &Accounts<SqlStore<E, Plain>>,
    begin: Option<SearchKey>,
    query: &UserQuery,
    limit: u32,
) -> Told {
    let (users, more) = match &begin {
        Some(begin) => {
            let part = async |slice| accounts.search_users(begin, query, slice).await;
            gathered(limit, part).await?
        }
        None => gathered(limit, async |slice| accounts.list_users(query, slice).await).await?,
    };
    let lines = users.iter().map(|details| Line(details).to_string());
    let mut text: String = lines.flat_map(|line| [line, String::from("\n")]).collect();
    if more {
        text.push_str("There are more: ask for them by --limit, or for fewer by --search.\n");
    }
    let shown: Vec<Value> = users.iter().map(view).collect();
    Ok((json!({ "ok": true, "users": shown, "more": more }), text))
}

/// That many of them, in parts, and whether there are more.
async fn gathered<P: Place>(
    limit: u32,
    part: impl AsyncFn(Slice<P>) -> Result<Page<UserDetails<Plain>, P>, Error>,
) -> Result<(Vec<UserDetails<Plain>>, bool), Error> {
    let (mut users, mut after) = (Vec::new(), None);
    loop {
        let left = limit.saturating_sub(u32::try_from(users.len()).unwrap_or(u32::MAX));
        if left == 0 {
            return Ok((users, true));
        }
        let page = part(Slice { after, limit: left.min(PART) }).await?;
        users.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return Ok((users, false));
        }
    }
}

async fn shown<E: Connect>(accounts: &Accounts<SqlStore<E, Plain>>, whom: Whom) -> Told {
    let id = found(accounts, whom).await?;
    let details = accounts.user(id).await?;
    let sessions = accounts.live_sessions(id, Slice { after: None, limit: PART }).await?.rows;
    let totp = accounts.totp(id).await?;
    let codes = accounts.read().await?.count_recovery_codes(id).await?;
    let mut shown = view(&details);
    shown["sessions"] = sessions
        .iter()
        .map(|session| {
            json!({
                "id": session.id,
                "createdAt": session.created,
                "ip": session.ip,
                "device": session.agent.as_ref().map(UserAgent::as_str),
                "actorId": session.actor.map(|actor| actor.id),
            })
        })
        .collect();
    shown["authenticatorApp"] = totp.is_some().into();
    shown["authenticatorAppDoubtedAt"] = json!(totp.as_ref().and_then(|totp| totp.doubted));
    shown["recoveryCodes"] = codes.into();
    let many = if sessions.len() < PART as usize { "" } else { " or more" };
    let app = match totp {
        Some(totp) if totp.doubted.is_some() => "an authenticator app that is in doubt",
        Some(_) => "an authenticator app",
        None => "no authenticator app",
    };
    let text = format!(
        "{}\nsince {}, with {}{many} sessions, {app} and {codes} recovery codes\n",
        Line(&details),
        details.user.created,
        sessions.len(),
    );
    Ok((json!({ "ok": true, "user": shown }), text))
}

async fn done<E: Connect>(accounts: &Accounts<SqlStore<E, Plain>>, deed: Deed, whom: Whom) -> Told {
    let id = found(accounts, whom).await?;
    accounts.user(id).await?;
    let origin = Origin::operator();
    let ended = unit!(accounts, |tx, _| {
        Ok(match deed {
            Deed::Ban => accounts.ban_user(tx, id, &origin).await.map(|_| None)?,
            Deed::Unban => accounts.unban_user(tx, id, &origin).await.map(|_| None)?,
            Deed::Logout => {
                Some(accounts.end_sessions(tx, id, None, EndReason::Revoked, &origin).await?)
            }
            Deed::ResetFactors => match accounts.discard_totp(tx, id, &origin).await {
                Err(Error::NotFound("authenticator app")) => Some(0),
                discarded => discarded.map(|()| None)?,
            },
            Deed::Grant(role) => {
                let change = RoleChange { granted: vec![role], revoked: vec![] };
                accounts.assign_roles(tx, id, &change, &origin).await.map(|_| None)?
            }
            Deed::Revoke(role) => {
                let change = RoleChange { granted: vec![], revoked: vec![role] };
                accounts.assign_roles(tx, id, &change, &origin).await.map(|_| None)?
            }
        })
    })?;
    let details = accounts.user(id).await?;
    let news = match (deed, ended) {
        (Deed::Ban, _) => String::from("The account is shut."),
        (Deed::Unban, _) => String::from("The account is open."),
        (Deed::Logout, ended) => format!("{} sessions ended.", ended.unwrap_or(0)),
        (Deed::ResetFactors, Some(_)) => String::from("There was no second factor to remove."),
        (Deed::ResetFactors, None) => {
            String::from("The authenticator app and the recovery codes are gone.")
        }
        (Deed::Grant(_) | Deed::Revoke(_), _) => {
            format!(
                "The roles are: {}.",
                details.user.roles.iter().copied().map(role_name).collect::<Vec<_>>().join(", ")
            )
        }
    };
    Ok((json!({ "ok": true, "user": view(&details) }), format!("{}\n{news}\n", Line(&details))))
}

/// The user whom the command line means.
async fn found<E: Connect>(
    accounts: &Accounts<SqlStore<E, Plain>>,
    whom: Whom,
) -> Result<UserId, Error> {
    match whom {
        Whom::Id(id) => Ok(id),
        Whom::Email(email) => {
            let owner = accounts.read().await?.user_by_email(email.canonical()).await?;
            Ok(owner.ok_or(Error::NotFound("user"))?.id)
        }
    }
}

/// What went wrong, and what to do.
fn advised(error: Error) -> Failure {
    let text = if let Error::NotFound(_) = error {
        "there is no such user, or nobody has proven that address; find him by \
         `durward user list --search`, with the beginning of his name or address, and name him by his id"
    } else if let Error::Last(_) = error {
        "nobody else administers this deployment; make somebody else an administrator first, by \
         `durward user grant administrator` or `durward admin create`"
    } else if let Error::Deleted = error {
        "the account is deleted; an administrator can restore it over HTTP, until it is erased"
    } else {
        return anyhow!(error).context("nothing was done").into();
    };
    anyhow!(text).into()
}

/// A user as HTTP shows him.
fn view(details: &UserDetails<Plain>) -> Value {
    let UserDetails { user, emails } = details;
    let emails = emails.iter().map(|email| {
        json!({
            "id": email.id,
            "email": email.address.as_typed(),
            "verifiedAt": email.proven,
            "primary": email.primary,
        })
    });
    let mut shown = json!({
        "id": user.id,
        "name": user.name,
        "status": user.status,
        "roles": user.roles,
        "emails": emails.collect::<Vec<_>>(),
        "createdAt": user.created,
        "updatedAt": user.updated,
    });
    if let Some(erasure) = user.erasure {
        shown["erasedAt"] = json!(erasure);
    }
    shown
}

/// A user on a line.
struct Line<'a>(&'a UserDetails<Plain>);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UserDetails { user, emails } = self.0;
        write!(f, "{}  {}", user.id, user.status.name())?;
        for role in &user.roles {
            write!(f, "  {}", role_name(*role))?;
        }
        write!(f, "  {}", user.name.as_str())?;
        for email in emails {
            let claim = if email.proven.is_some() { "" } else { " (not proven)" };
            write!(f, "  {}{claim}", email.address.as_typed())?;
        }
        Ok(())
    }
}

/// A role as the command line and HTTP name it.
fn role_name(role: StandardRole) -> &'static str {
    match role {
        StandardRole::User => "user",
        StandardRole::Administrator => "administrator",
    }
}
