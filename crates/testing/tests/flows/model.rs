//! The logins and credentials, explored exhaustively in small worlds: the real flows on the store in memory,
//! in every order of their steps, with a crash and a retry at each.
//!
//! A step is one look-up outside of a unit of work, or one unit of work as a whole: that units are whole and one
//! after the other is what a store promises, and `durward-conformance` tests. Nodes share nothing but the store, so
//! callers stand for nodes as well. What must hold afterwards is in `invariants.rs`. Known mistakes are put
//! back as faults of the store, in `mistakes.rs`, and each must be found.
//!
//! Every order comes up, also of three callers. What is bounded is how often somebody loses what he knows: once in
//! all, and not at all where the steps are too many. No order is left out for being like another one.
//!
//! A general model checker would explore a description of the flows; this explores the flows. Nothing has to be
//! kept equal to the code. A world is set up once, and a schedule is repeated from there, so no state has to be
//! compared.

mod callers;
mod codes;
mod compromises;
mod course;
mod emails;
mod explorer;
mod factors;
mod given;
mod invariants;
mod mistakes;
mod passwords;
mod scene;
mod sessions;
mod users;

use std::collections::BTreeSet;
use std::time::Instant;

use crate::model::scene::{How, World};

fn worlds() -> impl Iterator<Item = &'static World> {
    let nouns = [
        codes::WORLDS,
        factors::WORLDS,
        sessions::WORLDS,
        users::WORLDS,
        passwords::WORLDS,
        compromises::WORLDS,
        emails::WORLDS,
    ];
    nouns.into_iter().flatten()
}

#[test]
fn every_world_keeps_its_invariants() {
    // R-OT-01, R-OT-04, R-SE-05, R-SE-06, R-SE-07, R-SE-08, R-SE-11, R-MF-02, R-RC-01, R-RC-03, R-CC-01, R-CC-02,
    // R-EM-07, R-EM-08, R-PW-10
    for World { name, explore, .. } in worlds() {
        let begun = Instant::now();
        let count = explore(How { faults: &[], crashes: 1 });
        let count = count.unwrap_or_else(|violation| panic!("{name}: {violation}"));
        println!("{name}: {count} schedules in {:.1?}", begun.elapsed());
    }
}

/// The mistakes of earlier systems that belong to logins, credentials and proven addresses, and that a faulty store can
/// put back. Others of these flows are not of this kind, and are found elsewhere:
///
/// | Mistake | Is |
/// | --- | --- |
/// | AM-02, AM-15, GW-67 | another answer, or another price: `one_answer.rs` |
/// | AM-13, AM-14, GW-58, GW-59, GW-62 | a token of another kind or spelling: `tokens.rs`, `codes.rs`, `app.rs` |
/// | AM-25, GW-19, GW-51 | a budget: `throttle.rs`, `mailboxes.rs`, `rates.rs` |
/// | GW-15 | a session used through another client: `client_access.rs` |
/// | GW-41 | a factor without a proof: `factors.rs` |
/// | GW-50 | two removals that leave no address: `login_emails.rs`, `cargo xtask races` |
const BELONGING: &[&str] = &[
    "AM-03", "AM-04", "AM-05", "AM-06", "AM-07", "AM-08", "AM-09", "AM-16", "AM-23", "AM-24",
    "AM-26", "AM-27", "DP-05", "GW-12", "GW-13", "GW-42", "GW-43", "GW-45", "GW-48", "GW-52",
    "GW-60", "GW-63", "GW-64", "GW-65", "GW-66",
];

#[test]
fn every_mistake_is_found_when_it_is_put_back() {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for World { name, explore, mistakes } in worlds() {
        assert!(!mistakes.is_empty(), "{name} finds nothing");
        for (ids, faults, violation) in *mistakes {
            let explored = explore(How { faults, crashes: 0 });
            assert_eq!(explored, Err(*violation), "{ids:?} in {name}");
            found.extend(*ids);
        }
    }
    // The others are requirements of our own.
    found.retain(|id| !id.starts_with("R-"));
    assert_eq!(found, BELONGING.iter().copied().collect());
}
