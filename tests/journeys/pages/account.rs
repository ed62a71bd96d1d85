//! The steps that are taken rarely and with care, from the settings on, by keyboard where it matters.

use anyhow::{Context, Result, ensure};
use data_encoding::BASE64;
use journeys::{
    browser::Browser,
    directory::TestDirectory,
    node::{Friends, TestNode, acquainted},
};
use thirtyfour::{By, Key};

const NEW: &str = "a whole new harbour wall";

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_passphrase_unlocks_and_the_old_one_does_not() -> Result<()> {
    let (Some(here), Some(there)) = (Browser::start().await?, Browser::start().await?) else {
        return Ok(());
    };
    let directory = TestDirectory::start().await?;
    let node = TestNode::with_account("alice", &directory.url).await?;
    here.open_page(&node).await?;
    let link = node.api.post("launch", serde_json::json!({})).await?;
    there.driver.goto(link["url"].as_str().context("a link")?).await?;
    there.until_at("/chats").await?;

    here.visit(&node, "/settings").await?;
    here.press("Change the passphrase").await?;
    here.until_at("/account/passphrase").await?;
    here.look("account-passphrase").await?;
    type_and_enter(&here, &[("#old", "not this one at all"), ("#new", NEW)]).await?;
    here.until_read("That passphrase doesn't fit. Try again.").await?;
    ensure!(focused(&here).await? == "old", "the first bad field has the focus");
    here.look("account-passphrase-wrong").await?;
    type_and_enter(&here, &[("#old", &node.passphrase), ("#new", "aaaaaaaaaaaa")]).await?;
    here.until("return document.querySelector('#new-error')").await?;
    type_and_enter(&here, &[("#old", &node.passphrase), ("#new", NEW)]).await?;
    here.until_read("Your passphrase is changed").await?;
    ensure!(focused(&here).await? == "title", "what happened is read out");
    here.look("account-passphrase-changed").await?;
    // The tick stood: whoever had the page open elsewhere is out.
    there.until_read("Open Confab from your computer").await?;

    here.visit(&node, "/settings").await?;
    here.press("Lock now").await?;
    here.until_at("/unlock").await?;
    type_and_enter(&here, &[("#secret", &node.passphrase)]).await?;
    here.until_read("fit. Try again.").await?;
    type_and_enter(&here, &[("#secret", NEW)]).await?;
    here.until_at("/chats").await?;
    node.api
        .until("the directory takes the new passphrase", async |api| {
            let status = api.get("status").await?;
            Ok((status["directory"]["state"] == "up").then_some(()))
        })
        .await?;

    // Forgotten: the recovery key opens, and sets another.
    let recovery = node.api.get("account/recovery").await?;
    here.visit(&node, "/settings").await?;
    here.press("Lock now").await?;
    here.until_at("/unlock").await?;
    here.press("Use the recovery key").await?;
    here.until("return location.search === '?with=recovery'").await?;
    let key = recovery["key"].as_str().context("a key")?;
    type_and_enter(&here, &[("#secret", key), ("#new", "it is the third one now")]).await?;
    here.until_at("/chats").await?;

    // Everywhere: every browser, this one too, and the node is locked.
    here.visit(&node, "/settings").await?;
    here.press("Sign out everywhere").await?;
    here.until_at("/account/sign-out").await?;
    here.look("account-sign-out").await?;
    here.press("Sign out everywhere").await?;
    here.until_at("/launch").await?;
    ensure!(node.api.get("status").await?["stage"] == "locked", "it locks");
    here.quit().await?;
    there.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_is_gone_here_and_at_the_directory() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let Friends { directory: _directory, alice, bob, chat } = Friends::meet().await?;
    browser.open_page(&alice).await?;
    browser.visit(&alice, "/settings").await?;
    browser.press("Delete the account").await?;
    browser.until_at("/account/delete").await?;
    ensure!(focused(&browser).await? == "Keep it", "the safe way has the focus");
    browser.look("account-delete").await?;
    type_and_enter(&browser, &[("#name", "alicia"), ("#passphrase", &alice.passphrase)]).await?;
    browser.until_read("Type your name as it stands here: alice.").await?;
    browser.look("account-delete-wrong").await?;
    type_and_enter(&browser, &[("#name", "alice"), ("#passphrase", "somebody else's harbour")]).await?;
    browser.until("return document.querySelector('#passphrase-error')").await?;
    type_and_enter(&browser, &[("#passphrase", &alice.passphrase)]).await?;
    browser.until_at("/setup/welcome").await?;

    let left: Vec<_> = std::fs::read_dir(alice.data())?.flatten().map(|entry| entry.file_name()).collect();
    let secret = |name: &std::ffi::OsString| {
        let name = name.to_string_lossy();
        name.starts_with("confab.db") || name.starts_with("vault") || name == "name.json"
    };
    ensure!(!left.iter().any(secret), "the data folder is wiped: {left:?}");
    let (status, problem) = bob
        .api
        .raw(
            reqwest::Method::POST,
            "requests",
            Some(serde_json::json!({ "username": "alice", "text": "still there?" })),
        )
        .await?;
    ensure!(
        status == reqwest::StatusCode::NOT_FOUND || problem["code"] == "unknown_name",
        "the directory knows no alice: {status} {problem}"
    );
    ensure!(bob.api.texts(&chat).await? == ["hello"], "what others have stays theirs");
    browser.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_saved_from_the_page_and_restored_by_the_page_of_a_new_node() -> Result<()> {
    let (Some(here), Some(there)) = (Browser::start().await?, Browser::start().await?) else {
        return Ok(());
    };
    let directory = TestDirectory::start().await?;
    let mut old = TestNode::with_account("alice", &directory.url).await?;
    let bob = TestNode::with_account("bob", &directory.url).await?;
    let chat = acquainted(&old, &bob).await?;
    old.api.send(&chat, "carry this along").await?;
    bob.holds(&chat, &["carry this along"]).await?;

    here.open_page(&old).await?;
    here.visit(&old, "/settings").await?;
    here.press("Make a backup").await?;
    here.until_at("/account/backup").await?;
    here.look("account-backup").await?;
    type_and_enter(&here, &[("#passphrase", "12345678901")]).await?;
    here.until("return document.querySelector('#passphrase-error')").await?;
    type_and_enter(&here, &[("#passphrase", "seven boats and a lamp")]).await?;
    here.until_read("Your backup is ready").await?;
    here.until_read("1 person and 2 messages").await?;
    here.look("account-backup-ready").await?;
    let fetched = here
        .driver
        .execute_async(
            std::sync::Arc::<str>::from(
                "const done = arguments[arguments.length - 1];
                 fetch(document.querySelector('a[download]').href).then(answer => answer.arrayBuffer())
                   .then(bytes => done(new Uint8Array(bytes).toBase64?.() ?? btoa([...new Uint8Array(bytes)].map(b => String.fromCharCode(b)).join(''))));",
            ),
            Vec::new(),
        )
        .await?;
    let bytes = BASE64.decode(fetched.json().as_str().context("a file")?.as_bytes())?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("confab-backup.age");
    std::fs::write(&file, &bytes)?;
    here.press("I have it").await?;
    here.until_at("/settings").await?;
    let passing = |node: &TestNode| -> Result<usize> {
        let names = std::fs::read_dir(node.data())?.flatten().map(|entry| entry.file_name());
        let is = |name: &std::ffi::OsString| name.to_string_lossy().ends_with(".confab");
        Ok(names.filter(is).count())
    };
    ensure!(passing(&old)? == 0, "no copy stays here");
    old.program.stop().await?;

    let new = TestNode::fresh("alice", Some(&directory.url)).await?;
    there.driver.goto(&new.launch).await?;
    there.press("I have a backup").await?;
    there.until_at("/setup/restore").await?;
    there.look("setup-restore").await?;
    let noise = folder.path().join("noise.age");
    std::fs::write(&noise, vec![7_u8; 3 << 20])?;
    for (path, passphrase, said) in [
        (&noise, "seven boats and a lamp", "That file is not a backup of Confab."),
        (&file, "eight boats and a lamp", "That passphrase doesn't fit. Try again."),
    ] {
        there.driver.find(By::Css("#file")).await?.send_keys(path.display().to_string()).await?;
        type_and_enter(&there, &[("#passphrase", passphrase), ("#new", NEW)]).await?;
        there.until_read(said).await?;
        there.look("setup-restore-wrong").await?;
        ensure!(passing(&new)? == 0 && new.api.get("status").await?["stage"] == "fresh", "as it was");
    }
    there.driver.find(By::Css("#file")).await?.send_keys(file.display().to_string()).await?;
    type_and_enter(&there, &[("#passphrase", "seven boats and a lamp"), ("#new", NEW)]).await?;
    there.until_at("/setup/recovery").await?;
    there.press("Later").await?;
    there.until_at("/chats").await?;
    there.open_chat("bob").await?;
    there.until_said("carry this along").await?;
    ensure!(passing(&new)? == 0, "what came in does not stay");
    there.write("and on we go").await?;
    bob.holds(&chat, &["carry this along", "and on we go"]).await?;
    here.quit().await?;
    there.quit().await
}

/// Fills fields and presses Enter in the last one.
async fn type_and_enter(browser: &Browser, fields: &[(&str, &str)]) -> Result<()> {
    for (selector, text) in fields {
        browser.fill(selector, text).await?;
    }
    let (last, _) = fields.last().context("a field")?;
    browser.driver.find(By::Css(*last)).await?.send_keys(Key::Enter).await?;
    Ok(())
}

/// The id, or the words, of what has the focus.
async fn focused(browser: &Browser) -> Result<String> {
    let found = browser.script("const el = document.activeElement; return el.id || el.innerText").await?;
    Ok(found.as_str().unwrap_or_default().trim().to_owned())
}
