//! Registers the server as a node of the deployment, or finds out that it may not run beside another one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use durward::accounts::Joining;
use durward::entity::{Node, NodeName};
use durward::sharing::SharingKind;
use durward::{Accounts, Sharing, Store};
use tokio::time::sleep;

use crate::config::{Config, Counting, EngineKind, Mode, Problems};
use crate::failure::Failure;

/// How the nodes of the deployment keep to the rates of requests.
pub(super) fn sharing(config: &Config, engine: EngineKind, mode: Mode) -> Result<Sharing, Failure> {
    let redis = config.redis.url.is_some();
    let counting = config.sharing.unwrap_or_else(|| Counting::by_default(redis, engine, mode));
    Ok(match counting {
        Counting::Process => Sharing::Alone,
        Counting::Database => Sharing::Store,
        Counting::Redis => {
            let limiter = config.redis.limiter().map_err(|problem| Problems(vec![problem]))?;
            Sharing::Limiter(Arc::new(limiter.context("redis.url is not set")?))
        }
    })
}

/// The name of a node that was given none: host and port, which no other running process has.
pub(super) fn standard_name(listens: SocketAddr) -> Result<NodeName, Failure> {
    let host = whoami::hostname().unwrap_or_default();
    let host: String = host.chars().filter(char::is_ascii_graphic).take(100).collect();
    let name = NodeName::parse(&format!("{host}/{listens}"));
    Ok(name.context("this machine has no name that would do: set node")?)
}

/// Registers this server. Beside another one that it is at odds with it waits until that is seen to be alive, and then
/// fails; or until its registration ends, since it had crashed.
pub(super) async fn join<S: Store>(accounts: &Accounts<S>, name: &NodeName) -> Result<(), Failure> {
    const LOOK: Duration = Duration::from_millis(500);
    let mut seen: Option<Node> = None;
    loop {
        let joined = accounts.join_nodes(name).await;
        match joined.context("the server cannot be registered in the database")? {
            Joining::Joined { beside } => {
                tell(accounts.parts().sharing.kind(), &beside);
                return Ok(());
            }
            Joining::Refused { beside } => {
                if let Some(before) = &seen
                    && before.id == beside.id
                    && before.expires < beside.expires
                {
                    return Err(refusal(accounts.parts().sharing.kind(), &beside).into());
                }
                if seen.as_ref().is_none_or(|before| before.id != beside.id) {
                    let other = beside.name.as_str();
                    tracing::warn!(other, "waiting to see whether the other node is alive");
                    seen = Some(beside);
                }
            }
        }
        sleep(LOOK).await;
    }
}

fn refusal(own: SharingKind, other: &Node) -> anyhow::Error {
    let fix = "give all nodes limits.sharing = \"database\", or redis.url";
    let name = &other.name;
    match (own, other.sharing) {
        (SharingKind::Alone, _) => anyhow!(
            "the node {name} serves this database, and this one would count requests by itself: \
             {fix}, or stop that one"
        ),
        (SharingKind::Store | SharingKind::Limiter, _) => anyhow!(
            "the node {name} serves this database and counts requests by itself: stop it, and {fix}"
        ),
    }
}

/// Tells of nodes that count elsewhere: each of the two kinds lets through what the rates allow.
fn tell(own: SharingKind, beside: &[Node]) {
    tracing::info!(nodes = beside.len() + 1, "registered");
    if let Some(other) = beside.iter().find(|other| other.sharing != own) {
        let other = other.name.as_str();
        tracing::warn!(
            other,
            "the other node counts requests elsewhere, so that up to twice as many pass: give both the same \
             limits.sharing"
        );
    }
}
