//! Settings: what can be set, what it is by default, and what is wrong with what was given.

mod accounts;
mod address;
mod development;
mod problem;
mod production;
mod reader;
mod second_factor;
mod sections;
mod sharing;
mod source;
#[cfg(test)]
pub(crate) mod tests;
mod value;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use durward::Settings;
use durward::entity::NodeName;
use durward::passwords::PoolSettings;
use durward::{KeyError, KeyRing, Secret};
use serde_json::{Value, json};

pub(crate) use address::{DatabaseUrl, EngineKind, PageUrl};
pub(crate) use development::development;
pub(crate) use problem::{Problem, Problems};
pub(crate) use production::{Production, database_and_keys_of, database_of};
pub(crate) use reader::Effective;
pub(crate) use second_factor::SecondFactor;
pub(crate) use sections::{
    Breaches, Database, Http, Identity, LinkTargets, Log, LogFormat, LogLevel, Smtp,
};
pub(crate) use sharing::{Counting, Redis};
pub(crate) use source::{FlagValue, file_to_read, reason};

use reader::Reader;
use source::Sources;
pub(crate) use value::Setting;

/// How the server runs; a few defaults depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// On the machine of a developer, for nobody else.
    Development,
    /// For the world.
    Production,
}

/// The sources of settings, as the command line and the process name them.
pub(crate) struct Given {
    /// The file that was named, if one was.
    pub(crate) file: Option<PathBuf>,
    /// The environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// The flags that stand for settings.
    pub(crate) flags: Vec<FlagValue>,
}

/// Every setting, each with a value of its own type.
pub(crate) struct Config {
    /// Where the server listens.
    pub(crate) listen: SocketAddr,
    /// Where the server tells its metrics, if anywhere.
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// Where people reach the server.
    pub(crate) public_url: Option<PageUrl>,
    /// The server keys.
    pub(crate) keys: Option<Keys>,
    /// What the deployment decides about its accounts.
    pub(crate) accounts: Settings,
    /// Of whom a second factor is asked.
    pub(crate) second_factor: SecondFactor,
    /// Where the accounts are kept.
    pub(crate) database: Database,
    /// The name of this node among the others.
    pub(crate) node: Option<NodeName>,
    /// Who counts requests; by default that follows from the rest.
    pub(crate) sharing: Option<Counting>,
    /// The server that counts them for all nodes.
    pub(crate) redis: Redis,
    /// Who sends the mails.
    pub(crate) smtp: Smtp,
    /// A folder with templates in the place of the embedded ones.
    pub(crate) templates: Option<PathBuf>,
    /// Where the codes of mails lead.
    pub(crate) links: LinkTargets,
    /// How passwords are hashed.
    pub(crate) passwords: PoolSettings,
    /// Who is asked about breached passwords.
    pub(crate) breaches: Breaches,
    /// How requests are served.
    pub(crate) http: Http,
    /// How callers are told to services behind proxies.
    pub(crate) identity: Identity,
    /// What is logged.
    pub(crate) log: Log,
}

/// Settings that were read, with everything that is wrong about them.
pub(crate) struct Loaded {
    /// The settings; one that cannot be read has its default.
    pub(crate) config: Config,
    /// The same as a list.
    pub(crate) effective: Vec<Effective>,
    /// What is wrong.
    pub(crate) problems: Vec<Problem>,
}

/// Reads all settings from their sources.
pub(crate) fn load(given: Given, mode: Mode) -> Loaded {
    let Given { file, environment, flags } = given;
    let (sources, problems) = Sources::collect(file.as_deref(), environment, flags);
    let mut reader = Reader::new(sources, problems);
    let config = Config::read(&mut reader, mode);
    let (effective, problems) = reader.finish();
    Loaded { config, effective, problems }
}

impl Config {
    fn read(reader: &mut Reader, mode: Mode) -> Self {
        let redis = Redis::read(reader);
        let listen = reader.or("listen", SocketAddr::from(([127, 0, 0, 1], 4000)));
        Self {
            listen,
            metrics_listen: metrics_listen(reader, listen),
            public_url: reader.optional("public_url"),
            node: reader.optional("node"),
            keys: reader.optional("keys"),
            accounts: accounts::read(reader),
            second_factor: reader.or("second_factor", SecondFactor::default()),
            sharing: Counting::read(reader, redis.url.is_some()),
            redis,
            database: Database::read(reader),
            smtp: Smtp::read(reader),
            templates: reader.optional("mail.templates"),
            links: LinkTargets::read(reader),
            passwords: sections::passwords(reader),
            breaches: Breaches::read(reader),
            http: Http::read(reader, mode),
            identity: Identity::read(reader),
            log: Log::read(reader, mode),
        }
    }
}

/// A listener of its own (R-CF-02): whoever reaches the interface must not reach the metrics by that.
fn metrics_listen(reader: &mut Reader, listen: SocketAddr) -> Option<SocketAddr> {
    const PATH: &str = "metrics_listen";
    let address: Option<SocketAddr> = reader.optional(PATH);
    if address.is_some_and(|address| overlap(address, listen)) {
        let origin = reader.origin(PATH).map(|origin| origin as _);
        let problem = Problem::wrong(PATH, origin, "must be another address than listen")
            .with_fix("Choose another port; the metrics are for the operator alone.");
        reader.object(problem);
    }
    address
}

/// Whether two listeners would meet; port 0 is one that nobody has.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let (a, b) = (one.ip().to_canonical(), other.ip().to_canonical());
    let meet = a == b || a.is_unspecified() || b.is_unspecified();
    meet && one.port() == other.port() && one.port() != 0
}

/// The server keys in their text form, which was found to be a good one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Keys(Secret<String>);

impl Keys {
    /// The keys, ready for use.
    pub(crate) fn ring(&self) -> Result<KeyRing, KeyError> {
        KeyRing::parse(self.0.expose())
    }
}

impl Setting for Keys {
    const FORM: &'static str = "a key ring, as `durward keys generate` prints it";
    const SECRET: bool = true;
    fn from_text(text: &str) -> Result<Self, String> {
        match KeyRing::parse(text.trim()) {
            Ok(_good) => Ok(Self(Secret::new(text.trim().to_owned()))),
            Err(error) => Err(format!("{}; {error}", Self::FORM)),
        }
    }
    fn show(&self) -> Value {
        json!("***")
    }
}
