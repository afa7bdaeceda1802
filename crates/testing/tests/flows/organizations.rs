use durward_core::accounts::OrganizationChange;
use durward_core::entity::{Membership, Organization};
use durward_core::{
    Error, MembershipId, Plain, Slice, StandardOrganizationRole as Role, User, UserId, unit,
};
use durward_testing::{TestAccounts, given};

use crate::support::set_status;
use crate::team::{Team, founded, obstruction};

async fn rename(team: &Team, version: Option<i64>) -> Result<Organization, Error> {
    let name = given::name("Coffee & Cake");
    let change = OrganizationChange::<Plain> {
        name: Some(name),
        authentication: None,
        attrs: None,
        version,
    };
    let by = team.it.caller(team.owner.user);
    unit!(team.it.accounts(), |tx| {
        let origin = team.it.origin();
        team.it.accounts().update_organization(tx, team.id, change.clone(), &by, &origin).await
    })
}

async fn archive(team: &Team) -> Result<Organization, Error> {
    let by = team.fresh(&team.owner).await;
    unit!(team.it.accounts(), |tx| {
        team.it.accounts().archive_organization(tx, team.id, None, &by, &team.it.origin()).await
    })
}

async fn restore(team: &Team) -> Result<Organization, Error> {
    let by = team.fresh(&team.owner).await;
    unit!(team.it.accounts(), |tx| {
        team.it.accounts().restore_organization(tx, team.id, &by, &team.it.origin()).await
    })
}

async fn transfer(team: &Team, to: MembershipId) -> Result<Membership, Error> {
    let by = team.fresh(&team.owner).await;
    unit!(team.it.accounts(), |tx| {
        team.it.accounts().transfer_organization(tx, team.id, to, &by, &team.it.origin()).await
    })
}

async fn delete_owner(team: &Team) -> Result<User, Error> {
    let (by, id) = (team.fresh(&team.owner).await, team.owner.user);
    unit!(team.it.accounts(), |tx| {
        team.it.accounts().delete_user(tx, id, None, &by, &team.it.origin()).await
    })
}

#[tokio::test]
async fn whoever_makes_an_organization_owns_it() {
    let team = Team::new().await;
    assert_eq!(team.role(team.owner.user).await, Some(Role::Owner));
    assert_eq!(team.audited().await, ["organization.created"]);
    let slice = Slice { after: None, limit: 10 };
    let own = team.it.accounts().organizations_of(team.owner.user, slice).await.unwrap();
    assert_eq!(own.rows.len(), 1);
    assert_eq!((own.rows[0].organization.id, &own.rows[0].membership), (team.id, &team.owning));
}

#[tokio::test]
async fn a_user_makes_no_more_organizations_than_he_may() {
    // GW-55
    let it = TestAccounts::new();
    let user = it.sign_up("ada@example.com").await.user;
    for _ in 0..<Organization>::MOST_PER_USER {
        founded(&it, user).await.unwrap();
    }
    assert_eq!(obstruction(founded(&it, user).await), "TOO_MANY_ORGANIZATIONS");
    let nobody = founded(&it, UserId::from_bytes([9; 16])).await;
    assert!(matches!(nobody, Err(Error::NotFound("user"))), "{nobody:?}");
}

#[tokio::test]
async fn an_organization_is_changed_from_the_version_that_was_looked_at() {
    let team = Team::new().await;
    assert!(matches!(rename(&team, Some(2)).await, Err(Error::Stale(_))));
    let changed = rename(&team, Some(1)).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.version), ("Coffee & Cake", 2));
    assert_eq!(rename(&team, None).await.unwrap().version, 2, "nothing changed");
    assert_eq!(team.audited().await, ["organization.created", "organization.updated"]);
}

#[tokio::test]
async fn an_archived_organization_takes_nothing_new_until_it_is_restored() {
    // GW-56
    let team = Team::new().await;
    let (_, viewer) = team.member("viewer@example.com", Role::Viewer).await;
    team.invite("late@example.com", Role::Viewer).await.unwrap();
    let code = team.mailed("late@example.com").await;
    let late = team.it.sign_up("late@example.com").await;
    let archived = archive(&team).await.unwrap();
    assert_eq!(archived.archived, Some(team.it.accounts().now()));
    assert_eq!(archive(&team).await.unwrap(), archived, "once is enough");

    assert!(matches!(rename(&team, None).await, Err(Error::Forbidden)));
    let invited = team.invite("new@example.com", Role::Viewer).await;
    assert!(matches!(invited, Err(Error::Forbidden)));
    assert!(matches!(transfer(&team, viewer.id).await, Err(Error::Forbidden)));
    assert_eq!(obstruction(team.accept(&code, &late).await), "INVITATION_NOT_OPEN");

    assert_eq!(restore(&team).await.unwrap().archived, None);
    assert_eq!(team.accept(&code, &late).await.unwrap().role, Role::Viewer);
    rename(&team, None).await.unwrap();
    for event in ["organization.archived", "organization.restored"] {
        let events = team.audited().await;
        assert_eq!(events.iter().filter(|it| *it == event).count(), 1, "{events:?}");
    }
}

#[tokio::test]
async fn an_owner_and_the_next_one_swap_their_roles() {
    // R-AZ-05, R-SE-14
    let team = Team::new().await;
    let (viewer, membership) = team.member("viewer@example.com", Role::Viewer).await;
    let taken = transfer(&team, membership.id).await.unwrap();
    assert_eq!((taken.user, taken.role), (viewer.user, Role::Owner));
    assert_eq!(team.role(team.owner.user).await, Some(Role::Viewer));
    assert!(team.audited().await.contains(&"organization.transferred".to_owned()));
    // Who owns nothing has nothing to give.
    assert!(matches!(transfer(&team, team.owning.id).await, Err(Error::Forbidden)));
}

#[tokio::test]
async fn an_organization_goes_to_an_active_member_who_does_not_own_it_yet() {
    let team = Team::new().await;
    let stranger = team.it.sign_up("stranger@example.com").await;
    let other = founded(&team.it, stranger.user).await.unwrap();
    assert_eq!(obstruction(transfer(&team, team.owning.id).await), "OWNER_ALREADY");
    let foreign = transfer(&team, other.membership.id).await;
    assert!(matches!(foreign, Err(Error::NotFound("membership"))), "{foreign:?}");
    let (banned, membership) = team.member("banned@example.com", Role::Admin).await;
    set_status(&team.it, banned.user, durward_core::UserStatus::Banned).await;
    let gone = transfer(&team, membership.id).await;
    assert!(matches!(gone, Err(Error::NotFound("membership"))), "{gone:?}");
    assert_eq!(team.role(team.owner.user).await, Some(Role::Owner));
}

#[tokio::test]
async fn whoever_owns_an_organization_alone_gives_it_away_before_he_goes() {
    // GW-33, GW-43
    let team = Team::new().await;
    let (_, member) = team.member("admin@example.com", Role::Admin).await;
    assert!(matches!(delete_owner(&team).await, Err(Error::Last("owner"))));
    assert!(team.it.accounts().user(team.owner.user).await.unwrap().user.erasure.is_none());
    transfer(&team, member.id).await.unwrap();
    delete_owner(&team).await.unwrap();

    let archived = Team::new().await;
    archive(&archived).await.unwrap();
    delete_owner(&archived).await.unwrap();
}
