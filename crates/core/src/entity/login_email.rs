use std::time::Duration;

use crate::email::EmailAddress;
use crate::ids::{LoginEmailId, UserId};
use crate::time::Timestamp;

/// An address that a user claims or has proven to read.
///
/// Many may claim an address and one may have proven it: the store keeps the canonical form unique
/// among the proven ones (R-EM-08). A claim gives no rights.
#[derive(Clone, Debug, PartialEq)]
pub struct LoginEmail {
    /// Names the claim; codes are bound to it and not to the address (AM-26).
    pub id: LoginEmailId,
    /// Who claims it.
    pub user: UserId,
    /// The address, as typed and canonical.
    pub address: EmailAddress,
    /// When the user proved to read it, if so.
    pub proven: Option<Timestamp>,
    /// Whether messages go here first.
    pub primary: bool,
    /// When the claim was made.
    pub created: Timestamp,
}

/// An objection to a change, and the address that it was made from (R-EM-07).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seniority {
    /// When that address was claimed.
    pub claimed: Timestamp,
    /// When what is objected to happened.
    pub objected: Timestamp,
}

impl LoginEmail {
    /// How many addresses a user may claim or have proven: every notice goes to each proven one, and every
    /// claim is a mail to a stranger.
    pub const MOST: usize = 10;

    /// How long before a change that is objected to an address must have been claimed to outlast the
    /// objection; what came later could itself still be objected to.
    pub const PROBATION: Duration = Duration::from_hours(7 * 24);

    /// Whether the claim counts: for ever if it is proven, and else as long as claims stand (R-EM-08).
    pub fn stands(&self, lifetime: Duration, now: Timestamp) -> bool {
        self.proven.is_some() || now < self.created + lifetime
    }
}

impl Seniority {
    /// Whether an address that was claimed at this moment goes by the objection: the older address wins, and
    /// what was on probation when the change happened, or came later, is taken for the work of whoever made it.
    ///
    /// So nobody who came later can remove who was there before him, by whatever link he was sent.
    pub fn outranks(&self, claimed: Timestamp) -> bool {
        claimed > self.claimed && claimed + LoginEmail::PROBATION > self.objected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1_000;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_millis(days * DAY)
    }

    #[test]
    fn a_claim_stands_for_a_day_unless_it_is_proven() {
        // R-EM-08
        let claim = LoginEmail {
            id: LoginEmailId::from_bytes([1; 16]),
            user: UserId::from_bytes([2; 16]),
            address: EmailAddress::parse("ada@example.com").unwrap(),
            proven: None,
            primary: false,
            created: at(1),
        };
        let day = Duration::from_hours(24);
        assert!(claim.stands(day, Timestamp::from_millis(2 * DAY - 1)));
        assert!(!claim.stands(day, at(2)));
        assert!(LoginEmail { proven: Some(at(1)), ..claim }.stands(day, at(99)));
    }

    #[test]
    fn an_objection_outranks_what_is_younger_and_was_on_probation() {
        // R-EM-07
        let objection = Seniority { claimed: at(1), objected: at(30) };
        assert!(objection.outranks(at(31)), "came after the change");
        assert!(objection.outranks(Timestamp::from_millis(23 * DAY + 1)));
        assert!(!objection.outranks(at(23)), "was there for seven days");
        let young = Seniority { claimed: at(29), objected: at(30) };
        assert!(young.outranks(Timestamp::from_millis(29 * DAY + 1)));
        assert!(!young.outranks(at(29)), "of two of one moment neither outranks the other");
        assert!(!young.outranks(at(28)), "who came later removes nobody who was there before");
    }
}
