use std::time::Duration;

use durward_core::entity::Membership;
use durward_core::{
    Error, MembershipId, Slice, StandardOrganizationRole as Role, UserId, UserStatus, unit,
};

use crate::support::set_status;
use crate::team::Team;

async fn give(team: &Team, by: UserId, to: MembershipId, role: Role) -> Result<Membership, Error> {
    let by = team.it.caller(by);
    unit!(team.it.accounts(), |tx| {
        team.it.accounts().update_member(tx, to, role, None, &by, &team.it.origin()).await
    })
}

async fn remove(team: &Team, by: UserId, id: MembershipId) -> Result<(), Error> {
    let by = team.it.caller(by);
    unit!(team.it.accounts(), |tx| {
        team.it.accounts().remove_member(tx, id, None, &by, &team.it.origin()).await
    })
}

#[tokio::test]
async fn nobody_gives_or_takes_more_than_he_holds() {
    // R-AZ-05, GW-31, GW-32
    let team = Team::new().await;
    let (admin, admins) = team.member("admin@example.com", Role::Admin).await;
    let (_, viewers) = team.member("viewer@example.com", Role::Viewer).await;
    let forbidden = |outcome: Result<Membership, Error>| matches!(outcome, Err(Error::Forbidden));

    assert!(forbidden(give(&team, admin.user, viewers.id, Role::Owner).await));
    assert!(forbidden(give(&team, admin.user, team.owning.id, Role::Viewer).await));
    assert!(forbidden(give(&team, admin.user, admins.id, Role::Owner).await));
    assert!(forbidden(give(&team, admin.user, admins.id, Role::Viewer).await), "not his own");
    let removed = remove(&team, admin.user, team.owning.id).await;
    assert!(matches!(removed, Err(Error::Forbidden)), "{removed:?}");
    let changes = team.audited().await;
    assert!(!changes.iter().any(|it| it == "member.updated" || it == "member.removed"));

    let given = give(&team, admin.user, viewers.id, Role::Admin).await.unwrap();
    assert_eq!((given.role, given.version), (Role::Admin, 2));
    remove(&team, admin.user, viewers.id).await.unwrap();
    assert_eq!(team.role(viewers.user).await, None);
}

#[tokio::test]
async fn a_member_leaves_whatever_his_role_is() {
    let team = Team::new().await;
    let (viewer, membership) = team.member("viewer@example.com", Role::Viewer).await;
    remove(&team, viewer.user, membership.id).await.unwrap();
    assert_eq!(team.role(viewer.user).await, None);
    let again = remove(&team, viewer.user, membership.id).await;
    assert!(matches!(again, Err(Error::NotFound("membership"))), "{again:?}");
    assert!(team.audited().await.contains(&"member.removed".to_owned()));
}

#[tokio::test]
async fn the_last_owner_stays() {
    // R-AZ-05, GW-33
    let team = Team::new().await;
    let alone = remove(&team, team.owner.user, team.owning.id).await;
    assert!(matches!(alone, Err(Error::Last("owner"))), "{alone:?}");

    let (other, others) = team.member("other@example.com", Role::Admin).await;
    give(&team, team.owner.user, others.id, Role::Owner).await.unwrap();
    remove(&team, team.owner.user, team.owning.id).await.unwrap();
    let last = remove(&team, other.user, others.id).await;
    assert!(matches!(last, Err(Error::Last("owner"))), "{last:?}");
}

#[tokio::test]
async fn an_owner_whose_account_is_shut_does_not_count() {
    let team = Team::new().await;
    let (banned, membership) = team.member("banned@example.com", Role::Admin).await;
    give(&team, team.owner.user, membership.id, Role::Owner).await.unwrap();
    set_status(&team.it, banned.user, UserStatus::Banned).await;
    let left = remove(&team, team.owner.user, team.owning.id).await;
    assert!(matches!(left, Err(Error::Last("owner"))), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_owners_who_remove_each_other_leave_one() {
    // R-AZ-05
    let team = Team::new().await;
    let (other, mut others) = team.member("other@example.com", Role::Owner).await;
    let mut owning = team.owning.clone();
    for round in 0..1_000 {
        let (one, two) = tokio::join!(
            remove(&team, team.owner.user, others.id),
            remove(&team, other.user, owning.id),
        );
        let owners = [team.role(team.owner.user).await, team.role(other.user).await];
        assert_eq!(owners.iter().flatten().count(), 1, "round {round}: {one:?} {two:?}");
        assert!(one.is_ok() != two.is_ok(), "round {round}: {one:?} {two:?}");
        // Whoever is left takes the other one in again.
        let (stays, back) = if one.is_ok() { (&team.owner, &other) } else { (&other, &team.owner) };
        let address = if one.is_ok() { "other@example.com" } else { crate::team::OWNER };
        team.it.clock().advance(Duration::from_hours(1));
        let invited = team.invite_as(stays.user, address, Role::Owner).await;
        invited.unwrap();
        let code = team.mailed(address).await;
        let back_in = team.it.log_in(address).await;
        assert_eq!(back_in.user, back.user);
        let membership = team.accept(&code, &back_in).await.unwrap();
        if one.is_ok() {
            others = membership;
        } else {
            owning = membership;
        }
        team.it.inbox().clear();
    }
}

#[tokio::test]
async fn members_are_listed_with_their_names_the_newest_first() {
    let team = Team::new().await;
    team.it.clock().advance(Duration::from_millis(1));
    let (viewer, _) = team.member("viewer@example.com", Role::Viewer).await;
    let accounts = team.it.accounts();
    let first = accounts.members(team.id, Slice { after: None, limit: 1 }).await.unwrap();
    assert_eq!(first.rows[0].membership.user, viewer.user);
    assert_eq!(first.rows[0].name.as_str(), "Ada Lovelace");
    let second = accounts.members(team.id, Slice { after: first.next, limit: 1 }).await.unwrap();
    assert_eq!((second.rows[0].membership.user, second.next), (team.owner.user, None));
}
