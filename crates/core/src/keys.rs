//! The key ring: every keyed digest, pepper and seal comes from here (R-DP-03).

mod identity_seed;
mod label;

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

pub use identity_seed::IdentitySeed;
pub use label::Label;

use crate::secret::{Digest, Secret};
use crate::time::Entropy;
use crate::token::{Token, TokenKind};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The versioned server keys, kept outside the database.
///
/// The first key is the primary: new digests, peppers and seals use it. The others are still accepted,
/// so that a key is rotated without downtime: put the new one first, and drop the old one when nothing
/// made with it is alive any more.
pub struct KeyRing {
    keys: Vec<Key>,
}

struct Key {
    id: u32,
    tokens: Hmac<Sha256>,
    labels: Hmac<Sha256>,
    pepper: Secret<[u8; KEY_BYTES]>,
    identities: IdentitySeed,
    cipher: XChaCha20Poly1305,
}

/// A keyed digest together with the number of its key, so that it can be judged for years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mac {
    /// The number of the key on the ring.
    pub key: u32,
    /// The digest under that key.
    pub digest: Digest,
}

impl KeyRing {
    /// Reads a ring from its text form: `1:<43 characters of base64url>`, more keys after commas.
    ///
    /// Each key is a positive number and 32 bytes; the first is the primary. `durward keys generate`
    /// prints one. Refused are an empty ring, a repeated number, a wrong length, and a key that is
    /// plainly not random (R-CF-01).
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut keys: Vec<Key> = Vec::new();
        for entry in text.split(',').map(str::trim) {
            let (id, encoded) = entry.split_once(':').ok_or(KeyError::Form)?;
            let id = id.trim().parse().ok().filter(|id| *id > 0).ok_or(KeyError::Form)?;
            if keys.iter().any(|key| key.id == id) {
                return Err(KeyError::Repeated(id));
            }
            keys.push(Key::derive(id, &key_bytes(id, encoded.trim())?)?);
        }
        Ok(Self { keys })
    }

    /// Makes the text form of a ring with one new key, as `durward keys generate` prints it.
    pub fn generate(id: u32, entropy: &dyn Entropy) -> Secret<String> {
        let mut bytes = [0; KEY_BYTES];
        entropy.fill(&mut bytes);
        let text = format!("{id}:{}", BASE64URL_NOPAD.encode(&bytes));
        zeroize::Zeroize::zeroize(&mut bytes);
        Secret::new(text)
    }

    /// The digest under which a token is stored from now on.
    pub fn digest<K: TokenKind>(&self, token: &Token<K>) -> Digest {
        self.primary().token_digest(token)
    }

    /// The digests under which a presented token may have been stored, the most likely one first.
    pub fn digests<K: TokenKind>(&self, token: &Token<K>) -> impl Iterator<Item = Digest> + Send {
        self.keys.iter().map(|key| key.token_digest(token))
    }

    /// The keyed digest of the parts under a label; where one part ends is part of the digest.
    pub fn label(&self, label: Label, parts: &[&[u8]]) -> Digest {
        self.primary().label_digest(label, parts)
    }

    /// The keyed digest of the parts under the key with the lowest number, wherever it stands on the ring: for what all nodes
    /// have to find again while a key is rotated, and which is looked up under one digest only. It is another one once
    /// that key is dropped.
    pub fn lasting_label(&self, label: Label, parts: &[&[u8]]) -> Digest {
        let lowest = self.keys.iter().min_by_key(|key| key.id);
        lowest.unwrap_or_else(|| self.primary()).label_digest(label, parts)
    }

    /// The keyed digests of the parts under every key of the ring, the primary one first: what may have been
    /// stored.
    pub fn labels(&self, label: Label, parts: &[&[u8]]) -> Vec<Digest> {
        self.keys.iter().map(|key| key.label_digest(label, parts)).collect()
    }

    /// Whether `stored` is the digest of the parts under any key of the ring, in constant time.
    pub fn matches(&self, label: Label, parts: &[&[u8]], stored: &Digest) -> bool {
        self.keys
            .iter()
            .fold(false, |found, key| found | key.label_digest(label, parts).matches(stored))
    }

    /// The keyed digest of the parts under a label, with the number of the key.
    pub fn mac(&self, label: Label, parts: &[&[u8]]) -> Mac {
        let key = self.primary();
        Mac { key: key.id, digest: key.label_digest(label, parts) }
    }

    /// Whether `mac` is that of the parts, in constant time; `None` when its key is not on the ring.
    pub fn verify(&self, label: Label, parts: &[&[u8]], mac: &Mac) -> Option<bool> {
        let key = self.keys.iter().find(|key| key.id == mac.key)?;
        Some(key.label_digest(label, parts).matches(&mac.digest))
    }

    /// The pepper for new password hashes, and the number it is stored under.
    pub fn pepper(&self) -> (u32, &Secret<[u8; KEY_BYTES]>) {
        let key = self.primary();
        (key.id, &key.pepper)
    }

    /// The pepper with this number, while its key is on the ring.
    pub fn pepper_numbered(&self, id: u32) -> Option<&Secret<[u8; KEY_BYTES]>> {
        self.keys.iter().find(|key| key.id == id).map(|key| &key.pepper)
    }

    /// What the keys that sign identities are made of, the primary's first.
    pub fn identity_seeds(&self) -> impl Iterator<Item = IdentitySeed> + Send {
        self.keys.iter().map(|key| key.identities.clone())
    }

    /// Encrypts and authenticates a value for storage; it opens only in the same context.
    ///
    /// XChaCha20-Poly1305 (RFC 8439 with a 192-bit random nonce).
    ///
    /// # Panics
    ///
    /// On a value of more than 256 GiB, which the cipher cannot take.
    pub fn seal(&self, context: &[u8], value: &[u8], entropy: &dyn Entropy) -> Sealed {
        let key = self.primary();
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: value, aad: context };
        let sealed = key.cipher.encrypt(&XNonce::from(nonce), payload);
        let text = sealed.expect("a value is shorter than 256 GiB");
        let mut bytes = Vec::with_capacity(4 + NONCE_BYTES + text.len());
        bytes.extend_from_slice(&key.id.to_be_bytes());
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&text);
        Sealed(bytes)
    }

    /// Opens a sealed value; `None` when it was altered, moved to another context, or its key is gone.
    pub fn open(&self, context: &[u8], sealed: &Sealed) -> Option<Secret<Vec<u8>>> {
        let (id, rest) = sealed.0.split_first_chunk::<4>()?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>()?;
        let id = u32::from_be_bytes(*id);
        let key = self.keys.iter().find(|key| key.id == id)?;
        let payload = Payload { msg: text, aad: context };
        key.cipher.decrypt(&XNonce::from(*nonce), payload).ok().map(Secret::new)
    }

    fn primary(&self) -> &Key {
        &self.keys[0]
    }
}

impl Key {
    fn derive(id: u32, master: &Secret<[u8; KEY_BYTES]>) -> Result<Self, KeyError> {
        let subkey = |purpose: &str| -> Result<[u8; KEY_BYTES], KeyError> {
            let mut mac = Hmac::<Sha256>::new_from_slice(master.expose())
                .map_err(|_unusable| KeyError::Form)?;
            mac.update(b"durward v1 ");
            mac.update(purpose.as_bytes());
            Ok(mac.finalize().into_bytes().into())
        };
        let keyed = |purpose| {
            Hmac::<Sha256>::new_from_slice(&subkey(purpose)?).map_err(|_unusable| KeyError::Form)
        };
        Ok(Self {
            id,
            tokens: keyed("tokens")?,
            labels: keyed("labels")?,
            pepper: Secret::new(subkey("pepper")?),
            identities: IdentitySeed(keyed("identities")?),
            cipher: XChaCha20Poly1305::new(&subkey("seal")?.into()),
        })
    }

    fn token_digest<K: TokenKind>(&self, token: &Token<K>) -> Digest {
        let mut mac = self.tokens.clone();
        mac.update(K::CODE.as_bytes());
        mac.update(&[0]);
        mac.update(token.expose().as_bytes());
        Digest::from_bytes(mac.finalize().into_bytes().into())
    }

    fn label_digest(&self, label: Label, parts: &[&[u8]]) -> Digest {
        let mut mac = self.labels.clone();
        mac.update(label.name().as_bytes());
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Digest::from_bytes(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<u32> = self.keys.iter().map(|key| key.id).collect();
        f.debug_struct("KeyRing").field("ids", &ids).finish_non_exhaustive()
    }
}

/// Bytes that only the key ring can read, as a store keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// The bytes a store kept.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes a store keeps.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Why a key ring is refused; never shows any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not `<number>:<base64url>` entries separated by commas.
    #[error("keys are written as <number>:<base64url>, separated by commas")]
    Form,
    /// Two keys have the same number.
    #[error("key number {0} appears twice")]
    Repeated(u32),
    /// A key is not 32 bytes of base64url.
    #[error("key number {0} is not 32 bytes in base64url")]
    Length(u32),
    /// A key is plainly not random, such as an example from a manual.
    #[error("key number {0} is not random; make one with `durward keys generate`")]
    Weak(u32),
}

fn key_bytes(id: u32, encoded: &str) -> Result<Secret<[u8; KEY_BYTES]>, KeyError> {
    let decoded = BASE64URL_NOPAD
        .decode(encoded.trim_end_matches('=').as_bytes())
        .map(Secret::new)
        .map_err(|_malformed| KeyError::Length(id))?;
    let bytes: [u8; KEY_BYTES] =
        decoded.expose().as_slice().try_into().map_err(|_malformed| KeyError::Length(id))?;
    let mut distinct = bytes;
    distinct.sort_unstable();
    let distinct = 1 + distinct.windows(2).filter(|pair| pair[0] != pair[1]).count();
    // 32 random bytes have fewer than 16 distinct values about once in 10^9 rings.
    let printable = bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
    if distinct < 16 || printable { Err(KeyError::Weak(id)) } else { Ok(Secret::new(bytes)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{RefreshToken, SessionToken};
    use std::sync::atomic::{AtomicU8, Ordering};

    struct Counting(AtomicU8);
    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill_with(|| self.0.fetch_add(5, Ordering::Relaxed));
        }
    }
    fn entropy(start: u8) -> Counting {
        Counting(AtomicU8::new(start))
    }
    fn ring(text: &str) -> KeyRing {
        KeyRing::parse(text).unwrap()
    }
    fn key(id: u32, start: u8) -> String {
        KeyRing::generate(id, &entropy(start)).expose().clone()
    }

    #[test]
    fn a_rotated_ring_still_knows_the_old_digests() {
        // R-DP-03
        let (old, new) = (key(1, 1), key(2, 2));
        let token = SessionToken::mint(&entropy(9));
        let stored = ring(&old).digest(&token);
        let rotated = ring(&format!("{new}, {old}"));
        assert_ne!(rotated.digest(&token), stored);
        assert!(rotated.digests(&token).any(|digest| digest == stored));
        assert!(!ring(&new).digests(&token).any(|digest| digest == stored));

        let state = ring(&old).label(Label::State, &[b"s"]);
        assert!(rotated.matches(Label::State, &[b"s"], &state));
        assert!(!ring(&new).matches(Label::State, &[b"s"], &state));
    }

    #[test]
    fn kinds_and_labels_have_their_own_digests() {
        // R-SE-10
        let ring = ring(&key(1, 1));
        let session = ring.digest(&SessionToken::mint(&entropy(9)));
        let refresh = ring.digest(&RefreshToken::mint(&entropy(9)));
        assert_ne!(session, refresh);
        assert_ne!(ring.label(Label::State, &[b"ab"]), ring.label(Label::ShortCode, &[b"ab"]));
        assert_ne!(ring.label(Label::State, &[b"ab"]), ring.label(Label::State, &[b"a", b"b"]));
    }

    #[test]
    fn a_sealed_value_opens_in_its_context_only() {
        // R-OT-06
        let ring = ring(&key(1, 1));
        let sealed = ring.seal(b"mail 1", b"secret", &entropy(0));
        assert_eq!(ring.open(b"mail 1", &sealed).unwrap().expose(), b"secret");
        assert!(ring.open(b"mail 2", &sealed).is_none());
        assert!(KeyRing::parse(&key(1, 7)).unwrap().open(b"mail 1", &sealed).is_none());
        for position in 0..sealed.0.len() {
            let mut altered = sealed.clone();
            altered.0[position] ^= 1;
            assert!(ring.open(b"mail 1", &altered).is_none());
        }
        assert!(ring.open(b"mail 1", &Sealed(vec![0; 3])).is_none());
    }

    #[test]
    fn weak_or_malformed_rings_are_refused() {
        // R-CF-01
        let zero = format!("1:{}", BASE64URL_NOPAD.encode(&[0; 32]));
        let text = format!("1:{}", BASE64URL_NOPAD.encode(b"example-key-example-key-example!"));
        let short = format!("1:{}", BASE64URL_NOPAD.encode(&[7; 31]));
        let twice = format!("{0},{0}", key(3, 3));
        for (wrong, why) in [
            ("", KeyError::Form),
            ("1", KeyError::Form),
            ("0:AAAA", KeyError::Form),
            (&zero, KeyError::Weak(1)),
            (&text, KeyError::Weak(1)),
            (&short, KeyError::Length(1)),
            ("1:***", KeyError::Length(1)),
            (&twice, KeyError::Repeated(3)),
        ] {
            assert_eq!(KeyRing::parse(wrong).unwrap_err(), why, "{wrong}");
        }
        assert_eq!(format!("{:?}", ring(&key(4, 4))), "KeyRing { ids: [4], .. }");
    }
}
