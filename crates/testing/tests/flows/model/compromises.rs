//! Small worlds with a compromised password (R-PW-10).

use durward_core::CompromiseCause;

use crate::model::callers::NEW;
use crate::model::course::Course;
use crate::model::explorer::at_once;
use crate::model::given::Given;
use crate::model::invariants::{Violation, ensure};
use crate::model::mistakes as put_back;
use crate::model::scene::{Explored, How, Scene, World};
use crate::support::{audited, mark};

pub(crate) const WORLDS: &[World] = &[
    World {
        name: "a mark against a login",
        explore: mark_against_login,
        mistakes: &[(&["R-PW-10"], put_back::MARK_UNREAD, Violation::OpenedByCompromised)],
    },
    World {
        name: "a mark against a second factor",
        explore: mark_against_factor,
        mistakes: &[(&["R-PW-10"], put_back::MARK_UNREAD, Violation::OpenedByCompromised)],
    },
    World {
        name: "a revocation against a login",
        explore: revocation_against_login,
        mistakes: &[(&["R-PW-10"], put_back::MARK_UNREAD, Violation::OpenedByCompromised)],
    },
    World {
        name: "a revocation against a new password",
        explore: revocation_against_new_password,
        mistakes: &[(&["R-SE-07"], put_back::SESSIONS_STAY, Violation::OpenedByCompromised)],
    },
    World {
        name: "two new passwords, on two flows",
        explore: two_new_passwords,
        mistakes: &[(&["R-CC-02"], put_back::CHOICE_REPEATS, Violation::UsedTwice)],
    },
];

impl Given {
    fn marked(&self) {
        at_once(mark(&self.it, self.ada.user, CompromiseCause::Reported));
    }
}

fn mark_against_login(how: How) -> Explored {
    let given = Given::new();
    Scene {
        given: &given,
        callers: vec![given.marks_password(), given.logs_in()],
        holds: |_: &Course| given.opened_by_none_marked(),
        courses: &["login mark", "mark (login)"],
    }
    .explore(how)
}

fn mark_against_factor(how: How) -> Explored {
    let given = Given::new();
    let app = given.enrolled();
    let begun = given.password_login();
    let attempt = begun.with(given.shown_by(&app));
    Scene {
        given: &given,
        callers: vec![
            given.marks_password(),
            given.answers_factor("factor", &attempt, &begun.state),
        ],
        holds: |_: &Course| given.opened_by_none_marked(),
        courses: &["factor mark", "mark (factor)"],
    }
    .explore(how)
}

fn revocation_against_login(how: How) -> Explored {
    let given = Given::new();
    Scene {
        given: &given,
        callers: vec![given.revokes_password(), given.logs_in()],
        holds: |_: &Course| given.nobody_is_in(),
        courses: &["login revocation", "revocation"],
    }
    .explore(how)
}

fn revocation_against_new_password(how: How) -> Explored {
    let given = Given::new();
    given.marked();
    let begun = given.password_login();
    Scene {
        given: &given,
        callers: vec![given.revokes_password(), given.chooses("choice", &begun, NEW)],
        holds: |_: &Course| given.nobody_is_in(),
        courses: &["choice revocation", "revocation"],
    }
    .explore(how)
}

/// Without crashes: whoever loses what he knows begins at the same place, and these two take too many steps for both.
fn two_new_passwords(how: How) -> Explored {
    let given = Given::new();
    given.marked();
    let begun = [given.password_login(), given.password_login()];
    Scene {
        given: &given,
        callers: vec![
            given.chooses("one", &begun[0], NEW),
            given.chooses("two", &begun[1], "harbour violet ninety sparrow"),
        ],
        holds: |_: &Course| {
            let events = at_once(audited(&given.it, given.ada.user));
            let changes = events.iter().filter(|event| *event == "password.changed").count();
            ensure(changes <= 1, Violation::UsedTwice)?;
            given.opened_by_none_marked()
        },
        courses: &["one", "two"],
    }
    .explore(how.without_crashes())
}
