//! What is missing or wrong, each with what to do about it.

use std::fmt::{self, Write as _};

use serde::Serialize;

/// One setting that is missing or wrong. Never shows a value: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// The path of the setting, such as `database.url`; empty for a source as a whole.
    pub(crate) setting: String,
    /// Where the value came from, if there is one.
    pub(crate) source: Option<String>,
    /// What is wrong.
    #[serde(rename = "problem")]
    pub(crate) flaw: String,
    /// What to do; empty where the flaw says it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) fix: String,
}

impl Problem {
    /// A setting that has a value, but not one that can be used.
    pub(crate) fn wrong(
        setting: &str,
        source: Option<&dyn fmt::Display>,
        flaw: impl Into<String>,
    ) -> Self {
        Self {
            setting: setting.to_owned(),
            source: source.map(ToString::to_string),
            flaw: flaw.into(),
            fix: String::new(),
        }
    }

    /// A setting without which the command cannot run.
    pub(crate) fn missing(setting: &str, fix: impl Into<String>) -> Self {
        Self {
            setting: setting.to_owned(),
            source: None,
            flaw: String::from("is not set"),
            fix: fix.into(),
        }
    }

    /// The same problem with advice.
    pub(crate) fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }
}

/// Everything that is missing or wrong, all at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = match self.0.len() {
            1 => String::from("One setting is"),
            many => format!("{many} settings are"),
        };
        writeln!(f, "{count} missing or wrong:")?;
        for Problem { setting, source, flaw, fix } in &self.0 {
            let mut line = String::new();
            if !setting.is_empty() {
                write!(line, "{setting} ")?;
            }
            if let Some(source) = source {
                write!(line, "({source}) ")?;
            }
            writeln!(f, "\n  {line}{flaw}")?;
            for line in fix.lines() {
                writeln!(f, "      {line}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_listed_with_source_and_advice() {
        let problems = Problems(vec![
            Problem::missing("keys", "Make one:\ndurward keys generate"),
            Problem::wrong("listen", Some(&"DURWARD_LISTEN"), "must be an address"),
        ]);
        let expected = "2 settings are missing or wrong:\n\
            \n  keys is not set\n      Make one:\n      durward keys generate\n\
            \n  listen (DURWARD_LISTEN) must be an address\n";
        assert_eq!(problems.to_string(), expected);
    }
}
