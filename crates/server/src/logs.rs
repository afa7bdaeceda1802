//! Logs, without secrets at any level.
//!
//! Only our own crates follow `log.level`: they hold no secret in anything that they log. Everybody else is
//! capped, since a library that logs frames, headers or parameters at its finest level does not know which
//! of them are secrets (R-LG-02).

use std::io::IsTerminal;
use std::panic;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat, LogLevel};

/// The crates whose logs are ours; the names of targets begin with them.
const OURS: &str = "durward";

/// Sends logs to the error output from now on, and panics with them.
pub(crate) fn begin(log: Log) -> anyhow::Result<()> {
    let registry = registry().with(targets(log));
    match log.format {
        LogFormat::Json => registry
            .with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr))
            .try_init()?,
        LogFormat::Text => registry
            .with(
                fmt::layer()
                    .compact()
                    .with_target(false)
                    .with_ansi(std::io::stderr().is_terminal())
                    .with_writer(std::io::stderr),
            )
            .try_init()?,
    }
    panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        // A message that was put together at run time may hold anything.
        let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or_default();
        tracing::error!(location, message, "a panic; this is a bug");
    }));
    Ok(())
}

fn targets(log: Log) -> Targets {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target(OURS, level)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn only_our_own_crates_follow_the_level() {
        // R-LG-02
        let targets = |level| targets(Log { level, format: LogFormat::Json });
        let trace = targets(LogLevel::Trace);
        for ours in ["durward", "durward::serve", "durward_core::accounts", "durward_http"] {
            assert!(trace.would_enable(ours, &Level::TRACE), "{ours}");
        }
        for other in ["sqlx::query", "hyper::proto::h1", "lettre", "rustls::client", "tower"] {
            assert!(!trace.would_enable(other, &Level::INFO), "{other}");
            assert!(trace.would_enable(other, &Level::WARN), "{other}");
        }
        assert!(!targets(LogLevel::Error).would_enable("sqlx", &Level::WARN));
    }
}
