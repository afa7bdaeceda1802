//! The pages of a development server: where things are, and the mails it kept.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use durward::MailId;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use serde::Deserialize;

use super::mailbox::{KeptMail, Mailbox};
use crate::pages::{SCRIPT, asset, page, page_under};

/// For the HTML part of a mail: an origin of its own, no scripts, and links open elsewhere.
const MAIL: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; \
     style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'";

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_debug(false);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment
});

/// The routes under `/dev`, and a page at `/` that leads to them.
pub(crate) fn router(mailbox: Mailbox) -> Router {
    Router::new()
        .route("/", get(|| async { page(include_str!("../pages/html/dev.html")) }))
        .route("/dev/mail", get(list))
        .route("/dev/mail/messages", get(messages))
        .route("/dev/mail/{id}", get(show))
        .route("/dev/mail/{id}/html", get(html_part))
        .route(
            "/assets/dev-mail.js",
            get(|| async { asset(SCRIPT, include_bytes!("../pages/assets/dev-mail.js")) }),
        )
        .layer(from_fn(only_by_a_name_of_this_machine))
        .with_state(Arc::new(mailbox))
}

/// Which mails are asked for.
#[derive(Deserialize)]
struct Wanted {
    to: Option<String>,
}

async fn messages(
    State(mailbox): State<Arc<Mailbox>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failed> {
    let found = mailbox.messages(wanted.to.as_deref()).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(found)).into_response())
}

async fn list(
    State(mailbox): State<Arc<Mailbox>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failed> {
    render(&mailbox.messages(wanted.to.as_deref()).await?, None)
}

async fn show(
    State(mailbox): State<Arc<Mailbox>>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let chosen = find(&mailbox, &id).await?;
    render(&mailbox.messages(None).await?, Some(&chosen))
}

async fn html_part(
    State(mailbox): State<Arc<Mailbox>>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let mail = find(&mailbox, &id).await?;
    // The link of a mail opens beside the mailbox, not inside of it.
    Ok(page_under(MAIL, mail.html.replacen("<head>", "<head><base target=\"_blank\">", 1)))
}

async fn find(mailbox: &Mailbox, id: &str) -> Result<KeptMail, Failed> {
    let id: MailId = id.parse().map_err(|_no_id| Failed::NotThere)?;
    mailbox.message(id).await?.ok_or(Failed::NotThere)
}

fn render(mails: &[KeptMail], chosen: Option<&KeptMail>) -> Result<Response, Failed> {
    const SOURCE: &str = include_str!("../pages/html/dev-mail.html");
    let newest = mails.first().map(|mail| mail.id.to_string());
    let known = context! {
        mails => Value::from(Serde(mails)),
        chosen => Value::from(Serde(chosen)),
        newest,
    };
    let html = TEMPLATES.render_str(SOURCE, known)?;
    Ok(page(html))
}

/// Why there is no page.
enum Failed {
    NotThere,
    Mailbox(io::Error),
    Template(minijinja::Error),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Mailbox(error)
    }
}

impl From<minijinja::Error> for Failed {
    fn from(error: minijinja::Error) -> Self {
        Self::Template(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::NotThere => (StatusCode::NOT_FOUND, "There is no such mail.\n"),
            Self::Mailbox(error) => {
                tracing::error!(%error, "the development mailbox cannot be read");
                (StatusCode::INTERNAL_SERVER_ERROR, "The mailbox cannot be read; see the log.\n")
            }
            Self::Template(error) => {
                tracing::error!(error = %error.kind(), "a page cannot be rendered");
                (StatusCode::INTERNAL_SERVER_ERROR, "The page cannot be rendered; see the log.\n")
            }
        };
        (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
    }
}

/// Refuses requests for other hosts: a page elsewhere whose name was pointed at this machine must not read
/// the mails.
async fn only_by_a_name_of_this_machine(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if host.or(request.uri().host()).is_some_and(is_this_machine) {
        return next.run(request).await;
    }
    let text = "The pages of a development server are reached as localhost or 127.0.0.1 only.\n";
    (StatusCode::MISDIRECTED_REQUEST, text).into_response()
}

fn is_this_machine(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_name =
        host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost");
    is_name || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use durward::Timestamp;

    use super::*;

    fn mail() -> KeptMail {
        KeptMail {
            id: MailId::from_bytes([7; 16]),
            to: "<script>alert(1)</script>@example.com".into(),
            subject: "\"><img src=x>".into(),
            text: "</pre><script>alert(1)</script>".into(),
            html: "<html><head></head></html>".into(),
            link: Some("javascript:alert(1)".into()),
            code: Some("BCDF2345".into()),
            created_at: Timestamp::from_millis(0),
        }
    }

    #[tokio::test]
    async fn nothing_of_a_mail_becomes_part_of_the_page() {
        // R-HT-11
        let response = match render(&[mail()], Some(&mail())) {
            Ok(response) => response,
            Err(Failed::Template(error)) => panic!("{error:#}"),
            Err(Failed::NotThere | Failed::Mailbox(_)) => panic!("no mailbox was asked"),
        };
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let html = String::from_utf8(body.to_vec()).unwrap();
        assert!(!html.contains("<script>alert") && !html.contains("<img"), "{html}");
        assert!(!html.contains("href=\"javascript:"), "{html}");
        assert!(html.contains("BCDF2345"));
    }

    #[test]
    fn only_names_of_this_machine_reach_the_mails() {
        for host in ["localhost", "localhost:4000", "127.0.0.1:4000", "[::1]:4000", "a.localhost:1"]
        {
            assert!(is_this_machine(host), "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example:4000", "10.0.0.1", "", "localhost.evil"]
        {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
