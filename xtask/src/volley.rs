//! Many requests at the same moment.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Sum;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::calls::Call;
use crate::client::{Client, Reply};

/// Sends every call at once, each over a connection of its own that is open already, dealt to the nodes
/// in turn. The replies stand in the order of the calls; a call without an answer is a failure.
pub(crate) async fn volley(nodes: &[SocketAddr], calls: Vec<Call>) -> Result<Vec<Reply>> {
    let start = Arc::new(Barrier::new(calls.len()));
    let mut running = JoinSet::new();
    for (number, call) in calls.into_iter().enumerate() {
        let mut client = Client::new(nodes[number % nodes.len()]);
        let start = Arc::clone(&start);
        running.spawn(async move {
            let connected = client.connect().await;
            start.wait().await;
            let reply = match connected {
                Ok(()) => client.call(&call).await,
                Err(lost) => Err(lost),
            };
            (number, reply)
        });
    }
    let mut replies = BTreeMap::new();
    while let Some(ended) = running.join_next().await {
        let (number, reply) = ended.context("a request was given up")?;
        replies.insert(number, reply?);
    }
    Ok(replies.into_values().collect())
}

/// How many answers had which status, and the last of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tally(BTreeMap<u16, (usize, String)>);

impl Tally {
    /// Counts the replies.
    pub(crate) fn of(replies: &[Reply]) -> Self {
        let each = |reply: &Reply| Self([(reply.status, (1, reply.to_string()))].into());
        replies.iter().map(each).sum()
    }

    /// How many had this status.
    pub(crate) fn count(&self, status: u16) -> usize {
        self.0.get(&status).map_or(0, |(count, _)| *count)
    }

    /// Refuses every status that is not expected.
    pub(crate) fn only(&self, expected: &[u16]) -> Result<()> {
        match self.0.iter().find(|(status, _)| !expected.contains(status)) {
            Some((_, (_, reply))) => bail!("unexpected answers: {self}; {reply}"),
            None => Ok(()),
        }
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        let mut counts: BTreeMap<u16, (usize, String)> = BTreeMap::new();
        for (status, (count, reply)) in tallies.flat_map(|tally| tally.0) {
            let so_far = counts.entry(status).or_default();
            *so_far = (so_far.0 + count, reply);
        }
        Self(counts)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (status, (count, _)) in &self.0 {
            let comma = if first { "" } else { ", " };
            write!(f, "{comma}{count} x {status}")?;
            first = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn reply(status: u16) -> Reply {
        Reply { asked: String::from("GET /"), status, body: Value::Null, retry_after: None }
    }

    #[test]
    fn unexpected_answers_are_named() {
        let tally = Tally::of(&[reply(401), reply(200), reply(401)]);
        assert_eq!(tally.to_string(), "1 x 200, 2 x 401");
        assert_eq!((tally.count(200), tally.count(503)), (1, 0));
        assert!(tally.only(&[200, 401]).is_ok());
        let refused = tally.only(&[200]).unwrap_err().to_string();
        assert_eq!(refused, "unexpected answers: 1 x 200, 2 x 401; GET / answered 401");
    }

    #[test]
    fn tallies_are_summed_by_status() {
        let tallies = [Tally::of(&[reply(200), reply(401)]), Tally::of(&[reply(401)])];
        assert_eq!(tallies.into_iter().sum::<Tally>().to_string(), "1 x 200, 2 x 401");
    }
}
