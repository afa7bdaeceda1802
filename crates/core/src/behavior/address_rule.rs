use crate::email::EmailAddress;
use crate::error::Obstruction;

/// Which addresses may be claimed, beyond being well-formed.
pub trait AddressRule: Send + Sync {
    /// Everything wrong with this address; empty means acceptable.
    ///
    /// It must not depend on who has an account, or it tells who has one (R-EN-03).
    fn check(&self, address: &EmailAddress) -> Vec<Obstruction>;
}

/// Every well-formed address.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnyAddress;

impl AddressRule for AnyAddress {
    fn check(&self, _: &EmailAddress) -> Vec<Obstruction> {
        Vec::new()
    }
}
