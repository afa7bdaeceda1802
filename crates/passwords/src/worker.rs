use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use durward_core::password::HashError;

use crate::hasher::Hasher;
use crate::memory::Memory;
use crate::metrics::Operation;
use crate::queue::{Job, Next, Queue, Work, answer};

/// A worker without work keeps its memory for so long.
const KEEPS_MEMORY: Duration = Duration::from_secs(30);

/// One thread of the pool.
pub(crate) struct Worker {
    pub(crate) queue: Arc<Queue>,
    pub(crate) hasher: Arc<Hasher>,
    pub(crate) memory: Memory,
}

impl Worker {
    /// Works until the queue is closed.
    pub(crate) fn run(mut self) {
        loop {
            let patience = self.memory.is_held().then_some(KEEPS_MEMORY);
            match self.queue.next(patience) {
                Next::Job(job) => self.work(job),
                Next::Nothing => self.memory.release(),
                Next::Closed => return,
            }
        }
    }

    fn work(&mut self, job: Job) {
        let Job { work, place, .. } = job;
        let begun = Instant::now();
        // The place is free before the caller knows, so that it may come back at once.
        match work {
            Work::Hash { password, reply } => {
                let result = guard(|| self.hasher.hash(&password, &mut self.memory));
                self.queue.record(Operation::Hash, begun.elapsed());
                drop(place);
                answer(reply, result);
            }
            Work::Verify { password, hash, reply } => {
                let result =
                    guard(|| self.hasher.verify(&password, hash.as_ref(), &mut self.memory));
                self.queue.record(Operation::Verify, begun.elapsed());
                drop(place);
                answer(reply, result);
            }
        }
    }
}

/// One panic is one failed password, not one worker less.
fn guard<T>(work: impl FnOnce() -> Result<T, HashError>) -> Result<T, HashError> {
    // What a panic may leave behind is memory full of numbers, which the next hash overwrites.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_panic| {
        tracing::error!("a password hash panicked");
        Err(HashError::Failed("a password hash panicked"))
    })
}

/// Lets every other thread go first.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn yield_to_others() -> Result<(), thread_priority::Error> {
    use thread_priority::ThreadPriority;
    use thread_priority::unix::{
        NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
        thread_native_id, thread_schedule_policy,
    };

    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    // It also resets the niceness, which an unprivileged process that was itself started as nice may
    // not do, and which the idle policy ignores.
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle)
        .or_else(|error| if thread_schedule_policy()? == idle { Ok(()) } else { Err(error) })
}

/// Lets every other thread go first.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn yield_to_others() -> Result<(), thread_priority::Error> {
    thread_priority::ThreadPriority::Min.set_for_current()
}
