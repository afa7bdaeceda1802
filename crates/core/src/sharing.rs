//! How nodes keep to the rates of requests, and the port of a server that counts for all of them.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::budget::{BudgetKey, Debit, Rate};

/// How nodes keep to [`Limits::client_requests`](crate::Limits::client_requests) and
/// [`Limits::caller_requests`](crate::Limits::caller_requests).
#[derive(Clone, Default)]
pub enum Sharing {
    /// Each for itself: right for a deployment of one node, and wrong by their number for any other. A node that
    /// [registers](crate::Accounts::join_nodes) is not admitted beside others.
    #[default]
    Alone,
    /// Together, within a tenth: each leases small parts of the rates from the store.
    Store,
    /// Together, by a server beside the store. While it is away, each node keeps to its share of the rates.
    Limiter(Arc<dyn RateLimiter>),
}

/// Which of the ways a node has, as the others know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SharingKind {
    /// [`Sharing::Alone`].
    Alone,
    /// [`Sharing::Store`].
    Store,
    /// [`Sharing::Limiter`].
    Limiter,
}

/// A server that keeps budgets of requests for all nodes together: a port.
///
/// What it keeps is worth no more than the time in which the budgets are whole again; it may forget everything.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes one from a budget, if there is one left, as [`BudgetsMut::debit_budget`] does, and in one atomic
    /// step: of concurrent callers no more are granted than the rate allows.
    ///
    /// It goes by one clock for all nodes. It answers soon or fails: a request waits for it.
    ///
    /// [`BudgetsMut::debit_budget`]: crate::store::BudgetsMut::debit_budget
    async fn debit(&self, key: BudgetKey, rate: &Rate) -> Result<Debit, RateLimiterError>;
}

/// The server of a [`RateLimiter`] did not answer, or not as it should.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct RateLimiterError(Box<dyn StdError + Send + Sync>);

impl RateLimiterError {
    /// Wraps an error of a back end.
    pub fn new(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl Sharing {
    /// Which of the ways it is.
    pub const fn kind(&self) -> SharingKind {
        match self {
            Self::Alone => SharingKind::Alone,
            Self::Store => SharingKind::Store,
            Self::Limiter(_) => SharingKind::Limiter,
        }
    }
}

impl fmt::Debug for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

impl SharingKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Alone, Self::Store, Self::Limiter];

    /// The name that a store keeps.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Store => "store",
            Self::Limiter => "limiter",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
