use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use durward::{StandardRole, UserStatus};

use super::{Development, Part, Place};

/// Work with users on the database itself, as whoever runs the deployment.
#[derive(Subcommand)]
pub(crate) enum User {
    /// Take users over from another system, one JSON object a line
    ///
    /// See docs/import.md. Run again, it goes on where it was interrupted. Ends with exit code 1 if a line was
    /// rejected; all others are imported.
    Import(ImportUsers),
    /// List users, the youngest account first
    List(ListUsers),
    /// Print what there is about a user
    Show(OneUser),
    /// Shut the account of a user: sessions, flows and personal keys end
    Ban(OneUser),
    /// Open an account again that was shut
    Unban(OneUser),
    /// End all sessions of a user
    Logout(OneUser),
    /// Remove the authenticator app and the recovery codes of a user who lost them
    ///
    /// All his sessions end, and his proven addresses are told by mail. Be sure that it is he who asks.
    ResetFactors(OneUser),
    /// Give a user a role; his sessions end
    Grant(RoleOfUser),
    /// Take a role from a user; his sessions end
    Revoke(RoleOfUser),
}

#[derive(Args)]
pub(crate) struct ListUsers {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Only those whose name or an address of whom begins so
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// Only those in this status
    #[arg(long)]
    pub(crate) status: Option<StatusName>,
    #[command(flatten)]
    pub(crate) part: Part,
}

#[derive(Args)]
pub(crate) struct OneUser {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The id of the user, usr_..., or an address that he has proven
    #[arg(value_name = "USER")]
    pub(crate) user: String,
}

#[derive(Args)]
pub(crate) struct RoleOfUser {
    /// The role in the whole deployment
    #[arg(value_name = "ROLE")]
    pub(crate) role: UserRoleName,
    #[command(flatten)]
    pub(crate) one: OneUser,
}

/// The roles of users by name.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum UserRoleName {
    User,
    Administrator,
}

impl From<UserRoleName> for StandardRole {
    fn from(name: UserRoleName) -> Self {
        match name {
            UserRoleName::User => Self::User,
            UserRoleName::Administrator => Self::Administrator,
        }
    }
}

/// What accounts can be, by name.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum StatusName {
    Active,
    Banned,
    Deleted,
}

impl From<StatusName> for UserStatus {
    fn from(name: StatusName) -> Self {
        match name {
            StatusName::Active => Self::Active,
            StatusName::Banned => Self::Banned,
            StatusName::Deleted => Self::Deleted,
        }
    }
}

#[derive(Args)]
pub(crate) struct ImportUsers {
    #[command(flatten)]
    pub(crate) development: Development,
    /// The URL of the database
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Write nothing, and say what would be rejected
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where rejected lines are told, as JSON; else to the error output
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// The file, or - for the input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}
