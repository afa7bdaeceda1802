use std::time::Duration;

use durward_core::accounts::{ClientChange, ClientRoleChange, IssuedSecret, NewClient, NewlyMade};
use durward_core::entity::{
    Client, ClientKind, ClientOwner, ClientSessions, RateLimit, RedirectUri,
};
use durward_core::store::{Clients, Organizations, OrganizationsMut, Tx};
use durward_core::{
    CodeToken, Error, FreshUser, NoAttributes, Notice, Plain, SecretId, Slice, StandardClientRole,
    UserId, unit,
};
use durward_testing::{TestAccounts, given};
use futures_util::future::join_all;

use crate::login_emails::{NEW, add, notice};
use crate::support::{audited, audited_in, fresh, organization};

/// Ids of one moment have no order.
const MOMENT: Duration = Duration::from_millis(1);

pub(crate) fn new_client(owner: ClientOwner, kind: ClientKind) -> NewClient<Plain> {
    NewClient {
        owner,
        name: given::name("Loom"),
        kind,
        require_user: false,
        rate_limit: None,
        sessions: ClientSessions::default(),
        redirect_uris: vec![],
        expires: None,
        attrs: NoAttributes {},
    }
}

pub(crate) const fn nothing() -> ClientChange<Plain> {
    ClientChange {
        name: None,
        enabled: None,
        require_user: None,
        rate_limit: None,
        session_idle: None,
        session_absolute: None,
        redirect_uris: None,
        expires: None,
        attrs: None,
        version: None,
    }
}

pub(crate) async fn create(
    it: &TestAccounts,
    new: NewClient<Plain>,
    by: &FreshUser,
) -> Result<NewlyMade<Plain>, Error> {
    unit!(it.accounts(), |tx| {
        it.accounts().create_client(tx, new.clone(), by, &it.origin()).await
    })
}

pub(crate) async fn update(
    it: &TestAccounts,
    client: &Client,
    change: ClientChange<Plain>,
) -> Result<Client, Error> {
    unit!(it.accounts(), |tx| {
        it.accounts().update_client(tx, client.id, change.clone(), &it.origin()).await
    })
}

pub(crate) async fn rotate(
    it: &TestAccounts,
    client: &Client,
    overlap: Option<u64>,
    by: &FreshUser,
) -> Result<IssuedSecret, Error> {
    let overlap = overlap.map(Duration::from_secs);
    unit!(it.accounts(), |tx| {
        it.accounts().add_secret(tx, client.id, overlap, by, &it.origin()).await
    })
}

pub(crate) async fn revoke(
    it: &TestAccounts,
    client: &Client,
    secret: SecretId,
) -> Result<(), Error> {
    unit!(it.accounts(), |tx| {
        it.accounts().revoke_secret(tx, client.id, secret, &it.origin()).await
    })
}

/// The code of the one obstruction.
fn obstruction<T>(outcome: Result<T, Error>) -> String {
    let Err(Error::Invalid(found)) = outcome else {
        return String::new();
    };
    assert_eq!(found.len(), 1);
    found[0].code.clone().into_owned()
}

#[tokio::test]
async fn a_confidential_client_gets_a_secret_and_a_public_one_does_not() {
    // R-CL-01, R-CL-02
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let organization = organization(&it).await;
    let owner = ClientOwner::Organization(organization);
    let made = create(&it, new_client(owner, ClientKind::Confidential), &by).await.unwrap();
    let secret = made.secret.unwrap();
    assert!(secret.key.expose().starts_with("dw_sk_"));
    let stored = it.accounts().secrets_of(made.client.id).await.unwrap();
    assert_eq!(stored.iter().map(|it| it.id).collect::<Vec<_>>(), [secret.id]);
    assert_eq!(made.client.roles, [StandardClientRole::External]);
    it.clock().advance(MOMENT);
    let public = create(&it, new_client(owner, ClientKind::Public), &by).await.unwrap();
    assert!(public.secret.is_none());
    assert_eq!(obstruction(rotate(&it, &public.client, None, &by).await), "PUBLIC_CLIENT");
    let own = new_client(ClientOwner::User(by.id()), ClientKind::Public);
    assert_eq!(obstruction(create(&it, own, &by).await), "PERSONAL_KEY_PUBLIC");
    let slice = Slice { after: None, limit: 10 };
    let page = it.accounts().clients_of(owner, slice).await.unwrap();
    assert_eq!(page.rows, [public.client, made.client]);
    assert_eq!(
        audited_in(&it, organization).await,
        ["client-secret.added", "client.created", "client.created"]
    );
}

#[tokio::test]
async fn an_owner_who_is_not_there_or_archived_gets_no_client() {
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let id = organization(&it).await;
    let nobody = ClientOwner::User(UserId::from_bytes([9; 16]));
    let refused = create(&it, new_client(nobody, ClientKind::Confidential), &by).await;
    assert!(matches!(refused, Err(Error::NotFound("user"))));
    let mut tx = it.accounts().begin().await.unwrap();
    let mut archived = tx.organization(id).await.unwrap().unwrap();
    archived.archived = Some(it.accounts().now());
    assert!(tx.update_organization(&archived, 1).await.unwrap());
    tx.commit().await.unwrap();
    let owner = ClientOwner::Organization(id);
    let refused = create(&it, new_client(owner, ClientKind::Confidential), &by).await;
    assert!(matches!(refused, Err(Error::Forbidden)));
    assert_eq!(audited_in(&it, id).await, [""; 0]);
}

#[tokio::test]
async fn nobody_gives_a_client_a_higher_rate_than_the_deployment_allows() {
    // GW-07
    let it = TestAccounts::with(|parts| parts.settings.limits.client_rate = 50);
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let rate = |per_second| RateLimit::per_second(per_second);
    let new = |rate_limit| {
        let new = new_client(ClientOwner::User(by.id()), ClientKind::Confidential);
        NewClient { rate_limit, ..new }
    };
    let refused = create(&it, new(rate(51)), &by).await;
    assert_eq!(obstruction(refused), "OUT_OF_RANGE");
    let client = create(&it, new(rate(50)), &by).await.unwrap().client;
    let change = |rate_limit| ClientChange { rate_limit: Some(rate_limit), ..nothing() };
    assert_eq!(obstruction(update(&it, &client, change(rate(51))).await), "OUT_OF_RANGE");
    assert_eq!(update(&it, &client, change(rate(7))).await.unwrap().rate_limit, rate(7));
}

#[tokio::test]
async fn a_browser_is_sent_back_to_what_is_registered_to_the_letter() {
    // R-HT-10
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let owner = ClientOwner::Organization(organization(&it).await);
    let redirect_uris = vec![RedirectUri::parse("https://shop.example/back").unwrap()];
    let new = NewClient { redirect_uris, ..new_client(owner, ClientKind::Public) };
    let client = create(&it, new, &by).await.unwrap().client;
    assert!(client.may_redirect_to("https://shop.example/back"));
    for other in [
        "https://shop.example/back/",
        "https://shop.example/back?x=1",
        "https://shop.example/BACK",
        "https://shop.example/",
        "https://shop.example.evil.example/back",
        "",
    ] {
        assert!(!client.may_redirect_to(other), "{other}");
    }
}

#[tokio::test]
async fn a_change_names_the_version_that_it_was_decided_on() {
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let id = organization(&it).await;
    let new = new_client(ClientOwner::Organization(id), ClientKind::Confidential);
    let client = create(&it, new, &by).await.unwrap().client;
    let limit = RateLimit::per_second(7);
    let change = ClientChange { rate_limit: Some(limit), version: Some(1), ..nothing() };
    let changed = update(&it, &client, change.clone()).await.unwrap();
    assert_eq!((changed.rate_limit, changed.version), (limit, 2));
    assert!(matches!(update(&it, &client, change).await, Err(Error::Stale("client"))));
    let same = ClientChange { rate_limit: Some(limit), ..nothing() };
    assert_eq!(update(&it, &client, same).await.unwrap().version, 2, "nothing changed");
    let delete = async |version| {
        unit!(it.accounts(), |tx| {
            it.accounts().delete_client(tx, client.id, version, &it.origin()).await
        })
    };
    assert!(matches!(delete(Some(1)).await, Err(Error::Stale("client"))));
    assert!(delete(Some(2)).await.is_ok());
    assert!(matches!(delete(None).await, Err(Error::NotFound("client"))));
    let events = audited_in(&it, id).await;
    for event in ["client.updated", "client.deleted"] {
        assert_eq!(events.iter().filter(|it| *it == event).count(), 1, "{events:?}");
    }
}

#[tokio::test]
async fn an_owner_has_no_more_clients_than_the_deployment_allows() {
    // GW-55
    let it = TestAccounts::with(|parts| {
        let limits = &mut parts.settings.limits;
        (limits.organization_clients, limits.user_clients) = (3, 2);
    });
    let session = it.sign_up("ada@example.com").await;
    let by = fresh(&it, &session).await;
    let tea = ClientOwner::Organization(organization(&it).await);
    let coffee = ClientOwner::Organization(organization(&it).await);
    for (owner, most) in [(tea, 3), (ClientOwner::User(by.id()), 2)] {
        let attempts =
            (0..10).map(|_| create(&it, new_client(owner, ClientKind::Confidential), &by));
        let made: Vec<_> = join_all(attempts).await;
        assert_eq!(made.iter().filter(|made| made.is_ok()).count(), most, "{owner:?}");
        let first = made.iter().find_map(|made| made.as_ref().ok()).unwrap().client.clone();
        for refused in made.into_iter().filter(Result::is_err) {
            let Err(Error::Invalid(found)) = refused else { panic!("{owner:?}") };
            assert_eq!(found[0].code, "TOO_MANY_CLIENTS");
            assert_eq!(found[0].params["max"], most as u64);
        }
        let created = audited(&it, by.id()).await.into_iter().chain(match owner {
            ClientOwner::Organization(id) => audited_in(&it, id).await,
            ClientOwner::User(_) => vec![],
        });
        let created = created.filter(|event| event == "client.created").count();
        assert_eq!(created, most, "what was refused is no news");
        unit!(it.accounts(), |tx| {
            it.accounts().delete_client(tx, first.id, None, &it.origin()).await
        })
        .unwrap();
        assert!(create(&it, new_client(owner, ClientKind::Confidential), &by).await.is_ok());
    }
    assert!(
        create(&it, new_client(coffee, ClientKind::Public), &by).await.is_ok(),
        "another one's"
    );
}

#[tokio::test]
async fn two_secrets_live_at_once_and_no_more() {
    // R-CL-01
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let owner = ClientOwner::Organization(organization(&it).await);
    let made = create(&it, new_client(owner, ClientKind::Confidential), &by).await.unwrap();
    let (client, first) = (made.client, made.secret.unwrap().id);
    it.clock().advance(MOMENT);
    let second = rotate(&it, &client, Some(60), &by).await.unwrap().id;
    assert_eq!(obstruction(rotate(&it, &client, None, &by).await), "TOO_MANY_SECRETS");
    assert_eq!(obstruction(rotate(&it, &client, Some(1), &by).await), "TOO_MANY_SECRETS");
    let live = async || {
        let secrets = it.accounts().secrets_of(client.id).await.unwrap();
        secrets.iter().map(|it| it.id).collect::<Vec<_>>()
    };
    assert_eq!(live().await, [first, second]);
    it.clock().advance(Duration::from_millis(59_999));
    assert_eq!(live().await, [first, second]);
    it.clock().advance(Duration::from_millis(1));
    assert_eq!(live().await, [second]);
    let third = rotate(&it, &client, None, &by).await.unwrap().id;
    assert_eq!(live().await, [second, third]);
    // Zero makes room by itself.
    let fourth = rotate(&it, &client, Some(0), &by).await.unwrap().id;
    assert_eq!(live().await, [fourth]);
    assert!(revoke(&it, &client, fourth).await.is_ok());
    assert!(matches!(revoke(&it, &client, fourth).await, Err(Error::NotFound(_))));
    assert_eq!(live().await, []);
}

#[tokio::test]
async fn of_fifty_rotations_at_once_one_finds_room() {
    // R-CL-01, R-CC-01
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let owner = ClientOwner::Organization(organization(&it).await);
    let client = create(&it, new_client(owner, ClientKind::Confidential), &by).await.unwrap();
    let client = client.client;
    let rotated = join_all((0..50).map(|_| rotate(&it, &client, Some(60), &by))).await;
    assert_eq!(rotated.iter().filter(|it| it.is_ok()).count(), 1);
    assert_eq!(it.accounts().secrets_of(client.id).await.unwrap().len(), 2);
    // Each of these ends all others, whatever their order.
    let rotated = join_all((0..50).map(|_| rotate(&it, &client, Some(0), &by))).await;
    assert_eq!(rotated.iter().filter(|it| it.is_ok()).count(), 50);
    assert_eq!(it.accounts().secrets_of(client.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn roles_are_granted_to_clients_of_organizations_only() {
    // R-CL-04
    use StandardClientRole::{External, System};
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let organization = organization(&it).await;
    let owner = ClientOwner::Organization(organization);
    let client = create(&it, new_client(owner, ClientKind::Confidential), &by).await.unwrap();
    let own = new_client(ClientOwner::User(by.id()), ClientKind::Confidential);
    let key = create(&it, own, &by).await.unwrap();
    let change = ClientRoleChange::<Plain> { granted: vec![System], revoked: vec![External] };
    let apply = async |client: &Client| {
        unit!(it.accounts(), |tx| {
            it.accounts().change_client_roles(tx, client.id, &change, &by, &it.origin()).await
        })
    };
    assert_eq!(apply(&client.client).await.unwrap().roles, [System]);
    assert_eq!(apply(&client.client).await.unwrap().version, 2, "once is enough");
    assert!(matches!(apply(&key.client).await, Err(Error::Forbidden)));
    let events = audited_in(&it, organization).await;
    assert_eq!(events.iter().filter(|it| *it == "client-roles.changed").count(), 1);
    assert!(audited(&it, by.id()).await.contains(&"client.created".to_owned()));
    let mut read = it.accounts().read().await.unwrap();
    assert_eq!(read.client(key.client.id).await.unwrap().unwrap().roles, [External]);
}

#[tokio::test]
async fn the_owner_of_a_personal_key_is_told_of_each_of_its_secrets() {
    // R-NO-01, R-CL-04
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    add(&it, &ada, NEW).await;
    let by = fresh(&it, &ada).await;
    let made = create(&it, new_client(ClientOwner::User(by.id()), ClientKind::Confidential), &by);
    let client = made.await.unwrap().client;
    for to in ["ada@example.com", NEW] {
        notice(&it, to, Notice::PersonalKeyCreated).await;
    }
    it.inbox().clear();
    rotate(&it, &client, None, &by).await.unwrap();
    notice(&it, "ada@example.com", Notice::PersonalKeySecretAdded).await;
    let letter = notice(&it, NEW, Notice::PersonalKeySecretAdded).await;
    let code = CodeToken::parse(letter.link_code()).unwrap();
    it.accounts().report_notice(&code, &it.origin()).await.unwrap();
    assert_eq!(it.accounts().secrets_of(client.id).await.unwrap(), [], "which ends them all");
}

#[tokio::test]
async fn nobody_is_mailed_about_the_keys_of_an_organization() {
    let it = TestAccounts::new();
    let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
    let owner = ClientOwner::Organization(organization(&it).await);
    it.deliver().await;
    it.inbox().clear();
    let made = create(&it, new_client(owner, ClientKind::Confidential), &by).await.unwrap();
    rotate(&it, &made.client, None, &by).await.unwrap();
    it.deliver().await;
    assert!(it.inbox().is_empty());
}
