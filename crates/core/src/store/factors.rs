use super::Result;
use crate::entity::Totp;
use crate::ids::{TotpId, UserId};
use crate::secret::Digest;
use crate::time::Timestamp;

/// Look-ups of second factors.
#[trait_variant::make(Send)]
pub trait Factors {
    /// The enrolled authenticator app of this user.
    async fn totp(&mut self, user: UserId) -> Result<Option<Totp>>;

    /// The enrolment that this handle proves, and that was not proven yet; the rule says whether it is alive.
    async fn totp_enrolment(&mut self, handle: &Digest) -> Result<Option<Totp>>;

    /// How many recovery codes of this user were not spent.
    async fn count_recovery_codes(&mut self, user: UserId) -> Result<u64>;
}

/// Writes of second factors.
#[trait_variant::make(Send)]
pub trait FactorsMut {
    /// Inserts an enrolment that is not proven yet; earlier ones of the user are forgotten.
    async fn insert_totp(&mut self, totp: &Totp) -> Result<()>;

    /// Makes an enrolment the factor of its user, with the step that proved it, if it was not proven before;
    /// answers whether it was not. [`Duplicate`](super::StoreError::Duplicate) when the user has one already.
    async fn confirm_totp(&mut self, id: TotpId, step: u64, now: Timestamp) -> Result<bool>;

    /// Remembers a time step as the last accepted one, if it is later than that; answers whether it was. Of
    /// any number of concurrent callers with one step exactly one is told `true` (R-OT-01).
    async fn spend_totp_step(&mut self, id: TotpId, step: u64) -> Result<bool>;

    /// Doubts the authenticator app of a user from `now` on, if it was proven at `since` or later and is not doubted yet;
    /// answers whether it does (R-RC-04).
    async fn doubt_totp(&mut self, user: UserId, since: Timestamp, now: Timestamp) -> Result<bool>;

    /// Takes the doubt about an authenticator app back; answers whether there was one.
    async fn trust_totp(&mut self, id: TotpId) -> Result<bool>;

    /// Deletes the authenticator app of a user, enrolled or not; answers whether one was enrolled.
    async fn delete_totp(&mut self, user: UserId) -> Result<bool>;

    /// Replaces all recovery codes of a user by these, made at `now`; none for none.
    async fn replace_recovery_codes(
        &mut self,
        user: UserId,
        codes: &[Digest],
        now: Timestamp,
    ) -> Result<()>;

    /// Deletes the recovery codes of a user that were made at `since` or later; answers how many there were. Those of
    /// which it is not known when they were made stay.
    async fn delete_recovery_codes(&mut self, user: UserId, since: Timestamp) -> Result<u64>;

    /// Spends a recovery code of this user, if it is there; answers whether it was. Of any number of
    /// concurrent callers exactly one is told `true` (R-RC-01).
    async fn spend_recovery_code(&mut self, user: UserId, code: &Digest) -> Result<bool>;
}
