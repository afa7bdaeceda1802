//! P3: the check of a client beside that of a session.

use std::fs;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::figure::{Figure, Goal};
use super::stage::{Person, Stage, quiet};
use crate::calls::{self, Call};
use crate::client::Client;
use crate::server::Node;

/// Organizations, and how many clients each of them has.
const ORGANIZATIONS: usize = 50;
const CLIENTS: usize = 20;
/// Requests per second; none of them is refused.
pub(super) const RATE: u32 = 100_000;

/// What one request costs, in microseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Cost {
    /// Of processor time, on all threads of the process.
    pub(super) computed: f64,
    /// Of time.
    pub(super) elapsed: f64,
}

/// What the process of the accounts measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Costs {
    /// A request with a session.
    pub(super) session: Cost,
    /// A request with a client.
    pub(super) client: Cost,
    /// The answer to the first by a bare handler.
    pub(super) bare: Cost,
}

impl FromStr for Costs {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}

/// What restricts every client, and lets its requests pass.
fn restrictions() -> serde_json::Value {
    json!({ "restrictions": [
        { "type": "ip", "value": "10.0.0.0/8" },
        { "type": "ip", "value": "2001:db8::/32" },
        { "type": "host", "value": "https://shop.example" },
        { "type": "api", "value": "/v1/orders" },
        { "type": "api", "value": "/v1/caller" },
    ] })
}

/// Measures what a request costs for its client, and for its session, in a process of the accounts alone.
pub(super) async fn measure(
    stage: &mut Stage,
    node: &Node,
    checks: &Arc<[Vec<u8>]>,
) -> Result<Vec<Figure>> {
    ensure!(cfg!(feature = "in-process"), "xtask was built without its feature in-process");
    let clients = requests(stage, node).await?;
    // As many of each.
    let count = checks.len().min(clients.len());
    let file = |name: &str, requests: &[Vec<u8>]| {
        let file = stage.world.setup.folder.join(name);
        fs::write(&file, requests[..count].concat())?;
        Ok::<_, anyhow::Error>(file)
    };
    let files = [file("sessions.http", checks)?, file("clients.http", &clients)?];
    quiet(node.pid()).await?;
    let Costs { session, client, bare } = stage.in_process(&files).await?;
    let engine = stage.engine.to_string();
    let told = |what: &str, measured: f64, limit: Option<f64>| {
        let (what, engine, goal) = (what.to_owned(), engine.clone(), Goal::None);
        Figure { id: "P3", what, engine, measured, unit: "us", limit, goal }
    };
    let what = "check of a client : of a session, in process";
    let judged = told(what, client.computed, Some(session.computed));
    Ok(vec![
        Figure { goal: Goal::RatioAtMost(1.5), ..judged },
        told("the same by the clock", client.elapsed, Some(session.elapsed)),
        told("a bare handler, in process", bare.computed, None),
    ])
}

/// A request of each of many clients.
async fn requests(stage: &mut Stage, node: &Node) -> Result<Arc<[Vec<u8>]>> {
    let people = stage.people(node, &vec![None; ORGANIZATIONS]).await?;
    let mut node = Client::new(node.address);
    let mut requests = Vec::new();
    for Person { token, network, .. } in &people {
        let call = Call::post("/v1/organizations", json!({ "name": "Bench" })).by(token);
        let organization = node.call(&call.from(network)).await?.expect(201)?.text("/id")?;
        for _ in 0..CLIENTS {
            let body = json!({ "name": "Bench", "rateLimit": RATE });
            let path = format!("/v1/organizations/{organization}/clients");
            let made =
                node.call(&Call::post(path, body).by(token).from(network)).await?.expect(201)?;
            let path = format!("/v1/clients/{}/access-restrictions", made.text("/id")?);
            let restrict = Call::post(path, restrictions()).by(token).from(network);
            node.call(&restrict).await?.expect(201)?;
            let check = calls::caller(&made.text("/secret")?).from(&stage.random.network());
            requests.push(check.with("Origin", "https://shop.example").to_bytes());
        }
    }
    Ok(requests.into())
}
