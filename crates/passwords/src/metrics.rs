use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

const DURATION: &str = "durward_password_hash_duration_seconds";
const QUEUE_LENGTH: &str = "durward_password_queue_length";
const TURNED_AWAY: &str = "durward_password_turned_away_total";

/// What a pool tells the recorder of the crate `metrics`, if one was there when the pool was made.
#[derive(Debug)]
pub(crate) struct Metrics {
    hash: Histogram,
    verify: Histogram,
    queue_length: Gauge,
    full: Counter,
    late: Counter,
}

/// What is done with a password.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    Hash,
    Verify,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        describe_histogram!(
            DURATION,
            Unit::Seconds,
            "How long a password was hashed or verified, without the time that it waited."
        );
        describe_gauge!(
            QUEUE_LENGTH,
            Unit::Count,
            "Passwords that are admitted, wait or are hashed."
        );
        describe_counter!(
            TURNED_AWAY,
            Unit::Count,
            "Passwords that were answered 503: no place was free, or they had waited too long."
        );
        Self {
            hash: histogram!(DURATION, "operation" => "hash"),
            verify: histogram!(DURATION, "operation" => "verify"),
            queue_length: gauge!(QUEUE_LENGTH),
            full: counter!(TURNED_AWAY, "reason" => "full"),
            late: counter!(TURNED_AWAY, "reason" => "late"),
        }
    }

    /// A worker was done with a password.
    pub(crate) fn took(&self, operation: Operation, time: Duration) {
        match operation {
            Operation::Hash => self.hash.record(time),
            Operation::Verify => self.verify.record(time),
        }
    }

    /// A password has a place from now on.
    pub(crate) fn enters(&self) {
        self.queue_length.increment(1.0);
    }

    /// A place is free again.
    pub(crate) fn leaves(&self) {
        self.queue_length.decrement(1.0);
    }

    /// A password got no place.
    pub(crate) fn is_full(&self) {
        self.full.increment(1);
    }

    /// A password waited for longer than it may.
    pub(crate) fn is_late(&self) {
        self.late.increment(1);
    }
}
