//! The programs that keep the project in order and judge it; `cargo xtask help` lists them.
//!
//! No part of what is shipped.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of the command line talks"
)]

mod args;
mod bench;
mod calls;
mod cargo;
mod client;
mod crash;
mod database;
mod generated;
mod http;
mod import;
mod judge;
mod mail;
mod oracle;
mod races;
mod random;
mod secrets;
mod server;
mod totp;
mod volley;
mod world;

use std::process::ExitCode;

use anyhow::{Result, bail};
use tokio::runtime::Builder;

use args::Args;

const HELP: &str = include_str!("help.txt");

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_else(|| String::from("help"));
    let args = Args::new(arguments);
    match command.as_str() {
        "openapi" => generated::openapi(args),
        "check" => generated::check(args),
        "bench" => bench::launch(args),
        // One thread: the load has one core to itself.
        "bench-release" => {
            Builder::new_current_thread().enable_all().build()?.block_on(bench::command(args))
        }
        _ => Builder::new_multi_thread().enable_all().build()?.block_on(dispatch(&command, args)),
    }
}

async fn dispatch(command: &str, args: Args) -> Result<()> {
    match command {
        "judge" => judge::command(args).await,
        "baseline" => bench::baseline::command(args).await,
        #[cfg(feature = "in-process")]
        "in-process" => bench::in_process::command(args).await,
        "races" => races::command(args).await,
        "oracle" => oracle::command(args).await,
        "secrets" => secrets::command(args).await,
        "crash" => crash::command(args).await,
        "import" => import::command(args).await,
        "help" | "-h" | "--help" => {
            println!("{HELP}");
            Ok(())
        }
        unknown => bail!("no command {unknown:?}; see cargo xtask help"),
    }
}
