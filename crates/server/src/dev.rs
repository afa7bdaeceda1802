//! Everything that exists for `--dev` only; nothing here is reachable without it.

mod folder;
mod mailbox;
mod pages;

use std::path::Path;

use anyhow::Context;
use durward::mail::Templates;
use durward::{KeyRing, SystemEntropy};

use crate::config::{self, Config, DatabaseUrl, Loaded};
use crate::failure::Failure;

use folder::Folder;

pub(crate) use mailbox::Mailbox;
pub(crate) use pages::router;

/// What a command works on with `--dev`; whatever the settings do not say is in a folder.
pub(crate) struct Place {
    /// The settings.
    pub(crate) config: Config,
    /// The database, on this machine.
    pub(crate) database: DatabaseUrl,
    /// The server keys.
    pub(crate) keys: KeyRing,
    folder: Folder,
}

impl Place {
    /// Opens the folder, and makes it when it is not there.
    pub(crate) fn open(loaded: Loaded, folder: &Path) -> Result<Self, Failure> {
        let config = config::development(loaded)?;
        let folder = Folder::open(folder)?;
        let database = match &config.database.url {
            Some(url) => url.clone(),
            None => DatabaseUrl::of_file(&folder.database()),
        };
        let keys = match &config.keys {
            Some(keys) => keys.ring().context("the keys cannot be used")?,
            None => folder.keys(&SystemEntropy)?,
        };
        Ok(Self { config, database, keys, folder })
    }

    /// The mailbox in the folder.
    pub(crate) fn mailbox(&self) -> Result<Mailbox, Failure> {
        let templates = match &self.config.templates {
            Some(folder) => Templates::with_overrides(folder).context("mail.templates")?,
            None => Templates::embedded(),
        };
        Ok(Mailbox::open(self.folder.mail(), templates)?)
    }
}
