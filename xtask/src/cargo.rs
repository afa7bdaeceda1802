use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// How a program is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

/// The folder of the repository.
pub(crate) fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Builds one program of the workspace and says where it is.
pub(crate) fn build(package: &str, binary: &str, profile: Profile) -> Result<PathBuf> {
    build_with(package, binary, profile, &[])
}

/// The same with more arguments for cargo.
pub(crate) fn build_with(
    package: &str,
    binary: &str,
    profile: Profile,
    more: &[&OsStr],
) -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--package", package, "--bin", binary]);
    command.arg("--message-format=json-render-diagnostics");
    if profile == Profile::Release {
        command.arg("--release");
    }
    command.args(more);
    let built = command.stderr(Stdio::inherit()).output().context("cargo cannot be run")?;
    if !built.status.success() {
        bail!("{binary} cannot be built");
    }
    let messages = String::from_utf8(built.stdout).context("cargo's messages")?;
    executable(&messages, binary).with_context(|| format!("cargo does not say where {binary} is"))
}

/// The program of this name in cargo's messages.
fn executable(messages: &str, binary: &str) -> Option<PathBuf> {
    messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        if message.pointer("/target/name")?.as_str()? != binary {
            return None;
        }
        Some(PathBuf::from(message.get("executable")?.as_str()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_among_the_messages() {
        let messages = r#"
{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"durward"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"durward"},"executable":"/t/debug/durward"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages, "durward"), Some(PathBuf::from("/t/debug/durward")));
        assert_eq!(executable(messages, "other"), None);
    }

    #[test]
    fn the_root_is_the_workspace() {
        assert!(root().join("xtask/Cargo.toml").exists());
    }
}
