use std::net::SocketAddr;
use std::process::Command;

use data_encoding::BASE64URL_NOPAD;

use crate::database::Database;
use crate::random::Random;

/// The settings of a node: those of a deployment, but with budgets that a judge does not use up.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The key ring; a secret.
    pub(crate) keys: String,
    /// Where mails go; its password is a secret.
    pub(crate) smtp: String,
    /// Who may sign up.
    pub(crate) sign_up: &'static str,
    /// What is logged.
    pub(crate) log: &'static str,
    /// More of `[limits]`, and sections after it, where a judge needs them.
    pub(crate) more: &'static str,
    /// Whether several nodes run at once: on SQLite each would count requests by itself, and not start beside
    /// another one.
    pub(crate) several: bool,
}

impl Settings {
    /// Settings with a key of their own.
    pub(crate) fn new(smtp: String, random: &mut Random) -> Self {
        let key: [u8; 32] = random.bytes();
        let keys = format!("1:{}", BASE64URL_NOPAD.encode(&key));
        Self { keys, smtp, sign_up: "verified", log: "info", more: "", several: false }
    }

    /// The configuration file of the node with this name. It holds no secret.
    pub(crate) fn to_toml(&self, name: &str) -> String {
        let Self { sign_up, log, more, several, .. } = self;
        let sharing = if *several { "sharing = \"database\"" } else { "" };
        format!(
            r#"# Written by cargo xtask. As in production, but for the budgets, since a run goes to few mailboxes; and the
# load plays a proxy where it has to come from many networks.
public_url = "http://127.0.0.1:4000"
sign_up = "{sign_up}"
node = "{name}"

[smtp]
from = "Durward <no-reply@durward.example>"

[log]
level = "{log}"

[http]
trusted_proxies = ["127.0.0.1"]

[limits]
{sharing}
network_failures = {{ count = 1000000, period = "1000s" }}
network_requests = {{ count = 1000000, period = "1000s" }}
mailbox_network = {{ count = 1000000, period = "1000s" }}
mailbox_daily = {{ count = 1000000, period = "1000s" }}
mailbox = {{ count = 1000000, period = "1000s" }}
client_rate = 100000
caller_requests = {{ count = 1000000, period = "1000s" }}
{more}"#
        )
    }

    /// Hands over the rest, secrets among it, in an environment that holds no setting of the caller's.
    pub(crate) fn put_into(&self, command: &mut Command, address: SocketAddr, database: &Database) {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DURWARD_") {
                command.env_remove(name);
            }
        }
        command.env("DURWARD_LISTEN", address.to_string());
        command.env("DURWARD_DATABASE_URL", &database.url);
        command.env("DURWARD_KEYS", &self.keys);
        command.env("DURWARD_SMTP_URL", &self.smtp);
    }
}
