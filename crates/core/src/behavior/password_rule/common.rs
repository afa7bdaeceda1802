use std::cmp::Ordering;

use super::form::{Form, repeated_part};

/// Common passwords, one in a line, in the order of their bytes; `docs/third-party.md` says whose.
const LIST: &str = include_str!("../common_passwords.txt");
/// No line of the list is longer.
const LONGEST: usize = 20;

/// Phrases that everyone who is asked for a long password thinks of; letters only.
const FAMOUS: [&str; 26] = [
    "abandonhopeallyewhoenterhere",
    "allyourbasearebelongtous",
    "areyoukiddingme",
    "correcthorsebatterystaple",
    "correctbatteryhorsestaple",
    "happybirthdaytoyou",
    "helloworld",
    "idontknowmypassword",
    "ihatepasswords",
    "iloveyouforever",
    "iloveyousomuch",
    "iloveyouverymuch",
    "inthebeginningwastheword",
    "liveandletdie",
    "longlivetheking",
    "maytheforcebewithyou",
    "mypassword",
    "onceuponatime",
    "openthedoor",
    "thequickbrownfox",
    "thequickbrownfoxjumpsoverthelazydog",
    "thisisapassword",
    "thisismypassword",
    "tobeornottobe",
    "tobeornottobethatisthequestion",
    "twinkletwinklelittlestar",
];

/// Whether this is a common password, alone, repeated, or between digits and punctuation.
pub(super) fn is_common(form: &Form) -> bool {
    form.readings().any(|text| is_padded(text) || repeated_part(text).is_some_and(is_padded))
        || is_one_word_again_and_again(form.lower())
}

/// Whether a listed password stands there with nothing but digits and punctuation around it.
fn is_padded(text: &[char]) -> bool {
    let is_letter = |c: &char| c.is_alphabetic();
    let (Some(first), Some(last)) =
        (text.iter().position(is_letter), text.iter().rposition(is_letter))
    else {
        return is_listed(text);
    };
    let core = &text[first..=last];
    if is_famous(core) || repeated_part(core).is_some_and(is_listed) {
        return true;
    }
    // Listed passwords have digits at their ends too, so each extent around the letters counts.
    (0..=first).rev().take_while(|start| last - start < LONGEST).any(|start| {
        (last..text.len())
            .take_while(|end| end - start < LONGEST)
            .any(|end| is_listed(&text[start..=end]))
    })
}

/// Whether all words in the text are the same one, and listed.
fn is_one_word_again_and_again(text: &[char]) -> bool {
    let mut words = text.split(|c| !c.is_alphabetic()).filter(|word| !word.is_empty());
    words.next().is_some_and(|first| {
        words.all(|word| word == first) && (is_listed(first) || is_famous(first))
    })
}

fn is_famous(text: &[char]) -> bool {
    FAMOUS.iter().any(|phrase| phrase.chars().eq(text.iter().copied()))
}

/// Looks the text up by halving the list, without splitting it into lines first.
fn is_listed(text: &[char]) -> bool {
    let list = LIST.as_bytes();
    let is_end = |byte: &u8| *byte == b'\n';
    let (mut low, mut high) = (0, list.len());
    while low < high {
        let middle = low.midpoint(high);
        let start = list[low..middle].iter().rposition(is_end).map_or(low, |at| low + at + 1);
        let end = list[middle..].iter().position(is_end).map_or(list.len(), |at| middle + at);
        let line = list[start..end].iter().map(|byte| char::from(*byte));
        match line.cmp(text.iter().copied()) {
            Ordering::Less => low = end + 1,
            Ordering::Equal => return true,
            Ordering::Greater => high = start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[test]
    fn the_list_is_sorted_lower_case_and_has_lines_of_the_stated_length() {
        let lines: Vec<&str> = LIST.lines().collect();
        assert!(lines.len() > 10_000);
        assert!(lines.is_sorted_by(|a, b| a < b));
        assert_eq!(lines.iter().map(|line| line.len()).max(), Some(LONGEST));
        for line in lines {
            assert!(
                line.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase()),
                "{line}"
            );
        }
    }

    #[test]
    fn every_line_is_found_and_its_neighbours_are_not() {
        for line in LIST.lines() {
            assert!(is_listed(&chars(line)), "{line}");
            assert!(!is_listed(&chars(&format!("{line}\u{1}"))), "{line}");
        }
        for absent in
            ["", "\n", "!", "zzzzzzzzzzzzzzzzzzzzzzzzz", "123456\n", "pässword", "\u{10ffff}"]
        {
            assert!(!is_listed(&chars(absent)), "{absent:?}");
        }
    }

    #[test]
    fn famous_phrases_are_letters_only() {
        for phrase in FAMOUS {
            assert!(phrase.bytes().all(|b| b.is_ascii_lowercase()), "{phrase}");
        }
    }
}
