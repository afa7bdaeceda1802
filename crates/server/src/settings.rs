//! `durward config`: what the settings are, and whether a server would start with them.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::cli;
use crate::config::{self, Effective, Loaded, Mode, Problems, Production};
use crate::failure::Failure;
use crate::output::Output;

/// Says whether a server would start with these settings, as far as that can be told without opening
/// anything.
pub(crate) fn check(common: &cli::Common, dev: bool, output: Output) -> Result<(), Failure> {
    let loaded = config::load(common.sources(Vec::new()), mode(dev));
    if dev {
        config::development(loaded)?;
    } else {
        Production::check(loaded)?;
    }
    output.result(&json!({ "ok": true, "problems": [] }), &"The settings are complete.\n");
    Ok(())
}

/// Prints every setting as it counts, with where it stands.
pub(crate) fn print(common: &cli::Common, dev: bool, output: Output) -> Result<(), Failure> {
    let Loaded { effective, problems, config: _ } =
        config::load(common.sources(Vec::new()), mode(dev));
    output.result(&as_json(&effective), &as_toml(&effective));
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems).into()) }
}

const fn mode(dev: bool) -> Mode {
    if dev { Mode::Development } else { Mode::Production }
}

fn as_json(effective: &[Effective]) -> Value {
    let entry = |it: &Effective| (it.path.clone(), json!({ "value": it.value, "from": it.from }));
    effective.iter().map(entry).collect()
}

/// TOML that can be read back, but for what is masked.
fn as_toml(effective: &[Effective]) -> String {
    let mut text = String::new();
    let mut section = "";
    let depth = |it: &&Effective| it.path.contains('.');
    let (mut inside, top): (Vec<&Effective>, Vec<&Effective>) = effective.iter().partition(depth);
    // TOML has each section once, wherever its settings were read.
    let parent = |it: &Effective| it.path.rsplit_once('.').map(|(parent, _)| parent.to_owned());
    let sections: Vec<_> = inside.iter().map(|it| parent(it)).collect();
    inside.sort_by_key(|it| sections.iter().position(|section| *section == parent(it)));
    for Effective { path, value, from } in top.into_iter().chain(inside) {
        let (parent, key) = path.rsplit_once('.').unwrap_or(("", path));
        if parent != section {
            section = parent;
            // Writing to a String cannot fail.
            let _infallible = write!(text, "\n[{section}]\n");
        }
        let from = from.as_deref().unwrap_or("default");
        let _infallible = match value {
            // JSON and TOML write these values alike.
            Some(value) => writeln!(text, "{key} = {value} # {from}"),
            None => writeln!(text, "# {key} is not set"),
        };
    }
    text
}
