//! Promises about what a client check tells of the user whose personal key it is.

use durward_core::Store;
use durward_core::entity::{
    Compromise, KeyOwner, LiveTotp, Remedy, StoredPassword, Totp, User, UserStatus,
};
use durward_core::store::{FactorsMut, PasswordsMut, Tx, UsersMut};

use crate::sample::{at, client, client_id, client_secret, password, personal, totp, user};
use crate::{Suite, SuiteRole, given, seen};

/// The owner of the sample key, as it is told by secret and by id; the two agree.
async fn told<S: Store<Attrs = Suite>>(store: &S) -> Option<KeyOwner<Suite>> {
    let by_secret = seen::client_by_secret(store, 1).await.unwrap().key_owner;
    assert_eq!(seen::live_client(store, client_id(1)).await.unwrap().key_owner, by_secret);
    by_secret
}

/// A key of the user with the number 1, and others about whom nothing is asked: a user who has everything, with a key,
/// and an organization.
async fn given_keys<S: Store<Attrs = Suite>>(store: &S) -> User<Suite> {
    let [eve] = given::users(store, [2]).await;
    let ada = User { roles: vec![], ..user(1) };
    given::user(store, &ada).await;
    given::client(store, &personal(1, ada.id), &[&client_secret(1, 1)]).await;
    given::client(store, &personal(2, eve.id), &[&client_secret(2, 2)]).await;
    given::client(store, &client(3), &[&client_secret(3, 3)]).await;
    given::password(store, &password(eve.id)).await;
    given::totps(store, &[&totp(2, eve.id)]).await;
    confirm(store, &totp(2, eve.id)).await;
    ada
}

async fn confirm<S: Store<Attrs = Suite>>(store: &S, totp: &Totp) {
    let mut tx = store.begin().await.unwrap();
    assert!(tx.confirm_totp(totp.id, 5, at(9)).await.unwrap());
    tx.commit().await.unwrap();
}

/// A key is found with the roles that its user has, and nobody else's; a client of an organization with nobody (R-SE-11).
pub async fn a_key_is_found_with_the_roles_of_its_owner<S: Store<Attrs = Suite>>(store: &S) {
    let ada = given_keys(store).await;
    let nothing = KeyOwner { roles: vec![], has_password: false, totp: None };
    assert_eq!(told(store).await, Some(nothing));
    let promoted = User { roles: vec![SuiteRole::Owner], version: 2, ..ada };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_user(&promoted, 1).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(told(store).await.unwrap().roles, [SuiteRole::Owner]);
    assert_eq!(seen::client_by_secret(store, 3).await.unwrap().key_owner, None);
    assert_eq!(seen::live_client(store, client_id(3)).await.unwrap().key_owner, None);
    let banned = User { status: UserStatus::Banned, version: 3, ..promoted };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_user(&banned, 2).await.unwrap());
    tx.commit().await.unwrap();
    assert!(told(store).await.is_some(), "whether the user may act is told apart from it");
}

/// A key is found with whether its user has a password, which none is that is compromised (R-PW-10).
pub async fn a_key_is_found_with_whether_its_owner_has_a_password<S: Store<Attrs = Suite>>(
    store: &S,
) {
    let ada = given_keys(store).await;
    assert!(!told(store).await.unwrap().has_password);
    given::password(store, &password(ada.id)).await;
    assert!(told(store).await.unwrap().has_password);
    for remedy in [Remedy::Change, Remedy::Reset] {
        let compromise = Compromise { since: at(0), remedy };
        let mut tx = store.begin().await.unwrap();
        assert!(tx.mark_password(ada.id, &compromise).await.unwrap());
        tx.commit().await.unwrap();
        assert!(!told(store).await.unwrap().has_password, "{remedy:?}");
    }
    let stored = seen::password(store, ada.id).await.unwrap();
    let chosen = StoredPassword { compromised: None, ..stored.clone() };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_password(&chosen, &stored.hash).await.unwrap());
    tx.commit().await.unwrap();
    assert!(told(store).await.unwrap().has_password);
}

/// A key is found with the app that its user has enrolled, from its proof to its removal, and with the doubt about it
/// (R-RC-04).
pub async fn a_key_is_found_with_the_app_of_its_owner<S: Store<Attrs = Suite>>(store: &S) {
    let ada = given_keys(store).await;
    given::totps(store, &[&totp(1, ada.id)]).await;
    assert_eq!(told(store).await.unwrap().totp, None, "it is none before it is proven");
    confirm(store, &totp(1, ada.id)).await;
    assert_eq!(told(store).await.unwrap().totp, Some(LiveTotp { doubted: None }));
    // Another enrolment that was begun is no second row.
    given::totps(store, &[&totp(3, ada.id)]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.doubt_totp(ada.id, at(0), at(20)).await.unwrap());
    tx.commit().await.unwrap();
    let doubted = Some(LiveTotp { doubted: Some(at(20)) });
    assert_eq!(told(store).await.unwrap().totp, doubted);
    let mut tx = store.begin().await.unwrap();
    assert!(tx.delete_totp(ada.id).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(told(store).await.unwrap().totp, None);
}
