//! Small worlds with one mailed code.

use durward_core::accounts::{CodeAttempt, ResetRequest};
use durward_core::{Flow, Plain};
use durward_testing::{Letter, followed, given, step, typed};

use crate::model::course::Course;
use crate::model::explorer::at_once;
use crate::model::given::{ADA, Begun, Given};
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
        name: "one code, followed, typed and replaced",
        explore: replaced_code,
        mistakes: &[
            (&["AM-04"], put_back::SPENT_UNGUARDED, Violation::UsedTwice),
            (&["AM-24", "GW-52"], put_back::OLD_CODE_STAYS, Violation::ReplacedCodeCounts),
        ],
    },
    World {
        name: "one code, in two hands",
        explore: two_hands,
        mistakes: &[(&["GW-63"], put_back::STATE_UNREAD, Violation::OtherHands)],
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
    World {
        name: "a code of a reset, used for a login",
        explore: other_purpose,
        mistakes: &[(&["AM-05"], put_back::PURPOSE_UNREAD, Violation::OtherPurpose)],
    },
];

impl Given {
    /// Follows every code that was mailed since the beginning; answers how many opened a session.
    fn let_in_by_fresh_codes(&self, begun: &Begun) -> usize {
        let (it, origin) = (&self.it, self.it.origin());
        at_once(it.deliver());
        let letters = it.inbox().all_to(ADA).into_iter().filter(|letter| letter.name() == "login");
        let lets_in = |letter: &Letter| {
            let code = followed(letter);
            at_once(it.accounts().answer_code(&code, &begun.state, &origin)).is_ok()
        };
        letters.filter(lets_in).count()
    }
}

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

/// A code that was replaced is worth nothing to whoever comes with it later; the fresh one is good for whoever is not
/// in yet.
fn replaced_code(how: How) -> Explored {
    let given = Given::new();
    let (begun, letter) = given.mailed_login();
    let (link, short) = (followed(&letter), typed(&begun.step, letter.code()));
    Scene {
        given: &given,
        callers: vec![
            given.answers_code("follow", &link, &begun.state),
            given.answers_code("type", &short, &begun.state),
            given.renews_code(&begun),
        ],
        holds: |course: &Course| {
            given.used_once()?;
            for who in ["follow", "type"] {
                ensure(!course.serves_after(who, "renew"), Violation::ReplacedCodeCounts)?;
            }
            let opened = course.sessions().count() + given.let_in_by_fresh_codes(&begun);
            ensure(opened == 1, Violation::ReplacedCodeCounts)
        },
        courses: &["renew", "follow renew", "renew follow", "type renew", "renew type"],
    }
    .explore(how)
}

/// Whoever reads the mail of somebody else has the code, and not the `state`.
fn two_hands(how: How) -> Explored {
    let given = Given::new();
    let (begun, letter) = given.mailed_login();
    let (link, foreign) = (followed(&letter), given.it.state());
    Scene {
        given: &given,
        callers: vec![
            given.answers_code("owner", &link, &begun.state),
            given.answers_code("thief", &link, &foreign),
        ],
        holds: |course: &Course| ensure(!course.serves("thief"), Violation::OtherHands),
        courses: &["owner"],
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

fn other_purpose(how: How) -> Explored {
    let given = Given::new();
    let (it, state) = (&given.it, given.it.state());
    let request = ResetRequest { email: given::email(ADA), state: state.clone() };
    let letter = at_once(async {
        it.deliver().await;
        step(it.accounts().request_reset(&request, &it.origin()).await.unwrap());
        it.mail_to(ADA).await
    });
    let link = followed(&letter);
    Scene {
        given: &given,
        callers: vec![
            given.resets_password(&link, &state),
            given.answers_code("login", &link, &state),
        ],
        holds: |_: &Course| {
            let mut live = given.live(given.ada.user).into_iter();
            ensure(live.all(|session| session.id == given.ada.session), Violation::OtherPurpose)
        },
        courses: &["reset"],
    }
    .explore(how)
}
