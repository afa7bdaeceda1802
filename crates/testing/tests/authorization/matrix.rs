//! Every route, called by everybody about everything: the answers are what the reviewed tables say.

mod principal;
mod tables;
mod world;

use std::collections::BTreeSet;

use axum::http::Method;
use durward_core::{Plain, Store};
use durward_testing::Reply;
use serde_json::{Value, json};

use principal::Principal;
use tables::{Decision, Policy, Route, routes};
use world::{Object, Place, World};

/// Routes whose own rules answer 403 or 404 to somebody whom the policy lets through.
const OWN_RULES: &[&str] = &[
    // Nobody removes whoever holds more than he does.
    "DELETE /v1/memberships/{id}",
    // There is no app.
    "DELETE /v1/users/{id}/totp",
    "POST /v1/users/{id}/recovery-codes",
];

/// The log of whoever was erased stays, so nobody is missed there.
const KEPT: &str = "/v1/users/{id}/audit-events";

/// Calls every route of the table, as every principal, about every object of its aim.
pub(crate) async fn holds<S: Store<Attrs = Plain>>(store: S) {
    let policy = Policy::read();
    let mut worlds = 0;
    let mut world = World::new(&store, worlds).await;
    let document = world.app.get("/v1/openapi.json").send().await.expect(200).json().clone();
    let mut deviations = Vec::new();
    let (mut calls, mut kinds) = (0, BTreeSet::new());
    for route in documented(&document) {
        let takes_body = !operation(&document, &route)["requestBody"].is_null();
        for principal in Principal::ALL {
            for number in 0..world.objects(&route.aim).len() {
                let object = world.objects(&route.aim)[number].clone();
                let expected = expected(&policy, &route, principal, &object);
                let reply = call(&world, &route, principal, &object, takes_body).await;
                let status = reply.status().as_u16();
                calls += 1;
                kinds.insert(format!("{expected:?}"));
                // An empty body may be refused before anybody looks whether the thing is there.
                let unread = expected == Decision::Hide && object.place == Place::Nowhere;
                let unread = unread && takes_body && status == 422;
                if !unread && !fits(expected, status, &route) {
                    let method = &route.method;
                    deviations.push(format!(
                        "{method} {} as {principal:?} about {object:?}: {status}, not {expected:?}",
                        route.path
                    ));
                }
                if reply.status().is_success() && route.method != "GET" {
                    // Whatever it did must not decide over the calls that follow.
                    worlds += 1;
                    world = World::new(&store, worlds).await;
                }
            }
        }
    }
    assert_eq!(kinds.len(), 4, "every decision is seen: {kinds:?}");
    assert!(calls > 3_000, "{calls} calls");
    assert!(deviations.is_empty(), "{} deviations:\n{}", deviations.len(), deviations.join("\n"));
}

/// The routes of the table, which are those of the document.
fn documented(document: &Value) -> Vec<Route> {
    let routes = routes();
    let listed = routes.iter().map(|it| format!("{} {}", it.method.to_lowercase(), it.path));
    let listed: BTreeSet<String> = listed.collect();
    let paths = document["paths"].as_object().unwrap().iter();
    let documented: BTreeSet<String> = paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.filter(|it| *it != "parameters").map(move |method| format!("{method} {path}"))
        })
        .collect();
    assert_eq!(listed, documented);
    routes
}

fn operation<'d>(document: &'d Value, route: &Route) -> &'d Value {
    &document["paths"][&route.path][route.method.to_lowercase()]
}

async fn call<S: Store<Attrs = Plain>>(
    world: &World<S>,
    route: &Route,
    principal: Principal,
    object: &Object,
    takes_body: bool,
) -> Reply {
    let mut path = route.path.clone();
    for id in &object.ids {
        let (before, rest) = path.split_once('{').unwrap();
        path = format!("{before}{id}{}", rest.split_once('}').unwrap().1);
    }
    let method: Method = route.method.parse().unwrap();
    let mut request = world.app.request(method, &path);
    if let Some(credential) = world.credential(principal) {
        request = request.bearer(credential);
    }
    if takes_body {
        request = request.json(&json!({}));
    }
    request.send().await
}

/// What the tables say. What is not there, and what does not belong together, looks alike to everybody who is
/// somebody.
fn expected(policy: &Policy, route: &Route, principal: Principal, object: &Object) -> Decision {
    let decide = |role_counts| {
        let relations = relations(principal, object, role_counts);
        policy.decide(&route.action, &relations, principal.stands_for_somebody())
    };
    let mut decision = decide(true);
    // R-MF-01: a role counts where what the organization asks of its members is proven.
    let weak = object.place == Place::Strict && principal != Principal::Strong;
    if weak && decision == Decision::Allow && decide(false) != Decision::Allow {
        decision = Decision::Authenticate;
    }
    let kept = route.path == KEPT && !object.is_malformed();
    let missing = (object.place == Place::Nowhere && !kept) || !object.matches;
    // Who may not do this to any user is told so without a look whether this one is there.
    let looked_up =
        object.place == Place::Nowhere && (route.aim != "User" || object.is_malformed());
    if principal == Principal::Enrolling && !policy.is_open(&route.action, "enrolling") {
        // Nothing is looked up, so there is nothing to hide.
        let named = matches!(route.aim.as_str(), "User" | "LoginEmail");
        let unreadable = named && object.is_malformed();
        return if unreadable { Decision::Hide } else { Decision::Forbid };
    }
    match decision {
        Decision::Allow if missing && principal != Principal::Nobody => Decision::Hide,
        Decision::Forbid if looked_up => Decision::Hide,
        Decision::Allow | Decision::Authenticate | Decision::Forbid | Decision::Hide => decision,
    }
}

/// Everything that a principal is to an object, in the words of the table; by a role there only if that counts.
fn relations(principal: Principal, object: &Object, role_counts: bool) -> Vec<&'static str> {
    let administrator = principal == Principal::Administrator;
    let Some(user) = principal.user() else {
        if principal == Principal::Nobody {
            return vec!["Anonymous"];
        }
        let home = if principal == Principal::Client { Place::Home } else { Place::Abroad };
        let own = object.place == home;
        let mut all = vec![if own { "OwnClient" } else { "OtherClient" }];
        all.extend((principal == Principal::SystemClient).then_some("SystemClient"));
        return all;
    };
    let mut all = match object.place {
        Place::User(owner) if owner == user => return vec!["Own"],
        Place::Home | Place::Archive | Place::Strict if role_counts => {
            let archived = object.place == Place::Archive;
            in_organization(user, archived)
        }
        Place::Abroad if user == Principal::Stranger => in_organization(Principal::Owner, false),
        Place::Service
        | Place::User(_)
        | Place::Home
        | Place::Archive
        | Place::Strict
        | Place::Abroad
        | Place::Nowhere => vec![],
    };
    all.extend((object.member == Some(user)).then_some("Own"));
    all.extend(administrator.then_some("Administrator"));
    if all.is_empty() { vec!["Other"] } else { all }
}

/// What a role makes of somebody; who edits and manages does not in an archive.
fn in_organization(member: Principal, archived: bool) -> Vec<&'static str> {
    let all: &[&str] = match member {
        Principal::Owner => &["Reader", "Editor", "Manager", "Deleter"],
        Principal::Manager => &["Reader", "Editor", "Manager"],
        Principal::Editor => &["Reader", "Editor"],
        Principal::Viewer => &["Reader"],
        Principal::Nobody
        | Principal::Strong
        | Principal::Stranger
        | Principal::Subject
        | Principal::Administrator
        | Principal::Client
        | Principal::OtherClient
        | Principal::SystemClient
        | Principal::Key
        | Principal::OwnersKey
        | Principal::Actor
        | Principal::Enrolling => &[],
    };
    let asleep = |it: &&str| archived && matches!(*it, "Editor" | "Manager");
    all.iter().copied().filter(|it| !asleep(it)).collect()
}

fn fits(expected: Decision, status: u16, route: &Route) -> bool {
    let name = format!("{} {}", route.method, route.path);
    match expected {
        Decision::Authenticate => status == 401,
        Decision::Forbid => status == 403,
        Decision::Hide => status == 404,
        // What such a route takes is proven by its body, and there was nothing in it.
        Decision::Allow if route.action == "Authenticate" => {
            matches!(status, 200..=299 | 401 | 422)
        }
        Decision::Allow if OWN_RULES.contains(&name.as_str()) => status < 500 && status != 401,
        Decision::Allow => matches!(status, 200..=299 | 400 | 409 | 422),
    }
}
