//! Events: the single definition that feeds hooks, the audit log and the outbox.

mod audited;
mod details;
mod reason;

pub use reason::{CompromiseCause, EndReason, FailureReason, PasswordCause};

use crate::attrs::Attrs;
use crate::authz::Denial;
use crate::budget::Rate;
use crate::entity::{
    Client, ClientOwner, ClientRefusal, Invitation, LoginEmail, Membership, Method, Organization,
    Session, Step, User,
};
use crate::ids::{
    ClientId, InvitationId, LoginEmailId, OrganizationId, SecretId, SessionId, UserId,
};
use crate::meter::Spender;
use crate::text::Reason;
use crate::time::Timestamp;

/// What just happened, still uncommitted. Never carries a secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a, A: Attrs> {
    /// A user came to be; the address is proven in every mode but `open`.
    UserCreated {
        /// The new user.
        user: &'a User<A>,
        /// The address, when the user has one.
        email: Option<&'a LoginEmail>,
    },
    /// A user changed.
    UserUpdated {
        /// As it was.
        before: &'a User<A>,
        /// As it is.
        after: &'a User<A>,
    },
    /// An administrator shut an account.
    UserBanned {
        /// The user as he is now.
        user: &'a User<A>,
    },
    /// An administrator opened an account again.
    UserUnbanned {
        /// The user as he is now.
        user: &'a User<A>,
    },
    /// A user was deleted, and can be restored until his erasure.
    UserDeleted {
        /// The user as he is now.
        user: &'a User<A>,
    },
    /// A deleted user was restored.
    UserRestored {
        /// The user as he is now.
        user: &'a User<A>,
    },
    /// Everything that is held about a user was handed out.
    UserExported {
        /// Whose it was.
        user: UserId,
    },
    /// Everything personal about a deleted user was erased; what the application holds about him should go
    /// in the same unit of work.
    UserErased {
        /// Who it was.
        user: UserId,
    },
    /// The roles of a user changed.
    RolesChanged {
        /// As he was.
        before: &'a User<A>,
        /// As he is.
        after: &'a User<A>,
    },
    /// A user claimed an address, unproven.
    EmailClaimed {
        /// The claim.
        email: &'a LoginEmail,
    },
    /// A link was issued that makes an administrator, by whoever runs the deployment.
    BootstrapIssued {
        /// Whether it is good although somebody administers.
        recovery: bool,
        /// When it dies.
        expires: Timestamp,
    },
    /// A user became an administrator by such a link.
    BootstrapUsed {
        /// Who it is.
        user: UserId,
    },
    /// An administrator began to act as a user, in a session of its own.
    UserImpersonated {
        /// That session.
        session: &'a Session<A>,
        /// Why, in his words.
        reason: &'a Reason,
    },
    /// A user proved to read an address.
    EmailProven {
        /// The proven claim.
        email: &'a LoginEmail,
    },
    /// An address, proven or only claimed, is no longer the user's.
    EmailRemoved {
        /// As it was.
        email: &'a LoginEmail,
    },
    /// Another address of a user is the primary one.
    PrimaryEmailChanged {
        /// The one that is primary now.
        email: &'a LoginEmail,
    },
    /// Whoever reads a former address took a change of the addresses back (R-EM-07).
    EmailReverted {
        /// The address that has its place back.
        email: &'a LoginEmail,
    },
    /// A user has another password, or his first one.
    PasswordChanged {
        /// Whose it is.
        user: UserId,
        /// What led to the change.
        cause: PasswordCause,
    },
    /// A password is compromised, or more so than before; its owner must choose another one (R-PW-10).
    PasswordCompromised {
        /// Whose it is.
        user: UserId,
        /// How that is known.
        cause: CompromiseCause,
    },
    /// An administrator had a code mailed to a user by which he chooses another password (R-PW-11).
    PasswordResetStarted {
        /// Whose it is.
        user: UserId,
        /// Whether the present one was revoked with it.
        revoked: bool,
    },
    /// A user authenticated, and a session was opened.
    SessionOpened {
        /// The new session.
        session: &'a Session<A>,
    },
    /// The tokens of a session were exchanged for new ones.
    SessionRefreshed {
        /// The session as it is now.
        session: &'a Session<A>,
    },
    /// A session was ended before its time.
    SessionEnded {
        /// The session.
        session: SessionId,
        /// Whose it was.
        user: UserId,
        /// Why it ended.
        reason: EndReason,
    },
    /// All sessions of a user but one were ended before their time.
    SessionsEnded {
        /// Whose they were.
        user: UserId,
        /// The one that goes on, if one does.
        except: Option<SessionId>,
        /// How many ended.
        count: u64,
        /// Why they ended.
        reason: EndReason,
    },
    /// The owner said that a change he was told of was not his; everybody was signed out (R-NO-01).
    NoticeReported {
        /// Whose account it is.
        user: UserId,
        /// The address that the notice went to.
        email: LoginEmailId,
    },
    /// A user enrolled an authenticator app.
    TotpEnabled {
        /// Whose it is.
        user: UserId,
    },
    /// An authenticator app was removed, by its owner or by an administrator, or because it was in doubt for too long.
    TotpDisabled {
        /// Whose it was.
        user: UserId,
    },
    /// By an objection an authenticator app may be somebody else's: it stops to count unless somebody logs in with it.
    TotpDoubted {
        /// Whose account it is.
        user: UserId,
    },
    /// Somebody logged in with an authenticator app that was in doubt.
    TotpTrusted {
        /// Whose it is.
        user: UserId,
    },
    /// By an objection recovery codes died that were made lately.
    RecoveryCodesRevoked {
        /// Whose account it is.
        user: UserId,
        /// How many ended.
        count: u64,
    },
    /// A new set of recovery codes was made.
    RecoveryCodesReplaced {
        /// Whose they are.
        user: UserId,
    },
    /// A recovery code was used.
    RecoveryCodeUsed {
        /// Whose it was.
        user: UserId,
        /// How many are left.
        left: u64,
    },
    /// A client came to be.
    ClientCreated {
        /// The new client.
        client: &'a Client<A>,
    },
    /// A client changed.
    ClientUpdated {
        /// As it was.
        before: &'a Client<A>,
        /// As it is.
        after: &'a Client<A>,
    },
    /// A client was deleted with its secrets.
    ClientDeleted {
        /// As it was.
        client: &'a Client<A>,
    },
    /// A client has a further secret.
    ClientSecretAdded {
        /// Whose it is.
        client: &'a Client<A>,
        /// Which one; never the secret itself.
        secret: SecretId,
        /// When the others stop to work, if they do.
        others_expire: Option<Timestamp>,
    },
    /// A secret of a client was revoked.
    ClientSecretRevoked {
        /// Whose it was.
        client: &'a Client<A>,
        /// The secret.
        secret: SecretId,
    },
    /// The requests of a client may come from elsewhere, or for something else, than before.
    ClientRestrictionsChanged {
        /// As it was.
        before: &'a Client<A>,
        /// As it is.
        after: &'a Client<A>,
    },
    /// The roles of a client changed.
    ClientRolesChanged {
        /// As it was.
        before: &'a Client<A>,
        /// As it is.
        after: &'a Client<A>,
    },
    /// The secrets of all personal keys of a user were revoked (R-CL-04).
    PersonalKeysRevoked {
        /// Whose they were.
        user: UserId,
        /// How many secrets.
        count: u64,
    },
    /// A client was refused; a hook that refuses this only undoes the audit row.
    ClientRefused {
        /// Which one, if one was named.
        client: Option<ClientId>,
        /// Whose it is, if it proved a secret: nobody writes into the log of others by naming their clients.
        owner: Option<ClientOwner>,
        /// Why, for the audit log only (GW-11).
        reason: ClientRefusal,
    },
    /// Requests were refused because a rate was used up. It is told afterwards, of each spender once a minute on each
    /// node at most; a hook that refuses this only undoes the audit row.
    RateExceeded {
        /// Whose rate it was.
        spender: Spender,
        /// Whose client it is, if it was that of one.
        owner: Option<ClientOwner>,
        /// The rate.
        rate: Rate,
        /// How many requests this node refused since it last told.
        refused: u64,
        /// When the first of them was.
        since: Timestamp,
    },
    /// On one node somebody failed to prove passwords or second factors of so many different accounts that it is no
    /// accident (R-TH-05). It is told afterwards, once in a period; a hook that refuses this only undoes the audit row.
    AccountsSprayed {
        /// About how many accounts, or addresses that nobody has, in the last period.
        accounts: u32,
        /// How many failures there were.
        failures: u64,
        /// When the first of them may have been.
        since: Timestamp,
        /// How many accounts in its period are too many.
        bar: Rate,
    },
    /// An organization came to be.
    OrganizationCreated {
        /// The new organization.
        organization: &'a Organization<A>,
        /// Who made it, and is its first member.
        owner: UserId,
    },
    /// The name or the attributes of an organization changed, or what it asks of its members.
    OrganizationUpdated {
        /// As it was.
        before: &'a Organization<A>,
        /// As it is.
        after: &'a Organization<A>,
    },
    /// An organization was archived: nothing in it gives rights any more.
    OrganizationArchived {
        /// As it is now.
        organization: &'a Organization<A>,
    },
    /// The archival of an organization was taken back.
    OrganizationRestored {
        /// As it is now.
        organization: &'a Organization<A>,
    },
    /// An owner gave an organization to another member; the changes of their roles are told apart from this.
    OrganizationTransferred {
        /// The organization.
        organization: OrganizationId,
        /// Who was its owner.
        from: UserId,
        /// Who is.
        to: UserId,
    },
    /// Whoever administers the deployment gave an organization that nobody with an active account owned an owner; what
    /// that changed about his membership is told apart from this.
    OwnerAppointed {
        /// The organization.
        organization: OrganizationId,
        /// Who is its owner.
        user: UserId,
    },
    /// A user joined an organization.
    MemberAdded {
        /// The new membership.
        membership: &'a Membership<A>,
        /// The invitation that he accepted; `None` for an owner who was appointed.
        invitation: Option<InvitationId>,
    },
    /// A member of an organization has another role.
    MemberUpdated {
        /// As it was.
        before: &'a Membership<A>,
        /// As it is.
        after: &'a Membership<A>,
    },
    /// A member left an organization, or was removed.
    MemberRemoved {
        /// As it was.
        membership: &'a Membership<A>,
    },
    /// Somebody was invited into an organization.
    InvitationSent {
        /// The invitation.
        invitation: &'a Invitation<A>,
    },
    /// An invitation was taken back.
    InvitationRevoked {
        /// The invitation.
        invitation: &'a Invitation<A>,
    },
    /// The policy refused what somebody asked for; a hook that refuses this only undoes the audit row.
    AccessDenied {
        /// What was refused.
        denial: &'a Denial,
    },
    /// Someone proved a factor, and another step follows.
    FactorProven {
        /// Whose it is.
        user: UserId,
        /// Everything that was proven by now.
        methods: &'a [Method],
        /// What is asked next.
        next: Step,
    },
    /// Someone failed to authenticate; a hook that refuses this only undoes the audit row.
    AuthenticationFailed {
        /// Whose account it was, if there is one.
        user: Option<UserId>,
        /// By which method.
        method: Method,
        /// Why, for the audit log only.
        reason: FailureReason,
    },
}
