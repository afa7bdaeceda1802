//! The races that only one may win, against one node and against two nodes on one database.

mod organizations;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::args::Args;
use crate::calls::{self, Call};
use crate::client::{Client, Tokens};
use crate::database::Engine;
use crate::random::Random;
use crate::server::Node;
use crate::volley::{Tally, volley};
use crate::world::{World, judged_server};

const ANSWERS: usize = 200;
const REFRESHES: usize = 100;
const SIGN_UPS: usize = 50;
const MAIL_WITHIN: Duration = Duration::from_mins(1);

/// How often each race is run, and on what.
pub(crate) struct Plan {
    /// The engines, one after the other.
    pub(crate) engines: Vec<Engine>,
    /// How many nodes share the database.
    pub(crate) nodes: Vec<usize>,
    /// How often each race is run.
    pub(crate) rounds: usize,
}

/// `cargo xtask races`.
pub(crate) async fn command(mut args: Args) -> Result<()> {
    let engines = match args.value("--engine")? {
        Some(engine) => vec![engine],
        None => Engine::at_hand(),
    };
    let nodes = args.value("--nodes")?.map_or_else(|| vec![1, 2], |nodes| vec![nodes]);
    let rounds = args.value("--rounds")?.unwrap_or(3);
    args.finish()?;
    ensure!(!nodes.contains(&0), "a race needs at least one node");
    run(&Plan { engines, nodes, rounds }).await
}

/// Runs the races of a plan.
pub(crate) async fn run(plan: &Plan) -> Result<()> {
    let server = judged_server()?;
    for engine in &plan.engines {
        for nodes in &plan.nodes {
            let mut random = Random::seeded(Random::fresh_seed());
            let world = World::new(*engine, server.clone(), &mut random).await?;
            let outcome = race(&world, *nodes, plan.rounds, random).await;
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
}

/// A flow whose mail has arrived.
struct Begun {
    email: String,
    state: String,
    handle: String,
    link: String,
    typed: String,
}

async fn race(world: &World, nodes: usize, rounds: usize, random: Random) -> Result<()> {
    let engine = world.setup.database.engine;
    let nodes = start(world, nodes).await?;
    let addresses: Vec<SocketAddr> = nodes.iter().map(|node| node.address).collect();
    let client = Client::new(addresses[0]);
    let mut arena = Arena { world, addresses, client, random, people: 0 };
    println!("races on {engine}, {} node(s), {rounds} round(s)", nodes.len());
    for round in 1..=rounds {
        let started = Instant::now();
        for (name, tally) in [
            ("a link answered 200 times", arena.answers_of_a_link().await?),
            ("a typed code answered 200 times", arena.answers_of_a_typed_code().await?),
            ("link and typed code against each other", arena.answers_of_both_forms().await?),
            ("a refresh token spent 100 times", arena.refreshes_of_one_token().await?),
            ("an address claimed in 50 spellings", arena.spellings_of_one_address().await?),
            ("two owners who remove each other", arena.owners_against_each_other().await?),
            ("an invitation accepted 50 times", arena.acceptances_of_one_invitation().await?),
            ("an archival against invitations", arena.archival_against_invitations().await?),
        ] {
            println!("  ok {round}/{rounds} {name}: {tally}");
        }
        println!("  round {round} took {:.1} s", started.elapsed().as_secs_f64());
    }
    for node in nodes {
        let status = node.stop().await?;
        ensure!(status.success(), "a node ended with {status}");
    }
    Ok(())
}

/// Starts all nodes at the same moment: the first thing they race for is the empty database.
async fn start(world: &World, count: usize) -> Result<Vec<Node>> {
    let mut nodes = Vec::new();
    for number in 0..count {
        nodes.push(world.setup.spawn(&format!("node{number}"))?);
    }
    for node in &mut nodes {
        node.ready().await?;
    }
    Ok(nodes)
}

impl Arena<'_> {
    async fn answers_of_a_link(&mut self) -> Result<Tally> {
        let Begun { link, state, .. } = self.sign_up().await?;
        self.one_session(vec![calls::answer_link(&link, &state); ANSWERS]).await
    }

    async fn answers_of_a_typed_code(&mut self) -> Result<Tally> {
        let Begun { handle, typed, state, .. } = self.sign_up().await?;
        self.one_session(vec![calls::answer_typed(&handle, &typed, &state); ANSWERS]).await
    }

    /// The race for a login of somebody who has an account, by both forms of one code.
    async fn answers_of_both_forms(&mut self) -> Result<Tally> {
        let first = self.sign_up().await?;
        self.client.call(&calls::answer_link(&first.link, &first.state)).await?.tokens()?;
        let Begun { handle, link, typed, state, .. } = self.login(&first.email).await?;
        let mut answers = Vec::new();
        for _ in 0..ANSWERS / 2 {
            answers.push(calls::answer_link(&link, &state));
            answers.push(calls::answer_typed(&handle, &typed, &state));
        }
        self.one_session(answers).await
    }

    async fn one_session(&mut self, answers: Vec<Call>) -> Result<Tally> {
        let replies = volley(&self.addresses, answers).await?;
        let tally = Tally::of(&replies);
        tally.only(&[200, 401])?;
        ensure!(tally.count(200) == 1, "one code must give one session: {tally}");
        let winner = replies.iter().find(|reply| reply.status == 200).context("no winner")?;
        ensure!(self.is_live(&winner.tokens()?.token).await?, "the one session cannot be used");
        Ok(tally)
    }

    async fn refreshes_of_one_token(&mut self) -> Result<Tally> {
        let Begun { link, state, .. } = self.sign_up().await?;
        let first =
            self.client.call(&calls::answer_link(&link, &state)).await?.expect(200)?.tokens()?;
        let replies =
            volley(&self.addresses, vec![calls::refresh(&first.refresh); REFRESHES]).await?;
        let tally = Tally::of(&replies);
        tally.only(&[200, 401])?;
        ensure!(tally.count(200) >= 1, "nobody may refresh: {tally}");
        let mut branches: Vec<(bool, Tokens)> = Vec::new();
        for reply in replies.iter().filter(|reply| reply.status == 200) {
            let tokens = reply.tokens()?;
            branches.push((self.is_live(&tokens.token).await?, tokens));
        }
        let live = branches.iter().filter(|(live, _)| *live).count();
        ensure!(live <= 1, "{live} branches of one session are live: {tally}");
        ensure!(!self.is_live(&first.token).await?, "the token before the refresh is still live");
        // The live branch first: a dead one ends the family.
        branches.sort_by_key(|(live, _)| !live);
        let mut refreshed = 0;
        for (_, tokens) in &branches {
            let reply = self.client.call(&calls::refresh(&tokens.refresh)).await?;
            ensure!(matches!(reply.status, 200 | 401), "{reply}");
            refreshed += usize::from(reply.status == 200);
        }
        ensure!(refreshed <= 1, "{refreshed} branches of one session can be refreshed: {tally}");
        ensure!(refreshed == live, "{live} branches are live, and {refreshed} can be refreshed");
        Ok(tally)
    }

    async fn spellings_of_one_address(&mut self) -> Result<Tally> {
        let addresses: Vec<String> = (0..SIGN_UPS).map(|number| self.spelling(number)).collect();
        self.people += 1;
        let states: Vec<String> = addresses.iter().map(|_| self.random.letters(43)).collect();
        let claims = addresses.iter().zip(&states);
        let claims = claims.map(|(email, state)| calls::sign_up("Racer", email, None, state));
        let replies = volley(&self.addresses, claims.collect()).await?;
        Tally::of(&replies).only(&[202])?;
        let mut answers = Vec::new();
        for (email, state) in addresses.iter().zip(&states) {
            let letter = self.world.sink.inbox().next(email, MAIL_WITHIN).await?;
            answers.push(calls::answer_link(letter.link()?, state));
        }
        let replies = volley(&self.addresses, answers).await?;
        let tally = Tally::of(&replies);
        tally.only(&[200, 401])?;
        let mut owners = BTreeSet::new();
        for reply in replies.iter().filter(|reply| reply.status == 200) {
            let tokens = reply.tokens()?;
            let me = self.client.call(&calls::me(&tokens.token)).await?.expect(200)?;
            ensure!(me.text("/id")? == tokens.user, "a session of another user");
            owners.insert(tokens.user);
        }
        // Later logins, however they spell it, meet the same one.
        for email in [&addresses[0], &addresses[SIGN_UPS / 2], &addresses[SIGN_UPS - 1]] {
            let Begun { link, state, .. } = self.login(email).await?;
            let reply = self.client.call(&calls::answer_link(&link, &state)).await?.expect(200)?;
            owners.insert(reply.tokens()?.user);
        }
        ensure!(owners.len() == 1, "one address has {} owners: {tally}", owners.len());
        Ok(tally)
    }

    /// One address in different cases; six bits are enough for fifty of them.
    fn spelling(&self, number: usize) -> String {
        let local: String = "abcdef"
            .chars()
            .enumerate()
            .map(|(bit, c)| if number >> bit & 1 == 1 { c.to_ascii_uppercase() } else { c })
            .collect();
        let domain = if number.is_multiple_of(2) { "example.com" } else { "EXAMPLE.Com" };
        format!("{local}{}@{domain}", self.people)
    }

    async fn sign_up(&mut self) -> Result<Begun> {
        let email = format!("racer{}@example.com", self.people);
        self.people += 1;
        let state = self.random.letters(43);
        let call = calls::sign_up("Racer", &email, None, &state);
        self.begun(call, email, state).await
    }

    async fn login(&mut self, email: &str) -> Result<Begun> {
        let state = self.random.letters(43);
        let call = calls::request_code(email, &state);
        self.begun(call, email.to_owned(), state).await
    }

    async fn begun(&mut self, call: Call, email: String, state: String) -> Result<Begun> {
        let handle = self.client.call(&call).await?.expect(202)?.handle()?;
        let letter = self.world.sink.inbox().next(&email, MAIL_WITHIN).await?;
        let (link, typed) = (letter.link()?.to_owned(), letter.typed()?.to_owned());
        Ok(Begun { email, state, handle, link, typed })
    }

    async fn is_live(&mut self, token: &str) -> Result<bool> {
        let reply = self.client.call(&calls::caller(token)).await?;
        match reply.status {
            200 => Ok(reply.body.pointer("/user/id").is_some()),
            _ => reply.expect(401).map(|_refused| false),
        }
    }
}
