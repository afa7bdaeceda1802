use std::pin::pin;

use futures_util::FutureExt;
use futures_util::future::join;

use crate::accounts::Accounts;
use crate::mail::worker;
use crate::store::Store;
use crate::upkeep;

/// Everything that accounts need besides requests, until `shutdown` is ready: [`upkeep::run`] and
/// [`worker::run`], each with its standard options.
///
/// The future does all of the work itself. The host decides where it runs, and waits for it at shutdown, when the
/// last request has its answer:
///
/// ```
/// use durward_core::{Accounts, Store, background};
///
/// # fn spawn(_: impl Future<Output = ()> + Send + 'static) {}
/// async fn serve<S: Store>(accounts: Accounts<S>, shutdown: impl Future<Output = ()> + Send + 'static) {
///     spawn(background(accounts, shutdown));
///     // ... serve requests until the process is told to end ...
/// }
/// ```
pub async fn background<S: Store>(
    accounts: Accounts<S>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let shutdown = pin!(shutdown);
    let shutdown = shutdown.shared();
    let keeping = upkeep::run(accounts.clone(), upkeep::Options::default(), shutdown.clone());
    let mailing = worker::run(accounts, worker::Options::default(), shutdown);
    join(keeping, mailing).await;
}
