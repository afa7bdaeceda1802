//! Whether answers tell what they must not (R-EN-01 to R-EN-04): whether an account exists, and what is special
//! about it.
//!
//! Two kinds of subjects are asked about in turn, in an order that chance decides. Their answers must look the same,
//! and a limit on the time must not tell them apart. Mail goes to the subjects alone, and to each as much as it should.

mod classifier;
mod people;
mod shape;

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::args::Args;
use crate::calls::{self, Call};
use crate::cargo::Profile;
use crate::client::Client;
use crate::database::Engine;
use crate::http::Connection;
use crate::mail::Inbox;
use crate::random::Random;
use crate::world::{World, judged_server};

use classifier::auc;
use people::{Kind, MAIL_WITHIN, PASSWORD, People, WRONG};
use shape::shape;

/// How well a classifier may do: 0.5 is chance, and of 2000 samples it varies by 0.013.
pub(super) const LIMIT: f64 = 0.55;

/// How many answers are compared for each pair, unless the caller says otherwise.
pub(crate) const SAMPLES: usize = 2_000;

/// What is asked about a subject.
#[derive(Clone, Copy, Debug)]
enum Question {
    /// A login by this password.
    Password(&'static str),
    /// A login by mail.
    Email,
    /// A password reset.
    Reset,
    /// A sign-up, with a password.
    SignUp,
    /// A sign-up without one.
    SignUpByMail,
    /// Another mail for a login under way.
    Resend,
}

/// Two kinds of subjects whose answers must be alike.
struct Pair {
    question: Question,
    kinds: [Kind; 2],
}

/// Everything that is asked. Each kind of account is compared with no account at all; an account with a second
/// factor with one that has none.
const PAIRS: [Pair; 16] = [
    Pair { question: Question::Password(WRONG), kinds: [Kind::Known, Kind::Unknown] },
    Pair { question: Question::Password(PASSWORD), kinds: [Kind::Banned, Kind::Unknown] },
    Pair { question: Question::Password(PASSWORD), kinds: [Kind::Passwordless, Kind::Unknown] },
    Pair { question: Question::Password(WRONG), kinds: [Kind::Seconded, Kind::Known] },
    Pair { question: Question::Email, kinds: [Kind::Known, Kind::Unknown] },
    Pair { question: Question::Email, kinds: [Kind::Banned, Kind::Unknown] },
    Pair { question: Question::Email, kinds: [Kind::Seconded, Kind::Known] },
    Pair { question: Question::Reset, kinds: [Kind::Known, Kind::Unknown] },
    Pair { question: Question::Reset, kinds: [Kind::Banned, Kind::Unknown] },
    Pair { question: Question::Reset, kinds: [Kind::Passwordless, Kind::Unknown] },
    Pair { question: Question::SignUp, kinds: [Kind::Known, Kind::Unknown] },
    Pair { question: Question::SignUp, kinds: [Kind::Banned, Kind::Unknown] },
    Pair { question: Question::SignUpByMail, kinds: [Kind::Known, Kind::Unknown] },
    Pair { question: Question::SignUpByMail, kinds: [Kind::Banned, Kind::Unknown] },
    Pair { question: Question::Resend, kinds: [Kind::Known, Kind::Unknown] },
    Pair { question: Question::Resend, kinds: [Kind::Banned, Kind::Unknown] },
];

/// `cargo xtask oracle`.
pub(crate) async fn command(mut args: Args) -> Result<()> {
    let engine = args.value("--engine")?.unwrap_or(Engine::Sqlite);
    let samples = args.value("--samples")?.unwrap_or(SAMPLES);
    args.finish()?;
    ensure!(samples >= 20, "a comparison needs at least 20 samples");
    run(engine, samples).await
}

/// Compares every pair by this many samples, on a release build: the times of a debug build say little.
pub(crate) async fn run(engine: Engine, samples: usize) -> Result<()> {
    let mut random = Random::seeded(Random::fresh_seed());
    let world = World::new(engine, judged_server(Profile::Release)?, &mut random).await?;
    let outcome = judge(&world, samples, random).await;
    world.close(outcome).await.with_context(|| format!("{engine}"))
}

async fn judge(world: &World, samples: usize, mut random: Random) -> Result<()> {
    let engine = world.setup.database.engine;
    println!("oracles on {engine}, {samples} samples a pair, at most {LIMIT} may be told apart");
    let node = world.setup.start("node").await?;
    let inbox = world.sink.inbox().clone();
    let (people, mails) = People::settle(world, node.address, &mut random).await?;
    let mut found = Vec::new();
    let mut asking = Asking {
        connection: Connection::open(node.address).await?,
        aside: Client::new(node.address),
        mails,
        inbox,
        people,
        random,
    };
    for pair in &PAIRS {
        let started = Instant::now();
        let area = asking.compare(pair, samples).await?;
        let [one, other] = pair.kinds;
        let verdict = if area <= LIMIT { "ok" } else { "NO" };
        let took = started.elapsed().as_secs_f64();
        let name = pair.question.name();
        let line = format!("{name}: {one:?} and {other:?}: AUC {area:.3}");
        println!("  {verdict} {line} ({took:.0} s)");
        if area > LIMIT {
            found.push(line);
        }
    }
    let status = node.stop().await?;
    ensure!(status.success(), "the node ended with {status}");
    let (mails, arrived) = (asking.mails, asking.inbox.arrived());
    ensure!(arrived == mails, "{arrived} mails arrived in all, and not {mails}");
    ensure!(found.is_empty(), "time tells what answers must not:\n{}", found.join("\n"));
    Ok(())
}

struct Asking {
    /// Where the time is taken.
    connection: Connection,
    /// What has to come before a question, without being one.
    aside: Client,
    inbox: Inbox,
    /// How many mails there should have been so far, to whomever.
    mails: usize,
    people: People,
    random: Random,
}

impl Asking {
    /// Asks about both kinds, and answers how well their times tell them apart. Answers that look different end it.
    async fn compare(&mut self, pair: &Pair, samples: usize) -> Result<f64> {
        let (mut times, mut shapes) =
            ([Vec::new(), Vec::new()], [BTreeSet::new(), BTreeSet::new()]);
        let mut asked = [0; 2];
        // The first answers of a comparison pay for what the later ones find in memory.
        let warm_up = (samples / 20).max(10);
        for number in 0..samples + warm_up {
            let which = self.random.below(2);
            let call = self.question(pair.question, pair.kinds[which]).await?;
            let request = call.to_bytes();
            let sent = Instant::now();
            let answer = self.connection.exchange(&request).await?;
            let took = sent.elapsed();
            asked[which] += 1;
            ensure!(answer.status < 500 && answer.status != 429, "{} came back", answer.status);
            shapes[which].insert(shape(&answer));
            ensure!(!answer.closes, "the connection was closed");
            if number >= warm_up {
                times[which].push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
            }
        }
        if shapes[0] != shapes[1] {
            let [one, other] = pair.kinds;
            let name = pair.question.name();
            bail!("{name}: {one:?} and {other:?} look different: {shapes:#?}");
        }
        self.count_mails(pair, asked).await?;
        Ok(auc(&times[0], &times[1]))
    }

    /// Whether everybody got the mails that he should, after being asked about so often. What anybody else gets, such as
    /// whoever asks, is one too many in the end.
    async fn count_mails(&mut self, pair: &Pair, asked: [usize; 2]) -> Result<()> {
        let due = [0, 1].map(|which| asked[which] * pair.question.mails(pair.kinds[which]));
        self.mails += due[0] + due[1];
        self.inbox.reach(self.mails, MAIL_WITHIN).await?;
        for (kind, due) in pair.kinds.into_iter().zip(due) {
            let came = self.people.take_mails(kind, &self.inbox);
            let name = pair.question.name();
            ensure!(came == due, "{name}: {came} mails to {kind:?}, and not {due}");
        }
        Ok(())
    }

    /// One question about somebody of a kind; each subject is asked about equally often.
    async fn question(&mut self, question: Question, kind: Kind) -> Result<Call> {
        let email = self.people.next(kind)?.to_owned();
        let state = self.random.letters(43);
        let call = match question {
            Question::Password(password) => calls::password_login(&email, password, &state),
            Question::Email => calls::request_code(&email, &state),
            Question::Reset => calls::request_reset(&email, &state),
            Question::SignUp => calls::sign_up("Ada", &email, Some(PASSWORD), &state),
            Question::SignUpByMail => calls::sign_up("Ada", &email, None, &state),
            Question::Resend => {
                let begun = calls::request_code(&email, &state);
                let handle = self.aside.call(&begun).await?.expect(202)?.handle()?;
                calls::resend(&handle, &state)
            }
        };
        Ok(call.from(&self.random.network()))
    }
}

impl Question {
    const fn name(self) -> &'static str {
        match self {
            Self::Password(_) => "password login",
            Self::Email => "e-mail login",
            Self::Reset => "password reset",
            Self::SignUp => "sign-up",
            Self::SignUpByMail => "sign-up without a password",
            Self::Resend => "resend",
        }
    }

    /// How many mails it sends to a subject. Only whoever reads the mailbox knows more afterwards.
    const fn mails(self, kind: Kind) -> usize {
        match (self, kind) {
            (Self::Password(_), _) | (_, Kind::Banned) => 0,
            // Somebody is told that he has an account, somebody else gets the code for a new one.
            (Self::SignUp | Self::SignUpByMail, _) => 1,
            (_, Kind::Unknown) => 0,
            (Self::Email | Self::Reset, _) => 1,
            (Self::Resend, _) => 2,
        }
    }
}
