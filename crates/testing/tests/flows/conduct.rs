//! How a store conducts itself towards its callers, and what it does wrong.

use std::any::Any;

use durward_core::StoreError;

/// What a store does wrong when it is called by this name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It does what it is asked, and its answer is altered.
    Lies(&'static str, fn(&mut dyn Any)),
    /// It does nothing, and answers as if it had: what is filled in is an `Option` of the answer.
    Skips(&'static str, fn(&mut dyn Any)),
}

/// What may happen to a caller of the store on demand: nothing, unless a test asks for it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Conduct {
    /// Whether a look-up outside of a unit of work, and a unit of work, lets others go first, once.
    pub(crate) yields: bool,
    /// What is done wrong.
    pub(crate) faults: &'static [Fault],
}

impl Conduct {
    /// Lets others go first, if it does.
    pub(crate) async fn step(self) {
        if self.yields {
            tokio::task::yield_now().await;
        }
    }

    /// Alters a true answer, if it is to be a false one.
    pub(crate) fn alter(self, call: &str, answer: &mut dyn Any) {
        for fault in self.faults {
            match fault {
                Fault::Lies(name, lie) if *name == call => lie(answer),
                Fault::Lies(..) | Fault::Skips(..) => {}
            }
        }
    }

    /// What is answered without doing anything, if so.
    pub(crate) fn skip<T: 'static>(self, call: &str) -> Option<T> {
        let mut answer = None;
        for fault in self.faults {
            match fault {
                Fault::Skips(name, fill) if *name == call => fill(&mut answer),
                Fault::Lies(..) | Fault::Skips(..) => {}
            }
        }
        answer
    }
}

/// An error in other words than those of our stores: flows must not depend on them.
pub(crate) fn reworded(error: StoreError) -> StoreError {
    let is_duplicate = matches!(error, StoreError::Duplicate(_));
    if is_duplicate { StoreError::Duplicate("other words") } else { error }
}
