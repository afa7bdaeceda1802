//! Asks the sources for one setting after the other, and keeps a list of everything that is wrong.

use std::path::Path;

use serde_json::Value;

use super::problem::Problem;
use super::source::{Given, Origin, Raw, Sources, read_secret};
use super::value::Setting;

/// One setting as it counts, for `config print`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Effective {
    /// The path of the setting.
    pub(crate) path: String,
    /// The value; of a secret only what may be shown. `None` when it is not set and has no default.
    pub(crate) value: Option<Value>,
    /// Where it stands; `None` for a default.
    pub(crate) from: Option<String>,
}

/// Reads settings from the sources. Wrong ones become problems, and reading goes on with their defaults.
pub(crate) struct Reader {
    sources: Sources,
    known: Vec<String>,
    effective: Vec<Effective>,
    problems: Vec<Problem>,
}

impl Reader {
    pub(crate) fn new(sources: Sources, problems: Vec<Problem>) -> Self {
        Self { sources, known: Vec::new(), effective: Vec::new(), problems }
    }

    /// The value of a setting that has no default.
    pub(crate) fn optional<T: Setting>(&mut self, path: &str) -> Option<T> {
        let found = self.find(path);
        self.note(
            path,
            found.as_ref().map(|(value, _)| Setting::show(value)),
            found.as_ref().map(|(_, from)| from),
        );
        found.map(|(value, _)| value)
    }

    /// The value of a setting, or its default.
    pub(crate) fn or<T: Setting>(&mut self, path: &str, default: T) -> T {
        self.checked(path, default, |_| Ok(()))
    }

    /// The value of a setting if it passes the check, or its default. The error of the check says what the
    /// value must be.
    pub(crate) fn checked<T: Setting>(
        &mut self,
        path: &str,
        default: T,
        check: impl FnOnce(&T) -> Result<(), String>,
    ) -> T {
        let found = self.find::<T>(path).and_then(|(value, from)| match check(&value) {
            Ok(()) => Some((value, from)),
            Err(must) => {
                self.refuse(path, &from, &must);
                None
            }
        });
        let (value, from) = match found {
            Some((value, from)) => (value, Some(from)),
            None => (default, None),
        };
        self.note(path, Some(value.show()), from.as_ref());
        value
    }

    /// Records that a value cannot be used for a reason of its own.
    pub(crate) fn object(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Where the setting was given, if it was.
    pub(crate) fn origin(&self, path: &str) -> Option<&Origin> {
        let file = format!("{path}_file");
        let here = self.sources.given.get(path).or_else(|| self.sources.given.get(&file));
        here.map(|given| &given.from)
    }

    /// Everything that was asked for, and all problems, unknown settings among them.
    pub(crate) fn finish(mut self) -> (Vec<Effective>, Vec<Problem>) {
        let mut unknown = Vec::new();
        for (path, given) in &self.sources.given {
            let section = format!("{path}.");
            let is_section = self.known.iter().any(|known| known.starts_with(&section));
            let names_it = matches!(given.raw, Raw::EmptySection);
            if self.known.contains(path) || (is_section && names_it) {
                continue;
            }
            let problem =
                if is_section { "is a section, not a setting" } else { "is not a setting" };
            unknown.push(
                Problem::wrong(path, Some(&given.from), problem)
                    .with_fix(self.suggestion(path).unwrap_or_default()),
            );
        }
        self.problems.append(&mut unknown);
        (self.effective, self.problems)
    }

    fn find<T: Setting>(&mut self, path: &str) -> Option<(T, Origin)> {
        self.known.push(path.to_owned());
        let (raw, from) = if T::SECRET { self.secret(path)? } else { self.plain(path)? };
        match T::from_raw(&raw) {
            Ok(value) => Some((value, from)),
            Err(must) => {
                self.refuse(path, &from, &must);
                None
            }
        }
    }

    fn plain(&self, path: &str) -> Option<(Raw, Origin)> {
        self.sources.given.get(path).map(|given| (given.raw.clone(), given.from.clone()))
    }

    /// A secret stands in the setting itself, or in the file that `<setting>_file` names.
    fn secret(&mut self, path: &str) -> Option<(Raw, Origin)> {
        let file_path = format!("{path}_file");
        self.known.push(file_path.clone());
        let here = self.sources.given.get(path);
        let file = self.sources.given.get(&file_path);
        let rank = |given: &Given| given.from.rank();
        let file = match (here, file) {
            (None, None) => return None,
            (Some(here), None) => return Some((here.raw.clone(), here.from.clone())),
            (Some(here), Some(file)) if rank(here) > rank(file) => {
                return Some((here.raw.clone(), here.from.clone()));
            }
            (Some(here), Some(file)) if rank(here) == rank(file) => {
                let problem = format!("is set twice, here and in `{file_path}`");
                let problem = Problem::wrong(path, Some(&here.from), problem)
                    .with_fix("Keep one of the two.");
                self.problems.push(problem);
                return None;
            }
            (_, Some(file)) => file.clone(),
        };
        let (Raw::Untyped(name) | Raw::Text(name)) = &file.raw else {
            self.refuse(&file_path, &file.from, "the path of a file");
            return None;
        };
        match read_secret(Path::new(name)) {
            Ok(secret) => Some((Raw::Untyped(secret), file.from)),
            Err(reason) => {
                let problem = format!("names a file that cannot be used: {reason}");
                self.problems.push(Problem::wrong(&file_path, Some(&file.from), problem));
                None
            }
        }
    }

    fn refuse(&mut self, path: &str, from: &Origin, must: &str) {
        let problem = Problem::wrong(path, Some(from), format!("must be {must}"));
        self.problems.push(problem);
    }

    fn note(&mut self, path: &str, value: Option<Value>, from: Option<&Origin>) {
        let from = from.map(ToString::to_string);
        self.effective.push(Effective { path: path.to_owned(), value, from });
    }

    /// The known settings that somebody may have meant.
    fn suggestion(&self, path: &str) -> Option<String> {
        let section = format!("{path}.");
        let inside: Vec<&str> = self
            .known
            .iter()
            .filter(|known| known.starts_with(&section))
            .map(String::as_str)
            .collect();
        if !inside.is_empty() {
            return Some(format!("Its settings are {}.", inside.join(", ")));
        }
        let distance = |known: &&String| edits(path, known);
        let nearest = self.known.iter().min_by_key(distance)?;
        (edits(path, nearest) <= 1 + path.len() / 4).then(|| format!("Did you mean {nearest}?"))
    }
}

/// How many letters must be changed, added or removed to make one word of the other.
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use durward::Secret;
    use serde_json::json;

    use super::super::source::FlagValue;
    use super::*;

    fn reader(values: &[(&str, &str)]) -> Reader {
        let flags = values.iter().map(|(path, value)| FlagValue {
            path: (*path).to_owned(),
            value: (*value).to_owned(),
            flag: format!("--set {path}"),
        });
        let (sources, problems) = Sources::collect(None, [], flags.collect());
        Reader::new(sources, problems)
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let mut reader = reader(&[("idle", "soon"), ("count", "-1"), ("cuont", "1"), ("x.y", "1")]);
        assert_eq!(reader.or("idle", Duration::from_secs(1)), Duration::from_secs(1));
        assert_eq!(reader.or("count", 7_u32), 7);
        let (_, problems) = reader.finish();
        let told: Vec<(&str, &str)> = problems
            .iter()
            .map(|problem| (problem.setting.as_str(), problem.fix.as_str()))
            .collect();
        assert_eq!(
            told,
            [("idle", ""), ("count", ""), ("cuont", "Did you mean count?"), ("x.y", "")]
        );
        assert_eq!(problems[2].source.as_deref(), Some("--set cuont"));
    }

    #[test]
    fn a_section_is_no_setting() {
        let mut reader = reader(&[("database", "sqlite:x")]);
        reader.optional::<String>("database.url");
        let (_, problems) = reader.finish();
        assert_eq!(problems[0].flaw, "is a section, not a setting");
        assert_eq!(problems[0].fix, "Its settings are database.url.");
    }

    #[test]
    fn a_secret_may_stand_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        std::fs::write(&path, "from the file\n").unwrap();
        let mut good = reader(&[("keys_file", path.to_str().unwrap())]);
        let found: Option<Secret<String>> = good.optional("keys");
        assert_eq!(found, Some(Secret::new("from the file".into())));
        let (effective, problems) = good.finish();
        assert_eq!(problems, []);
        assert_eq!(effective[0].value, Some(json!("***")));

        let mut twice = reader(&[("keys_file", path.to_str().unwrap()), ("keys", "hunter2")]);
        assert_eq!(twice.optional::<Secret<String>>("keys"), None);
        assert!(twice.finish().1[0].flaw.contains("twice"));

        let mut absent = reader(&[("keys_file", "/nowhere/keys")]);
        assert_eq!(absent.optional::<Secret<String>>("keys"), None);
        assert!(absent.finish().1[0].flaw.ends_with("no such file or directory"));
    }

    #[test]
    fn a_variable_wins_over_the_secret_file_that_the_file_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("durward.toml");
        std::fs::write(&path, "keys_file = '/nowhere'\n").unwrap();
        let environment = [("DURWARD_KEYS".into(), "from the environment".into())];
        let (sources, problems) = Sources::collect(Some(&path), environment, Vec::new());
        let mut reader = Reader::new(sources, problems);
        let found: Option<Secret<String>> = reader.optional("keys");
        assert_eq!(found, Some(Secret::new("from the environment".into())));
        assert_eq!(reader.finish().1, []);
    }

    #[test]
    fn edits_are_counted() {
        for (one, other, count) in
            [("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 2), ("kitten", "sitting", 3)]
        {
            assert_eq!(edits(one, other), count);
        }
    }
}
