//! Finds what the path of a route names.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use durward_core::{Accounts, Attrs, Caller, Error, Store, Target, UserId};

use crate::problem::Problem;

/// What the path of a route names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// Nothing in particular.
    Service,
    /// A user, by `{id}`: an id, or `me`.
    User,
    /// A session, by `{id}`.
    Session,
}

impl Aim {
    /// What the policy is asked about.
    pub(crate) async fn target<S: Store>(
        self,
        accounts: &Accounts<S>,
        parts: &mut Parts,
        caller: &Caller<S::Attrs>,
    ) -> Result<Target, Problem> {
        Ok(match self {
            Self::Service => Target::Service,
            Self::User => Target::User(named_user(parts, caller).await?),
            Self::Session => named_session(accounts, parts, caller).await?,
        })
    }
}

/// The user that the path names. A text that is no id looks like a user who is not there (R-AZ-03).
async fn named_user<A: Attrs>(parts: &mut Parts, caller: &Caller<A>) -> Result<UserId, Problem> {
    let me = caller.user()?.id;
    match named(parts, "user").await? {
        id if id == "me" => Ok(me),
        id => Ok(id.parse().map_err(|_no_id| Error::NotFound("user"))?),
    }
}

/// The session that the path names, with whose it is.
async fn named_session<S: Store>(
    accounts: &Accounts<S>,
    parts: &mut Parts,
    caller: &Caller<S::Attrs>,
) -> Result<Target, Problem> {
    caller.user()?;
    let id = named(parts, "session").await?;
    let id = id.parse().map_err(|_no_id| Error::NotFound("session"))?;
    let user = accounts.session(id).await?.user;
    Ok(Target::Session { id, user })
}

/// The `{id}` of the path; one that cannot be read names nothing.
async fn named(parts: &mut Parts, noun: &'static str) -> Result<String, Problem> {
    let Ok(params) = RawPathParams::from_request_parts(parts, &()).await else {
        return Err(Error::NotFound(noun).into());
    };
    match params.iter().find(|(name, _)| *name == "id") {
        Some((_, id)) => Ok(id.to_owned()),
        None => Err(Error::Internal("a route aims at something and has no {id}").into()),
    }
}
