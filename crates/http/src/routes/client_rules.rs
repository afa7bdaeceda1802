use durward_core::{Action, Attrs, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::client_rules::{self, RestrictionView, RolesView};
use crate::edge::Credentials;
use crate::error::Fault;
use crate::operation::{BodyUse, Operation, Parameter, SchemaOf, SessionUse, Success};
use crate::paging::ListView;
use crate::roles::RolesShape;
use crate::schemas::Schemas;

type Role<S> = <<S as Store>::Attrs as Attrs>::ClientRole;

/// What can go wrong when a client is changed.
const WRITES: &[Fault] =
    &[Fault::Flow(Kind::Invalid), Fault::Flow(Kind::Vetoed), Fault::Flow(Kind::Busy)];

/// What restricts clients, and what they may do.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    let mut routes = restrictions();
    routes.extend(roles());
    routes
}

fn restrictions<S: Store>() -> Vec<Route<S>> {
    let schema: SchemaOf = Schemas::answer::<ListView<RestrictionView<'static>>>;
    vec![
        Route {
            verb: Verb::Get,
            path: "/v1/clients/{id}/access-restrictions",
            action: Action::ReadClient,
            aim: Aim::Client,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(client_rules::index),
            operation: Operation {
                id: "listRestrictions",
                tag: "Clients",
                summary: "List the access restrictions of a client",
                description: "Kinds are combined with AND, values of one kind with OR.",
                session: SessionUse::Required,
                fields: &[Parameter::Limit, Parameter::Cursor],
                body: BodyUse::None,
                answers: vec![Success::new(200, "A part of them, the oldest first.", schema)],
                faults: &[],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/clients/{id}/access-restrictions",
            action: Action::UpdateClient,
            aim: Aim::Client,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(client_rules::restrict),
            operation: Operation {
                id: "restrictClient",
                tag: "Clients",
                summary: "Restrict the requests of a client",
                description: "`ip` is an address or a range, `host` the origin of a web page as browsers send it, `api` a path and what is below it. Values are kept in their canonical form. At most a hundred.",
                session: SessionUse::Required,
                fields: &[Parameter::IdempotencyKey],
                body: BodyUse::Required(Schemas::request::<client_rules::NewShape>),
                answers: vec![Success::new(201, "All of them, as they are now.", schema)],
                faults: WRITES,
            },
        },
        Route {
            verb: Verb::Delete,
            path: "/v1/clients/{id}/access-restrictions",
            action: Action::UpdateClient,
            aim: Aim::Client,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(client_rules::lift_all),
            operation: Operation {
                id: "liftRestrictions",
                tag: "Clients",
                summary: "Take restrictions from a client",
                description: "All of these, or none.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<client_rules::IdsShape>),
                answers: vec![Success::empty(204, "They are gone.")],
                faults: WRITES,
            },
        },
        Route {
            verb: Verb::Delete,
            path: "/v1/clients/{id}/access-restrictions/{restrictionId}",
            action: Action::UpdateClient,
            aim: Aim::ClientRestriction,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(client_rules::lift_one),
            operation: Operation {
                id: "liftRestriction",
                tag: "Clients",
                summary: "Take a restriction from a client",
                description: "The others stay.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: vec![Success::empty(204, "It is gone.")],
                faults: WRITES,
            },
        },
    ]
}

fn roles<S: Store>() -> Vec<Route<S>> {
    let present = || {
        let schema = Schemas::answer::<RolesView<'static, S::Attrs>>;
        vec![Success::new(200, "The roles as they are now.", schema)]
    };
    vec![
        Route {
            verb: Verb::Get,
            path: "/v1/clients/{id}/roles",
            action: Action::ReadClient,
            aim: Aim::Client,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(client_rules::roles),
            operation: Operation {
                id: "showClientRoles",
                tag: "Clients",
                summary: "Get the roles of a client",
                description: "They count once it has proven its secret.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: present(),
                faults: &[],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/clients/{id}/roles",
            action: Action::ChangeClientRoles,
            aim: Aim::Client,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(client_rules::grant),
            operation: Operation {
                id: "grantClientRoles",
                tag: "Clients",
                summary: "Give a client more roles",
                description: "For administrators. A personal key has none but those of its owner.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<RolesShape<Role<S>>>),
                answers: present(),
                faults: WRITES,
            },
        },
        Route {
            verb: Verb::Delete,
            path: "/v1/clients/{id}/roles",
            action: Action::ChangeClientRoles,
            aim: Aim::Client,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(client_rules::revoke),
            operation: Operation {
                id: "revokeClientRoles",
                tag: "Clients",
                summary: "Take roles from a client",
                description: "For administrators.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<RolesShape<Role<S>>>),
                answers: present(),
                faults: WRITES,
            },
        },
    ]
}
