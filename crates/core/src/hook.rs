//! Hooks: the application's own work inside the same unit of work.

use std::error::Error as StdError;

use async_trait::async_trait;

use crate::event::Event;
use crate::store::Store;

/// Why a hook refuses; logged, and never shown to the caller.
pub type Veto = Box<dyn StdError + Send + Sync>;

/// Something the application does whenever an [`Event`] happens.
///
/// It may run more than once for one event, since a unit of work that lost a race is tried again: write to
/// `tx`, and cause nothing outside of it. To react after the fact, write a row of your own and read it later.
#[async_trait]
pub trait Hook<S: Store>: Send + Sync {
    /// Runs inside the caller's unit of work, after the write and before the commit; an error undoes all
    /// of it.
    async fn on(&self, event: &Event<'_, S::Attrs>, tx: &mut S::Tx<'_>) -> Result<(), Veto>;
}
