//! How long sessions through a client last.

use std::time::Duration;

use durward_core::accounts::{ClientChange, IssuedSession, NewClient, PasswordAttempt};
use durward_core::entity::{ClientKind, ClientOwner, ClientSessions};
use durward_core::{ClientId, Origin};
use durward_testing::given::PASSWORD;
use durward_testing::{TestAccounts, given, session};

use crate::clients::{create, new_client, nothing, update};
use crate::support::{fresh, organization};

const MINUTE: Duration = Duration::from_mins(1);

async fn log_in(it: &TestAccounts, client: ClientId) -> IssuedSession {
    let attempt = PasswordAttempt {
        email: given::email("ada@example.com"),
        password: given::password(PASSWORD),
        state: it.state(),
    };
    session(it.accounts().login_with_password(attempt, &through(it, client)).await.unwrap())
}

fn through(it: &TestAccounts, client: ClientId) -> Origin {
    Origin { client: Some(client), ..it.origin() }
}

#[tokio::test]
async fn a_client_may_shorten_its_sessions() {
    // R-SE-04
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let owner = ClientOwner::Organization(organization(&it).await);
    let sessions = ClientSessions { idle: Some(10 * MINUTE), absolute: Some(30 * MINUTE) };
    let kiosk = NewClient { sessions, ..new_client(owner, ClientKind::Public) };
    let kiosk = create(&it, kiosk, &by).await.unwrap().client;
    let other = create(&it, new_client(owner, ClientKind::Public), &by).await.unwrap().client;

    let now = it.accounts().now();
    let short = log_in(&it, kiosk.id).await;
    assert_eq!((short.expires, short.refresh_expires), (now + 10 * MINUTE, now + 10 * MINUTE));
    let stored = it.accounts().session(short.session).await.unwrap();
    assert_eq!(stored.expires, now + 30 * MINUTE);
    let standard = it.accounts().parts().settings.sessions;
    let long = log_in(&it, other.id).await;
    assert_eq!(long.refresh_expires, now + standard.idle);

    it.clock().advance(9 * MINUTE);
    let now = it.accounts().now();
    let origin = through(&it, kiosk.id);
    let next = it.accounts().refresh(&short.refresh, &origin).await.unwrap();
    assert_eq!(next.refresh_expires, now + 10 * MINUTE, "refreshing goes on");
    it.clock().advance(11 * MINUTE);
    assert!(it.accounts().refresh(&next.refresh, &origin).await.is_err(), "it lay idle");
}

#[tokio::test]
async fn what_a_client_asks_for_counts_from_the_next_refresh_on() {
    // R-SE-04
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let owner = ClientOwner::Organization(organization(&it).await);
    let client = create(&it, new_client(owner, ClientKind::Public), &by).await.unwrap().client;
    let issued = log_in(&it, client.id).await;
    let change = ClientChange {
        session_idle: Some(Some(5 * MINUTE)),
        session_absolute: Some(Some(20 * MINUTE)),
        ..nothing()
    };
    let changed = update(&it, &client, change).await.unwrap();
    assert_eq!(changed.sessions.absolute, Some(20 * MINUTE));

    let now = it.accounts().now();
    let next = it.accounts().refresh(&issued.refresh, &through(&it, client.id)).await.unwrap();
    assert_eq!(next.refresh_expires, now + 5 * MINUTE);
    let opened = log_in(&it, client.id).await;
    let stored = it.accounts().session(opened.session).await.unwrap();
    assert_eq!(stored.expires, now + 20 * MINUTE);

    let change = ClientChange { session_idle: Some(None), ..nothing() };
    let sessions = update(&it, &changed, change).await.unwrap().sessions;
    assert_eq!(sessions, ClientSessions { idle: None, absolute: Some(20 * MINUTE) });
}
