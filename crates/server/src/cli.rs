//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use durward::sql::Prefix;

use crate::config::{EngineKind, FlagValue, Given};

mod audit;
mod clients;
mod organizations;
mod sessions;
mod users;

pub(crate) use audit::{Audit, ListAudit, VerifyAudit};
pub(crate) use clients::{Client, CreateClient, ListClients, OneClient, RotateClient};
pub(crate) use organizations::{ListOrganizations, OneOrganization, Organization, SetOwner};
pub(crate) use sessions::{EndSession, ListSessions, Session};
pub(crate) use users::{ImportUsers, ListUsers, OneUser, RoleOfUser, User};

/// Accounts for your product: sign-up, login, sessions.
///
/// Settings come from a TOML file, then from the environment, then from flags. Exit codes: 0 done, 1 failed, 2 wrong
/// usage or settings.
#[derive(Parser)]
#[command(name = "durward", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args)]
pub(crate) struct Common {
    /// The file with the settings; ./durward.toml if it exists
    #[arg(long, global = true, value_name = "FILE", env = "DURWARD_CONFIG")]
    config: Option<PathBuf>,
    /// Set one setting, for instance `--set sessions.idle=7d`; may be repeated
    ///
    /// Others on this machine can read flags: keep secrets in files or in the environment.
    #[arg(long, global = true, value_name = "SETTING=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Answer in JSON, errors too
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(Serve),
    /// Bring the database to the schema of this release
    Migrate(Migrate),
    /// Work with administrators
    #[command(subcommand)]
    Admin(Admin),
    /// Work with clients (API keys)
    #[command(subcommand)]
    Client(Client),
    /// Work with users
    #[command(subcommand)]
    User(User),
    /// Work with organizations
    #[command(subcommand)]
    Organization(Organization),
    /// Work with sessions
    #[command(subcommand)]
    Session(Session),
    /// Work with the audit log
    #[command(subcommand)]
    Audit(Audit),
    /// Work with the server keys
    #[command(subcommand)]
    Keys(Keys),
    /// Look at the settings
    #[command(subcommand)]
    Config(Config),
    /// Try out what a server depends on: settings, database, mail server
    Doctor {
        /// The URL of the database
        #[arg(long, value_name = "URL")]
        database: Option<String>,
    },
    /// Print the OpenAPI document of the interface
    Openapi,
}

/// Whether a command works on the folder of a development server.
#[derive(Args)]
pub(crate) struct Development {
    /// For development on this machine: needs no settings, keeps everything in a folder
    #[arg(long)]
    pub(crate) dev: bool,
    /// The folder of `--dev`
    #[arg(long, value_name = "FOLDER", requires = "dev", default_value = "durward-data")]
    pub(crate) data: PathBuf,
}

/// Where the database is.
#[derive(Args)]
pub(crate) struct Place {
    #[command(flatten)]
    pub(crate) development: Development,
    /// The URL of the database
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
}

/// Which part of a list is told.
#[derive(Args)]
pub(crate) struct Part {
    /// How many at most
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Go on behind an earlier part, by the cursor that it ended with, and with the same filters
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,
}

#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) development: Development,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where to tell metrics, at /metrics; nowhere by default
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
    /// The URL of the database
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Where people reach the server
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// How much is logged: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// In which form it is logged: json or text
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Bring the database to the schema of this release first
    #[arg(long)]
    pub(crate) migrate: bool,
}

#[derive(Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub(crate) development: Development,
    /// The URL of the database
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Print the statements instead of running them; connects to nothing
    #[arg(long, requires = "engine")]
    pub(crate) print: bool,
    /// For which database to print
    #[arg(long, requires = "print")]
    pub(crate) engine: Option<EngineName>,
    /// What the name of every table begins with
    #[arg(long, requires = "print", default_value_t)]
    pub(crate) prefix: Prefix,
}

/// The databases by name.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum EngineName {
    Postgres,
    Sqlite,
    /// MySQL and MariaDB
    #[value(alias = "mariadb")]
    Mysql,
}

impl From<EngineName> for EngineKind {
    fn from(name: EngineName) -> Self {
        match name {
            EngineName::Postgres => Self::Postgres,
            EngineName::Sqlite => Self::Sqlite,
            EngineName::Mysql => Self::Mysql,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum Admin {
    /// Make a user who administers the whole deployment
    Create(CreateAdmin),
    /// Print a link by which the first administrator comes to be
    ///
    /// It works once, for 24 hours, for whoever opens it and signs up or in. Printing another one makes it useless.
    Link(LinkAdmin),
}

#[derive(Args)]
pub(crate) struct CreateAdmin {
    #[command(flatten)]
    pub(crate) development: Development,
    /// The URL of the database
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// The login e-mail; you vouch that the person reads it
    #[arg(long)]
    pub(crate) email: String,
    /// What the person is called
    #[arg(long)]
    pub(crate) name: String,
    /// Read a password from the first line of the input; without one, logins go by e-mail
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Args)]
pub(crate) struct LinkAdmin {
    #[command(flatten)]
    pub(crate) development: Development,
    /// The URL of the database
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Although somebody administers, because nobody who does can log in any more
    #[arg(long)]
    pub(crate) recover: bool,
}

#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Print a new key
    ///
    /// Keep it where the database is not. To change keys, put the new one first and the old ones behind it,
    /// separated by commas.
    Generate {
        /// The number of the key, another one for each key of a ring
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        id: u32,
    },
}

#[derive(Subcommand)]
pub(crate) enum Config {
    /// Say whether a server would start with these settings
    Check {
        /// As `serve --dev` would read them
        #[arg(long)]
        dev: bool,
    },
    /// Print all settings as they count, without secrets
    Print {
        /// As `serve --dev` would read them
        #[arg(long)]
        dev: bool,
    },
}

impl Common {
    /// The sources of settings: the file, the environment, and these flags.
    pub(crate) fn sources(&self, flags: Vec<FlagValue>) -> Given {
        let set = self.set.iter().map(|(path, value)| FlagValue {
            path: path.clone(),
            value: value.clone(),
            flag: format!("--set {path}"),
        });
        // Compose files pass an unset variable on as an empty one.
        let named = self.config.clone().filter(|path| !path.as_os_str().is_empty());
        Given {
            file: crate::config::file_to_read(named),
            environment: std::env::vars_os().collect(),
            flags: set.chain(flags).collect(),
        }
    }
}

impl Serve {
    /// The flags that stand for settings.
    pub(crate) fn settings(&self) -> Vec<FlagValue> {
        let listen = self.listen.map(|listen| listen.to_string());
        let metrics_listen = self.metrics_listen.map(|listen| listen.to_string());
        [
            ("listen", "--listen", &listen),
            ("metrics_listen", "--metrics-listen", &metrics_listen),
            ("database.url", "--database", &self.database),
            ("public_url", "--public-url", &self.public_url),
            ("log.level", "--log-level", &self.log_level),
            ("log.format", "--log-format", &self.log_format),
        ]
        .into_iter()
        .filter_map(|(path, flag, value)| flag_value(path, flag, value.as_ref()))
        .collect()
    }
}

/// The flag of the commands that work on a database.
pub(crate) fn database_flag(url: Option<&String>) -> Vec<FlagValue> {
    flag_value("database.url", "--database", url).into_iter().collect()
}

fn flag_value(path: &str, flag: &str, value: Option<&String>) -> Option<FlagValue> {
    value.map(|value| FlagValue {
        path: path.to_owned(),
        value: value.clone(),
        flag: flag.to_owned(),
    })
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.is_empty() => Ok((path.to_owned(), value.to_owned())),
        Some(_) | None => Err(String::from("write it as SETTING=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_become_settings() {
        let cli =
            Cli::parse_from(["durward", "serve", "--listen", "127.0.0.1:1", "--set", "a.b=c=d"]);
        let Command::Serve(serve) = &cli.command else {
            panic!("not serve");
        };
        let given = cli.common.sources(serve.settings());
        let flags: Vec<(&str, &str, &str)> = given
            .flags
            .iter()
            .map(|it| (it.path.as_str(), it.value.as_str(), it.flag.as_str()))
            .collect();
        assert_eq!(flags, [("a.b", "c=d", "--set a.b"), ("listen", "127.0.0.1:1", "--listen")]);
    }

    #[test]
    fn printing_migrations_needs_the_engine() {
        assert!(Cli::try_parse_from(["durward", "migrate", "--print"]).is_err());
        assert!(
            Cli::try_parse_from(["durward", "migrate", "--print", "--engine", "mariadb"]).is_ok()
        );
        assert!(Cli::try_parse_from(["durward", "keys", "generate", "--id", "0"]).is_err());
        assert!(Cli::try_parse_from(["durward", "serve", "--data", "x"]).is_err());
    }
}
