//! Mistakes of others, as faults of a store.

use std::any::Any;

use durward_core::entity::{
    Compromise, Flow, LiveSession, PasswordLogin, Purpose, Remedy, SessionFamily, Step,
    StoredPassword, Totp, User,
};
use durward_core::{Plain, UserStatus};

use crate::conduct::Fault::{self, Lies, Skips};

/// A guard that lets everybody pass.
fn passes(answer: &mut dyn Any) {
    *answer.downcast_mut::<bool>().unwrap() = true;
}

/// Something that was not done, and is said to be.
fn done(answer: &mut dyn Any) {
    *answer.downcast_mut::<Option<bool>>().unwrap() = Some(true);
}

/// Something that was not done, and is said not to be.
fn refused(answer: &mut dyn Any) {
    *answer.downcast_mut::<Option<bool>>().unwrap() = Some(false);
}

/// Something that was not written.
fn forgotten(answer: &mut dyn Any) {
    *answer.downcast_mut::<Option<()>>().unwrap() = Some(());
}

/// Nothing that it could have been done to.
fn none(answer: &mut dyn Any) {
    *answer.downcast_mut::<Option<u64>>().unwrap() = Some(0);
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

fn anybodys(answer: &mut dyn Any) {
    if let Some(flow) = found::<Flow<Plain>>(answer) {
        flow.state = None;
    }
}

fn for_login(answer: &mut dyn Any) {
    if let Some(flow) = found::<Flow<Plain>>(answer) {
        flow.purpose = Purpose::Login;
    }
}

fn at_factor(answer: &mut dyn Any) {
    if let Some(flow) = found::<Flow<Plain>>(answer) {
        flow.step = Step::Totp;
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

/// Whoever read the code before it was spent may spend it, too.
pub(crate) const SPENT_UNGUARDED: &[Fault] = &[Lies("finish_flow", passes)];
/// A code is never spent.
pub(crate) const NEVER_SPENT: &[Fault] = &[
    Lies("finish_flow", passes),
    Lies("flow_by_link", unfinished),
    Lies("flow_by_handle", unfinished),
];
/// A code is good for whoever has it, whoever asked for it.
pub(crate) const STATE_UNREAD: &[Fault] = &[Lies("flow_by_link", anybodys)];
/// A code is good for a login, whatever it was mailed for.
pub(crate) const PURPOSE_UNREAD: &[Fault] = &[Lies("flow_by_link", for_login)];
/// A handle is good for the second factor, whichever step it was given for.
pub(crate) const STEP_UNREAD: &[Fault] = &[Lies("flow_by_handle", at_factor)];
/// Attempts have no end.
pub(crate) const ATTEMPTS_UNCOUNTED: &[Fault] =
    &[Lies("debit_flow", passes), Lies("debit_attempt", passes), Lies("flow_by_handle", untried)];
/// A fresh code is mailed, and the old one stays in its place.
pub(crate) const OLD_CODE_STAYS: &[Fault] = &[Skips("advance_flow", done)];
/// A step of an authenticator app is good as long as it lasts.
pub(crate) const STEPS_REPEAT: &[Fault] = &[Lies("spend_totp_step", passes)];
/// A recovery code is good for ever.
pub(crate) const RECOVERY_REPEATS: &[Fault] = &[Lies("spend_recovery_code", passes)];
/// The second factor exists, and no login asks for it.
pub(crate) const FACTOR_SKIPPED: &[Fault] = &[Lies("totp", no_factor)];
/// Nobody looks whether a user is banned.
pub(crate) const BAN_UNREAD: &[Fault] =
    &[Lies("user", active), Lies("user_by_email", active), Lies("password_login", active_login)];
/// A session is read from where its end is not seen.
pub(crate) const END_UNSEEN: &[Fault] = &[Lies("session_by_token", cached_session)];
/// A refresh reads neither the end of its family nor the status of its user.
pub(crate) const REFRESH_UNCHECKED: &[Fault] =
    &[Lies("session_by_refresh", cached_family), Lies("rotate_session", passes)];
/// New tokens are told, and the old ones stay.
pub(crate) const ROTATION_UNWRITTEN: &[Fault] = &[Skips("rotate_session", done)];
/// A session is said to have ended, and stays.
pub(crate) const SESSION_STAYS: &[Fault] = &[Skips("end_session", done)];
/// The sessions of a user stay, whatever they are to end with.
pub(crate) const SESSIONS_STAY: &[Fault] = &[Skips("end_sessions_of", none)];
/// A password is marked, and no login looks.
pub(crate) const MARK_UNREAD: &[Fault] =
    &[Lies("password", unmarked), Lies("password_login", unmarked_login)];
/// Whoever is asked for another password may choose one as often as he likes.
pub(crate) const CHOICE_REPEATS: &[Fault] = &[
    Lies("finish_flow", passes),
    Lies("flow_by_handle", unfinished),
    Lies("password", still_marked),
];
/// An address is said to be proven, and nothing of it is written.
pub(crate) const PROOF_UNWRITTEN: &[Fault] = &[Skips("prove_login_email", done)];
/// Whoever claimed an address goes on to, though somebody else has proven it.
pub(crate) const CLAIMS_STAND: &[Fault] = &[Skips("delete_claims", none)];
/// Whoever claimed an address keeps it from whoever proves it.
pub(crate) const CLAIMS_BLOCK: &[Fault] = &[Skips("prove_login_email", refused)];
/// A user is made, and the address that he signed up with is lost.
pub(crate) const USER_WITHOUT_ADDRESS: &[Fault] = &[Skips("insert_login_email", forgotten)];
/// An address is said to be given up, and stays, with the code that proves it.
pub(crate) const CLAIM_STAYS: &[Fault] = &[Skips("delete_login_email", done)];
