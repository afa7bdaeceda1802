//! What commands say: text for people, or one JSON document.

use std::fmt;
use std::io::{self, Write};

use serde_json::Value;

/// For whom a command speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// For people: results to the output, errors to the error output.
    Text,
    /// For programs: one JSON document to the output, whatever happens.
    Json,
}

impl Output {
    /// Says a result. A reader that went away is no failure of the command.
    pub(crate) fn result(self, json: &Value, text: &dyn fmt::Display) {
        let _gone = match self {
            Self::Json => writeln!(io::stdout().lock(), "{json:#}"),
            Self::Text => write!(io::stdout().lock(), "{text}"),
        };
    }

    /// Says why there is no result.
    pub(crate) fn error(self, json: &Value, text: &dyn fmt::Display) {
        let _gone = match self {
            Self::Json => writeln!(io::stdout().lock(), "{json:#}"),
            Self::Text => write!(io::stderr().lock(), "{text}"),
        };
    }
}
