use durward_core::{Action, Attrs, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::edge::{Budget, Credentials};
use crate::error::Fault;
use crate::invitations::{self, InvitationView};
use crate::memberships::MembershipView;
use crate::operation::{BodyUse, Operation, Parameter, SessionUse, Success};
use crate::paging::ListView;
use crate::schemas::Schemas;

type Role<S> = <<S as Store>::Attrs as Attrs>::OrganizationRole;

/// What can go wrong when somebody is invited.
const FAULTS: &[Fault] =
    &[Fault::Flow(Kind::Forbidden), Fault::Flow(Kind::Vetoed), Fault::Flow(Kind::Busy)];

/// What is done with invitations.
#[expect(clippy::too_many_lines, reason = "a table is read row by row")]
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    vec![
        Route {
            verb: Verb::Get,
            path: "/v1/organizations/{id}/invitations",
            action: Action::Invite,
            aim: Aim::Organization,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(invitations::index),
            operation: Operation {
                id: "listInvitations",
                tag: "Invitations",
                summary: "See the open invitations of an organization",
                description: "For members who may manage, the newest first.",
                session: SessionUse::Required,
                fields: &[Parameter::Limit, Parameter::Cursor],
                body: BodyUse::None,
                answers: vec![Success::new(
                    200,
                    "A part of the invitations.",
                    Schemas::answer::<ListView<InvitationView<'static, S::Attrs>>>,
                )],
                faults: &[Fault::Flow(Kind::Forbidden)],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/organizations/{id}/invitations",
            action: Action::Invite,
            aim: Aim::Organization,
            credentials: Credentials::Checked,
            budget: Some(Budget::Requests),
            endpoint: endpoint(invitations::create),
            operation: Operation {
                id: "invite",
                tag: "Invitations",
                summary: "Invite somebody into an organization",
                description: "For members who may manage. Mails a link, and does not tell whether the address has an \
                              account. An earlier invitation to the same address dies, and so does one whose sender \
                              could not send it any more.",
                session: SessionUse::Required,
                fields: &[Parameter::IdempotencyKey],
                body: BodyUse::Required(Schemas::request::<invitations::NewShape<Role<S>>>),
                answers: vec![Success::new(
                    201,
                    "The invitation.",
                    Schemas::answer::<InvitationView<'static, S::Attrs>>,
                )],
                faults: FAULTS,
            },
        },
        Route {
            verb: Verb::Delete,
            path: "/v1/invitations/{id}",
            action: Action::Invite,
            aim: Aim::Invitation,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(invitations::revoke),
            operation: Operation {
                id: "revokeInvitation",
                tag: "Invitations",
                summary: "Take an invitation back",
                description: "For members who may manage, and hold at least the role that waits. One that is over stays over: \
                              the answer is the same.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: vec![Success::empty(204, "The invitation is worth nothing any more.")],
                faults: FAULTS,
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/invitations/accept",
            action: Action::AcceptInvitation,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(invitations::accept),
            operation: Operation {
                id: "acceptInvitation",
                tag: "Invitations",
                summary: "Accept an invitation",
                description: "For a user who has proven the address that was invited. Whoever has no account yet \
                              signs up with the code as `invitation`.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<invitations::AcceptShape>),
                answers: vec![Success::new(
                    200,
                    "The membership.",
                    Schemas::answer::<MembershipView<'static, S::Attrs>>,
                )],
                faults: &[
                    Fault::Flow(Kind::OtherInvited),
                    Fault::Flow(Kind::Vetoed),
                    Fault::Flow(Kind::Busy),
                ],
            },
        },
    ]
}
