//! What the accounts tell of themselves in numbers, by way of the crate `metrics`: nothing, and at next to no cost,
//! unless the program installed a recorder before it made its [`Accounts`](crate::Accounts).
//!
//! The handles are made once, so that counting is an atomic operation. No label is a name, an id or an address: each has
//! a few values, all of which stand in this crate. `docs/metrics.md` lists what there is.

use std::time::Duration;

use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};

use crate::entity::{ClientRefusal, MailState, Method};
use crate::meter::Spender;

const ATTEMPTS: &str = "durward_authentication_attempts_total";
const CLIENT_REFUSALS: &str = "durward_client_refusals_total";
const RATE_LIMITED: &str = "durward_rate_limited_requests_total";
const LIMITER_FAILURES: &str = "durward_rate_limiter_failures_total";
const UNITS_RETRIED: &str = "durward_units_of_work_retried_total";
const UNITS_GIVEN_UP: &str = "durward_units_of_work_given_up_total";
const BACKGROUND_FAILURES: &str = "durward_background_failures_total";
const BREACH_CHECK_FAILURES: &str = "durward_breach_check_failures_total";
const GUESSED_ACCOUNTS: &str = "durward_guessed_accounts";
const SPRAYING_ALARMS: &str = "durward_spraying_alarms_total";
const MAIL_ATTEMPTS: &str = "durward_mail_attempts_total";
const OUTBOX_MAILS: &str = "durward_outbox_mails";
const OUTBOX_OLDEST: &str = "durward_outbox_oldest_mail_age_seconds";
const AUDIT_UNSEALED: &str = "durward_audit_unsealed_age_seconds";

/// What came of an attempt to prove something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was proven.
    Success,
    /// It was proven, and another step follows.
    Continued,
    /// It was not, as the audit log says.
    Refused,
    /// It was not looked at: too many failures before.
    Throttled,
    /// It was not looked at, or not to the end: the server was busy.
    Busy,
}

impl Outcome {
    const ALL: [Self; 5] =
        [Self::Success, Self::Continued, Self::Refused, Self::Throttled, Self::Busy];

    const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Continued => "continued",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
            Self::Busy => "busy",
        }
    }
}

const METHODS: [Method; 4] = [Method::Password, Method::Email, Method::Totp, Method::RecoveryCode];

/// The handles of one [`Accounts`](crate::Accounts).
#[derive(Debug)]
pub(crate) struct Metrics {
    attempts: [[Counter; Outcome::ALL.len()]; METHODS.len()],
    limited_clients: Counter,
    limited_callers: Counter,
    pub(crate) limiter_failures: Counter,
    pub(crate) units_retried: Counter,
    pub(crate) units_given_up: Counter,
    pub(crate) breach_check_failures: Counter,
    pub(crate) guessed_accounts: Gauge,
    pub(crate) spraying_alarms: Counter,
    mails_delivered: Counter,
    mails_failed: Counter,
    mails_given_up: Counter,
    outbox_mails: Gauge,
    outbox_oldest: Gauge,
    audit_unsealed: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        describe();
        let attempts = |method: Method| {
            Outcome::ALL.map(|outcome| {
                counter!(ATTEMPTS, "method" => method.name(), "outcome" => outcome.name())
            })
        };
        let mails = |outcome: &'static str| counter!(MAIL_ATTEMPTS, "outcome" => outcome);
        Self {
            attempts: METHODS.map(attempts),
            limited_clients: counter!(RATE_LIMITED, "limit" => "client_requests"),
            limited_callers: counter!(RATE_LIMITED, "limit" => "caller_requests"),
            limiter_failures: counter!(LIMITER_FAILURES),
            units_retried: counter!(UNITS_RETRIED),
            units_given_up: counter!(UNITS_GIVEN_UP),
            breach_check_failures: counter!(BREACH_CHECK_FAILURES),
            guessed_accounts: gauge!(GUESSED_ACCOUNTS),
            spraying_alarms: counter!(SPRAYING_ALARMS),
            mails_delivered: mails("delivered"),
            mails_failed: mails("failed"),
            mails_given_up: mails("given-up"),
            outbox_mails: gauge!(OUTBOX_MAILS),
            outbox_oldest: gauge!(OUTBOX_OLDEST),
            audit_unsealed: gauge!(AUDIT_UNSEALED),
        }
    }

    pub(crate) fn attempt(&self, method: Method, outcome: Outcome) {
        self.attempts[method as usize][outcome as usize].increment(1);
    }

    /// A request that a rate refused.
    pub(crate) fn limited(&self, spender: Spender) {
        match spender {
            Spender::Client(_) => self.limited_clients.increment(1),
            Spender::Network(_) => self.limited_callers.increment(1),
        }
    }

    /// What became of an attempt to deliver a mail.
    pub(crate) fn mail(&self, state: MailState) {
        match state {
            MailState::Delivered => self.mails_delivered.increment(1),
            MailState::Dead => self.mails_given_up.increment(1),
            MailState::Pending | MailState::Void => self.mails_failed.increment(1),
        }
    }

    /// How many mails wait, and for how long the oldest of them has.
    pub(crate) fn outbox(&self, mails: u32, oldest: Duration) {
        self.outbox_mails.set(mails);
        self.outbox_oldest.set(oldest);
    }

    /// For how long an entry of the audit log has not been sealed.
    pub(crate) fn unsealed(&self, oldest: Duration) {
        self.audit_unsealed.set(oldest);
    }
}

/// A client that was refused. Refusals are few, so this handle is looked up each time.
pub(crate) fn client_refused(reason: ClientRefusal) {
    counter!(CLIENT_REFUSALS, "reason" => reason.name()).increment(1);
}

/// What counts the failures of one kind of work in the background.
pub(crate) fn failures_of(work: &'static str) -> Counter {
    counter!(BACKGROUND_FAILURES, "work" => work)
}

fn describe() {
    describe_counter!(
        ATTEMPTS,
        Unit::Count,
        "Attempts to prove a password, a mailed code or a second factor, by what came of them."
    );
    describe_counter!(CLIENT_REFUSALS, Unit::Count, "Clients that were refused, by the reason.");
    describe_counter!(
        RATE_LIMITED,
        Unit::Count,
        "Requests that were refused because a rate was used up, by the name of the limit."
    );
    describe_counter!(
        LIMITER_FAILURES,
        Unit::Count,
        "How often the server that counts requests for all nodes did not answer."
    );
    describe_counter!(
        UNITS_RETRIED,
        Unit::Count,
        "Units of work that lost a race and were tried again."
    );
    describe_counter!(
        UNITS_GIVEN_UP,
        Unit::Count,
        "Units of work that lost every race and were answered 503."
    );
    describe_counter!(
        BACKGROUND_FAILURES,
        Unit::Count,
        "Passes of work in the background that failed, by the name of the work."
    );
    describe_counter!(
        BREACH_CHECK_FAILURES,
        Unit::Count,
        "Passwords that could not be compared with breached ones."
    );
    describe_gauge!(
        GUESSED_ACCOUNTS,
        Unit::Count,
        "At about how many accounts somebody guessed on this node in the period of limits.guessed_accounts."
    );
    describe_counter!(
        SPRAYING_ALARMS,
        Unit::Count,
        "How often that was more than limits.guessed_accounts, once in its period."
    );
    describe_counter!(
        MAIL_ATTEMPTS,
        Unit::Count,
        "Attempts to deliver a mail, by what came of them."
    );
    describe_gauge!(
        OUTBOX_MAILS,
        Unit::Count,
        "Mails that wait for their delivery, on all nodes together; counted up to 500."
    );
    describe_gauge!(
        OUTBOX_OLDEST,
        Unit::Seconds,
        "How long the oldest mail has waited, on all nodes together; of the 500 that are due first."
    );
    describe_gauge!(
        AUDIT_UNSEALED,
        Unit::Seconds,
        "How old the oldest entry of the audit log was that the last pass found without a seal."
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_and_outcome_has_a_counter_of_its_own() {
        for (place, method) in METHODS.into_iter().enumerate() {
            assert_eq!(method as usize, place);
        }
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, place);
        }
    }
}
