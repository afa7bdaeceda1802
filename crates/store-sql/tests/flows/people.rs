//! People and what they have.

use durward_core::accounts::{IssuedSession, NewClient, NewlyMade};
use durward_core::entity::{ClientKind, ClientOwner, ClientSessions};
use durward_core::{
    Accounts, Caller, FreshUser, Method, NoAttributes, Origin, Plain, SessionId, Store, UserCaller,
    UserId, unit,
};
use durward_testing::{TestAccounts, given};

/// Somebody who logged in a moment ago.
pub(crate) async fn fresh_user<S: Store<Attrs = Plain>>(
    it: &TestAccounts<S>,
    name: &str,
) -> FreshUser {
    let session = it.sign_up(&format!("{name}@example.com")).await;
    proof(it, &session).await
}

/// The same person, who has just logged in again.
pub(crate) async fn logged_in<S: Store<Attrs = Plain>>(
    it: &TestAccounts<S>,
    name: &str,
) -> FreshUser {
    let session = it.log_in(&format!("{name}@example.com")).await;
    proof(it, &session).await
}

async fn proof<S: Store<Attrs = Plain>>(
    it: &TestAccounts<S>,
    session: &IssuedSession,
) -> FreshUser {
    let user = it.accounts().authenticate(&session.token, None).await.unwrap();
    it.accounts().fresh(&Caller { user: Some(user), ..Caller::anonymous(None) }).unwrap()
}

/// The caller that a user is who has just logged in by a password.
pub(crate) fn caller<S: Store<Attrs = Plain>>(accounts: &Accounts<S>, id: UserId) -> Caller {
    let user = UserCaller {
        id,
        session_id: SessionId::from_bytes([0; 16]),
        roles: vec![],
        scopes: None,
        methods: vec![Method::Password],
        authenticated_at: accounts.now(),
        actor: None,
    };
    Caller { user: Some(user), ..Caller::anonymous(None) }
}

/// A personal key.
pub(crate) async fn personal_key<S: Store<Attrs = Plain>>(
    accounts: &Accounts<S>,
    of: &FreshUser,
) -> NewlyMade<Plain> {
    let new = NewClient {
        owner: ClientOwner::User(of.id()),
        name: given::name("Loom"),
        kind: ClientKind::Confidential,
        require_user: false,
        rate_limit: None,
        sessions: ClientSessions::default(),
        redirect_uris: Vec::new(),
        expires: None,
        attrs: NoAttributes {},
    };
    let made = unit!(accounts, |tx| {
        accounts.create_client(tx, new.clone(), of, &Origin::default()).await
    });
    made.unwrap()
}
