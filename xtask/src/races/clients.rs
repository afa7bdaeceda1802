//! The races of clients and their secrets.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Arena;
use super::people::Person;
use crate::calls::Call;
use crate::client::Reply;
use crate::volley::{Tally, volley};

const ROTATIONS: usize = 50;
const CLIENTS: usize = 50;
/// How many live secrets a client has at most.
const MOST_LIVE: usize = 2;

impl Arena<'_> {
    /// Secrets of one client rotated at once: no more than two live, exactly those that are listed (R-CL-01).
    pub(super) async fn rotations_of_one_client(&mut self) -> Result<Tally> {
        let owner = self.person().await?;
        let made = self.organization(&owner).await?;
        let reply = self.client.call(&create(&made.id, &owner)).await?.expect(201)?;
        let client = reply.text("/id")?;
        let mut keys = BTreeMap::from([(reply.text("/secretId")?, reply.text("/secret")?)]);
        let mut all = Vec::new();
        // Further secrets for which there is room once; in the place of the others; and some of both.
        let bodies: [&[Value]; 3] = [
            &[json!({})],
            &[json!({ "expireOthersIn": 0 })],
            &[json!({ "expireOthersIn": 0 }), json!({}), json!({ "expireOthersIn": 3_600 })],
        ];
        for bodies in bodies {
            let path = format!("/v1/clients/{client}/secrets");
            let calls = bodies.iter().cycle().take(ROTATIONS);
            let calls = calls.map(|body| Call::post(&*path, body.clone()).by(&owner.tokens.token));
            let replies = volley(&self.addresses, calls.collect()).await?;
            let tally = Tally::of(&replies);
            tally.only(&[201, 422])?;
            ensure!(tally.count(201) >= 1, "nobody may rotate: {tally}");
            let mut acknowledged = Vec::new();
            for reply in replies.iter().filter(|reply| reply.status == 201) {
                acknowledged.push(reply.text("/id")?);
                keys.insert(reply.text("/id")?, reply.text("/secret")?);
            }
            let rows = self.list(&path, &owner.tokens.token).await?;
            let live: Vec<&str> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
            ensure!((1..=MOST_LIVE).contains(&live.len()), "{} live secrets: {tally}", live.len());
            ensure!(live.iter().all(|id| keys.contains_key(*id)), "a secret that nobody got");
            // Whoever came last ended the others; and those for whom there was room ended nobody.
            let mut kept = acknowledged.iter().map(|id| live.contains(&id.as_str()));
            let ends = bodies.iter().any(|body| body.get("expireOthersIn").is_some());
            let is_kept = if ends { kept.any(|it| it) } else { kept.all(|it| it) };
            ensure!(is_kept, "a secret was handed out and is not there: {tally}");
            let (good, dead): (Vec<_>, Vec<_>) =
                keys.iter().partition(|(id, _)| live.contains(&id.as_str()));
            let good = good.into_iter().map(|(_, key)| use_of(key)).collect();
            Tally::of(&volley(&self.addresses, good).await?).only(&[200])?;
            let dead = dead.into_iter().map(|(_, key)| use_of(key)).collect();
            self.are_refused("secrets of a client", dead).await?;
            all.extend(replies);
        }
        Ok(Tally::of(&all))
    }

    /// Clients made in an organization while it is archived: not one of them works afterwards, and after its
    /// restoration exactly those are there that were told of.
    pub(super) async fn archival_against_clients(&mut self) -> Result<Tally> {
        let owner = self.person().await?;
        let made = self.organization(&owner).await?;
        let first = self.client.call(&create(&made.id, &owner)).await?.expect(201)?;
        let mut calls = vec![create(&made.id, &owner); CLIENTS];
        let archive = Call::delete(format!("/v1/organizations/{}", made.id));
        calls.insert(CLIENTS / 4, archive.by(&owner.tokens.token));
        let replies = volley(&self.addresses, calls).await?;
        let tally = Tally::of(&replies);
        tally.only(&[201, 204, 403])?;
        ensure!(tally.count(204) == 1, "the archival: {tally}");
        let told = replies.iter().filter(|reply| reply.status == 201).chain([&first]);
        let told: Vec<&Reply> = told.collect();
        let keys = told.iter().map(|reply| reply.text("/secret").map(|key| use_of(&key)));
        let keys: Vec<Call> = keys.collect::<Result<_>>()?;
        self.are_refused("clients of an archived organization", keys.clone()).await?;
        let late = self.client.call(&create(&made.id, &owner)).await?;
        late.expect(403).context("a client of an archived organization")?;
        let restore = Call::bare(format!("/v1/organizations/{}/restore", made.id));
        self.client.call(&restore.by(&owner.tokens.token)).await?.expect(200)?;
        let path = format!("/v1/organizations/{}/clients", made.id);
        let there = self.list(&path, &owner.tokens.token).await?.len();
        ensure!(there == told.len(), "{there} clients, and {} were told of: {tally}", told.len());
        Tally::of(&volley(&self.addresses, keys).await?).only(&[200])?;
        Ok(tally)
    }
}

fn create(organization: &str, by: &Person) -> Call {
    let path = format!("/v1/organizations/{organization}/clients");
    Call::post(path, json!({ "name": "Racer" })).by(&by.tokens.token)
}

/// A request by this key alone.
fn use_of(key: &str) -> Call {
    Call::get("/v1/caller").by(key)
}
