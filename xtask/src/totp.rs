//! What an authenticator app does.

use std::time::SystemTime;

use anyhow::{Context, Result};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The six digits that belong to a secret in base 32 at this moment (RFC 6238, with its usual parameters).
#[expect(clippy::disallowed_methods, reason = "an app has its own clock")]
pub(crate) fn now(secret: &str) -> Result<String> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    at(secret, since.as_secs() / 30)
}

fn at(secret: &str, step: u64) -> Result<String> {
    let key = BASE32_NOPAD.decode(secret.as_bytes())?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&key)?;
    mac.update(&step.to_be_bytes());
    let bytes: [u8; 20] = mac.finalize().into_bytes().into();
    let offset = usize::from(bytes[19] & 0xf);
    let word = bytes[offset..].first_chunk::<4>().context("a truncated digest")?;
    Ok(format!("{:06}", (u32::from_be_bytes(*word) & 0x7fff_ffff) % 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::at;

    #[test]
    fn digits_are_those_of_the_standard() {
        // RFC 6238, appendix B, with six digits.
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(at(secret, 59 / 30).unwrap(), "287082");
        assert_eq!(at(secret, 1_111_111_109 / 30).unwrap(), "081804");
    }
}
