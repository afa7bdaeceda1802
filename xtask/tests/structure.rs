//! What ARCHITECTURE.md says of the crates and their files, checked.
#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// Which of our crates each of them may know, in the order of the workspace. A new crate finds its place here
/// first.
const ARROWS: &[(&str, &[&str])] = &[
    ("durward-core", &[]),
    ("durward-store-memory", &["durward-core"]),
    ("durward-store-sql", &["durward-core"]),
    ("durward-conformance", &["durward-core"]),
    ("durward-passwords", &["durward-core"]),
    ("durward-mail", &["durward-core"]),
    ("durward-redis", &["durward-core"]),
    ("durward-http", &["durward-core"]),
    ("durward-testing", &["durward-core", "durward-store-memory", "durward-http"]),
    (
        "durward",
        &[
            "durward-core",
            "durward-store-memory",
            "durward-store-sql",
            "durward-passwords",
            "durward-mail",
            "durward-redis",
            "durward-http",
        ],
    ),
    ("durward-server", &["durward"]),
    ("durward-examples", &["durward"]),
    // Tools for this repository, which nobody depends on.
    ("xtask", &["durward-passwords", "durward"]),
];

/// What must not be reached from a crate, by whatever way.
const BARRIERS: &[(&str, &[&str])] = &[
    // No I/O, no clock, no randomness of its own.
    ("durward-core", &["tokio", "sqlx", "axum", "hyper", "getrandom", "rand", "chrono"]),
    ("durward-http", &["sqlx", "lettre", "argon2", "getrandom"]),
    ("durward-store-sql", &["axum", "hyper", "lettre", "argon2"]),
    ("durward-passwords", &["sqlx", "axum", "lettre"]),
    ("durward-mail", &["sqlx", "axum", "argon2"]),
    ("durward-redis", &["sqlx", "axum", "argon2"]),
];

/// A file near 400 lines is asked what its second noun is; one of this length did not answer.
const TOO_LONG: usize = 420;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What cargo knows of the workspace and of everything below it, on this platform.
fn metadata() -> Value {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let about = Command::new(rustc).arg("-vV").output().unwrap();
    let about = String::from_utf8(about.stdout).unwrap();
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--all-features", "--filter-platform", host])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Our own packages by name.
fn ours(metadata: &Value) -> BTreeMap<&str, &Value> {
    let members: BTreeSet<&str> = array(&metadata["workspace_members"]).iter().map(text).collect();
    let packages = array(&metadata["packages"]).iter();
    let ours = packages.filter(|package| members.contains(text(&package["id"])));
    ours.map(|package| (text(&package["name"]), package)).collect()
}

/// What a package names in its manifest, except for its tests.
fn named(package: &Value) -> impl Iterator<Item = &str> {
    let dependencies = array(&package["dependencies"]).iter();
    dependencies.filter(|it| it["kind"] != "dev").map(|it| text(&it["name"]))
}

/// The names of everything that is built into a package, by way of every dependency.
fn reached<'a>(metadata: &'a Value, package: &'a Value) -> BTreeSet<&'a str> {
    let nodes: BTreeMap<&str, &Value> =
        array(&metadata["resolve"]["nodes"]).iter().map(|node| (text(&node["id"]), node)).collect();
    let names: BTreeMap<&str, &str> = array(&metadata["packages"])
        .iter()
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let mut found = BTreeSet::new();
    let mut waiting = vec![text(&package["id"])];
    while let Some(id) = waiting.pop() {
        for dependency in array(&nodes[id]["deps"]) {
            let built_in = array(&dependency["dep_kinds"]).iter().any(|it| it["kind"].is_null());
            let id = text(&dependency["pkg"]);
            if built_in && found.insert(id) {
                waiting.push(id);
            }
        }
    }
    found.into_iter().map(|id| names[id]).collect()
}

#[test]
fn arrows_point_one_way() {
    let metadata = metadata();
    let ours = ours(&metadata);
    let listed: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(ours.keys().copied().collect::<BTreeSet<_>>(), listed);
    for (name, allowed) in ARROWS {
        for dependency in named(ours[name]).filter(|dependency| ours.contains_key(dependency)) {
            assert!(allowed.contains(&dependency), "{name} must not know {dependency}");
        }
    }
}

#[test]
fn the_workspace_lists_its_members_in_the_order_of_their_arrows() {
    for (position, (name, allowed)) in ARROWS.iter().enumerate() {
        for dependency in *allowed {
            let before = ARROWS[..position].iter().any(|(earlier, _)| earlier == dependency);
            assert!(before, "{name} comes before {dependency}");
        }
    }
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, members) = manifest.split_once("members = [").unwrap();
    let (members, _) = members.split_once(']').unwrap();
    let members: Vec<String> = members
        .split(',')
        .map(|member| member.trim().trim_matches('"'))
        .filter(|member| !member.is_empty())
        .map(|member| match member.strip_prefix("crates/") {
            Some("durward") => String::from("durward"),
            Some(name) => format!("durward-{name}"),
            None if member == "examples" => String::from("durward-examples"),
            None => member.to_owned(),
        })
        .collect();
    assert_eq!(members, ARROWS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

#[test]
fn nothing_is_reached_across_a_barrier() {
    let metadata = metadata();
    let ours = ours(&metadata);
    for (name, barred) in BARRIERS {
        let reached = reached(&metadata, ours[name]);
        assert!(!reached.is_empty() && reached.contains("serde_json"), "{name}: {reached:?}");
        let crossed = barred.iter().find(|barred| reached.contains(*barred));
        assert_eq!(crossed, None, "{name} must not reach it");
    }
}

/// Hashes have threads of their own; only who asks a service about breached passwords needs a runtime.
#[test]
fn passwords_are_hashed_without_a_runtime() {
    let metadata = metadata();
    let ours = ours(&metadata);
    let needed = array(&ours["durward-passwords"]["dependencies"])
        .iter()
        .filter(|dependency| dependency["kind"].is_null() && dependency["optional"] != true);
    let needed: Vec<_> = needed.map(|dependency| text(&dependency["name"])).collect();
    assert!(needed.contains(&"argon2"), "{needed:?}");
    assert!(!needed.contains(&"tokio") && !needed.contains(&"hyper"), "{needed:?}");
}

#[test]
fn a_copyleft_or_second_tls_library_is_not_hidden_behind_a_feature() {
    let metadata = metadata();
    let ours = ours(&metadata);
    let reached = reached(&metadata, ours["durward-server"]);
    for unwanted in ["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys", "rsa"] {
        assert!(!reached.contains(unwanted), "{unwanted} got in");
    }
}

#[test]
fn no_feature_of_the_facade_is_a_default() {
    let metadata = metadata();
    let ours = ours(&metadata);
    for name in ["durward", "durward-store-sql"] {
        let default = &ours[name]["features"]["default"];
        assert!(default.as_array().is_none_or(Vec::is_empty), "{name}: {default}");
    }
}

#[test]
fn every_crate_says_what_it_is_and_keeps_the_workspaces_lints() {
    let metadata = metadata();
    for (name, package) in ours(&metadata) {
        let description = package["description"].as_str().unwrap_or_default();
        assert!(description.len() > 20, "{name} is {description:?}");
        let manifest = fs::read_to_string(text(&package["manifest_path"])).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} has lints of its own");
    }
}

/// Every Rust file of ours, with its text.
fn files() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for folder in ["crates", "examples", "xtask"] {
        collect(&root().join(folder), &mut files);
    }
    assert!(files.len() > 100, "only {} files were found", files.len());
    let read = |file: PathBuf| fs::read_to_string(&file).map(|text| (file, text));
    files.into_iter().map(read).collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_file_has_one_noun() {
    for (file, text) in files() {
        let length = text.lines().count();
        assert!(length < TOO_LONG, "{} has {length} lines", file.display());
        let name = file.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        assert!(!["utils", "util", "helpers", "misc"].contains(&name), "{}", file.display());
    }
}

#[test]
fn a_look_up_is_a_noun() {
    let named_otherwise = concat!("fn ", "get_");
    let shipped = |file: &Path| file.components().any(|part| part.as_os_str() == "src");
    for (file, text) in files().into_iter().filter(|(file, _)| shipped(file)) {
        let line = text.lines().find(|line| line.contains(named_otherwise));
        assert_eq!(line, None, "{}", file.display());
    }
}

/// Whoever reads one page of the documentation does not see the item before, nor the type of a field in a list.
#[test]
fn a_public_item_is_described_by_itself() {
    const BARE: &[&str] =
        &["Which one.", "Who.", "Whom.", "What.", "When.", "Where.", "Why.", "How."];
    for (file, text) in files() {
        let mut opening = None;
        for line in text.lines().map(str::trim) {
            if let Some(said) = line.strip_prefix("///") {
                opening = opening.or(Some(said.trim()));
            } else if !line.starts_with("#[") {
                let said = opening.take().unwrap_or_default();
                let leans = ["The same", "Does the same"].iter().any(|it| said.starts_with(it));
                let is_public = line.starts_with("pub ");
                assert!(!(is_public && leans), "{}: {line}\n{said}", file.display());
                assert!(!BARE.contains(&said), "{}: {line}\n{said}", file.display());
            }
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension() == Some(OsStr::new("rs")) {
            files.push(path);
        }
    }
}
