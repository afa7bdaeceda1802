//! Runs the binary.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use serde_json::Value;

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The binary with nothing of the environment of the tests.
pub(crate) fn durward(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_durward"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// What a command wrote, as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a command wrote, as JSON.
pub(crate) fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {}", text(bytes)))
}

/// A server that is running; it is stopped when the test is done with it.
pub(crate) struct Server {
    child: Child,
    /// Where it is reached, such as `http://127.0.0.1:4000`.
    pub(crate) base: String,
    log: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Server {
    /// A development server on a free port.
    pub(crate) fn develop(data: &Path, flags: &[&str]) -> Self {
        let mut command = durward(data.parent().unwrap());
        command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--log-format", "json"]);
        command.arg("--data").arg(data).args(flags);
        Self::start(command)
    }

    /// Starts the command and waits until it serves.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (output, _) = follow(child.stdout.take().unwrap(), Arc::clone(&log));
        let (errors, lines) = follow(child.stderr.take().unwrap(), Arc::clone(&log));
        let readers = vec![output, errors];
        let serving = |line: &String| line.contains("\"message\":\"serving\"");
        let Some(line) = wait_for(&lines, serving) else {
            let _ = child.kill();
            panic!("the server did not start: {}", log.lock().unwrap());
        };
        let line: Value = serde_json::from_str(&line).unwrap();
        let base = format!("http://{}", line["address"].as_str().unwrap());
        Self { child, base, log, readers }
    }

    /// The line with this message that the server has logged by now.
    pub(crate) fn told(&self, message: &str) -> Value {
        let log = self.log.lock().unwrap();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut told = lines.filter(|line| line["message"] == message);
        told.next().unwrap_or_else(|| panic!("nothing of {message:?}: {log}"))
    }

    /// Asks the server to stop, as an orchestrator does.
    pub(crate) fn terminate(&self) {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
    }

    /// Waits for the end of the process.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let log = self.log.lock().unwrap().clone();
        (status, log)
    }

    /// Stops the server and answers everything that it wrote.
    pub(crate) fn stop(self) -> String {
        self.terminate();
        let (status, log) = self.ended();
        assert!(status.success(), "{status}: {log}");
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Collects what a process writes, and passes each line on.
fn follow(
    from: impl Read + Send + 'static,
    log: Arc<Mutex<String>>,
) -> (JoinHandle<()>, Receiver<String>) {
    let (sender, lines) = channel();
    let reader = spawn(move || {
        for line in BufReader::new(from).lines() {
            let line = line.unwrap();
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
            // Nobody listens any more once the server has started.
            let _ = sender.send(line);
        }
    });
    (reader, lines)
}

fn wait_for(lines: &Receiver<String>, wanted: impl Fn(&String) -> bool) -> Option<String> {
    loop {
        let line = lines.recv_timeout(PATIENCE).ok()?;
        if wanted(&line) {
            return Some(line);
        }
    }
}
