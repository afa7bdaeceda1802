//! `durward audit list`: what happened, for whoever runs the deployment.

use durward::http::views;
use durward::store::AuditQuery;
use durward::{Accounts, AuditId, Error, Plain, Store, Timestamp};
use serde_json::{Value, json};

use crate::cli::{self, ListAudit};
use crate::desk::{self, Asked, Flags, Told, Work, columns, plain_advice};
use crate::failure::Failure;
use crate::output::Output;

struct Order {
    asked: Asked,
    query: AuditQuery,
}

/// Lists entries of the log, the newest first.
pub(crate) async fn list(
    command: &ListAudit,
    common: &cli::Common,
    output: Output,
) -> Result<(), Failure> {
    let ListAudit { place, subject, actor, client, organization, event, from, to, part } = command;
    desk::run(place, common, output, |_| {
        let mut flags = Flags::default();
        let user = "the id of a user, usr_...";
        let moment = |text: &str| {
            let wrong = |_no_time| String::from("must be a time, such as 2026-01-31T00:00:00Z");
            text.parse::<Timestamp>().map(AuditId::first_at).map_err(wrong)
        };
        let query = AuditQuery {
            subject: flags.id("--subject", subject.as_deref(), user),
            actor: flags.id("--actor", actor.as_deref(), user),
            client: flags.id("--client", client.as_deref(), "the id of a client, cli_..."),
            organization: flags.id(
                "--organization",
                organization.as_deref(),
                "the id of an organization, org_...",
            ),
            event: flags.read("--event", event.as_deref(), name),
            from: flags.read("--from", from.as_deref(), moment),
            before: flags.read("--to", to.as_deref(), moment),
            limit: 0,
        };
        flags.finish()?;
        let filters = [subject, actor, client, organization, event, from, to];
        let asked = Asked::of("audit", &filters.map(Option::as_deref), part);
        Ok(Order { asked, query })
    })
    .await
}

/// The name of an event.
fn name(text: &str) -> Result<String, String> {
    let wrong = || String::from("must be the name of an event, such as session.opened");
    views::is_event_name(text).then(|| text.to_owned()).ok_or_else(wrong)
}

impl Work for Order {
    async fn on<S: Store<Attrs = Plain>>(self, accounts: &Accounts<S>) -> Told {
        let Self { asked, query } = self;
        let part = async |slice| accounts.audit_entries(query.clone(), slice).await;
        asked.told(accounts, part, ("events", |it| json!(views::audit_event(it)), line)).await
    }

    fn advised(error: Error) -> Failure {
        plain_advice(error)
    }
}

/// An entry on a line.
fn line(shown: &Value) -> String {
    columns(
        shown,
        &["at", "event", "actorId", "subjectId", "clientId", "organizationId", "ip", "details"],
    )
}
