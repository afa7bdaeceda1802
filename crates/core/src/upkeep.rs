//! The loop that does the [chores](Chore): whoever runs the accounts runs it, too.

use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Either, join_all, select};

use crate::accounts::{Accounts, Chore};
use crate::pace::{Pace, Pass, guarded};
use crate::store::Store;

/// How upkeep goes about its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long it waits before it does a chore again.
    pub interval: Duration,
    /// How long it waits before it seals the audit log again: how long an entry can be dropped unnoticed
    /// by whoever has the database. Who ran into a rate is written into the log as often, and that somebody guesses at
    /// many accounts.
    pub sealing: Duration,
    /// How long it waits before it writes down again when clients were last used.
    pub noting: Duration,
    /// How long it waits before it renews the registration of this node again: a fraction of
    /// [`Node::LIFETIME`](crate::entity::Node::LIFETIME).
    pub renewing: Duration,
    /// How long it waits before it finds out again what is measured from time to time.
    pub measuring: Duration,
    /// How much it does in one unit of work.
    pub batch: u32,
}

impl Default for Options {
    /// Every ten minutes, the seals of the audit log every second, the registration of the node every four, what is
    /// measured every quarter of a minute, the uses of clients every half, 200 at a time.
    fn default() -> Self {
        let (interval, sealing) = (Duration::from_mins(10), Duration::from_secs(1));
        let (noting, renewing) = (Duration::from_secs(30), Duration::from_secs(4));
        let measuring = Duration::from_secs(15);
        Self { interval, sealing, noting, renewing, measuring, batch: 200 }
    }
}

impl Options {
    const fn interval_of(&self, chore: Chore) -> Duration {
        match chore {
            Chore::SealAudit | Chore::NoteOverruns | Chore::NoteSpraying => self.sealing,
            Chore::NoteUses => self.noting,
            Chore::RenewNode => self.renewing,
            Chore::Measure => self.measuring,
            Chore::Delete(_) | Chore::Erase => self.interval,
        }
    }
}

/// Does every chore until `shutdown` is ready.
///
/// Any number of nodes may do so at once: what one did the others do not find. Each chore has a pace of its
/// own: batch after batch while there is more to do, then a pause of the interval, give or take a quarter so
/// that nodes spread. A chore that fails is tried again after growing pauses, and keeps no other one
/// waiting; the failure is logged when it begins, changes and ends.
///
/// The future does all of the work itself. The host decides where it runs, and waits for it at shutdown,
/// which takes no longer than the batches under way, and one of what nobody else can write:
///
/// ```
/// use durward_core::{Accounts, Store, upkeep};
///
/// # struct JoinError;
/// # fn spawn(_: impl Future<Output = ()> + Send + 'static) {}
/// async fn serve<S: Store>(accounts: Accounts<S>, shutdown: impl Future<Output = ()> + Send + 'static) {
///     spawn(upkeep::run(accounts, upkeep::Options::default(), shutdown));
///     // ... serve requests until the process is told to end ...
/// }
/// ```
pub async fn run<S: Store>(
    accounts: Accounts<S>,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) {
    let shutdown = pin!(shutdown);
    let shutdown = shutdown.shared();
    let attend = |chore| attend(&accounts, chore, options, shutdown.clone());
    join_all(Chore::ALL.map(attend)).await;
}

async fn attend<S: Store>(
    accounts: &Accounts<S>,
    chore: Chore,
    options: Options,
    shutdown: impl Future<Output = ()> + Clone + Unpin,
) {
    let (interval, batch) = (options.interval_of(chore), options.batch.max(1));
    let mut pace = Pace::new(chore.name(), interval, [BACK_OFF, interval.max(BACK_OFF)]);
    let mut wait = accounts.chance(interval.min(FIRST));
    loop {
        let pause = pin!(accounts.parts().store.pause(wait));
        let is_last = matches!(select(shutdown.clone(), pause).await, Either::Left(_));
        if is_last && !is_only_here(chore) {
            return;
        }
        let outcome = guarded(Box::pin(accounts.attend_to(chore, batch))).await.map(|count| {
            if count >= u64::from(batch) { Pass::More(count) } else { Pass::Done(count) }
        });
        let pause = pace.pause_after(&outcome);
        if is_last {
            return;
        }
        wait = accounts.spread(pause);
    }
}

/// Whether nobody else can do it once this node is gone.
const fn is_only_here(chore: Chore) -> bool {
    match chore {
        Chore::SealAudit | Chore::NoteUses | Chore::NoteOverruns | Chore::NoteSpraying => true,
        Chore::RenewNode | Chore::Measure | Chore::Delete(_) | Chore::Erase => false,
    }
}

/// Within what time every chore was begun, however long the interval is.
const FIRST: Duration = Duration::from_secs(30);
/// The pause after a first failure.
const BACK_OFF: Duration = Duration::from_secs(1);
