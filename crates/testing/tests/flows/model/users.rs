//! Small worlds with a user who is banned or deleted.

use crate::model::course::Course;
use crate::model::given::Given;
use crate::model::invariants::{Violation, ensure};
use crate::model::mistakes as put_back;
use crate::model::scene::{Explored, How, Scene, World};

pub(crate) const WORLDS: &[World] = &[
    World {
        name: "a ban against a login",
        explore: ban_against_login,
        mistakes: &[
            (&["AM-08", "AM-27"], put_back::BAN_UNREAD, Violation::AliveThoughOver),
            (&["GW-12", "DP-05"], put_back::END_UNSEEN, Violation::AliveThoughOver),
        ],
    },
    World {
        name: "a ban against a refresh",
        explore: ban_against_refresh,
        mistakes: &[(&["GW-65"], put_back::REFRESH_UNCHECKED, Violation::AliveThoughOver)],
    },
    World {
        name: "a deletion against a login",
        explore: deletion_against_login,
        mistakes: &[
            (&["AM-08", "AM-27"], put_back::BAN_UNREAD, Violation::AliveThoughOver),
            (&["GW-43"], put_back::SESSIONS_STAY, Violation::AliveThoughOver),
        ],
    },
];

fn ban_against_login(how: How) -> Explored {
    let given = Given::new();
    Scene {
        given: &given,
        callers: vec![given.bans(), given.logs_in()],
        holds: |course: &Course| given.nothing_lives(course),
        courses: &["ban", "login ban"],
    }
    .explore(how)
}

fn ban_against_refresh(how: How) -> Explored {
    let given = Given::new();
    Scene {
        given: &given,
        callers: vec![given.bans(), given.refreshes("refresh", &given.ada)],
        holds: |course: &Course| given.nothing_lives(course),
        courses: &["ban", "refresh ban"],
    }
    .explore(how)
}

/// Ada goes; Eve, who is logged in, stays.
fn deletion_against_login(how: How) -> Explored {
    let given = Given::new();
    let (eve, by) = (given.sign_up("eve@example.com"), given.fresh());
    Scene {
        given: &given,
        callers: vec![given.deletes(&by), given.logs_in()],
        holds: |course: &Course| {
            given.nothing_lives(course)?;
            ensure(given.is_accepted(&eve), Violation::OtherPersonConcerned)
        },
        courses: &["deletion", "login deletion"],
    }
    .explore(how)
}
