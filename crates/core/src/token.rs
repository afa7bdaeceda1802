//! Tokens: what a person or program presents, and nobody stores.
//!
//! `dw_<kind>_<43 random characters of base 62><6 of CRC-32>`. The kind is a type parameter, so a
//! refresh token cannot be passed where a session token belongs (R-SE-10); the checksum lets a scanner
//! recognise a leaked token without asking us (R-CL-05).

use std::fmt;
use std::marker::PhantomData;

use crate::secret::Secret;
use crate::time::Entropy;

const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM: usize = 43;
const CHECKSUM: usize = 6;

/// A kind of token; sealed, because each kind is a promise about where it is accepted.
pub trait TokenKind: sealed::Sealed + Send + Sync + 'static {
    /// The two letters between the underscores.
    const CODE: &'static str;
}

mod sealed {
    #[expect(unnameable_types, reason = "nobody outside can name it, so nobody can add a kind")]
    pub trait Sealed {}
}

macro_rules! kind {
    ($(#[$doc:meta])* $kind:ident, $alias:ident, $code:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $kind {}
        impl sealed::Sealed for $kind {}
        impl TokenKind for $kind {
            const CODE: &'static str = $code;
        }
        $(#[$doc])*
        pub type $alias = Token<$kind>;
    };
}

kind!(/// Proves a live session.
    SessionKind, SessionToken, "st");
kind!(/// Exchanged once for a new pair of tokens.
    RefreshKind, RefreshToken, "rt");
kind!(/// The handle of a flow, good for exactly one of its steps.
    FlowKind, FlowToken, "fl");
kind!(/// The code in a mailed link.
    CodeKind, CodeToken, "cd");
kind!(/// The secret of a client: an API key.
    SecretKind, SecretKey, "sk");
kind!(/// The code of an invitation.
    InvitationKind, InvitationToken, "iv");
kind!(/// The code that makes the first administrator.
    BootstrapKind, BootstrapToken, "bs");

/// A presented or freshly made secret of one kind, with 256 bits of randomness.
pub struct Token<K: TokenKind> {
    text: Secret<String>,
    kind: PhantomData<K>,
}

impl<K: TokenKind> Token<K> {
    /// Makes a new token (R-SE-01).
    pub fn mint(entropy: &dyn Entropy) -> Self {
        let mut text = String::with_capacity(6 + RANDOM + CHECKSUM);
        text.push_str("dw_");
        text.push_str(K::CODE);
        text.push('_');
        push_random(&mut text, BASE_62, RANDOM, entropy);
        let checksum = checksum(&text);
        text.extend(checksum.map(char::from));
        Self { text: Secret::new(text), kind: PhantomData }
    }

    /// Reads a presented token: exact length, alphabet, kind and checksum, before any look-up.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let random = text
            .strip_prefix("dw_")
            .and_then(|rest| rest.strip_prefix(K::CODE))
            .and_then(|rest| rest.strip_prefix('_'))
            .filter(|rest| rest.len() == RANDOM + CHECKSUM)
            .filter(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            .ok_or(TokenError)?;
        let (body, given) = text.split_at(text.len() - CHECKSUM);
        if random.len() < CHECKSUM || checksum(body) != given.as_bytes() {
            return Err(TokenError);
        }
        Ok(Self { text: Secret::new(text.to_owned()), kind: PhantomData })
    }

    /// The token as its holder presents it.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }
}

impl<K: TokenKind> Clone for Token<K> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), kind: PhantomData }
    }
}

impl<K: TokenKind> fmt::Debug for Token<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dw_{}_***", K::CODE)
    }
}

/// The text is not a token of the expected kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token of the expected kind")]
pub struct TokenError;

/// The eight characters a person types from a mail: 38 bits, without vowels or look-alikes.
///
/// Fewer than 112 bits, so it is stored only under a keyed digest bound to its flow, and guessed at
/// most five times (R-OT-05, R-TH-02).
#[derive(Clone)]
pub struct ShortCode(Secret<String>);

impl ShortCode {
    /// How many characters are mailed.
    pub const LENGTH: usize = 8;
    const ALPHABET: &'static [u8; 28] = b"23456789BCDFGHJKLMNPQRSTVWXZ";

    /// Makes a new code.
    pub fn mint(entropy: &dyn Entropy) -> Self {
        let mut text = String::with_capacity(Self::LENGTH);
        push_random(&mut text, Self::ALPHABET, Self::LENGTH, entropy);
        Self(Secret::new(text))
    }

    /// Reads what a person typed; case, spaces and hyphens do not matter.
    pub fn parse(typed: &str) -> Result<Self, TokenError> {
        typed_letters(typed, Self::LENGTH).map(Self)
    }

    /// The code as it is mailed.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for ShortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A code that a user keeps for the day his phone is gone: 15 characters, 72 bits (R-RC-01).
///
/// Fewer than 112 bits, so it is stored only under a keyed digest bound to its user (R-OT-05).
#[derive(Clone)]
pub struct RecoveryCode(Secret<String>);

impl RecoveryCode {
    /// How many characters it has, without hyphens.
    pub const LENGTH: usize = 15;
    /// How many of them stand together when it is shown.
    const GROUP: usize = 5;

    /// Makes a new code.
    pub fn mint(entropy: &dyn Entropy) -> Self {
        let mut text = String::with_capacity(Self::LENGTH);
        push_random(&mut text, ShortCode::ALPHABET, Self::LENGTH, entropy);
        Self(Secret::new(text))
    }

    /// Reads what a person typed; case, spaces and hyphens do not matter.
    pub fn parse(typed: &str) -> Result<Self, TokenError> {
        typed_letters(typed, Self::LENGTH).map(Self)
    }

    /// The code without hyphens, as its digest is made of it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The code as it is shown: `BCDFG-HJKLM-NPQRS`.
    pub fn grouped(&self) -> Secret<String> {
        let letters: Vec<char> = self.0.expose().chars().collect();
        let groups: Vec<String> =
            letters.chunks(Self::GROUP).map(|group| group.iter().collect()).collect();
        Secret::new(groups.join("-"))
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The letters of a code as a person typed them; case, spaces and hyphens do not matter.
fn typed_letters(typed: &str, length: usize) -> Result<Secret<String>, TokenError> {
    if typed.len() > 4 * length {
        return Err(TokenError);
    }
    let text: String = typed
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '-'))
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    let known = text.bytes().all(|byte| ShortCode::ALPHABET.contains(&byte));
    if text.len() == length && known { Ok(Secret::new(text)) } else { Err(TokenError) }
}

/// Appends letters of the alphabet, each equally likely: bytes past the last whole multiple are drawn again.
fn push_random(text: &mut String, alphabet: &[u8], count: usize, entropy: &dyn Entropy) {
    let fair = 256 - 256 % alphabet.len();
    let mut pool = [0; 64];
    let mut left = count;
    while left > 0 {
        entropy.fill(&mut pool);
        for byte in
            pool.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair).take(left)
        {
            text.push(char::from(alphabet[byte % alphabet.len()]));
            left -= 1;
        }
    }
    zeroize::Zeroize::zeroize(&mut pool);
}

fn checksum(body: &str) -> [u8; CHECKSUM] {
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut digits = [0; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = BASE_62[rest % 62];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU8, Ordering};

    struct Counting(AtomicU8);
    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill_with(|| self.0.fetch_add(7, Ordering::Relaxed));
        }
    }

    #[test]
    fn a_minted_token_is_read_back_by_its_own_kind_only() {
        // R-SE-10
        let token = SessionToken::mint(&Counting(AtomicU8::new(0)));
        assert_eq!(token.expose().len(), 55);
        assert!(SessionToken::parse(token.expose()).is_ok());
        assert!(RefreshToken::parse(token.expose()).is_err());
        assert!(RefreshToken::parse(&token.expose().replace("_st_", "_rt_")).is_err());
    }

    #[test]
    fn no_other_spelling_is_accepted() {
        // AM-14
        let token = SessionToken::mint(&Counting(AtomicU8::new(3)));
        let text = token.expose();
        for wrong in [
            format!("{text}0"),
            format!(" {text}"),
            text.to_uppercase(),
            text[..text.len() - 1].to_owned(),
            text.replacen("dw_", "", 1),
            format!("{}é", &text[..text.len() - 2]),
            String::new(),
        ] {
            assert!(SessionToken::parse(&wrong).is_err(), "{wrong}");
        }
        for position in 6..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[position] = if bytes[position] == b'a' { b'b' } else { b'a' };
            let wrong = String::from_utf8(bytes).unwrap();
            assert!(SessionToken::parse(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_token_prints_its_kind_only() {
        let token = CodeToken::mint(&Counting(AtomicU8::new(9)));
        assert_eq!(format!("{token:?}"), "dw_cd_***");
    }

    #[test]
    fn a_short_code_may_be_typed_carelessly() {
        let code = ShortCode::mint(&Counting(AtomicU8::new(1)));
        let typed = format!(" {}-{} ", code.expose()[..4].to_lowercase(), &code.expose()[4..]);
        assert_eq!(ShortCode::parse(&typed).unwrap().expose(), code.expose());
        for wrong in ["", "BCDFGHJ", "BCDFGHJKL", "BCDFGHJA", "BCDFGHJ\u{212a}"] {
            assert!(ShortCode::parse(wrong).is_err(), "{wrong}");
        }
        assert!(ShortCode::parse(&"-".repeat(10_000)).is_err());
    }

    #[test]
    fn a_recovery_code_is_shown_in_groups_and_typed_at_will() {
        let code = RecoveryCode::mint(&Counting(AtomicU8::new(1)));
        let shown = code.grouped();
        assert_eq!(shown.expose().len(), RecoveryCode::LENGTH + 2);
        let typed = shown.expose().to_lowercase().replace('-', " ");
        assert_eq!(RecoveryCode::parse(&typed).unwrap().expose(), code.expose());
        assert!(RecoveryCode::parse("BCDFGHJK").is_err());
        assert!(ShortCode::parse(shown.expose()).is_err());
    }
}
