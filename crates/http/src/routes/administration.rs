use durward_core::{Action, Attrs, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::edge::{Budget, Credentials};
use crate::error::Fault;
use crate::export::{self, ExportShape};
use crate::life_cycle;
use crate::operation::{BodyUse, Operation, Parameter, SessionUse, Success};
use crate::roles::{self, RolesShape, RolesView};
use crate::schemas::Schemas;
use crate::users::UserView;

type Role<S> = <<S as Store>::Attrs as Attrs>::UserRole;

/// What can go wrong when a user is shut, opened, deleted or restored.
const FAULTS: &[Fault] = &[
    Fault::Flow(Kind::Forbidden),
    Fault::Flow(Kind::Last),
    Fault::Flow(Kind::Deleted),
    Fault::Flow(Kind::Vetoed),
    Fault::Flow(Kind::Busy),
];

/// What administrators do with users, and what becomes of an account.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    let mut routes = life_cycle();
    routes.extend(roles());
    routes
}

#[expect(clippy::too_many_lines, reason = "a table is read row by row")]
fn life_cycle<S: Store>() -> Vec<Route<S>> {
    let user = || {
        let schema = Schemas::answer::<UserView<'static, S::Attrs>>;
        vec![Success::new(200, "The user as he is now.", schema).tagged()]
    };
    vec![
        Route {
            verb: Verb::Delete,
            path: "/v1/users/{id}",
            action: Action::DeleteUser,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: Some(Budget::Mails),
            endpoint: endpoint(life_cycle::delete),
            operation: Operation {
                id: "deleteUser",
                tag: "Users",
                summary: "Delete a user",
                description: "Sessions, refresh tokens and codes die at once; the addresses stay reserved. Until \
                              the grace of the deployment is over (14 days, unless it says otherwise) the account \
                              can be restored; then everything personal is erased.",
                session: SessionUse::Required,
                fields: &[Parameter::IfMatch],
                body: BodyUse::None,
                answers: vec![Success::empty(204, "The user is deleted, and can be restored.")],
                faults: FAULTS,
            },
        },
        Route {
            verb: Verb::Get,
            path: "/v1/users/{id}/export",
            action: Action::ExportUser,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(export::show),
            operation: Operation {
                id: "exportUser",
                tag: "Users",
                summary: "Get everything that is held about a user",
                description: "One document, without passwords, tokens or codes. It is sent bit by bit; an answer that \
                              breaks off is none.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: vec![Success::new(
                    200,
                    "Everything.",
                    Schemas::answer::<ExportShape<'static, S::Attrs>>,
                )],
                faults: &[Fault::Flow(Kind::Vetoed), Fault::Flow(Kind::Busy)],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/users/restore",
            action: Action::Authenticate,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: Some(Budget::Failures),
            endpoint: endpoint(life_cycle::restore_by_link),
            operation: Operation {
                id: "restoreByLink",
                tag: "Users",
                summary: "Take one's own deletion back",
                description: "With the code of the link in the mail about the deletion, which works until the account \
                              is erased. It does not log in.",
                session: SessionUse::None,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<life_cycle::RestoreShape>),
                answers: vec![Success::empty(204, "The account can be used again.")],
                faults: &[Fault::Flow(Kind::Vetoed)],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/users/{id}/ban",
            action: Action::BanUser,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(life_cycle::ban),
            operation: Operation {
                id: "banUser",
                tag: "Administration",
                summary: "Shut an account",
                description: "For administrators, and never their own. Sessions, refresh tokens and codes die with \
                              it. One that is shut already stays so.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: user(),
                faults: FAULTS,
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/users/{id}/unban",
            action: Action::BanUser,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(life_cycle::unban),
            operation: Operation {
                id: "unbanUser",
                tag: "Administration",
                summary: "Open an account again",
                description: "For administrators. What died when it was shut stays dead: its user logs in anew.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: user(),
                faults: FAULTS,
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/users/{id}/restore",
            action: Action::BanUser,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(life_cycle::restore),
            operation: Operation {
                id: "restoreUser",
                tag: "Administration",
                summary: "Take a deletion back",
                description: "For administrators; the owner follows the link in the mail about the deletion. When \
                              the grace is over there is no such user any more.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: user(),
                faults: FAULTS,
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
            path: "/v1/users/{id}/roles",
            action: Action::ReadUser,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(roles::show),
            operation: Operation {
                id: "showRoles",
                tag: "Administration",
                summary: "Get the roles of a user",
                description: "A user sees his own, an administrator everybody's.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: present(),
                faults: &[],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/users/{id}/roles",
            action: Action::ChangeRoles,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(roles::grant),
            operation: Operation {
                id: "grantRoles",
                tag: "Administration",
                summary: "Give a user more roles",
                description: "For administrators, and never to themselves. Whoever may do more than before logs in \
                              anew: his sessions end.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<RolesShape<Role<S>>>),
                answers: present(),
                faults: FAULTS,
            },
        },
        Route {
            verb: Verb::Delete,
            path: "/v1/users/{id}/roles",
            action: Action::ChangeRoles,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(roles::revoke),
            operation: Operation {
                id: "revokeRoles",
                tag: "Administration",
                summary: "Take roles from a user",
                description: "For administrators, and never from themselves. His sessions end. The last \
                              administrator stays one.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<RolesShape<Role<S>>>),
                answers: present(),
                faults: FAULTS,
            },
        },
    ]
}
