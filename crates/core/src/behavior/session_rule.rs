use crate::entity::Method;
use crate::ids::ClientId;
use crate::settings::SessionLimits;

/// How long a session lives, and how many there may be.
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

/// The limits of the deployment: the stricter ones for a session that proved a second factor (R-SE-04).
#[derive(Clone, Copy, Debug, Default)]
pub struct StandardSessionRule;

impl SessionRule for StandardSessionRule {
    fn limits(
        &self,
        standard: SessionLimits,
        methods: &[Method],
        _: Option<ClientId>,
    ) -> SessionLimits {
        if !methods.iter().any(|method| method.is_second_factor()) {
            return standard;
        }
        let absolute = standard.absolute.min(standard.seconded_absolute);
        let idle = standard.idle.min(standard.seconded_idle).min(absolute);
        SessionLimits { absolute, idle, token: standard.token.min(idle), ..standard }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn who_proved_a_second_factor_is_signed_out_sooner() {
        // R-SE-04
        let standard = SessionLimits::default();
        let limits = |methods: &[Method]| StandardSessionRule.limits(standard, methods, None);
        assert_eq!(limits(&[Method::Password]), standard);
        assert_eq!(limits(&[Method::Password, Method::Email]), standard, "no second factor");
        for second in [Method::Totp, Method::RecoveryCode] {
            let limits = limits(&[Method::Password, second]);
            assert_eq!(limits.idle, Duration::from_hours(1));
            assert_eq!(limits.absolute, Duration::from_hours(24));
            assert!(limits.token <= limits.idle);
        }
        let short = SessionLimits { idle: Duration::from_mins(9), ..standard };
        let limits = StandardSessionRule.limits(short, &[Method::Totp], None);
        assert_eq!((limits.idle, limits.token), (short.idle, short.idle), "never longer");
    }
}
