//! Several servers on one database, as processes of their own.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use reqwest::StatusCode;

use crate::client::Api;
use crate::engines::url;
use crate::process::{PATIENCE, Server, durward, finish, text};

const PROCESS: &str = "--set=limits.sharing=process";
/// A network without a client has few requests, in an hour.
const FEW: [&str; 2] =
    ["--set=limits.caller_requests.count=60", "--set=limits.caller_requests.period=1h"];

/// The database of one test.
struct Deployment {
    place: tempfile::TempDir,
    flags: Vec<String>,
}

impl Deployment {
    /// On the server of the tests; `None` is a skip that was told.
    fn on(variable: &str, engine: &str, test: &str) -> Option<Self> {
        let url = url(variable, engine)?;
        let prefix = format!("n{}_{test}_", std::process::id());
        let flags = vec!["--database".into(), url, format!("--set=database.table_prefix={prefix}")];
        Some(Self { place: tempfile::tempdir().unwrap(), flags })
    }

    fn on_sqlite() -> Self {
        Self { place: tempfile::tempdir().unwrap(), flags: Vec::new() }
    }

    fn flags<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        self.flags.iter().map(String::as_str).chain(more.iter().copied()).collect()
    }

    fn data(&self) -> std::path::PathBuf {
        self.place.path().join("data")
    }

    fn serve(&self, more: &[&str]) -> Server {
        Server::develop(&self.data(), &self.flags(more))
    }

    /// Starts a server that is expected to end by itself.
    fn refused(&self, more: &[&str]) -> Output {
        let mut command = develop(&self.data());
        let refused = finish(command.args(self.flags(more)));
        assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stderr));
        refused
    }
}

fn develop(data: &Path) -> Command {
    let mut command = durward(data.parent().unwrap());
    command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--log-format", "json"]);
    command.arg("--data").arg(data);
    command
}

/// A node that counts by itself stands beside nobody, and nobody beside it.
fn refuses(deployment: &Deployment) {
    let one = deployment.serve(&["--set=node=one"]);
    let told = text(&deployment.refused(&[PROCESS, "--set=node=two"]).stderr);
    assert!(told.contains("the node one serves this database"), "{told}");
    assert!(told.contains(r#"limits.sharing = "database""#), "{told}");
    // Others that share are welcome.
    deployment.serve(&["--set=node=three"]).stop();
    one.stop();

    let one = deployment.serve(&[PROCESS, "--set=node=one"]);
    for more in [&["--set=node=two"][..], &[PROCESS, "--set=node=two"]] {
        let told = text(&deployment.refused(more).stderr);
        assert!(told.contains("the node one serves this database"), "{told}");
    }
    one.stop();
    // It left, so that nobody waits for it.
    let begun = Instant::now();
    deployment.serve(&["--set=node=two"]).stop();
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_server_that_counts_by_itself_does_not_start_beside_another_one_on_postgresql() {
    if let Some(it) = Deployment::on("DURWARD_TEST_POSTGRES_URL", "postgres", "refuse") {
        refuses(&it);
    }
}

#[test]
fn a_server_that_counts_by_itself_does_not_start_beside_another_one_on_mariadb() {
    if let Some(it) = Deployment::on("DURWARD_TEST_MYSQL_URL", "mysql", "refuse") {
        refuses(&it);
    }
}

#[test]
fn a_server_that_crashed_is_replaced_at_once_by_its_name_and_soon_by_another_one() {
    let deployment = Deployment::on_sqlite();
    // Dropped: killed, without a goodbye.
    drop(deployment.serve(&[PROCESS, "--set=node=one"]));
    let begun = Instant::now();
    drop(deployment.serve(&[PROCESS, "--set=node=one"]));
    assert!(begun.elapsed() < Duration::from_secs(10));
    // By default the name is host and port: another one.
    let log = deployment.serve(&[PROCESS]).stop();
    assert!(log.contains("waiting to see whether the other node is alive"), "{log}");
}

/// How many requests two servers answer together, in turns, until both refuse.
async fn served_together(servers: [&Server; 2]) -> u32 {
    let apis = servers.map(|server| Api::new(&server.base));
    let (mut served, mut refused, begun) = (0, 0, Instant::now());
    while refused < 20 {
        for api in &apis {
            match api.get("/v1/caller").await.status() {
                StatusCode::OK | StatusCode::UNAUTHORIZED => (served, refused) = (served + 1, 0),
                StatusCode::TOO_MANY_REQUESTS => refused += 1,
                other => panic!("{other}"),
            }
        }
        assert!(begun.elapsed() < PATIENCE);
    }
    served
}

#[tokio::test]
async fn two_servers_keep_to_a_rate_together_on_postgresql() {
    let it = Deployment::on("DURWARD_TEST_POSTGRES_URL", "postgres", "rate");
    let Some(it) = it else { return };
    let [one, two] = [it.serve(&FEW), it.serve(&FEW)];
    let served = served_together([&one, &two]).await;
    assert!((54..=66).contains(&served), "{served}");
}

#[tokio::test]
async fn two_servers_keep_to_a_rate_together_on_redis() {
    let Some(redis) = url("DURWARD_TEST_REDIS_URL", "redis") else { return };
    let it = Deployment::on_sqlite();
    let redis = format!("--set=redis.url={redis}");
    let flags = [&redis, FEW[0], FEW[1]];
    let [one, two] = [it.serve(&flags), it.serve(&flags)];
    let served = served_together([&one, &two]).await;
    assert!((54..=66).contains(&served), "{served}");
}

#[tokio::test]
async fn a_redis_that_is_not_there_leaves_a_limit_and_no_error() {
    let it = Deployment::on_sqlite();
    // Nobody listens there.
    let flags = ["--set=redis.url=redis://:hunter9@127.0.0.1:1", FEW[0], FEW[1]];
    let [one, two] = [it.serve(&flags), it.serve(&flags)];
    let served = served_together([&one, &two]).await;
    // The second one knows of the first; the first learns of the second within seconds.
    assert!((30..=99).contains(&served), "{served}");
    let log = one.stop();
    assert!(log.contains("the rate limiter is away"), "{log}");
    assert!(!log.contains("hunter9"), "{log}");
    two.stop();
}
