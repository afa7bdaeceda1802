//! Small worlds with a compromised password (R-PW-10).

use std::time::Duration;

use durward_core::accounts::{FactorAttempt, FactorProof, NewPasswordAttempt, PasswordAttempt};
use durward_core::entity::totp_step;
use durward_core::{CompromiseCause, FlowState, FlowToken, unit};
use durward_testing::given::{self, PASSWORD};
use durward_testing::step;

use crate::model::explorer::{Run, Schedule, at_once, run};
use crate::model::invariants::{Violation, ensure, nobody_is_in, opened_by_none_marked};
use crate::model::worlds::{ADA, Given, It};
use crate::support::{audited, mark, try_password};
use crate::traced::Lie;

/// Begins a login by the password, which must lead to another step.
fn begun(it: &It) -> (FlowToken, FlowState) {
    let attempt = PasswordAttempt {
        email: given::email(ADA),
        password: given::password(PASSWORD),
        state: it.state(),
    };
    let state = attempt.state.clone();
    let answer = at_once(it.accounts().login_with_password(attempt, &it.origin()));
    (step(answer.unwrap()).handle, state)
}

/// Marks the password, at a moment of its own.
async fn marked(given: &Given) -> bool {
    let (it, accounts, origin) = (&given.it, given.it.accounts(), given.it.origin());
    let outcome = unit!(accounts, |tx, _| {
        it.clock().advance(Duration::from_millis(1));
        let cause = CompromiseCause::Reported;
        accounts.mark_password(tx, given.ada.user, cause, &origin).await
    });
    outcome.is_ok()
}

async fn revoked(given: &Given) -> bool {
    let (accounts, origin) = (given.it.accounts(), given.it.origin());
    let started =
        unit!(accounts, |tx, _| accounts.start_reset(tx, given.ada.user, true, &origin).await);
    started.is_ok()
}

async fn chosen(it: &It, (handle, state): &(FlowToken, FlowState), password: &str) -> bool {
    let handle = Some(handle.clone());
    let attempt = NewPasswordAttempt { handle, password: given::password(password) };
    it.accounts().answer_new_password(attempt, state, &it.origin()).await.is_ok()
}

pub(crate) fn mark_against_login(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    given.misconduct(lies);
    let mark = || -> Run<'_> { Box::pin(marked(&given)) };
    let login = || -> Run<'_> { Box::pin(async { try_password(it, ADA, PASSWORD).await.is_ok() }) };
    run(schedule, &[&mark, &login], crashes);
    given.misconduct(&[]);
    at_once(opened_by_none_marked(it, given.ada.user))
}

pub(crate) fn mark_against_factor(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    let app = at_once(given.enrolled());
    let (handle, state) = begun(it);
    let code = app.secret.code_at(totp_step(it.accounts().now()));
    let attempt = FactorAttempt { handle, proof: FactorProof::Totp(Some(code)) };
    given.misconduct(lies);
    let mark = || -> Run<'_> { Box::pin(marked(&given)) };
    let answer = || -> Run<'_> {
        let (attempt, state) = (&attempt, &state);
        Box::pin(
            async move { it.accounts().answer_factor(attempt, state, &it.origin()).await.is_ok() },
        )
    };
    run(schedule, &[&mark, &answer], crashes);
    given.misconduct(&[]);
    at_once(opened_by_none_marked(it, given.ada.user))
}

pub(crate) fn revocation_against_login(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    given.misconduct(lies);
    let revoke = || -> Run<'_> { Box::pin(revoked(&given)) };
    let login = || -> Run<'_> { Box::pin(async { try_password(it, ADA, PASSWORD).await.is_ok() }) };
    run(schedule, &[&revoke, &login], crashes);
    at_once(nobody_is_in(it, given.ada.user))
}

pub(crate) fn revocation_against_new_password(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    at_once(mark(it, given.ada.user, CompromiseCause::Reported));
    let asked = begun(it);
    given.misconduct(lies);
    let revoke = || -> Run<'_> { Box::pin(revoked(&given)) };
    let choose = || -> Run<'_> { Box::pin(chosen(it, &asked, "nine yellow kites at noon")) };
    run(schedule, &[&revoke, &choose], crashes);
    at_once(nobody_is_in(it, given.ada.user))
}

/// Without crashes: whoever loses what he knows begins at the same place, and these two take too many steps for both.
pub(crate) fn two_new_passwords(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    _crashes: u32,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    at_once(mark(it, given.ada.user, CompromiseCause::Reported));
    let asked = [begun(it), begun(it)];
    given.misconduct(lies);
    let one = || -> Run<'_> { Box::pin(chosen(it, &asked[0], "nine yellow kites at noon")) };
    let two = || -> Run<'_> { Box::pin(chosen(it, &asked[1], "harbour violet ninety sparrow")) };
    run(schedule, &[&one, &two], 0);
    given.misconduct(&[]);
    at_once(async {
        let events = audited(it, given.ada.user).await;
        let changes = events.iter().filter(|event| *event == "password.changed").count();
        ensure(changes <= 1, Violation::UsedTwice)?;
        opened_by_none_marked(it, given.ada.user).await
    })
}
