//! People who are not there: messages wait, and come once, in order.

use std::fs;

use anyhow::Result;
use journeys::{
    directory::TestDirectory,
    node::{Friends, TestNode, acquainted},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_was_offline_catches_up() -> Result<()> {
    let Friends { directory: _directory, alice, mut bob, chat } = Friends::meet().await?;

    bob.program.stop().await?;
    let wanted: Vec<_> = (0..300).map(|number| format!("while you were away {number}")).collect();
    let mut last = String::new();
    for text in &wanted {
        last = alice.api.send(&chat, text).await?;
    }
    bob.restart().await?;
    bob.holds(&chat, &[&wanted[299]]).await?;
    alice.reached(&chat, &last, "delivered").await?;

    let got: Vec<_> = bob.api.texts(&chat).await?.into_iter().filter(|text| text != "hello").collect();
    assert_eq!(got, wanted);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_ask_each_other_while_both_are_offline_have_one_chat() -> Result<()> {
    let mut directory = TestDirectory::start().await?;
    let alice = TestNode::with_account("alice", &directory.url).await?;
    let bob = TestNode::with_account("bob", &directory.url).await?;
    // Both know the other's keys from the directory; then it is gone, and no link is up.
    alice.api.get("people?q=bob").await?;
    bob.api.get("people?q=alice").await?;
    let at_alice = alice.api.ask("bob", "from alice").await?;
    let at_bob = bob.api.ask("alice", "from bob").await?;
    directory.program.kill().await?;
    directory.restart().await?;
    assert_eq!(at_alice, at_bob, "one conversation, derived from the two people");
    for node in [&alice, &bob] {
        node.holds(&at_alice, &["from alice", "from bob"]).await?;
    }
    // First words take their true place when both have met: then both see one order, and each text once.
    let order = alice
        .api
        .until("both have one order", async |api| {
            let (one, other) = (api.texts(&at_alice).await?, bob.api.texts(&at_alice).await?);
            Ok((one == other).then_some(one))
        })
        .await?;
    assert_eq!(order.len(), 2, "{order:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_know_each_other_talk_while_the_directory_is_dead() -> Result<()> {
    let Friends { mut directory, alice, mut bob, chat } = Friends::meet().await?;

    directory.program.kill().await?;
    alice.api.send(&chat, "without it").await?;
    bob.holds(&chat, &["without it"]).await?;
    bob.kill_and_restart().await?;
    bob.api.send(&chat, "still here").await?;
    alice.holds(&chat, &["still here"]).await?;

    directory.restart().await?;
    let carol = TestNode::with_account("carol", &directory.url).await?;
    acquainted(&carol, &bob).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_of_the_data_folder_loses_nothing_and_reuses_no_key() -> Result<()> {
    let Friends { directory: _directory, mut alice, bob, chat } = Friends::meet().await?;
    let before = alice.api.send(&chat, "before the copy").await?;
    alice.reached(&chat, &before, "delivered").await?;

    alice.program.stop().await?;
    let copy = tempfile::tempdir()?;
    copy_folder(&alice.data(), copy.path())?;
    alice.restart().await?;
    let after = alice.api.send(&chat, "after the copy").await?;
    alice.reached(&chat, &after, "delivered").await?;

    alice.program.stop().await?;
    fs::remove_dir_all(alice.data())?;
    copy_folder(copy.path(), &alice.data())?;
    alice.restart().await?;
    // What the copy lacks comes back from the other side, and new messages go over on a new chain.
    alice.holds(&chat, &["before the copy", "after the copy"]).await?;
    alice.api.send(&chat, "on a new chain").await?;
    bob.holds(&chat, &["on a new chain"]).await?;
    bob.api.send(&chat, "and back").await?;
    alice.holds(&chat, &["and back"]).await?;
    assert_eq!(alice.api.texts(&chat).await?, bob.api.texts(&chat).await?);
    Ok(())
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if entry.file_type()?.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
