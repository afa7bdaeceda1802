use std::time::Duration;

use durward_core::accounts::{Answer, SignUp};
use durward_core::{
    Error, InvitationId, InvitationToken, Method, Plain, SignUpMode,
    StandardOrganizationRole as Role, UserId, UserStatus, unit,
};
use durward_testing::{TestAccounts, session};

use crate::support::{audited, owner, set_status};
use crate::team::{Team, obstruction};

const ADA: &str = "ada@example.com";
const WEEK: Duration = Duration::from_hours(7 * 24);

fn request(team: &Team, address: &str, code: &InvitationToken) -> SignUp<Plain> {
    SignUp { invitation: Some(code.clone()), ..team.it.request(address) }
}

async fn sign_up(team: &Team, address: &str, code: &InvitationToken) -> Result<Answer, Error> {
    team.it.accounts().sign_up(request(team, address, code), &team.it.origin()).await
}

#[tokio::test]
async fn a_user_who_has_proven_the_address_joins_by_the_mailed_code_once() {
    // R-AZ-09
    let team = Team::new().await;
    let ada = team.it.sign_up(ADA).await;
    let invitation = team.invite("ADA@example.com", Role::Editor).await.unwrap();
    let code = team.mailed(ADA).await;
    let membership = team.accept(&code, &ada).await.unwrap();
    assert_eq!((membership.user, membership.role), (ada.user, Role::Editor));
    assert_eq!(obstruction(team.accept(&code, &ada).await), "INVITATION_NOT_OPEN");
    let events = team.audited().await;
    assert_eq!(events, ["invitation.sent", "member.added", "organization.created"]);
    let stored = team.it.accounts().invitation(invitation.id).await.unwrap();
    assert_eq!(stored.finished, Some(team.it.accounts().now()));
}

#[tokio::test]
async fn somebody_else_who_is_signed_in_is_told_and_the_invitation_stays_open() {
    let team = Team::new().await;
    let (ada, eve) = (team.it.sign_up(ADA).await, team.it.sign_up("eve@example.com").await);
    team.invite(ADA, Role::Viewer).await.unwrap();
    let code = team.mailed(ADA).await;
    assert!(matches!(team.accept(&code, &eve).await, Err(Error::OtherInvited)));
    assert_eq!(team.role(eve.user).await, None);
    team.accept(&code, &ada).await.unwrap();
}

#[tokio::test]
async fn an_invitation_lives_a_week() {
    // R-RC-05
    let last_moment = Duration::from_millis(7 * 24 * 3_600_000 - 1);
    for (age, joins) in [(last_moment, true), (WEEK, false)] {
        let team = Team::new().await;
        team.it.sign_up(ADA).await;
        team.invite(ADA, Role::Viewer).await.unwrap();
        let code = team.mailed(ADA).await;
        team.it.clock().advance(age);
        let ada = team.it.log_in(ADA).await;
        assert_eq!(team.accept(&code, &ada).await.is_ok(), joins);
    }
}

#[tokio::test]
async fn an_invitation_dies_when_it_is_taken_back_or_sent_again() {
    let team = Team::new().await;
    let ada = team.it.sign_up(ADA).await;
    let first = team.invite(ADA, Role::Viewer).await.unwrap();
    let old = team.mailed(ADA).await;
    team.invite(ADA, Role::Editor).await.unwrap();
    let new = team.mailed(ADA).await;
    assert_eq!(obstruction(team.accept(&old, &ada).await), "INVITATION_NOT_OPEN");

    let accounts = team.it.accounts();
    for id in [first.id, accounts.invitations(team.id, all()).await.unwrap().rows[0].id] {
        revoke(&team, team.owner.user, id).await.unwrap();
    }
    assert_eq!(obstruction(team.accept(&new, &ada).await), "INVITATION_NOT_OPEN");
    assert!(accounts.invitations(team.id, all()).await.unwrap().rows.is_empty());
    let revoked = team.audited().await;
    let revoked = revoked.iter().filter(|event| *event == "invitation.revoked").count();
    assert_eq!(revoked, 1, "the first was over already");
}

async fn revoke(team: &Team, by: UserId, id: InvitationId) -> Result<(), Error> {
    let (by, origin) = (team.it.caller(by), team.it.origin());
    let accounts = team.it.accounts();
    unit!(accounts, |tx| accounts.revoke_invitation(tx, id, &by, &origin).await)
}

const fn all() -> durward_core::Slice<InvitationId> {
    durward_core::Slice { after: None, limit: 100 }
}

#[tokio::test]
async fn nobody_invites_into_a_role_beyond_his_own() {
    // R-AZ-05, GW-32
    let team = Team::new().await;
    let (admin, _) = team.member("admin@example.com", Role::Admin).await;
    let refused = team.invite_as(admin.user, ADA, Role::Owner).await;
    assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");
    team.invite_as(admin.user, ADA, Role::Admin).await.unwrap();
}

#[tokio::test]
async fn nobody_takes_back_an_invitation_that_they_could_not_send() {
    // R-AZ-05: whoever may not make an owner does not keep the owners from making one
    let team = Team::new().await;
    let (admin, membership) = team.member("admin@example.com", Role::Admin).await;
    let ada = team.it.sign_up(ADA).await;
    let invitation = team.invite(ADA, Role::Owner).await.unwrap();
    let code = team.mailed(ADA).await;
    let stranger = team.it.sign_up("eve@example.com").await;
    for by in [admin.user, stranger.user] {
        let refused = revoke(&team, by, invitation.id).await;
        assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");
    }
    assert!(!team.audited().await.contains(&"invitation.revoked".to_owned()));
    assert_eq!(team.accept(&code, &ada).await.unwrap().role, Role::Owner);

    let own = team.invite("new@example.com", Role::Admin).await.unwrap();
    revoke(&team, admin.user, own.id).await.unwrap();
    let accounts = team.it.accounts();
    let again = team.invite("new@example.com", Role::Viewer).await.unwrap();
    unit!(accounts, |tx| {
        let (by, origin) = (team.it.caller(team.owner.user), team.it.origin());
        accounts.update_member(tx, membership.id, Role::Editor, None, &by, &origin).await
    })
    .unwrap();
    let demoted = revoke(&team, admin.user, again.id).await;
    assert!(matches!(demoted, Err(Error::Forbidden)), "{demoted:?}");
}

#[tokio::test]
async fn an_invitation_dies_with_the_right_to_send_it() {
    // R-AZ-05, GW-32: whoever is thrown out leaves no door open, and who only edits invites nobody
    for invited in [Role::Admin, Role::Viewer] {
        let team = Team::new().await;
        let (admin, membership) = team.member("admin@example.com", Role::Admin).await;
        let ada = team.it.sign_up(ADA).await;
        team.invite_as(admin.user, ADA, invited).await.unwrap();
        let code = team.mailed(ADA).await;
        let accounts = team.it.accounts();
        unit!(accounts, |tx| {
            let (by, origin) = (team.it.caller(team.owner.user), team.it.origin());
            accounts.update_member(tx, membership.id, Role::Editor, None, &by, &origin).await
        })
        .unwrap();
        assert_eq!(obstruction(team.accept(&code, &ada).await), "INVITATION_NOT_OPEN");
        assert_eq!(team.role(ada.user).await, None);
    }
}

#[tokio::test]
async fn an_invitation_dies_with_the_account_of_whoever_sent_it() {
    // R-AZ-05, R-SE-07: a stolen account leaves no door open behind it
    for status in [UserStatus::Banned, UserStatus::Deleted] {
        let team = Team::new().await;
        let (ada, mut codes) = (team.it.sign_up(ADA).await, Vec::new());
        for address in [ADA, "new@example.com"] {
            team.invite(address, Role::Owner).await.unwrap();
            codes.push(team.mailed(address).await);
        }
        set_status(&team.it, team.owner.user, status).await;
        assert_eq!(obstruction(team.accept(&codes[0], &ada).await), "INVITATION_NOT_OPEN");
        let unknown = sign_up(&team, "new@example.com", &codes[1]).await;
        assert_eq!(obstruction(unknown), "INVITATION_NOT_OPEN");
        assert_eq!(team.role(ada.user).await, None);
        assert!(owner(&team.it, "new@example.com").await.is_none());

        set_status(&team.it, team.owner.user, UserStatus::Active).await;
        team.accept(&codes[0], &ada).await.unwrap();
    }
}

#[tokio::test]
async fn the_mail_is_the_same_with_and_without_an_account() {
    // R-EN-03
    let team = Team::new().await;
    team.it.sign_up(ADA).await;
    let mut texts = Vec::new();
    for address in [ADA, "nobody@example.com"] {
        team.invite(address, Role::Viewer).await.unwrap();
        let letter = team.it.mail_to(address).await;
        texts.push(format!("{:?}", letter.message()));
    }
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test]
async fn a_mailed_invitation_signs_up_and_joins_in_one_transaction() {
    for mode in [SignUpMode::Verified, SignUpMode::Open, SignUpMode::Invited] {
        let team = Team::of(TestAccounts::new()).await;
        let parts = team.it.accounts().parts();
        let it = TestAccounts::on_with(parts.store.clone(), |other| {
            other.settings.sign_up = mode;
            other.keys = std::sync::Arc::clone(&parts.keys);
        });
        team.invite(ADA, Role::Editor).await.unwrap();
        let code = team.mailed(ADA).await;
        let answer = it.accounts().sign_up(request(&team, ADA, &code), &it.origin()).await;
        let issued = session(answer.unwrap());
        let caller = it.accounts().authenticate(&issued.token, None).await.unwrap();
        assert_eq!(caller.methods, [Method::Email], "{mode:?}");
        assert_eq!(team.role(issued.user).await, Some(Role::Editor), "{mode:?}");
        assert_eq!(owner(&it, ADA).await.unwrap().id, issued.user, "the address is proven");
        let events = audited(&it, issued.user).await;
        assert_eq!(events, ["member.added", "session.opened", "user.created"], "{mode:?}");
    }
}

#[tokio::test]
async fn without_an_invitation_nobody_signs_up_by_invitation() {
    for (mode, invited) in [(SignUpMode::Invited, false), (SignUpMode::Closed, true)] {
        let team = Team::new().await;
        team.invite(ADA, Role::Viewer).await.unwrap();
        let code = invited.then_some(team.mailed(ADA).await);
        let parts = team.it.accounts().parts();
        let it = TestAccounts::on_with(parts.store.clone(), |other| {
            other.settings.sign_up = mode;
            other.keys = std::sync::Arc::clone(&parts.keys);
        });
        let request = SignUp { invitation: code, ..it.request(ADA) };
        let refused = it.accounts().sign_up(request, &it.origin()).await;
        assert!(matches!(refused, Err(Error::SignUpClosed)), "{mode:?}: {refused:?}");
    }
}

#[tokio::test]
async fn an_invitation_signs_up_its_own_address_and_nobody_who_has_an_account() {
    let team = Team::new().await;
    team.invite(ADA, Role::Viewer).await.unwrap();
    let code = team.mailed(ADA).await;
    let other = sign_up(&team, "eve@example.com", &code).await;
    assert_eq!(obstruction(other), "OTHER_ADDRESS_INVITED");
    assert!(owner(&team.it, "eve@example.com").await.is_none());
    let unknown = InvitationToken::mint(team.it.entropy());
    assert_eq!(obstruction(sign_up(&team, ADA, &unknown).await), "INVITATION_NOT_OPEN");

    let ada = team.it.sign_up(ADA).await;
    assert_eq!(obstruction(sign_up(&team, ADA, &code).await), "ACCOUNT_EXISTS");
    team.accept(&code, &ada).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_parallel_acceptances_of_one_invitation_make_one_member() {
    let team = std::sync::Arc::new(Team::new().await);
    let ada = team.it.sign_up(ADA).await;
    team.invite(ADA, Role::Viewer).await.unwrap();
    let code = team.mailed(ADA).await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (team, code, user) = (std::sync::Arc::clone(&team), code.clone(), ada.user);
        racing.spawn(async move {
            team.it.accounts().accept_invitation(&code, user, &team.it.origin()).await
        });
    }
    let outcomes = racing.join_all().await;
    assert_eq!(outcomes.iter().filter(|it| it.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|it| matches!(it, Ok(_) | Err(Error::Invalid(_)))));
    let added = team.audited().await;
    assert_eq!(added.iter().filter(|event| *event == "member.added").count(), 1);
}
