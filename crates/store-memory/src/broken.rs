//! Stores that are broken on purpose: each promise of the suite is seen to fail on at least one.
//!
//! A [`BrokenStore`] is a [`MemoryStore`] with one [`Fault`]: a call of the port that does something else,
//! or a rule of units of work that is not kept. Without a fault it keeps every promise, which is tested
//! too, so that whatever breaks breaks by its fault.

mod actors;
mod audit;
mod audit_chain;
mod bootstraps;
mod budgets;
mod client_lists;
mod client_searches;
mod client_secrets;
mod clients;
mod dossier;
mod factors;
mod fault;
mod flow_ends;
mod flows;
mod invitations;
mod key_owners;
mod leftovers;
mod life_cycle;
mod lists;
mod login_email_changes;
mod login_emails;
mod nodes;
mod organization_lists;
mod organizations;
mod outbox;
mod passwords;
mod presumptions;
mod replies;
mod rotations;
mod sessions;
mod store;
mod transactions;
mod transitions;
mod user_lists;
mod users;

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use durward_conformance::promises;

use fault::Fault;
use store::BrokenStore;

/// The promises of one noun, each with faults that break it.
type Faults = &'static [(&'static str, &'static [Fault])];

const NOUNS: &[(&str, Faults)] = &[
    ("actors", actors::FAULTS),
    ("audit", audit::FAULTS),
    ("audit_chain", audit_chain::FAULTS),
    ("bootstraps", bootstraps::FAULTS),
    ("budgets", budgets::FAULTS),
    ("dossier", dossier::FAULTS),
    ("factors", factors::FAULTS),
    ("client_lists", client_lists::FAULTS),
    ("client_searches", client_searches::FAULTS),
    ("client_secrets", client_secrets::FAULTS),
    ("clients", clients::FAULTS),
    ("flow_ends", flow_ends::FAULTS),
    ("flows", flows::FAULTS),
    ("flows", transitions::FAULTS),
    ("key_owners", key_owners::FAULTS),
    ("leftovers", leftovers::FAULTS),
    ("life_cycle", life_cycle::FAULTS),
    ("lists", lists::FAULTS),
    ("invitations", invitations::FAULTS),
    ("login_emails", login_emails::FAULTS),
    ("login_email_changes", login_email_changes::FAULTS),
    ("memberships", organizations::MEMBERSHIPS),
    ("nodes", nodes::FAULTS),
    ("organizations", organizations::ORGANIZATIONS),
    ("organization_lists", organization_lists::FAULTS),
    ("outbox", outbox::FAULTS),
    ("passwords", passwords::FAULTS),
    ("presumptions", presumptions::FAULTS),
    ("replies", replies::FAULTS),
    ("rotations", rotations::FAULTS),
    ("sessions", sessions::FAULTS),
    ("transactions", transactions::FAULTS),
    ("user_lists", user_lists::FAULTS),
    ("users", users::FAULTS),
];

/// The value with something of it altered.
fn altered<T: Clone>(value: &T, alter: impl FnOnce(&mut T)) -> T {
    let mut copy = value.clone();
    alter(&mut copy);
    copy
}

/// The promise must break on each of its faults, by its own judgement and not by running out of time.
fn breaks(noun: &str, promise: &str, run: impl Fn(Fault)) {
    let of_noun = NOUNS.iter().filter(|(name, _)| *name == noun).flat_map(|(_, faults)| *faults);
    let faults: Vec<_> =
        of_noun.filter(|(name, _)| *name == promise).flat_map(|(_, it)| *it).collect();
    assert!(!faults.is_empty(), "no fault is known that breaks {noun}::{promise}");
    let unnoticed: Vec<_> = (0..faults.len())
        .filter(|n| {
            let outcome = catch_unwind(AssertUnwindSafe(|| run(*faults[*n])));
            let why = outcome.err().map(|panic| message(&*panic));
            why.is_none_or(|why| why.contains("neither kept nor broken"))
        })
        .collect();
    assert!(unnoticed.is_empty(), "{noun}::{promise} does not notice faults {unnoticed:?}");
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

macro_rules! one_test_per_promise {
    (; $($noun:ident::$promise:ident,)+) => {$(
        #[test]
        fn $promise() {
            breaks(stringify!($noun), stringify!($promise), |fault| {
                let fresh = async { BrokenStore::with(fault) };
                durward_conformance::run(fresh, durward_conformance::$noun::$promise);
            });
        }
    )+};
}

mod each_promise_breaks {
    use super::{BrokenStore, breaks, promises};

    promises!([one_test_per_promise]);
}

mod without_a_fault {
    use super::{BrokenStore, Fault};

    async fn whole() -> BrokenStore {
        BrokenStore::with(Fault::Nothing)
    }

    durward_conformance::suite!(whole);
}

/// A store that finds out late who was first keeps every promise as well.
mod with_conflicts {
    use super::{BrokenStore, Fault};

    async fn whole() -> BrokenStore {
        BrokenStore::with(Fault::NothingButConflicts)
    }

    durward_conformance::suite!(whole);
}

macro_rules! names {
    (; $($noun:ident::$promise:ident,)+) => {
        [$((stringify!($noun), stringify!($promise))),+]
    };
}

#[test]
fn the_tables_name_promises_only() {
    let known: BTreeSet<_> = promises!([names]).into();
    for (noun, faults) in NOUNS {
        for (promise, _) in *faults {
            assert!(known.contains(&(*noun, *promise)), "{noun}::{promise} is not a promise");
        }
    }
}
