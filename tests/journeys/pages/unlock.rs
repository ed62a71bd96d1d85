//! A computer that was switched off: the page says that it lost contact, then asks for the passphrase.

use anyhow::{Context, Result, ensure};
use journeys::{browser::Browser, node::TestNode};

const NEW: &str = "a lantern for the late ferry";

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_node_shows_nothing_until_the_passphrase_fits() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let mut node = TestNode::fresh("alice", None).await?;
    let key = sign_up_alone(&browser, &node).await?;
    browser.look("chats-alone").await?;
    browser.visit(&node, "/settings").await?;
    browser.look("settings-alone").await?;

    node.program.stop().await?;
    browser.until_read("This page lost contact with the app on your computer.").await?;
    browser.look("settings-lost-contact").await?;
    node.restart_locked().await?;
    // The page that was open finds out by itself, and keeps nothing of what it showed.
    browser.until_at("/unlock").await?;
    ensure!(browser.script("return document.title").await? == "Chat", "a locked tab says nothing");
    browser.look("unlock").await?;

    browser.fill("#secret", "not my harbour at all").await?;
    browser.press("Unlock").await?;
    browser.until_read("That passphrase doesn't fit. Try again.").await?;
    browser.look("unlock-wrong").await?;
    browser.press("Use the recovery key").await?;
    browser.until_read("New passphrase").await?;
    browser.look("unlock-recovery").await?;
    browser.fill("#secret", "3KQ7-M2ZD").await?;
    browser.fill("#new", "short").await?;
    browser.press("Unlock").await?;
    browser.until("return document.querySelector('#secret-error')").await?;
    browser.look("unlock-recovery-wrong").await?;
    browser.fill("#secret", &key).await?;
    browser.fill("#new", "short").await?;
    browser.press("Unlock").await?;
    browser.until("return document.querySelector('#new-error')").await?;
    browser.look("unlock-recovery-short").await?;
    browser.fill("#secret", &key).await?;
    browser.fill("#new", NEW).await?;
    browser.press("Unlock").await?;
    browser.until_at("/chats").await?;

    // Locked by hand, the old passphrase is no good any more; who guesses on must wait.
    browser.visit(&node, "/settings").await?;
    browser.press("Lock now").await?;
    browser.until_at("/unlock").await?;
    for _ in 0..8 {
        browser.fill("#secret", &node.passphrase).await?;
        browser.press("Unlock").await?;
        browser.until("return document.querySelector('[data-countdown], #secret-error')").await?;
        if browser.script("return document.querySelector('[data-countdown]') !== null").await? == true {
            break;
        }
    }
    browser.until_read("The next try counts in").await?;
    browser.look("unlock-wait").await?;
    browser.until("return !document.querySelector('[type=submit]').disabled").await?;
    browser.fill("#secret", NEW).await?;
    browser.press("Unlock").await?;
    browser.until_at("/chats").await?;
    browser.quit().await
}

/// First run without a directory; gives the recovery key as the page showed it.
async fn sign_up_alone(browser: &Browser, node: &TestNode) -> Result<String> {
    browser.driver.goto(&node.launch).await?;
    browser.press("Use without a directory").await?;
    browser.until_at("/setup/account").await?;
    browser.look("setup-account-alone").await?;
    browser.fill("#username", &node.name).await?;
    browser.fill("#passphrase", &node.passphrase).await?;
    browser.press("Continue").await?;
    browser.until_at("/setup/recovery").await?;
    browser.look("setup-recovery-alone").await?;
    let key = browser.script("return document.querySelector('#key').textContent").await?;
    browser.press("Later").await?;
    browser.until_at("/chats").await?;
    Ok(key.as_str().context("the key is shown")?.to_owned())
}
