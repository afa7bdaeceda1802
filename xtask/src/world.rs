//! What a judgement happens in: a folder, a database, a mail server and the settings of the nodes.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::cargo::{Profile, build};
use crate::database::{Database, Engine};
use crate::mail::Sink;
use crate::random::Random;
use crate::server::{Settings, Setup};

/// Everything around the nodes.
pub(crate) struct World {
    /// The mail server.
    pub(crate) sink: Sink,
    /// How nodes are started.
    pub(crate) setup: Setup,
    folder: TempDir,
}

impl World {
    /// A fresh world on this engine for a server that was built.
    pub(crate) async fn new(engine: Engine, server: PathBuf, random: &mut Random) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("durward-xtask-").tempdir()?;
        let database = Database::create(engine, folder.path()).await?;
        let sink = Sink::open(random.letters(24)).await?;
        let settings = Settings::new(sink.url(), random);
        let setup = Setup {
            binary: server,
            folder: folder.path().to_owned(),
            database,
            settings,
            core: None,
        };
        Ok(Self { sink, setup, folder })
    }

    /// Removes everything after a success, and after a failure all but what helps to find the reason.
    pub(crate) async fn close<T>(self, outcome: Result<T>) -> Result<T> {
        match outcome {
            Ok(value) => {
                self.setup.database.remove().await?;
                self.folder.close()?;
                Ok(value)
            }
            Err(error) => {
                let kept = self.folder.keep();
                Err(error).with_context(|| {
                    let database = &self.setup.database.engine;
                    format!("logs, and the {database} database if it is a file: {}", kept.display())
                })
            }
        }
    }
}

/// The server that is judged: the one that `DURWARD_BINARY` names, or one that is built now.
pub(crate) fn judged_server(profile: Profile) -> Result<PathBuf> {
    match std::env::var_os("DURWARD_BINARY") {
        Some(binary) => fs::canonicalize(&binary).with_context(|| format!("{}", binary.display())),
        None => build("durward-server", "durward", profile),
    }
}
