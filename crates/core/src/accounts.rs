//! The flows: everything that can be done with an account.
//!
//! A method that takes a `tx` is one step inside a unit of work that the caller opened and commits; an
//! application joins its own rows there. A method without one is a whole flow: it opens its own units,
//! because security demands a debit that is durable before anything is verified.

#[macro_use]
mod unit;

mod answer;
mod attempts;
mod audit;
mod audit_check;
mod bootstraps;
mod breaches;
mod budgets;
mod chores;
mod client_authn;
mod client_rules;
mod client_secrets;
mod clients;
mod codes;
mod compromises;
mod cursors;
mod devices;
mod doubts;
mod emails;
mod export;
mod factors;
mod flows;
mod impersonation;
mod import;
mod invitations;
mod life_cycle;
mod login;
mod login_emails;
mod memberships;
mod nodes;
mod notices;
mod objections;
mod organizations;
mod outbox;
mod overruns;
mod owners;
mod passwords;
mod personal_keys;
mod rates;
mod refresh;
mod replies;
mod resets;
mod roles;
mod second_step;
mod sessions;
mod sign_up;
mod spraying;
mod user_lists;
mod users;

use std::fmt;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub use answer::{Answer, IssuedSession, StepAnswer};
pub use audit::Sealing;
pub use audit_check::{AuditFinding, AuditReport, ChainEnd};
pub use bootstraps::IssuedBootstrap;
pub use chores::Chore;
pub use client_authn::ClientCredential;
pub use client_rules::{ClientRoleChange, too_many_restrictions};
pub use client_secrets::IssuedSecret;
pub use clients::{ClientChange, NewClient, NewlyMade};
pub use codes::CodeAttempt;
pub use compromises::NewPasswordAttempt;
pub use emails::VerificationAttempt;
pub use export::Export;
pub use factors::TotpEnrolment;
pub use impersonation::{IMPERSONATION_LIFETIME, Impersonation};
pub use import::{Import, ImportedEmail, ImportedUser};
pub use invitations::NewInvitation;
pub use login::{CodeRequest, PasswordAttempt};
pub use nodes::Joining;
pub use organizations::{NewOrganization, OrganizationChange};
pub use outbox::Delivery;
pub use passwords::PasswordChange;
pub use replies::Idempotency;
pub use resets::{PasswordReset, ResetRequest};
pub use roles::RoleChange;
pub use second_step::{FactorAttempt, FactorProof};
pub use sessions::Authenticated;
pub use sign_up::SignUp;
pub use users::{NewUser, UserChange, UserDetails};

use crate::behavior::Behavior;
use crate::breach::BreachCheck;
use crate::entity::{AuditEntry, AuditRow, Node};
use crate::error::Error;
use crate::event::Event;
use crate::hook::Hook;
use crate::ids::AuditId;
use crate::keys::KeyRing;
use crate::mail::{Links, Mailer};
use crate::meters::Meters;
use crate::metrics::Metrics;
use crate::origin::Origin;
use crate::overruns::Overruns;
use crate::password::{HashError, PasswordHasher};
use crate::settings::{FlawedSettings, Settings};
use crate::sharing::Sharing;
use crate::spraying::Spraying;
use crate::store::{AuditMut, Store, StoreError, Tx};
use crate::time::{Clock, Entropy, Timestamp};
use crate::uses::Uses;

/// Everything an [`Accounts`] needs; leaving a field out does not compile.
///
/// ```compile_fail,E0063
/// # use durward_core::{Parts, Store};
/// # fn wire<S: Store>(store: S) -> Parts<S> {
/// Parts { store } // missing `behavior`, `clock`, `entropy` and the others
/// # }
/// ```
pub struct Parts<S: Store> {
    /// Where everything is kept.
    pub store: S,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids and secrets.
    pub entropy: Arc<dyn Entropy>,
    /// The server keys.
    pub keys: Arc<KeyRing>,
    /// Hashes passwords.
    pub passwords: Arc<dyn PasswordHasher>,
    /// How passwords are compared with breached ones; `None` where nobody is asked.
    pub breaches: Option<BreachCheck>,
    /// Where the codes of mails lead.
    pub links: Arc<dyn Links>,
    /// Hands mails to the outside.
    pub mailer: Arc<dyn Mailer>,
    /// What the application does differently.
    pub behavior: Behavior,
    /// What the application does in the same unit of work.
    pub hooks: Vec<Arc<dyn Hook<S>>>,
    /// What the deployment decides.
    pub settings: Settings,
    /// How the nodes of the deployment keep to the rates of requests together.
    pub sharing: Sharing,
}

impl<S: Store> fmt::Debug for Parts<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The accounts of one deployment; cheap to clone.
pub struct Accounts<S: Store>(Arc<Shared<S>>);

/// What the clones of [`Accounts`] share.
struct Shared<S: Store> {
    parts: Parts<S>,
    meters: Meters,
    uses: Uses,
    overruns: Overruns,
    spraying: Spraying,
    metrics: Metrics,
    /// What this process is registered as.
    node: Mutex<Option<Node>>,
    /// How many nodes there were when this one last looked.
    nodes: AtomicU32,
}

impl<S: Store> Clone for Accounts<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Store> fmt::Debug for Accounts<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("settings", &self.0.parts.settings).finish_non_exhaustive()
    }
}

/// How often one unit of work is tried before the caller is told to come back.
const MAX_TRIES: u32 = 16;

impl<S: Store> Accounts<S> {
    /// Puts the parts together, unless their settings have [flaws](Settings::flaws).
    ///
    /// What they count goes to the recorder of the crate `metrics` that is there by now, if one is.
    pub fn new(parts: Parts<S>) -> Result<Self, FlawedSettings> {
        let flaws = parts.settings.flaws();
        if !flaws.is_empty() {
            return Err(FlawedSettings(flaws));
        }
        let spraying = Spraying::new(parts.settings.limits.guessed_accounts);
        Ok(Self(Arc::new(Shared {
            parts,
            meters: Meters::new(),
            uses: Uses::default(),
            overruns: Overruns::default(),
            spraying,
            metrics: Metrics::new(),
            node: Mutex::default(),
            nodes: AtomicU32::new(1),
        })))
    }

    /// The parts.
    pub fn parts(&self) -> &Parts<S> {
        &self.0.parts
    }

    /// The present moment of this deployment.
    pub fn now(&self) -> Timestamp {
        self.0.parts.clock.now()
    }

    /// Opens look-ups.
    pub async fn read(&self) -> Result<S::Read<'_>, Error> {
        Ok(self.0.parts.store.read().await?)
    }

    /// Begins a unit of work, for steps that take a `tx`; the caller commits it.
    pub async fn begin(&self) -> Result<S::Tx<'static>, Error> {
        Ok(self.0.parts.store.begin().await?)
    }

    /// Decides over one try of [`unit!`](crate::unit): commits it, gives it up, or asks for another try.
    ///
    /// This is the only place that retries: a bounded number of times, after a pause with jitter
    /// (R-CC-03).
    #[doc(hidden)]
    pub async fn settle<T>(
        &self,
        tried: u32,
        outcome: Result<(S::Tx<'static>, T), Error>,
    ) -> Option<Result<T, Error>> {
        let settled = match outcome {
            Ok((tx, value)) => tx.commit().await.map(|()| value).map_err(Error::from),
            Err(error) => Err(error),
        };
        if !matches!(settled, Err(Error::Store(StoreError::Conflict))) {
            return Some(settled);
        }
        if tried + 1 >= MAX_TRIES {
            self.metrics().units_given_up.increment(1);
            return Some(Err(Error::Busy { retry_after: Duration::from_secs(1) }));
        }
        tracing::debug!(tried, "a unit of work lost a race");
        self.metrics().units_retried.increment(1);
        self.0.parts.store.pause(self.jitter(tried)).await;
        None
    }

    /// Up to 2, 4, 8 ... 256 milliseconds.
    fn jitter(&self, tried: u32) -> Duration {
        self.chance(Duration::from_micros(2_000 << tried.min(7)))
    }

    /// Any time below `most`, so that nodes that do the same drift apart.
    pub(crate) fn chance(&self, most: Duration) -> Duration {
        let mut random = [0; 4];
        self.entropy().fill(&mut random);
        most.saturating_mul(u32::from_be_bytes(random) >> 16) / (1 << 16)
    }

    /// A pause, give or take a quarter, so that nodes that began together drift apart.
    pub(crate) fn spread(&self, pause: Duration) -> Duration {
        pause / 4 * 3 + self.chance(pause / 2)
    }

    /// Tells an event to its readers: the hooks, then the audit log. Every change goes through here, so
    /// that no path can forget one of them.
    pub(crate) async fn record(
        &self,
        tx: &mut S::Tx<'_>,
        event: &Event<'_, S::Attrs>,
        origin: &Origin,
    ) -> Result<(), Error> {
        if !self.0.parts.hooks.is_empty() {
            tx.catch_up().await?;
        }
        for hook in &self.0.parts.hooks {
            hook.on(event, tx).await.map_err(Error::Vetoed)?;
        }
        if event.is_audited() {
            let at = self.now();
            let entry = AuditEntry {
                id: AuditId::new(at, self.entropy()),
                at,
                event: event.name().to_owned(),
                organization: event.organization(),
                // Whoever runs the deployment is no user of it.
                actor: if origin.by_operator { origin.actor } else { event.doer(origin.actor) },
                subject: event.subject(),
                client: origin.client,
                ip: origin.ip.map(|ip| ip.to_canonical().to_string()),
                request: origin.request.as_ref().map(|id| id.as_str().to_owned()),
                details: event.details().to_string(),
            };
            tx.insert_audit(&AuditRow::new(entry, self.keys(), self.entropy())).await?;
        }
        Ok(())
    }

    fn shared(&self) -> &Shared<S> {
        &self.0
    }

    pub(crate) fn meters(&self) -> &Meters {
        &self.0.meters
    }

    pub(crate) fn uses(&self) -> &Uses {
        &self.0.uses
    }

    pub(crate) fn overruns(&self) -> &Overruns {
        &self.0.overruns
    }

    pub(crate) fn spraying(&self) -> &Spraying {
        &self.0.spraying
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn keys(&self) -> &KeyRing {
        &self.0.parts.keys
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.0.parts.entropy
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.parts.settings
    }
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy { retry_after } => Self::Busy { retry_after },
            HashError::Failed(what) => Self::Internal(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A handler's future moves between threads; this must hold for every store.
    #[expect(dead_code, reason = "compiling is the test")]
    fn flows_are_send<S: Store>(accounts: &Accounts<S>, origin: &Origin, given: Given<S>) {
        fn send<T: Send>(_: T) {}
        let Given { attempt, sign_up, codes, state, verification, refresh } = given;
        send(accounts.login_with_password(attempt, origin));
        send(accounts.sign_up(sign_up, origin));
        send(accounts.answer_code(&codes, &state, origin));
        send(accounts.verify_email(&verification, None, origin));
        send(accounts.refresh(&refresh, origin));
        send(accounts.deliver_mail(1));
    }

    struct Given<S: Store> {
        attempt: PasswordAttempt,
        sign_up: SignUp<S::Attrs>,
        codes: CodeAttempt,
        state: crate::text::FlowState,
        verification: VerificationAttempt,
        refresh: crate::token::RefreshToken,
    }
}
