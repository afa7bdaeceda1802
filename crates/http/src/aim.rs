//! Finds what the path of a route names.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use durward_core::authz::ClientOf;
use durward_core::entity::ClientOwner;
use durward_core::{Accounts, Attrs, Caller, Error, Store, Target, UserId};

use crate::problem::Problem;

/// What the path of a route names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// Nothing in particular.
    Service,
    /// A user, by `{id}`: an id, or `me`.
    User,
    /// An address of a user, by `{id}` and `{emailId}`.
    LoginEmail,
    /// A session, by `{id}`.
    Session,
    /// An organization, by `{id}`, or what belongs to it.
    Organization,
    /// A membership, by `{id}`.
    Membership,
    /// An invitation, by `{id}`.
    Invitation,
    /// A client, by `{id}`.
    Client,
    /// A secret of a client, by `{id}` and `{secretId}`.
    ClientSecret,
    /// A restriction of a client, by `{id}` and `{restrictionId}`.
    ClientRestriction,
}

/// What stands in the path of a request where its route has names; nothing if it cannot be read.
pub(crate) struct Names(Option<RawPathParams>);

impl Names {
    pub(crate) async fn of(parts: &mut Parts) -> Self {
        Self(RawPathParams::from_request_parts(parts, &()).await.ok())
    }

    /// What stands there under this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.0.iter().flatten();
        all.find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

impl Aim {
    /// What the policy is asked about.
    pub(crate) async fn target<S: Store>(
        self,
        accounts: &Accounts<S>,
        names: &Names,
        caller: &Caller<S::Attrs>,
    ) -> Result<Target, Problem> {
        Ok(match self {
            Self::Service => Target::Service,
            // The flow looks for the address among those of this user (GW-50).
            Self::User | Self::LoginEmail => Target::User(named_user(names, caller)?),
            Self::Session => named_session(accounts, names, caller).await?,
            Self::Organization => {
                let id = known_id(names, caller, "organization")?;
                Target::Organization(accounts.standing(caller, id, None).await?)
            }
            Self::Membership => {
                let id = known_id(names, caller, "membership")?;
                let member = accounts.membership(id).await?;
                let own = Some(member.user);
                let standing = accounts.standing(caller, member.organization, own).await?;
                Target::Membership { id, standing }
            }
            Self::Invitation => {
                let id = known_id(names, caller, "invitation")?;
                let organization = accounts.invitation(id).await?.organization;
                let standing = accounts.standing(caller, organization, None).await?;
                Target::Invitation { id, standing }
            }
            // The flow looks for the rest among what belongs to this client.
            Self::Client | Self::ClientSecret | Self::ClientRestriction => {
                named_client(accounts, names, caller).await?
            }
        })
    }
}

/// The user that the path names. A text that is no id looks like a user who is not there (R-AZ-03).
fn named_user<A: Attrs>(names: &Names, caller: &Caller<A>) -> Result<UserId, Problem> {
    // Who must enrol a second factor first may ask for himself; for what, the policy says.
    let enrolling = caller.enrolling.as_ref();
    if enrolling.is_none() {
        check_known(caller)?;
    }
    match named(names, "user")? {
        "me" => match enrolling {
            Some(user) => Ok(user.id),
            None => Ok(caller.acting_user()?),
        },
        id => Ok(id.parse().map_err(|_no_id| Error::NotFound("user"))?),
    }
}

/// The session that the path names, with whose it is.
async fn named_session<S: Store>(
    accounts: &Accounts<S>,
    names: &Names,
    caller: &Caller<S::Attrs>,
) -> Result<Target, Problem> {
    let id = known_id(names, caller, "session")?;
    let user = accounts.session(id).await?.user;
    Ok(Target::Session { id, user })
}

/// The client that the path names, with whose it is.
async fn named_client<S: Store>(
    accounts: &Accounts<S>,
    names: &Names,
    caller: &Caller<S::Attrs>,
) -> Result<Target, Problem> {
    let id = known_id(names, caller, "client")?;
    let of = match accounts.client(id).await?.owner {
        ClientOwner::User(user) => ClientOf::User(user),
        ClientOwner::Organization(organization) => {
            ClientOf::Organization(accounts.standing(caller, organization, None).await?)
        }
    };
    Ok(Target::Client { id, of })
}

/// The id that the path names, for somebody who is known.
fn known_id<A: Attrs, I: FromStr>(
    names: &Names,
    caller: &Caller<A>,
    noun: &'static str,
) -> Result<I, Problem> {
    check_known(caller)?;
    let id = named(names, noun)?.parse();
    Ok(id.map_err(|_no_id| Error::NotFound(noun))?)
}

/// Nothing is looked up for nobody.
fn check_known<A: Attrs>(caller: &Caller<A>) -> Result<(), Error> {
    if caller.is_authenticated() { Ok(()) } else { Err(caller.unproven()) }
}

/// The `{id}` of the path; one that cannot be read names nothing.
fn named<'n>(names: &'n Names, noun: &'static str) -> Result<&'n str, Problem> {
    if names.0.is_none() {
        return Err(Error::NotFound(noun).into());
    }
    let internal = Error::Internal("a route aims at something and has no {id}");
    names.get("id").ok_or_else(|| internal.into())
}
