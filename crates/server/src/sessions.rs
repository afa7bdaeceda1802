//! `durward session ...`: who is logged in, for whoever runs the deployment.

use anyhow::anyhow;
use durward::http::views;
use durward::store::SessionQuery;
use durward::{Accounts, ClientId, EndReason, Error, Origin, Plain, SessionId, Store, unit};
use serde_json::{Value, json};

use crate::cli::{self, EndSession, ListSessions};
use crate::desk::{self, Asked, Flags, Told, Work, columns, plain_advice};
use crate::failure::Failure;
use crate::output::Output;
use crate::users::{Whom, found, whom};

enum Order {
    List { asked: Asked, user: Option<Whom>, client: Option<ClientId> },
    End(SessionId),
}

/// Lists the live sessions.
pub(crate) async fn list(
    command: &ListSessions,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let ListSessions { place, user, client, part } = command;
    desk::run(place, common, output, |config| {
        let mut flags = Flags::default();
        let by = flags.id("--client", client.as_deref(), "the id of a client, cli_...");
        flags.finish()?;
        let asked = Asked::of("sessions", &[user.as_deref(), client.as_deref()], part);
        let user = user.as_deref().map(|user| whom("--user", user, config)).transpose()?;
        Ok(Order::List { asked, user, client: by })
    })
    .await
}

/// Ends a session.
pub(crate) async fn end(
    command: &EndSession,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let EndSession { place, session } = command;
    desk::run(place, common, output, |_| {
        desk::id("SESSION", session, "the id of a session, ses_...").map(Order::End)
    })
    .await
}

impl Work for Order {
    async fn on<S: Store<Attrs = Plain>>(self, accounts: &Accounts<S>) -> Told {
        match self {
            Self::List { asked, user, client } => {
                let user = match &user {
                    Some(whom) => Some(found(accounts, whom).await?),
                    None => None,
                };
                let query = SessionQuery { user, client, from: None };
                let part = async |slice| accounts.list_sessions(&query, slice).await;
                asked.told(accounts, part, ("sessions", |it| json!(views::session(it)), line)).await
            }
            Self::End(id) => {
                let user = accounts.session(id).await?.user;
                let origin = Origin::operator();
                unit!(accounts, |tx| {
                    accounts.end_session(tx, id, user, EndReason::Revoked, &origin).await
                })?;
                let text = format!("The session of {user} is over.\n");
                Ok((json!({ "ok": true, "sessionId": id, "userId": user }), text))
            }
        }
    }

    fn advised(error: Error) -> Failure {
        let text = if let Error::NotFound("session") = error {
            "there is no such session; find it by `durward session list --user USER`"
        } else if let Error::NotFound(_) = error {
            "there is no such user, or nobody has proven that address; find him by `durward user list --search`"
        } else {
            return plain_advice(error);
        };
        anyhow!(text).into()
    }
}

/// A session on a line.
fn line(shown: &Value) -> String {
    columns(shown, &["id", "userId", "createdAt", "ip", "clientId", "device"])
}
