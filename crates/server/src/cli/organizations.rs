use clap::{Args, Subcommand};

use super::{Part, Place};

/// Work with organizations on the database itself, as whoever runs the deployment.
#[derive(Subcommand)]
pub(crate) enum Organization {
    /// List organizations, the youngest first; with --search in the order of their names
    List(ListOrganizations),
    /// Print what there is about an organization, with its members
    Show(OneOrganization),
    /// Archive an organization: its clients and memberships give no rights until it is restored
    Archive(OneOrganization),
    /// Restore an organization that was archived; somebody with an active account must own it
    Restore(OneOrganization),
    /// Make a user the owner of an organization that nobody with an active account owns
    SetOwner(SetOwner),
}

#[derive(Args)]
pub(crate) struct ListOrganizations {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Only those whose name begins so
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// Only those that are archived, or only the others
    #[arg(long, value_name = "BOOLEAN")]
    pub(crate) archived: Option<bool>,
    #[command(flatten)]
    pub(crate) part: Part,
}

#[derive(Args)]
pub(crate) struct OneOrganization {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The id of the organization, org_...
    #[arg(value_name = "ORGANIZATION")]
    pub(crate) organization: String,
}

#[derive(Args)]
pub(crate) struct SetOwner {
    #[command(flatten)]
    pub(crate) one: OneOrganization,
    /// The id of the user, usr_..., or an address that he has proven; a member, or somebody else
    #[arg(long, value_name = "USER")]
    pub(crate) user: String,
}
