//! P3: the check of a client beside that of a session.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::json;

use super::checks::Side;
use super::figure::{Figure, Goal};
use super::stage::{Person, Stage, quiet};
use super::stats::median;
use crate::calls::{self, Call};
use crate::client::Client;
use crate::server::Node;

/// Organizations, and how many clients each of them has.
const ORGANIZATIONS: usize = 50;
const CLIENTS: usize = 20;
/// Requests per second; none of them is refused.
const RATE: u32 = 100_000;

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

/// Measures what a request costs the server for its client, and for its session: all of the request, less what the
/// same answer costs a bare handler.
pub(super) async fn measure(
    stage: &mut Stage,
    node: &Node,
    checks: &Arc<[Vec<u8>]>,
) -> Result<Vec<Figure>> {
    let clients = requests(stage, node).await?;
    let baseline = stage.bare_checks(node.address, checks).await?;
    let bare: SocketAddr = baseline.said()?;
    quiet(node.pid()).await?;
    let mut sides = [
        Side::new(bare, baseline.pid(), checks),
        Side::new(node.address, node.pid(), checks),
        Side::new(node.address, node.pid(), &clients),
    ];
    for _ in 0..stage.size.rounds {
        for side in &mut sides {
            side.measure(stage).await?;
        }
    }
    let [bare, session, client] = sides.each_ref().map(|side| median(&side.costs()));
    let less = |cost: Option<f64>| Some(cost? - bare?);
    let engine = stage.engine.to_string();
    Ok(vec![Figure {
        id: "P3",
        what: String::from("check of a client : of a session, without HTTP"),
        engine,
        measured: less(client).context("no round")?,
        unit: "us",
        limit: less(session),
        goal: Goal::RatioAtMost(1.5),
    }])
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
