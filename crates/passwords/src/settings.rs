use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

use crate::limits::{MAX_ARGON2_LANES, MAX_ARGON2_WORK};

/// What one Argon2id hash costs (RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes. One thread computes them all, so more of them only make the hash weaker against hardware
    /// that does not.
    pub lanes: u32,
}

impl Cost {
    /// The least that new hashes may cost: 19 MiB, 2 passes, 1 lane (R-PW-08).
    pub const MINIMUM: Self = Self { memory_kib: 19_456, passes: 2, lanes: 1 };

    /// No less memory and no fewer passes than either; the lanes of the first.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            memory_kib: self.memory_kib.max(other.memory_kib),
            passes: self.passes.max(other.passes),
            lanes: self.lanes,
        }
    }

    /// Whether a hash of this cost is verified at all.
    pub(crate) fn is_bearable(self) -> bool {
        let work = u64::from(self.memory_kib) * u64::from(self.passes);
        (1..=MAX_ARGON2_LANES).contains(&self.lanes)
            && self.passes >= 1
            && self.memory_kib >= 8 * self.lanes
            && work <= MAX_ARGON2_WORK
    }
}

impl Default for Cost {
    fn default() -> Self {
        Self::MINIMUM
    }
}

/// How much of the machine password hashing may use (R-PW-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// What a new hash costs; at least [`Cost::MINIMUM`]. Stored hashes that cost less are replaced at
    /// the next login, those that cost more are left (R-PW-09).
    pub cost: Cost,
    /// Threads, each with Argon2 memory of its own while it has work.
    pub workers: usize,
    /// How many passwords may wait while all workers are busy.
    pub queue: usize,
    /// How long a password may wait. One that would wait longer is turned away at once, as far as that
    /// can be told from how long hashes took lately.
    pub deadline: Duration,
    /// The most bytes that all hashing together may use. What the workers' own memory leaves of it is
    /// for imported hashes, and hashes of a higher cost, that need more than a worker has; they wait for
    /// each other, and those that need even more are not verified.
    pub memory: u64,
    /// Whether the workers yield to every other thread of the machine, so that a storm of logins does
    /// not slow other requests. Where something else keeps all cores busy for good, passwords then miss
    /// their deadline.
    pub low_priority: bool,
}

impl PoolSettings {
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let Cost { memory_kib, passes, lanes } = self.cost;
        let least = Cost::MINIMUM;
        if memory_kib < least.memory_kib || passes < least.passes || lanes < least.lanes {
            return Err(SettingsError::CostTooLow);
        }
        if !self.cost.is_bearable() {
            return Err(SettingsError::CostTooHigh);
        }
        if self.workers == 0 {
            return Err(SettingsError::NoWorker);
        }
        if self.deadline.is_zero() {
            return Err(SettingsError::NoDeadline);
        }
        if self.workers_kib() > self.memory / 1_024 {
            return Err(SettingsError::OverBudget {
                needed: self.workers_kib().saturating_mul(1_024),
            });
        }
        Ok(())
    }

    /// What the memory of all workers leaves of the budget.
    pub(crate) fn spare_kib(&self) -> u64 {
        (self.memory / 1_024).saturating_sub(self.workers_kib())
    }

    fn workers_kib(&self) -> u64 {
        (self.workers as u64).saturating_mul(u64::from(self.cost.memory_kib))
    }
}

impl Default for PoolSettings {
    /// The least cost, 512 MiB at most, a worker per core as far as half of that carries, 256 places,
    /// two seconds, low priority.
    fn default() -> Self {
        let cost = Cost::default();
        let memory: u64 = 512 * 1_024 * 1_024;
        let carried = usize::try_from(memory / 2 / 1_024 / u64::from(cost.memory_kib)).unwrap_or(1);
        Self {
            cost,
            workers: available_parallelism().map_or(1, NonZeroUsize::get).min(carried),
            queue: 256,
            deadline: Duration::from_secs(2),
            memory,
            low_priority: true,
        }
    }
}

/// Why settings are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// See [`Cost::MINIMUM`].
    #[error("a password hash must cost at least 19456 KiB of memory, 2 passes and 1 lane")]
    CostTooLow,
    /// See [`limits`](crate::limits).
    #[error("a password hash may cost at most 4194304 in KiB of memory times passes, and 64 lanes")]
    CostTooHigh,
    /// Without workers nobody logs in.
    #[error("password hashing needs at least one worker")]
    NoWorker,
    /// With no time to wait at all nobody logs in.
    #[error("the deadline of password hashing must be longer than zero")]
    NoDeadline,
    /// The workers' own memory exceeds the budget.
    #[error("the workers of password hashing need {needed} bytes, which is more than its budget")]
    OverBudget {
        /// The bytes needed.
        needed: u64,
    },
}

/// Why a pool did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The settings are refused.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The system gave no thread.
    #[error("a worker of password hashing could not be started")]
    Thread(#[source] std::io::Error),
}
