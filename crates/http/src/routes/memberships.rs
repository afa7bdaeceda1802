use durward_core::{Action, Attrs, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::edge::Credentials;
use crate::error::Fault;
use crate::memberships::{self, MembershipView};
use crate::operation::{BodyUse, Operation, Parameter, SessionUse, Success};
use crate::paging::ListView;
use crate::schemas::Schemas;

type Role<S> = <<S as Store>::Attrs as Attrs>::OrganizationRole;

/// What can go wrong when a membership is changed.
const FAULTS: &[Fault] = &[
    Fault::Flow(Kind::Forbidden),
    Fault::Flow(Kind::Last),
    Fault::Flow(Kind::Vetoed),
    Fault::Flow(Kind::Busy),
];

/// What is done with memberships.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    let mut routes = lists();
    routes.extend(one_by_one());
    routes
}

fn lists<S: Store>() -> Vec<Route<S>> {
    let part = || {
        let schema = Schemas::answer::<ListView<MembershipView<'static, S::Attrs>>>;
        vec![Success::new(200, "A part of the memberships.", schema)]
    };
    vec![
        Route {
            verb: Verb::Get,
            path: "/v1/organizations/{id}/memberships",
            action: Action::ReadMembers,
            aim: Aim::Organization,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(memberships::index),
            operation: Operation {
                id: "listMembers",
                tag: "Memberships",
                summary: "See the members of an organization",
                description: "For its members, the newest first.",
                session: SessionUse::Required,
                fields: &[Parameter::Limit, Parameter::Cursor],
                body: BodyUse::None,
                answers: part(),
                faults: &[Fault::Flow(Kind::Forbidden)],
            },
        },
        Route {
            verb: Verb::Get,
            path: "/v1/users/{id}/memberships",
            action: Action::ReadUser,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(memberships::of_user),
            operation: Operation {
                id: "listMemberships",
                tag: "Memberships",
                summary: "See the organizations of a user",
                description: "A user sees his own, an administrator everybody's; the newest organization first.",
                session: SessionUse::Required,
                fields: &[Parameter::Limit, Parameter::Cursor],
                body: BodyUse::None,
                answers: part(),
                faults: &[],
            },
        },
    ]
}

fn one_by_one<S: Store>() -> Vec<Route<S>> {
    let present = || {
        let schema = Schemas::answer::<MembershipView<'static, S::Attrs>>;
        vec![Success::new(200, "The membership as it is now.", schema).tagged()]
    };
    vec![
        Route {
            verb: Verb::Get,
            path: "/v1/memberships/{id}",
            action: Action::ReadMembers,
            aim: Aim::Membership,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(memberships::show),
            operation: Operation {
                id: "showMembership",
                tag: "Memberships",
                summary: "Get a membership",
                description: "For members of the same organization.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: present(),
                faults: &[Fault::Flow(Kind::Forbidden)],
            },
        },
        Route {
            verb: Verb::Patch,
            path: "/v1/memberships/{id}",
            action: Action::UpdateMember,
            aim: Aim::Membership,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(memberships::update),
            operation: Operation {
                id: "updateMembership",
                tag: "Memberships",
                summary: "Give a member another role",
                description: "For members who may manage. Nobody changes his own role, and nobody gives or takes more \
                              than he holds himself. An organization always has an owner.",
                session: SessionUse::Required,
                fields: &[Parameter::IfMatch],
                body: BodyUse::Required(Schemas::request::<memberships::ChangeShape<Role<S>>>),
                answers: present(),
                faults: FAULTS,
            },
        },
        Route {
            verb: Verb::Delete,
            path: "/v1/memberships/{id}",
            action: Action::RemoveMember,
            aim: Aim::Membership,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(memberships::delete),
            operation: Operation {
                id: "deleteMembership",
                tag: "Memberships",
                summary: "Remove a member, or leave",
                description: "For members who may manage, and for the member himself. Nobody removes somebody who \
                              holds more than he does. The last owner stays.",
                session: SessionUse::Required,
                fields: &[Parameter::IfMatch],
                body: BodyUse::None,
                answers: vec![Success::empty(204, "The user is no member any more.")],
                faults: FAULTS,
            },
        },
    ]
}
