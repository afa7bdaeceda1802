use super::characters::{is_bidi_control, is_invisible, is_line_separator};

/// Why somebody does what he must account for: one line that is kept in the audit log for as long as that is, so
/// it names no secrets, and people only as far as it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// The length limit, in code points.
    pub const MAX_CHARACTERS: u32 = 500;

    /// Reads a reason from outside: one line with something to read in it (R-EM-05). Spaces at both ends are
    /// dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = !text.is_empty() && text.chars().nth(Self::MAX_CHARACTERS as usize).is_none();
        let forbidden = |c: char| {
            c.is_control() || is_line_separator(c) || is_bidi_control(c) || is_invisible(c)
        };
        (fits && !text.contains(forbidden)).then(|| Self(text.to_owned()))
    }

    /// The reason as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_can_be_read() {
        // R-EM-05
        assert_eq!(Reason::parse(" Ticket 4711 ").unwrap().as_str(), "Ticket 4711");
        assert!(Reason::parse(&"x".repeat(500)).is_some());
        let long = "x".repeat(501);
        for wrong in ["", "  ", "a\nb", "a\u{202E}b", "\u{200B}", "a\0", &long] {
            assert!(Reason::parse(wrong).is_none(), "{wrong:?}");
        }
    }
}
