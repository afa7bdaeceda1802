//! Everything that opens sessions of somebody or keeps them alive, done again and again until it is refused: what
//! is to end them must end those that come to be in the same moment.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::people::Step;
use crate::calls::{self, Call};
use crate::client::{Client, Reply, Tokens};

/// How long a siege may go on; whatever it waits for has happened long before.
const PATIENCE: Duration = Duration::from_secs(30);
/// What lies between two answers to codes: there are only so many, and the last ones are to be under way still.
const PAUSE: Duration = Duration::from_millis(20);
/// How many sessions one password opens at most: with too many, the oldest end by themselves.
const LOGINS: usize = 8;

/// The requests under way.
pub(super) struct Siege {
    nodes: Box<dyn Iterator<Item = SocketAddr> + Send>,
    running: JoinSet<Result<Vec<Reply>>>,
}

/// What they were answered.
pub(super) struct Gains(pub(super) Vec<Reply>);

impl Siege {
    /// Nothing yet; the requests go to the nodes in turn.
    pub(super) fn of(nodes: impl Iterator<Item = SocketAddr> + Send + 'static) -> Self {
        Self { nodes: Box::new(nodes), running: JoinSet::new() }
    }

    /// Refreshes a session with the newest token each time.
    pub(super) fn refresh(&mut self, first: &Tokens) -> Result<()> {
        let mut newest = first.refresh.clone();
        self.press(Duration::ZERO, move |last| {
            if let Some(reply) = last {
                newest = reply.tokens()?.refresh;
            }
            Ok(Some(calls::refresh(&newest)))
        })
    }

    /// Logs in by password.
    pub(super) fn log_in(&mut self, email: &str, password: &str, state: &str) -> Result<()> {
        let call = calls::password_login(email, password, state);
        let mut left = LOGINS;
        self.press(Duration::ZERO, move |_last| {
            let more = left > 0;
            left = left.saturating_sub(1);
            Ok(more.then(|| call.clone()))
        })
    }

    /// Answers the codes of logins, one after the other, each of which is good once.
    pub(super) fn answer(&mut self, logins: Vec<Call>) -> Result<()> {
        let mut left = logins.into_iter();
        self.press(PAUSE, move |_last| Ok(left.next()))
    }

    /// Waits until everything was refused or is done.
    pub(super) async fn end(mut self) -> Result<Gains> {
        let mut replies = Vec::new();
        while let Some(ended) = self.running.join_next().await {
            replies.extend(ended.context("a request was given up")??);
        }
        Ok(Gains(replies))
    }

    fn press(
        &mut self,
        pause: Duration,
        mut next: impl FnMut(Option<&Reply>) -> Result<Option<Call>> + Send + 'static,
    ) -> Result<()> {
        let node = self.nodes.next().context("a siege of nobody")?;
        self.running.spawn(async move {
            let (mut client, began) = (Client::new(node), Instant::now());
            let mut replies: Vec<Reply> = Vec::new();
            while let Some(call) = next(replies.last())? {
                ensure!(began.elapsed() < PATIENCE, "{} is never refused", call.name());
                sleep(pause).await;
                let reply = client.call(&call).await?;
                ensure!(matches!(reply.status, 200 | 401), "{reply}");
                let refused = reply.status == 401;
                replies.push(reply);
                if refused {
                    break;
                }
            }
            Ok(replies)
        });
        Ok(())
    }
}

impl Gains {
    /// The sessions that were opened or refreshed.
    pub(super) fn sessions(&self) -> Result<Vec<Tokens>> {
        self.those("session").map(Reply::tokens).collect()
    }

    /// The logins that wait for a second factor.
    pub(super) fn steps(&self) -> Result<Vec<Step>> {
        let steps = self.those("step");
        steps.map(|it| Ok(Step { handle: it.handle()?, state: it.text("/state")? })).collect()
    }

    fn those(&self, kind: &'static str) -> impl Iterator<Item = &Reply> {
        self.0.iter().filter(move |reply| reply.status == 200 && reply.body["t"] == kind)
    }
}
