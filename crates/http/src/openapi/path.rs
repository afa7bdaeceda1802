use durward_core::{
    ClientId, InvitationId, LoginEmailId, MembershipId, OrganizationId, RestrictionId, SecretId,
    SessionId, UserId,
};
use serde_json::{Value, json};

use crate::aim::Aim;
use crate::schemas::Schemas;

/// The ids that the path of a route names.
pub(super) fn parameters(aim: Aim, schemas: &mut Schemas) -> impl Iterator<Item = Value> + use<> {
    let id = |name: &str, description: &str, schema: Value| {
        json!({
            "name": name,
            "in": "path",
            "required": true,
            "description": description,
            "schema": schema,
        })
    };
    let named = match aim {
        Aim::Service => None,
        Aim::User | Aim::LoginEmail => Some(id(
            "id",
            "The id of a user, or `me` for the user of the session.",
            json!({ "anyOf": [{ "const": "me" }, schemas.request::<UserId>()] }),
        )),
        Aim::Session => Some(id("id", "The id of a session.", schemas.request::<SessionId>())),
        Aim::Organization => {
            Some(id("id", "The id of an organization.", schemas.request::<OrganizationId>()))
        }
        Aim::Membership => {
            Some(id("id", "The id of a membership.", schemas.request::<MembershipId>()))
        }
        Aim::Invitation => {
            Some(id("id", "The id of an invitation.", schemas.request::<InvitationId>()))
        }
        Aim::Client | Aim::ClientSecret | Aim::ClientRestriction => {
            Some(id("id", "The id of a client.", schemas.request::<ClientId>()))
        }
    };
    let part = match aim {
        Aim::LoginEmail => {
            let schema = schemas.request::<LoginEmailId>();
            Some(id("emailId", "The id of an address of this user.", schema))
        }
        Aim::ClientSecret => {
            let schema = schemas.request::<SecretId>();
            Some(id("secretId", "The id of a secret of this client.", schema))
        }
        Aim::ClientRestriction => {
            let schema = schemas.request::<RestrictionId>();
            Some(id("restrictionId", "The id of a restriction of this client.", schema))
        }
        Aim::Service
        | Aim::User
        | Aim::Session
        | Aim::Organization
        | Aim::Membership
        | Aim::Invitation
        | Aim::Client => None,
    };
    named.into_iter().chain(part)
}
