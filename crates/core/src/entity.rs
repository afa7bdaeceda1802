//! What is stored: plain fields and the pure rules over them.

mod audit;
mod audit_chain;
mod authentication;
mod bootstrap;
mod client;
mod client_list;
mod factor;
mod flow;
mod login_email;
mod mail;
mod node;
mod organization;
mod organization_list;
mod password;
mod purpose;
mod reply;
mod session;
mod user;
mod user_list;

pub use audit::{AuditEntry, AuditRow, Authenticity, Fingerprint, NoFingerprint};
pub use audit_chain::{AuditFlaw, AuditHead, AuditSeal, ChainCheck, SealMember};
pub use authentication::AuthenticationStrength;
pub use bootstrap::Bootstrap;
pub use client::{
    AccessRestriction, Client, ClientKind, ClientOwner, ClientRefusal, ClientSecret,
    ClientSessions, KeyOwner, LiveClient, LiveSecret, RateLimit, RedirectUri,
};
pub use client_list::{ClientMatch, FoundClient};
pub use factor::{
    LiveTotp, Totp, TotpCode, TotpCodeError, TotpSecret, TotpSteps, step as totp_step,
};
pub(crate) use flow::short_code_digest;
pub use flow::{CodeAnswer, Flow, FlowRefusal, Method, Pending, Proof, Step};
pub use login_email::{LoginEmail, Seniority};
pub use mail::{MailState, OutboxMail};
pub use node::{Node, NodeName, NodeNameError};
pub use organization::{
    Invitation, Member, Membership, Organization, OwnInvitation, OwnMembership, RoleRefusal,
};
pub use organization_list::{FoundOrganization, OrganizationMatch};
pub use password::{Compromise, PasswordLogin, Remedy, StoredPassword};
pub use purpose::Purpose;
pub use reply::StoredReply;
pub use session::{Actor, LiveActor, LiveSession, RefreshDecision, Session, SessionFamily};
pub use user::{User, UserStatus};
pub use user_list::{FoundUser, SearchKey, UserMatch, UserPlace};
