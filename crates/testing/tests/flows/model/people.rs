//! Worlds of two people, and of one who goes.

use durward_core::accounts::VerificationAttempt;
use durward_core::store::Users;
use durward_core::{CodeToken, UserStatus, unit};
use durward_testing::given::PASSWORD;

use crate::factors::fresh;
use crate::login_emails::claim;
use crate::model::explorer::{Run, Schedule, at_once, run};
use crate::model::invariants::{Violation, ensure, nothing_lives};
use crate::model::worlds::{ADA, Given};
use crate::support::{emails, try_password};
use crate::traced::Lie;

const EVE: &str = "eve@example.com";
const BOTH: &str = "both@example.org";

/// Ada and Eve have claimed one address, and prove it at the same moment: one of them has it, whom a look-up by it
/// meets; the other one's claim stands for nothing (R-EM-07).
pub(crate) fn one_address_of_two_people(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    let eve = at_once(it.sign_up(EVE));
    let codes = [&given.ada, &eve].map(|somebody| {
        at_once(async {
            claim(it, somebody, &[BOTH]).await.unwrap();
            let letter = it.mail_to(BOTH).await;
            VerificationAttempt::Link(CodeToken::parse(letter.link_code()).unwrap())
        })
    });
    given.misconduct(lies);
    let prove = |code: &VerificationAttempt| -> Run<'_> {
        let code = code.clone();
        Box::pin(async move { it.accounts().verify_email(&code, None, &it.origin()).await.is_ok() })
    };
    let served = run(schedule, &[&|| prove(&codes[0]), &|| prove(&codes[1])], crashes);
    given.misconduct(&[]);
    at_once(async {
        let mut owners = Vec::new();
        for user in [given.ada.user, eve.user] {
            let mine = emails(it, user).await.into_iter();
            let proven = mine.filter(|it| it.address.as_typed() == BOTH && it.proven.is_some());
            owners.extend(proven.map(|_| user));
        }
        ensure(owners.len() == 1, Violation::TwoOwners)?;
        let told = [given.ada.user, eve.user].into_iter().zip(&served);
        for (user, served) in told {
            ensure(*served == 0 || owners == [user], Violation::TwoOwners)?;
        }
        let mut read = it.accounts().read().await.unwrap();
        let canonical = durward_testing::given::email(BOTH);
        let met = read.user_by_email(canonical.canonical()).await.unwrap();
        ensure(met.map(|user| user.id) == owners.first().copied(), Violation::TwoOwners)
    })
}

/// Ada deletes her account, and logs in at the same moment: nothing of hers lives. Eve, who logged in before, goes on.
pub(crate) fn deletion_against_login(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    let eve = at_once(it.sign_up(EVE));
    let by = at_once(fresh(it, &given.ada));
    given.misconduct(lies);
    let delete = || -> Run<'_> {
        let accounts = it.accounts();
        Box::pin(async move {
            let deleted = unit!(accounts, |tx, _| {
                accounts.delete_user(tx, by.id(), None, &by, &it.origin()).await
            });
            deleted.is_ok_and(|user| user.status == UserStatus::Deleted)
        })
    };
    let login = || -> Run<'_> { Box::pin(async { try_password(it, ADA, PASSWORD).await.is_ok() }) };
    run(schedule, &[&delete, &login], crashes);
    at_once(nothing_lives(it, given.ada.user, std::slice::from_ref(&given.ada)))?;
    given.misconduct(&[]);
    let goes_on = at_once(it.accounts().authenticate(&eve.token, None)).is_ok();
    ensure(goes_on, Violation::OtherPersonConcerned)
}
