//! What organizations ask of the authentication of their members, and the rule about steps of personal keys.

use std::sync::Arc;
use std::time::Duration;

use durward_core::access::AccessRequest;
use durward_core::accounts::{ClientCredential, NewInvitation, OrganizationChange};
use durward_core::behavior::{StepContext, StepRule, TwoFactors};
use durward_core::entity::{ClientKind, ClientOwner, Organization, OwnMembership};
use durward_core::store::{Audit, AuditQuery};
use durward_core::text::Reason;
use durward_core::{
    Action, AuthenticationStrength, Caller, Error, Method, Plain, SecretKey, SessionToken,
    StandardOrganizationRole as Role, Step, Target, UserId, unit,
};
use durward_store_memory::MemoryStore;
use durward_testing::{SeededEntropy, TestAccounts, given};

use AuthenticationStrength::{Any, NoMailAlone, SecondFactor};

use crate::clients::{create, new_client};
use crate::support::{enrol_behind, fresh, is_refused, make_administrator};
use crate::team::{Team, founded_asking, obstruction};

const MAIL: &[Method] = &[Method::Email];
const PASSWORD: &[Method] = &[Method::Password];
const BOTH: &[Method] = &[Method::Password, Method::Totp];

/// What a session says of itself, at this moment.
async fn caller(it: &TestAccounts, token: &SessionToken) -> Caller {
    let user = it.accounts().authenticate(token, None).await.unwrap();
    Caller { user: Some(user), ..Caller::anonymous(None) }
}

/// A new session of a user who has proven this, and its token.
async fn session(it: &TestAccounts, user: UserId, methods: &[Method]) -> (Caller, SessionToken) {
    let user = it.accounts().user(user).await.unwrap().user;
    let opened = unit!(it.accounts(), |tx| {
        it.accounts().open_session(tx, &user, methods.to_vec(), &it.origin()).await
    });
    let token = opened.unwrap().token;
    (caller(it, &token).await, token)
}

async fn by(it: &TestAccounts, user: UserId, methods: &[Method]) -> Caller {
    session(it, user, methods).await.0
}

/// What the policy says of a request about the organization, as it is now.
async fn may(team: &Team, caller: &Caller, action: Action) -> Result<(), Error> {
    let standing = team.it.accounts().standing(caller, team.id, None).await?;
    caller.may(action, &Target::Organization(standing))
}

async fn reads(team: &Team, caller: &Caller) -> Result<(), Error> {
    may(team, caller, Action::ReadOrganization).await
}

async fn ask(
    team: &Team,
    authentication: AuthenticationStrength,
    by: &Caller,
) -> Result<Organization, Error> {
    let change = OrganizationChange::<Plain> {
        name: None,
        authentication: Some(authentication),
        attrs: None,
        version: None,
    };
    unit!(team.it.accounts(), |tx| {
        let origin = team.it.origin();
        team.it.accounts().update_organization(tx, team.id, change.clone(), by, &origin).await
    })
}

fn insufficient<T>(outcome: &Result<T, Error>, asked: AuthenticationStrength) -> bool {
    matches!(outcome, Err(Error::InsufficientAuthentication { required }) if *required == asked)
}

/// A team whose owner asks this of its members.
async fn asking(authentication: AuthenticationStrength) -> Team {
    let team = Team::new().await;
    let owner = by(&team.it, team.owner.user, BOTH).await;
    ask(&team, authentication, &owner).await.unwrap();
    team
}

#[tokio::test]
async fn what_an_organization_asks_holds_at_the_next_request_of_every_session() {
    // R-MF-01, R-MF-05, R-AZ-03, security decision 6
    let team = Team::new().await;
    let owner = by(&team.it, team.owner.user, BOTH).await;
    let (ada, _) = team.member("ada@example.com", Role::Viewer).await;
    let mut sessions = Vec::new();
    for methods in [MAIL, PASSWORD, BOTH] {
        sessions.push(session(&team.it, ada.user, methods).await.1);
    }
    let eve = team.it.sign_up("eve@example.com").await;
    for (asked, strong) in
        [(Any, 3), (NoMailAlone, 2), (SecondFactor, 1), (NoMailAlone, 2), (Any, 3)]
    {
        ask(&team, asked, &owner).await.unwrap();
        for (n, token) in sessions.iter().enumerate() {
            let read = reads(&team, &caller(&team.it, token).await).await;
            let expected = n + strong >= sessions.len();
            assert_eq!(read.is_ok(), expected, "{asked:?} {n}");
            assert!(expected || insufficient(&read, asked), "{read:?}");
        }
        for methods in [MAIL, BOTH] {
            let foreign = reads(&team, &by(&team.it, eve.user, methods).await).await;
            assert!(matches!(foreign, Err(Error::NotFound("organization"))), "{foreign:?}");
        }
    }
}

#[tokio::test]
async fn who_manages_no_members_does_not_change_what_is_asked_of_them() {
    // R-AZ-05, R-MF-01
    let team = asking(NoMailAlone).await;
    let (editor, _) = team.member("ada@example.com", Role::Editor).await;
    let (admin, _) = team.member("bob@example.com", Role::Admin).await;
    let editor = by(&team.it, editor.user, BOTH).await;
    may(&team, &editor, Action::UpdateOrganization).await.unwrap();
    for asked in [Any, SecondFactor] {
        let refused = ask(&team, asked, &editor).await;
        assert!(matches!(refused, Err(Error::Forbidden)), "{asked:?}: {refused:?}");
    }
    ask(&team, NoMailAlone, &editor).await.unwrap();
    let admin = by(&team.it, admin.user, BOTH).await;
    assert_eq!(ask(&team, SecondFactor, &admin).await.unwrap().authentication, SecondFactor);
}

#[tokio::test]
async fn nobody_asks_of_members_what_the_own_session_has_not_proven() {
    // R-MF-01: or they would shut themselves out
    let team = Team::new().await;
    let owner = team.owner.user;
    let (mail, password) = (by(&team.it, owner, MAIL).await, by(&team.it, owner, PASSWORD).await);
    assert_eq!(obstruction(ask(&team, NoMailAlone, &mail).await), "AUTHENTICATION_UNPROVEN");
    assert_eq!(obstruction(ask(&team, SecondFactor, &password).await), "AUTHENTICATION_UNPROVEN");
    let made = founded_asking(&team.it, SecondFactor, &password).await;
    assert_eq!(obstruction(made), "AUTHENTICATION_UNPROVEN");
    let asked = ask(&team, NoMailAlone, &password).await.unwrap();
    assert_eq!((asked.authentication, asked.version), (NoMailAlone, 2));
    assert!(insufficient(&ask(&team, Any, &mail).await, NoMailAlone), "nor takes it back");
    let strong = by(&team.it, owner, BOTH).await;
    let made = founded_asking(&team.it, SecondFactor, &strong).await.unwrap();
    assert_eq!(made.organization.authentication, SecondFactor);
}

#[tokio::test]
async fn what_is_asked_of_members_is_changed_by_a_login_of_a_moment_ago() {
    // R-MF-04, R-SE-05
    let team = Team::new().await;
    let (owner, token) = session(&team.it, team.owner.user, BOTH).await;
    team.it.clock().advance(Duration::from_mins(5));
    let stale = ask(&team, SecondFactor, &owner).await;
    assert!(matches!(stale, Err(Error::StepUp { .. })), "{stale:?}");
    assert_eq!(ask(&team, Any, &owner).await.unwrap().version, 1, "it is no change");
    let rename = OrganizationChange::<Plain> {
        name: Some(given::name("Coffee")),
        authentication: Some(Any),
        attrs: None,
        version: None,
    };
    let renamed = unit!(team.it.accounts(), |tx| {
        let origin = team.it.origin();
        team.it.accounts().update_organization(tx, team.id, rename.clone(), &owner, &origin).await
    });
    assert_eq!(renamed.unwrap().name.as_str(), "Coffee");
    team.it.accounts().logout(&token, &team.it.origin()).await.unwrap();

    let (owner, token) = session(&team.it, team.owner.user, BOTH).await;
    team.it.accounts().logout(&token, &team.it.origin()).await.unwrap();
    assert!(is_refused(ask(&team, SecondFactor, &owner).await), "it is over");
    assert_eq!(team.it.accounts().organization(team.id).await.unwrap().authentication, Any);

    let owner = by(&team.it, team.owner.user, BOTH).await;
    ask(&team, SecondFactor, &owner).await.unwrap();
    let query = AuditQuery {
        organization: Some(team.id),
        event: Some("organization.updated".to_owned()),
        limit: 1,
        ..AuditQuery::default()
    };
    let rows = team.it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap();
    let details: serde_json::Value = serde_json::from_str(&rows[0].details).unwrap();
    assert_eq!(details["changed"]["authentication"], true);
    assert_eq!(details["authentication"]["before"], "any");
    assert_eq!(details["authentication"]["after"], "secondFactor");
}

#[tokio::test]
async fn whoever_is_authenticated_too_weakly_does_nothing_but_leave() {
    // R-MF-01: also where a flow is called without the policy, or something changes in between
    let team = Team::new().await;
    let (admin, own) = team.member("admin@example.com", Role::Admin).await;
    let (_, viewer) = team.member("viewer@example.com", Role::Viewer).await;
    let invitation = team.invite("new@example.com", Role::Viewer).await.unwrap();
    ask(&team, SecondFactor, &by(&team.it, team.owner.user, BOTH).await).await.unwrap();
    let (accounts, origin) = (team.it.accounts(), team.it.origin());
    let weak = by(&team.it, admin.user, PASSWORD).await;
    let new = || NewInvitation { email: given::email("more@example.com"), role: Role::Viewer };
    let invited = unit!(accounts, |tx| accounts.invite(tx, team.id, new(), &weak, &origin).await);
    assert!(insufficient(&invited, SecondFactor), "{invited:?}");
    let revoked = unit!(accounts, |tx| {
        accounts.revoke_invitation(tx, invitation.id, &weak, &origin).await
    });
    assert!(insufficient(&revoked, SecondFactor), "{revoked:?}");
    let changed = unit!(accounts, |tx| {
        accounts.update_member(tx, viewer.id, Role::Editor, None, &weak, &origin).await
    });
    assert!(insufficient(&changed, SecondFactor), "{changed:?}");
    let removed =
        unit!(accounts, |tx| accounts.remove_member(tx, viewer.id, None, &weak, &origin).await);
    assert!(insufficient(&removed, SecondFactor), "{removed:?}");
    let owner = accounts.fresh(&by(&team.it, team.owner.user, PASSWORD).await).unwrap();
    let given = unit!(accounts, |tx| {
        accounts.transfer_organization(tx, team.id, viewer.id, &owner, &origin).await
    });
    assert!(insufficient(&given, SecondFactor), "{given:?}");

    let strong = by(&team.it, admin.user, BOTH).await;
    let removed = unit!(accounts, |tx| {
        accounts.remove_member(tx, viewer.id, None, &strong, &origin).await
    });
    removed.unwrap();
    let left = unit!(accounts, |tx| accounts.remove_member(tx, own.id, None, &weak, &origin).await);
    left.unwrap();
    assert_eq!(team.role(admin.user).await, None);
}

#[tokio::test]
async fn whoever_is_invited_joins_by_mail_and_sees_it_and_gets_no_right_by_it() {
    // R-MF-02, R-AZ-09
    let team = asking(NoMailAlone).await;
    let owner = by(&team.it, team.owner.user, BOTH).await;
    let new = || NewInvitation { email: given::email("ada@example.com"), role: Role::Admin };
    unit!(team.it.accounts(), |tx| {
        team.it.accounts().invite(tx, team.id, new(), &owner, &team.it.origin()).await
    })
    .unwrap();
    let code = team.mailed("ada@example.com").await;
    let ada = team.it.sign_up("ada@example.com").await;
    team.accept(&code, &ada).await.unwrap();
    let mailed = caller(&team.it, &ada.token).await;
    assert!(insufficient(&reads(&team, &mailed).await, NoMailAlone));
    let slice = durward_core::Slice { after: None, limit: 10 };
    let own = team.it.accounts().organizations_of(ada.user, slice).await.unwrap();
    let OwnMembership { organization, membership } = &own.rows[0];
    assert_eq!((organization.authentication, membership.role), (NoMailAlone, Role::Admin));
    let logged_in = team.it.log_in("ada@example.com").await;
    assert!(reads(&team, &caller(&team.it, &logged_in.token).await).await.is_ok());
}

#[tokio::test]
async fn an_administrator_acts_by_office_and_not_in_the_place_of_a_member() {
    // R-MF-01
    let team = asking(SecondFactor).await;
    let root = team.it.sign_up("root@example.com").await;
    make_administrator(&team.it, root.user).await;
    let root = by(&team.it, root.user, PASSWORD).await;
    assert!(reads(&team, &root).await.is_ok());
    assert!(may(&team, &root, Action::ArchiveOrganization).await.is_ok());

    let accounts = team.it.accounts();
    let (by, reason) = (accounts.fresh(&root).unwrap(), Reason::parse("A call for help").unwrap());
    let begun = unit!(accounts, |tx| {
        accounts.impersonate(tx, team.owner.user, &reason, &by, &team.it.origin()).await
    });
    let acting = caller(&team.it, &begun.unwrap().token).await;
    assert!(insufficient(&reads(&team, &acting).await, SecondFactor));
}

/// The caller that a personal key is, at this moment.
async fn presented(it: &TestAccounts, key: &SecretKey) -> Caller {
    let request = AccessRequest { ip: None, origin: None, target: None };
    let credential = ClientCredential::Key(key.clone());
    let live = it.accounts().authenticate_client(&credential, &request, &it.origin()).await;
    let client = it.accounts().client_caller(&live.unwrap());
    Caller { client: Some(client), ..Caller::anonymous(None) }
}

async fn personal_key(it: &TestAccounts, user: UserId) -> SecretKey {
    let session = by(it, user, BOTH).await;
    let by = it.accounts().fresh(&session).unwrap();
    let new = new_client(ClientOwner::User(user), ClientKind::Confidential);
    create(it, new, &by).await.unwrap().secret.unwrap().key
}

#[tokio::test]
async fn a_personal_key_acts_where_its_user_could_at_that_moment() {
    // R-MF-02, R-CL-04
    let team = Team::new().await;
    let owner = by(&team.it, team.owner.user, BOTH).await;
    let request =
        durward_core::accounts::SignUp { password: None, ..team.it.request("ada@example.com") };
    let ada = team.it.sign_up_as(request).await;
    team.invite("ada@example.com", Role::Editor).await.unwrap();
    let code = team.mailed("ada@example.com").await;
    team.accept(&code, &ada).await.unwrap();
    let key = personal_key(&team.it, ada.user).await;
    let reads_by_key = async || reads(&team, &presented(&team.it, &key).await).await;
    assert!(reads_by_key().await.is_ok());
    ask(&team, NoMailAlone, &owner).await.unwrap();
    assert!(insufficient(&reads_by_key().await, NoMailAlone), "there is a mailbox and no more");
    let change = durward_core::accounts::PasswordChange {
        current: None,
        password: given::password(given::PASSWORD),
    };
    let session = by(&team.it, ada.user, MAIL).await;
    team.it.accounts().change_password(&session, &change, &team.it.origin()).await.unwrap();
    assert!(reads_by_key().await.is_ok());
    ask(&team, SecondFactor, &owner).await.unwrap();
    assert!(insufficient(&reads_by_key().await, SecondFactor));
    enrol_behind(&team.it, ada.user).await;
    assert!(reads_by_key().await.is_ok());
    let key_itself = presented(&team.it, &key).await;
    assert!(matches!(ask(&team, Any, &key_itself).await, Err(Error::Forbidden)));
    let made = founded_asking(&team.it, SecondFactor, &key_itself).await;
    assert!(matches!(made, Err(Error::Forbidden)), "{made:?}");
    let origin = team.it.origin();
    unit!(team.it.accounts(), |tx| {
        team.it.accounts().discard_totp(tx, ada.user, &origin).await
    })
    .unwrap();
    assert!(insufficient(&reads_by_key().await, SecondFactor), "at the moment of use");
}

/// The same store under a stricter rule.
fn under(store: &MemoryStore, rule: impl StepRule + 'static) -> TestAccounts {
    TestAccounts::on_with(store.clone(), |parts| {
        parts.behavior.steps = Arc::new(rule);
        parts.entropy = Arc::new(SeededEntropy::new(5));
    })
}

#[tokio::test]
async fn a_rule_about_steps_holds_for_personal_keys() {
    // R-MF-01, R-MF-02
    let store = MemoryStore::default();
    let before = TestAccounts::on(store.clone());
    let ada = before.sign_up("ada@example.com").await.user;
    let root = before.sign_up("root@example.com").await.user;
    make_administrator(&before, root).await;
    let (adas, roots) = (personal_key(&before, ada).await, personal_key(&before, root).await);
    let strict = under(&store, TwoFactors::Everyone);
    let lenient = under(&store, TwoFactors::Administrators);
    assert_eq!(presented(&before, &adas).await.acting_user().unwrap(), ada);
    for (it, key, acts) in [
        (&strict, &adas, false),
        (&strict, &roots, false),
        (&lenient, &adas, true),
        (&lenient, &roots, false),
    ] {
        let caller = presented(it, key).await;
        let outcome = caller.acting_user();
        assert_eq!(outcome.is_ok(), acts, "{outcome:?}");
        assert!(acts || matches!(outcome, Err(Error::SecondFactorRequired)), "{outcome:?}");
        assert_eq!(caller.is_authenticated(), acts);
        let own = caller.may(Action::UpdateUser, &Target::User(ada));
        assert_eq!(own.is_ok(), acts, "{own:?}");
    }
    for user in [ada, root] {
        enrol_behind(&before, user).await;
    }
    assert_eq!(presented(&strict, &adas).await.acting_user().unwrap(), ada);
    assert_eq!(presented(&lenient, &roots).await.acting_user().unwrap(), root);
}

/// Asks for a second factor behind a mailed code.
struct BehindMail;

impl StepRule for BehindMail {
    fn next(&self, context: &StepContext<'_>) -> Option<Step> {
        (context.done == MAIL).then_some(Step::Totp)
    }
}

#[tokio::test]
async fn a_personal_key_acts_if_a_login_of_its_user_opens_a_session() {
    // R-MF-02
    let store = MemoryStore::default();
    let before = TestAccounts::on(store.clone());
    let ada = before.sign_up("ada@example.com").await;
    let nobody =
        durward_core::accounts::SignUp { password: None, ..before.request("eve@x.example") };
    let eve = before.sign_up_as(nobody).await;
    let (adas, eves) =
        (personal_key(&before, ada.user).await, personal_key(&before, eve.user).await);
    let strict = under(&store, BehindMail);
    assert!(presented(&strict, &adas).await.acting_user().is_ok(), "by the password");
    assert!(presented(&strict, &eves).await.acting_user().is_err(), "there is no other way in");
    let by = fresh(&before, &ada).await;
    assert_eq!(by.strength(), Any);
}
