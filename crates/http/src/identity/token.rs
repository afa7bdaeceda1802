use data_encoding::BASE64URL_NOPAD;
use durward_core::IdentityClaims;
use serde::{Deserialize, Serialize};

use super::key::Key;

/// The type of the JWT, so that no other one is taken for it (RFC 8725, 3.11).
const TYPE: &str = "durward-identity+jwt";
const ALGORITHM: &str = "ES256";

/// Longer than any that is signed here.
const LONGEST: usize = 8 * 1_024;

/// The header: these members and no others, `crit` included.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
}

/// A JWT that was taken apart: nothing about it is proven yet.
pub(super) struct Parsed<'a> {
    pub(super) key: String,
    /// What was signed.
    pub(super) text: &'a str,
    pub(super) signature: Vec<u8>,
    claims: &'a str,
}

/// The compact form of the signed claims (RFC 7515, 7.1).
pub(super) fn sign(claims: &IdentityClaims, (key, id): (&Key, &str)) -> Option<String> {
    let header = serde_json::to_vec(&Header { alg: ALGORITHM, kid: id, typ: TYPE }).ok()?;
    let mut token = BASE64URL_NOPAD.encode(&header);
    token.push('.');
    BASE64URL_NOPAD.encode_append(&serde_json::to_vec(claims).ok()?, &mut token);
    let signature = key.sign(token.as_bytes());
    token.push('.');
    BASE64URL_NOPAD.encode_append(&signature, &mut token);
    Some(token)
}

impl<'a> Parsed<'a> {
    /// Takes a token apart; `None` for whatever this crate does not write: another type, another algorithm,
    /// further parts or members, another spelling.
    pub(super) fn of(token: &'a str) -> Option<Self> {
        if token.len() > LONGEST {
            return None;
        }
        let (text, signature) = token.rsplit_once('.')?;
        let (header, claims) = text.split_once('.')?;
        let header = decode(header)?;
        let header: Header<'_> = serde_json::from_slice(&header).ok()?;
        if header.alg != ALGORITHM || header.typ != TYPE {
            return None;
        }
        let key = header.kid.to_owned();
        Some(Self { key, text, signature: decode(signature)?, claims })
    }

    /// What it says, to be asked for once the signature was found to be good.
    pub(super) fn claims(&self) -> Option<IdentityClaims> {
        serde_json::from_slice(&decode(self.claims)?).ok()
    }
}

fn decode(part: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(part.as_bytes()).ok()
}
