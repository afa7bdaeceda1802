//! The races that only one may win, against one node and against two nodes on one database.

mod administrators;
mod clients;
mod emails;
mod factors;
mod flows;
mod organizations;
mod passwords;
mod people;
mod siege;

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::args::Args;
use crate::cargo::Profile;
use crate::client::Client;
use crate::database::Engine;
use crate::random::Random;
use crate::server::Node;
use crate::volley::Tally;
use crate::world::{World, judged_server};

/// How often two meet, unless the caller says otherwise.
pub(crate) const MEETINGS: usize = 20;

/// Every racer reaches the point where one may win, however many failed before him, and however busy the machine is.
const SETTINGS: &str = r#"delays = ["99: 1s"]

[passwords]
deadline = "60s"
low_priority = false
"#;

/// How often each race is run, and on what.
pub(crate) struct Plan {
    /// The engines, one after the other.
    pub(crate) engines: Vec<Engine>,
    /// How many nodes share the database.
    pub(crate) nodes: Vec<usize>,
    /// How often each race is run.
    pub(crate) rounds: usize,
    /// How often two who take something from each other meet in one round.
    pub(crate) meetings: usize,
    /// What the name of a race must have in it to be run.
    pub(crate) only: String,
}

/// `cargo xtask races`.
pub(crate) async fn command(mut args: Args) -> Result<()> {
    let engines = match args.value("--engine")? {
        Some(engine) => vec![engine],
        None => Engine::at_hand(),
    };
    let nodes = args.value("--nodes")?.map_or_else(|| vec![1, 2], |nodes| vec![nodes]);
    let rounds = args.value("--rounds")?.unwrap_or(3);
    let meetings = args.value("--meetings")?.unwrap_or(MEETINGS);
    let only = args.value("--only")?.unwrap_or_default();
    args.finish()?;
    ensure!(!nodes.contains(&0), "a race needs at least one node");
    run(&Plan { engines, nodes, rounds, meetings, only }).await
}

/// Runs the races of a plan.
pub(crate) async fn run(plan: &Plan) -> Result<()> {
    let server = judged_server(Profile::Debug)?;
    for engine in &plan.engines {
        for nodes in &plan.nodes {
            let mut random = Random::seeded(Random::fresh_seed());
            let mut world = World::new(*engine, server.clone(), &mut random).await?;
            world.setup.settings.more = SETTINGS;
            let outcome = race(&world, *nodes, plan, random).await;
            let context = format!("{engine} with {nodes} node(s)");
            world.close(outcome).await.context(context)?;
        }
    }
    Ok(())
}

/// Who races against each other.
struct Arena<'a> {
    world: &'a World,
    addresses: Vec<SocketAddr>,
    client: Client,
    random: Random,
    people: usize,
    meetings: usize,
    /// The address of whoever administers.
    administrator: Option<String>,
}

async fn race(world: &World, nodes: usize, plan: &Plan, random: Random) -> Result<()> {
    let Plan { rounds, meetings, ref only, .. } = *plan;
    let engine = world.setup.database.engine;
    let nodes = start(world, nodes).await?;
    let addresses: Vec<SocketAddr> = nodes.iter().map(|node| node.address).collect();
    let client = Client::new(addresses[0]);
    let (people, administrator) = (0, None);
    let mut arena = Arena { world, addresses, client, random, people, meetings, administrator };
    println!("races on {engine}, {} node(s), {rounds} round(s)", nodes.len());
    let mut once = Teller { round: "once", last: Instant::now() };
    once.ok("a bootstrap link used by two", arena.uses_of_one_bootstrap_link().await)?;
    for round in 1..=rounds {
        let started = Instant::now();
        arena.round(&format!("{round}/{rounds}"), only).await?;
        println!("  round {round} took {:.1} s", started.elapsed().as_secs_f64());
    }
    for node in nodes {
        let status = node.stop().await?;
        ensure!(status.success(), "a node ended with {status}");
    }
    world.setup.database.settle().await?;
    let deadlocks = world.setup.database.deadlocks().await?;
    ensure!(deadlocks == 0, "units of work waited for each other in circles, {deadlocks} times");
    Ok(())
}

/// Tells of a race that is over, from the last one on.
struct Teller<'a> {
    round: &'a str,
    last: Instant,
}

impl Teller<'_> {
    fn ok(&mut self, name: &'static str, outcome: Result<Tally>) -> Result<()> {
        let tally = outcome.context(name)?;
        let took = self.last.elapsed().as_secs_f64();
        println!("  ok {} {name}: {tally} ({took:.1} s)", self.round);
        self.last = Instant::now();
        Ok(())
    }
}

/// Starts all nodes at the same moment: the first thing they race for is the empty database.
async fn start(world: &World, count: usize) -> Result<Vec<Node>> {
    let mut setup = world.setup.clone();
    setup.settings.several = count > 1;
    let mut nodes = Vec::new();
    for number in 0..count {
        nodes.push(setup.spawn(&format!("node{number}"))?);
    }
    for node in &mut nodes {
        node.ready().await?;
    }
    Ok(nodes)
}

impl Arena<'_> {
    /// Every race once whose name has this in it.
    async fn round(&mut self, round: &str, only: &str) -> Result<()> {
        let mut teller = Teller { round, last: Instant::now() };
        let mut ran = false;
        macro_rules! race {
            ($name:literal, $race:ident) => {
                if $name.contains(only) {
                    ran = true;
                    teller.ok($name, self.$race().await)?;
                }
            };
        }
        race!("a link answered 200 times", answers_of_a_link);
        race!("a typed code answered 200 times", answers_of_a_typed_code);
        race!("link and typed code against each other", answers_of_both_forms);
        race!("a refresh token spent 100 times", refreshes_of_one_token);
        race!("an address claimed in 50 spellings", spellings_of_one_address);
        race!("one code of an app at two logins", one_step_at_two_logins);
        race!("one code of an app at 20 logins", one_step_at_many_logins);
        race!("a recovery code 50 times at one login", one_recovery_code_at_one_login);
        race!("a recovery code 50 times at 10 logins", one_recovery_code_at_many_logins);
        race!("an enrolment against logins", enrolment_against_logins);
        race!("two primary addresses at once", two_primary_addresses);
        race!("two addresses that remove each other", removals_of_both_addresses);
        race!("a proof against a removal", proof_against_removal);
        race!("one address proven by two users", two_proofs_of_one_address);
        race!("a removal against logins", removal_against_logins);
        race!("password changes against refreshes", changes_against_refreshes);
        race!("a password change against second steps", change_against_second_steps);
        race!("a reset against logins", reset_against_logins);
        race!("two owners who remove each other", owners_against_each_other);
        race!("an invitation accepted 50 times", acceptances_of_one_invitation);
        race!("an archival against invitations", archival_against_invitations);
        race!("a secret rotated 50 times", rotations_of_one_client);
        race!("an archival against 50 clients", archival_against_clients);
        race!("a ban against logins", ban_against_logins);
        race!("two administrators who revoke each other", administrators_against_each_other);
        ensure!(ran, "no race has {only:?} in its name");
        Ok(())
    }
}
