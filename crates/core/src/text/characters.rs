//! What single characters may do to the text around them.

use std::iter;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Whether the character changes the direction of text (UAX #9, `Bidi_Control`).
pub(crate) const fn is_bidi_control(c: char) -> bool {
    matches!(
        c,
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    )
}

/// Whether the character begins a new line without being a control character.
pub(crate) const fn is_line_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether the character is usually drawn as nothing (`Default_Ignorable_Code_Point`).
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFF8}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Whether no character has this number: unassigned, private use, or never to be assigned.
pub(crate) fn is_unassigned(c: char) -> bool {
    matches!(c.general_category(), GeneralCategory::Unassigned | GeneralCategory::PrivateUse)
}

/// Whether the character is a letter, a decimal digit or a mark on one: what a word is made of.
pub(crate) fn is_of_a_word(c: char) -> bool {
    match c.general_category_group() {
        GeneralCategoryGroup::Letter => true,
        GeneralCategoryGroup::Mark => c.general_category() != GeneralCategory::EnclosingMark,
        GeneralCategoryGroup::Number => c.general_category() == GeneralCategory::DecimalNumber,
        GeneralCategoryGroup::Punctuation
        | GeneralCategoryGroup::Symbol
        | GeneralCategoryGroup::Separator
        | GeneralCategoryGroup::Other => false,
    }
}

/// Whether a character outside ASCII turns into ASCII when it is normalised (NFKC) or lower-cased, as
/// the Kelvin sign, full-width letters and `℀` do, or is read as the dot of a domain (R-EM-03).
pub(crate) fn stands_for_ascii(c: char) -> bool {
    if c.is_ascii() {
        return false;
    }
    let ideographic_full_stop = matches!(c, '\u{3002}' | '\u{FF61}');
    ideographic_full_stop
        || iter::once(c).flat_map(char::to_lowercase).nfkc().any(|mapped| mapped.is_ascii())
}

/// Whether the text counts with the digits of more than one script (UTS #39, 5.3).
pub(crate) fn mixes_digits(text: &str) -> bool {
    // The ten digits of a script stand together inside one row of sixteen.
    let mut rows = text.chars().filter(|c| is_digit(*c)).map(|digit| u32::from(digit) >> 4);
    rows.next().is_some_and(|first| rows.any(|row| row != first))
}

/// Whether every combining mark follows a letter, a digit or another mark.
pub(crate) fn marks_have_a_base(text: &str) -> bool {
    let before = iter::once(None).chain(text.chars().map(Some));
    before
        .zip(text.chars())
        .all(|(before, c)| !is_combining_mark(c) || before.is_some_and(is_of_a_word))
}

fn is_digit(c: char) -> bool {
    c.general_category() == GeneralCategory::DecimalNumber
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_become_ascii_are_found() {
        for c in ['\u{212A}', 'ａ', 'Ａ', '＠', '．', '。', '｡', '℀', 'İ', 'ſ', 'ﬁ', '²', '™', '…']
        {
            assert!(stands_for_ascii(c), "{c:?}");
        }
        for c in ['a', '@', 'é', 'ü', 'ß', 'ı', 'Å', 'ж', 'Σ', '中', 'ǰ', '\u{301}'] {
            assert!(!stands_for_ascii(c), "{c:?}");
        }
    }

    #[test]
    fn numbers_without_a_character_are_found() {
        for c in ['\u{378}', '\u{E000}', '\u{F8FF}', '\u{FFFE}', '\u{FDD0}', '\u{10FFFF}'] {
            assert!(is_unassigned(c), "{c:?}");
        }
        for c in ['a', ' ', '\n', '\u{A0}', '\u{3000}', 'é', '🦊', '葛', '\u{E0100}', '\u{200D}']
        {
            assert!(!is_unassigned(c), "{c:?}");
        }
    }

    #[test]
    fn words_have_letters_digits_and_marks() {
        for c in ['a', 'Z', '7', 'é', '中', 'ß', '٣', '\u{301}', 'ः', '\u{E0100}'] {
            assert!(is_of_a_word(c), "{c:?}");
        }
        for c in ['-', '+', '·', '☃', '🦊', '½', 'Ⅷ', '\u{20DD}', '\u{200D}', ' ', '\u{378}']
        {
            assert!(!is_of_a_word(c), "{c:?}");
        }
    }

    #[test]
    fn digits_of_two_scripts_are_a_mix() {
        assert!(!mixes_digits("no digits"));
        assert!(!mixes_digits("a1b2"));
        assert!(!mixes_digits("١٢٣"));
        assert!(mixes_digits("1٢"));
        assert!(mixes_digits("١۲"));
    }

    #[test]
    fn a_mark_needs_something_to_stand_on() {
        assert!(marks_have_a_base("e\u{301}\u{302}x"));
        assert!(!marks_have_a_base("\u{301}e"));
        assert!(!marks_have_a_base("a+\u{301}"));
    }
}
