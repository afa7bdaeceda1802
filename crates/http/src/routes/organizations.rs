use durward_core::{Action, Attrs, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::audit::{self, AuditEventView};
use crate::edge::{Budget, Credentials};
use crate::error::Fault;
use crate::memberships::MembershipView;
use crate::operation::{BodyUse, Operation, Parameter, SessionUse, Success};
use crate::organization_lists::{self, ListedView};
use crate::organizations::{self, OrganizationView, OwnView};
use crate::owners;
use crate::paging::ListView;
use crate::schemas::Schemas;

type Attributes<S> = <<S as Store>::Attrs as Attrs>::Organization;

/// What can go wrong when an organization is changed.
const FAULTS: &[Fault] =
    &[Fault::Flow(Kind::Forbidden), Fault::Flow(Kind::Vetoed), Fault::Flow(Kind::Busy)];

/// The same where some changes need a login of a moment ago.
const STEP_UP: &[Fault] = &[
    Fault::Flow(Kind::StepUp),
    Fault::Flow(Kind::Forbidden),
    Fault::Flow(Kind::Vetoed),
    Fault::Flow(Kind::Busy),
];

/// The same for what may be refused although nothing is sent.
const INVALID: &[Fault] = &[
    Fault::Flow(Kind::Forbidden),
    Fault::Flow(Kind::Invalid),
    Fault::Flow(Kind::Vetoed),
    Fault::Flow(Kind::Busy),
];

/// What is done with organizations.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    let mut routes = seen_and_changed();
    routes.extend(kept_and_given_away());
    routes
}

fn present<S: Store>() -> Vec<Success> {
    let schema = Schemas::answer::<OrganizationView<'static, S::Attrs>>;
    vec![Success::new(200, "The organization as it is now.", schema).tagged()]
}

#[expect(clippy::too_many_lines, reason = "a table is read row by row")]
fn seen_and_changed<S: Store>() -> Vec<Route<S>> {
    vec![
        Route {
            verb: Verb::Get,
            path: "/v1/organizations",
            action: Action::ListOrganizations,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(organization_lists::index),
            operation: Operation {
                id: "listOrganizations",
                tag: "Organizations",
                summary: "See one's organizations, or search all",
                description: "Those that the caller is a member of, archived ones too, the newest first. Administrators \
                              list all with `scope=all`; with `q` the order is that of the names that begin so.",
                session: SessionUse::Required,
                fields: &[
                    Parameter::Scope,
                    Parameter::NameBegin,
                    Parameter::Archived,
                    Parameter::Limit,
                    Parameter::Cursor,
                ],
                body: BodyUse::None,
                answers: vec![Success::new(
                    200,
                    "A part of the organizations.",
                    Schemas::answer::<ListView<ListedView<'static, S::Attrs>>>,
                )],
                faults: &[Fault::Flow(Kind::Forbidden)],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/organizations",
            action: Action::CreateOrganization,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: Some(Budget::Requests),
            endpoint: endpoint(organizations::create),
            operation: Operation {
                id: "createOrganization",
                tag: "Organizations",
                summary: "Make an organization",
                description: "The caller becomes its owner. What it asks of its members by `authentication` the session of \
                              the caller must have proven.",
                session: SessionUse::Required,
                fields: &[Parameter::IdempotencyKey],
                body: BodyUse::Required(Schemas::request::<organizations::NewShape<Attributes<S>>>),
                answers: vec![Success::new(
                    201,
                    "The organization, with the membership of the caller.",
                    Schemas::answer::<OwnView<'static, S::Attrs>>,
                )],
                faults: &[
                    Fault::Flow(Kind::InsufficientAuthentication),
                    Fault::Flow(Kind::Vetoed),
                    Fault::Flow(Kind::Busy),
                ],
            },
        },
        Route {
            verb: Verb::Get,
            path: "/v1/organizations/{id}",
            action: Action::ReadOrganization,
            aim: Aim::Organization,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(organizations::show),
            operation: Operation {
                id: "showOrganization",
                tag: "Organizations",
                summary: "Get an organization",
                description: "For its members. To anybody else it looks like one that is not there.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: present::<S>(),
                faults: &[],
            },
        },
        Route {
            verb: Verb::Patch,
            path: "/v1/organizations/{id}",
            action: Action::UpdateOrganization,
            aim: Aim::Organization,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(organizations::update),
            operation: Operation {
                id: "updateOrganization",
                tag: "Organizations",
                summary: "Change an organization",
                description: "For members who may edit. Changes what is sent and leaves the rest. `attributes` are \
                              replaced as a whole. Whoever manages members sends another `authentication`, which needs \
                              a login of a moment ago that has proven it.",
                session: SessionUse::Required,
                fields: &[Parameter::IfMatch],
                body: BodyUse::Required(
                    Schemas::request::<organizations::ChangeShape<Attributes<S>>>,
                ),
                answers: present::<S>(),
                faults: STEP_UP,
            },
        },
        Route {
            verb: Verb::Get,
            path: "/v1/organizations/{id}/audit-events",
            action: Action::ReadOrganizationAudit,
            aim: Aim::Organization,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(audit::of_organization),
            operation: Operation {
                id: "listOrganizationAuditEvents",
                tag: "Audit",
                summary: "See what happened in an organization",
                description: "For members who may manage, the newest first. All filters that are given must fit.",
                session: SessionUse::Required,
                fields: &[
                    Parameter::Subject,
                    Parameter::Actor,
                    Parameter::Client,
                    Parameter::Event,
                    Parameter::From,
                    Parameter::To,
                    Parameter::Limit,
                    Parameter::Cursor,
                ],
                body: BodyUse::None,
                answers: vec![Success::new(
                    200,
                    "A part of the events.",
                    Schemas::answer::<ListView<AuditEventView<'static>>>,
                )],
                faults: &[Fault::Flow(Kind::Forbidden)],
            },
        },
    ]
}

fn kept_and_given_away<S: Store>() -> Vec<Route<S>> {
    vec![
        Route {
            verb: Verb::Delete,
            path: "/v1/organizations/{id}",
            action: Action::ArchiveOrganization,
            aim: Aim::Organization,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(organizations::archive),
            operation: Operation {
                id: "archiveOrganization",
                tag: "Organizations",
                summary: "Archive an organization",
                description: "For members who may delete, and administrators. Its clients and memberships give no \
                              rights from then on; nothing is lost, and it can be restored.",
                session: SessionUse::Required,
                fields: &[Parameter::IfMatch],
                body: BodyUse::None,
                answers: vec![Success::empty(204, "The organization is archived.")],
                faults: FAULTS,
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/organizations/{id}/restore",
            action: Action::ArchiveOrganization,
            aim: Aim::Organization,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(organizations::restore),
            operation: Operation {
                id: "restoreOrganization",
                tag: "Organizations",
                summary: "Restore an organization",
                description: "Takes its archival back; everything in it is as it was. Somebody with an active account must \
                              own it.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: present::<S>(),
                faults: INVALID,
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/organizations/{id}/transfer",
            action: Action::TransferOrganization,
            aim: Aim::Organization,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(owners::transfer),
            operation: Operation {
                id: "transferOrganization",
                tag: "Organizations",
                summary: "Give an organization to another member",
                description: "For an owner: he and the other member swap their roles.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<owners::TransferShape>),
                answers: vec![Success::new(
                    200,
                    "The membership of the new owner.",
                    Schemas::answer::<MembershipView<'static, S::Attrs>>,
                )],
                faults: FAULTS,
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/organizations/{id}/owner",
            action: Action::AppointOwner,
            aim: Aim::Organization,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(owners::appoint),
            operation: Operation {
                id: "appointOwner",
                tag: "Administration",
                summary: "Give an organization that nobody owns an owner",
                description: "For administrators, where nobody with an active account owns it any more, archived or not. \
                              Former owners stay what they are.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<owners::AppointmentShape>),
                answers: vec![Success::new(
                    200,
                    "The membership of the owner.",
                    Schemas::answer::<MembershipView<'static, S::Attrs>>,
                )],
                faults: FAULTS,
            },
        },
    ]
}
