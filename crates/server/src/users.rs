//! `durward user ...`: what whoever runs the deployment does with users, on the database itself.

use anyhow::anyhow;
use durward::accounts::RoleChange;
use durward::entity::SearchKey;
use durward::http::views;
use durward::store::{Factors, UserQuery, Users};
use durward::{
    Accounts, EmailAddress, EndReason, Error, Origin, Plain, Slice, StandardRole, Store, UserId,
    unit,
};
use serde_json::{Value, json};

use crate::cli::{self, ListUsers, OneUser, RoleOfUser};
use crate::config::{Config, Problem, Problems};
use crate::desk::{self, Asked, Cell, Flags, Told, Work, columns, plain_advice};
use crate::failure::Failure;
use crate::output::Output;

/// How many sessions are shown.
const SHOWN: u32 = 100;

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
pub(crate) enum Whom {
    Id(UserId),
    Email(EmailAddress),
}

/// What was asked for.
enum Order {
    List { asked: Asked, begin: Option<SearchKey>, query: UserQuery },
    Show(Whom),
    Do(Deed, Whom),
}

/// Lists users.
pub(crate) async fn list(
    command: &ListUsers,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let ListUsers { place, search, status, part } = command;
    desk::run(place, common, output, |_| {
        let mut flags = Flags::default();
        let begin = flags.read("--search", search.as_deref(), begin);
        flags.finish()?;
        let query = UserQuery { status: status.map(Into::into), ..UserQuery::default() };
        let filters = [search.as_deref(), query.status.map(durward::UserStatus::name)];
        Ok(Order::List { asked: Asked::of("users", &filters, part), begin, query })
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
    desk::run(place, common, output, |config| Ok(Order::Show(whom("USER", user, config)?))).await
}

/// Does something with a user.
pub(crate) async fn act(
    deed: Deed,
    command: &OneUser,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let OneUser { place, user } = command;
    desk::run(place, common, output, |config| Ok(Order::Do(deed, whom("USER", user, config)?)))
        .await
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

/// How a name or an address begins.
pub(crate) fn begin(text: &str) -> Result<SearchKey, String> {
    let most = SearchKey::MAX_CHARACTERS;
    SearchKey::parse(text).ok_or_else(|| format!("must be 1 to {most} characters that can be seen"))
}

/// An id, or an address that was proven.
pub(crate) fn whom(argument: &str, text: &str, config: &Config) -> Result<Whom, Problems> {
    if let Ok(id) = text.parse() {
        return Ok(Whom::Id(id));
    }
    EmailAddress::parse_with(text, config.accounts.email).map(Whom::Email).map_err(|_neither| {
        let text = "must be the id of a user, usr_..., or an address that he has proven";
        Problems(vec![Problem::wrong("", Some(&argument), text)])
    })
}

impl Work for Order {
    async fn on<S: Store<Attrs = Plain>>(self, accounts: &Accounts<S>) -> Told {
        match self {
            Self::List { asked, begin: Some(begin), query } => {
                let part = async |slice| accounts.search_users(&begin, &query, slice).await;
                asked.told(accounts, part, ("users", |it| json!(views::user(it)), line)).await
            }
            Self::List { asked, begin: None, query } => {
                let part = async |slice| accounts.list_users(&query, slice).await;
                asked.told(accounts, part, ("users", |it| json!(views::user(it)), line)).await
            }
            Self::Show(whom) => shown(accounts, &whom).await,
            Self::Do(deed, whom) => done(accounts, deed, &whom).await,
        }
    }

    fn mails(&self) -> bool {
        matches!(self, Self::Do(Deed::ResetFactors, _))
    }

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
            return plain_advice(error);
        };
        anyhow!(text).into()
    }
}

async fn shown<S: Store<Attrs = Plain>>(accounts: &Accounts<S>, whom: &Whom) -> Told {
    let id = found(accounts, whom).await?;
    let details = accounts.user(id).await?;
    let sessions = accounts.live_sessions(id, Slice { after: None, limit: SHOWN }).await?.rows;
    let totp = accounts.totp(id).await?;
    let codes = accounts.read().await?.count_recovery_codes(id).await?;
    let mut shown = json!(views::user(&details));
    let text = line(&shown);
    shown["sessions"] = sessions.iter().map(|session| json!(views::session(session))).collect();
    shown["authenticatorApp"] = totp.is_some().into();
    shown["authenticatorAppDoubtedAt"] = json!(totp.as_ref().and_then(|totp| totp.doubted));
    shown["recoveryCodes"] = codes.into();
    let many = if sessions.len() < SHOWN as usize { "" } else { " or more" };
    let app = match totp {
        Some(totp) if totp.doubted.is_some() => "an authenticator app that is in doubt",
        Some(_) => "an authenticator app",
        None => "no authenticator app",
    };
    let text = format!(
        "{text}\nsince {}, with {}{many} sessions, {app} and {codes} recovery codes\n",
        details.user.created,
        sessions.len(),
    );
    Ok((json!({ "ok": true, "user": shown }), text))
}

async fn done<S: Store<Attrs = Plain>>(accounts: &Accounts<S>, deed: Deed, whom: &Whom) -> Told {
    let id = found(accounts, whom).await?;
    accounts.user(id).await?;
    let origin = Origin::operator();
    let ended = unit!(accounts, |tx| {
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
    let shown = json!(views::user(&details));
    let news = match (deed, ended) {
        (Deed::Ban, _) => String::from("The account is shut."),
        (Deed::Unban, _) => String::from("The account is open."),
        (Deed::Logout, ended) => format!("{} sessions ended.", ended.unwrap_or(0)),
        (Deed::ResetFactors, Some(_)) => String::from("There was no second factor to remove."),
        (Deed::ResetFactors, None) => {
            String::from("The authenticator app and the recovery codes are gone.")
        }
        (Deed::Grant(_) | Deed::Revoke(_), _) => {
            format!("The roles are: {}.", Cell(&shown["roles"]))
        }
    };
    let text = format!("{}\n{news}\n", line(&shown));
    Ok((json!({ "ok": true, "user": shown }), text))
}

/// The user whom the command line means.
pub(crate) async fn found<S: Store>(accounts: &Accounts<S>, whom: &Whom) -> Result<UserId, Error> {
    match whom {
        Whom::Id(id) => Ok(*id),
        Whom::Email(email) => {
            let owner = accounts.read().await?.user_by_email(email.canonical()).await?;
            Ok(owner.ok_or(Error::NotFound("user"))?.id)
        }
    }
}

/// A user on a line.
fn line(shown: &Value) -> String {
    let mut line = columns(shown, &["id", "status", "roles", "name"]);
    for email in shown["emails"].as_array().into_iter().flatten() {
        let claim = if email["verifiedAt"].is_null() { " (not proven)" } else { "" };
        line.push_str("  ");
        line.push_str(&Cell(&email["email"]).to_string());
        line.push_str(claim);
    }
    line
}
