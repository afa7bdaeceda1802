//! What an authenticator app does.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use tokio::time::sleep;

/// How long one code is shown, in seconds.
const PERIOD: u64 = 30;
/// What two calls may take, in seconds.
const ENOUGH: u64 = 5;

/// The six digits that belong to a secret in base 32 at this moment (RFC 6238, with its usual parameters).
pub(crate) fn now(secret: &str) -> Result<String> {
    at(secret, seconds()? / PERIOD)
}

/// The digits of the half minute before, which are good for a while yet: whoever enrols with them has those of
/// [`now`] still to spend.
pub(crate) async fn before(secret: &str) -> Result<String> {
    let left = PERIOD - seconds()? % PERIOD;
    if left < ENOUGH {
        sleep(Duration::from_secs(left)).await;
    }
    at(secret, seconds()? / PERIOD - 1)
}

#[expect(clippy::disallowed_methods, reason = "an app has its own clock")]
fn seconds() -> Result<u64> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs())
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
