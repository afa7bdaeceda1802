//! The tours of the README and of other pages, as a stranger types them, against a server as a stranger starts it.

#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A development server on a free port, until it is dropped.
struct Server {
    process: Child,
    base: String,
    _data: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_durward"))
            .args(["serve", "--dev", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path().join("durward-data"))
            .current_dir(data.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let greeting = BufReader::new(process.stdout.take().unwrap()).lines();
        let base = greeting.map_while(Result::ok).find_map(|line| {
            let (_, url) = line.split_once("\"api\": \"")?;
            url.split_once("/v1").map(|(base, _)| base.to_owned())
        });
        let base = base.expect("the server says where it listens");
        Self { process, base, _data: data }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, and that is fine too.
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// Types the tour of a page.
fn tour(page: &str) {
    let server = Server::start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/readme-tour.sh");
    let tour = Command::new("bash").arg(script).args([&server.base, page]).output().unwrap();
    assert!(
        tour.status.success(),
        "{}{}",
        String::from_utf8_lossy(&tour.stdout),
        String::from_utf8_lossy(&tour.stderr),
    );
}

#[test]
fn the_tour_prints_what_the_readme_says() {
    tour("README.md");
}

/// Whether a program is there; that it is not is a skip that was told.
#[expect(clippy::print_stderr, reason = "a skip must be loud")]
fn has(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !found {
        let told = env::var("DURWARD_TEST_SKIP").unwrap_or_default();
        let expected = told.split(',').any(|skipped| skipped.trim() == program);
        assert!(expected || env::var("CI").as_deref() != Ok("true"), "there is no {program}");
        eprintln!("SKIPPED with {program}: there is no such program");
    }
    found
}

#[test]
fn the_tour_of_an_account_prints_what_its_page_says() {
    if ["oathtool", "jq"].into_iter().all(has) {
        tour("docs/account-tour.md");
    }
}

#[test]
fn the_tour_of_a_client_prints_what_its_page_says() {
    if has("jq") {
        tour("docs/client-tour.md");
    }
}
