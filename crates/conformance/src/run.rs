use std::env;
use std::io::{self, Write};
use std::time::Duration;

use durward_core::Store;
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::Suite;

/// How long one promise may take; longer means that a unit of work waits for ever.
const LIMIT: Duration = Duration::from_mins(2);

/// What gives a promise its empty store: the store itself, or a value that keeps alive what the store
/// needs, such as a temporary directory.
///
/// ```
/// use durward_conformance::{Fresh, Suite};
/// use durward_store_memory::MemoryStore;
///
/// struct InDirectory { store: MemoryStore<Suite>, _directory: std::path::PathBuf }
///
/// impl Fresh for InDirectory {
///     type Store = MemoryStore<Suite>;
///     fn store(&self) -> &Self::Store {
///         &self.store
///     }
/// }
/// ```
pub trait Fresh {
    /// The store under test.
    type Store: Store<Attrs = Suite>;
    /// The empty store.
    fn store(&self) -> &Self::Store;
}

impl<S: Store<Attrs = Suite>> Fresh for S {
    type Store = S;
    fn store(&self) -> &S {
        self
    }
}

/// Runs one promise on a fresh store; panics when the store breaks it. [`suite!`](crate::suite) calls it.
pub fn run<F: Fresh>(fresh: impl Future<Output = F>, promise: impl AsyncFnOnce(&F::Store)) {
    in_runtime(async { keep(&fresh.await, promise).await });
}

/// Like [`run`], for a store whose engine may be absent; `suite` names who asks.
pub fn run_if_there<F: Fresh>(
    suite: &str,
    fresh: impl Future<Output = Option<F>>,
    promise: impl AsyncFnOnce(&F::Store),
) {
    in_runtime(async {
        match fresh.await {
            Some(fresh) => keep(&fresh, promise).await,
            None => skip(suite, env::var("CI").is_ok_and(|ci| ci == "true")),
        }
    });
}

async fn keep<F: Fresh>(fresh: &F, promise: impl AsyncFnOnce(&F::Store)) {
    let kept = timeout(LIMIT, promise(fresh.store())).await;
    assert!(kept.is_ok(), "the promise was neither kept nor broken in {LIMIT:?}");
}

/// More than one thread, so that the callers of a race run at the same time.
fn in_runtime(promise: impl Future<Output = ()>) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(promise);
}

fn skip(suite: &str, forbidden: bool) {
    assert!(!forbidden, "the engine of {suite} is absent, and CI=true forbids to skip it");
    // The test harness captures what the print macros write; a skip must be seen.
    let notice = format!("SKIPPED a promise of {suite}: its engine is absent\n");
    io::stderr().write_all(notice.as_bytes()).unwrap();
}

#[cfg(test)]
mod tests {
    use super::skip;

    #[test]
    fn an_absent_engine_is_skipped_on_a_developers_machine() {
        skip("this test (which is meant to say so)", false);
    }

    #[test]
    #[should_panic(expected = "the engine of postgres is absent")]
    fn an_absent_engine_is_a_failure_in_continuous_integration() {
        skip("postgres", true);
    }
}
