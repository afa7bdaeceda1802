use std::fmt::Write;
use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::ids::{TotpId, UserId};
use crate::keys::Sealed;
use crate::secret::{Digest, Secret};
use crate::time::{Entropy, Timestamp};

/// An authenticator app of a user (RFC 6238): enrolled, or about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totp {
    /// Names the factor; its secret opens in the context of this id and the user's (R-OT-06).
    pub id: TotpId,
    /// Whose it is.
    pub user: UserId,
    /// The sealed [`TotpSecret`].
    pub secret: Sealed,
    /// The digest of the handle that proves the enrolment.
    pub handle: Digest,
    /// The last time step that was accepted; no earlier one and not this one is accepted again (R-OT-01).
    pub last_step: u64,
    /// When the enrolment was begun.
    pub created: Timestamp,
    /// When it was proven, if it was; until then it is no factor.
    pub confirmed: Option<Timestamp>,
    /// When the enrolment dies, unless it is proven.
    pub expires: Timestamp,
    /// Since when it may be somebody else's, by an objection that nobody who has it contradicted (R-RC-04).
    pub doubted: Option<Timestamp>,
}

/// What must be known of an enrolled authenticator app to say whether it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveTotp {
    /// See [`Totp::doubted`].
    pub doubted: Option<Timestamp>,
}

/// The secret that a user's authenticator app shares with the server: 160 bits (R-OT-03).
#[derive(Clone)]
pub struct TotpSecret(Secret<[u8; Self::BYTES]>);

/// Six digits that a person read from an authenticator app.
#[derive(Clone)]
pub struct TotpCode(Secret<u32>);

/// The text is not six digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not six digits")]
pub struct TotpCodeError;

/// Seconds in a time step (RFC 6238, 5.2).
const STEP: i64 = 30;
const MODULUS: u32 = 1_000_000;

impl Totp {
    /// How the secret is bound to its place (R-OT-06).
    pub fn context(id: TotpId, user: UserId) -> [u8; 32] {
        let mut context = [0; 32];
        context[..16].copy_from_slice(id.as_bytes());
        context[16..].copy_from_slice(user.as_bytes());
        context
    }

    /// Whether it is a factor still; see [`LiveTotp::counts`].
    pub fn counts(&self, wait: Duration, now: Timestamp) -> bool {
        LiveTotp { doubted: self.doubted }.counts(wait, now)
    }

    /// From when on apps and recovery codes are in doubt by an objection to something of this moment. What a notice
    /// tells of happened a little before it was written.
    pub fn doubted_from(objected: Timestamp) -> Timestamp {
        objected - Duration::from_mins(1)
    }

    /// Decides over a code: the time step that it is good for, if it is one of these and later than the last one accepted
    /// (R-OT-01).
    pub fn accept(&self, secret: &TotpSecret, code: &TotpCode, among: TotpSteps) -> Option<u64> {
        let TotpSteps { present, previous } = among;
        let steps = [Some(present), previous].into_iter().flatten();
        steps.filter(|step| *step > self.last_step).find(|step| secret.code_at(*step).matches(code))
    }
}

impl LiveTotp {
    /// Whether it is a factor still: for ever, or until it was doubted for as long as `wait` says (R-RC-04).
    pub fn counts(self, wait: Duration, now: Timestamp) -> bool {
        self.doubted.is_none_or(|since| now < since + wait)
    }
}

/// The time steps of which a code is accepted; never one of the future (R-OT-02).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TotpSteps {
    present: u64,
    previous: Option<u64>,
}

impl TotpSteps {
    /// The step of this moment and the one before.
    pub fn around(now: Timestamp) -> Self {
        let present = step(now);
        Self { present, previous: present.checked_sub(1) }
    }

    /// The step of this moment alone.
    pub fn strictly(now: Timestamp) -> Self {
        Self { present: step(now), previous: None }
    }
}

/// The time step of a moment.
pub fn step(now: Timestamp) -> u64 {
    u64::try_from(now.as_millis().div_euclid(STEP * 1_000)).unwrap_or(0)
}

impl TotpSecret {
    /// How many bytes there are.
    pub const BYTES: usize = 20;

    /// Makes a new secret.
    pub fn mint(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; Self::BYTES];
        entropy.fill(&mut bytes);
        Self(Secret::new(bytes))
    }

    /// The secret that was unsealed; `None` when it is of another length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Secret::new(bytes)))
    }

    /// Reads a secret in base 32, as an app or another system keeps it; `None` when it is none of 160 bits.
    pub fn parse(base_32: &str) -> Option<Self> {
        let bytes = BASE32_NOPAD.decode(base_32.as_bytes()).ok()?;
        Self::from_bytes(&bytes)
    }

    /// The bytes, to be sealed.
    pub fn expose(&self) -> &[u8; Self::BYTES] {
        self.0.expose()
    }

    /// The secret as people type it into an app: base 32 without padding.
    pub fn base_32(&self) -> Secret<String> {
        Secret::new(BASE32_NOPAD.encode(self.0.expose()))
    }

    /// The address that an authenticator app reads from a QR code; names are escaped (R-OT-03).
    pub fn uri(&self, issuer: &str, account: &str) -> Secret<String> {
        let (issuer, account) = (escaped(issuer), escaped(account));
        let secret = self.base_32();
        Secret::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP}",
            secret.expose()
        ))
    }

    /// The code of a time step (RFC 4226, 5.3, with HMAC-SHA-1).
    pub fn code_at(&self, step: u64) -> TotpCode {
        let hash = Hmac::<Sha1>::new_from_slice(self.0.expose()).map(|mut mac| {
            mac.update(&step.to_be_bytes());
            mac.finalize().into_bytes()
        });
        // A key of any length is one, so there is always a hash.
        let hash: [u8; 20] = hash.map(Into::into).unwrap_or_default();
        let offset = usize::from(hash[19] & 15);
        let word = [hash[offset], hash[offset + 1], hash[offset + 2], hash[offset + 3]];
        TotpCode(Secret::new((u32::from_be_bytes(word) & 0x7fff_ffff) % MODULUS))
    }
}

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(***)")
    }
}

impl TotpCode {
    /// How many digits.
    pub const DIGITS: usize = 6;

    /// Reads what a person typed; spaces do not matter.
    pub fn parse(typed: &str) -> Result<Self, TotpCodeError> {
        if typed.len() > 4 * Self::DIGITS {
            return Err(TotpCodeError);
        }
        let digits: String = typed.chars().filter(|letter| *letter != ' ').collect();
        let plain = digits.len() == Self::DIGITS && digits.bytes().all(|it| it.is_ascii_digit());
        let number = plain.then(|| digits.parse().ok()).flatten().ok_or(TotpCodeError)?;
        Ok(Self(Secret::new(number)))
    }

    /// The digits, as an app shows them.
    pub fn digits(&self) -> Secret<String> {
        Secret::new(format!("{:06}", self.0.expose()))
    }

    fn matches(&self, other: &Self) -> bool {
        use subtle::ConstantTimeEq;
        self.0.expose().ct_eq(other.0.expose()).into()
    }
}

impl std::fmt::Debug for TotpCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpCode(***)")
    }
}

/// RFC 3986, 2.3: everything but unreserved characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn secret() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890").unwrap()
    }

    fn totp(last_step: u64) -> Totp {
        Totp {
            id: TotpId::from_bytes([1; 16]),
            user: UserId::from_bytes([2; 16]),
            secret: Sealed::from_bytes(vec![]),
            handle: Digest::from_bytes([3; 32]),
            last_step,
            created: at(0),
            confirmed: Some(at(0)),
            expires: at(600),
            doubted: None,
        }
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, SHA-1, the last six of eight digits.
        for (seconds, digits) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret().code_at(step(at(seconds))).digits().expose(), digits);
        }
    }

    #[test]
    fn a_code_is_good_in_its_step_and_the_next_one() {
        // R-OT-02
        let code = secret().code_at(step(at(1_200)));
        let accept = |seconds| totp(0).accept(&secret(), &code, TotpSteps::around(at(seconds)));
        assert_eq!(accept(1_199), None, "of the future");
        assert_eq!(accept(1_200), Some(40));
        assert_eq!(accept(1_229), Some(40));
        assert_eq!(accept(1_259), Some(40), "of the step before");
        assert_eq!(accept(1_260), None, "of two steps before");
        let strict = |seconds| totp(0).accept(&secret(), &code, TotpSteps::strictly(at(seconds)));
        assert_eq!([1_199, 1_200, 1_229, 1_230].map(strict), [None, Some(40), Some(40), None]);
    }

    #[test]
    fn a_step_is_accepted_once_and_no_earlier_one_after_it() {
        // R-OT-01
        let code = secret().code_at(40);
        assert_eq!(totp(39).accept(&secret(), &code, TotpSteps::around(at(1_230))), Some(40));
        assert_eq!(totp(40).accept(&secret(), &code, TotpSteps::around(at(1_230))), None);
        assert_eq!(totp(41).accept(&secret(), &code, TotpSteps::around(at(1_230))), None);
    }

    #[test]
    fn an_app_counts_until_it_was_doubted_for_too_long() {
        // R-RC-04
        let (wait, doubted) = (Duration::from_secs(100), Some(at(50)));
        assert!(totp(0).counts(wait, at(9_999_999)));
        let doubted = Totp { doubted, ..totp(0) };
        assert!(doubted.counts(wait, Timestamp::from_millis(149_999)));
        assert!(!doubted.counts(wait, at(150)));
        assert_eq!(Totp::doubted_from(at(100)), at(40));
    }

    #[test]
    fn six_digits_may_be_typed_with_spaces() {
        let code = TotpCode::parse("005 924").unwrap();
        assert!(secret().code_at(step(at(1_234_567_890))).matches(&code));
        for wrong in
            ["", "12345", "1234567", "12345a", "-12345", "+12345", "１２３４５６", "12.456"]
        {
            assert!(TotpCode::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_in_the_address_of_an_app_are_escaped() {
        // R-OT-03
        let uri = secret().uri("Shop & Co:é", "ada+x@example.com");
        assert_eq!(
            uri.expose(),
            "otpauth://totp/Shop%20%26%20Co%3A%C3%A9:ada%2Bx%40example.com\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Shop%20%26%20Co%3A%C3%A9\
             &algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn a_secret_is_read_back_from_what_people_type() {
        let read = TotpSecret::parse(secret().base_32().expose()).unwrap();
        assert_eq!(read.expose(), secret().expose());
        assert!(TotpSecret::parse("GEZDGNBV").is_none() && TotpSecret::parse("0").is_none());
    }

    #[test]
    fn nothing_of_it_can_be_printed() {
        assert_eq!(
            format!("{:?} {:?}", secret(), secret().code_at(1)),
            "TotpSecret(***) TotpCode(***)"
        );
    }
}
