//! The secrets of a run in every form in which they might have been written down.

use std::collections::HashMap;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

/// Shorter texts may turn up by chance.
const SHORTEST: usize = 8;
/// How much of a longer secret is looked for by itself.
const PART: usize = 16;
const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What must be found nowhere.
#[derive(Default)]
pub(super) struct Needles {
    /// By their first bytes, so that one pass over a hay-stack looks for all of them.
    by_start: HashMap<[u8; SHORTEST], Vec<Needle>>,
    /// Whether any begins with these two bytes: hardly any place of a hay-stack needs a second look.
    begins: Pairs,
    secrets: usize,
}

struct Pairs(Vec<bool>);

impl Default for Pairs {
    fn default() -> Self {
        Self(vec![false; 1 << 16])
    }
}

impl Pairs {
    fn index(bytes: &[u8]) -> usize {
        usize::from(bytes[0]) << 8 | usize::from(bytes[1])
    }
}

struct Needle {
    bytes: Vec<u8>,
    what: String,
}

impl Needles {
    /// Adds a secret, as text or bytes. The name is for messages.
    pub(super) fn add(&mut self, name: &str, secret: impl AsRef<[u8]>) {
        self.secrets += 1;
        self.add_forms(name, secret.as_ref());
    }

    /// Adds a token `dw_<kind>_<random><checksum>`: the random part is the secret, and it is a number too.
    pub(super) fn add_token(&mut self, name: &str, token: &str) {
        self.add(name, token);
        let random = token.get(6..49).unwrap_or_default();
        self.add_forms(&format!("random part of the {name}"), random.as_bytes());
        if let Some(number) = base_62_number(random) {
            self.add_forms(&format!("bytes of the {name}"), &number);
        }
    }

    /// How many secrets there are.
    pub(super) const fn secrets(&self) -> usize {
        self.secrets
    }

    /// Everything of it that stands in a hay-stack.
    pub(super) fn found_in<'a>(&'a self, hay: &'a [u8]) -> impl Iterator<Item = &'a str> + 'a {
        let worth_a_look = |(_, start): &(usize, &[u8])| self.begins.0[Pairs::index(start)];
        hay.windows(SHORTEST).enumerate().filter(worth_a_look).flat_map(move |(place, start)| {
            let candidates = self.by_start.get(start).map_or(&[][..], Vec::as_slice);
            let here = move |needle: &&Needle| hay[place..].starts_with(&needle.bytes);
            candidates.iter().filter(here).map(|needle| needle.what.as_str())
        })
    }

    /// A secret in all its forms, and those of its parts: also half of it is too much.
    fn add_forms(&mut self, name: &str, secret: &[u8]) {
        self.add_whole(&format!("the {name}"), secret);
        for part in secret.windows(PART).step_by(PART / 2) {
            self.add_whole(&format!("a part of the {name}"), part);
        }
    }

    fn add_whole(&mut self, name: &str, secret: &[u8]) {
        self.insert(secret.to_vec(), name.to_owned());
        self.insert(HEXLOWER.encode(secret).into_bytes(), format!("{name} in hex"));
        self.insert(HEXUPPER.encode(secret).into_bytes(), format!("{name} in hex"));
        if secret.is_ascii() {
            self.insert(secret.to_ascii_lowercase(), format!("{name} in small letters"));
        }
        for shift in 0..3 {
            for encoding in [&BASE64_NOPAD, &BASE64URL_NOPAD] {
                let core = base_64_core(encoding, secret, shift);
                self.insert(core, format!("{name} in base64"));
            }
        }
    }

    fn insert(&mut self, bytes: Vec<u8>, what: String) {
        let Some(start) = bytes.first_chunk::<SHORTEST>() else {
            return;
        };
        self.begins.0[Pairs::index(start)] = true;
        let needles = self.by_start.entry(*start).or_default();
        if needles.iter().all(|needle| needle.bytes != bytes) {
            needles.push(Needle { bytes, what });
        }
    }
}

/// The letters that a secret becomes within some longer text that is encoded as a whole, `shift` bytes
/// after a multiple of three. The letters at both ends depend on what stands beside it.
fn base_64_core(encoding: &data_encoding::Encoding, secret: &[u8], shift: usize) -> Vec<u8> {
    let mut padded = vec![0; shift];
    padded.extend_from_slice(secret);
    let encoded = encoding.encode(&padded).into_bytes();
    let own_from = (shift * 8).div_ceil(6);
    let own_to = padded.len() * 8 / 6;
    encoded.get(own_from..own_to).unwrap_or_default().to_vec()
}

/// A text of base 62 as the bytes of its number, the high ones first.
fn base_62_number(text: &str) -> Option<[u8; 33]> {
    let mut number = [0_u8; 33];
    for letter in text.bytes() {
        let mut carry = BASE_62.iter().position(|known| *known == letter)?;
        for byte in number.iter_mut().rev() {
            carry += usize::from(*byte) * 62;
            *byte = u8::try_from(carry % 256).ok()?;
            carry /= 256;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(number)
}

/// Bytes as a number of base 62 with this many digits, if they are enough.
pub(super) fn base_62_text(bytes: &[u8], digits: usize) -> Option<String> {
    let mut text = vec![0_usize; digits];
    for byte in bytes {
        let mut carry = usize::from(*byte);
        for digit in text.iter_mut().rev() {
            carry += *digit * 256;
            *digit = carry % 62;
            carry /= 62;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(text.into_iter().map(|digit| char::from(BASE_62[digit])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "dw_st_0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1CHKSUM";

    fn found(needles: &Needles, hay: impl AsRef<[u8]>) -> bool {
        needles.found_in(hay.as_ref()).next().is_some()
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        let mut needles = Needles::default();
        needles.add("password", "correct horse");
        assert_eq!(needles.secrets(), 1);
        for hay in [
            String::from("x correct horse y"),
            String::from("CORRECT HORSE").to_lowercase(),
            HEXLOWER.encode(b"--correct horse"),
            HEXUPPER.encode(b"correct horse--"),
        ] {
            assert!(found(&needles, &hay), "{hay}");
        }
        for before in ["", "a", "ab", "abc", "abcd"] {
            let text = format!("{before}correct horse{before}");
            assert!(found(&needles, BASE64_NOPAD.encode(text.as_bytes())), "{before:?}");
            assert!(found(&needles, BASE64URL_NOPAD.encode(text.as_bytes())), "{before:?}");
        }
        assert!(!found(&needles, "correct house"));
        assert!(!found(&needles, ""));
    }

    #[test]
    fn a_token_is_found_without_its_shell() {
        let mut needles = Needles::default();
        needles.add_token("session token", TOKEN);
        assert!(found(&needles, TOKEN));
        assert!(found(&needles, &TOKEN[6..49]));
        assert!(found(&needles, &TOKEN[14..30]));
        assert!(!found(&needles, &TOKEN[15..30]));
        let number = base_62_number(&TOKEN[6..49]).unwrap();
        assert!(found(&needles, number));
        assert!(found(&needles, HEXLOWER.encode(&number)));
    }

    #[test]
    fn numbers_of_base_62_are_written_and_read() {
        let bytes: [u8; 32] = std::array::from_fn(|place| u8::try_from(place * 7 + 3).unwrap());
        let text = base_62_text(&bytes, 43).unwrap();
        assert_eq!(text.len(), 43);
        assert_eq!(base_62_number(&text).unwrap()[1..], bytes);
        assert_eq!(base_62_text(&[255; 33], 43), None);
        assert_eq!(base_62_number("?"), None);
    }
}
