use crate::entity::Method;
use crate::ids::ClientId;
use crate::settings::SessionLimits;

/// How long a session lives.
pub trait SessionRule: Send + Sync {
    /// The limits of a session opened by these methods through this client; `standard` are those of the
    /// deployment.
    fn limits(
        &self,
        standard: SessionLimits,
        methods: &[Method],
        client: Option<ClientId>,
    ) -> SessionLimits;
}

/// The limits of the deployment, for every session.
#[derive(Clone, Copy, Debug, Default)]
pub struct StandardSessionRule;

impl SessionRule for StandardSessionRule {
    fn limits(&self, standard: SessionLimits, _: &[Method], _: Option<ClientId>) -> SessionLimits {
        standard
    }
}
