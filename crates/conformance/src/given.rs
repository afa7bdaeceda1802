//! What a promise finds in the store before it begins; each value is committed.

use durward_core::Store;
use durward_core::entity::{
    AuditEntry, AuditHead, AuditSeal, Client, ClientOwner, ClientSecret, Flow, Invitation,
    LoginEmail, Membership, Organization, OutboxMail, Session, StoredPassword, StoredReply, Totp,
    User,
};
use durward_core::store::{
    AuditMut, ClientsMut, FactorsMut, FlowsMut, InvitationsMut, LoginEmailsMut, MembershipsMut,
    Organizations, OrganizationsMut, OutboxMut, PasswordsMut, RepliesMut, SessionsMut, Tx,
    UsersMut,
};

use crate::sample::at;
use crate::{Suite, sample};

/// Sample users with these numbers.
pub(crate) async fn users<S: Store<Attrs = Suite>, const N: usize>(
    store: &S,
    numbers: [u8; N],
) -> [User<Suite>; N] {
    let users = numbers.map(sample::user);
    for it in &users {
        user(store, it).await;
    }
    users
}

pub(crate) async fn user<S: Store<Attrs = Suite>>(store: &S, user: &User<Suite>) {
    let mut tx = store.begin().await.unwrap();
    tx.insert_user(user).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) async fn emails<S: Store<Attrs = Suite>>(store: &S, emails: &[&LoginEmail]) {
    let mut tx = store.begin().await.unwrap();
    for email in emails {
        tx.insert_login_email(email).await.unwrap();
    }
    tx.commit().await.unwrap();
}

pub(crate) async fn password<S: Store<Attrs = Suite>>(store: &S, password: &StoredPassword) {
    let mut tx = store.begin().await.unwrap();
    tx.insert_password(password).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) async fn sessions<S: Store<Attrs = Suite>>(store: &S, sessions: &[&Session<Suite>]) {
    let mut tx = store.begin().await.unwrap();
    for session in sessions {
        tx.insert_session(session).await.unwrap();
    }
    tx.commit().await.unwrap();
}

pub(crate) async fn flows<S: Store<Attrs = Suite>>(store: &S, flows: &[&Flow<Suite>]) {
    let mut tx = store.begin().await.unwrap();
    for flow in flows {
        tx.insert_flow(flow).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// A client with these secrets, and its organization.
pub(crate) async fn client<S: Store<Attrs = Suite>>(
    store: &S,
    client: &Client<Suite>,
    secrets: &[&ClientSecret],
) {
    let mut tx = store.begin().await.unwrap();
    if let ClientOwner::Organization(id) = client.owner
        && tx.organization(id).await.unwrap().is_none()
    {
        let organization = Organization { id, ..sample::organization(1) };
        tx.insert_organization(&organization).await.unwrap();
    }
    assert!(tx.insert_client(client, u32::MAX).await.unwrap());
    for secret in secrets {
        assert!(tx.insert_secret(secret, at(0)).await.unwrap());
    }
    tx.commit().await.unwrap();
}

pub(crate) async fn mails<S: Store<Attrs = Suite>>(store: &S, mails: &[&OutboxMail]) {
    let mut tx = store.begin().await.unwrap();
    for mail in mails {
        tx.insert_mail(mail).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// A reply, kept at the suite's own epoch.
pub(crate) async fn reply<S: Store<Attrs = Suite>>(store: &S, reply: &StoredReply) {
    let mut tx = store.begin().await.unwrap();
    tx.insert_reply(reply, at(0)).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) async fn audit<S: Store<Attrs = Suite>>(store: &S, entries: &[&AuditEntry]) {
    let mut tx = store.begin().await.unwrap();
    for entry in entries {
        tx.insert_audit(&sample::row(entry)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

pub(crate) async fn seals<S: Store<Attrs = Suite>>(store: &S, seals: &[&AuditSeal]) {
    let mut tx = store.begin().await.unwrap();
    for seal in seals {
        tx.insert_audit_seal(seal).await.unwrap();
    }
    tx.commit().await.unwrap();
}

pub(crate) async fn heads<S: Store<Attrs = Suite>>(store: &S, heads: &[&AuditHead]) {
    let mut tx = store.begin().await.unwrap();
    for head in heads {
        assert!(tx.advance_audit_head(head, 0).await.unwrap());
    }
    tx.commit().await.unwrap();
}

pub(crate) async fn organizations<S: Store<Attrs = Suite>>(
    store: &S,
    organizations: &[&Organization<Suite>],
) {
    let mut tx = store.begin().await.unwrap();
    for organization in organizations {
        tx.insert_organization(organization).await.unwrap();
    }
    tx.commit().await.unwrap();
}

pub(crate) async fn memberships<S: Store<Attrs = Suite>>(
    store: &S,
    memberships: &[&Membership<Suite>],
) {
    let mut tx = store.begin().await.unwrap();
    for membership in memberships {
        tx.insert_membership(membership).await.unwrap();
    }
    tx.commit().await.unwrap();
}

pub(crate) async fn invitations<S: Store<Attrs = Suite>>(
    store: &S,
    invitations: &[&Invitation<Suite>],
) {
    let mut tx = store.begin().await.unwrap();
    for invitation in invitations {
        tx.insert_invitation(invitation).await.unwrap();
    }
    tx.commit().await.unwrap();
}

pub(crate) async fn totps<S: Store<Attrs = Suite>>(store: &S, totps: &[&Totp]) {
    let mut tx = store.begin().await.unwrap();
    for totp in totps {
        tx.insert_totp(totp).await.unwrap();
    }
    tx.commit().await.unwrap();
}
