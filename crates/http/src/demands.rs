//! Extractors that refuse: what a handler asks of its caller, in its signature. Each answers as the
//! [`Guard`](crate::Guard) of the same name does.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use durward_core::attrs::OrganizationRole;
use durward_core::{Attrs, Caller, ClientCaller, FreshUser, OrganizationId, UserCaller, UserId};

use crate::extract::{CurrentCaller, CurrentUser, caller, judge};
use crate::judge::{Permitted, client_with, permitted, user_with};
use crate::problem::Problem;

/// What an extractor finds, and a user who authenticated no longer ago than
/// [`Settings::freshness`](durward_core::Settings::freshness) allows; else the request is answered `STEP_UP_REQUIRED`
/// (R-MF-04).
///
/// ```
/// use durward_http::{CurrentUser, Fresh};
///
/// async fn close(user: Fresh<CurrentUser>) -> String {
///     // What the dangerous flows of `Accounts` ask for.
///     let _by = user.proof();
///     format!("Goodbye, {}!", user.id)
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fresh<E> {
    found: E,
    proof: FreshUser,
}

impl<E> Fresh<E> {
    /// The user, as the flows want him who authenticated a moment ago.
    pub const fn proof(&self) -> &FreshUser {
        &self.proof
    }

    /// What was found.
    pub fn into_inner(self) -> E {
        self.found
    }
}

impl<E> Deref for Fresh<E> {
    type Target = E;
    fn deref(&self) -> &E {
        &self.found
    }
}

/// What [`Fresh`] may be asked of: an extractor that knows the attributes of the application's store, of this crate or of
/// the application.
pub trait OfCaller {
    /// These attributes.
    type Attrs: Attrs;
}

impl<A: Attrs> OfCaller for CurrentUser<A> {
    type Attrs = A;
}

impl<A: Attrs> OfCaller for CurrentCaller<A> {
    type Attrs = A;
}

impl<R: NeededRole> OfCaller for HasRole<R> {
    type Attrs = R::Attrs;
}

impl<P: NeededPermission> OfCaller for Member<P> {
    type Attrs = P::Attrs;
}

impl<E, T> FromRequestParts<T> for Fresh<E>
where
    E: OfCaller + FromRequestParts<T, Rejection = Problem> + Send,
    T: Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &T) -> Result<Self, Problem> {
        let found = E::from_request_parts(parts, state).await?;
        let proof = judge::<E::Attrs>(parts)?.fresh(caller::<E::Attrs>(parts)?)?;
        Ok(Self { found, proof })
    }
}

/// A role of a user that a handler needs; implemented by a type of the application's that stands for it. See [`HasRole`].
pub trait NeededRole: Send + 'static {
    /// The attributes of the application's store.
    type Attrs: Attrs;
    /// The role.
    const ROLE: <Self::Attrs as Attrs>::UserRole;
}

/// A user with a role in the whole deployment, by his session; others are answered `403`.
///
/// ```
/// use durward_core::{Plain, StandardRole};
/// use durward_http::{HasRole, NeededRole};
///
/// struct Administrator;
/// impl NeededRole for Administrator {
///     type Attrs = Plain;
///     const ROLE: StandardRole = StandardRole::Administrator;
/// }
///
/// async fn statistics(administrator: HasRole<Administrator>) -> String {
///     format!("for {}", administrator.id)
/// }
/// ```
pub struct HasRole<R: NeededRole> {
    user: UserCaller<R::Attrs>,
    needed: PhantomData<R>,
}

/// A role of a client that a handler needs; implemented by a type of the application's that stands for it. See
/// [`HasClientRole`].
pub trait NeededClientRole: Send + 'static {
    /// The attributes of the application's store.
    type Attrs: Attrs;
    /// The role.
    const ROLE: <Self::Attrs as Attrs>::ClientRole;
}

/// A client that proved its secret, with a role in the whole deployment; others are answered `403`.
///
/// ```
/// use durward_core::{Plain, StandardClientRole};
/// use durward_http::{HasClientRole, NeededClientRole};
///
/// struct Internal;
/// impl NeededClientRole for Internal {
///     type Attrs = Plain;
///     const ROLE: StandardClientRole = StandardClientRole::Internal;
/// }
///
/// async fn report(client: HasClientRole<Internal>) -> String {
///     format!("by {}", client.id)
/// }
/// ```
pub struct HasClientRole<R: NeededClientRole> {
    client: ClientCaller<R::Attrs>,
    needed: PhantomData<R>,
}

/// A permission in an organization that a handler needs; implemented by a type of the application's that stands for it.
/// See [`Member`].
pub trait NeededPermission: Send + 'static {
    /// The attributes of the application's store.
    type Attrs: Attrs;
    /// The parameter of the path that names the organization.
    const PARAMETER: &'static str;
    /// What the role there must allow.
    const PERMISSION: <<Self::Attrs as Attrs>::OrganizationRole as OrganizationRole>::Permission;
}

/// Somebody whose role in the organization that the path names allows something, by his session or his personal key. Others
/// are told that there is no such organization, and a member of too low a role `403`; one that is archived allows
/// nothing, and one that asks for a stronger authentication answers `INSUFFICIENT_AUTHENTICATION` (R-MF-01).
///
/// ```
/// use durward_core::{Plain, StandardPermission};
/// use durward_http::{Member, NeededPermission};
///
/// struct Edits;
/// impl NeededPermission for Edits {
///     type Attrs = Plain;
///     const PARAMETER: &'static str = "org";
///     const PERMISSION: StandardPermission = StandardPermission::Edit;
/// }
///
/// // To be routed as `/{org}/budget`.
/// async fn budget(member: Member<Edits>) -> String {
///     format!("{} of {}", member.user(), member.organization())
/// }
/// ```
pub struct Member<P: NeededPermission> {
    permitted: Permitted<P::Attrs>,
    needed: PhantomData<P>,
}

impl<P: NeededPermission> Member<P> {
    /// The organization.
    pub const fn organization(&self) -> OrganizationId {
        self.permitted.organization
    }

    /// Who it is.
    pub const fn user(&self) -> UserId {
        self.permitted.user
    }

    /// What he is there.
    pub const fn role(&self) -> <P::Attrs as Attrs>::OrganizationRole {
        self.permitted.role
    }
}

impl<R: NeededRole> Deref for HasRole<R> {
    type Target = UserCaller<R::Attrs>;
    fn deref(&self) -> &Self::Target {
        &self.user
    }
}

impl<R: NeededClientRole> Deref for HasClientRole<R> {
    type Target = ClientCaller<R::Attrs>;
    fn deref(&self) -> &Self::Target {
        &self.client
    }
}

impl<R: NeededRole> fmt::Debug for HasRole<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HasRole").field(&self.user).finish()
    }
}

impl<R: NeededClientRole> fmt::Debug for HasClientRole<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HasClientRole").field(&self.client).finish()
    }
}

impl<P: NeededPermission> fmt::Debug for Member<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Permitted { organization, user, role } = &self.permitted;
        let mut debug = f.debug_struct("Member");
        debug.field("organization", organization).field("user", user).field("role", role).finish()
    }
}

impl<R: NeededRole, T: Sync> FromRequestParts<T> for HasRole<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Self, Problem> {
        let user = user_with(caller::<R::Attrs>(parts)?, &R::ROLE)?;
        Ok(Self { user: user.clone(), needed: PhantomData })
    }
}

impl<R: NeededClientRole, T: Sync> FromRequestParts<T> for HasClientRole<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Self, Problem> {
        let client = client_with(caller::<R::Attrs>(parts)?, &R::ROLE)?;
        Ok(Self { client: client.clone(), needed: PhantomData })
    }
}

impl<P: NeededPermission, T: Sync> FromRequestParts<T> for Member<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Self, Problem> {
        let judge = judge::<P::Attrs>(parts)?;
        let caller: Caller<P::Attrs> = caller(parts)?.clone();
        let needed = (P::PARAMETER, P::PERMISSION);
        let permitted = permitted(&*judge, parts, &caller, needed).await?;
        Ok(Self { permitted, needed: PhantomData })
    }
}
