use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use durward_core::attrs::OrganizationRole;
use durward_core::entity::Organization;
use durward_core::store::{Memberships, Organizations};
use durward_core::{
    Accounts, Attrs, AuthenticationStrength, Caller, ClientCaller, Error, FreshUser,
    OrganizationId, Store, UserCaller, UserId,
};

use crate::problem::Problem;

type Role<A> = <A as Attrs>::OrganizationRole;
type Permission<A> = <Role<A> as OrganizationRole>::Permission;
type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Who knows what guards ask, whatever the store is.
pub(crate) trait Judge<A: Attrs>: Send + Sync {
    /// The user, if he authenticated a moment ago.
    fn fresh(&self, caller: &Caller<A>) -> Result<FreshUser, Error>;

    /// The role of a user in an organization, and what that makes of it; [`Error::NotFound`] for somebody who is no
    /// member.
    fn role(&self, organization: OrganizationId, user: UserId) -> Answer<'_, Held<A>>;
}

/// The role that somebody holds in an organization.
pub(crate) struct Held<A: Attrs> {
    role: Role<A>,
    /// Whether the organization is archived, so that the role allows nothing.
    archived: bool,
    /// How strongly a member has to be authenticated for the role to allow anything.
    authentication: AuthenticationStrength,
}

/// The judge of a request, put into it by [`Authenticate`](crate::Authenticate).
pub(crate) struct Present<A: Attrs>(pub(crate) Arc<dyn Judge<A>>);

impl<A: Attrs> Clone for Present<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Store> Judge<S::Attrs> for Accounts<S> {
    fn fresh(&self, caller: &Caller<S::Attrs>) -> Result<FreshUser, Error> {
        Self::fresh(self, caller)
    }

    fn role(&self, id: OrganizationId, user: UserId) -> Answer<'_, Held<S::Attrs>> {
        Box::pin(async move {
            let missing = || Error::NotFound("organization");
            let mut read = self.read().await?;
            let role = read.membership_of(id, user).await?.ok_or_else(missing)?.role;
            let Organization { archived, authentication, .. } =
                read.organization(id).await?.ok_or_else(missing)?;
            Ok(Held { role, archived: archived.is_some(), authentication })
        })
    }
}

/// The client of a caller, if it proved its secret (R-CL-02), and is no personal key that acts for nobody before its user
/// has a second factor (R-MF-02).
pub(crate) fn proven_client<A: Attrs>(caller: &Caller<A>) -> Result<&ClientCaller<A>, Error> {
    match caller.client.as_ref().filter(|client| client.authenticated) {
        Some(client) if client.enrolling => Err(Error::SecondFactorRequired),
        Some(client) => Ok(client),
        None => Err(Error::Unauthenticated),
    }
}

/// The user of a caller, if he has this role.
pub(crate) fn user_with<'c, A: Attrs>(
    caller: &'c Caller<A>,
    role: &A::UserRole,
) -> Result<&'c UserCaller<A>, Error> {
    let user = caller.user()?;
    if user.roles.contains(role) { Ok(user) } else { Err(Error::Forbidden) }
}

/// The client of a caller, if it proved its secret and has this role.
pub(crate) fn client_with<'c, A: Attrs>(
    caller: &'c Caller<A>,
    role: &A::ClientRole,
) -> Result<&'c ClientCaller<A>, Error> {
    let client = proven_client(caller)?;
    if client.roles.contains(role) { Ok(client) } else { Err(Error::Forbidden) }
}

/// Somebody whom an organization allows something.
pub(crate) struct Permitted<A: Attrs> {
    pub(crate) organization: OrganizationId,
    pub(crate) user: UserId,
    pub(crate) role: Role<A>,
}

/// Whether the role of the caller in the organization that this parameter of the path names allows this.
pub(crate) async fn permitted<A: Attrs>(
    judge: &dyn Judge<A>,
    parts: &mut Parts,
    caller: &Caller<A>,
    (parameter, permission): (&str, Permission<A>),
) -> Result<Permitted<A>, Problem> {
    let user = caller.acting_user()?;
    let missing = || Error::NotFound("organization");
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let params = params.map_err(|_unreadable| missing())?;
    let id = params.iter().find(|(name, _)| *name == parameter);
    let (_, id) = id.ok_or(Error::Internal("a guard reads a path without its name"))?;
    let organization = id.parse().map_err(|_no_id| missing())?;
    let Held { role, archived, authentication } = judge.role(organization, user).await?;
    if archived || !role.permissions().contains(&permission) {
        return Err(Error::Forbidden.into());
    }
    caller.strength().meets(authentication)?;
    Ok(Permitted { organization, user, role })
}
