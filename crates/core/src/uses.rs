use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ids::{ClientId, SecretId};
use crate::time::Timestamp;

/// A client, and the secret by which it was used, if by one.
pub(crate) type Used = (ClientId, Option<SecretId>);

/// When clients were last used on this node, until that is written down: never in a request.
#[derive(Default)]
pub(crate) struct Uses(Mutex<HashMap<Used, Timestamp>>);

impl Uses {
    /// How many are remembered at most; what is beyond is seen at the next use.
    const MOST: usize = 65_536;

    pub(crate) fn note(&self, client: Used, at: Timestamp) {
        let mut uses = self.held();
        if uses.len() < Self::MOST || uses.contains_key(&client) {
            let noted = uses.entry(client).or_insert(at);
            *noted = (*noted).max(at);
        }
    }

    /// Takes so many of them, in the order of the clients so that nodes do not wait for each other in circles.
    pub(crate) fn take(&self, limit: usize) -> Vec<(Used, Timestamp)> {
        let mut uses = self.held();
        let mut first: Vec<Used> = uses.keys().copied().collect();
        first.sort_unstable();
        first.truncate(limit);
        first.into_iter().filter_map(|client| Some((client, uses.remove(&client)?))).collect()
    }

    /// Remembers again what could not be written.
    pub(crate) fn put_back(&self, taken: Vec<(Used, Timestamp)>) {
        for (client, at) in taken {
            self.note(client, at);
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Used, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uses").finish_non_exhaustive()
    }
}
