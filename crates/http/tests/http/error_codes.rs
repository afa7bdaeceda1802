//! What programs decide by is documented.

use std::fs::{read_dir, read_to_string};
use std::path::Path;

/// Those of which the page lists the beginning only.
const FAMILIES: [&str; 5] = ["EMAIL_", "NAME_", "PASSWORD_", "STATE_", "IP_"];

/// The sources below a folder, without their tests and comments.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.file_name().is_some_and(|name| name != "tests.rs") {
            let text = read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            found.push(lines.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// The literals of a source that are written like a code of several words, or given to what makes obstructions.
fn codes(source: &str) -> Vec<&str> {
    let pieces: Vec<&str> = source.split('"').collect();
    let literals = pieces.windows(2).filter(|pair| {
        let [before, literal] = pair else { return false };
        let screams = literal.starts_with(|c: char| c.is_ascii_uppercase())
            && literal.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        let named = ["Obstruction::new(", "Problem::header(", "code: "];
        let given = named.iter().any(|it| before.trim_end().ends_with(it.trim_end()));
        screams && (given || literal.contains('_')) && !literal.starts_with("CARGO_")
    });
    literals.map(|pair| pair[1]).collect()
}

#[test]
fn every_code_of_an_obstruction_is_documented() {
    let page = include_str!("../../../../docs/errors.md");
    let mut texts = Vec::new();
    for folder in ["src", "../core/src"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut texts);
    }
    let found: Vec<&str> = texts.iter().flat_map(|text| codes(text)).collect();
    for known in ["REQUIRED", "TOO_DEEP", "IP_HOST_BITS", "FORWARDED_REPEATED", "TOO_MANY_CLIENTS"]
    {
        assert!(found.contains(&known), "the sources are read wrongly: no {known}");
    }
    for code in found {
        let listed = page.contains(&format!("`{code}`")) || page.contains(&format!("## {code}\n"));
        let family = FAMILIES.iter().find(|family| code.starts_with(**family));
        let familiar = family.is_some_and(|family| page.contains(&format!("`{family}...`")));
        assert!(listed || familiar, "docs/errors.md does not know {code}");
    }
}
