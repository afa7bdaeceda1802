//! Everybody who may ask, and everything that may be asked about.

use std::sync::Arc;
use std::time::Duration;

use durward_core::access::{AccessKind, AccessRule};
use durward_core::accounts::{NewClient, NewInvitation, NewOrganization, NewUser, NewlyMade};
use durward_core::behavior::{StepContext, StepRule};
use durward_core::budget::Rate;
use durward_core::entity::{
    ClientKind, ClientOwner, ClientSessions, Membership, Method, Organization, OwnMembership,
};
use durward_core::store::{MembershipsMut, OrganizationsMut, Tx};
use durward_core::text::Reason;
use durward_core::{
    Attrs, AuthenticationStrength, Caller, FreshUser, MembershipId, NoAttributes, OrganizationId,
    PasswordHash, Plain, SessionToken, StandardClientRole, StandardOrganizationRole as Role,
    StandardRole, Step, Store, UserId,
};
use durward_testing::{SeededEntropy, TestAccounts, TestApp, given};

use super::principal::Principal;

/// What is no id.
const MALFORMED: &str = "nothing";

/// Whose something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The service itself.
    Service,
    /// This user's.
    User(Principal),
    /// The organization with the members among the principals, the client too.
    Home,
    /// The same for an archived one that has the same members.
    Archive,
    /// The same for one that asks a second factor of its members.
    Strict,
    /// The stranger's organization.
    Abroad,
    /// Nobody's: there is no such thing.
    Nowhere,
}

/// Something that a path may name.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) place: Place,
    /// Whose membership it is.
    pub(crate) member: Option<Principal>,
    /// What stands in the path, in order.
    pub(crate) ids: Vec<String>,
    /// Whether the second id belongs to the first.
    pub(crate) matches: bool,
}

impl Object {
    /// Whether the path names nothing that could be there.
    pub(crate) fn is_malformed(&self) -> bool {
        self.ids.iter().any(|id| id == MALFORMED)
    }
}

/// Whoever came by mail must have a second factor.
struct TwoAfterMail;

impl StepRule for TwoAfterMail {
    fn next(&self, context: &StepContext<'_>) -> Option<Step> {
        (context.done == [Method::Email]).then_some(Step::Totp)
    }
}

pub(crate) struct World<S: Store> {
    pub(crate) app: TestApp<S>,
    number: u64,
    credentials: Vec<(Principal, String)>,
    objects: Vec<(&'static str, Object)>,
}

impl<S: Store<Attrs = Plain>> World<S> {
    /// A world that shares its store with those of other numbers, and nothing else.
    pub(crate) async fn new(store: &S, number: u64) -> Self {
        let plenty = Rate::per(1_000_000, Duration::from_secs(1_000));
        let accounts = TestAccounts::on_with(store.clone(), |parts| {
            parts.entropy = Arc::new(SeededEntropy::new(number));
            let limits = &mut parts.settings.limits;
            (limits.network_failures, limits.network_requests) = (plenty, plenty);
            parts.behavior.steps = Arc::new(TwoAfterMail);
        });
        let app = TestApp::of(accounts);
        let mut world = Self { app, number, credentials: Vec::new(), objects: Vec::new() };
        world.fill().await;
        world
    }

    /// The credential of a principal, if he has one.
    pub(crate) fn credential(&self, principal: Principal) -> Option<&str> {
        let found = self.credentials.iter().find(|(it, _)| *it == principal);
        found.map(|(_, credential)| credential.as_str())
    }

    /// Everything that a path with this aim may name.
    pub(crate) fn objects(&self, aim: &str) -> Vec<Object> {
        let all = self.objects.iter().filter(|(it, _)| *it == aim);
        let objects: Vec<Object> = all.map(|(_, object)| object.clone()).collect();
        assert!(!objects.is_empty(), "nothing to aim at: {aim}");
        objects
    }

    fn add(&mut self, aim: &'static str, place: Place, ids: &[&dyn ToString]) {
        let ids = ids.iter().map(|id| id.to_string()).collect();
        self.objects.push((aim, Object { place, member: None, ids, matches: true }));
    }

    async fn fill(&mut self) {
        let users = [
            (Principal::Stranger, StandardRole::User),
            (Principal::Subject, StandardRole::User),
            (Principal::Administrator, StandardRole::Administrator),
            (Principal::Viewer, StandardRole::User),
            (Principal::Editor, StandardRole::User),
            (Principal::Manager, StandardRole::User),
            (Principal::Owner, StandardRole::User),
        ];
        let mut ids = Vec::new();
        for (principal, role) in users {
            ids.push((principal, self.user(principal, role).await));
        }
        let id_of = |principal| ids.iter().find(|(it, _)| *it == principal).unwrap().1;
        self.add("Service", Place::Service, &[]);
        for principal in [Principal::Subject, Principal::Stranger] {
            self.add("User", Place::User(principal), &[&id_of(principal)]);
        }
        let (owner, stranger) = (id_of(Principal::Owner), id_of(Principal::Stranger));
        for (place, founder) in [
            (Place::Home, owner),
            (Place::Archive, owner),
            (Place::Strict, owner),
            (Place::Abroad, stranger),
        ] {
            self.organization(place, founder, &id_of).await;
        }
        let subject = ClientOwner::User(id_of(Principal::Subject));
        let key = self.client(subject, StandardClientRole::External).await;
        self.hold(Principal::Key, &key);
        self.name_client(Place::User(Principal::Subject), &key).await;
        let key = self.client(ClientOwner::User(owner), StandardClientRole::External).await;
        self.hold(Principal::OwnersKey, &key);
        self.act_as(id_of(Principal::Subject)).await;
        self.mismatched();
        self.nowhere();
    }

    /// A user with a session, and a second one that can be aimed at.
    async fn user(&mut self, principal: Principal, role: StandardRole) -> UserId {
        let accounts = self.app.accounts().clone();
        let origin = self.app.origin();
        let mut tx = accounts.begin().await.unwrap();
        let new = NewUser {
            name: given::name("Ada Lovelace"),
            email: given::email(&format!("{principal:?}{}@example.com", self.number)),
            proven: true,
            password: Some(PasswordHash::from_stored(String::from("a hash"))),
            roles: vec![role],
            attrs: NoAttributes {},
        };
        let created = accounts.create_user(&mut tx, new, &origin).await.unwrap();
        let (user, email) = (created.user, created.emails[0].id);
        let methods = vec![Method::Password];
        let opened = accounts.open_session(&mut tx, &user, methods.clone(), &origin).await.unwrap();
        let other = accounts.open_session(&mut tx, &user, methods, &origin).await.unwrap();
        let methods = vec![Method::Email];
        let enrolling = accounts.open_session(&mut tx, &user, methods, &origin).await.unwrap();
        tx.commit().await.unwrap();
        if principal == Principal::Subject {
            self.credentials.push((Principal::Enrolling, enrolling.token.expose().to_owned()));
        }
        if principal == Principal::Owner {
            let methods = vec![Method::Password, Method::Totp];
            let mut tx = accounts.begin().await.unwrap();
            let strong = accounts.open_session(&mut tx, &user, methods, &origin).await.unwrap();
            tx.commit().await.unwrap();
            self.credentials.push((Principal::Strong, strong.token.expose().to_owned()));
        }
        self.credentials.push((principal, opened.token.expose().to_owned()));
        if matches!(principal, Principal::Subject | Principal::Stranger) {
            self.add("Session", Place::User(principal), &[&other.session]);
            self.add("LoginEmail", Place::User(principal), &[&user.id, &email]);
        }
        user.id
    }

    async fn organization(
        &mut self,
        place: Place,
        founder: UserId,
        id_of: &impl Fn(Principal) -> UserId,
    ) {
        let accounts = self.app.accounts().clone();
        let origin = self.app.origin();
        let mut tx = accounts.begin().await.unwrap();
        let new = NewOrganization {
            name: given::name("Tea"),
            authentication: AuthenticationStrength::Any,
            attrs: NoAttributes {},
        };
        let by = self.app.test_accounts().caller(founder);
        let made = accounts.create_organization(&mut tx, new, &by, &origin).await.unwrap();
        let OwnMembership { organization, membership } = made;
        let mut members = Vec::new();
        if place != Place::Abroad {
            for (principal, role) in [
                (Principal::Viewer, Role::Viewer),
                (Principal::Editor, Role::Editor),
                (Principal::Manager, Role::Admin),
            ] {
                let joined = self.member(organization.id, id_of(principal), role);
                tx.insert_membership(&joined).await.unwrap();
                members.push((principal, joined.id));
            }
        }
        let email = given::email(&format!("guest{}@example.com", self.number));
        let new = NewInvitation { email, role: Role::Viewer };
        let invited = accounts.invite(&mut tx, organization.id, new, &by, &origin).await;
        tx.commit().await.unwrap();

        self.add("Organization", place, &[&organization.id]);
        self.add("Invitation", place, &[&invited.unwrap().id]);
        self.add("Membership", place, &[&membership.id]);
        let whose = if place == Place::Abroad { Principal::Stranger } else { Principal::Owner };
        self.objects.last_mut().unwrap().1.member = Some(whose);
        for (principal, id) in members {
            self.add("Membership", place, &[&id]);
            self.objects.last_mut().unwrap().1.member = Some(principal);
        }
        let system = place == Place::Abroad;
        let role = if system { StandardClientRole::System } else { StandardClientRole::External };
        let owner = ClientOwner::Organization(organization.id);
        let made = self.client(owner, role).await;
        self.name_client(place, &made).await;
        match place {
            Place::Home => self.hold(Principal::Client, &made),
            Place::Abroad => {
                self.hold(Principal::SystemClient, &made);
                let plain = self.client(owner, StandardClientRole::External).await;
                self.hold(Principal::OtherClient, &plain);
            }
            Place::Strict => self.restrict(organization).await,
            Place::Service | Place::User(_) | Place::Archive | Place::Nowhere => {
                self.archive(organization.id).await;
            }
        }
    }

    async fn fresh(&self, principal: Principal) -> FreshUser {
        let accounts = self.app.accounts();
        let token = SessionToken::parse(self.credential(principal).unwrap()).unwrap();
        let user = accounts.authenticate(&token, None).await.unwrap();
        accounts.fresh(&Caller { user: Some(user), ..Caller::anonymous(None) }).unwrap()
    }

    /// The administrator begins to act as a user.
    async fn act_as(&mut self, user: UserId) {
        let by = self.fresh(Principal::Administrator).await;
        let accounts = self.app.accounts();
        let mut tx = accounts.begin().await.unwrap();
        let (reason, origin) = (Reason::parse("A call for help").unwrap(), self.app.origin());
        let begun = accounts.impersonate(&mut tx, user, &reason, &by, &origin).await.unwrap();
        tx.commit().await.unwrap();
        self.credentials.push((Principal::Actor, begun.token.expose().to_owned()));
    }

    async fn archive(&self, organization: OrganizationId) {
        let by = self.fresh(Principal::Owner).await;
        let accounts = self.app.accounts();
        let mut tx = accounts.begin().await.unwrap();
        let origin = self.app.origin();
        accounts.archive_organization(&mut tx, organization, None, &by, &origin).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// An organization asks a second factor of its members, behind the flows' back.
    async fn restrict(&self, organization: Organization) {
        let (authentication, version) = (AuthenticationStrength::SecondFactor, 2);
        let strict = Organization { authentication, version, ..organization };
        let mut tx = self.app.accounts().begin().await.unwrap();
        assert!(tx.update_organization(&strict, 1).await.unwrap());
        tx.commit().await.unwrap();
    }

    fn member(&self, organization: OrganizationId, user: UserId, role: Role) -> Membership {
        let now = self.app.accounts().now();
        let id = MembershipId::new(now, &*self.app.accounts().parts().entropy);
        Membership { id, organization, user, role, version: 1, created: now, updated: now }
    }

    async fn client(&self, owner: ClientOwner, role: StandardClientRole) -> NewlyMade<Plain> {
        let accounts = self.app.accounts();
        let new = NewClient {
            owner,
            name: given::name("Loom"),
            kind: ClientKind::Confidential,
            require_user: false,
            rate_limit: None,
            sessions: ClientSessions::default(),
            redirect_uris: vec![],
            expires: None,
            attrs: <Plain as Attrs>::Client::default(),
        };
        let mut tx = accounts.begin().await.unwrap();
        let origin = self.app.origin();
        let made = accounts.provision_client(&mut tx, new, vec![role], &origin).await.unwrap();
        tx.commit().await.unwrap();
        made
    }

    fn hold(&mut self, principal: Principal, made: &NewlyMade<Plain>) {
        let key = made.secret.as_ref().unwrap().key.expose().to_owned();
        self.credentials.push((principal, key));
    }

    /// Lets a client be aimed at, with a secret of its and a restriction that lets its requests pass.
    async fn name_client(&mut self, place: Place, made: &NewlyMade<Plain>) {
        let accounts = self.app.accounts();
        let rule = AccessRule::parse(AccessKind::Ip, "192.0.2.0/24").unwrap();
        let mut tx = accounts.begin().await.unwrap();
        let (id, origin) = (made.client.id, self.app.origin());
        let client = accounts.restrict_client(&mut tx, id, &[rule], &origin).await.unwrap();
        tx.commit().await.unwrap();
        let secret = made.secret.as_ref().unwrap().id;
        self.add("Client", place, &[&id]);
        self.add("ClientSecret", place, &[&id, &secret]);
        self.add("ClientRestriction", place, &[&id, &client.restrictions[0].id()]);
    }

    /// A client with a secret, and with a restriction, of another one; a user with the address of another one.
    fn mismatched(&mut self) {
        let people = [Principal::Subject, Principal::Stranger].map(Place::User);
        for (aim, [mine, other]) in [
            ("ClientSecret", [Place::Home, Place::Abroad]),
            ("ClientRestriction", [Place::Home, Place::Abroad]),
            ("LoginEmail", people),
        ] {
            let objects = self.objects(aim);
            let of = |place| objects.iter().find(|it| it.place == place).unwrap();
            let ids = vec![of(mine).ids[0].clone(), of(other).ids[1].clone()];
            let object = Object { ids, matches: false, ..of(mine).clone() };
            self.objects.push((aim, object));
        }
    }

    /// What is not there, and what is no id at all.
    fn nowhere(&mut self) {
        for (aim, kinds) in [
            ("User", &["usr"][..]),
            ("LoginEmail", &["usr", "eml"]),
            ("Session", &["ses"]),
            ("Organization", &["org"]),
            ("Membership", &["mem"]),
            ("Invitation", &["inv"]),
            ("Client", &["cli"]),
            ("ClientSecret", &["cli", "sec"]),
            ("ClientRestriction", &["cli", "res"]),
        ] {
            let missing = kinds.iter().map(|kind| format!("{kind}_00000000000000000000000001"));
            let malformed = kinds.iter().map(|_| String::from(MALFORMED));
            for ids in [missing.collect(), malformed.collect()] {
                let place = Place::Nowhere;
                self.objects.push((aim, Object { place, member: None, ids, matches: true }));
            }
        }
    }
}
