//! The reviewed tables, read back.

use std::collections::BTreeMap;

const ROUTES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/routes.golden.txt"));
const POLICY: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/authz.golden.txt"));

/// The last columns of the policy: whether what a user may do is also done for him by his personal key, by an
/// administrator who acts as him, and before he has enrolled a second factor that is asked of him.
const BY_LESS: [&str; 3] = ["key", "actor", "enrolling"];

/// A row of the table of routes.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) action: String,
    pub(crate) aim: String,
}

/// What the policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Decision {
    Allow,
    Authenticate,
    Forbid,
    Hide,
}

/// The table of the policy: by action, and then by relation.
pub(crate) struct Policy(BTreeMap<&'static str, BTreeMap<&'static str, Decision>>);

pub(crate) fn routes() -> Vec<Route> {
    let rows = ROUTES.lines().skip(1).map(|line| {
        let mut cells = line.split_whitespace().map(str::to_owned);
        let [method, path, action, aim] = std::array::from_fn(|_| cells.next().unwrap());
        Route { method, path, action, aim }
    });
    rows.collect()
}

impl Policy {
    pub(crate) fn read() -> Self {
        let mut lines = POLICY.lines();
        let heads = lines.next().unwrap().split_once("(by").unwrap().0;
        let relations: Vec<&str> = heads.split_whitespace().skip(1).chain(BY_LESS).collect();
        let rows = lines.map(|line| {
            let mut cells = line.split_whitespace();
            let action = cells.next().unwrap();
            let decisions: Vec<Decision> = cells.map(decision).collect();
            assert_eq!(decisions.len(), relations.len(), "{line}");
            (action, relations.iter().copied().zip(decisions).collect())
        });
        Self(rows.collect())
    }

    /// Whether this column is open for this action.
    pub(crate) fn is_open(&self, action: &str, column: &str) -> bool {
        self.0[action][column] == Decision::Allow
    }

    /// What somebody is answered who is all of this to a target: the best answer counts, and whatever stands for a
    /// user opens less than he does (R-CL-04).
    pub(crate) fn decide(&self, action: &str, relations: &[&str], by: Option<&str>) -> Decision {
        let row = &self.0[action];
        let best = relations.iter().map(|relation| row[relation]).min().unwrap();
        by.filter(|_| best == Decision::Allow).map_or(best, |by| row[by])
    }
}

fn decision(text: &str) -> Decision {
    let all = [Decision::Allow, Decision::Authenticate, Decision::Forbid, Decision::Hide];
    all.into_iter().find(|it| format!("{it:?}") == text).unwrap()
}
