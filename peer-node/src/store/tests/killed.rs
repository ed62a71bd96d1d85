use std::{
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use super::*;

const DIR: &str = "CONFAB_TEST_KILLED_DIR";
const KEY: [u8; 32] = [0x5a; 32];

fn batch(n: u64) -> Vec<Write> {
    let mut writes = vec![Write::Record { key: b"head".to_vec(), value: Some(n.to_le_bytes().to_vec()) }];
    writes.extend((0..5).map(|part| {
        let at = n * 5 + part;
        Write::Entry(text(BOB, at, at, at, &format!("batch {n}")))
    }));
    writes
}

/// The tests below run once more as a process of their own, with this set: then they are the process that commits.
fn folder_of_the_child() -> Option<PathBuf> {
    std::env::var_os(DIR).map(PathBuf::from)
}

/// The arguments of this program for such a process.
fn child_of(test: &str) -> [String; 3] {
    ["--exact".to_owned(), format!("store::tests::killed::{test}"), "--nocapture".to_owned()]
}

/// Commits until it is killed or the disk refuses, and says so.
async fn commit_on_and_on(dir: &Path) {
    let options = Options { marks: Marks::Folder(dir.join("marks")) };
    let store = Store::open_with(dir, &DatabaseKey::for_tests(KEY), &options).await.unwrap();
    assert!(!store.restored());
    for n in store.rev() + 1.. {
        if let Err(error) = store.clone().commit(batch(n)).await {
            println!("failed: {error}");
            // What is there can still be read.
            assert_eq!(store.timeline(CHAT, Page::Newest, 100_000).await.unwrap().len() as u64, (n - 1) * 5);
            return;
        }
        println!("committed {n}");
        std::io::stdout().flush().unwrap();
    }
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_it_had_committed_and_keeps_no_half_batch() {
    if let Some(dir) = folder_of_the_child() {
        return commit_on_and_on(&dir).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut last = 0;
    for round in 0..8_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(child_of("a_killed_process_loses_nothing_that_it_had_committed_and_keeps_no_half_batch"))
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Somewhere after a few commits; where exactly, the scheduler rolls the dice.
        let mut left = 3 + round * 5 % 13;
        let mut said = |line: std::io::Result<String>| {
            let n = line.unwrap().strip_prefix("committed ").and_then(|n| n.parse::<u64>().ok());
            last = n.unwrap_or(last);
            n.is_some()
        };
        while left > 0 {
            left -= u64::from(said(lines.next().expect("it commits")));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines {
            said(line);
        }

        let options = Options { marks: Marks::Folder(dir.path().join("marks")) };
        let store = Store::open_with(dir.path(), &DatabaseKey::for_tests(KEY), &options).await.unwrap();
        // The mark never ran ahead of the database.
        assert!(!store.restored());
        assert!(store.rev() >= last, "{} was said to be committed, {} is there", last, store.rev());
        let head = store.records().await.unwrap().remove(0).1;
        assert_eq!(u64::from_le_bytes(head.try_into().unwrap()), store.rev());
        let items = store.timeline(CHAT, Page::Newest, 100_000).await.unwrap();
        assert_eq!(items.len() as u64, store.rev() * 5);
        assert_eq!(found(&store, "batch", None, 100_000).await.len() as u64, store.rev() * 5);
        store.close().await.unwrap();
    }
}

/// A limit on the size of files stops writes in their middle, as a failing or full disk does.
#[cfg(unix)]
#[tokio::test]
async fn a_write_that_the_system_refuses_is_an_error_and_loses_nothing() {
    if let Some(dir) = folder_of_the_child() {
        return commit_on_and_on(&dir).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 1200; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(child_of("a_write_that_the_system_refuses_is_an_error_and_loses_nothing"))
        .env(DIR, dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let last: u64 =
        said.lines().filter_map(|line| line.strip_prefix("committed ")?.parse().ok()).max().unwrap();
    let error = said.lines().find_map(|line| line.strip_prefix("failed: ")).unwrap();
    assert!(error.starts_with("the disk failed: ") || error.starts_with("the disk is full: "), "{error}");

    let (key, options) = (DatabaseKey::for_tests(KEY), Options { marks: Marks::Nowhere });
    let store = Store::open_with(dir.path(), &key, &options).await.unwrap();
    assert_eq!(store.rev(), last);
    assert_eq!(store.timeline(CHAT, Page::Newest, 100_000).await.unwrap().len() as u64, last * 5);
    commit(&store, batch(last + 1)).await;
    assert_eq!(found(&store, "batch", None, 100_000).await.len() as u64, (last + 1) * 5);
}
