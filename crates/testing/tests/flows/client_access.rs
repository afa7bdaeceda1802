use std::sync::Arc;
use std::time::Duration;

use durward_core::access::{AccessKind, AccessRequest, AccessRule, RequestTarget};
use durward_core::accounts::{Chore, ClientChange, ClientCredential, CodeAttempt};
use durward_core::entity::{AccessRestriction, Client, ClientKind, ClientOwner, LiveClient};
use durward_core::store::{Audit, AuditQuery, Clients};
use durward_core::{ClientId, Error, Origin, RestrictionId, SecretKey, UserStatus, unit};
use durward_store_memory::MemoryStore;
use durward_testing::{TestAccounts, given, typed};

use crate::clients::{create, new_client, nothing, revoke, rotate, update};
use crate::support::{
    audited, audited_in, begin_login, fresh, is_refused, organization, set_status,
};

/// Presents a credential from this address.
async fn from(
    it: &TestAccounts,
    credential: &ClientCredential,
    ip: &str,
) -> Result<LiveClient, Error> {
    let target = RequestTarget::new(None, "/v1/caller");
    let request = AccessRequest { ip: ip.parse().ok(), origin: None, target: target.as_ref() };
    it.accounts().authenticate_client(credential, &request, &it.origin()).await
}

async fn present(it: &TestAccounts, credential: &ClientCredential) -> Result<LiveClient, Error> {
    from(it, credential, "192.0.2.1").await
}

fn key(key: &SecretKey) -> ClientCredential {
    ClientCredential::Key(key.clone())
}

/// The reasons in the audit log for which clients were refused, sorted.
async fn reasons(it: &TestAccounts) -> Vec<String> {
    let query = AuditQuery {
        event: Some("client.refused".to_owned()),
        limit: 1_000,
        ..AuditQuery::default()
    };
    let rows = it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap();
    let mut reasons: Vec<String> = rows
        .into_iter()
        .map(|row| {
            let details: serde_json::Value = serde_json::from_str(&row.details).unwrap();
            details["reason"].as_str().unwrap().to_owned()
        })
        .collect();
    reasons.sort();
    reasons
}

async fn restrict(it: &TestAccounts, client: &Client, rules: &[AccessRule]) -> Client {
    let restricted = unit!(it.accounts(), |tx| {
        it.accounts().restrict_client(tx, client.id, rules, &it.origin()).await
    });
    restricted.unwrap()
}

#[tokio::test]
async fn a_client_is_known_by_its_key_until_that_is_revoked() {
    // R-CL-01, GW-11
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let organization = organization(&it).await;
    let owner = ClientOwner::Organization(organization);
    let made = create(&it, new_client(owner, ClientKind::Confidential), &by).await.unwrap();
    let (client, first) = (made.client, made.secret.unwrap());
    let live = present(&it, &key(&first.key)).await.unwrap();
    assert_eq!((live.id, live.secret.unwrap().id), (client.id, first.id));
    // A rotation without a refused request.
    let second = rotate(&it, &client, Some(60), &by).await.unwrap();
    assert!(present(&it, &key(&first.key)).await.is_ok());
    assert!(present(&it, &key(&second.key)).await.is_ok());
    it.clock().advance(Duration::from_mins(1));
    assert!(is_refused(present(&it, &key(&first.key)).await));
    assert!(present(&it, &key(&second.key)).await.is_ok());
    revoke(&it, &client, second.id).await.unwrap();
    assert!(is_refused(present(&it, &key(&second.key)).await));
    assert_eq!(reasons(&it).await, ["secret-over", "secret-over"]);
    let events = audited_in(&it, organization).await;
    assert_eq!(events.iter().filter(|it| *it == "client.refused").count(), 2);
}

#[tokio::test]
async fn every_refusal_looks_alike_and_its_reason_is_in_the_audit_log() {
    // R-CL-02, R-EN-01, GW-03, GW-11
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let owner = ClientOwner::Organization(organization(&it).await);
    let made = create(&it, new_client(owner, ClientKind::Confidential), &by).await.unwrap();
    let public = create(&it, new_client(owner, ClientKind::Public), &by).await.unwrap().client;
    let secret = made.secret.unwrap().key;
    let named = |id, key: &SecretKey| ClientCredential::NamedKey { id, key: key.clone() };
    assert!(present(&it, &named(made.client.id, &secret)).await.is_ok());
    let live = present(&it, &ClientCredential::Id(public.id)).await.unwrap();
    assert!(!live.is_authenticated());
    let unknown = SecretKey::mint(it.entropy());
    for credential in [
        key(&unknown),
        named(made.client.id, &unknown),
        named(public.id, &secret),
        ClientCredential::Id(ClientId::from_bytes([9; 16])),
        ClientCredential::Id(made.client.id),
    ] {
        assert!(is_refused(present(&it, &credential).await), "{credential:?}");
    }
    let disabled = ClientChange { enabled: Some(false), ..nothing() };
    update(&it, &made.client, disabled).await.unwrap();
    assert!(is_refused(present(&it, &key(&secret)).await));
    assert_eq!(
        reasons(&it).await,
        ["not-active", "other-client", "unknown", "unknown", "unknown", "wrong-kind"]
    );
}

#[tokio::test]
async fn restrictions_hold_from_their_commit_on() {
    // R-CL-03
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let owner = ClientOwner::Organization(organization(&it).await);
    let made = create(&it, new_client(owner, ClientKind::Confidential), &by).await.unwrap();
    let credential = key(&made.secret.unwrap().key);
    let rule = |kind, text| AccessRule::parse(kind, text).unwrap();
    let home = rule(AccessKind::Ip, "192.0.2.0/24");
    let client = restrict(&it, &made.client, std::slice::from_ref(&home)).await;
    assert!(present(&it, &credential).await.is_ok());
    assert!(from(&it, &credential, "::ffff:192.0.2.1").await.is_ok());
    assert!(is_refused(from(&it, &credential, "198.51.100.1").await));
    let again = restrict(&it, &client, &[home, rule(AccessKind::Api, "/v1/orders")]).await;
    assert_eq!(again.restrictions.len(), 2, "the same rule once");
    assert!(is_refused(present(&it, &credential).await));
    assert_eq!(reasons(&it).await, ["outside-api", "outside-ip"]);
    let ids: Vec<RestrictionId> = again.restrictions.iter().map(AccessRestriction::id).collect();
    let lift = async |ids: &[RestrictionId]| {
        unit!(it.accounts(), |tx| {
            it.accounts().unrestrict_client(tx, client.id, ids, &it.origin()).await
        })
    };
    let strange = [ids[0], RestrictionId::from_bytes([9; 16])];
    assert!(matches!(lift(&strange).await, Err(Error::NotFound("access restriction"))));
    assert!(is_refused(present(&it, &credential).await), "all of them or none");
    assert_eq!(lift(&ids).await.unwrap().restrictions, []);
    assert!(from(&it, &credential, "198.51.100.1").await.is_ok());
}

#[tokio::test]
async fn a_client_has_at_most_a_hundred_restrictions() {
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let owner = ClientOwner::Organization(organization(&it).await);
    let made = create(&it, new_client(owner, ClientKind::Confidential), &by).await.unwrap();
    let rules = |count: u32| -> Vec<AccessRule> {
        let rule = |n: u32| AccessRule::parse(AccessKind::Ip, &format!("192.0.2.{n}")).unwrap();
        (0..count).map(rule).collect()
    };
    let too_many = unit!(it.accounts(), |tx| {
        it.accounts().restrict_client(tx, made.client.id, &rules(101), &it.origin()).await
    });
    assert!(matches!(too_many, Err(Error::Invalid(found)) if found[0].params["max"] == 100));
    assert_eq!(it.accounts().client(made.client.id).await.unwrap().restrictions, []);
    assert_eq!(restrict(&it, &made.client, &rules(100)).await.restrictions.len(), 100);
}

#[tokio::test]
async fn a_personal_key_ends_with_its_owner_and_with_a_take_over() {
    // R-CL-04, R-SE-07
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    let by = fresh(&it, &session).await;
    let new = || new_client(ClientOwner::User(by.id()), ClientKind::Confidential);
    let made = create(&it, new(), &by).await.unwrap();
    let credential = key(&made.secret.unwrap().key);
    assert!(present(&it, &credential).await.is_ok());
    set_status(&it, by.id(), UserStatus::Banned).await;
    assert!(is_refused(present(&it, &credential).await), "at the moment of use");
    set_status(&it, by.id(), UserStatus::Active).await;
    assert!(present(&it, &credential).await.is_ok());
    unit!(it.accounts(), |tx| it.accounts().ban_user(tx, by.id(), &it.origin()).await).unwrap();
    unit!(it.accounts(), |tx| it.accounts().unban_user(tx, by.id(), &it.origin()).await).unwrap();
    assert!(is_refused(present(&it, &credential).await), "what died stays dead");

    let by = fresh(&it, &it.log_in("ada@example.com").await).await;
    let made = create(&it, new(), &by).await.unwrap();
    let credential = key(&made.secret.unwrap().key);
    assert!(present(&it, &credential).await.is_ok());
    let request = durward_core::accounts::ResetRequest {
        email: given::email("ada@example.com"),
        state: it.state(),
    };
    it.deliver().await;
    let answer = it.accounts().request_reset(&request, &it.origin()).await.unwrap();
    let code = it.mail_to("ada@example.com").await;
    let reset = durward_core::accounts::PasswordReset {
        attempt: Some(typed(&durward_testing::step(answer), code.code())),
        state: request.state,
        password: given::password("another walrus meadow lantern"),
    };
    it.accounts().confirm_reset(reset, &it.origin()).await.unwrap();
    assert!(is_refused(present(&it, &credential).await), "R-CL-04");
    let events = audited(&it, by.id()).await;
    assert_eq!(events.iter().filter(|it| *it == "personal-keys.revoked").count(), 2);
    let mut read = it.accounts().read().await.unwrap();
    assert!(read.client(made.client.id).await.unwrap().is_some(), "for review");
}

#[tokio::test]
async fn a_session_is_of_the_client_that_it_was_issued_through() {
    // GW-15, R-SE-09
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    let (client, other) = (ClientId::from_bytes([1; 16]), ClientId::from_bytes([2; 16]));
    let through = |client| Origin { client, ..it.origin() };
    let (step, state) = begin_login(&it, "ada@example.com").await;
    let code = typed(&step, it.mail_to("ada@example.com").await.code());
    // A flow that was begun without a client is not finished through one.
    let crossed = it.accounts().answer_code(&code, &state, &through(Some(client))).await;
    assert!(is_refused(crossed));
    let request = durward_core::accounts::CodeRequest {
        email: given::email("ada@example.com"),
        state: it.state(),
    };
    it.deliver().await;
    let answer = it.accounts().request_code(&request, &through(Some(client))).await.unwrap();
    let step = durward_testing::step(answer);
    let letter = it.mail_to("ada@example.com").await;
    let code: CodeAttempt = typed(&step, letter.code());
    let answer = it.accounts().answer_code(&code, &request.state, &through(Some(client))).await;
    let session = durward_testing::session(answer.unwrap());
    for used in [None, Some(other)] {
        assert!(is_refused(it.accounts().authenticate(&session.token, used).await));
        assert!(is_refused(it.accounts().refresh(&session.refresh, &through(used)).await));
    }
    assert!(it.accounts().authenticate(&session.token, Some(client)).await.is_ok());
    assert!(it.accounts().refresh(&session.refresh, &through(Some(client))).await.is_ok());
}

#[tokio::test]
async fn when_a_client_was_last_used_is_written_behind() {
    // R-CL-01
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let owner = ClientOwner::Organization(organization(&it).await);
    let made = create(&it, new_client(owner, ClientKind::Confidential), &by).await.unwrap();
    let secret = made.secret.unwrap();
    it.clock().advance(Duration::from_secs(5));
    let used = it.accounts().now();
    present(&it, &key(&secret.key)).await.unwrap();
    present(&it, &key(&secret.key)).await.unwrap();
    let last_used = async || {
        let client = it.accounts().client(made.client.id).await.unwrap();
        (client.last_used, it.accounts().secrets_of(client.id).await.unwrap()[0].last_used)
    };
    assert_eq!(last_used().await, (None, None), "not in the request");
    assert_eq!(it.accounts().attend_to(Chore::NoteUses, 100).await.unwrap(), 1);
    assert_eq!(last_used().await, (Some(used), Some(used)));
    assert_eq!(it.accounts().attend_to(Chore::NoteUses, 100).await.unwrap(), 0);
    let client = it.accounts().client(made.client.id).await.unwrap();
    assert_eq!(client.version, made.client.version);
}

#[tokio::test]
async fn what_one_node_revoked_no_other_one_accepts() {
    // R-CL-01, security decision 4: there is no cache of authority, on any node
    let store = MemoryStore::default();
    let it = TestAccounts::on(store.clone());
    let clock = it.clock().clone();
    let other = TestAccounts::on_with(store, |parts| parts.clock = Arc::new(clock));
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let owner = ClientOwner::Organization(organization(&it).await);
    let made = create(&it, new_client(owner, ClientKind::Confidential), &by).await.unwrap();
    let first = made.secret.unwrap();
    assert!(present(&other, &key(&first.key)).await.is_ok());
    let second = rotate(&it, &made.client, Some(60), &by).await.unwrap();
    for node in [&it, &other] {
        assert!(present(node, &key(&first.key)).await.is_ok(), "no failed request");
        assert!(present(node, &key(&second.key)).await.is_ok());
    }
    revoke(&it, &made.client, first.id).await.unwrap();
    assert!(is_refused(present(&other, &key(&first.key)).await));
    assert!(present(&other, &key(&second.key)).await.is_ok());
    update(&other, &made.client, ClientChange { enabled: Some(false), ..nothing() }).await.unwrap();
    assert!(is_refused(present(&it, &key(&second.key)).await));
}
