use std::time::Duration;

use crate::settings::SessionLimits;

/// How long the sessions that are issued through a client last, where that is less than the deployment allows
/// (R-SE-04).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientSessions {
    /// How long one may lie idle; `None` for as long as the deployment allows.
    pub idle: Option<Duration>,
    /// How long one lasts whatever happens; `None` for as long as the deployment allows.
    pub absolute: Option<Duration>,
}

impl ClientSessions {
    /// The shortest limit that can be asked for.
    pub const SHORTEST: Duration = Duration::from_mins(1);
    /// The longest limit that can be asked for, which no deployment exceeds.
    pub const LONGEST: Duration = Duration::from_hours(30 * 24);

    /// The limits of a session through this client: never longer than `limits`.
    pub fn shorten(self, limits: SessionLimits) -> SessionLimits {
        let absolute = limits.absolute.min(self.absolute.unwrap_or(Duration::MAX));
        let idle = limits.idle.min(self.idle.unwrap_or(Duration::MAX)).min(absolute);
        SessionLimits { token: limits.token.min(idle), idle, absolute, ..limits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_shortens_limits_and_never_lengthens_them() {
        // R-SE-04
        let minutes = Duration::from_mins;
        let shortened = |idle: Option<u64>, absolute: Option<u64>| {
            let sessions =
                ClientSessions { idle: idle.map(minutes), absolute: absolute.map(minutes) };
            let limits = SessionLimits {
                token: minutes(10),
                idle: minutes(60),
                absolute: minutes(600),
                ..SessionLimits::default()
            };
            let SessionLimits { token, idle, absolute, .. } = sessions.shorten(limits);
            [token, idle, absolute].map(|it| it.as_secs() / 60)
        };
        assert_eq!(shortened(None, None), [10, 60, 600]);
        assert_eq!(shortened(Some(30), None), [10, 30, 600]);
        assert_eq!(shortened(Some(5), Some(300)), [5, 5, 300]);
        assert_eq!(shortened(None, Some(20)), [10, 20, 20]);
        assert_eq!(shortened(Some(3_000), Some(6_000)), [10, 60, 600]);
    }
}
