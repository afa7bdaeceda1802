use clap::{Args, Subcommand};

use super::{Part, Place};

/// Work with sessions on the database itself, as whoever runs the deployment.
#[derive(Subcommand)]
pub(crate) enum Session {
    /// List who is logged in, the newest session first
    List(ListSessions),
    /// End a session; `durward user logout` ends all of a user
    End(EndSession),
}

#[derive(Args)]
pub(crate) struct ListSessions {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Only those of this user: his id, usr_..., or an address that he has proven
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,
    /// Only those that were opened through this client, cli_...
    #[arg(long, value_name = "ID")]
    pub(crate) client: Option<String>,
    #[command(flatten)]
    pub(crate) part: Part,
}

#[derive(Args)]
pub(crate) struct EndSession {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The id of the session, ses_...
    #[arg(value_name = "SESSION")]
    pub(crate) session: String,
}
