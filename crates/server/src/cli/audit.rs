use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Part, Place};

/// Work with the audit log on the database itself, as whoever runs the deployment.
#[derive(Subcommand)]
pub(crate) enum Audit {
    /// List what happened, the newest first; all filters that are given must fit
    List(ListAudit),
    /// Check that no entry was edited, dropped, moved or inserted
    ///
    /// Names every one that was, and then ends with exit code 1.
    Verify(VerifyAudit),
}

#[derive(Args)]
pub(crate) struct VerifyAudit {
    #[command(flatten)]
    pub(crate) place: Place,
    /// An earlier answer of this command in JSON, kept elsewhere: every chain must still have what it had then
    #[arg(long, value_name = "FILE")]
    pub(crate) noted: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ListAudit {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Only what is about the account of this user, usr_...
    #[arg(long, value_name = "ID")]
    pub(crate) subject: Option<String>,
    /// Only what this user did, usr_...
    #[arg(long, value_name = "ID")]
    pub(crate) actor: Option<String>,
    /// Only what was done through this client, cli_...
    #[arg(long, value_name = "ID")]
    pub(crate) client: Option<String>,
    /// Only what concerns this organization, org_...
    #[arg(long, value_name = "ID")]
    pub(crate) organization: Option<String>,
    /// Only events of this name, such as session.opened
    #[arg(long, value_name = "NAME")]
    pub(crate) event: Option<String>,
    /// Only what happened at this time or later, such as 2026-01-31T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Only what happened before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) part: Part,
}
