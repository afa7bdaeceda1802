//! The settings around the accounts: database, mail server, links, hashing, requests, logs.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use durward::passwords::{Cost, PoolSettings, RangeUrl};
use durward::sql::Prefix;
use ipnet::IpNet;
use serde_json::{Value, json};

use super::Mode;
use super::address::{DatabaseUrl, PageUrl, SmtpUrl};
use super::problem::Problem;
use super::reader::Reader;
use super::value::{Bytes, Setting, words};

/// Where the accounts are kept.
pub(crate) struct Database {
    /// The address of the database.
    pub(crate) url: Option<DatabaseUrl>,
    /// How many connections the server opens at most.
    pub(crate) max_connections: u32,
    /// What the name of every table begins with.
    pub(crate) table_prefix: Prefix,
}

impl Database {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            url: reader.optional("database.url"),
            max_connections: reader.checked("database.max_connections", 16, |count| {
                if (2..=1_000).contains(count) { Ok(()) } else { Err("from 2 to 1000".into()) }
            }),
            table_prefix: reader.or("database.table_prefix", TablePrefix(Prefix::default())).0,
        }
    }
}

struct TablePrefix(Prefix);

impl Setting for TablePrefix {
    const FORM: &'static str = "empty, or at most 24 of a-z, 0-9 and _, the first a letter";
    fn from_text(text: &str) -> Result<Self, String> {
        Prefix::parse(text).map(Self).map_err(|_unfit| Self::FORM.to_owned())
    }
    fn show(&self) -> Value {
        json!(self.0.as_str())
    }
}

/// Who sends the mails.
pub(crate) struct Smtp {
    /// The mail server.
    pub(crate) url: Option<SmtpUrl>,
    /// The sender, such as `Shop <no-reply@shop.example>`.
    pub(crate) from: Option<String>,
    /// Certificates of authorities that the mail server may use besides the public ones (PEM).
    pub(crate) authorities: Option<PathBuf>,
}

impl Smtp {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            url: reader.optional("smtp.url"),
            from: reader.optional("smtp.from"),
            authorities: reader.optional("smtp.authorities"),
        }
    }
}

/// Where the codes of mails lead; without an address, to the server's own page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LinkTargets {
    /// Codes that finish a sign-up.
    pub(crate) sign_up: Option<PageUrl>,
    /// Codes that sign in.
    pub(crate) login: Option<PageUrl>,
    /// Codes that prove an address of an existing account.
    pub(crate) verify: Option<PageUrl>,
    /// Codes that reset a password.
    pub(crate) reset: Option<PageUrl>,
    /// Codes that say that a change was somebody else's.
    pub(crate) report: Option<PageUrl>,
    /// Codes that take a change of address back.
    pub(crate) revert: Option<PageUrl>,
    /// Codes that accept an invitation.
    pub(crate) invitation: Option<PageUrl>,
}

impl LinkTargets {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            sign_up: reader.optional("links.sign_up"),
            login: reader.optional("links.login"),
            verify: reader.optional("links.verify"),
            reset: reader.optional("links.reset"),
            report: reader.optional("links.report"),
            revert: reader.optional("links.revert"),
            invitation: reader.optional("links.invitation"),
        }
    }

    /// All of them, by the names of their settings.
    pub(super) const fn named(&self) -> [(&'static str, &Option<PageUrl>); 7] {
        let Self { sign_up, login, verify, reset, report, revert, invitation } = self;
        [
            ("links.sign_up", sign_up),
            ("links.login", login),
            ("links.verify", verify),
            ("links.reset", reset),
            ("links.report", report),
            ("links.revert", revert),
            ("links.invitation", invitation),
        ]
    }
}

pub(super) fn passwords(reader: &mut Reader) -> PoolSettings {
    let standard = PoolSettings::default();
    let least = Cost::MINIMUM;
    let kib = |bytes: u64| u32::try_from(bytes / 1_024).unwrap_or(u32::MAX);
    let lowest = Bytes(u64::from(least.memory_kib) * 1_024);
    // R-PW-08
    let memory = reader.checked("passwords.memory", lowest, |memory| {
        if (lowest.0..=Bytes(2 << 30).0).contains(&memory.0) {
            Ok(())
        } else {
            Err("from 19MiB to 2GiB".into())
        }
    });
    let iterations = reader.checked("passwords.iterations", least.passes, |passes| {
        if (least.passes..=64).contains(passes) { Ok(()) } else { Err("from 2 to 64".into()) }
    });
    let cost = Cost { memory_kib: kib(memory.0), passes: iterations, lanes: standard.cost.lanes };
    let budget = reader.or("passwords.budget", Bytes(standard.memory)).0;
    let threads = reader.checked("passwords.threads", default_threads(budget, memory), |threads| {
        if (1..=1_024).contains(threads) { Ok(()) } else { Err("from 1 to 1024".into()) }
    });
    let settings = PoolSettings {
        cost,
        workers: threads,
        queue: reader.or("passwords.queue", standard.queue),
        deadline: reader.checked(
            "passwords.deadline",
            standard.deadline,
            between(Duration::from_millis(100), Duration::from_mins(1)),
        ),
        memory: budget,
        low_priority: reader.or("passwords.low_priority", standard.low_priority),
    };
    let needed = memory.0.saturating_mul(threads as u64);
    if needed > budget {
        // Whichever of them was set is the one to change.
        let paths = ["passwords.threads", "passwords.memory", "passwords.budget"];
        let (path, origin) = paths
            .into_iter()
            .find_map(|path| reader.origin(path).map(|origin| (path, Some(origin as _))))
            .unwrap_or(("passwords.budget", None));
        let problem = format!(
            "does not fit: {threads} threads need {}, and passwords.budget is {}",
            Bytes(needed).text(),
            Bytes(budget).text(),
        );
        reader.object(Problem::wrong(path, origin, problem));
    }
    settings
}

/// A thread per core, as far as half of the budget carries.
fn default_threads(budget: u64, memory: Bytes) -> usize {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let carried = usize::try_from(budget / 2 / memory.0.max(1)).unwrap_or(usize::MAX);
    cores.min(carried).max(1)
}

/// Who is asked about breached passwords.
pub(crate) struct Breaches {
    /// The range service; nobody is asked without one.
    pub(crate) url: Option<RangeUrl>,
    /// How long it may take.
    pub(crate) timeout: Duration,
    /// Whether it is asked about passwords of logins, too.
    pub(crate) at_login: bool,
}

impl Breaches {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            url: reader.optional("breaches.url"),
            timeout: reader.checked(
                "breaches.timeout",
                Duration::from_secs(2),
                between(Duration::from_millis(100), Duration::from_secs(10)),
            ),
            at_login: reader.or("breaches.at_login", true),
        }
    }
}

impl Setting for RangeUrl {
    const FORM: &'static str = "the address of a range service, such as \
         \"https://api.pwnedpasswords.com\": https unless it is on this machine, without user or \
         parameters";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|_unfit| Self::FORM.to_owned())
    }
    fn show(&self) -> Value {
        json!(self.as_str())
    }
}

/// How requests are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Http {
    /// Proxies whose word on the address of a caller is taken (R-HT-03).
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// Whether the explorer of the interface is served.
    pub(crate) docs: bool,
    /// How many connections are open at once.
    pub(crate) max_connections: usize,
    /// How long a connection may take to send the head of a request, or to begin the next one.
    pub(crate) header_timeout: Duration,
    /// How long a request may take altogether.
    pub(crate) request_timeout: Duration,
    /// How long requests in flight may take once the server was told to stop.
    pub(crate) shutdown_timeout: Duration,
}

impl Http {
    pub(super) fn read(reader: &mut Reader, mode: Mode) -> Self {
        let second = Duration::from_secs(1);
        Self {
            trusted_proxies: reader.or("http.trusted_proxies", Vec::new()),
            docs: reader.or("http.docs", mode == Mode::Development),
            max_connections: reader.checked("http.max_connections", 1_024, |count| {
                if (1..=1_000_000).contains(count) {
                    Ok(())
                } else {
                    Err("from 1 to 1000000".into())
                }
            }),
            header_timeout: reader.checked(
                "http.header_timeout",
                30 * second,
                between(second, 600 * second),
            ),
            request_timeout: reader.checked(
                "http.request_timeout",
                30 * second,
                between(second, 600 * second),
            ),
            shutdown_timeout: reader.checked(
                "http.shutdown_timeout",
                30 * second,
                between(Duration::ZERO, 600 * second),
            ),
        }
    }
}

/// How callers are told to services behind proxies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The names of the services.
    pub(crate) audiences: Vec<String>,
}

impl Identity {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let audiences = reader.checked("identity.audiences", Vec::new(), |names: &Vec<String>| {
            let fits = |name: &String| {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/".contains(&byte);
                (1..=128).contains(&name.len()) && name.bytes().all(plain)
            };
            if names.iter().all(fits) {
                Ok(())
            } else {
                Err("a list of names or URLs, each at most 128 letters, digits and -._:/".into())
            }
        });
        Self { audiences }
    }
}

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    /// How much.
    pub(crate) level: LogLevel,
    /// In which form.
    pub(crate) format: LogFormat,
}

impl Log {
    pub(super) fn read(reader: &mut Reader, mode: Mode) -> Self {
        let format = match mode {
            Mode::Development => LogFormat::Text,
            Mode::Production => LogFormat::Json,
        };
        Self {
            level: reader.or("log.level", LogLevel::Info),
            format: reader.or("log.format", format),
        }
    }
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

words!(
    LogLevel,
    "one of \"error\", \"warn\", \"info\", \"debug\", \"trace\"",
    LogLevel::Error => "error",
    LogLevel::Warn => "warn",
    LogLevel::Info => "info",
    LogLevel::Debug => "debug",
    LogLevel::Trace => "trace",
);

/// In which form it is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

words!(
    LogFormat,
    "\"json\" or \"text\"",
    LogFormat::Json => "json",
    LogFormat::Text => "text",
);

/// A check that a time lies between two others, both included.
fn between(least: Duration, most: Duration) -> impl FnOnce(&Duration) -> Result<(), String> {
    move |time| {
        if (least..=most).contains(time) {
            return Ok(());
        }
        let shown = |time: Duration| time.show().as_str().unwrap_or_default().to_owned();
        Err(format!("from {} to {}", shown(least), shown(most)))
    }
}
