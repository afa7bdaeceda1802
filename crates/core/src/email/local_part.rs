use std::iter;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::is_nfkc;
use unicode_security::{RestrictionLevel, RestrictionLevelDetection};

use super::{EmailError, EmailRules};
use crate::text::characters::{is_of_a_word, marks_have_a_base, mixes_digits};

const MAX_OCTETS: usize = 64;

/// Checks the text before the `@`, in NFC, and gives the form by which it is compared.
pub(super) fn fold(local: &str, rules: EmailRules) -> Result<String, EmailError> {
    if local.is_empty() {
        return Err(EmailError::LocalPartMissing);
    }
    if local.starts_with('"') {
        return Err(EmailError::LocalPartQuoted);
    }
    if local.len() > MAX_OCTETS {
        return Err(EmailError::LocalPartTooLong);
    }
    if local.split('.').any(str::is_empty) {
        return Err(EmailError::LocalPartDots);
    }
    if local.chars().any(|c| c.is_ascii() && !is_atext(c) && c != '.') {
        return Err(EmailError::LocalPartCharacter);
    }
    if local.is_ascii() {
        return Ok(local.to_ascii_lowercase());
    }
    if !rules.allow_international_local_parts {
        return Err(EmailError::LocalPartNotAscii);
    }
    fold_international(local)
}

/// `atext` of RFC 5322, 3.2.3.
const fn is_atext(c: char) -> bool {
    matches!(
        c,
        'a'..='z' | 'A'..='Z' | '0'..='9'
            | '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '/'
            | '=' | '?' | '^' | '_' | '`' | '{' | '|' | '}' | '~'
    )
}

fn fold_international(local: &str) -> Result<String, EmailError> {
    check_profile(local)?;
    let folded: String = case_fold(local.chars()).nfc().collect();
    check_profile(&folded)?;
    if folded.len() > MAX_OCTETS {
        return Err(EmailError::LocalPartTooLong);
    }
    Ok(folded)
}

/// The profile for local parts of UTS #39, 3.3: NFKC, letters fit for identifiers, one script (or one
/// of the East Asian ones with Latin), one kind of digits. That leaves no mix of directions either.
fn check_profile(local: &str) -> Result<(), EmailError> {
    if !local.chars().all(|c| c.is_ascii() || is_of_a_word(c)) || !marks_have_a_base(local) {
        return Err(EmailError::LocalPartCharacter);
    }
    if !is_nfkc(local) || local.chars().any(folds_to_ascii) {
        return Err(EmailError::MappedCharacter);
    }
    let without_symbols: String = local.chars().filter(|c| !c.is_ascii_punctuation()).collect();
    match without_symbols.detect_restriction_level() {
        RestrictionLevel::ASCIIOnly
        | RestrictionLevel::SingleScript
        | RestrictionLevel::HighlyRestrictive => {}
        RestrictionLevel::ModeratelyRestrictive | RestrictionLevel::MinimallyRestrictive => {
            return Err(EmailError::LocalPartMixed);
        }
        RestrictionLevel::Unrestricted => return Err(EmailError::LocalPartCharacter),
    }
    if mixes_digits(local) { Err(EmailError::LocalPartMixed) } else { Ok(()) }
}

/// Full case folding. Upper case in between makes both forms of sigma one.
fn case_fold(text: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    text.flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// `ß` becomes `ss`, dotless `ı` becomes `i`: some systems on the way take such pairs for one.
fn folds_to_ascii(c: char) -> bool {
    !c.is_ascii() && case_fold(iter::once(c)).nfc().any(|folded| folded.is_ascii())
}
