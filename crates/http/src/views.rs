//! How things look outside: the JSON of the interface, for whoever shows them elsewhere, such as on a command line or
//! on pages of an application's own.

use durward_core::accounts::UserDetails;
use durward_core::entity::{
    AccessRestriction, AuditEntry, Client, ClientSecret, Member, Membership, Organization,
};
use durward_core::{Attrs, Session};
use serde::Serialize;

use crate::{audit, client_rules, client_secrets, client_views, memberships, organizations};
use crate::{sessions, users};

/// A user with his addresses, as `GET /v1/users/{id}` shows him.
pub fn user<A: Attrs>(details: &UserDetails<A>) -> impl Serialize {
    users::view(details)
}

/// A session, as it is listed to somebody who is not in it.
pub fn session<A: Attrs>(session: &Session<A>) -> impl Serialize {
    sessions::view(session, None)
}

/// An organization, as `GET /v1/organizations/{id}` shows it.
pub fn organization<A: Attrs>(organization: &Organization<A>) -> impl Serialize {
    organizations::view(organization)
}

/// A membership by itself.
pub fn membership<A: Attrs>(membership: &Membership<A>) -> impl Serialize {
    memberships::view(membership, None, None)
}

/// A member, as `GET /v1/organizations/{id}/memberships` lists him.
pub fn member<A: Attrs>(member: &Member<A>) -> impl Serialize {
    memberships::view(&member.membership, None, Some(&member.name))
}

/// A client, as `GET /v1/clients/{id}` shows it.
pub fn client<A: Attrs>(client: &Client<A>) -> impl Serialize {
    client_views::view(client)
}

/// A secret of a client, without the secret.
pub fn secret(secret: &ClientSecret) -> impl Serialize {
    client_secrets::view(secret)
}

/// A restriction of a client.
pub fn restriction(restriction: &AccessRestriction) -> impl Serialize {
    client_rules::view(restriction)
}

/// An entry of the audit log.
pub fn audit_event(entry: &AuditEntry) -> impl Serialize {
    audit::view(entry)
}

/// Whether a text can be the name of an event of the audit log.
pub fn is_event_name(text: &str) -> bool {
    audit::is_event_name(text)
}
