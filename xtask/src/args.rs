use std::str::FromStr;

use anyhow::{Result, anyhow, bail};

/// The arguments of one command, taken out one by one; what is left at the end was not understood.
pub(crate) struct Args(Vec<String>);

impl Args {
    /// The arguments after the command.
    pub(crate) fn new(arguments: impl IntoIterator<Item = String>) -> Self {
        Self(arguments.into_iter().collect())
    }

    /// Whether a flag was given.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|argument| argument != name);
        self.0.len() < before
    }

    /// The value after an option, as `--rounds 5` or `--rounds=5`.
    pub(crate) fn value<T: FromStr>(&mut self, name: &str) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_unfit| anyhow!("{name} does not take the value {text:?}"))
    }

    /// All that is left, for somebody else to understand.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        std::mem::take(&mut self.0)
    }

    /// Refuses what nobody asked for.
    pub(crate) fn finish(self) -> Result<()> {
        match self.0.first() {
            Some(unknown) => bail!("{unknown:?} is not understood; see cargo xtask help"),
            None => Ok(()),
        }
    }

    fn text(&mut self, name: &str) -> Result<Option<String>> {
        let prefix = format!("{name}=");
        if let Some(place) = self.0.iter().position(|argument| argument.starts_with(&prefix)) {
            return Ok(Some(self.0.remove(place).split_off(prefix.len())));
        }
        let Some(place) = self.0.iter().position(|argument| argument == name) else {
            return Ok(None);
        };
        if place + 1 >= self.0.len() {
            bail!("{name} needs a value");
        }
        self.0.remove(place);
        Ok(Some(self.0.remove(place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Args {
        Args::new(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_taken_in_any_order_and_both_spellings() {
        let mut given = args("--rounds=5 --quick --engine sqlite");
        assert_eq!(given.value::<u32>("--rounds").unwrap(), Some(5));
        assert_eq!(given.value::<String>("--engine").unwrap().as_deref(), Some("sqlite"));
        assert!(given.flag("--quick"));
        assert!(!given.flag("--quick"));
        assert!(given.finish().is_ok());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(args("--rounds").value::<u32>("--rounds").is_err());
        assert!(args("--rounds many").value::<u32>("--rounds").is_err());
        assert_eq!(args("").value::<u32>("--rounds").unwrap(), None);
        assert!(args("--fast").finish().is_err());
    }
}
