use unicode_normalization::UnicodeNormalization;

use super::form::Form;

/// Whether the password consists of words from these texts, however often and in whatever order, and
/// of digits and punctuation.
///
/// Letters that are less than a third of the password are no words: among many random characters
/// there are always some.
pub(super) fn is_made_of<'a>(form: &Form, texts: impl Iterator<Item = &'a str>) -> bool {
    let letters = form.letters();
    let letters = letters.expose();
    if letters.is_empty() || letters.len() * 3 < form.lower().len() {
        return false;
    }
    let words: Vec<Vec<char>> = texts.flat_map(words).collect();
    let mut reached = vec![false; letters.len() + 1];
    reached[0] = true;
    for at in 0..letters.len() {
        if !reached[at] {
            continue;
        }
        for word in words.iter().filter(|word| letters[at..].starts_with(word)) {
            reached[at + word.len()] = true;
        }
    }
    reached[letters.len()]
}

/// The runs of letters in a text, normalised and folded as passwords are.
fn words(text: &str) -> Vec<Vec<char>> {
    let text: Vec<char> = text.nfkc().flat_map(char::to_lowercase).collect();
    text.split(|c| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .map(<[char]>::to_vec)
        .collect()
}
