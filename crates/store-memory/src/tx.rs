use std::fmt;
use std::sync::Arc;

use durward_core::store::{Result, Tx};
use durward_core::{Attrs, Plain, StoreError};
use tokio::sync::OwnedMutexGuard;

use crate::state::State;
use crate::store::Shared;

/// Look-ups in what was last committed; they wait for nobody.
pub struct MemoryRead<A: Attrs = Plain> {
    pub(crate) shared: Arc<Shared<A>>,
}

/// A unit of work on a draft of the state; another one begins when it is over.
pub struct MemoryTx<A: Attrs = Plain> {
    pub(crate) shared: Arc<Shared<A>>,
    pub(crate) draft: State<A>,
    pub(crate) spent: bool,
    _turn: OwnedMutexGuard<()>,
}

impl<A: Attrs> MemoryRead<A> {
    pub(crate) fn new(shared: Arc<Shared<A>>) -> Self {
        Self { shared }
    }

    /// Looks something up.
    #[expect(clippy::unnecessary_wraps, reason = "the same form as in a unit of work")]
    pub(crate) fn look<T>(&self, look: impl FnOnce(&State<A>) -> T) -> Result<T> {
        Ok(look(&self.shared.committed()))
    }
}

impl<A: Attrs> MemoryTx<A> {
    pub(crate) fn new(shared: Arc<Shared<A>>, turn: OwnedMutexGuard<()>) -> Self {
        let draft = State::clone(&shared.committed());
        Self { shared, draft, spent: false, _turn: turn }
    }

    /// Looks something up.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&State<A>) -> T) -> Result<T> {
        self.alive()?;
        Ok(look(&self.draft))
    }

    /// Changes the draft; an error ends the unit of work.
    pub(crate) fn write<T>(&mut self, write: impl FnOnce(&mut State<A>) -> Result<T>) -> Result<T> {
        self.alive()?;
        let written = write(&mut self.draft);
        self.spent = written.is_err();
        written
    }

    fn alive(&self) -> Result<()> {
        if self.spent { Err(StoreError::Spent) } else { Ok(()) }
    }
}

impl<A: Attrs> Tx<A> for MemoryTx<A> {
    async fn commit(self) -> Result<()> {
        self.alive()?;
        let Self { shared, draft, spent: _, _turn } = self;
        shared.commit(draft);
        Ok(())
    }
}

impl<A: Attrs> fmt::Debug for MemoryRead<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRead").finish_non_exhaustive()
    }
}

impl<A: Attrs> fmt::Debug for MemoryTx<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTx").field("spent", &self.spent).finish_non_exhaustive()
    }
}

/// Implements a port of look-ups twice: for two types, each under the name `Handle`.
macro_rules! look_ups {
    ($read:ident, $tx:ident; $($implementation:tt)+) => {
        const _: () = {
            use $read as Handle;
            $($implementation)+
        };
        const _: () = {
            use $tx as Handle;
            $($implementation)+
        };
    };
}
pub(crate) use look_ups;
