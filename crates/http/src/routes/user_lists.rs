use durward_core::{Action, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::edge::Credentials;
use crate::error::Fault;
use crate::operation::{BodyUse, Operation, Parameter, SessionUse, Success};
use crate::paging::ListView;
use crate::schemas::Schemas;
use crate::user_lists;
use crate::users::UserView;

/// Who there is.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    vec![Route {
        verb: Verb::Get,
        path: "/v1/users",
        action: Action::ListUsers,
        aim: Aim::Service,
        credentials: Credentials::Checked,
        budget: None,
        endpoint: endpoint(user_lists::index),
        operation: Operation {
            id: "listUsers",
            tag: "Administration",
            summary: "Search the users",
            description: "For administrators. All filters that are given must fit. The youngest account comes first; \
                              with `q` the order is that of the names and addresses that begin so, and a user who is \
                              found by several comes once, by the first.",
            session: SessionUse::Required,
            fields: &[
                Parameter::Begin,
                Parameter::Email,
                Parameter::Status,
                Parameter::CreatedAfter,
                Parameter::Limit,
                Parameter::Cursor,
            ],
            body: BodyUse::None,
            answers: vec![Success::new(
                200,
                "A part of the users.",
                Schemas::answer::<ListView<UserView<'static, S::Attrs>>>,
            )],
            faults: &[Fault::Flow(Kind::Forbidden)],
        },
    }]
}
