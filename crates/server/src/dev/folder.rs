//! The folder in which a development server keeps everything.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use durward::{Entropy, KeyRing, Secret};

/// A folder for a database, keys and mails, readable by its owner only.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Opens the folder, and makes it when it is not there.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let failed = || format!("the folder {} cannot be made or used", path.display());
        make(path).with_context(failed)?;
        // What is in it belongs into no repository.
        let ignore = path.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n").with_context(failed)?;
        }
        Ok(Self(path.to_owned()))
    }

    /// The file of the database in it.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("durward.db")
    }

    /// The folder of the mailbox.
    pub(crate) fn mail(&self) -> PathBuf {
        self.0.join("mail")
    }

    /// The keys in it, made at the first start. Of several servers that start at once, one makes them.
    pub(crate) fn keys(&self, entropy: &dyn Entropy) -> anyhow::Result<KeyRing> {
        let path = self.0.join("keys");
        let failed = || format!("the keys in {} cannot be used", path.display());
        if !path.exists() {
            let made = KeyRing::generate(1, entropy);
            self.write_once(&path, made.expose()).with_context(failed)?;
        }
        let text = Secret::new(fs::read_to_string(&path).with_context(failed)?);
        KeyRing::parse(text.expose().trim()).with_context(failed)
    }

    /// Puts the file there as a whole, unless somebody else was faster.
    fn write_once(&self, path: &Path, text: &str) -> io::Result<()> {
        let draft = self.0.join(format!(".keys-{}", std::process::id()));
        write_private(&draft, text.as_bytes())?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Makes a folder that only its owner can look into.
pub(super) fn make(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes a file that only its owner can read.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Different for each test, and good enough to look random.
    struct Counting(AtomicU64);
    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            for byte in buffer {
                let next =
                    self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                *byte = next.to_be_bytes()[0];
            }
        }
    }

    #[test]
    fn keys_are_made_once_and_are_private() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(&place.path().join("data")).unwrap();
        folder.keys(&Counting(AtomicU64::new(1))).unwrap();
        let path = place.path().join("data/keys");
        let first = fs::read_to_string(&path).unwrap();
        folder.keys(&Counting(AtomicU64::new(77))).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600);
            assert_eq!(mode(&place.path().join("data")), 0o700);
        }
        let names = |path: &Path| path.read_dir().unwrap().count();
        assert_eq!(names(&place.path().join("data")), 2);
    }
}
