//! The logins and credentials, explored exhaustively in small worlds: the real flows on the store in memory,
//! in every order of their steps, with a crash and a retry at each.
//!
//! A step is one look-up outside of a unit of work, or one unit of work as a whole: that units are whole and one
//! after the other is what a store promises, and `durward-conformance` tests. Nodes share nothing but the store, so
//! callers stand for nodes as well. What must hold afterwards is in `invariants.rs`. Known mistakes are put
//! back as faults of the store, in `mistakes.rs`, and each must be found.
//!
//! Every order comes up. What is bounded is how often somebody loses what he knows: once in
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
    // R-OT-01, R-SE-06, R-SE-07, R-SE-08, R-SE-11, R-MF-02, R-RC-01, R-CC-01, R-CC-02, R-EM-08, R-PW-10
    for World { name, explore, .. } in worlds() {
        let begun = Instant::now();
        let count = explore(How { faults: &[], crashes: 1 });
        let count = count.unwrap_or_else(|violation| panic!("{name}: {violation}"));
        println!("{name}: {count} schedules in {:.1?}", begun.elapsed());
    }
}

#[test]
fn every_mistake_is_found_when_it_is_put_back() {
    for World { name, explore, mistakes } in worlds() {
        for (ids, faults, violation) in *mistakes {
            let explored = explore(How { faults, crashes: 0 });
            assert_eq!(explored, Err(*violation), "{ids:?} in {name}");
        }
    }
}
