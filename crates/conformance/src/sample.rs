//! Valid values to store; a number tells them apart.

use durward_core::email::{EmailAddress, EmailParts};
use durward_core::entity::{
    AuditEntry, AuditHead, AuditRow, AuditSeal, AuthenticationStrength, Client, ClientKind,
    ClientOwner, ClientSecret, ClientSessions, Fingerprint, Flow, Invitation, LoginEmail,
    MailState, Membership, Method, Organization, OutboxMail, Pending, Purpose, SealMember, Session,
    Step, StoredPassword, StoredReply, Totp, User, UserStatus,
};
use durward_core::ids::{
    AuditId, ClientId, FlowId, InvitationId, LoginEmailId, MailId, MembershipId, OrganizationId,
    SecretId, SessionId, TotpId, UserId,
};
use durward_core::keys::{Mac, Sealed};
use durward_core::{
    Digest, PasswordHash, PersonName, StandardClientRole, StandardOrganizationRole, Timestamp,
    UserAgent,
};

use crate::{Colour, Device, Profile, Suite, SuiteRole};

/// Text that a careless store loses: four-byte characters, quotes, escapes, spaces at the end.
pub(crate) const TRICKY: &str = "Zoë O'Brien 山田 🦊 %_\\ \"x\" ";

/// The moment this many seconds after the suite's own epoch.
pub(crate) const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_007 + seconds * 1_000)
}

pub(crate) const fn user_id(n: u8) -> UserId {
    UserId::from_bytes([n; 16])
}

pub(crate) const fn client_id(n: u8) -> ClientId {
    ClientId::from_bytes([n; 16])
}

pub(crate) const fn secret_id(n: u8) -> SecretId {
    SecretId::from_bytes([n; 16])
}

pub(crate) const fn flow_id(n: u8) -> FlowId {
    FlowId::from_bytes([n; 16])
}

/// A digest that no other kind of thing shares.
pub(crate) const fn digest(kind: u8, n: u8) -> Digest {
    let mut bytes = [kind; 32];
    bytes[31] = n;
    Digest::from_bytes(bytes)
}

/// The digest of a session token.
pub(crate) const fn token(n: u8) -> Digest {
    digest(0x11, n)
}

/// The digest of a refresh token.
pub(crate) const fn refresh(n: u8) -> Digest {
    digest(0x22, n)
}

/// The digest of the handle of a flow.
pub(crate) const fn handle(n: u8) -> Digest {
    digest(0x33, n)
}

/// The digest of the code in a mailed link.
pub(crate) const fn link(n: u8) -> Digest {
    digest(0x44, n)
}

pub(crate) fn hash(text: &str) -> PasswordHash {
    PasswordHash::from_stored(text.to_owned())
}

/// An address whose three forms are this text, as older or future rules might have let it in.
pub(crate) fn address(text: &str) -> EmailAddress {
    EmailAddress::from_stored(parts(text))
}

/// What is stored of an address without anything to normalise.
pub(crate) fn parts(text: &str) -> EmailParts {
    EmailParts { typed: text.to_owned(), canonical: text.to_owned(), skeleton: text.to_owned() }
}

pub(crate) fn user(n: u8) -> User<Suite> {
    User {
        id: user_id(n),
        name: PersonName::from_stored(format!("Ada {n}")),
        status: UserStatus::Active,
        roles: vec![SuiteRole::Reader],
        version: 1,
        created: at(i64::from(n)),
        updated: at(i64::from(n) + 1),
        erasure: None,
        attrs: Profile {
            colour: Colour::Rgb { r: n, g: 2, b: 3 },
            tags: vec!["b".to_owned(), "a".to_owned()],
            points: i64::from(n),
            nickname: None,
        },
    }
}

/// An unproven claim.
pub(crate) fn claim(n: u8, user: UserId, text: &str) -> LoginEmail {
    LoginEmail {
        id: LoginEmailId::from_bytes([n; 16]),
        user,
        address: address(text),
        proven: None,
        primary: false,
        created: at(i64::from(n)),
    }
}

/// A proven claim.
pub(crate) fn proven(n: u8, user: UserId, text: &str) -> LoginEmail {
    LoginEmail { proven: Some(at(100)), primary: true, ..claim(n, user, text) }
}

pub(crate) fn password(user: UserId) -> StoredPassword {
    let hash = hash("$argon2id$v=19$first");
    StoredPassword { user, hash, changed: at(5), compromised: None, version: 1 }
}

pub(crate) fn session(n: u8, user: UserId) -> Session<Suite> {
    Session {
        id: SessionId::from_bytes([n; 16]),
        user,
        client: Some(client_id(7)),
        methods: vec![Method::Password],
        authenticated: at(i64::from(n)),
        created: at(i64::from(n)),
        token: token(n),
        token_expires: at(3_600),
        refresh: refresh(n),
        previous_refresh: None,
        rotated: at(i64::from(n)),
        refresh_expires: at(7_200),
        expires: at(10_000),
        ended: None,
        ip: None,
        agent: None,
        actor: None,
        attrs: Device::default(),
    }
}

/// The session after an exchange of its tokens for those with number `to`.
pub(crate) fn rotated(session: &Session<Suite>, to: u8) -> Session<Suite> {
    Session {
        token: token(to),
        token_expires: at(4_000 + i64::from(to)),
        refresh: refresh(to),
        previous_refresh: Some(session.refresh),
        rotated: at(1_000 + i64::from(to)),
        refresh_expires: at(8_000 + i64::from(to)),
        ..session.clone()
    }
}

/// A login under way, about no user.
pub(crate) fn flow(n: u8) -> Flow<Suite> {
    Flow {
        id: flow_id(n),
        purpose: Purpose::Login,
        step: Step::Code,
        position: 0,
        handle: handle(n),
        state: Some(digest(0x55, n)),
        email: address("ada@example.com"),
        user: None,
        claim: None,
        session: None,
        link: Some(link(n)),
        short: Some(digest(0x66, n)),
        attempts: 0,
        mails: 1,
        methods: vec![Method::Password],
        pending: None,
        client: None,
        created: at(i64::from(n)),
        expires: at(600),
        finished: None,
    }
}

pub(crate) fn pending() -> Pending<Suite> {
    Pending {
        name: PersonName::from_stored(TRICKY.to_owned()),
        password: Some(hash("$argon2id$v=19$pending")),
        attrs: user(9).attrs,
    }
}

/// A client of the first organization.
pub(crate) fn client(n: u8) -> Client<Suite> {
    Client {
        id: client_id(n),
        owner: ClientOwner::Organization(organization_id(1)),
        name: PersonName::from_stored(format!("Shop {n}")),
        kind: ClientKind::Confidential,
        enabled: true,
        require_user: false,
        rate_limit: None,
        sessions: ClientSessions::default(),
        redirect_uris: vec![],
        roles: vec![StandardClientRole::External],
        restrictions: vec![],
        expires: None,
        version: 1,
        created: at(i64::from(n)),
        updated: at(i64::from(n) + 1),
        last_used: None,
        attrs: user(n).attrs,
    }
}

/// A client of a user.
pub(crate) fn personal(n: u8, user: UserId) -> Client<Suite> {
    Client { owner: ClientOwner::User(user), ..client(n) }
}

pub(crate) fn client_secret(n: u8, client: u8) -> ClientSecret {
    ClientSecret {
        id: secret_id(n),
        client: client_id(client),
        digest: digest(0xaa, n),
        created: at(i64::from(n)),
        expires: None,
        revoked: None,
        last_used: None,
    }
}

pub(crate) fn mail(n: u8) -> OutboxMail {
    OutboxMail {
        id: MailId::from_bytes([n; 16]),
        state: MailState::Pending,
        body: Sealed::from_bytes(vec![n, 0, 255]),
        due: at(10),
        attempts: 0,
        created: at(i64::from(n)),
        last_error: None,
    }
}

pub(crate) fn reply(n: u8) -> StoredReply {
    StoredReply {
        key: digest(0x77, n),
        request: digest(0x88, n),
        answer: Sealed::from_bytes(vec![0, n, 255]),
        expires: at(86_400),
    }
}

/// An entry without a subject.
pub(crate) fn audit(n: u8) -> AuditEntry {
    AuditEntry {
        id: AuditId::from_bytes([n; 16]),
        at: at(i64::from(n)),
        event: "session.opened".to_owned(),
        organization: None,
        actor: None,
        subject: None,
        client: None,
        ip: None,
        request: None,
        details: "{}".to_owned(),
    }
}

/// An enrolment that is not proven yet.
pub(crate) fn totp(n: u8, user: UserId) -> Totp {
    Totp {
        id: TotpId::from_bytes([n; 16]),
        user,
        secret: Sealed::from_bytes(vec![n, 0, 255]),
        handle: digest(0xab, n),
        last_step: 3,
        created: at(i64::from(n)),
        confirmed: None,
        expires: at(600),
        doubted: None,
    }
}

pub(crate) const fn organization_id(n: u8) -> OrganizationId {
    OrganizationId::from_bytes([n; 16])
}

pub(crate) fn organization(n: u8) -> Organization<Suite> {
    Organization {
        id: organization_id(n),
        name: PersonName::from_stored(format!("Shop {n}")),
        archived: None,
        authentication: AuthenticationStrength::Any,
        version: 1,
        created: at(i64::from(n)),
        updated: at(i64::from(n) + 1),
        attrs: user(n).attrs,
    }
}

/// An owner of the organization with number `of`.
pub(crate) fn membership(n: u8, of: u8, user: UserId) -> Membership<Suite> {
    Membership {
        id: MembershipId::from_bytes([n; 16]),
        organization: organization_id(of),
        user,
        role: StandardOrganizationRole::Owner,
        version: 1,
        created: at(i64::from(n)),
        updated: at(i64::from(n) + 1),
    }
}

/// An open invitation into the organization with number `of`, by the user with number 1.
pub(crate) fn invitation(n: u8, of: u8) -> Invitation<Suite> {
    Invitation {
        id: InvitationId::from_bytes([n; 16]),
        organization: organization_id(of),
        email: address(&format!("eve{n}@example.com")),
        role: StandardOrganizationRole::Editor,
        code: digest(0x99, n),
        invited_by: user_id(1),
        created: at(i64::from(n)),
        expires: at(10_000),
        finished: None,
    }
}

pub(crate) const fn fingerprint(n: u8) -> Fingerprint {
    Fingerprint::from_bytes([n; 32])
}

/// The entry, not sealed yet; a store does not look into what proves it.
pub(crate) fn row(entry: &AuditEntry) -> AuditRow {
    AuditRow {
        ip_salt: entry.ip.as_ref().map(|_| [5; 16]),
        ip_fingerprint: entry.ip.as_ref().map(|_| fingerprint(6)),
        entry: entry.clone(),
        mac: Mac { key: 1, digest: digest(0x66, 7) },
        seal: None,
    }
}

/// A seal that lists these entries.
pub(crate) fn seal(organization: Option<u8>, number: u32, members: &[u8]) -> AuditSeal {
    let members = members.iter().map(|n| SealMember { id: audit(*n).id, entry: fingerprint(*n) });
    AuditSeal {
        organization: organization.map(organization_id),
        number,
        at: at(50),
        previous: fingerprint(8),
        members: members.collect(),
        hash: fingerprint(9),
    }
}

/// The head of a chain with this many seals.
pub(crate) fn head(organization: Option<u8>, seals: u32) -> AuditHead {
    AuditHead {
        organization: organization.map(organization_id),
        seals,
        entries: 1 << 40,
        hash: fingerprint(3),
        mac: Mac { key: u32::MAX, digest: digest(0x77, 1) },
    }
}

pub(crate) fn agent(text: &str) -> UserAgent {
    UserAgent::from_stored(text.to_owned())
}
