//! Small worlds with a password that changes.

use crate::model::callers::Against;
use crate::model::course::Course;
use crate::model::given::Given;
use crate::model::invariants::Violation;
use crate::model::mistakes as put_back;
use crate::model::scene::{Explored, How, Scene, World};

pub(crate) const WORLDS: &[World] = &[
    World {
        name: "a password change against a login",
        explore: change_against_login,
        mistakes: &[(&["GW-42"], put_back::SESSIONS_STAY, Violation::OtherSessionLives)],
    },
    World {
        name: "a password change against a refresh",
        explore: change_against_refresh,
        mistakes: &[(&["GW-42"], put_back::SESSIONS_STAY, Violation::OtherSessionLives)],
    },
];

fn change_against_login(how: How) -> Explored {
    change_against(|given, _| given.logs_in(), &["change", "login change"], how)
}

fn change_against_refresh(how: How) -> Explored {
    let courses = ["change", "refresh change"];
    change_against(|given, second| given.refreshes("refresh", second), &courses, how)
}

/// Only the session in which the password was changed goes on.
fn change_against(other: Against, courses: &[&str], how: How) -> Explored {
    let given = Given::new();
    let (second, client) = (given.another_session(), given.client());
    Scene {
        given: &given,
        callers: vec![given.changes_password(&client), other(&given, &second)],
        holds: |_: &Course| given.ended_for_others(&second),
        courses,
    }
    .explore(how)
}
