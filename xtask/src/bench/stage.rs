//! Where the measuring happens: a release build of the server on one core, the load on the other, and people
//! who have signed up.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::clients::Costs;
use super::load::{Pace, Ran, Work, run};
use super::work::{Each, SignUps};
use crate::calls;
use crate::database::{Database, Engine};
use crate::http::Connection;
use crate::random::Random;
use crate::server::{Node, Setup, computed, pinned};
use crate::world::World;

const FOREVER: Duration = Duration::from_hours(1);
const PREPARING: usize = 16;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Live sessions.
    pub(super) sessions: usize,
    /// People with a proven address.
    pub(super) people: usize,
    /// How often each pair is measured.
    pub(super) rounds: usize,
    /// How long each time.
    pub(super) time: Duration,
    /// Session checks before the memory is looked at.
    pub(super) checks: u64,
}

/// Somebody who has signed up.
pub(super) struct Person {
    pub(super) email: String,
    /// Where he always comes from: a login from elsewhere is told to him by a mail.
    pub(super) network: String,
    /// Of the session that the proof of the address gave.
    pub(super) token: String,
}

/// One engine with everything that stands on it.
pub(super) struct Stage {
    pub(super) engine: Engine,
    pub(super) world: World,
    pub(super) random: Random,
    pub(super) size: Size,
    /// The database of the bare programs, beside the server's.
    pub(super) bare: Database,
    /// The core of the server and of what it is measured against.
    pub(super) core: Option<usize>,
    mails: usize,
}

impl Stage {
    /// An empty one.
    pub(super) async fn new(
        engine: Engine,
        server: PathBuf,
        size: Size,
        core: Option<usize>,
    ) -> Result<Self> {
        let mut random = Random::seeded(Random::fresh_seed());
        let mut world = World::new(engine, server, &mut random).await?;
        world.setup.core = core;
        let beside = world.setup.folder.join("bare");
        fs::create_dir(&beside)?;
        let bare = Database::create(engine, &beside).await?;
        Ok(Self { engine, world, random, size, bare, core, mails: 0 })
    }

    /// Removes what it made.
    pub(super) async fn close<T>(self, outcome: Result<T>) -> Result<T> {
        self.bare.remove().await?;
        self.world.close(outcome).await
    }

    /// Starts the server as it is deployed.
    pub(super) async fn start(&self) -> Result<Node> {
        self.world.setup.start("node").await
    }

    /// The requests of session checks: as many live sessions as the size says, each of another user.
    pub(super) async fn checks(&mut self) -> Result<Arc<[Vec<u8>]>> {
        let mut settings = self.world.setup.settings.clone();
        settings.sign_up = "open";
        let open = Setup { settings, ..self.world.setup.clone() }.start("open").await?;
        let mut requests = Vec::new();
        while requests.len() < self.size.sessions {
            let work = SignUps::workers(PREPARING, true, &mut self.random);
            let ran = run(open.address, work, Pace::Closed, Duration::from_millis(500)).await?;
            for body in ran.work.into_iter().filter_map(|worker| worker.bodies).flatten() {
                let token = body["token"].as_str().context("a sign-up without a session")?;
                let call = calls::caller(token).from(&self.random.network());
                requests.push(call.to_bytes());
            }
        }
        self.mails += requests.len();
        self.await_mails().await?;
        open.stop().await?;
        requests.truncate(self.size.sessions);
        Ok(requests.into())
    }

    /// The bare handlers that answer what the node does.
    pub(super) async fn bare_checks(
        &self,
        node: SocketAddr,
        checks: &[Vec<u8>],
    ) -> Result<Baseline> {
        let sample = self.world.setup.folder.join("sample.json");
        let mut connection = Connection::open(node).await?;
        let answer = connection.exchange(checks.first().context("no session")?).await?;
        fs::write(&sample, answer.body)?;
        let sample = sample.to_str().context("the folder of the run has an unusual name")?;
        self.baseline(&["http", "--sample", sample]).await
    }

    /// Signs people up and proves their addresses.
    pub(super) async fn people(
        &mut self,
        node: &Node,
        passwords: &[Option<String>],
    ) -> Result<Vec<Person>> {
        let mut people = Vec::new();
        let mut sign_ups = Vec::new();
        let state = self.random.letters(43);
        for password in passwords {
            let email = format!("{}@example.com", self.random.letters(20).to_lowercase());
            let call = calls::sign_up("Somebody", &email, password.as_deref(), &state);
            let network = self.random.network();
            sign_ups.push(call.from(&network).to_bytes());
            people.push(Person { email, network, token: String::new() });
        }
        self.once(node, sign_ups, 202, false).await?;
        let mut answers = Vec::new();
        for Person { email, network, .. } in &people {
            let letter = self.world.sink.inbox().next(email, Duration::from_mins(2)).await?;
            let answer = calls::answer_link(letter.link()?, &state);
            answers.push(answer.from(network).to_bytes());
        }
        self.mails += people.len();
        let bodies = self.once(node, answers, 200, true).await?;
        for (person, body) in people.iter_mut().zip(bodies) {
            let token = body["token"].as_str().context("a proof without a session")?;
            token.clone_into(&mut person.token);
        }
        Ok(people)
    }

    /// Sends each request once; the bodies stand in the order of the requests.
    pub(super) async fn once(
        &self,
        node: &Node,
        requests: Vec<Vec<u8>>,
        expected: u16,
        keep_bodies: bool,
    ) -> Result<Vec<Value>> {
        let mut bodies = Vec::new();
        // One request for each connection, so that the answers come in the order of the requests.
        for batch in requests.chunks(PREPARING) {
            let work = Each::workers(batch.to_vec(), batch.len(), expected, keep_bodies);
            let ran = run(node.address, work, Pace::Closed, FOREVER).await?;
            bodies.extend(ran.work.into_iter().filter_map(|worker| worker.bodies).flatten());
        }
        Ok(bodies)
    }

    /// Notes mails that the server owes.
    pub(super) fn expect_mails(&mut self, count: usize) {
        self.mails += count;
    }

    /// Waits until every mail was delivered, so that no delivery disturbs what is measured next.
    pub(super) async fn await_mails(&mut self) -> Result<()> {
        let patience = Duration::from_mins(5);
        let started = Instant::now();
        while self.world.sink.inbox().arrived() < self.mails {
            if started.elapsed() > patience {
                let arrived = self.world.sink.inbox().arrived();
                bail!("{arrived} of {} mails arrived within {patience:?}", self.mails);
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Starts one of the bare programs.
    pub(super) async fn baseline(&self, arguments: &[&str]) -> Result<Baseline> {
        let mut command = self.beside("baseline", &self.bare)?;
        command.args(arguments);
        // Reads until the program says something, which may be at its end.
        spawn_blocking(move || Baseline::start(command)).await?
    }

    /// Measures these checks, of sessions and of clients, in a process that has the accounts of the node.
    pub(super) async fn in_process(&self, [sessions, clients]: &[PathBuf; 2]) -> Result<Costs> {
        let mut command = self.beside("in-process", &self.world.setup.database)?;
        command.arg("--sessions").arg(sessions).arg("--clients").arg(clients);
        let time = self.size.time * u32::try_from(self.size.rounds)?;
        command.args(["--seconds", &time.as_secs().max(1).to_string()]);
        command.env("DURWARD_KEYS", &self.world.setup.settings.keys);
        spawn_blocking(move || Baseline::start(command)).await??.said()
    }

    /// Ourselves in another process, on the core of the server.
    fn beside(&self, task: &str, database: &Database) -> Result<Command> {
        let mut command = pinned(&env::current_exe()?, self.core);
        command.arg(task).args(["--database", &database.url]);
        Ok(command)
    }
}

/// Runs work after the same work for a moment, which is not counted.
pub(super) async fn warmed<W: Work>(
    address: SocketAddr,
    mut make: impl FnMut() -> Vec<W>,
    time: Duration,
) -> Result<Ran<W>> {
    run(address, make(), Pace::Closed, time / 5).await?;
    run(address, make(), Pace::Closed, time).await
}

/// Waits until a process has nothing to do: less than two hundredths of a core for a second.
pub(super) async fn quiet(pid: u32) -> Result<()> {
    for _ in 0..120 {
        let before = computed(pid)?;
        sleep(Duration::from_secs(1)).await;
        if computed(pid)?.saturating_sub(before) <= Duration::from_millis(20) {
            return Ok(());
        }
    }
    bail!("the server does not come to rest")
}

/// One of the bare programs; killed when it is dropped.
pub(super) struct Baseline {
    child: Child,
    first_line: String,
}

impl Baseline {
    fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context("a baseline cannot be started")?;
        let mut first_line = String::new();
        let output = child.stdout.take().context("a baseline without an output")?;
        let read = BufReader::new(output).read_line(&mut first_line);
        let baseline = Self { child, first_line: first_line.trim().to_owned() };
        read?;
        Ok(baseline)
    }

    /// Its process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it said first.
    pub(super) fn said<T: std::str::FromStr>(&self) -> Result<T> {
        let said = self.first_line.parse();
        said.map_err(|_unfit| anyhow::anyhow!("a baseline said {:?}", self.first_line))
    }
}

impl Drop for Baseline {
    fn drop(&mut self) {
        // Fails only for a process that has ended already.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
