//! Small worlds with one address that several people claim.

use durward_core::accounts::{IssuedSession, VerificationAttempt};
use durward_core::store::LoginEmails;
use durward_core::{CodeToken, LoginEmail};
use durward_testing::{followed, given, step};

use crate::login_emails::claim;
use crate::model::course::Course;
use crate::model::explorer::at_once;
use crate::model::given::Given;
use crate::model::invariants::{Violation, ensure};
use crate::model::mistakes as put_back;
use crate::model::scene::{Explored, How, Scene, World};

const BOTH: &str = "both@example.org";

pub(crate) const WORLDS: &[World] = &[
    World {
        name: "one address of two people",
        explore: two_people,
        mistakes: &[
            (&["AM-03"], put_back::PROOF_UNWRITTEN, Violation::NotTheOwner),
            (&["AM-09"], put_back::CLAIMS_STAND, Violation::NotTheOwner),
            (&["GW-48"], put_back::CLAIMS_BLOCK, Violation::NotTheOwner),
        ],
    },
    World {
        name: "one address of two people, and of a stranger who signs up",
        explore: two_people_and_a_stranger,
        mistakes: &[
            (&["AM-09"], put_back::CLAIMS_STAND, Violation::NotTheOwner),
            (&["AM-23", "GW-45"], put_back::USER_WITHOUT_ADDRESS, Violation::NotTheOwner),
        ],
    },
    World {
        name: "a claim given up and made again, against its old code",
        explore: claim_made_again,
        mistakes: &[(&["AM-26"], put_back::CLAIM_STAYS, Violation::NotTheOwner)],
    },
];

impl Given {
    /// Somebody claims the address, and has the code that proves it.
    fn claimed_by(&self, somebody: &IssuedSession) -> VerificationAttempt {
        at_once(async {
            claim(&self.it, somebody, &[BOTH]).await.unwrap();
            let letter = self.it.mail_to(BOTH).await;
            VerificationAttempt::Link(CodeToken::parse(letter.link_code()).unwrap())
        })
    }

    fn proven(&self) -> Option<LoginEmail> {
        at_once(self.stored().proven_email(given::email(BOTH).canonical())).unwrap()
    }

    /// The address is proven by one person, who is told so, and who owns every session that was opened by it; nobody
    /// else claims it any more (R-EM-07, R-EM-08).
    fn one_owner(
        &self,
        course: &Course,
        people: &[(&str, &IssuedSession)],
    ) -> Result<(), Violation> {
        let address = given::email(BOTH);
        let owner = self.proven().ok_or(Violation::NotTheOwner)?.user;
        for (name, somebody) in people {
            let told = course.serves(name);
            ensure(!told || somebody.user == owner, Violation::NotTheOwner)?;
            let claims = at_once(self.stored().login_emails_of(somebody.user)).unwrap();
            let claims = claims.iter().filter(|it| it.address.canonical() == address.canonical());
            let most = usize::from(somebody.user == owner);
            ensure(claims.count() <= most, Violation::NotTheOwner)?;
        }
        let mut others = course.sessions().filter(|session| session.user != owner);
        ensure(others.next().is_none(), Violation::NotTheOwner)
    }
}

fn two_people(how: How) -> Explored {
    let given = Given::new();
    let eve = given.sign_up("eve@example.com");
    let codes = [given.claimed_by(&given.ada), given.claimed_by(&eve)];
    let people = [("ada", &given.ada), ("eve", &eve)];
    Scene {
        given: &given,
        callers: vec![
            given.proves_address("ada", &given.ada, &codes[0]),
            given.proves_address("eve", &eve, &codes[1]),
        ],
        holds: |course: &Course| given.one_owner(course, &people),
        courses: &["ada", "eve"],
    }
    .explore(how)
}

/// Whoever signs up with an address that was proven meanwhile reads its mailbox, and logs in.
fn two_people_and_a_stranger(how: How) -> Explored {
    let given = Given::new();
    let (it, eve) = (&given.it, given.sign_up("eve@example.com"));
    let codes = [given.claimed_by(&given.ada), given.claimed_by(&eve)];
    let request = it.request(BOTH);
    let state = request.state.clone();
    let link = at_once(async {
        step(it.accounts().sign_up(request, &it.origin()).await.unwrap());
        followed(&it.mail_to(BOTH).await)
    });
    let people = [("ada", &given.ada), ("eve", &eve)];
    Scene {
        given: &given,
        callers: vec![
            given.proves_address("ada", &given.ada, &codes[0]),
            given.proves_address("eve", &eve, &codes[1]),
            given.answers_code("stranger", &link, &state),
        ],
        holds: |course: &Course| given.one_owner(course, &people),
        courses: &["ada stranger", "eve stranger", "stranger"],
    }
    .explore(how)
}

/// The code proves the claim that it was mailed for, and no other one of the same address.
fn claim_made_again(how: How) -> Explored {
    let given = Given::new();
    let (code, by) = (given.claimed_by(&given.ada), given.fresh());
    let address = [given::email(BOTH)];
    Scene {
        given: &given,
        callers: vec![
            given.claims_again(&by, &address),
            given.proves_address("prove", &given.ada, &code),
        ],
        holds: |_: &Course| ensure(given.proven().is_none(), Violation::NotTheOwner),
        courses: &["again", "prove again"],
    }
    .explore(how)
}
