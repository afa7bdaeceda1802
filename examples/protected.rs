//! An axum application whose handlers say in their signatures who may call them.
//!
//! ```sh
//! cargo run -p durward-examples --example protected
//! ```
//! Sign up as in `embed`, make an organization and a client of it, as in docs/client-tour.md, and then:
//!
//! ```sh
//! curl http://127.0.0.1:3000/weather -H "Authorization: Bearer $SECRET_OF_THE_CLIENT"
//! curl http://127.0.0.1:3000/$ORGANIZATION/budget -H "Authorization: Bearer $TOKEN_OF_THE_OWNER"
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::{env, process};

use axum::Router;
use axum::routing::{get, post};
use durward::http::{CurrentClient, Fresh, Http, HttpSettings, Member, NeededPermission};
use durward::sql::SqlStore;
use durward::{Accounts, Essentials, LinkTarget, Plain, StandardPermission, Store, background};
use durward_examples::{PrintedMail, keys_for_this_run, told_to_stop};
use tokio::net::TcpListener;

/// Stands for the right to edit, in the organization that `{org}` names.
struct Edits;

impl NeededPermission for Edits {
    type Attrs = Plain;
    const PARAMETER: &'static str = "org";
    const PERMISSION: StandardPermission = StandardPermission::Edit;
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = env::temp_dir().join(format!("durward-protected-{}.db", process::id()));
    let store = SqlStore::<_, Plain>::open(file).await?;
    store.migrate().await?;
    let accounts = Essentials {
        store,
        keys: keys_for_this_run()?,
        links: |_: LinkTarget, code: &str| format!("http://127.0.0.1:3000/verify#{code}"),
        mailer: PrintedMail::default(),
    }
    .accounts()?;
    let work = tokio::spawn(background(accounts.clone(), told_to_stop()));

    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    let app = app(&accounts).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).with_graceful_shutdown(told_to_stop()).await?;
    Ok(work.await?)
}

/// The application's own routes, and those of the accounts beside them.
fn app<S: Store<Attrs = Plain>>(accounts: &Accounts<S>) -> Router {
    let own = Router::new()
        .route("/weather", get(weather))
        .route("/{org}/budget", get(budget))
        .route("/{org}/budget/reset", post(reset));
    Http::new(accounts.clone(), HttpSettings::default()).mount(own)
}

/// For clients, by their secret keys: others are answered `401`.
async fn weather(client: CurrentClient) -> String {
    format!("Rain, for {}", client.id)
}

/// For members who may edit: others are told that there is no such organization.
async fn budget(member: Member<Edits>) -> String {
    format!("42, for {}", member.user())
}

/// For members who may edit and logged in a moment ago: others are told to do so.
async fn reset(member: Fresh<Member<Edits>>) -> String {
    format!("0, for {}", member.organization())
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward_testing::{TestAccounts, TestApp};
    use serde_json::{Value, json};
    use std::time::Duration;

    struct Site {
        app: TestApp,
        /// The session token of the owner.
        token: String,
        organization: String,
    }

    async fn site() -> Site {
        let it = TestAccounts::new();
        let own = app(it.accounts());
        let app = TestApp::serving(it, own);
        let token = app.sign_up("ada@example.com").await.token;
        let body = json!({ "name": "Looms" });
        let made = app.post("/v1/organizations", &body).bearer(&token).send().await.expect(201);
        let organization = text(&made.json()["id"]);
        Site { app, token, organization }
    }

    fn text(value: &Value) -> String {
        value.as_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_client_gets_in_by_its_secret_key() {
        // R-CL-01
        let Site { app, token, organization } = site().await;
        app.get("/weather").send().await.expect(401);
        app.get("/weather").bearer(&token).send().await.expect(401);
        let path = format!("/v1/organizations/{organization}/clients");
        let made = app.post(&path, &json!({ "name": "Loom" })).bearer(&token).send().await;
        let made = made.expect(201).json();
        let secret = text(&made["secret"]);
        let weather = app.get("/weather").bearer(&secret).send().await.expect(200);
        assert_eq!(weather.body(), &format!("Rain, for {}", text(&made["id"])));
        app.get(&format!("/{organization}/budget")).bearer(&secret).send().await.expect(401);
    }

    #[tokio::test]
    async fn a_permission_opens_the_budget_and_a_login_of_a_moment_ago_its_reset() {
        // R-AZ-03, R-MF-04
        let Site { app, token, organization } = site().await;
        let path = format!("/{organization}/budget");
        app.get(&path).bearer(&token).send().await.expect(200);
        let eve = app.sign_up("eve@example.com").await;
        app.get(&path).bearer(&eve.token).send().await.expect(404);
        let reset = async || {
            let path = format!("{path}/reset");
            app.post(&path, &json!({})).bearer(&token).send().await
        };
        reset().await.expect(200);
        app.clock().advance(Duration::from_mins(5));
        reset().await.expect(401);
        app.get(&path).bearer(&token).send().await.expect(200);
    }
}
