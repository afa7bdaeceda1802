use crate::password::Password;
use crate::secret::Secret;

/// A password as the rule looks at it: without letter case.
pub(super) struct Form {
    lower: Secret<Vec<char>>,
    squeezed: Secret<Vec<char>>,
}

impl Form {
    pub(super) fn of(password: &Password) -> Self {
        // Never grows: a vector that moved would leave a copy behind.
        let mut lower = Vec::with_capacity(password.expose().len());
        lower.extend(password.expose().chars().flat_map(char::to_lowercase));
        let mut squeezed = Vec::with_capacity(lower.len());
        squeezed.extend(lower.iter().copied().filter(|c| c.is_alphanumeric()));
        Self { lower: Secret::new(lower), squeezed: Secret::new(squeezed) }
    }

    /// Every character, in lower case.
    pub(super) fn lower(&self) -> &[char] {
        self.lower.expose()
    }

    /// The texts that a reader would take for this password: all of it, and the letters and digits
    /// alone, unless they are the smaller part.
    pub(super) fn readings(&self) -> impl Iterator<Item = &[char]> {
        let squeezed = self.squeezed.expose();
        let counts = squeezed.len() * 2 >= self.lower().len();
        [Some(self.lower()), counts.then_some(squeezed.as_slice())].into_iter().flatten()
    }

    /// The letters alone.
    pub(super) fn letters(&self) -> Secret<Vec<char>> {
        let mut letters = Vec::with_capacity(self.lower().len());
        letters.extend(self.lower().iter().copied().filter(|c| c.is_alphabetic()));
        Secret::new(letters)
    }
}

/// The shortest part that, repeated at least twice and perhaps cut off at the end, gives the text.
pub(super) fn repeated_part(text: &[char]) -> Option<&[char]> {
    (1..=text.len() / 2)
        .find(|period| text[*period..] == text[..text.len() - period])
        .map(|period| &text[..period])
}
