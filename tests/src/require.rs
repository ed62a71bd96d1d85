//! Tools that only some machines have: found, or the test says in one line that it is skipped.

use std::{
    collections::BTreeSet,
    env,
    io::{self, Write as _},
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

/// The path of a program, or `None` after saying so. With `CONFAB_REQUIRE=all` a missing tool fails the test.
#[must_use]
pub fn tool(name: &str, why: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        missing(name, why);
    }
    found
}

/// Says once that something is missing, and fails where nothing may be skipped.
///
/// # Panics
/// With `CONFAB_REQUIRE=all`.
pub fn missing(name: &str, why: &str) {
    let everything = env::var("CONFAB_REQUIRE").is_ok_and(|value| value == "all");
    assert!(!everything, "{name} is missing, and CONFAB_REQUIRE=all: {why}");
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned()) {
        // Not `eprintln`: what a test prints that way is shown only when it fails.
        let _ = writeln!(io::stderr(), "skipped: {name} is not on this machine ({why})");
    }
}
