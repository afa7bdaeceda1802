use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use durward_core::password::{HashError, Verdict};
use durward_core::{Password, PasswordHash};
use futures_channel::oneshot;

use crate::metrics::{Metrics, Operation};
use crate::settings::PoolSettings;

/// A caller that is turned away waits at least and at most so long: whole seconds are what
/// `Retry-After` can say.
const RETRY: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_mins(1);

/// Who waits, how many there are in all, and how long a hash takes.
///
/// Places are counted without the lock: turning callers away, all that happens more often under a
/// storm of logins, never waits for a worker that the scheduler stopped.
pub(crate) struct Queue {
    jobs: Mutex<Jobs>,
    ready: Condvar,
    /// Places taken: admitted, waiting and being worked on.
    taken: AtomicUsize,
    places: usize,
    workers: usize,
    deadline: Duration,
    /// A moving average, in nanoseconds; zero until there is one.
    hash_time: AtomicU64,
    metrics: Metrics,
}

struct Jobs {
    waiting: VecDeque<Job>,
    next_number: u64,
    is_closed: bool,
}

/// A password on its way to a worker.
pub(crate) struct Job {
    number: u64,
    /// Without it the deadline is beyond all time.
    expires: Option<Instant>,
    pub(crate) work: Work,
    pub(crate) place: Place,
}

/// What is to be done, and who wants to know.
pub(crate) enum Work {
    Hash { password: Password, reply: Reply<PasswordHash> },
    Verify { password: Password, hash: Option<PasswordHash>, reply: Reply<Verdict> },
}

/// Where a result goes; whoever waits for it may have hung up.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, HashError>>;

/// What a worker finds in the queue.
pub(crate) enum Next {
    Job(Job),
    /// Nothing, for as long as the worker was ready to wait.
    Nothing,
    Closed,
}

impl Queue {
    pub(crate) fn new(settings: &PoolSettings) -> Self {
        let jobs = Jobs { waiting: VecDeque::new(), next_number: 0, is_closed: false };
        Self {
            jobs: Mutex::new(jobs),
            ready: Condvar::new(),
            taken: AtomicUsize::new(0),
            places: settings.workers.saturating_add(settings.queue),
            workers: settings.workers,
            deadline: settings.deadline,
            hash_time: AtomicU64::new(0),
            metrics: Metrics::new(),
        }
    }

    /// Takes a place, if there is one whose turn comes before the deadline.
    pub(crate) fn admit(this: &Arc<Self>) -> Result<Place, HashError> {
        let admits = |taken| taken < this.places && this.wait_behind(taken) <= this.deadline;
        this.taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                admits(taken).then_some(taken + 1)
            })
            .map_err(|_full| {
                this.metrics.is_full();
                this.busy()
            })?;
        this.metrics.enters();
        Ok(Place { queue: Arc::clone(this) })
    }

    /// Puts a password at the end; the ticket takes it out again when dropped early.
    pub(crate) fn push(&self, place: Place, work: Work) -> Ticket<'_> {
        let mut jobs = self.lock();
        let number = jobs.next_number;
        let expires = Instant::now().checked_add(self.deadline);
        let job = Job { number, expires, work, place };
        if jobs.is_closed {
            drop(jobs);
            job.refuse(self.busy());
        } else {
            jobs.next_number += 1;
            jobs.waiting.push_back(job);
            drop(jobs);
            self.ready.notify_one();
        }
        Ticket { queue: self, number: Some(number) }
    }

    /// Waits for a job that is still wanted and still in time. The ones that are not go on the way.
    pub(crate) fn next(&self, patience: Option<Duration>) -> Next {
        let mut jobs = self.lock();
        loop {
            if let Some(job) = jobs.waiting.pop_front() {
                if job.work.is_abandoned() {
                    continue;
                }
                if job.expires.is_none_or(|expires| Instant::now() <= expires) {
                    return Next::Job(job);
                }
                drop(jobs);
                self.metrics.is_late();
                job.refuse(self.busy());
                jobs = self.lock();
                continue;
            }
            if jobs.is_closed {
                return Next::Closed;
            }
            let Some(patience) = patience else {
                jobs = self.ready.wait(jobs).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let (guard, waited) =
                self.ready.wait_timeout(jobs, patience).unwrap_or_else(PoisonError::into_inner);
            jobs = guard;
            if waited.timed_out() && jobs.waiting.is_empty() && !jobs.is_closed {
                return Next::Nothing;
            }
        }
    }

    /// Tells the workers to stop, and everyone who waits that there is no room.
    pub(crate) fn close(&self) {
        let mut jobs = self.lock();
        jobs.is_closed = true;
        let waiting = std::mem::take(&mut jobs.waiting);
        drop(jobs);
        self.ready.notify_all();
        for job in waiting {
            job.refuse(self.busy());
        }
    }

    /// Notes how long a hash took.
    pub(crate) fn record(&self, operation: Operation, took: Duration) {
        self.metrics.took(operation, took);
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).max(1);
        // Two workers at once may lose one of their measurements.
        let average = match self.hash_time.load(Ordering::Relaxed) {
            0 => took,
            average => average - average / 8 + took / 8,
        };
        self.hash_time.store(average, Ordering::Relaxed);
    }

    fn busy(&self) -> HashError {
        let wait = self.wait_behind(self.taken.load(Ordering::Relaxed));
        HashError::Busy { retry_after: wait.clamp(*RETRY.start(), *RETRY.end()) }
    }

    /// How long it will be until a worker is free for whoever comes after so many others.
    fn wait_behind(&self, others: usize) -> Duration {
        let rounds = (others + 1).saturating_sub(self.workers) as u64;
        let hash_time = self.hash_time.load(Ordering::Relaxed);
        Duration::from_nanos(hash_time.saturating_mul(rounds) / self.workers.max(1) as u64)
    }

    fn withdraw(&self, number: u64) {
        let mut jobs = self.lock();
        let at = jobs.waiting.binary_search_by_key(&number, |job| job.number);
        let job = at.ok().and_then(|at| jobs.waiting.remove(at));
        drop(jobs);
        drop(job);
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    /// Gives the place back, then tells the caller.
    fn refuse(self, error: HashError) {
        drop(self.place);
        match self.work {
            Work::Hash { reply, .. } => answer(reply, Err(error)),
            Work::Verify { reply, .. } => answer(reply, Err(error)),
        }
    }
}

impl Work {
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash { reply, .. } => reply.is_canceled(),
            Self::Verify { reply, .. } => reply.is_canceled(),
        }
    }
}

/// Sends a result to whoever still waits for it.
pub(crate) fn answer<T>(reply: Reply<T>, result: Result<T, HashError>) {
    // An error says that the caller hung up: nobody is there to be told.
    drop(reply.send(result));
}

/// A place in the count, given back when dropped.
pub(crate) struct Place {
    queue: Arc<Queue>,
}

impl Place {
    pub(crate) fn belongs_to(&self, queue: &Arc<Queue>) -> bool {
        Arc::ptr_eq(&self.queue, queue)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.taken.fetch_sub(1, Ordering::Relaxed);
        self.queue.metrics.leaves();
    }
}

/// A caller's hold on a job: dropped before the result is there, it takes the job out of the queue.
pub(crate) struct Ticket<'a> {
    queue: &'a Queue,
    number: Option<u64>,
}

impl Ticket<'_> {
    /// There is nothing left to take out.
    pub(crate) fn spend(mut self) {
        self.number = None;
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.queue.withdraw(number);
        }
    }
}
