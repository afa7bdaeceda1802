//! Where settings come from: a TOML file, then the environment, then flags; the later one counts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Problems};

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In a file, at this line.
    File {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// In the environment.
    Variable(String),
    /// On the command line.
    Flag(String),
}

impl Origin {
    /// Of two values, the one of the higher rank counts.
    pub(crate) const fn rank(&self) -> u8 {
        match self {
            Self::File { .. } => 0,
            Self::Variable(_) => 1,
            Self::Flag(_) => 2,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A value before anybody asked for it with a type. It may be a secret, so it has no `Debug`.
#[derive(Clone, PartialEq)]
pub(crate) enum Raw {
    /// Text of the environment or of a flag, which may stand for any type.
    Untyped(String),
    /// A string of the file.
    Text(String),
    /// An integer of the file.
    Integer(i64),
    /// A boolean of the file.
    Boolean(bool),
    /// An array of the file.
    List(Vec<Raw>),
    /// An empty table of the file: it names a section and sets nothing.
    EmptySection,
    /// Something that no setting takes.
    Other,
}

/// A value and where it stands.
#[derive(Clone, PartialEq)]
pub(crate) struct Given {
    /// The value.
    pub(crate) raw: Raw,
    /// Where it stands.
    pub(crate) from: Origin,
}

/// A setting from the command line.
#[derive(Clone)]
pub(crate) struct FlagValue {
    /// The path of the setting.
    pub(crate) path: String,
    /// Its value.
    pub(crate) value: String,
    /// The flag, as it was written.
    pub(crate) flag: String,
}

/// All values that were given, by the path of their setting; of each path the one that counts.
#[derive(Default)]
pub(crate) struct Sources {
    pub(crate) given: BTreeMap<String, Given>,
}

/// Variables with a short name of their own; the others are the path in capitals, with `__` for the dot.
const SHORT_NAMES: &[(&str, &str)] =
    &[("database_url", "database.url"), ("smtp_url", "smtp.url"), ("redis_url", "redis.url")];

impl Sources {
    /// Collects the values of all sources, and everything in them that cannot even be read.
    pub(crate) fn collect(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        flags: Vec<FlagValue>,
    ) -> (Self, Vec<Problem>) {
        let mut sources = Self::default();
        let mut problems = Vec::new();
        if let Some(path) = file {
            match fs::read_to_string(path) {
                Ok(text) => problems.extend(sources.add_file(path, &text).err()),
                Err(error) => problems.push(unreadable(path, &error)),
            }
        }
        for (name, value) in environment {
            problems.extend(sources.add_variable(&name, &value).err());
        }
        for FlagValue { path, value, flag } in flags {
            let given = Given { raw: Raw::Untyped(value), from: Origin::Flag(flag) };
            sources.given.insert(path, given);
        }
        (sources, problems)
    }

    fn add_file(&mut self, path: &Path, text: &str) -> Result<(), Problem> {
        // The error's own text quotes the line, and the line may hold a secret.
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            let from = Origin::File { path: path.to_owned(), line };
            Problem::wrong("", Some(&from), format!("is not TOML: {}", error.message()))
        })?;
        self.add_table(&File { path, text }, "", table.get_ref());
        Ok(())
    }

    fn add_table(&mut self, file: &File<'_>, parent: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = match parent {
                "" => key.get_ref().to_string(),
                parent => format!("{parent}.{}", key.get_ref()),
            };
            if let DeValue::Table(inner) = value.get_ref()
                && !inner.is_empty()
            {
                self.add_table(file, &path, inner);
                continue;
            }
            let line = line_of(file.text, key.span().start);
            let from = Origin::File { path: file.path.to_owned(), line };
            self.given.insert(path, Given { raw: raw(value.get_ref()), from });
        }
    }

    fn add_variable(&mut self, name: &OsString, value: &OsString) -> Result<(), Problem> {
        let Some(name) = name.to_str() else {
            return Ok(());
        };
        let Some(path) = path_of_variable(name) else {
            return Ok(());
        };
        let from = Origin::Variable(name.to_owned());
        let Some(value) = value.to_str() else {
            return Err(Problem::wrong(&path, Some(&from), "must be UTF-8"));
        };
        // Compose files and shells pass an unset variable on as an empty one.
        if !value.is_empty() {
            self.given.insert(path, Given { raw: Raw::Untyped(value.to_owned()), from });
        }
        Ok(())
    }
}

/// Which file is read: the one that was named, or `durward.toml` here if it exists.
pub(crate) fn file_to_read(named: Option<PathBuf>) -> Option<PathBuf> {
    named.or_else(|| {
        let usual = PathBuf::from("durward.toml");
        usual.exists().then_some(usual)
    })
}

/// Reads a file that holds one secret; the line break at its end does not count.
pub(crate) fn read_secret(path: &Path) -> Result<String, String> {
    const MOST: u64 = 64 * 1024;
    let size = fs::metadata(path).map_err(|error| reason(&error))?.len();
    if size > MOST {
        return Err(String::from("is longer than any secret"));
    }
    let text = fs::read_to_string(path).map_err(|error| reason(&error))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

impl From<Vec<Problem>> for Problems {
    fn from(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::wrong("", Some(&path.display()), format!("cannot be read: {}", reason(error)))
        .with_fix("Name another file with --config or DURWARD_CONFIG, or make this one readable.")
}

/// What the system said, without the number that nobody looks up.
pub(crate) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((plain, _)) => plain.to_lowercase(),
        None => text,
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Raw::Other, Raw::Integer)
        }
        DeValue::Boolean(value) => Raw::Boolean(*value),
        DeValue::Array(items) => Raw::List(items.iter().map(|item| raw(item.get_ref())).collect()),
        DeValue::Table(_) => Raw::EmptySection,
        DeValue::Float(_) | DeValue::Datetime(_) => Raw::Other,
    }
}

/// The path of the setting that a variable sets; `None` when the variable is none of ours.
fn path_of_variable(name: &str) -> Option<String> {
    let rest = name.strip_prefix("DURWARD_")?;
    if rest == "CONFIG" || rest.starts_with("TEST_") || is_service_link(rest) {
        return None;
    }
    let rest = rest.to_ascii_lowercase();
    for (short, path) in SHORT_NAMES {
        match rest.strip_prefix(short) {
            Some("") => return Some((*path).to_owned()),
            Some("_file") => return Some(format!("{path}_file")),
            Some(_) | None => {}
        }
    }
    Some(rest.replace("__", "."))
}

/// Whether this is one of the variables that Kubernetes sets for a service that is called `durward`.
fn is_service_link(rest: &str) -> bool {
    let is_port = |text: &str| text == "PORT" || text.starts_with("PORT_");
    rest == "SERVICE_HOST"
        || rest.ends_with("_SERVICE_HOST")
        || rest.starts_with("SERVICE_PORT")
        || rest.contains("_SERVICE_PORT")
        || is_port(rest)
        || rest
            .split_once("_PORT_")
            .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<Sources, Problem> {
        let mut sources = Sources::default();
        sources.add_file(Path::new("durward.toml"), text).map(|()| sources)
    }

    fn environment(variables: &[(&str, &str)]) -> Sources {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let (sources, problems) = Sources::collect(None, variables, Vec::new());
        assert_eq!(problems, []);
        sources
    }

    #[test]
    fn a_value_knows_its_line() {
        let sources = file("service = 'Shop'\n\n[limits.mailbox]\ncount = 5\n").unwrap();
        let given = &sources.given["limits.mailbox.count"];
        assert!(given.raw == Raw::Integer(5));
        assert_eq!(given.from.to_string(), "durward.toml:4");
        assert_eq!(sources.given["service"].from.to_string(), "durward.toml:1");
    }

    #[test]
    fn a_broken_file_is_told_by_its_line_and_never_quoted() {
        // R-LG-02
        let problem = file("a = 1\nkeys = \"hunter2\nb = 2\n").err().unwrap();
        let text = Problems(vec![problem]).to_string();
        assert!(text.contains("durward.toml:2"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn variables_name_settings() {
        let sources = environment(&[
            ("DURWARD_LISTEN", "127.0.0.1:1"),
            ("DURWARD_DATABASE_URL", "sqlite:a"),
            ("DURWARD_SMTP_URL_FILE", "/run/smtp"),
            ("DURWARD_LIMITS__MAILBOX__COUNT", "5"),
            ("DURWARD_KEYS_FILE", "/run/keys"),
            ("DURWARD_SERVICE", ""),
            ("PATH", "/bin"),
        ]);
        let paths: Vec<&str> = sources.given.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            ["database.url", "keys_file", "limits.mailbox.count", "listen", "smtp.url_file"]
        );
    }

    #[test]
    fn variables_of_orchestrators_and_of_the_tests_are_none_of_ours() {
        let sources = environment(&[
            ("DURWARD_SERVICE_HOST", "10.0.0.1"),
            ("DURWARD_SERVICE_PORT", "4000"),
            ("DURWARD_SERVICE_PORT_HTTP", "4000"),
            ("DURWARD_PORT", "tcp://10.0.0.1:4000"),
            ("DURWARD_PORT_4000_TCP_ADDR", "10.0.0.1"),
            ("DURWARD_DB_SERVICE_HOST", "10.0.0.2"),
            ("DURWARD_DB_PORT_5432_TCP", "tcp://10.0.0.2:5432"),
            ("DURWARD_TEST_POSTGRES_URL", "postgres://"),
            ("DURWARD_CONFIG", "durward.toml"),
        ]);
        assert!(sources.given.is_empty());
    }

    #[test]
    fn flags_win_over_variables_and_variables_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("durward.toml");
        fs::write(&path, "service = 'file'\nlisten = 'file'\nkeys = 'file'\n").unwrap();
        let environment = [
            ("DURWARD_SERVICE".into(), "variable".into()),
            ("DURWARD_LISTEN".into(), "variable".into()),
        ];
        let flag =
            FlagValue { path: "listen".into(), value: "flag".into(), flag: "--listen".into() };
        let (sources, problems) = Sources::collect(Some(&path), environment, vec![flag]);
        assert_eq!(problems, []);
        let from = |path: &str| sources.given[path].from.rank();
        assert_eq!((from("keys"), from("service"), from("listen")), (0, 1, 2));
    }

    #[test]
    fn a_secret_loses_the_line_break_at_its_end_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, " a b \r\n").unwrap();
        assert_eq!(read_secret(&path), Ok(String::from(" a b ")));
        assert_eq!(
            read_secret(&folder.path().join("none")),
            Err("no such file or directory".into())
        );
    }
}
