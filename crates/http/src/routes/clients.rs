use durward_core::{Action, Attrs, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::client_lists;
use crate::client_secrets;
use crate::client_views::{ChangeShape, ClientView, MadeView, NewShape, PersonalShape};
use crate::clients;
use crate::edge::Credentials;
use crate::error::Fault;
use crate::operation::{BodyUse, Operation, Parameter, SessionUse, Success};
use crate::paging::ListView;
use crate::schemas::Schemas;

type ClientAttrs<S> = <<S as Store>::Attrs as Attrs>::Client;

/// What can go wrong when a client is made or changed.
const WRITES: &[Fault] =
    &[Fault::Flow(Kind::Invalid), Fault::Flow(Kind::Vetoed), Fault::Flow(Kind::Busy)];

/// Clients, and their secrets.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    let mut routes = listed();
    routes.extend(owned());
    routes.extend(each());
    routes
}

/// The clients of everybody.
fn listed<S: Store>() -> Vec<Route<S>> {
    vec![Route {
        verb: Verb::Get,
        path: "/v1/clients",
        action: Action::ListClients,
        aim: Aim::Service,
        credentials: Credentials::Checked,
        budget: None,
        endpoint: endpoint(client_lists::index),
        operation: Operation {
            id: "listAllClients",
            tag: "Administration",
            summary: "List the clients of everybody",
            description: "For administrators. All filters that are given must fit. The newest comes first; with `q` the \
                          order is that of the names that begin so.",
            session: SessionUse::Required,
            fields: &[
                Parameter::NameBegin,
                Parameter::Organization,
                Parameter::User,
                Parameter::ClientRole,
                Parameter::Enabled,
                Parameter::Limit,
                Parameter::Cursor,
            ],
            body: BodyUse::None,
            answers: vec![Success::new(
                200,
                "A part of the list.",
                Schemas::answer::<ListView<ClientView<'static, S::Attrs>>>,
            )],
            faults: &[Fault::Flow(Kind::Forbidden)],
        },
    }]
}

/// The clients of an owner.
fn owned<S: Store>() -> Vec<Route<S>> {
    vec![
        Route {
            verb: Verb::Get,
            path: "/v1/organizations/{id}/clients",
            action: Action::ReadClients,
            aim: Aim::Organization,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(clients::index),
            operation: Operation {
                id: "listClients",
                tag: "Clients",
                summary: "List the clients of an organization",
                description: "For members, and those who may read everything. The newest first.",
                session: SessionUse::Required,
                fields: &[Parameter::Limit, Parameter::Cursor],
                body: BodyUse::None,
                answers: vec![Success::new(
                    200,
                    "A part of the list.",
                    Schemas::answer::<ListView<ClientView<'static, S::Attrs>>>,
                )],
                faults: &[],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/organizations/{id}/clients",
            action: Action::CreateClient,
            aim: Aim::Organization,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(clients::create),
            operation: Operation {
                id: "createClient",
                tag: "Clients",
                summary: "Make a client of an organization",
                description: "A client is known by its secret key, which is shown this once; a public one by its id alone, and then has no rights. For members who may edit, and logged in a moment ago.",
                session: SessionUse::Required,
                fields: &[Parameter::IdempotencyKey],
                body: BodyUse::Required(Schemas::request::<NewShape<ClientAttrs<S>>>),
                answers: vec![Success::new(
                    201,
                    "The client, with the only showing of its secret.",
                    Schemas::answer::<MadeView<'static, S::Attrs>>,
                )],
                faults: WRITES,
            },
        },
        Route {
            verb: Verb::Get,
            path: "/v1/users/{id}/clients",
            action: Action::ReadClients,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(clients::index),
            operation: Operation {
                id: "listPersonalKeys",
                tag: "Clients",
                summary: "List the personal keys of a user",
                description: "The newest first.",
                session: SessionUse::Required,
                fields: &[Parameter::Limit, Parameter::Cursor],
                body: BodyUse::None,
                answers: vec![Success::new(
                    200,
                    "A part of the list.",
                    Schemas::answer::<ListView<ClientView<'static, S::Attrs>>>,
                )],
                faults: &[],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/users/{id}/clients",
            action: Action::CreateClient,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(clients::create),
            operation: Operation {
                id: "createPersonalKey",
                tag: "Clients",
                summary: "Make a personal key",
                description: "A client of a user's own, with at most his rights at the moment of use. It makes no keys, changes nothing that the account is proven by, and never counts as a login of a moment ago. The secret is shown this once. For whoever logged in a moment ago.",
                session: SessionUse::Required,
                fields: &[Parameter::IdempotencyKey],
                body: BodyUse::Required(Schemas::request::<PersonalShape<ClientAttrs<S>>>),
                answers: vec![Success::new(
                    201,
                    "The client, with the only showing of its secret.",
                    Schemas::answer::<MadeView<'static, S::Attrs>>,
                )],
                faults: WRITES,
            },
        },
    ]
}

/// One client.
#[expect(clippy::too_many_lines, reason = "a table is read row by row")]
fn each<S: Store>() -> Vec<Route<S>> {
    let client = || {
        let schema = Schemas::answer::<ClientView<'static, S::Attrs>>;
        vec![Success::new(200, "The client as it is now.", schema).tagged()]
    };
    vec![
        Route {
            verb: Verb::Get,
            path: "/v1/clients/{id}",
            action: Action::ReadClient,
            aim: Aim::Client,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(clients::show),
            operation: Operation {
                id: "showClient",
                tag: "Clients",
                summary: "Get a client",
                description: "For members of its organization or its owner, and those who may read everything.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: client(),
                faults: &[],
            },
        },
        Route {
            verb: Verb::Patch,
            path: "/v1/clients/{id}",
            action: Action::UpdateClient,
            aim: Aim::Client,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(clients::update),
            operation: Operation {
                id: "updateClient",
                tag: "Clients",
                summary: "Change a client",
                description: "What is disabled is refused at once. For members who may edit, or its owner.",
                session: SessionUse::Required,
                fields: &[Parameter::IfMatch],
                body: BodyUse::Required(Schemas::request::<ChangeShape<ClientAttrs<S>>>),
                answers: client(),
                faults: WRITES,
            },
        },
        Route {
            verb: Verb::Delete,
            path: "/v1/clients/{id}",
            action: Action::RevokeClient,
            aim: Aim::Client,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(clients::delete),
            operation: Operation {
                id: "deleteClient",
                tag: "Clients",
                summary: "Delete a client",
                description: "Its secrets, and the sessions that were issued through it, are refused at once. For members who may edit, its owner, and administrators.",
                session: SessionUse::Required,
                fields: &[Parameter::IfMatch],
                body: BodyUse::None,
                answers: vec![Success::empty(204, "The client is gone.")],
                faults: WRITES,
            },
        },
        Route {
            verb: Verb::Get,
            path: "/v1/clients/{id}/secrets",
            action: Action::ReadClient,
            aim: Aim::Client,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(client_secrets::index),
            operation: Operation {
                id: "listSecrets",
                tag: "Clients",
                summary: "List the live secrets of a client",
                description: "The oldest first, without the secrets themselves.",
                session: SessionUse::Required,
                fields: &[Parameter::Limit, Parameter::Cursor],
                body: BodyUse::None,
                answers: vec![Success::new(
                    200,
                    "All of them.",
                    Schemas::answer::<ListView<client_secrets::SecretView>>,
                )],
                faults: &[],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/clients/{id}/secrets",
            action: Action::AddSecret,
            aim: Aim::Client,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(client_secrets::create),
            operation: Operation {
                id: "addSecret",
                tag: "Clients",
                summary: "Give a client a further secret",
                description: "At most two live at once, so that one takes over from the other without a refused request. `expireOthersIn` ends the others after so many seconds. The secret is shown this once. For members who may edit, or the owner of a personal key, and logged in a moment ago.",
                session: SessionUse::Required,
                fields: &[Parameter::IdempotencyKey],
                body: BodyUse::Optional(Schemas::request::<client_secrets::RotationShape>),
                answers: vec![Success::new(
                    201,
                    "The only showing of the secret.",
                    Schemas::answer::<client_secrets::MadeView<'static>>,
                )],
                faults: WRITES,
            },
        },
        Route {
            verb: Verb::Delete,
            path: "/v1/clients/{id}/secrets/{secretId}",
            action: Action::RevokeClient,
            aim: Aim::ClientSecret,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(client_secrets::revoke),
            operation: Operation {
                id: "revokeSecret",
                tag: "Clients",
                summary: "Revoke a secret of a client",
                description: "It is refused at once, on every node.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: vec![Success::empty(204, "The secret is revoked.")],
                faults: WRITES,
            },
        },
    ]
}
