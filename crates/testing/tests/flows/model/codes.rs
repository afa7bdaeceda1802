//! Small worlds with one mailed code.

use durward_core::accounts::CodeAttempt;
use durward_core::{Flow, Plain};
use durward_testing::{followed, typed};

use crate::model::course::Course;
use crate::model::explorer::at_once;
use crate::model::given::Given;
use crate::model::invariants::{Violation, ensure};
use crate::model::mistakes as put_back;
use crate::model::scene::{Explored, How, Scene, World};

pub(crate) const WORLDS: &[World] = &[
    World {
        name: "one code, followed and typed",
        explore: one_code,
        mistakes: &[
            (&["AM-04"], put_back::SPENT_UNGUARDED, Violation::UsedTwice),
            (&["GW-60"], put_back::NEVER_SPENT, Violation::UsedTwice),
        ],
    },
    World {
        name: "two right answers after the last attempt",
        explore: last_attempt,
        mistakes: &[(
            &["AM-16", "GW-64"],
            put_back::ATTEMPTS_UNCOUNTED,
            Violation::VerifiedUndebited,
        )],
    },
];

fn one_code(how: How) -> Explored {
    let given = Given::new();
    let (begun, letter) = given.mailed_login();
    let (link, short) = (followed(&letter), typed(&begun.step, letter.code()));
    Scene {
        given: &given,
        callers: vec![
            given.answers_code("follow", &link, &begun.state),
            given.answers_code("type", &short, &begun.state),
        ],
        holds: |_: &Course| given.used_once(),
        courses: &["follow", "type"],
    }
    .explore(how)
}

fn last_attempt(how: How) -> Explored {
    let given = Given::new();
    let (it, (begun, letter)) = (&given.it, given.mailed_login());
    for _ in 0..Flow::<Plain>::MAX_ATTEMPTS {
        let wrong = CodeAttempt::Typed { handle: begun.step.handle.clone(), code: None };
        let origin = it.origin();
        assert!(at_once(it.accounts().answer_code(&wrong, &begun.state, &origin)).is_err());
    }
    let right = typed(&begun.step, letter.code());
    Scene {
        given: &given,
        callers: vec![
            given.answers_code("one", &right, &begun.state),
            given.answers_code("two", &right, &begun.state),
        ],
        holds: |course: &Course| ensure(course.served().is_empty(), Violation::VerifiedUndebited),
        courses: &[""],
    }
    .explore(how)
}
