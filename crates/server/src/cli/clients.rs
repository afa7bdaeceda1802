use clap::{Args, Subcommand, ValueEnum};
use durward::StandardClientRole;

use super::{Part, Place};

/// Work with clients on the database itself, as whoever runs the deployment.
#[derive(Subcommand)]
pub(crate) enum Client {
    /// Make a client of an organization, and print its secret key, this once
    Create(CreateClient),
    /// List clients, the youngest first; with --search in the order of their names
    List(ListClients),
    /// Print what there is about a client
    Show(OneClient),
    /// Refuse every request of a client, at once on every node, until it is enabled again
    Disable(OneClient),
    /// Let a client be used again that was disabled
    Enable(OneClient),
    /// Delete a client with its secrets: every request of it is refused, and nothing brings it back
    Delete(OneClient),
    /// Give a client a further secret, and print its secret key, this once
    ///
    /// A client has two live secrets at most, so that one takes over from the other without a refused request. To stop a
    /// leaked one at once: --expire-others-in 0s.
    Rotate(RotateClient),
}

#[derive(Args)]
pub(crate) struct CreateClient {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The organization that owns it
    #[arg(long, value_name = "ID")]
    pub(crate) organization: String,
    /// What it is called
    #[arg(long)]
    pub(crate) name: String,
    /// What it may do in the deployment
    #[arg(long, default_value = "external")]
    pub(crate) role: ClientRoleName,
    /// It keeps no secret: its id alone names it, and gives no right
    #[arg(long)]
    pub(crate) public: bool,
}

/// The roles of clients by name.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ClientRoleName {
    System,
    Internal,
    External,
}

impl From<ClientRoleName> for StandardClientRole {
    fn from(name: ClientRoleName) -> Self {
        match name {
            ClientRoleName::System => Self::System,
            ClientRoleName::Internal => Self::Internal,
            ClientRoleName::External => Self::External,
        }
    }
}

#[derive(Args)]
pub(crate) struct ListClients {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Only those whose name begins so
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// Only those of this organization, org_...
    #[arg(long, value_name = "ID", conflicts_with = "user")]
    pub(crate) organization: Option<String>,
    /// Only the personal keys of this user, usr_...
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    /// Only those with this role
    #[arg(long)]
    pub(crate) role: Option<ClientRoleName>,
    /// Only those that are enabled, or only the others
    #[arg(long, value_name = "BOOLEAN")]
    pub(crate) enabled: Option<bool>,
    #[command(flatten)]
    pub(crate) part: Part,
}

#[derive(Args)]
pub(crate) struct OneClient {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The id of the client, cli_...
    #[arg(value_name = "CLIENT")]
    pub(crate) client: String,
}

#[derive(Args)]
pub(crate) struct RotateClient {
    #[command(flatten)]
    pub(crate) one: OneClient,
    /// When its other secrets stop to work, such as 1d, or 0s for now; they live on otherwise
    #[arg(long, value_name = "TIME")]
    pub(crate) expire_others_in: Option<String>,
}
