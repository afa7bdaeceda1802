//! A server of the run: its own child, started with settings of the run and ended by its pid.

mod process;
mod settings;

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::time::sleep;

use crate::database::Database;
use crate::http::Connection;

pub(crate) use process::{computed, cores, memory, pinned};
pub(crate) use settings::Settings;

/// How long a server may take until it is ready; a debug build on a busy machine is slow.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// Everything that it takes to start a node, any number of times.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The program.
    pub(crate) binary: PathBuf,
    /// Where configuration, data and logs go.
    pub(crate) folder: PathBuf,
    /// What all nodes share.
    pub(crate) database: Database,
    /// The settings.
    pub(crate) settings: Settings,
    /// The core that the node is kept on, if any.
    pub(crate) core: Option<usize>,
}

/// A running node; killed when it is dropped.
pub(crate) struct Node {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Where its output goes.
    pub(crate) log: PathBuf,
}

impl Setup {
    /// Starts a node and waits until it is ready. The name is that of its log.
    pub(crate) async fn start(&self, name: &str) -> Result<Node> {
        let mut tries = 0;
        loop {
            let mut node = self.spawn(name)?;
            let Err(error) = node.ready().await else {
                return Ok(node);
            };
            tries += 1;
            // Somebody may take the port between our look and the server's.
            if tries >= 3 || !tail(&node.log).contains("in use") {
                return Err(error);
            }
        }
    }

    /// Starts a node without waiting for it.
    pub(crate) fn spawn(&self, name: &str) -> Result<Node> {
        let address = free_address()?;
        let config = self.folder.join(format!("{name}.toml"));
        fs::write(&config, self.settings.to_toml(name))?;
        let log = self.folder.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        let mut command = pinned(&self.binary, self.core);
        command.args(["serve", "--migrate", "--config"]).arg(&config);
        self.settings.put_into(&mut command, address, &self.database);
        command.current_dir(&self.folder).stdin(Stdio::null());
        command.stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().context("the server cannot be started")?;
        Ok(Node { child, address, log })
    }

    /// The code of the link by which the first administrator comes to be, as the operator has it printed.
    pub(crate) fn admin_link(&self) -> Result<String> {
        let mut command = self.operator()?;
        command.args(["admin", "link", "--json"]);
        let printed = command.output().context("no link can be printed")?;
        if !printed.status.success() {
            bail!("no link was printed:\n{}", String::from_utf8_lossy(&printed.stderr));
        }
        let told: Value = serde_json::from_slice(&printed.stdout)?;
        let link = told["link"].as_str().context("an answer without a link")?;
        let code = link.find("dw_bs_").and_then(|start| link.get(start..));
        Ok(code.context("a link without a code")?.to_owned())
    }
}

impl Setup {
    /// The program with the settings of the nodes, for a command of the operator.
    pub(crate) fn operator(&self) -> Result<Command> {
        let config = self.folder.join("operator.toml");
        fs::write(&config, self.settings.to_toml("operator"))?;
        let mut command = Command::new(&self.binary);
        command.arg("--config").arg(&config).current_dir(&self.folder).stdin(Stdio::null());
        self.settings.put_into(&mut command, free_address()?, &self.database);
        Ok(command)
    }
}

impl Node {
    /// Waits until the node says that it is ready.
    pub(crate) async fn ready(&mut self) -> Result<()> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended at its start ({status}):\n{}", tail(&self.log));
            }
            if is_ready(self.address).await {
                return Ok(());
            }
            if started.elapsed() > READY_WITHIN {
                bail!("the server does not become ready:\n{}", tail(&self.log));
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Ends it as a crash would: SIGKILL, at once.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end (SIGTERM) and waits for that.
    pub(crate) async fn stop(mut self) -> Result<ExitStatus> {
        let signal = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status()?;
        if !signal.success() {
            bail!("the server cannot be told to end");
        }
        let asked = Instant::now();
        while asked.elapsed() < READY_WITHIN {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            sleep(Duration::from_millis(10)).await;
        }
        bail!("the server does not end when it is told to")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Fails only for a process that has ended already.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A port of the loopback interface that was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// The end of a log, for messages.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

async fn is_ready(address: SocketAddr) -> bool {
    let request = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    let Ok(mut connection) = Connection::open(address).await else {
        return false;
    };
    matches!(connection.exchange(request).await, Ok(answer) if answer.status == 200)
}
