use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::time::timeout;

use crate::calls::Call;
use crate::http::Connection;

/// The longest any answer may take; a server that is this slow is as good as dead.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection that was idle for this long may be closed by the server at any moment.
const FRESH: Duration = Duration::from_secs(10);

/// Someone who talks to one node over one connection.
pub(crate) struct Client {
    node: SocketAddr,
    connection: Option<(Connection, Instant)>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// What was asked, for messages.
    pub(crate) asked: String,
    /// The status code.
    pub(crate) status: u16,
    /// The body; `null` when there is none or it is no JSON.
    pub(crate) body: Value,
    /// The field `Retry-After`.
    pub(crate) retry_after: Option<String>,
}

/// No answer came; nobody knows whether the server acted.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The connection broke, or there was none.
    Broken(io::Error),
    /// The server was silent for too long.
    Silent,
}

/// A pair of tokens, as a flow or a refresh gave it.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) token: String,
    pub(crate) refresh: String,
    pub(crate) user: String,
}

impl Client {
    /// A client of the node at this address; connects when it is first used.
    pub(crate) const fn new(node: SocketAddr) -> Self {
        Self { node, connection: None }
    }

    /// Connects now, so that the next call does not have to.
    pub(crate) async fn connect(&mut self) -> Result<(), Lost> {
        let connection = Connection::open(self.node).await.map_err(Lost::Broken)?;
        self.connection = Some((connection, Instant::now()));
        Ok(())
    }

    /// Asks once; never again by itself, so that what is asked happens at most once.
    pub(crate) async fn call(&mut self, call: &Call) -> Result<Reply, Lost> {
        // Taken out while in use: a call that is given up half-way takes its connection along.
        let kept = self.connection.take().filter(|(_, used)| used.elapsed() < FRESH);
        let mut connection = match kept {
            Some((connection, _)) => connection,
            None => Connection::open(self.node).await.map_err(Lost::Broken)?,
        };
        let request = call.to_bytes();
        let answer = match timeout(PATIENCE, connection.exchange(&request)).await {
            Err(_elapsed) => return Err(Lost::Silent),
            Ok(answer) => answer.map_err(Lost::Broken)?,
        };
        let reply = Reply {
            asked: call.name(),
            status: answer.status,
            body: serde_json::from_slice(answer.body).unwrap_or_default(),
            retry_after: answer.header("retry-after").map(str::to_owned),
        };
        if !answer.closes {
            self.connection = Some((connection, Instant::now()));
        }
        Ok(reply)
    }
}

impl Reply {
    /// The same reply, if it has this status.
    pub(crate) fn expect(self, status: u16) -> Result<Self> {
        if self.status != status {
            bail!("{self} instead of {status}");
        }
        Ok(self)
    }

    /// A text in the body.
    pub(crate) fn text(&self, pointer: &str) -> Result<String> {
        let text = self.body.pointer(pointer).and_then(Value::as_str);
        text.map(str::to_owned).with_context(|| format!("{self} without {pointer}"))
    }

    /// The handle of the next step of a flow.
    pub(crate) fn handle(&self) -> Result<String> {
        if self.status != 202 && self.status != 200 || self.text("/t")? != "step" {
            bail!("{self}, which is no step");
        }
        self.text("/code")
    }

    /// The session that a flow or a refresh gave.
    pub(crate) fn tokens(&self) -> Result<Tokens> {
        if self.status != 200 && self.status != 201 || self.text("/t")? != "session" {
            bail!("{self}, which is no session");
        }
        Ok(Tokens {
            token: self.text("/token")?,
            refresh: self.text("/refresh")?,
            user: self.text("/userId")?,
        })
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} answered {}", self.asked, self.status)?;
        match self.body.get("code").and_then(Value::as_str) {
            Some(code) if self.status >= 400 => write!(f, " ({code})"),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Broken(error) => write!(f, "no answer: {error}"),
            Self::Silent => write!(f, "no answer within {} s", PATIENCE.as_secs()),
        }
    }
}

impl std::error::Error for Lost {}
