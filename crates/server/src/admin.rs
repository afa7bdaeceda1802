//! `durward admin create`: makes a user who administers the whole deployment.

use std::io::{self, BufRead, IsTerminal, Read};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use async_trait::async_trait;
use durward::accounts::NewUser;
use durward::sql::SqlStore;
use durward::{
    Accounts, EmailAddress, Error, KeyRing, Mail, MailError, Mailer, NoAttributes, Obstruction,
    Origin, Password, PasswordHash, PersonName, Plain, Role, Secret, StandardRole, unit,
};
use serde_json::json;

use crate::cli;
use crate::config::{self, Config, DatabaseUrl, Mode, Problem, Problems};
use crate::database::{self, Connect, for_engine};
use crate::dev;
use crate::failure::Failure;
use crate::logs;
use crate::output::Output;

/// The person to be made an administrator, as the command line names him.
struct Person {
    email: EmailAddress,
    name: PersonName,
    password: Option<Password>,
}

/// Makes an administrator.
pub(crate) async fn create(
    command: &cli::CreateAdmin,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let given = common.sources(cli::database_flag(command.database.as_ref()));
    let (config, url, keys) = if command.development.dev {
        let loaded = config::load(given, Mode::Development);
        let place = dev::Place::open(loaded, &command.development.data)?;
        (place.config, place.database, place.keys)
    } else {
        config::database_and_keys_of(config::load(given, Mode::Production))?
    };
    logs::begin(config.log)?;
    let person = person(command, &config)?;
    for_engine!(url.engine, E => insert::<E>(&config, &url, keys, person, output).await)
}

/// Reads what the command line says, and tells everything that is wrong with it at once.
fn person(command: &cli::CreateAdmin, config: &Config) -> Result<Person, Failure> {
    let mut problems = Vec::new();
    let mut wrong = |flag: &str, why: &dyn std::fmt::Display| {
        problems.push(Problem::wrong("", Some(&flag), why.to_string()));
    };
    let email = EmailAddress::parse_with(&command.email, config.accounts.email)
        .map_err(|error| wrong("--email", &error))
        .ok();
    let name = PersonName::parse(&command.name).map_err(|error| wrong("--name", &error)).ok();
    let password = match command.password_stdin.then(read_password) {
        None => Some(None),
        Some(read) => Password::parse(read?)
            .map(Some)
            .map_err(|obstruction| wrong("--password-stdin", &obstruction.text))
            .ok(),
    };
    match (email, name, password) {
        (Some(email), Some(name), Some(password)) => Ok(Person { email, name, password }),
        _ => Err(Problems(problems).into()),
    }
}

/// The first line of the input, whole but for its line break.
fn read_password() -> anyhow::Result<Secret<String>> {
    const MOST: u64 = 16 * 1024;
    let input = io::stdin();
    if input.is_terminal() {
        return Err(anyhow!(
            "--password-stdin reads from a pipe, so that the password is not shown: \
             printf %s \"$PASSWORD\" | durward admin create ..."
        ));
    }
    let mut line = String::new();
    input.lock().take(MOST).read_line(&mut line).context("the password cannot be read")?;
    let end = line.trim_end_matches(['\n', '\r']).len();
    line.truncate(end);
    Ok(Secret::new(line))
}

async fn insert<E: Connect>(
    config: &Config,
    url: &DatabaseUrl,
    keys: KeyRing,
    person: Person,
    output: Output,
) -> Result<(), Failure> {
    let store = database::open::<E>(url, &config.database).await?;
    database::usable(store.check_schema().await).map_err(database::schema_failure)?;
    let made = make(&store, config, keys, person).await;
    store.close().await;
    let (user, email) = made?;
    let text = format!("{email} administers this deployment now, as {user}.\n");
    output.result(&json!({ "ok": true, "userId": user, "email": email }), &text);
    Ok(())
}

async fn make<E: Connect>(
    store: &SqlStore<E, Plain>,
    config: &Config,
    keys: KeyRing,
    person: Person,
) -> Result<(String, String), Failure> {
    let accounts = accounts(store, config, Arc::new(keys))?;
    let hash = hash(&accounts, &person).await?;
    let Person { email, name, password: _ } = person;
    let new = NewUser {
        name,
        email: email.clone(),
        proven: true,
        password: hash,
        roles: vec![StandardRole::administrator()],
        attrs: NoAttributes {},
    };
    let origin = Origin::operator();
    let created = unit!(accounts, |tx| accounts.create_user(tx, new.clone(), &origin).await);
    match created {
        Ok(created) => Ok((created.user.id.to_string(), email.as_typed().to_owned())),
        Err(Error::Duplicate(_)) => {
            Err(anyhow!("somebody has an account with {} already", email.as_typed()).into())
        }
        Err(error) => Err(anyhow!(error).context("the administrator was not made").into()),
    }
}

async fn hash<E: Connect>(
    accounts: &Accounts<SqlStore<E, Plain>>,
    person: &Person,
) -> Result<Option<PasswordHash>, Failure> {
    let Some(password) = &person.password else {
        return Ok(None);
    };
    let (email, name) = (Some(&person.email), Some(&person.name));
    match accounts.hash_password(password.clone(), email, name).await {
        Ok(hash) => Ok(Some(hash)),
        Err(Error::Invalid(found)) => {
            let problem =
                |found: Obstruction| Problem::wrong("", Some(&"--password-stdin"), found.text);
            Err(Problems(found.into_iter().map(problem).collect()).into())
        }
        Err(error) => Err(anyhow!(error).context("the password cannot be hashed").into()),
    }
}

/// Stands where nothing is mailed: making a user sends no mail, and nobody empties the outbox here.
struct NoMailer;

#[async_trait]
impl Mailer for NoMailer {
    async fn send(&self, _mail: &Mail) -> Result<(), MailError> {
        Err(MailError::Temporary(String::from("this command sends no mail")))
    }
}

/// The same, with links that lead to the server at this address.
pub(crate) fn accounts_at<E: Connect>(
    store: &SqlStore<E, Plain>,
    config: &Config,
    keys: Arc<KeyRing>,
    base: &str,
) -> Result<Accounts<SqlStore<E, Plain>>, Failure> {
    let parts = crate::serve::parts(store, config, keys, base, Arc::new(NoMailer))?;
    Ok(Accounts::new(parts).context("the accounts cannot begin")?)
}

/// The accounts without anybody who would send mail: making a user sends none.
pub(crate) fn accounts<E: Connect>(
    store: &SqlStore<E, Plain>,
    config: &Config,
    keys: Arc<KeyRing>,
) -> Result<Accounts<SqlStore<E, Plain>>, Failure> {
    accounts_at(store, config, keys, "")
}
