//! A new machine for the same person: from a backup, and from the recovery file alone.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use journeys::{
    directory::TestDirectory,
    node::{Friends, TestNode},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_on_a_new_machine_knows_its_people_and_goes_on() -> Result<()> {
    let Friends { directory: _directory, mut alice, bob, chat } = Friends::meet().await?;
    both_hear(&alice, &bob, &chat, "before the backup").await?;

    let folder = tempfile::tempdir()?;
    let backup = folder.path().join("alice.confab");
    back_up(&alice, &backup).await?;
    // After the backup: one that Alice has seen, and one that finds nobody.
    let seen = bob.api.send(&chat, "after the backup").await?;
    bob.reached(&chat, &seen, "delivered").await?;
    alice.program.stop().await?;
    let waits = bob.api.send(&chat, "while nobody is there").await?;

    // Another passphrase on the new machine than the directory has.
    restore_on_a_new_machine(&mut alice, &backup, "alice sails to a new harbour 9").await?;
    let texts = alice.api.texts(&chat).await?;
    assert!(texts.starts_with(&["hello".to_owned(), "before the backup".to_owned()]), "{texts:?}");

    alice.holds(&chat, &["after the backup", "while nobody is there"]).await?;
    signed_in(&alice).await?;
    bob.reached(&chat, &waits, "delivered").await?;
    both_hear(&alice, &bob, &chat, "from the new machine").await?;
    only_once(&alice, &bob, &chat).await?;
    knows_the_same_keys(&bob, "alice", &chat).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_finds_its_people_without_a_directory() -> Result<()> {
    let Friends { mut directory, mut alice, bob, chat } = Friends::meet().await?;
    both_hear(&alice, &bob, &chat, "before the backup").await?;
    directory.program.kill().await?;
    alice.program.stop().await?;
    let folder = tempfile::tempdir()?;
    let backup = folder.path().join("alice.confab");
    back_up(&alice, &backup).await?;

    let same = alice.passphrase.clone();
    restore_on_a_new_machine(&mut alice, &backup, &same).await?;
    both_hear(&alice, &bob, &chat, "by address alone").await?;
    only_once(&alice, &bob, &chat).await?;
    knows_the_same_keys(&bob, "alice", &chat).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recovery_file_alone_brings_contacts_back_when_they_write() -> Result<()> {
    let Friends { directory: _directory, mut alice, bob, chat } = Friends::meet().await?;
    both_hear(&alice, &bob, &chat, "on the old machine").await?;
    recover_on_a_new_machine(&mut alice).await?;
    let conversations = alice.api.get("conversations").await?;
    assert_eq!(conversations["conversations"], json!([]), "she knows nobody");

    // Bob knows nothing of it, and writes. To a node that knows nobody he is a stranger with a question.
    let written = bob.api.send(&chat, "are you there?").await?;
    let request = alice.request_of("bob").await?;
    assert_eq!(request["conversation"], chat.as_str());
    assert_eq!(alice.api.texts(&chat).await?, ["are you there?"]);
    assert_eq!(alice.accept("bob").await?, chat);
    bob.reached(&chat, &written, "delivered").await?;
    both_hear(&alice, &bob, &chat, "with the recovery file").await?;
    only_once(&alice, &bob, &chat).await?;
    knows_the_same_keys(&bob, "alice", &chat).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recovery_file_alone_is_enough_to_ask_a_contact_again() -> Result<()> {
    let Friends { directory: _directory, mut alice, bob, chat } = Friends::meet().await?;
    recover_on_a_new_machine(&mut alice).await?;

    // To Bob she is who she was: he is not asked.
    assert_eq!(alice.api.ask("bob", "it is me, with a new machine").await?, chat);
    bob.holds(&chat, &["it is me, with a new machine"]).await?;
    both_hear(&alice, &bob, &chat, "as before").await?;
    only_once(&alice, &bob, &chat).await?;
    knows_the_same_keys(&bob, "alice", &chat).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_that_was_forgotten_is_new_at_the_directory_too() -> Result<()> {
    let mut directory = TestDirectory::start().await?;
    let alice = TestNode::with_account("alice", &directory.url).await?;
    let recovery = alice.api.get("account/recovery").await?;
    let new = "a brighter harbour, number 8";
    alice.api.delete("session").await?;
    // The directory is away when it happens, and gets to know of it when it is back.
    directory.program.kill().await?;
    alice.api.post("unlock", json!({ "passphrase": new, "recovery_key": recovery["key"] })).await?;
    directory.restart().await?;

    signed_in(&alice).await?;
    let elsewhere = TestNode::fresh("alice", Some(&directory.url)).await?;
    for (words, fits) in [(new, true), (alice.passphrase.as_str(), false)] {
        let entry = json!({ "username": "alice", "passphrase": words });
        let (_, refused) = elsewhere.api.raw(reqwest::Method::POST, "account", Some(entry)).await?;
        // It asks for keys only when name and passphrase fit.
        assert_eq!(refused["code"] == "needs_keys", fits, "{refused}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_reset_still_has_to_be_confirmed() -> Result<()> {
    let Friends { directory: _directory, mut alice, bob, chat } = Friends::meet().await?;
    alice.program.stop().await?;
    alice.on_a_new_machine()?;
    alice.start_anew().await?;
    let account = json!({ "username": "alice", "passphrase": alice.passphrase, "reset": true });
    alice.api.post("account", account).await?;
    let anew = alice.api.ask("bob", "new keys").await?;
    assert_ne!(anew, chat);
    bob.accept("alice").await?;
    let path = format!("conversations/{anew}/messages");
    let (status, refused) =
        bob.api.raw(reqwest::Method::POST, &path, Some(json!({ "text": "who?" }))).await?;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("keys_changed")), "{refused}");
    Ok(())
}

/// Waits until the directory has let the node in.
async fn signed_in(node: &TestNode) -> Result<()> {
    let what = format!("{} is signed in at the directory", node.name);
    node.api
        .until(&what, async |api| Ok((api.get("status").await?["directory"]["state"] == "up").then_some(())))
        .await
}

/// Each writes a line, and each has both.
async fn both_hear(a: &TestNode, b: &TestNode, chat: &str, text: &str) -> Result<()> {
    let there = a.api.send(chat, text).await?;
    b.holds(chat, &[text]).await?;
    let back = format!("{text}, indeed");
    let here = b.api.send(chat, &back).await?;
    a.holds(chat, &[text, &back]).await?;
    a.reached(chat, &there, "delivered").await?;
    b.reached(chat, &here, "delivered").await
}

/// Nothing stands twice in either history, neither by text nor by id.
async fn only_once(a: &TestNode, b: &TestNode, chat: &str) -> Result<()> {
    for node in [a, b] {
        let rows = node.api.history(chat).await?;
        for field in ["id", "text"] {
            let mut all: Vec<_> = rows.iter().filter_map(|row| row[field].as_str()).collect();
            let before = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), before, "{field} at {}: {rows:#?}", node.name);
        }
    }
    Ok(())
}

/// The person is the one they were; a line says that their device is new, and none that their keys are.
async fn knows_the_same_keys(node: &TestNode, who: &str, chat: &str) -> Result<()> {
    let people = node.api.get("people").await?;
    let people = people["people"].as_array().context("a list of people")?;
    let named: Vec<_> = people.iter().filter(|person| person["username"] == who).collect();
    assert_eq!(named.len(), 1, "{named:#?}");
    assert_eq!(named[0]["keys_changed"], false, "{named:#?}");
    let kinds: Vec<Value> = node.api.history(chat).await?.iter().map(|row| row["kind"].clone()).collect();
    assert!(!kinds.contains(&json!("keys_changed")), "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == json!("new_device")).count(), 1, "{kinds:?}");
    Ok(())
}

async fn back_up(node: &TestNode, file: &Path) -> Result<()> {
    let (words, file) = (node.passphrase_file(), file.display().to_string());
    node.command(&["backup", "--passphrase-file", &words, "--backup-passphrase-file", &words, &file]).await?;
    Ok(())
}

/// The old machine is gone, with all its data; on the new one stands what the backup held, under a passphrase of its own.
async fn restore_on_a_new_machine(node: &mut TestNode, backup: &Path, passphrase: &str) -> Result<()> {
    let old_words = backup.with_file_name("words");
    fs::write(&old_words, &node.passphrase)?;
    passphrase.clone_into(&mut node.passphrase);
    node.on_a_new_machine()?;
    let [words, old_words, backup] =
        [node.passphrase_file(), old_words.display().to_string(), backup.display().to_string()];
    node.command(&["restore", "--passphrase-file", &words, "--backup-passphrase-file", &old_words, &backup])
        .await?;
    node.start_anew().await
}

/// The same with nothing but the recovery file and its key.
async fn recover_on_a_new_machine(node: &mut TestNode) -> Result<()> {
    let recovery = node.api.get("account/recovery").await?;
    node.program.stop().await?;
    node.on_a_new_machine()?;
    node.start_anew().await?;
    let account = json!({
        "username": node.name,
        "passphrase": node.passphrase,
        "recovery": recovery["file"],
        "recovery_key": recovery["key"],
    });
    node.api.post("account", account).await?;
    Ok(())
}
