//! Who must never import whom: reads the sources and holds them against ARCHITECTURE.md's table. And what the test
//! command must not build once more.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A room, and what no line of it may name. `crate::` stands for the room's own crate.
const RULES: &[(&str, &[&str])] = &[
    (
        "protocol/src",
        &["tokio", "axum", "sea_orm", "tungstenite", "iroh", "std::net::Tcp", "std::fs", "std::thread"],
    ),
    ("web/src", &["axum", "tokio", "sea_orm", "peer_node", "directory::"]),
    ("migrations/src", &["protocol::"]),
    ("directory/src", &["peer_node", "web::"]),
    ("peer-node/src/http", &["crate::store", "crate::node", "crate::link", "sea_orm"]),
    ("peer-node/src/service", &["crate::http", "axum", "sea_orm"]),
    ("peer-node/src/node", &["crate::http", "crate::service", "web::"]),
    ("peer-node/src/link", &["crate::store", "crate::service", "crate::http", "crate::node"]),
    ("peer-node/src/store", &["crate::http", "crate::service", "crate::node", "crate::link"]),
    ("peer-node/src/directory", &["crate::http", "crate::service", "crate::node"]),
    ("peer-node/src/vault", &["crate::http", "crate::service"]),
    ("peer-node/src/backup", &["crate::http", "crate::service"]),
];

#[test]
fn every_arrow_points_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace");
    let mut wrong = Vec::new();
    let mut read = 0;
    for (room, banned) in RULES {
        for file in sources(&root.join(room)) {
            read += 1;
            let text = fs::read_to_string(&file).expect("a source file can be read");
            for (number, code) in statements(&text) {
                for name in banned.iter().filter(|name| names(&code, name)) {
                    wrong.push(format!("{}:{number}: {room} must not use {name}", file.display()));
                }
            }
        }
    }
    assert!(read > 20, "the rooms were not found: {read} files read");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn groups_of_imports_are_read_as_the_paths_that_they_stand_for() {
    let text = "use crate::{\n    clock::Clock, // crate::link\n    store::{self, Store},\n};\nlet a = crate::node::b();\n";
    let read: Vec<_> = statements(text);
    let paths = [
        (1, "use crate::clock::Clock"),
        (1, "use crate::store::self"),
        (1, "use crate::store::Store"),
        (5, "let a = crate::node::b();"),
    ];
    assert_eq!(read, paths.map(|(line, code)| (line, code.to_owned())));
    assert!(names(&read[2].1, "crate::store") && !names(&read[2].1, "crate::stored"));
}

/// The lines of a source file with their numbers, without comments; an import stands once for each path that it names.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut import: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split("//").next().unwrap_or_default().trim();
        let begins = ["use ", "pub use ", "pub(crate) use ", "pub(super) use "]
            .iter()
            .any(|start| code.starts_with(start));
        match &mut import {
            Some((_, whole)) => whole.push_str(code),
            None if begins => import = Some((number, code.to_owned())),
            None if code.is_empty() => {}
            None => found.push((number, code.to_owned())),
        }
        if let Some((begun, whole)) = import.take_if(|(_, whole)| whole.ends_with(';')) {
            let mut paths = Vec::new();
            expand("", whole.trim_end_matches(';'), &mut paths);
            found.extend(paths.into_iter().map(|path| (begun, path)));
        }
    }
    found
}

/// `use a::{b, c::{d, e}}` as `use a::b`, `use a::c::d`, `use a::c::e`.
fn expand(before: &str, tree: &str, paths: &mut Vec<String>) {
    let Some((start, group)) = tree.split_once('{') else {
        paths.push(format!("{before}{}", tree.trim()));
        return;
    };
    let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
    let (mut depth, mut from) = (0, 0);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = group[from..at].trim();
                if !part.is_empty() {
                    expand(&format!("{before}{}", start.trim_start()), part, paths);
                }
                from = at + 1;
            }
            _ => {}
        }
    }
}

/// After `cargo run`, the test command builds our crates and what tests alone need: a crate that both need has one set of
/// features in both.
#[test]
fn the_test_command_builds_no_crate_once_more() {
    let run = features(&["--package", "peer-node", "--edges", "normal,build"]);
    let test = features(&["--workspace", "--edges", "normal,build,dev"]);
    assert!(run.len() > 100, "{} crates found", run.len());
    let again: Vec<_> = test
        .iter()
        .filter_map(|(name, sets)| Some((name, run.get(name)?, sets)))
        .filter(|(_, built, sets)| !sets.is_subset(built))
        .map(|(name, built, sets)| format!("{name}: {built:?}, for tests {sets:?}"))
        .collect();
    assert!(again.is_empty(), "align these in the workspace's Cargo.toml:\n{}", again.join("\n"));
}

/// Each crate from a registry with the sets of features that it is built with.
fn features(args: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let tree = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["tree", "--locked", "--prefix", "none", "--format", "{p}|{f}"])
        .args(args)
        .output()
        .expect("cargo runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let mut all: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&tree.stdout).lines() {
        let Some((name, features)) = line.split_once('|') else { continue };
        // Ours have a path; "(*)" marks what stood there before.
        if !name.contains(['/', '\\']) {
            let set = features.trim_end_matches(" (*)").to_owned();
            all.entry(name.to_owned()).or_default().insert(set);
        }
    }
    all
}

/// Whether `code` names `path`, not merely something that ends or begins like it.
fn names(code: &str, path: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(path).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + path.len()..].chars().next();
        let open_end = path.ends_with("::") || path.ends_with("Tcp");
        !before.is_some_and(part_of_word) && (open_end || !after.is_some_and(part_of_word))
    })
}

/// All Rust files of a room: the folder, and the file that bears its name.
fn sources(room: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let file = room.with_extension("rs");
    if file.is_file() {
        found.push(file);
    }
    let mut open = vec![room.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    found
}
