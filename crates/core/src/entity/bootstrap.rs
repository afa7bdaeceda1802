use std::time::Duration;

use crate::secret::Digest;
use crate::time::Timestamp;

/// The one link by which somebody becomes an administrator without another one (security decision 16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// The digest of its code.
    pub code: Digest,
    /// Whether it is good although somebody administers: an operator asked for it, who has the keys and the
    /// database.
    pub recovery: bool,
    /// When it dies.
    pub expires: Timestamp,
}

impl Bootstrap {
    /// How long a link is good.
    pub const LIFETIME: Duration = Duration::from_hours(24);

    /// Whether it makes an administrator now, where so many administer already.
    pub const fn is_good(&self, administrators: u64, now: Timestamp) -> bool {
        now.as_millis() < self.expires.as_millis() && (self.recovery || administrators == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_for_a_day_and_while_nobody_administers() {
        // R-CF-01, GW-28
        let at = Timestamp::from_millis;
        let link = Bootstrap { code: Digest::from_bytes([1; 32]), recovery: false, expires: at(9) };
        assert!(link.is_good(0, at(8)) && !link.is_good(0, at(9)));
        assert!(!link.is_good(1, at(8)));
        let recovery = Bootstrap { recovery: true, ..link };
        assert!(recovery.is_good(1, at(8)) && !recovery.is_good(1, at(9)));
    }
}
