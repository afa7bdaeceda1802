//! Small worlds with one session and its refresh tokens.

use durward_core::accounts::IssuedSession;

use crate::model::course::Course;
use crate::model::given::Given;
use crate::model::invariants::{Violation, ensure};
use crate::model::mistakes as put_back;
use crate::model::scene::{Explored, How, Scene, World};

pub(crate) const WORLDS: &[World] = &[
    World {
        name: "one refresh token, twice",
        explore: one_refresh_token,
        mistakes: &[(&["GW-13", "GW-65"], put_back::ROTATION_UNWRITTEN, Violation::UsedTwice)],
    },
    World {
        name: "a refresh token that was spent long ago, against the present one",
        explore: spent_token,
        mistakes: &[(&["GW-65"], put_back::SESSION_STAYS, Violation::AliveThoughOver)],
    },
    World {
        name: "two refreshes and a logout",
        explore: refreshes_and_logout,
        mistakes: &[
            (&["GW-12", "DP-05"], put_back::END_UNSEEN, Violation::AliveThoughOver),
            (&["GW-65"], put_back::REFRESH_UNCHECKED, Violation::AliveThoughOver),
            (&["GW-66"], put_back::SESSION_STAYS, Violation::AliveThoughOver),
        ],
    },
    World {
        name: "two refreshes and a ban",
        explore: refreshes_and_ban,
        mistakes: &[(&["GW-65"], put_back::REFRESH_UNCHECKED, Violation::AliveThoughOver)],
    },
];

/// Of all pairs one is accepted, and not the one before them.
fn one_branch(given: &Given, course: &Course) -> Result<(), Violation> {
    let is_accepted = |session: &&IssuedSession| given.is_accepted(session);
    ensure(course.sessions().filter(is_accepted).count() == 1, Violation::UsedTwice)?;
    ensure(!given.is_accepted(&given.ada), Violation::UsedTwice)
}

/// The second is told the pair that takes the place of the first one's: whoever lost an answer may ask again.
fn one_refresh_token(how: How) -> Explored {
    let given = Given::new();
    Scene {
        given: &given,
        callers: vec![given.refreshes("one", &given.ada), given.refreshes("two", &given.ada)],
        holds: |course: &Course| one_branch(&given, course),
        courses: &["one two", "two one"],
    }
    .explore(how)
}

/// Whoever has it has copied it: nothing of its family may live on.
fn spent_token(how: How) -> Explored {
    let given = Given::new();
    let present = given.refreshed(&given.refreshed(&given.ada));
    Scene {
        given: &given,
        callers: vec![given.refreshes("thief", &given.ada), given.refreshes("owner", &present)],
        holds: |course: &Course| {
            ensure(!given.is_accepted(&present), Violation::AliveThoughOver)?;
            given.nothing_lives(course)
        },
        courses: &["", "owner"],
    }
    .explore(how)
}

fn refreshes_and_logout(how: How) -> Explored {
    let given = Given::new();
    let callers = vec![
        given.refreshes("one", &given.ada),
        given.refreshes("two", &given.ada),
        given.logs_out(&given.ada),
    ];
    Scene {
        given: &given,
        callers,
        holds: |course: &Course| given.nothing_lives(course),
        courses: &["logout", "one logout", "one two logout", "two logout", "two one logout"],
    }
    .explore(how)
}

fn refreshes_and_ban(how: How) -> Explored {
    let given = Given::new();
    let callers =
        vec![given.refreshes("one", &given.ada), given.refreshes("two", &given.ada), given.bans()];
    Scene {
        given: &given,
        callers,
        holds: |course: &Course| given.nothing_lives(course),
        courses: &["ban", "one ban", "one two ban", "two ban", "two one ban"],
    }
    .explore(how)
}
