//! What a development server may do: nothing that others could reach.

use super::problem::{Problem, Problems};
use super::{Config, Loaded};

/// The settings of a development server, or everything that is wrong at once.
///
/// It shows every mail to whoever asks, so nobody else may be able to ask.
pub(crate) fn development(loaded: Loaded) -> Result<Config, Problems> {
    let Loaded { config, effective: _, mut problems } = loaded;
    problems.extend(config.redis.limiter().err());
    let mut refuse = |path: &str, problem: &str, fix: &str| {
        problems.push(Problem::wrong(path, None, problem).with_fix(fix));
    };
    if !config.listen.ip().to_canonical().is_loopback() {
        refuse(
            "listen",
            "with --dev must be an address of this machine, such as 127.0.0.1:4000",
            "To serve others, run `durward serve` without --dev and give it what it asks for.",
        );
    }
    if config.metrics_listen.is_some_and(|address| !address.ip().to_canonical().is_loopback()) {
        let problem = "with --dev must be an address of this machine, such as 127.0.0.1:9464";
        refuse("metrics_listen", problem, "Leave it out, or choose such an address.");
    }
    if config.public_url.as_ref().is_some_and(|url| !url.is_loopback()) {
        refuse("public_url", "with --dev must be an address of this machine", "Leave it out.");
    }
    if config.database.url.as_ref().is_some_and(|url| !url.is_local) {
        refuse(
            "database.url",
            "with --dev must be a database on this machine",
            "Leave it out, and the folder of --dev holds the database.",
        );
    }
    if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
}
