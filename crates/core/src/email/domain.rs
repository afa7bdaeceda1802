use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;

use super::{EmailError, EmailRules};
use crate::text::characters::{is_of_a_word, marks_have_a_base, mixes_digits};

const MAX_LABEL_OCTETS: usize = 63;

/// A domain in lower case, once as the DNS knows it and once as people read it.
///
/// Its limit of 255 octets (RFC 5321, 4.5.3.1.2) is wider than that of the whole address.
pub(super) struct Domain {
    pub(super) ascii: String,
    pub(super) unicode: String,
}

impl Domain {
    /// Checks the text after the `@`, in NFC.
    pub(super) fn parse(text: &str, rules: EmailRules) -> Result<Self, EmailError> {
        if text.is_empty() {
            return Err(EmailError::DomainMissing);
        }
        if text.starts_with('[') {
            return Err(EmailError::DomainLiteral);
        }
        text.split('.').try_for_each(check_label)?;
        let domain = if text.is_ascii() && !text.split('.').any(is_encoded) {
            let ascii = text.to_ascii_lowercase();
            Self { unicode: ascii.clone(), ascii }
        } else {
            Self::international(text)?
        };
        if domain.ascii.split('.').any(|label| label.len() > MAX_LABEL_OCTETS) {
            return Err(EmailError::DomainLabelTooLong);
        }
        let top = domain.ascii.rsplit_once('.').map(|(_, top)| top);
        if top.is_none() && !rules.allow_local_domains {
            return Err(EmailError::DomainWithoutDot);
        }
        if is_number(top.unwrap_or(&domain.ascii)) {
            return Err(EmailError::DomainNumeric);
        }
        Ok(domain)
    }

    /// UTS #46 (non-transitional) narrowed to IDNA2008: besides lower-casing nothing may be mapped, and
    /// the encoded form must be the encoding of what it decodes to (R-EM-02).
    fn international(text: &str) -> Result<Self, EmailError> {
        let ascii = to_ascii(text).ok_or(EmailError::DomainNotIdna)?;
        let unicode = to_unicode(&ascii).ok_or(EmailError::DomainNotIdna)?;
        if to_ascii(&unicode).is_none_or(|again| again != ascii) {
            return Err(EmailError::DomainNotIdna);
        }
        let mapped = |(typed, label): (&str, &str)| {
            !is_encoded(typed) && typed.chars().flat_map(char::to_lowercase).nfc().ne(label.chars())
        };
        if text.split('.').zip(unicode.split('.')).any(mapped) {
            return Err(EmailError::MappedCharacter);
        }
        if unicode.split('.').all(is_idna2008) {
            Ok(Self { ascii, unicode })
        } else {
            Err(EmailError::DomainNotIdna)
        }
    }
}

/// Whether the label is, or claims to be, an A-label (RFC 5890, 2.3.2.1).
pub(super) fn is_encoded(label: &str) -> bool {
    label.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("xn--"))
}

fn check_label(label: &str) -> Result<(), EmailError> {
    if label.is_empty() {
        return Err(EmailError::DomainDots);
    }
    if label.chars().any(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '-') {
        return Err(EmailError::DomainCharacter);
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(EmailError::DomainHyphen);
    }
    Ok(())
}

/// A host whose last label is a number, also a hexadecimal one, is taken for an IPv4 address by many
/// programs (WHATWG URL, "ends in a number").
fn is_number(label: &str) -> bool {
    let hexadecimal = |digits: &str| digits.bytes().all(|b| b.is_ascii_hexdigit());
    label.bytes().all(|b| b.is_ascii_digit()) || label.strip_prefix("0x").is_some_and(hexadecimal)
}

fn to_ascii(domain: &str) -> Option<String> {
    Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Ignore,
        )
        .ok()
        .map(String::from)
}

fn to_unicode(domain: &str) -> Option<String> {
    let (unicode, result) =
        Uts46::new().to_unicode(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    result.ok().map(|()| unicode.into_owned())
}

/// What IDNA2008 (RFC 5892) forbids and UTS #46 leaves: symbols, punctuation and emoji. Of the
/// contextual rules (appendix A), UTS #46 has checked those of the joiners.
fn is_idna2008(label: &str) -> bool {
    if label.is_ascii() {
        return true;
    }
    let letters: Vec<char> = label.chars().collect();
    let in_place = |(at, &c): (usize, &char)| {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(at + 1);
        match c {
            // Catalan: paral·lel.
            '\u{B7}' => before == Some(&'l') && after == Some(&'l'),
            // Hebrew geresh and gershayim.
            '\u{5F3}' | '\u{5F4}' => before.is_some_and(|c| matches!(c, '\u{5D0}'..='\u{5EA}')),
            // Katakana middle dot.
            '\u{30FB}' => letters.iter().copied().any(is_japanese),
            '\u{200C}' | '\u{200D}' => true,
            // Letters by their category, excluded by RFC 5892, 2.6.
            '\u{640}'
            | '\u{7FA}'
            | '\u{302E}'
            | '\u{302F}'
            | '\u{3031}'..='\u{3035}'
            | '\u{303B}' => false,
            _ => c.is_ascii() || is_of_a_word(c),
        }
    };
    letters.iter().enumerate().all(in_place) && marks_have_a_base(label) && !mixes_digits(label)
}

const fn is_japanese(c: char) -> bool {
    matches!(
        c,
        '\u{3041}'..='\u{3096}'
            | '\u{30A1}'..='\u{30FA}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}'
            | '\u{20000}'..='\u{323AF}'
    )
}
