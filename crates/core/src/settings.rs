//! What a deployment decides: plain values, read by nobody but the flows.

mod flaws;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::budget::{Delays, Rate};
use crate::email::EmailRules;

pub use flaws::{FlawedSettings, SettingsFlaw};

/// What a deployment decides about its accounts.
///
/// The library reads neither environment nor files; whoever embeds it fills this in, within the bounds that
/// [`flaws`](Self::flaws) checks.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The name of the service, as mails show it.
    pub service: String,
    /// Who may sign up, and what they get at once.
    pub sign_up: SignUpMode,
    /// Which addresses are accepted.
    pub email: EmailRules,
    /// How long a mailed code lives (ASVS 6.5.5, R-OT-02).
    pub code_lifetime: Duration,
    /// How long an unproven claim of an address stands (R-EM-08).
    pub claim_lifetime: Duration,
    /// How long sessions and their tokens live.
    pub sessions: SessionLimits,
    /// How much may be tried.
    pub limits: Limits,
    /// How old an authentication may be for what is dangerous: factors, e-mails, passwords, deletion and
    /// secrets (R-MF-04).
    pub freshness: Duration,
    /// How long the answer to a request with an `Idempotency-Key` is kept.
    pub reply_lifetime: Duration,
    /// How long a deleted account can be restored; then it is erased, and its addresses are free.
    pub deletion_grace: Duration,
    /// Whether a code of an authenticator app counts in the time step after its own, too, as RFC 6238 (5.2) has it for
    /// people who are slow and clocks that differ; without is the strict mode of ASVS (6.5.8, R-OT-02).
    pub totp_previous_step: bool,
    /// How long an authenticator app that is in doubt goes on to count: as long has its owner to log in with it, and as
    /// long waits whoever a thief's app shut out (R-RC-04).
    pub doubt_wait: Duration,
    /// How long an invitation into an organization can be accepted.
    pub invitation_lifetime: Duration,
    /// How long what is over is kept.
    pub retention: Retention,
    /// How often the delivery of a mail is tried before it is given up.
    pub mail_attempts: u32,
}

/// Who may sign up, and what they get at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SignUpMode {
    /// Anyone; nothing exists until the address is proven.
    #[default]
    Verified,
    /// Anyone; user and session exist at once, and the address is proven later.
    ///
    /// Its risk: until then the session acts under an address that nobody has proven to own. The claim
    /// gives no login and does not stop the real owner.
    Open,
    /// Only people with an invitation.
    Invited,
    /// Nobody; users are made by administrators.
    Closed,
}

/// How long sessions and their tokens live (R-SE-04).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// How long a session token is accepted before it must be refreshed.
    pub token: Duration,
    /// How long a session may lie idle: the life of a refresh token.
    pub idle: Duration,
    /// How long a session lasts whatever happens.
    pub absolute: Duration,
    /// How long a refresh whose answer was lost may be retried (R-SE-08).
    pub refresh_grace: Duration,
    /// How long a session that proved a second factor may lie idle, if that is less: one that may do more ends
    /// sooner.
    pub seconded_idle: Duration,
    /// How long such a session lasts whatever happens, if that is less.
    pub seconded_absolute: Duration,
    /// How many sessions a user may have at once; when another one is opened, the oldest end (R-SE-12).
    pub concurrent: u32,
}

/// How long what is over is kept: to be looked into, and no longer than that (R-DP-01).
///
/// Nothing lives longer for it: expiry is decided when something is used, and never by whether it was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Flows and their codes, and invitations, counted from when they expired.
    pub flows: Duration,
    /// Sessions and their refresh tokens, counted from when they ended or expired.
    pub sessions: Duration,
    /// What is known of mails that were delivered or given up, counted from when they were last due.
    pub mails: Duration,
    /// Failures in a row, counted from the last one; longer than any delay.
    pub attempts: Duration,
}

/// How much may be tried before callers must wait, and how much there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failed proofs per network, over all accounts; a success is given back (R-TH-05).
    pub network_failures: Rate,
    /// Sign-ups and requested codes per network.
    pub network_requests: Rate,
    /// Failed proofs per site, the /48 of an IPv6 address, on top of those per network (R-TH-05).
    pub site_failures: Rate,
    /// Sign-ups and requested codes per site, on top of those per network.
    pub site_requests: Rate,
    /// Failed proofs of the users of one client, from wherever they come; a success is given back (R-TH-05).
    pub client_failures: Rate,
    /// How many different accounts somebody may fail to prove passwords or second factors of, on one node in the period of
    /// the rate, before an alarm is raised. Nobody is kept out by it (R-TH-05).
    pub guessed_accounts: Rate,
    /// Mails per mailbox, whatever the trigger, but for notices (R-TH-06).
    pub mailbox: Rate,
    /// Mails per mailbox that one network asks for; and those that its owner may ask for on top of all, from a device
    /// that he has used before (R-TH-04).
    pub mailbox_network: Rate,
    /// Mails per mailbox in the long run, and once more those that its owner asks for so (R-TH-06).
    pub mailbox_daily: Rate,
    /// Notices of each kind per mailbox, and those of them apart that give an address its place back; and how often an
    /// account may be deleted. Budgets of their own, so that nobody can use up beforehand what a warning needs (R-TH-06,
    /// R-NO-01).
    pub notices: Rate,
    /// How the delay per account and factor grows with consecutive failures (R-TH-03).
    pub delays: Delays,
    /// How many clients an organization may have, disabled and expired ones too.
    pub organization_clients: u32,
    /// How many personal keys a user may have, disabled and expired ones too.
    pub user_clients: u32,
    /// The highest rate that a client may have of its own, in requests per second: whoever owns it sets it (GW-07).
    pub client_rate: u32,
    /// Requests of a client that has no rate of its own.
    pub client_requests: Rate,
    /// Requests per network that come without a client.
    pub caller_requests: Rate,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            service: String::from("Durward"),
            sign_up: SignUpMode::default(),
            email: EmailRules::default(),
            code_lifetime: Duration::from_mins(10),
            claim_lifetime: Duration::from_hours(24),
            sessions: SessionLimits::default(),
            limits: Limits::default(),
            freshness: Duration::from_mins(5),
            reply_lifetime: Duration::from_hours(24),
            deletion_grace: Duration::from_hours(14 * 24),
            totp_previous_step: true,
            doubt_wait: Duration::from_hours(72),
            invitation_lifetime: Duration::from_hours(7 * 24),
            retention: Retention::default(),
            mail_attempts: 12,
        }
    }
}

impl Default for SessionLimits {
    /// Tokens of one hour, 14 days idle, 30 days in all, 30 seconds of grace; with a second factor one hour idle and
    /// one day in all; 50 sessions at once.
    fn default() -> Self {
        Self {
            token: Duration::from_hours(1),
            idle: Duration::from_hours(14 * 24),
            absolute: Duration::from_hours(30 * 24),
            refresh_grace: Duration::from_secs(30),
            seconded_idle: Duration::from_hours(1),
            seconded_absolute: Duration::from_hours(24),
            concurrent: 50,
        }
    }
}

impl Default for Retention {
    /// 30 days for flows, mails and failures, 90 days for sessions.
    fn default() -> Self {
        Self {
            flows: Duration::from_hours(30 * 24),
            sessions: Duration::from_hours(90 * 24),
            mails: Duration::from_hours(30 * 24),
            attempts: Duration::from_hours(30 * 24),
        }
    }
}

impl Default for Limits {
    /// 300 failures and 600 requests per network, ten times as many per site, and 30,000 failures per client, earned
    /// back within ten minutes; an alarm at guesses about 500 accounts within ten minutes; 10 mails, 4 of them from one network, and 5 notices of each kind per mailbox and hour, and
    /// 40 mails a day. 100 clients per organization and 20 personal keys per user. 100 requests per
    /// second and client, up to 1,000 if its owner wants it so, and 6,000 per minute and network without one, on all nodes
    /// together.
    fn default() -> Self {
        Self {
            network_failures: Rate::per(300, Duration::from_mins(10)),
            network_requests: Rate::per(600, Duration::from_mins(10)),
            site_failures: Rate::per(3_000, Duration::from_mins(10)),
            site_requests: Rate::per(6_000, Duration::from_mins(10)),
            client_failures: Rate::per(30_000, Duration::from_mins(10)),
            guessed_accounts: Rate::per(500, Duration::from_mins(10)),
            mailbox: Rate::per(10, Duration::from_hours(1)),
            mailbox_network: Rate::per(4, Duration::from_hours(1)),
            mailbox_daily: Rate::per(40, Duration::from_hours(24)),
            notices: Rate::per(5, Duration::from_hours(1)),
            delays: Delays::default(),
            organization_clients: 100,
            user_clients: 20,
            client_rate: 1_000,
            client_requests: Rate::per(100, Duration::from_secs(1)),
            caller_requests: Rate::per(6_000, Duration::from_mins(1)),
        }
    }
}
