//! `kill -9` at random moments under load: what was acknowledged is there afterwards, and nothing is half
//! done. The ledger is kept here, outside the server, and everything is looked at through the API.

mod check;
mod ledger;
mod load;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::args::Args;
use crate::cargo::Profile;
use crate::client::Client;
use crate::database::Engine;
use crate::mail::Inbox;
use crate::random::Random;
use crate::server::{Node, tail};
use crate::world::{World, judged_server};

use ledger::{Fate, Person};

const PEOPLE: usize = 24;
/// How long a mail may stay with a worker that was killed while it sent it: the lease, and a margin.
const LEASE: Duration = Duration::from_secs(3 * 60 + 30);
/// How many mails a worker sends at once.
const BATCH: usize = 16;
/// How long a mail takes at most that no dead worker holds.
const MAIL_WITHIN: Duration = Duration::from_secs(15);

/// What is killed, and how often.
pub(crate) struct Plan {
    pub(crate) engine: Engine,
    pub(crate) rounds: usize,
    pub(crate) seed: u64,
    /// Whether to wait for mails that a killed worker still holds.
    pub(crate) patient: bool,
}

/// `cargo xtask crash`.
pub(crate) async fn command(mut args: Args) -> Result<()> {
    let engine = args.value("--engine")?.unwrap_or(Engine::Sqlite);
    let rounds = args.value("--rounds")?.unwrap_or(100);
    let seed = args.value("--seed")?.unwrap_or_else(Random::fresh_seed);
    let patient = !args.flag("--impatient");
    args.finish()?;
    run(&Plan { engine, rounds, seed, patient }).await
}

/// Runs the rounds of a plan.
pub(crate) async fn run(plan: &Plan) -> Result<()> {
    let Plan { engine, rounds, seed, .. } = plan;
    println!("crash on {engine}, {rounds} round(s), --seed {seed}");
    let mut random = Random::seeded(*seed);
    let world = World::new(*engine, judged_server(Profile::Debug)?, &mut random).await?;
    let outcome = Town::new(&world, random).live_through(plan).await;
    let context = format!("{engine}: to repeat the choices, not the timing: --seed {seed}");
    world.close(outcome).await.context(context)
}

/// The people, and the server that dies under them.
struct Town<'a> {
    world: &'a World,
    random: Random,
    active: Vec<Person>,
    retired: Vec<Person>,
    born: usize,
    count: Count,
}

#[derive(Debug, Default)]
struct Count {
    acknowledged: u64,
    before: u64,
    after: u64,
    open: u64,
}

impl<'a> Town<'a> {
    fn new(world: &'a World, random: Random) -> Self {
        let count = Count::default();
        Self { world, random, active: Vec::new(), retired: Vec::new(), born: 0, count }
    }

    async fn live_through(mut self, plan: &Plan) -> Result<()> {
        let mut killed = Instant::now();
        for round in 1..=plan.rounds {
            self.kill_while_starting().await?;
            let node = self.world.setup.start("node").await?;
            self.check_all(&node).await?;
            self.answer_late_mails(&node).await?;
            let lived = Duration::from_millis(50 + self.random.below(1_500) as u64);
            self.load(node, lived).await?;
            killed = Instant::now();
            self.world.setup.database.settle().await?;
            let Count { acknowledged, before, after, open } = &self.count;
            println!(
                "  round {round}/{}: killed after {} ms; so far {acknowledged} acknowledged, lost \
                 answers: {before} not done, {after} done, {open} to be told by their mail",
                plan.rounds,
                lived.as_millis()
            );
        }
        let node = self.world.setup.start("node").await?;
        self.check_all(&node).await?;
        self.await_promised_mails(plan, killed, &node).await?;
        self.active.append(&mut self.retired);
        self.check_all(&node).await?;
        let status = node.stop().await?;
        ensure!(status.success(), "the server ended with {status}");
        println!(
            "  ok: {} people, {} mails, {} of them twice",
            self.born,
            self.inbox().arrived(),
            self.inbox().copies()
        );
        Ok(())
    }

    fn inbox(&self) -> Inbox {
        self.world.sink.inbox().clone()
    }

    /// Now and then the server dies before it is ready; first of all while it sets up its database.
    async fn kill_while_starting(&mut self) -> Result<()> {
        if self.born > 0 && !self.random.percent(15) {
            return Ok(());
        }
        let node = self.world.setup.spawn("node")?;
        sleep(Duration::from_millis(self.random.below(250) as u64)).await;
        node.kill()?;
        self.world.setup.database.settle().await
    }

    /// Lets everybody act, and kills the server after this time.
    async fn load(&mut self, mut node: Node, lived: Duration) -> Result<()> {
        self.fill_up();
        let killed = Arc::new(AtomicBool::new(false));
        let mut people = std::mem::take(&mut self.active);
        let mut acting = JoinSet::new();
        // The tasks borrow nothing: everybody goes out and comes back.
        for mut person in people.drain(..) {
            let mut random = self.random.fork();
            let killed = Arc::clone(&killed);
            let inbox = self.inbox();
            let mut client = Client::new(node.address);
            acting.spawn(async move {
                let acted = person.act(&mut client, &inbox, &mut random, &killed).await;
                (person, acted)
            });
        }
        sleep(lived).await;
        ensure!(node.is_alive()?, "the server ended by itself:\n{}", tail(&node.log));
        killed.store(true, Ordering::SeqCst);
        node.kill()?;
        while let Some(ended) = acting.join_next().await {
            let (person, acted) = ended.context("a person was given up")?;
            self.count.acknowledged += acted.with_context(|| person.email.clone())?;
            self.active.push(person);
        }
        Ok(())
    }

    /// Whoever has seen enough makes room for somebody new.
    fn fill_up(&mut self) {
        let (retired, active): (Vec<_>, _) =
            self.active.drain(..).partition(Person::has_seen_enough);
        self.active = active;
        self.retired.extend(retired);
        while self.active.len() < PEOPLE {
            self.born += 1;
            let email = format!("Person{}@example.com", self.born);
            let name = format!("Person {}", self.random.letters(12));
            let password = self.random.percent(25).then(|| self.random.letters(20));
            self.active.push(Person::stranger(email, name, password));
        }
    }

    /// Checks everybody who is active.
    async fn check_all(&mut self, node: &Node) -> Result<()> {
        let mut checking = JoinSet::new();
        for mut person in self.active.drain(..) {
            let mut client = Client::new(node.address);
            checking.spawn(async move {
                let lost = person.doing.is_some();
                let checked = person.check(&mut client).await;
                (person, lost, checked)
            });
        }
        while let Some(ended) = checking.join_next().await {
            let (person, lost, checked) = ended.context("a check was given up")?;
            match checked? {
                Some(Fate::Before) => self.count.before += 1,
                Some(Fate::After) => self.count.after += 1,
                None => self.count.open += u64::from(lost),
            }
            self.active.push(person);
        }
        Ok(())
    }

    /// Mails that a killed worker held may come long after their readers had seen enough; their codes do
    /// not live as long as the run.
    async fn answer_late_mails(&mut self, node: &Node) -> Result<()> {
        let inbox = self.inbox();
        let mut client = Client::new(node.address);
        for person in &mut self.retired {
            while let Some(letter) = inbox.take(&person.email) {
                person.answer_mail(&letter, &mut client, &mut self.random).await?;
            }
        }
        Ok(())
    }

    /// Every mail that was promised comes, and its code still opens its flow.
    async fn await_promised_mails(
        &mut self,
        plan: &Plan,
        killed: Instant,
        node: &Node,
    ) -> Result<()> {
        let patience = if plan.patient { LEASE } else { MAIL_WITHIN };
        let until = killed + patience;
        let mut client = Client::new(node.address);
        let mut missing = 0;
        let inbox = self.inbox();
        let mut random = self.random.fork();
        for person in self.active.iter_mut().chain(&mut self.retired) {
            while person.flows.iter().any(|flow| flow.promised) {
                match inbox.take(&person.email) {
                    Some(letter) => person.answer_mail(&letter, &mut client, &mut random).await?,
                    None if Instant::now() >= until => break,
                    None => sleep(Duration::from_millis(20)).await,
                }
            }
            missing += person.flows.iter().filter(|flow| flow.promised).count();
        }
        match missing {
            0 => Ok(()),
            _ if !plan.patient && missing <= BATCH * plan.rounds => {
                println!("  {missing} mail(s) are still leased to killed workers; not waited for");
                Ok(())
            }
            _ => bail!("{missing} promised mail(s) did not come"),
        }
    }
}
