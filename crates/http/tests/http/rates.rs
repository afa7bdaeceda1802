//! Rates of requests, however they are counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use durward_core::budget::{BudgetKey, Debit, Rate};
use durward_core::{Clock, RateLimiter, RateLimiterError, SecretKey, Sharing, Timestamp};
use durward_http::HttpSettings;
use serde_json::json;

use crate::clients::{client, organization};
use crate::site::{Ask, Reply, Site, login};

const SECOND: Duration = Duration::from_secs(1);

/// A server that counts for all nodes.
struct Limiter {
    clock: Arc<dyn Clock>,
    whole: Mutex<HashMap<BudgetKey, Timestamp>>,
}

#[async_trait]
impl RateLimiter for Limiter {
    async fn debit(&self, key: BudgetKey, rate: &Rate) -> Result<Debit, RateLimiterError> {
        let (mut all, now) = (self.whole.lock().unwrap(), self.clock.now());
        let whole = all.get(&key).map_or(now, |whole| now.max(*whole));
        let last_grant = rate.last_grant(now);
        if whole > last_grant {
            return Ok(Debit::Refused { retry_after: whole.since(last_grant) });
        }
        all.insert(key, whole + rate.interval);
        Ok(Debit::Granted)
    }
}

/// How nodes of a test count; a limiter goes by the clock of the first one.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Alone,
    Store,
    Limiter,
}

/// So many nodes on one store, that grant a hundred requests a second to each network.
fn nodes(mode: Mode, count: usize) -> Vec<Site> {
    let mut nodes: Vec<Site> = Vec::new();
    for _ in 0..count {
        let first = nodes.first().map(|site| site.accounts.clone());
        nodes.push(Site::new(
            |parts| {
                parts.settings.limits.caller_requests = Rate::per(100, SECOND);
                if let Some(first) = first {
                    let first = first.parts();
                    parts.store = first.store.clone();
                    parts.clock = Arc::clone(&first.clock);
                    parts.keys = Arc::clone(&first.keys);
                    parts.entropy = Arc::clone(&first.entropy);
                    parts.sharing = first.sharing.clone();
                    return;
                }
                let clock = Arc::clone(&parts.clock);
                parts.sharing = match mode {
                    Mode::Alone => Sharing::Alone,
                    Mode::Store => Sharing::Store,
                    Mode::Limiter => {
                        Sharing::Limiter(Arc::new(Limiter { clock, whole: Mutex::default() }))
                    }
                };
            },
            HttpSettings::default(),
        ));
    }
    nodes
}

fn caller(peer: &'static str) -> Ask {
    Ask::get("/v1/caller").from(peer)
}

/// A secret key of nobody.
fn unknown(site: &Site) -> String {
    let key = SecretKey::mint(&*site.accounts.parts().entropy);
    format!("Bearer {}", key.expose())
}

/// How many requests are answered `401` before one is `429`, and that one.
async fn failures(nodes: &[Site], ask: impl Fn(&Site) -> Ask) -> (usize, Reply) {
    for refused in 0..1_000 {
        let node = &nodes[refused % nodes.len()];
        let reply = node.send(ask(node)).await;
        if reply.status == 429 {
            return (refused, reply);
        }
        assert_eq!(reply.status, 401);
    }
    panic!("nothing was used up");
}

#[tokio::test]
async fn a_failed_credential_costs_its_network_more_than_a_request() {
    // GW-05, R-TH-07
    for mode in [Mode::Alone, Mode::Store, Mode::Limiter] {
        let nodes = nodes(mode, 1);
        let site = &nodes[0];
        let key = unknown(site);
        let bad = |_: &Site| caller("192.0.2.1:1").header("authorization", key.clone());
        let (refused, limited) = failures(&nodes, bad).await;
        assert_eq!(refused, 10, "{mode:?}");
        assert_eq!(limited.header("ratelimit-policy"), r#""caller";q=100;w=1"#);
        assert_eq!(limited.header("retry-after"), "1");
        assert_eq!(site.send(caller("192.0.2.1:2")).await.status, 429, "{mode:?}");
        assert_eq!(site.send(caller("192.0.2.2:1")).await.status, 200, "another network");
        site.wait(2 * SECOND);
        let mut served = 0;
        while site.send(caller("192.0.2.1:2")).await.status == 200 {
            served += 1;
        }
        assert!((88..=100).contains(&served), "{mode:?}: {served}");
    }
}

#[tokio::test]
async fn failures_on_several_nodes_are_counted_together() {
    // GW-05, R-TH-05
    for mode in [Mode::Store, Mode::Limiter] {
        let nodes = nodes(mode, 3);
        let key = unknown(&nodes[0]);
        let bad = |_: &Site| caller("192.0.2.1:1").header("authorization", key.clone());
        let (refused, _) = failures(&nodes, bad).await;
        // What the last ones cost is not paid yet, one on each node.
        assert!((10..=12).contains(&refused), "{mode:?}: {refused}");
        for node in &nodes {
            let _one_more = node.send(bad(node)).await;
            assert_eq!(node.send(bad(node)).await.status, 429, "{mode:?}");
        }
        // For ten seconds, as fast as it goes.
        let mut refused = 0;
        for n in 0..3_000 {
            let node = &nodes[n % nodes.len()];
            refused += usize::from(node.send(bad(node)).await.status == 401);
            if n % 3 == 0 {
                nodes[0].wait(Duration::from_millis(10));
            }
        }
        assert!((80..=110).contains(&refused), "{mode:?}: {refused}");
    }
}

#[tokio::test]
async fn a_malformed_credential_costs_as_much_as_a_wrong_one() {
    // GW-05, GW-09
    for mode in [Mode::Alone, Mode::Store, Mode::Limiter] {
        for (name, value) in [
            ("authorization", "Bearer dw_sk_x"),
            ("authorization", "Token x"),
            ("authorization", "Basic YTpi"),
            ("durward-client", "nobody"),
        ] {
            let nodes = nodes(mode, 1);
            let bad = |_: &Site| caller("192.0.2.1:1").header(name, value);
            let (refused, _) = failures(&nodes, bad).await;
            assert_eq!(refused, 10, "{mode:?} {value}");
        }
    }
}

#[tokio::test]
async fn a_client_that_comes_without_the_user_it_requires_costs_its_network_more_than_a_request() {
    // GW-05
    for mode in [Mode::Alone, Mode::Store, Mode::Limiter] {
        let nodes = nodes(mode, 1);
        let ada = nodes[0].session("ada@example.com").await;
        let organization = organization(&nodes[0], &ada).await;
        let made = client(&nodes[0], &ada, &organization, json!({ "requireUser": true })).await;
        let alone = |_: &Site| caller("192.0.2.1:1").bearer(&made["secret"]);
        let (refused, _) = failures(&nodes, alone).await;
        assert_eq!(refused, 10, "{mode:?}");
    }
}

#[tokio::test]
async fn whoever_names_a_public_client_keeps_the_rate_of_his_network() {
    // R-TH-05, GW-03, GW-06
    for mode in [Mode::Alone, Mode::Store, Mode::Limiter] {
        let nodes = nodes(mode, 1);
        let ada = nodes[0].session("ada@example.com").await;
        let organization = organization(&nodes[0], &ada).await;
        let app = json!({ "confidential": false, "requireUser": true, "rateLimit": 1_000 });
        let app = client(&nodes[0], &ada, &organization, app).await;
        let id = app["id"].as_str().unwrap();
        let log_in = Ask::post("/v1/authn/password").json(&login("ada@example.com"));
        let session = nodes[0].send(log_in.header("durward-client", id)).await.json();
        let named = |peer| caller(peer).header("durward-client", id).bearer(&session["token"]);
        let mut served = 0;
        let limited = loop {
            let reply = nodes[0].send(named("192.0.2.1:1")).await;
            if reply.status != 200 {
                break reply;
            }
            served += 1;
        };
        assert!((90..=110).contains(&served), "{mode:?}: {served}");
        assert_eq!(limited.header("ratelimit-policy"), r#""caller";q=100;w=1"#);
        assert_eq!(nodes[0].send(named("192.0.2.2:1")).await.status, 200, "{mode:?}: another one");
    }
}

#[tokio::test]
async fn answers_tell_a_client_what_is_left() {
    // R-TH-07
    for mode in [Mode::Alone, Mode::Store, Mode::Limiter] {
        let nodes = nodes(mode, 1);
        let ada = nodes[0].session("ada@example.com").await;
        let organization = organization(&nodes[0], &ada).await;
        let made = client(&nodes[0], &ada, &organization, json!({ "rateLimit": 4 })).await;
        for left in [3, 2, 1, 0] {
            let reply = nodes[0].send(caller("192.0.2.1:1").bearer(&made["secret"])).await;
            assert_eq!(reply.status, 200, "{mode:?}");
            assert_eq!(reply.header("ratelimit"), format!(r#""client";r={left};t=1"#), "{mode:?}");
            assert_eq!(reply.header("ratelimit-policy"), r#""client";q=4;w=1"#);
        }
    }
}

#[tokio::test]
async fn refusals_tell_a_client_what_is_left_too() {
    // R-TH-07
    let nodes = nodes(Mode::Alone, 1);
    let ada = nodes[0].session("ada@example.com").await;
    let organization = organization(&nodes[0], &ada).await;
    let made = client(&nodes[0], &ada, &organization, json!({ "rateLimit": 4 })).await;
    let missing = Ask::get("/v1/organizations/org_01890a5d7c7e7c8a9b0c1d2e3f");
    let malformed = Ask::get("/v1/sessions?limit=0");
    for (ask, left) in [(missing, 3), (malformed, 2)] {
        let reply = nodes[0].send(ask.from("192.0.2.1:1").bearer(&made["secret"])).await;
        assert!((400..500).contains(&reply.status), "{}", reply.status);
        assert_eq!(reply.header("ratelimit"), format!(r#""client";r={left};t=1"#));
        assert_eq!(reply.header("ratelimit-policy"), r#""client";q=4;w=1"#);
    }
}

#[tokio::test]
async fn a_refusal_tells_the_rate_that_refused() {
    // R-TH-05, R-TH-07
    let change = |parts: &mut durward_core::Parts<_>| {
        parts.settings.limits.client_failures = Rate::per(1, Duration::from_mins(1));
    };
    let site = Site::new(change, HttpSettings::default());
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let made = client(&site, &ada, &organization, json!({})).await;
    let login = || {
        let mut body = login("ada@example.com");
        body["secret"] = json!("wrong");
        let key = made["secret"].as_str().unwrap();
        Ask::post("/v1/authn/password").json(&body).header("durward-client", key)
    };
    assert_eq!(site.send(login()).await.status, 401);
    let refused = site.send(login()).await;
    assert_eq!(refused.problem(), (429, "THROTTLED".into()));
    assert_eq!(refused.header("ratelimit-policy"), r#""failures";q=1;w=60"#);
}
