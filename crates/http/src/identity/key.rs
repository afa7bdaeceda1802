use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use durward_core::keys::IdentitySeed;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The public part of a key, as a set publishes it (RFC 7517; RFC 7518, 6.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "Jwk")]
pub(crate) struct Jwk {
    /// Always `EC`.
    pub(super) kty: String,
    /// Always `P-256`.
    #[serde(default)]
    pub(super) crv: String,
    /// The first coordinate, in base64url.
    #[serde(default)]
    pub(super) x: String,
    /// The second one.
    #[serde(default)]
    pub(super) y: String,
    /// What the key is for: always `sig`.
    #[serde(default, rename = "use")]
    pub(super) purpose: Option<String>,
    /// What it signs with: always `ES256`.
    #[serde(default)]
    pub(super) alg: Option<String>,
    /// The thumbprint of the key (RFC 7638).
    #[serde(default)]
    pub(super) kid: Option<String>,
}

/// A set of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "JwkSet")]
pub(crate) struct KeySetView {
    /// In no order that means anything.
    pub(super) keys: Vec<Jwk>,
}

/// A key that signs identities.
pub(super) struct Key {
    signing: SigningKey,
    public: PublicKey,
}

/// A key by which identities are verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct PublicKey(VerifyingKey);

impl Key {
    /// The key of a period: the first candidate that is a private key on the curve. Nearly always it is the very
    /// first; `None` is as good as impossible.
    pub(super) fn derive(seed: &IdentitySeed, period: u64) -> Option<Self> {
        let candidates = (0..64).map(|attempt| seed.candidate(period, attempt));
        let mut keys = candidates.filter_map(|it| SigningKey::from_slice(it.expose()).ok());
        let signing = keys.next()?;
        let public = PublicKey(*signing.verifying_key());
        Some(Self { signing, public })
    }

    pub(super) const fn public(&self) -> PublicKey {
        self.public
    }

    /// The signature of a text: r and s (RFC 7518, 3.4), of the two that are good the one with the smaller s.
    ///
    /// It is made without randomness (RFC 6979): no bad draw can give the key away.
    pub(super) fn sign(&self, text: &[u8]) -> [u8; 64] {
        let signature: Signature = self.signing.sign(text);
        signature.normalize_s().to_bytes().into()
    }
}

impl PublicKey {
    /// Reads a published key; `None` for one of another kind or for another use, and for no point on the curve.
    pub(super) fn read(jwk: &Jwk) -> Option<Self> {
        let others = [(&jwk.purpose, "sig"), (&jwk.alg, "ES256")];
        let fits = others.iter().all(|(said, is)| said.as_deref().is_none_or(|said| said == *is));
        if jwk.kty != "EC" || jwk.crv != "P-256" || !fits {
            return None;
        }
        let mut point = vec![4];
        for coordinate in [&jwk.x, &jwk.y] {
            let bytes = BASE64URL_NOPAD.decode(coordinate.as_bytes()).ok()?;
            point.extend(<[u8; 32]>::try_from(bytes).ok()?);
        }
        VerifyingKey::from_sec1_bytes(&point).ok().map(Self)
    }

    /// What the key is called: its thumbprint (RFC 7638), so that a name never stands for another key.
    pub(super) fn id(&self) -> String {
        let (x, y) = self.coordinates();
        // RFC 7638, 3: the required members in this order, without spaces.
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        BASE64URL_NOPAD.encode(&Sha256::digest(text))
    }

    pub(super) fn jwk(&self) -> Jwk {
        let (x, y) = self.coordinates();
        Jwk {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x,
            y,
            purpose: Some("sig".to_owned()),
            alg: Some("ES256".to_owned()),
            kid: Some(self.id()),
        }
    }

    /// Whether this is the signature of the text, in the one form that [`Key::sign`] makes.
    pub(super) fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else {
            return false;
        };
        signature.normalize_s() == signature && self.0.verify(text, &signature).is_ok()
    }

    fn coordinates(&self) -> (String, String) {
        let point = self.0.to_sec1_point(false);
        let (x, y) = point.as_bytes()[1..].split_at(32);
        (BASE64URL_NOPAD.encode(x), BASE64URL_NOPAD.encode(y))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.id()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwk(x: &str, y: &str) -> Jwk {
        Jwk {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x: x.to_owned(),
            y: y.to_owned(),
            purpose: None,
            alg: None,
            kid: None,
        }
    }

    /// The key of RFC 7515, appendix A.3.
    fn known() -> Jwk {
        jwk(
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        )
    }

    #[test]
    fn the_example_of_the_standard_is_verified() {
        // RFC 7515, appendix A.3
        let text = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let mut signature =
            Signature::from_slice(&BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap()).unwrap();
        let key = PublicKey::read(&known()).unwrap();
        signature = signature.normalize_s();
        assert!(key.verifies(text.as_bytes(), &signature.to_bytes()));
        assert!(!key.verifies(b"other", &signature.to_bytes()));
        // Of the two signatures only one counts, so that an identity has one spelling.
        let other = Signature::from_scalars(signature.r(), -signature.s()).unwrap();
        assert!(!key.verifies(text.as_bytes(), &other.to_bytes()));
    }

    #[test]
    fn a_name_is_the_thumbprint_of_the_key() {
        // RFC 7638, computed independently over the key of RFC 7515, A.3.
        let key = PublicKey::read(&known()).unwrap();
        assert_eq!(key.id(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
        assert_eq!(PublicKey::read(&key.jwk()), Some(key));
    }

    #[test]
    fn only_points_of_the_curve_are_keys_and_only_for_signatures() {
        // GW-23
        let good = known();
        for wrong in [
            Jwk { kty: "RSA".to_owned(), ..good.clone() },
            Jwk { kty: "oct".to_owned(), ..good.clone() },
            Jwk { crv: "secp256k1".to_owned(), ..good.clone() },
            Jwk { crv: String::new(), ..good.clone() },
            Jwk { purpose: Some("enc".to_owned()), ..good.clone() },
            Jwk { alg: Some("ES384".to_owned()), ..good.clone() },
            Jwk { x: good.y.clone(), y: good.x.clone(), ..good.clone() },
            Jwk { x: format!("{}A", good.x), ..good.clone() },
            Jwk { x: format!("{}=", good.x), ..good.clone() },
            jwk("", ""),
            jwk(&"A".repeat(43), &"A".repeat(43)),
        ] {
            assert_eq!(PublicKey::read(&wrong), None, "{wrong:?}");
        }
    }
}
