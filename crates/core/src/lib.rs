//! The domain of Durward: users, sessions and the flows between them.
//!
//! Decisions are functions of values. Nothing here reads a clock, draws randomness or performs I/O except
//! through a port that whoever builds an [`Accounts`] hands in. Start at [`Accounts`]; what it needs is
//! [`Parts`]; where it stores is [`store`]; what an application may change is [`behavior`] and [`hook`].

pub mod access;
pub mod accounts;
pub mod attrs;
pub mod authz;
mod background;
pub mod behavior;
pub mod breach;
pub mod budget;
pub mod email;
pub mod entity;
pub mod error;
pub mod event;
pub mod hook;
pub mod identity;
pub mod ids;
pub mod keys;
pub mod mail;
pub mod meter;
mod meters;
mod metrics;
pub mod origin;
mod overruns;
mod pace;
pub mod page;
pub mod password;
pub mod secret;
pub mod settings;
pub mod sharing;
mod spraying;
pub mod store;
pub mod text;
pub mod time;
pub mod token;
pub mod upkeep;
mod uses;

pub use accounts::{Accounts, Parts};
pub use attrs::{
    Attr, Attrs, ClientRole, NoAttributes, OrganizationRole, Permission, Plain, Role,
    StandardClientRole, StandardOrganizationRole, StandardPermission, StandardRole,
};
pub use authz::{Action, Caller, ClientCaller, Enroller, FreshUser, Target, UserCaller};
pub use background::background;
pub use behavior::Behavior;
pub use breach::{BreachCheck, BreachError, BreachedPasswords};
pub use email::{CanonicalEmail, EmailAddress, EmailRules};
pub use entity::{
    AuthenticationStrength, Flow, LoginEmail, Method, Pending, Proof, Purpose, Session, Step, User,
    UserStatus,
};
pub use error::{Error, Kind, Obstruction};
pub use event::{CompromiseCause, EndReason, Event, FailureReason, PasswordCause};
pub use hook::{Hook, Veto};
pub use identity::{IdentityClaims, IdentityRoute};
pub use ids::{
    AuditId, ClientId, FlowId, InvitationId, LoginEmailId, MailId, MembershipId, NodeId,
    OrganizationId, RestrictionId, SecretId, SessionId, TotpId, UserId,
};
pub use keys::{KeyError, KeyRing};
pub use mail::{
    LinkTarget, Links, Mail, MailError, Mailer, Message, Notice, Notification, Objection,
};
pub use meter::{Allowance, Spender};
pub use origin::{Origin, RequestId};
pub use page::{Page, Slice};
pub use password::{Password, PasswordHash, PasswordHasher};
pub use secret::{Digest, Secret};
pub use settings::{
    FlawedSettings, Limits, Retention, SessionLimits, Settings, SettingsFlaw, SignUpMode,
};
pub use sharing::{RateLimiter, RateLimiterError, Sharing};
pub use store::{Store, StoreError};
pub use text::{FlowState, PersonName, UserAgent};
pub use time::{Clock, Entropy, Timestamp};
pub use token::{
    BootstrapToken, CodeToken, FlowToken, InvitationToken, RecoveryCode, RefreshToken, SecretKey,
    SessionToken, ShortCode,
};
