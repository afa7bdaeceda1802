//! What a personal key may do in the place of its user: never more than a session of that user could.

use super::Accounts;
use super::sessions::step_context;
use crate::authz::ClientCaller;
use crate::entity::{ClientOwner, KeyOwner, LiveClient};
use crate::store::Store;

impl<S: Store> Accounts<S> {
    /// The caller that an [admitted](Self::authenticate_client) client is.
    ///
    /// A personal key stands for what its user could prove at this moment, and acts for nobody
    /// ([`ClientCaller::enrolling`]) while the rule about steps asks a second factor of that user, by whichever first
    /// factor they log in, and they have none (R-MF-01, R-MF-02).
    pub fn client_caller(&self, live: &LiveClient<S::Attrs>) -> ClientCaller<S::Attrs> {
        let caller = ClientCaller::of(live);
        let ClientOwner::User(user) = live.owner else { return caller };
        let (rule, id) = (&self.parts().behavior.steps, Some(live.id));
        let when = (self.settings().doubt_wait, self.now());
        // A store that knows nothing of the user vouches for nothing.
        let strength = live.key_owner.as_ref().and_then(|owner| {
            let KeyOwner { roles, .. } = owner;
            owner.strength(|done| rule.next(&step_context(user, roles, id, done)), when)
        });
        let enrolling = strength.is_none();
        ClientCaller { strength: strength.unwrap_or_default(), enrolling, ..caller }
    }
}
