//! How commands end, and what the shell is told.

use std::fmt;
use std::process::ExitCode;

use serde_json::json;

use crate::config::Problems;
use crate::output::Output;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Settings are missing or wrong; nothing was begun.
    Settings(Problems),
    /// Something else went wrong.
    Failed(anyhow::Error),
    /// Something went wrong that the answer of the command has told already.
    Told,
}

impl Failure {
    /// Tells it, and answers the exit code: 1 for a failure, 2 for wrong usage or settings.
    pub(crate) fn report(&self, output: Output) -> ExitCode {
        match self {
            Self::Settings(problems) => {
                output.error(&json!({ "ok": false, "problems": problems }), problems);
                ExitCode::from(2)
            }
            Self::Failed(error) => {
                let text = format!("{error:#}");
                output.error(
                    &json!({ "ok": false, "error": text }),
                    &format_args!("error: {text}\n"),
                );
                ExitCode::from(1)
            }
            Self::Told => ExitCode::from(1),
        }
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Settings(problems)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(problems) => problems.fmt(f),
            Self::Failed(error) => write!(f, "{error:#}"),
            Self::Told => Ok(()),
        }
    }
}
