use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Bytes;
use durward_core::{Accounts, Caller, Error, IdentityClaims, IdentityRoute, Obstruction, Store};

use super::key_set::{KeySet, Moment};
use super::token::sign;
use crate::settings::IdentitySettings;

/// Signs identities.
pub(crate) struct Issuer {
    settings: IdentitySettings,
    /// The keys of the last moment: nothing but what could be made anew at any time.
    keys: RwLock<Option<Arc<KeySet>>>,
}

impl Issuer {
    pub(crate) const fn new(settings: IdentitySettings) -> Self {
        Self { settings, keys: RwLock::new(None) }
    }

    /// The audience of this name, or the first one; never one that is not in the settings.
    pub(crate) fn audience(&self, named: Option<&str>) -> Result<&str, Obstruction> {
        let IdentitySettings { issuer, audiences } = &self.settings;
        let first = audiences.first().unwrap_or(issuer);
        let found = match named {
            None => Some(first),
            Some(named) => audiences.iter().chain([first]).find(|it| ***it == *named),
        };
        found.map(AsRef::as_ref).ok_or_else(|| {
            Obstruction::new("UNKNOWN_VALUE", "Must be an audience that the settings name.")
        })
    }

    /// The signed identity of a caller.
    pub(crate) fn issue<S: Store>(
        &self,
        accounts: &Accounts<S>,
        caller: &Caller<S::Attrs>,
        audience: &str,
    ) -> Result<(IdentityClaims, String), Error> {
        let (now, entropy) = (accounts.now(), &*accounts.parts().entropy);
        let route = IdentityRoute { issuer: &self.settings.issuer, audience };
        let claims = IdentityClaims::of(caller, route, now, entropy)?;
        let keys = self.keys(accounts)?;
        let signed = sign(&claims, keys.signing());
        Ok((claims, signed.ok_or(Error::Internal("an identity cannot be written"))?))
    }

    /// The published keys.
    pub(crate) fn document<S: Store>(&self, accounts: &Accounts<S>) -> Result<Bytes, Error> {
        Ok(self.keys(accounts)?.document().clone())
    }

    fn keys<S: Store>(&self, accounts: &Accounts<S>) -> Result<Arc<KeySet>, Error> {
        let moment = Moment::of(accounts.now());
        let kept = self.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(keys) = kept.filter(|keys| keys.is_of(&moment)) {
            return Ok(keys);
        }
        let keys = KeySet::derive(&accounts.parts().keys, moment).map(Arc::new);
        let keys = keys.ok_or(Error::Internal("no key for identities can be made"))?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&keys));
        Ok(keys)
    }
}
