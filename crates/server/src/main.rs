//! The server of Durward: a thin binary over the library. Nothing it can do is closed to an application that
//! embeds the library.

mod admin;
mod admin_link;
mod audit;
mod audit_list;
mod cli;
mod clients;
mod config;
mod database;
mod desk;
mod dev;
mod doctor;
mod failure;
mod import;
mod keys;
mod links;
mod logs;
mod migrate;
mod openapi;
mod organizations;
mod output;
mod pages;
mod serve;
mod sessions;
mod settings;
mod users;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use serde_json::json;

use cli::{Admin, Audit, Cli, Client, Command, Config, Keys, Organization, Session, User};
use failure::Failure;
use output::Output;
use users::Deed;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return unparsed(&error),
    };
    let output = if cli.common.json { Output::Json } else { Output::Text };
    match run(&cli, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(output),
    }
}

/// What becomes of arguments that are no command: help and the version, which were asked for, or a wrong usage.
fn unparsed(error: &clap::Error) -> ExitCode {
    let is_wrong = error.use_stderr();
    if is_wrong && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let reason = text.trim_end().trim_start_matches("error: ");
        Output::Json.error(&json!({ "ok": false, "error": reason }), &reason);
    } else {
        // A reader that went away is no failure of the command.
        let _gone = error.print();
    }
    if is_wrong { ExitCode::from(2) } else { ExitCode::SUCCESS }
}

fn run(cli: &Cli, output: Output) -> Result<(), Failure> {
    let Cli { common, command } = cli;
    match command {
        Command::Serve(serve) => block_on(serve::run(serve, common, output)),
        Command::Migrate(migrate) => block_on(migrate::run(migrate, common, output)),
        Command::Admin(Admin::Create(create)) => block_on(admin::create(create, common, output)),
        Command::Client(client) => block_on(clients(client, common, output)),
        Command::Admin(Admin::Link(link)) => block_on(admin_link::print(link, common, output)),
        Command::User(user) => block_on(users(user, common, output)),
        Command::Organization(one) => block_on(organizations(one, common, output)),
        Command::Session(Session::List(list)) => block_on(sessions::list(list, common, output)),
        Command::Session(Session::End(end)) => block_on(sessions::end(end, common, output)),
        Command::Audit(Audit::List(list)) => block_on(audit_list::list(list, common, output)),
        Command::Audit(Audit::Verify(verify)) => block_on(audit::verify(verify, common, output)),
        Command::Keys(Keys::Generate { id }) => {
            keys::generate(*id, output);
            Ok(())
        }
        Command::Config(Config::Check { dev }) => settings::check(common, *dev, output),
        Command::Config(Config::Print { dev }) => settings::print(common, *dev, output),
        Command::Doctor { database } => block_on(doctor::run(database.as_ref(), common, output)),
        Command::Openapi => {
            openapi::print(output);
            Ok(())
        }
    }
}

async fn users(command: &User, common: &cli::Common, output: Output) -> Result<(), Failure> {
    match command {
        User::Import(import) => import::run(import, common, output).await,
        User::List(list) => users::list(list, common, output).await,
        User::Show(show) => users::show(show, common, output).await,
        User::Ban(one) => users::act(Deed::Ban, one, common, output).await,
        User::Unban(one) => users::act(Deed::Unban, one, common, output).await,
        User::Logout(one) => users::act(Deed::Logout, one, common, output).await,
        User::ResetFactors(one) => users::act(Deed::ResetFactors, one, common, output).await,
        User::Grant(role) => users::change_role(Deed::Grant, role, common, output).await,
        User::Revoke(role) => users::change_role(Deed::Revoke, role, common, output).await,
    }
}

async fn organizations(
    command: &Organization,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    use organizations::{Deed, act, list, set_owner, show};
    match command {
        Organization::List(command) => list(command, common, output).await,
        Organization::Show(one) => show(one, common, output).await,
        Organization::Archive(one) => act(Deed::Archive, one, common, output).await,
        Organization::Restore(one) => act(Deed::Restore, one, common, output).await,
        Organization::SetOwner(command) => set_owner(command, common, output).await,
    }
}

async fn clients(command: &Client, common: &cli::Common, output: Output) -> Result<(), Failure> {
    use clients::{Deed, act, create, list, rotate};
    match command {
        Client::Create(command) => create(command, common, output).await,
        Client::List(command) => list(command, common, output).await,
        Client::Show(one) => act(Deed::Show, one, common, output).await,
        Client::Disable(one) => act(Deed::Disable, one, common, output).await,
        Client::Enable(one) => act(Deed::Enable, one, common, output).await,
        Client::Delete(one) => act(Deed::Delete, one, common, output).await,
        Client::Rotate(command) => rotate(command, common, output).await,
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    /// How long the system may take to answer what nobody waits for any more, such as a name look-up.
    const PATIENCE: Duration = Duration::from_secs(1);
    // Twice the usual: unoptimised, the futures of a request or a chore nearly fill that, with each engine in each of them.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(4 * 1024 * 1024)
        .enable_all()
        .build();
    let runtime = runtime.context("the runtime cannot be started")?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(PATIENCE);
    done
}
