//! What an organization asks of its members, and the rule about steps of personal keys, hold on every engine.

use std::sync::Arc;

use durward_core::access::AccessRequest;
use durward_core::accounts::{ClientCredential, NewOrganization, OrganizationChange};
use durward_core::behavior::TwoFactors;
use durward_core::entity::{Totp, TotpSecret, totp_step};
use durward_core::store::{Factors, FactorsMut, Tx};
use durward_core::{
    Action, AuthenticationStrength, Caller, Error, Method, NoAttributes, OrganizationId, Origin,
    Plain, SecretKey, SessionToken, Store, Target, UserId, unit,
};
use durward_testing::{SeededEntropy, TestAccounts, given};

use AuthenticationStrength::{Any, NoMailAlone, SecondFactor};

use crate::people::{fresh_user, logged_in, personal_key};

/// A new session of a user who has proven this.
async fn token<S: Store<Attrs = Plain>>(
    it: &TestAccounts<S>,
    user: UserId,
    methods: &[Method],
) -> SessionToken {
    let user = it.accounts().user(user).await.unwrap().user;
    let opened = unit!(it.accounts(), |tx| {
        it.accounts().open_session(tx, &user, methods.to_vec(), &Origin::default()).await
    });
    opened.unwrap().token
}

async fn by_session<S: Store<Attrs = Plain>>(it: &TestAccounts<S>, token: &SessionToken) -> Caller {
    let user = it.accounts().authenticate(token, None).await.unwrap();
    Caller { user: Some(user), ..Caller::anonymous(None) }
}

async fn by_key<S: Store<Attrs = Plain>>(it: &TestAccounts<S>, key: &SecretKey) -> Caller {
    let request = AccessRequest { ip: None, origin: None, target: None };
    let credential = ClientCredential::Key(key.clone());
    let found = it.accounts().authenticate_client(&credential, &request, &Origin::default()).await;
    let client = it.accounts().client_caller(&found.unwrap());
    Caller { client: Some(client), ..Caller::anonymous(None) }
}

async fn reads<S: Store<Attrs = Plain>>(
    it: &TestAccounts<S>,
    id: OrganizationId,
    caller: &Caller,
) -> Result<(), Error> {
    let standing = it.accounts().standing(caller, id, None).await?;
    caller.may(Action::ReadOrganization, &Target::Organization(standing))
}

async fn ask<S: Store<Attrs = Plain>>(
    it: &TestAccounts<S>,
    id: OrganizationId,
    authentication: AuthenticationStrength,
    by: &Caller,
) {
    let change = OrganizationChange::<Plain> {
        name: None,
        authentication: Some(authentication),
        attrs: None,
        version: None,
    };
    let (accounts, origin) = (it.accounts(), Origin::default());
    let changed = unit!(accounts, |tx| {
        accounts.update_organization(tx, id, change.clone(), by, &origin).await
    });
    assert_eq!(changed.unwrap().authentication, authentication);
    assert_eq!(accounts.organization(id).await.unwrap().authentication, authentication);
}

/// R-MF-01, R-MF-02, R-MF-05
async fn requirements_hold_at_the_next_request<S: Store<Attrs = Plain>>(store: S) {
    let it = TestAccounts::on(store.clone());
    let ada = fresh_user(&it, "ada").await;
    let methods = [&[Method::Email][..], &[Method::Password], &[Method::Password, Method::Totp]];
    let mut tokens = Vec::new();
    for methods in methods {
        tokens.push(token(&it, ada.id(), methods).await);
    }
    let strong = by_session(&it, &tokens[2]).await;
    let new = || NewOrganization {
        name: given::name("Tea"),
        authentication: NoMailAlone,
        attrs: NoAttributes {},
    };
    let made = unit!(it.accounts(), |tx| {
        it.accounts().create_organization(tx, new(), &strong, &Origin::default()).await
    });
    let id = made.unwrap().organization.id;
    let key = personal_key(it.accounts(), &ada).await.secret.unwrap().key;
    let eve =
        by_session(&it, &token(&it, fresh_user(&it, "eve").await.id(), methods[2]).await).await;
    // Another node, which knows of nothing but the store.
    let other = TestAccounts::on_with(store, |parts| {
        parts.entropy = Arc::new(SeededEntropy::new(7));
    });
    for (asked, expected) in [
        (SecondFactor, [false, false, true]),
        (Any, [true, true, true]),
        (NoMailAlone, [false, true, true]),
    ] {
        ask(&it, id, asked, &strong).await;
        for (token, expected) in tokens.iter().zip(expected) {
            let read = reads(&other, id, &by_session(&other, token).await).await;
            assert_eq!(read.is_ok(), expected, "{asked:?} {read:?}");
        }
        let read = reads(&other, id, &by_key(&other, &key).await).await;
        assert_eq!(read.is_ok(), expected[1], "there is a password: {asked:?}");
        let foreign = reads(&other, id, &eve).await;
        assert!(matches!(foreign, Err(Error::NotFound("organization"))), "{foreign:?}");
    }
}

/// R-MF-02
async fn a_key_waits_for_the_second_factor_of_its_user<S: Store<Attrs = Plain>>(store: S) {
    let it = TestAccounts::on(store.clone());
    let ada = fresh_user(&it, "ada").await;
    let key = personal_key(it.accounts(), &ada).await.secret.unwrap().key;
    let strict = TestAccounts::on_with(store, |parts| {
        parts.behavior.steps = Arc::new(TwoFactors::Everyone);
        parts.entropy = Arc::new(SeededEntropy::new(7));
    });
    assert_eq!(by_key(&it, &key).await.acting_user().unwrap(), ada.id());
    let waiting = by_key(&strict, &key).await.acting_user();
    assert!(matches!(waiting, Err(Error::SecondFactorRequired)), "{waiting:?}");
    let ada = logged_in(&it, "ada").await;
    let (accounts, origin) = (it.accounts(), Origin::default());
    let enrolment = unit!(accounts, |tx| accounts.enrol_totp(tx, &ada, &origin).await).unwrap();
    assert!(by_key(&strict, &key).await.acting_user().is_err(), "it was only begun");
    let secret = TotpSecret::parse(enrolment.secret.expose()).unwrap();
    let code = secret.code_at(totp_step(accounts.now()));
    let proven = accounts.confirm_totp(&ada, Some(&enrolment.handle), Some(&code), &origin).await;
    proven.unwrap();
    let acting = by_key(&strict, &key).await;
    assert_eq!((acting.acting_user().unwrap(), acting.strength()), (ada.id(), SecondFactor));

    // One that was in doubt for too long counts for nothing (R-RC-04).
    let mut tx = accounts.begin().await.unwrap();
    let totp: Totp = tx.totp(ada.id()).await.unwrap().unwrap();
    assert!(tx.doubt_totp(ada.id(), totp.created, accounts.now()).await.unwrap());
    tx.commit().await.unwrap();
    assert!(by_key(&strict, &key).await.acting_user().is_ok());
    strict.clock().advance(strict.accounts().parts().settings.doubt_wait);
    assert!(by_key(&strict, &key).await.acting_user().is_err());
}

on_every_engine!(
    requirements_hold_at_the_next_request,
    a_key_waits_for_the_second_factor_of_its_user
);
