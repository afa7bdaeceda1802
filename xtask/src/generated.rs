//! What is generated from the code, and the checks over the repository.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::args::Args;
use crate::cargo::{Profile, build, cargo, root};

const OPENAPI: &str = "docs/openapi.json";

/// `cargo xtask openapi`.
pub(crate) fn openapi(args: Args) -> Result<()> {
    args.finish()?;
    fs::write(root().join(OPENAPI), document()?)?;
    println!("{OPENAPI} is as the code says");
    Ok(())
}

/// `cargo xtask check`: arrows, file lengths and names, and whether what is generated was generated.
pub(crate) fn check(args: Args) -> Result<()> {
    args.finish()?;
    let mut structure = cargo();
    structure.args(["test", "--quiet", "--package", "xtask", "--test", "structure"]);
    let status = structure.status().context("cargo cannot be run")?;
    ensure!(status.success(), "the structure is not as it must be");
    if fs::read_to_string(root().join(OPENAPI))? != document()? {
        bail!("{OPENAPI} is not as the code says; run cargo xtask openapi and read the difference");
    }
    Ok(())
}

/// The document as the server prints it.
fn document() -> Result<String> {
    let server = build("durward-server", "durward", Profile::Debug)?;
    let printed = Command::new(server).arg("openapi").output()?;
    if !printed.status.success() {
        bail!("durward openapi failed: {}", String::from_utf8_lossy(&printed.stderr));
    }
    let text = String::from_utf8(printed.stdout)?;
    Ok(format!("{}\n", text.trim_end()))
}
