//! The storage port: what a store must do, and what it promises.
//!
//! Each promise is a named test in `durward-conformance`; run its `suite!` against a store of your own.
//! Look-ups are named after what they find and return `Option`; writes put the verb first.

mod audit;
mod bootstraps;
mod budgets;
mod clients;
mod dossier;
mod factors;
mod flows;
mod invitations;
mod leftovers;
mod login_emails;
mod memberships;
mod nodes;
mod organizations;
mod outbox;
mod passwords;
mod replies;
mod sessions;
mod users;

use std::error::Error as StdError;
use std::future::ready;
use std::time::Duration;

pub use audit::{Audit, AuditMut, AuditQuery};
pub use bootstraps::{Bootstraps, BootstrapsMut};
pub use budgets::BudgetsMut;
pub use clients::{ClientQuery, Clients, ClientsMut};
pub use dossier::Dossier;
pub use factors::{Factors, FactorsMut};
pub use flows::{Flows, FlowsMut};
pub use invitations::{Invitations, InvitationsMut};
pub use leftovers::{Leftover, LeftoversMut};
pub use login_emails::{LoginEmails, LoginEmailsMut};
pub use memberships::{Memberships, MembershipsMut};
pub use nodes::{Nodes, NodesMut};
pub use organizations::{OrganizationQuery, Organizations, OrganizationsMut};
pub use outbox::{MailCounts, Outbox, OutboxMut};
pub use passwords::{Passwords, PasswordsMut};
pub use replies::{Replies, RepliesMut};
pub use sessions::{SessionQuery, Sessions, SessionsMut};
pub use users::{UserQuery, Users, UsersMut};

use crate::attrs::Attrs;

/// What every call of a store answers.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Everything a store may report; back ends translate their own errors into it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A uniqueness rule was broken; the text names what is there already.
    #[error("{0} already exists")]
    Duplicate(&'static str),
    /// Another unit of work got there first (serialization failure, deadlock, certification failure): the
    /// whole unit may be tried again.
    #[error("another unit of work got there first")]
    Conflict,
    /// An earlier call of this unit of work failed; only dropping it remains.
    #[error("an earlier call of this unit of work failed")]
    Spent,
    /// The store cannot be reached or is broken.
    #[error(transparent)]
    Backend(Box<dyn StdError + Send + Sync>),
}

impl StoreError {
    /// Wraps an error of a back end.
    pub fn backend(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Backend(error.into())
    }
}

/// Opens look-ups and units of work.
#[trait_variant::make(Send)]
pub trait Store: Clone + Send + Sync + 'static {
    /// The application's own types.
    type Attrs: Attrs;
    /// Look-ups only: no write lock, and no round trips to begin and commit.
    type Read<'c>: Read<Self::Attrs>
    where
        Self: 'c;
    /// Look-ups and writes, as one unit of work.
    type Tx<'c>: Tx<Self::Attrs>;

    /// Opens look-ups; each sees what was committed before it began.
    async fn read(&self) -> Result<Self::Read<'_>>;

    /// Begins a unit of work.
    async fn begin(&self) -> Result<Self::Tx<'static>>;

    /// Waits before a unit of work is tried again.
    async fn pause(&self, wait: Duration);

    /// Whether other processes may be on it, too: requests are then counted in it, where nobody decides otherwise.
    fn is_shared(&self) -> bool {
        true
    }
}

/// Look-ups: everything a store can be asked.
pub trait Read<A: Attrs>:
    Users<A>
    + LoginEmails
    + Passwords
    + Sessions<A>
    + Flows<A>
    + Outbox
    + Replies
    + Audit
    + Dossier<A>
    + Factors
    + Organizations<A>
    + Memberships<A>
    + Invitations<A>
    + Clients<A>
    + Bootstraps
    + Nodes
    + Send
{
}

impl<A: Attrs, T> Read<A> for T where
    T: Users<A>
        + LoginEmails
        + Passwords
        + Sessions<A>
        + Flows<A>
        + Outbox
        + Replies
        + Audit
        + Dossier<A>
        + Factors
        + Organizations<A>
        + Memberships<A>
        + Invitations<A>
        + Clients<A>
        + Bootstraps
        + Nodes
        + Send
{
}

/// One unit of work. Dropped without [`commit`](Tx::commit), or after any error, it leaves no trace; after
/// an error every further call answers [`StoreError::Spent`].
#[trait_variant::make(Send)]
pub trait Tx<A: Attrs>:
    Read<A>
    + UsersMut<A>
    + LoginEmailsMut
    + PasswordsMut
    + SessionsMut<A>
    + FlowsMut<A>
    + BudgetsMut
    + OutboxMut
    + RepliesMut
    + AuditMut
    + LeftoversMut
    + FactorsMut
    + OrganizationsMut<A>
    + MembershipsMut<A>
    + InvitationsMut<A>
    + ClientsMut<A>
    + BootstrapsMut
    + NodesMut
{
    /// Allows the store to put writes off until it commits, and to answer that a guard lets them pass before
    /// the guard was asked; called before anything else. Look-ups see what the unit wrote all the same, and
    /// locks hold from when they are taken.
    ///
    /// If a guard then refuses after all, or a uniqueness rule is broken, the commit or a call before it is a
    /// [`Conflict`](StoreError::Conflict): nothing of the unit happened, and it is to be tried again without
    /// this call. It saves round trips where guards nearly always pass; a store that has none to save need
    /// do nothing.
    fn presume(&mut self) {}

    /// Allows the store to commit this unit with delayed durability: it is whole and visible as ever, but a crash may
    /// undo it as long as nothing is durable that was committed later. For a unit of which nobody is told before
    /// another one of the same store was committed without this call, as the debit before a verification.
    ///
    /// No later commit outlives a crash without this one. A store that makes every commit durable by itself need do
    /// nothing.
    fn delay_durability(&mut self) {}

    /// Lets everything happen that was put off, and ends [`presume`](Tx::presume): what others do in this unit
    /// from here on finds it done.
    fn catch_up(&mut self) -> impl Future<Output = Result<()>> + Send {
        ready(Ok(()))
    }

    /// Makes the whole unit durable and visible; when it returns `Ok`, a crash does not undo it.
    async fn commit(self) -> Result<()>;
}
