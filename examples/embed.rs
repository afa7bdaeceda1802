//! An axum application with accounts.
//!
//! ```sh
//! cargo run -p durward-examples --example embed
//! STATE=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')
//! curl http://127.0.0.1:3000/v1/users \
//!     --json '{"name": "Ada", "email": "ada@example.com", "state": "'$STATE'"}'
//! ```
//! The mail is printed by the example; the code in it goes to `/v1/authn/code` as in the README's tour, and the
//! token that comes back opens `/hello`.

use std::error::Error;
use std::net::SocketAddr;
use std::{env, process};

use axum::Router;
use axum::routing::get;
use durward::http::{CurrentUser, Http, HttpSettings};
use durward::sql::SqlStore;
use durward::{Accounts, Essentials, LinkTarget, Plain, Store, background};
use durward_examples::{PrintedMail, keys_for_this_run, told_to_stop};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The keys are for this run only, and so is the file.
    let file = env::temp_dir().join(format!("durward-embed-{}.db", process::id()));
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
    let own = Router::new().route("/", get(front_page)).route("/hello", get(hello));
    Http::new(accounts.clone(), HttpSettings::default()).mount(own)
}

/// For everyone: the user may be there or not.
async fn front_page(user: Option<CurrentUser>) -> &'static str {
    if user.is_some() { "Welcome back!" } else { "Welcome! Please sign up." }
}

/// For users only: without a live session this is not reached, and the answer is `401`.
async fn hello(user: CurrentUser) -> String {
    format!("Hello, {}!", user.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward_testing::{TestAccounts, TestApp};

    #[tokio::test]
    async fn the_applications_routes_know_the_user() {
        let it = TestAccounts::new();
        let own = app(it.accounts());
        let app = TestApp::serving(it, own);
        let front = app.get("/").send().await.expect(200);
        assert_eq!(front.body(), "Welcome! Please sign up.");
        app.get("/hello").send().await.expect(401);

        let ada = app.sign_up("ada@example.com").await;
        let front = app.get("/").bearer(&ada.token).send().await.expect(200);
        assert_eq!(front.body(), "Welcome back!");
        let hello = app.get("/hello").bearer(&ada.token).send().await.expect(200);
        assert_eq!(hello.body(), &format!("Hello, {}!", ada.user));
    }

    #[tokio::test]
    async fn a_bad_credential_is_not_a_missing_one() {
        // GW-09
        let it = TestAccounts::new();
        let own = app(it.accounts());
        let app = TestApp::serving(it, own);
        app.get("/").bearer("dw_st_nonsense").send().await.expect(401);
        let ada = app.sign_up("ada@example.com").await;
        app.post("/v1/sessions/logout", &serde_json::json!({}))
            .bearer(&ada.token)
            .send()
            .await
            .expect(204);
        app.get("/").bearer(&ada.token).send().await.expect(401);
    }
}
