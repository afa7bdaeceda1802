use std::fmt;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use async_trait::async_trait;
use durward_core::password::{Admission, HashError, Verdict};
use durward_core::{Entropy, KeyRing, Password, PasswordHash, PasswordHasher};
use futures_channel::oneshot;

use crate::hasher::Hasher;
use crate::memory::{Memory, Spare};
use crate::queue::{Place, Queue, Work};
use crate::settings::{PoolSettings, StartError};
use crate::worker::{Worker, yield_to_others};

/// The standard password hasher: a fixed number of threads behind a queue of fixed length (R-PW-13).
///
/// - At no time are there more than `workers + queue` passwords admitted, waiting and being worked on.
///   Whoever comes on top is told `Busy` at once, with the time after which there should be room.
/// - A password whose [deadline](PoolSettings::deadline) passed while it waited is answered `Busy`
///   without work. One whose caller hung up is taken out, and its place is free.
/// - Each worker keeps its Argon2 memory from hash to hash, and gives it back after half a minute
///   without work.
/// - A panic fails one password. The log gets neither passwords nor hashes.
///
/// Dropping the pool stops it: those who wait are answered `Busy`, and the drop returns when the
/// hashes that are being computed are done.
pub struct PasswordPool {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl PasswordPool {
    /// Starts the threads. Their memory is taken when there is work.
    pub fn start(
        keys: Arc<KeyRing>,
        entropy: Arc<dyn Entropy>,
        settings: PoolSettings,
    ) -> Result<Self, StartError> {
        settings.check()?;
        let hasher = Arc::new(Hasher::new(keys, entropy, settings.cost));
        let spare = Arc::new(Spare::new(settings.spare_kib()));
        let mut pool = Self { queue: Arc::new(Queue::new(&settings)), threads: Vec::new() };
        for number in 0..settings.workers {
            let worker = Worker {
                queue: Arc::clone(&pool.queue),
                hasher: Arc::clone(&hasher),
                memory: Memory::new(settings.cost.memory_kib, Arc::clone(&spare)),
            };
            let name = format!("password-{number}");
            let run = move || {
                if settings.low_priority {
                    lower_priority(number);
                }
                worker.run();
            };
            pool.threads.push(Builder::new().name(name).spawn(run).map_err(StartError::Thread)?);
        }
        Ok(pool)
    }

    /// The place that an admission holds, or a new one where it holds none of this pool.
    fn place(&self, admission: Admission) -> Result<Place, HashError> {
        match admission.into_place::<Place>().filter(|place| place.belongs_to(&self.queue)) {
            Some(place) => Ok(place),
            None => Queue::admit(&self.queue),
        }
    }

    async fn run<T>(
        &self,
        (place, work): (Place, Work),
        result: oneshot::Receiver<Result<T, HashError>>,
    ) -> Result<T, HashError> {
        let ticket = self.queue.push(place, work);
        let result = result.await;
        ticket.spend();
        result.unwrap_or(Err(HashError::Failed("a password worker is gone")))
    }
}

#[async_trait]
impl PasswordHasher for PasswordPool {
    fn admit(&self) -> Result<Admission, HashError> {
        Queue::admit(&self.queue).map(Admission::holding)
    }

    async fn hash(
        &self,
        password: Password,
        admission: Admission,
    ) -> Result<PasswordHash, HashError> {
        let place = self.place(admission)?;
        let (reply, result) = oneshot::channel();
        self.run((place, Work::Hash { password, reply }), result).await
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
        admission: Admission,
    ) -> Result<Verdict, HashError> {
        let place = self.place(admission)?;
        let (reply, result) = oneshot::channel();
        self.run((place, Work::Verify { password, hash, reply }), result).await
    }
}

impl Drop for PasswordPool {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a password worker panicked");
            }
        }
    }
}

impl fmt::Debug for PasswordPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordPool").field("workers", &self.threads.len()).finish_non_exhaustive()
    }
}

fn lower_priority(worker: usize) {
    // What is true of one worker is true of all; saying it once is enough.
    if let Err(error) = yield_to_others()
        && worker == 0
    {
        tracing::warn!(?error, "password workers have no lower priority than requests");
    }
}
