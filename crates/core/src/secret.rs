//! Values that must not be printed, serialised or compared carelessly.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A value that prints as `***`, has no serialised form, and is wiped when dropped.
///
/// Two secrets compare in constant time (R-DP-02).
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value into custody.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself; every call is a place to look at in review.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T: Zeroize + AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().ct_eq(other.0.as_ref()).into()
    }
}

impl<T: Zeroize + AsRef<[u8]>> Eq for Secret<T> {}

impl From<String> for Secret<String> {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

/// A keyed digest (HMAC-SHA-256): all that a store ever learns of a secret (security decision 2).
///
/// Nothing accepts a digest in place of what it was made from. Stores may index and order digests;
/// rules compare them with [`Digest::matches`].
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest a store kept as 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes a store keeps.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are equal, in constant time (R-DP-02).
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third, fourth, ..] = self.0;
        write!(f, "{first:02x}{second:02x}{third:02x}{fourth:02x}...")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_stars() {
        let secret = Secret::new(String::from("hunter2"));
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "*** Some(***)");
        assert_eq!(secret, Secret::new(String::from("hunter2")));
        assert_ne!(secret, Secret::new(String::from("hunter3")));
    }

    #[test]
    fn a_digest_prints_a_prefix_only() {
        assert_eq!(format!("{:?}", Digest([0xab; 32])), "abababab...");
    }
}
