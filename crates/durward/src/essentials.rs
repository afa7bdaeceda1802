#![cfg(feature = "passwords")]

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use durward_core::{
    Accounts, Behavior, FlawedSettings, KeyRing, Links, Mailer, Parts, Settings, Sharing, Store,
};
use durward_passwords::{self as passwords, PasswordPool, PoolSettings};

use crate::{SystemClock, SystemEntropy};

/// What only the application can know; the common case is this and nothing else.
///
/// Everything that has a default that is right for everyone gets it: the clock and the randomness of the
/// system, the standard password hasher, behaviour and settings, and no hooks. Requests are counted in the store where
/// other nodes may be on it, as on PostgreSQL and MariaDB, so that all of them keep to the limits together; in memory and on
/// SQLite each process counts by itself ([`Sharing`]). An application that is to start beside others of its kind
/// [joins the nodes](Accounts::join_nodes) first, which refuses whoever counts by itself beside another. What has no default is a field
/// here, and leaving one out does not compile:
///
/// ```compile_fail,E0063
/// # use durward::{Essentials, KeyRing, Mailer, LinkTarget, Store};
/// # fn wire<S: Store>(store: S, keys: KeyRing, mailer: impl Mailer + 'static) {
/// let accounts = Essentials { store, keys, mailer }.accounts(); // where do the links lead?
/// # }
/// ```
///
/// What is to be different is changed in the [`Parts`]; settings that the security rules do not allow are refused, all
/// flaws at once:
///
/// ```
/// use durward::{Accounts, Essentials, KeyRing, Mailer, LinkTarget, SignUpMode, StartError, Store};
///
/// fn wire<S: Store>(
///     store: S,
///     keys: KeyRing,
///     mailer: impl Mailer + 'static,
/// ) -> Result<Accounts<S>, StartError> {
///     let links = |_: LinkTarget, code: &str| format!("https://shop.example/verify#{code}");
///     let mut parts = Essentials { store, keys, links, mailer }.parts()?;
///     parts.settings.service = String::from("Shop");
///     parts.settings.sign_up = SignUpMode::Closed;
///     Ok(Accounts::new(parts)?)
/// }
/// ```
pub struct Essentials<S, L, M> {
    /// Where everything is kept.
    pub store: S,
    /// The server keys, from outside the database.
    pub keys: KeyRing,
    /// Where the codes of mails lead.
    pub links: L,
    /// Hands mails to the outside.
    pub mailer: M,
}

impl<S, L, M> Essentials<S, L, M>
where
    S: Store,
    L: Links + 'static,
    M: Mailer + 'static,
{
    /// The accounts, with defaults for everything else. Starts the threads of the password hasher.
    pub fn accounts(self) -> Result<Accounts<S>, StartError> {
        Ok(Accounts::new(self.parts()?)?)
    }

    /// The parts of the accounts, to change before they are put together.
    pub fn parts(self) -> Result<Parts<S>, passwords::StartError> {
        let Self { store, keys, links, mailer } = self;
        let sharing = if store.is_shared() { Sharing::Store } else { Sharing::Alone };
        let (keys, entropy) = (Arc::new(keys), Arc::new(SystemEntropy));
        let passwords =
            PasswordPool::start(Arc::clone(&keys), entropy.clone(), PoolSettings::default())?;
        Ok(Parts {
            store,
            clock: Arc::new(SystemClock),
            entropy,
            keys,
            passwords: Arc::new(passwords),
            breaches: None,
            links: Arc::new(links),
            mailer: Arc::new(mailer),
            behavior: Behavior::default(),
            hooks: Vec::new(),
            settings: Settings::default(),
            sharing,
        })
    }
}

impl<S, L, M> fmt::Debug for Essentials<S, L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Essentials").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// Why accounts do not begin.
#[derive(Debug)]
pub enum StartError {
    /// The password hasher does not start.
    Passwords(passwords::StartError),
    /// The settings are not acceptable.
    Settings(FlawedSettings),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passwords(error) => error.fmt(f),
            Self::Settings(error) => error.fmt(f),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Passwords(error) => error.source(),
            Self::Settings(error) => error.source(),
        }
    }
}

impl From<passwords::StartError> for StartError {
    fn from(error: passwords::StartError) -> Self {
        Self::Passwords(error)
    }
}

impl From<FlawedSettings> for StartError {
    fn from(error: FlawedSettings) -> Self {
        Self::Settings(error)
    }
}
