//! Whatever meets at once, an organization in use has an owner with an active account, on every engine; and what a ban
//! leaves without one is repaired.

use durward_core::accounts::{NewInvitation, NewOrganization};
use durward_core::entity::Membership;
use durward_core::store::{Memberships, MembershipsMut, Organizations, Tx, Users};
use durward_core::{
    Accounts, AuthenticationStrength, Error, FreshUser, InvitationToken, MembershipId,
    NoAttributes, OrganizationId, Origin, Plain, StandardOrganizationRole as Role, Store, UserId,
    UserStatus, unit,
};
use durward_testing::{TestAccounts, given};

use crate::people::{caller, fresh_user};

/// How often each race is run.
const ROUNDS: u32 = 20;

type Outcome = Result<(), Error>;

async fn founded<S: Store<Attrs = Plain>>(it: &Accounts<S>, owner: UserId) -> OrganizationId {
    let new = || NewOrganization {
        name: given::name("Tea"),
        authentication: AuthenticationStrength::Any,
        attrs: NoAttributes {},
    };
    let (who, origin) = (caller(it, owner), by(owner));
    let made = unit!(it, |tx| it.create_organization(tx, new(), &who, &origin).await);
    made.unwrap().organization.id
}

/// Makes a member of somebody, behind the flows' back.
async fn joined<S: Store<Attrs = Plain>>(
    it: &Accounts<S>,
    organization: OrganizationId,
    (user, role): (UserId, Role),
) -> MembershipId {
    let now = it.now();
    let id = MembershipId::new(now, &*it.parts().entropy);
    let member =
        Membership { id, organization, user, role, version: 1, created: now, updated: now };
    let mut tx = it.begin().await.unwrap();
    tx.insert_membership(&member).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// What such a user does comes from here: each from a network of his own.
fn by(user: UserId) -> Origin {
    Origin { actor: Some(user), ..Origin::default() }
}

async fn archive<S: Store>(it: &Accounts<S>, id: OrganizationId, by: FreshUser) -> Outcome {
    let origin = Origin::default();
    unit!(it, |tx| it.archive_organization(tx, id, None, &by, &origin).await.map(drop))
}

async fn restore<S: Store>(it: &Accounts<S>, id: OrganizationId, by: FreshUser) -> Outcome {
    let origin = Origin::default();
    unit!(it, |tx| it.restore_organization(tx, id, &by, &origin).await.map(drop))
}

async fn appoint<S: Store>(
    it: &Accounts<S>,
    id: OrganizationId,
    (user, by): (UserId, FreshUser),
) -> Outcome {
    let origin = Origin::default();
    unit!(it, |tx| it.appoint_owner(tx, id, user, &by, &origin).await.map(drop))
}

async fn transfer<S: Store>(
    it: &Accounts<S>,
    id: OrganizationId,
    (to, by): (MembershipId, FreshUser),
) -> Outcome {
    let origin = Origin::default();
    unit!(it, |tx| it.transfer_organization(tx, id, to, &by, &origin).await.map(drop))
}

async fn delete<S: Store>(it: &Accounts<S>, by: FreshUser) -> Outcome {
    let origin = Origin::default();
    unit!(it, |tx| it.delete_user(tx, by.id(), None, &by, &origin).await.map(drop))
}

async fn ban<S: Store>(it: &Accounts<S>, id: UserId) -> Outcome {
    unit!(it, |tx| it.ban_user(tx, id, &Origin::default()).await.map(drop))
}

fn code(outcome: Outcome) -> String {
    match outcome {
        Err(Error::Invalid(found)) => found[0].code.to_string(),
        other => format!("{other:?}"),
    }
}

/// How many active owners an organization has, or none needed while it is archived.
async fn is_owned<S: Store<Attrs = Plain>>(it: &Accounts<S>, id: OrganizationId) -> bool {
    let mut read = it.read().await.unwrap();
    let archived = read.organization(id).await.unwrap().unwrap().archived.is_some();
    archived || read.count_members(id, Role::Owner).await.unwrap() > 0
}

/// GW-33, R-AZ-05
async fn nobody_restores_what_nobody_owns<S: Store<Attrs = Plain>>(store: S) {
    let it = TestAccounts::on(store);
    let accounts = it.accounts();
    let [ada, eve] = [fresh_user(&it, "ada").await, fresh_user(&it, "eve").await];
    let id = founded(accounts, ada.id()).await;
    archive(accounts, id, ada).await.unwrap();
    delete(accounts, ada).await.unwrap();
    assert_eq!(code(restore(accounts, id, eve).await), "NO_OWNER");
    let gone = appoint(accounts, id, (ada.id(), eve)).await;
    assert!(matches!(gone, Err(Error::NotFound("user"))), "{gone:?}");
    appoint(accounts, id, (eve.id(), eve)).await.unwrap();
    restore(accounts, id, eve).await.unwrap();
    assert!(is_owned(accounts, id).await);
}

/// R-AZ-05, R-SE-07
async fn what_a_ban_leaves_without_an_owner_gets_one<S: Store<Attrs = Plain>>(store: S) {
    let it = TestAccounts::on(store);
    let accounts = it.accounts();
    let people = [fresh_user(&it, "ada").await, fresh_user(&it, "eve").await];
    let ([ada, eve], root) = (people, fresh_user(&it, "root").await);
    let id = founded(accounts, ada.id()).await;
    let member = joined(accounts, id, (eve.id(), Role::Viewer)).await;
    assert_eq!(code(appoint(accounts, id, (eve.id(), root)).await), "OWNER_PRESENT");
    appoint(accounts, id, (ada.id(), root)).await.unwrap();

    ban(accounts, ada.id()).await.unwrap();
    assert!(!is_owned(accounts, id).await, "security comes first");
    appoint(accounts, id, (eve.id(), root)).await.unwrap();
    let raised = accounts.membership(member).await.unwrap();
    assert_eq!((raised.role, raised.user), (Role::Owner, eve.id()), "the same membership");
    appoint(accounts, id, (eve.id(), root)).await.unwrap();
    assert_eq!(accounts.membership(member).await.unwrap(), raised, "once is enough");
    assert_eq!(code(appoint(accounts, id, (root.id(), root)).await), "OWNER_PRESENT");
    let mut read = accounts.read().await.unwrap();
    assert_eq!(read.user(ada.id()).await.unwrap().unwrap().status, UserStatus::Banned);
    let kept = read.membership_of(id, ada.id()).await.unwrap().unwrap();
    assert_eq!(kept.role, Role::Owner, "he is one again when his account is opened");
}

/// R-AZ-05
async fn an_invitation_of_somebody_banned_makes_no_member<S: Store<Attrs = Plain>>(store: S) {
    let it = TestAccounts::on(store);
    let accounts = it.accounts();
    let [ada, eve] = [fresh_user(&it, "ada").await, fresh_user(&it, "eve").await];
    let id = founded(accounts, ada.id()).await;
    let new = || NewInvitation { email: given::email("eve@example.com"), role: Role::Owner };
    unit!(accounts, |tx| accounts.invite(tx, id, new(), &it.caller(ada.id()), &by(ada.id())).await)
        .unwrap();
    let letter = it.mail_to("eve@example.com").await;
    let sent = InvitationToken::parse(letter.link_code()).unwrap();
    ban(accounts, ada.id()).await.unwrap();
    let refused = accounts.accept_invitation(&sent, eve.id(), &by(eve.id())).await;
    assert_eq!(code(refused.map(drop)), "INVITATION_NOT_OPEN");
    let mut read = accounts.read().await.unwrap();
    assert!(read.membership_of(id, eve.id()).await.unwrap().is_none());
}

/// GW-33, GW-43
async fn whoever_is_given_an_organization_does_not_leave_meanwhile<S: Store<Attrs = Plain>>(
    store: S,
) {
    let it = TestAccounts::on(store);
    let ada = fresh_user(&it, "ada").await;
    for round in 0..ROUNDS {
        let eve = fresh_user(&it, &format!("eve{round}")).await;
        let id = founded(it.accounts(), ada.id()).await;
        let member = joined(it.accounts(), id, (eve.id(), Role::Viewer)).await;
        let (one, other) = (it.accounts().clone(), it.accounts().clone());
        let given = tokio::spawn(async move { transfer(&one, id, (member, ada)).await });
        let left = tokio::spawn(async move { delete(&other, eve).await });
        let told = (given.await.unwrap(), left.await.unwrap());
        assert!(is_owned(it.accounts(), id).await, "{told:?}");
        assert!(told.0.is_ok() != told.1.is_ok(), "{told:?}");
    }
}

/// GW-33, GW-43
async fn nobody_restores_while_its_owner_leaves<S: Store<Attrs = Plain>>(store: S) {
    let it = TestAccounts::on(store);
    let root = fresh_user(&it, "root").await;
    for round in 0..ROUNDS {
        let ada = fresh_user(&it, &format!("ada{round}")).await;
        let id = founded(it.accounts(), ada.id()).await;
        archive(it.accounts(), id, ada).await.unwrap();
        let (one, other) = (it.accounts().clone(), it.accounts().clone());
        let opened = tokio::spawn(async move { restore(&one, id, root).await });
        let left = tokio::spawn(async move { delete(&other, ada).await });
        let told = (opened.await.unwrap(), left.await.unwrap());
        assert!(is_owned(it.accounts(), id).await, "{told:?}");
        assert!(told.0.is_ok() != told.1.is_ok(), "{told:?}");
    }
}

on_every_engine!(
    nobody_restores_what_nobody_owns,
    what_a_ban_leaves_without_an_owner_gets_one,
    an_invitation_of_somebody_banned_makes_no_member,
    whoever_is_given_an_organization_does_not_leave_meanwhile,
    nobody_restores_while_its_owner_leaves
);
