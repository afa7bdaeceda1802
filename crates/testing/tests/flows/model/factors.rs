//! Small worlds with a second factor.

use durward_core::Method;
use durward_core::accounts::FactorProof;
use durward_testing::followed;

use crate::model::callers::Against;
use crate::model::course::Course;
use crate::model::given::{App, Given};
use crate::model::invariants::{Violation, ensure};
use crate::model::mistakes as put_back;
use crate::model::scene::{Explored, How, Scene, World};

pub(crate) const WORLDS: &[World] = &[
    World {
        name: "one step of an app, on two flows",
        explore: one_totp_step,
        mistakes: &[(&["R-OT-01"], put_back::STEPS_REPEAT, Violation::UsedTwice)],
    },
    World {
        name: "one recovery code, on two flows",
        explore: one_recovery_code,
        mistakes: &[(&["R-RC-01"], put_back::RECOVERY_REPEATS, Violation::UsedTwice)],
    },
    World {
        name: "two steps of one login, in either order",
        explore: two_steps,
        mistakes: &[(&["AM-06"], put_back::STEP_UNREAD, Violation::FactorMissing)],
    },
    World {
        name: "an enrolment against a login",
        explore: enrolment_against_login,
        mistakes: &[(&["AM-07"], put_back::FACTOR_SKIPPED, Violation::FactorMissing)],
    },
    World {
        name: "an enrolment against a refresh",
        explore: enrolment_against_refresh,
        mistakes: &[(&["GW-12", "DP-05"], put_back::END_UNSEEN, Violation::OtherSessionLives)],
    },
];

fn one_totp_step(how: How) -> Explored {
    one_proof(how, Given::shown_by)
}

fn one_recovery_code(how: How) -> Explored {
    one_proof(how, |_, app| FactorProof::RecoveryCode(Some(app.codes[0].clone())))
}

fn one_proof(how: How, proof: fn(&Given, &App) -> FactorProof) -> Explored {
    let given = Given::new();
    let app = given.enrolled();
    let begun = [given.password_login(), given.password_login()];
    let attempts = begun.clone().map(|it| it.with(proof(&given, &app)));
    Scene {
        given: &given,
        callers: vec![
            given.answers_factor("one", &attempts[0], &begun[0].state),
            given.answers_factor("two", &attempts[1], &begun[1].state),
        ],
        holds: |_: &Course| given.used_once(),
        courses: &["one", "two"],
    }
    .explore(how)
}

/// Who has the app answers the step of the mailed code by it, too.
fn two_steps(how: How) -> Explored {
    let given = Given::new();
    let app = given.enrolled();
    let (begun, letter) = given.mailed_login();
    let (code, factor) = (followed(&letter), begun.with(given.shown_by(&app)));
    Scene {
        given: &given,
        callers: vec![
            given.answers_code("code", &code, &begun.state),
            given.answers_factor("factor", &factor, &begun.state),
        ],
        holds: |_: &Course| given.every_factor(&[Method::Email, Method::Totp]),
        courses: &["(code)"],
    }
    .explore(how)
}

fn enrolment_against_login(how: How) -> Explored {
    enrolment_against(|given, _| given.logs_in(), &["enrolment (login)", "login enrolment"], how)
}

fn enrolment_against_refresh(how: How) -> Explored {
    let courses = ["enrolment", "refresh enrolment"];
    enrolment_against(|given, second| given.refreshes("refresh", second), &courses, how)
}

/// Only the session that enrols goes on, and whoever has proven the factor.
fn enrolment_against(other: Against, courses: &[&str], how: How) -> Explored {
    let given = Given::new();
    let second = given.another_session();
    let (user, enrolment) = (given.fresh(), given.enrolment());
    Scene {
        given: &given,
        callers: vec![given.confirms_app(&user, &enrolment), other(&given, &second)],
        holds: |_: &Course| {
            given.every_factor(&[Method::Totp])?;
            ensure(!given.is_accepted(&second), Violation::OtherSessionLives)
        },
        courses,
    }
    .explore(how)
}
