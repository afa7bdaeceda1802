use std::time::Duration;

use durward_core::{IdentityClaims, Timestamp};

use super::key::PublicKey;
use super::key_set::usable;
use super::token::Parsed;

/// How far the clocks of a node and of a service may differ. It makes no identity live longer.
const SKEW: Duration = Duration::from_secs(10);

/// Reads signed identities in a service behind a proxy.
///
/// It takes what is in [`IDENTITY_FIELD`](super::IDENTITY_FIELD), for one issuer and one audience. It does no I/O:
/// whoever has one fetches `/.well-known/jwks.json` over a connection he trusts, every few minutes and when it
/// answers [`IdentityError::UnknownKey`] (at most once in some seconds), and makes a new one of it.
#[derive(Clone, Debug)]
pub struct Verifier {
    issuer: String,
    audience: String,
    keys: Vec<(String, PublicKey)>,
}

/// Why an identity is not accepted. Whoever presents one learns no more than that it was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The document of the keys is none, or has no key for ES256.
    #[error("the key set has no key that can be used")]
    KeySet,
    /// It is no identity: not a JWT, of another type, or with another algorithm.
    #[error("this is no signed identity")]
    Malformed,
    /// It is signed with a key that is not in the set; perhaps there is a newer set.
    #[error("the key of this identity is not known")]
    UnknownKey,
    /// It was not signed with the key that it names.
    #[error("the signature of this identity is not good")]
    Signature,
    /// It is from another deployment.
    #[error("this identity is from another issuer")]
    Issuer,
    /// It is for another service.
    #[error("this identity is for another audience")]
    Audience,
    /// It is of the future.
    #[error("this identity does not hold yet")]
    Early,
    /// It holds no more, or claims to hold for longer than any does.
    #[error("this identity holds no more")]
    Expired,
}

impl Verifier {
    /// What reads the identities of this issuer for this audience, by the body of `/.well-known/jwks.json`.
    ///
    /// [`IdentityError::KeySet`] if that is not one.
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        key_set: &str,
    ) -> Result<Self, IdentityError> {
        let keys = usable(key_set.as_bytes()).filter(|keys| !keys.is_empty());
        let keys = keys.ok_or(IdentityError::KeySet)?;
        Ok(Self { issuer: issuer.into(), audience: audience.into(), keys })
    }

    /// What an identity says, if all of it is good at this moment (RFC 7519, 7.2; RFC 8725).
    pub fn verify(&self, identity: &str, now: Timestamp) -> Result<IdentityClaims, IdentityError> {
        let parsed = Parsed::of(identity).ok_or(IdentityError::Malformed)?;
        let key = self.keys.iter().find(|(id, _)| *id == parsed.key);
        let (_, key) = key.ok_or(IdentityError::UnknownKey)?;
        if !key.verifies(parsed.text.as_bytes(), &parsed.signature) {
            return Err(IdentityError::Signature);
        }
        let claims = parsed.claims().ok_or(IdentityError::Malformed)?;
        self.judge(&claims, now)?;
        Ok(claims)
    }

    fn judge(&self, claims: &IdentityClaims, now: Timestamp) -> Result<(), IdentityError> {
        if claims.iss != self.issuer {
            return Err(IdentityError::Issuer);
        }
        if claims.aud != self.audience {
            return Err(IdentityError::Audience);
        }
        let lifetime = i64::try_from(IdentityClaims::LIFETIME.as_secs()).unwrap_or(0);
        let latest = (now + SKEW).as_millis().div_euclid(1_000);
        if claims.nbf > latest || claims.iat > latest {
            return Err(IdentityError::Early);
        }
        let over = now.as_millis().div_euclid(1_000) >= claims.exp;
        if over || claims.exp.saturating_sub(claims.iat) > lifetime {
            return Err(IdentityError::Expired);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
