//! The tours of the README and of other pages, as a stranger types them: against a server as a stranger starts it, and
//! against one that mails in earnest.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::process::{Server, json, text};
use crate::{production, programs};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts").join(name)
}

/// Whether everything is there that the tours of `docs/` are typed with.
fn all(names: &[&str]) -> bool {
    names.iter().all(|name| programs::find(name).is_some())
}

/// Types the tour of a page.
fn tour(base: &str, page: &str, variables: &[(&str, &str)]) {
    let mut tour = Command::new("bash");
    tour.arg(script("readme-tour.sh")).args([base, page]);
    let tour = tour.envs(variables.iter().copied()).output().unwrap();
    assert!(tour.status.success(), "{}{}", text(&tour.stdout), text(&tour.stderr));
}

/// Types the tour of a page against a development server.
fn developed(page: &str) {
    let place = tempfile::tempdir().unwrap();
    let server = Server::develop(&place.path().join("data"), &[]);
    tour(&server.base, page, &[]);
}

/// A mail server that is not ours, and a look into its mailbox.
struct Mailbox {
    process: Child,
    /// Where it takes mails.
    smtp: String,
    /// Where it shows them.
    messages: String,
}

impl Mailbox {
    fn open(folder: &Path) -> Self {
        let mut mailbox = Command::new(script("mail-server.py"));
        let mailbox = mailbox.arg(folder.join("mails")).stdin(Stdio::piped());
        let mut process = mailbox.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told = json(line.as_bytes());
        let [smtp, messages] = ["smtp", "messages"].map(|it| told[it].as_str().unwrap().to_owned());
        Self { process, smtp, messages }
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Types the tour of a page against two nodes in production, with a mail server.
fn produced(page: &str, database: Option<&str>) {
    let place = tempfile::tempdir().unwrap();
    let mailbox = Mailbox::open(place.path());
    let [base, other] = [(); 2].map(|()| {
        let mut node = production::configured_with(place.path(), &mailbox.smtp);
        if let Some(url) = database {
            // Tables of this test's own.
            let prefix = format!("tour{}_", std::process::id());
            node.env("DURWARD_DATABASE_URL", url).env("DURWARD_DATABASE__TABLE_PREFIX", prefix);
        }
        Server::start({
            node.args(["serve", "--migrate", "--set=limits.sharing=database"]);
            node
        })
    });
    let variables =
        [("DURWARD_TOUR_OTHER", &*other.base), ("DURWARD_TOUR_MAILBOX", &*mailbox.messages)];
    tour(&base.base, page, &variables);
    base.stop();
    other.stop();
}

#[test]
fn the_tour_prints_what_the_readme_says() {
    developed("README.md");
}

#[test]
fn the_tour_of_an_account_prints_what_its_page_says() {
    if all(&["oathtool", "jq"]) {
        developed("docs/account-tour.md");
    }
}

#[test]
fn the_tour_of_a_client_prints_what_its_page_says() {
    if all(&["jq"]) {
        developed("docs/client-tour.md");
    }
}

#[test]
fn the_tour_of_an_account_is_the_same_in_production_with_mails_from_a_mail_server() {
    if all(&["oathtool", "jq", "aiosmtpd"]) {
        produced("docs/account-tour.md", None);
    }
}

#[test]
fn the_tour_of_a_client_is_the_same_with_two_nodes_on_sqlite() {
    if all(&["jq", "aiosmtpd"]) {
        produced("docs/client-tour.md", None);
    }
}

#[test]
fn the_tour_of_a_client_is_the_same_with_two_nodes_on_postgresql() {
    let url = crate::engines::url("DURWARD_TEST_POSTGRES_URL", "postgres");
    if let (Some(url), true) = (url, all(&["jq", "aiosmtpd"])) {
        produced("docs/client-tour.md", Some(&url));
    }
}
