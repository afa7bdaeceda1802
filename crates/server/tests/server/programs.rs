//! Programs that are not ours, as the machine has them.

use std::env;
use std::path::PathBuf;

/// Where the program is; `None` is a skip that was told.
#[expect(clippy::print_stderr, reason = "a skip must be loud")]
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    let found = folders.into_iter().map(|it| it.join(name)).find(|it| it.is_file());
    if found.is_none() {
        let told = env::var("DURWARD_TEST_SKIP").unwrap_or_default();
        let expected = told.split(',').any(|skipped| skipped.trim() == name);
        assert!(expected || env::var("CI").as_deref() != Ok("true"), "there is no {name}");
        eprintln!("SKIPPED with {name}: there is no such program");
    }
    found
}
