//! The logins and credentials, explored exhaustively in small worlds: the real flows on the store in memory,
//! in every order of their steps, with a crash and a retry at each.
//!
//! A step is one look-up outside of a unit of work, or one unit of work as a whole: that units are whole and one
//! after the other is what a store promises, and `durward-conformance` tests. Nodes share nothing but the store, so
//! two callers stand for two nodes as well. What must hold afterwards is in `invariants.rs`. Known mistakes are put
//! back as false answers of the store, and each must be found.
//!
//! A general model checker would explore a description of the flows; this explores the flows. Nothing has to be
//! kept equal to the code, and a schedule is repeated from its beginning, so no state has to be compared or copied.

mod compromises;
mod explorer;
mod invariants;
mod people;
mod worlds;

use crate::model::explorer::Schedule;
use crate::model::invariants::Violation;
use crate::traced::Lie;

type World = fn(&mut Schedule, &'static [Lie], u32) -> Result<(), Violation>;

/// Runs every schedule of a world: how many there were, or what was violated first.
fn explore(world: World, lies: &'static [Lie], crashes: u32) -> Result<usize, Violation> {
    let (mut schedule, mut count) = (Schedule::default(), 0);
    loop {
        world(&mut schedule, lies, crashes)?;
        count += 1;
        if !schedule.turn() {
            return Ok(count);
        }
    }
}

mod lies {
    //! Mistakes of others, as answers of a store.

    use std::any::Any;

    use durward_core::entity::{
        Compromise, Flow, LiveSession, PasswordLogin, Remedy, SessionFamily, StoredPassword, Totp,
        User,
    };
    use durward_core::{Plain, UserStatus};

    use crate::traced::Lie;

    /// A guard that lets everybody pass.
    fn passes(answer: &mut dyn Any) {
        *answer.downcast_mut::<bool>().unwrap() = true;
    }

    fn found<T: 'static>(answer: &mut dyn Any) -> Option<&mut T> {
        answer.downcast_mut::<Option<T>>().unwrap().as_mut()
    }

    fn unfinished(answer: &mut dyn Any) {
        if let Some(flow) = found::<Flow<Plain>>(answer) {
            flow.finished = None;
        }
    }

    fn untried(answer: &mut dyn Any) {
        if let Some(flow) = found::<Flow<Plain>>(answer) {
            flow.attempts = 0;
        }
    }

    fn active(answer: &mut dyn Any) {
        if let Some(user) = found::<User<Plain>>(answer) {
            user.status = UserStatus::Active;
        }
    }

    fn active_login(answer: &mut dyn Any) {
        if let Some(login) = found::<PasswordLogin>(answer) {
            login.status = UserStatus::Active;
        }
    }

    fn cached_session(answer: &mut dyn Any) {
        if let Some(live) = found::<LiveSession<Plain>>(answer) {
            (live.ended, live.status) = (None, UserStatus::Active);
        }
    }

    fn cached_family(answer: &mut dyn Any) {
        if let Some(family) = found::<SessionFamily<Plain>>(answer) {
            (family.session.ended, family.status) = (None, UserStatus::Active);
        }
    }

    fn no_factor(answer: &mut dyn Any) {
        *answer.downcast_mut::<Option<Totp>>().unwrap() = None;
    }

    fn unmarked(answer: &mut dyn Any) {
        if let Some(stored) = found::<StoredPassword>(answer) {
            stored.compromised = None;
        }
    }

    fn unmarked_login(answer: &mut dyn Any) {
        let login = found::<PasswordLogin>(answer);
        if let Some(stored) = login.and_then(|login| login.stored.as_mut()) {
            stored.compromised = None;
        }
    }

    fn still_marked(answer: &mut dyn Any) {
        if let Some(stored) = found::<StoredPassword>(answer) {
            let (since, remedy) = (stored.changed, Remedy::Change);
            stored.compromised = Some(Compromise { since, remedy });
        }
    }

    /// AM-04: whoever read the code before it was spent may spend it, too.
    pub(super) const SPENT_UNGUARDED: &[Lie] = &[("finish_flow", passes)];
    /// GW-60: a code is never spent.
    pub(super) const NEVER_SPENT: &[Lie] =
        &[("finish_flow", passes), ("flow_by_link", unfinished), ("flow_by_handle", unfinished)];
    /// A step of an authenticator app is good as long as it lasts.
    pub(super) const STEPS_REPEAT: &[Lie] = &[("spend_totp_step", passes)];
    /// A recovery code is good for ever.
    pub(super) const RECOVERY_REPEATS: &[Lie] = &[("spend_recovery_code", passes)];
    /// AM-08: nobody looks whether a user is banned.
    pub(super) const BAN_UNREAD: &[Lie] =
        &[("user", active), ("user_by_email", active), ("password_login", active_login)];
    /// GW-12, GW-13: a session is read from where its end is not seen.
    pub(super) const END_UNSEEN: &[Lie] = &[("session_by_token", cached_session)];
    /// GW-65: a refresh reads neither the end of its family nor the status of its user.
    pub(super) const REFRESH_UNCHECKED: &[Lie] =
        &[("session_by_refresh", cached_family), ("rotate_session", passes)];
    /// AM-07: the second factor exists, and no login asks for it.
    pub(super) const FACTOR_SKIPPED: &[Lie] = &[("totp", no_factor)];
    /// AM-16, GW-64: attempts have no end.
    pub(super) const ATTEMPTS_UNCOUNTED: &[Lie] =
        &[("debit_flow", passes), ("debit_attempt", passes), ("flow_by_handle", untried)];
    /// A password is marked, and no login looks.
    pub(super) const MARK_UNREAD: &[Lie] =
        &[("password", unmarked), ("password_login", unmarked_login)];
    /// Whoever is asked for another password may choose one as often as he likes.
    pub(super) const CHOICE_REPEATS: &[Lie] =
        &[("finish_flow", passes), ("flow_by_handle", unfinished), ("password", still_marked)];
}

#[test]
fn every_world_keeps_its_invariants() {
    // R-OT-01, R-SE-06, R-SE-11, R-MF-02, R-RC-01, R-CC-01, R-PW-10
    for (name, world) in worlds::ALL {
        let count =
            explore(*world, &[], 1).unwrap_or_else(|violation| panic!("{name}: {violation}"));
        println!("{name}: {count} schedules");
        assert!(count > 10, "{name}: {count} schedules");
    }
}

#[test]
fn every_mistake_is_found_when_it_is_put_back() {
    let mistakes: [(&str, World, &'static [Lie], Violation); 15] = [
        ("AM-04", worlds::one_code, lies::SPENT_UNGUARDED, Violation::UsedTwice),
        ("GW-60", worlds::one_code, lies::NEVER_SPENT, Violation::UsedTwice),
        ("R-OT-01", worlds::one_totp_step, lies::STEPS_REPEAT, Violation::UsedTwice),
        ("R-RC-01", worlds::one_recovery_code, lies::RECOVERY_REPEATS, Violation::UsedTwice),
        ("AM-08", worlds::ban_against_login, lies::BAN_UNREAD, Violation::AliveThoughBanned),
        ("GW-12", worlds::ban_against_login, lies::END_UNSEEN, Violation::AliveThoughBanned),
        ("AM-08", people::deletion_against_login, lies::BAN_UNREAD, Violation::AliveThoughBanned),
        (
            "GW-65",
            worlds::ban_against_refresh,
            lies::REFRESH_UNCHECKED,
            Violation::AliveThoughBanned,
        ),
        ("AM-07", worlds::enrolment_against_login, lies::FACTOR_SKIPPED, Violation::FactorMissing),
        (
            "GW-13",
            worlds::enrolment_against_refresh,
            lies::END_UNSEEN,
            Violation::OtherSessionLives,
        ),
        (
            "R-PW-10",
            compromises::mark_against_login,
            lies::MARK_UNREAD,
            Violation::OpenedByCompromised,
        ),
        (
            "R-PW-10",
            compromises::mark_against_factor,
            lies::MARK_UNREAD,
            Violation::OpenedByCompromised,
        ),
        (
            "R-PW-10",
            compromises::revocation_against_login,
            lies::MARK_UNREAD,
            Violation::OpenedByCompromised,
        ),
        ("R-CC-02", compromises::two_new_passwords, lies::CHOICE_REPEATS, Violation::UsedTwice),
        ("AM-16", worlds::last_attempt, lies::ATTEMPTS_UNCOUNTED, Violation::VerifiedUndebited),
    ];
    for (id, world, lies, expected) in mistakes {
        assert_eq!(explore(world, lies, 0), Err(expected), "{id}");
    }
}
