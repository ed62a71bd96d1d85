//! A known account on a computer without its keys: bring them, or start anew, which others are asked to confirm.

use anyhow::{Result, ensure};
use journeys::{
    browser::Browser,
    node::{Friends, TestNode},
};

#[tokio::test(flavor = "multi_thread")]
async fn who_starts_anew_is_confirmed_by_the_people_they_write_to() -> Result<()> {
    let (Some(alices), Some(bobs)) = (Browser::start().await?, Browser::start().await?) else {
        return Ok(());
    };
    let Friends { directory, alice, bob: mut old, chat: before } = Friends::meet().await?;
    alices.open_page(&alice).await?;
    let list = alices.driver.window().await?;
    let old_chat = alices.driver.new_tab().await?;
    alices.driver.switch_to_window(old_chat.clone()).await?;
    alices.visit(&alice, &format!("/chats/{before}")).await?;
    alices.driver.switch_to_window(list).await?;
    old.program.stop().await?;

    let bob = TestNode::fresh("bob", Some(&directory.url)).await?;
    bobs.driver.goto(&bob.launch).await?;
    sign_in(&bobs, &bob).await?;
    bobs.look("setup-reset").await?;
    bobs.fill("#recovery", "this is not a recovery file").await?;
    bobs.fill("#key", "3KQ7-M2ZD").await?;
    bobs.press("Restore").await?;
    bobs.until("return document.querySelector('#recovery-error, #key-error')").await?;
    bobs.look("setup-reset-wrong").await?;
    bobs.press("Start anew as bob").await?;
    bobs.until_read("Tick this first").await?;
    bobs.look("setup-reset-unticked").await?;
    bobs.tick("[name=understood]").await?;
    bobs.press("Start anew as bob").await?;
    bobs.until_at("/setup/recovery").await?;
    bobs.press("Later").await?;
    bobs.until_at("/setup/visibility").await?;
    bobs.press("Done").await?;
    bobs.until_at("/chats").await?;
    bobs.look("chats-empty-reminder").await?;
    bob.api.ask("alice", "It is me, on a new computer").await?;

    alices.until("return document.querySelector('#request-list a')").await?;
    alices.look("chats-new-keys").await?;
    alices.open_chat("bob").await?;
    alices.until_said("It is me, on a new computer").await?;
    alices.look("chat-request-new-keys").await?;
    alices.press("Accept").await?;
    alices.until_read("safety number changed").await?;
    alices.until("return document.querySelector('.request.amber')").await?;
    alices.look("chat-keys-changed").await?;
    ensure!(
        alices.script("return document.querySelector('#composer').checkVisibility()").await? == false,
        "nothing is written before the keys are confirmed"
    );
    alices.press("Compare").await?;
    alices.until_read("Compare these digits with bob").await?;
    alices.look("chat-keys-compare").await?;
    alices.press("Close details").await?;
    alices.press("Go on writing").await?;
    alices.until("return document.querySelector('#standing').dataset.compose === 'yes'").await?;
    alices.write("The digits match").await?;
    bobs.open_chat("alice").await?;
    bobs.until_said("The digits match").await?;
    // The old chat, open all the while, stays to be read, and says where the talk goes on.
    alices.driver.switch_to_window(old_chat).await?;
    alices.until_read("started anew on another computer").await?;
    alices.look("chat-moved").await?;
    alices.press("Open the new chat").await?;
    alices.until_said("The digits match").await?;
    alices.quit().await?;
    bobs.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_brings_the_recovery_file_stays_the_same_person() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let Friends { directory, alice, bob: mut old, chat } = Friends::meet().await?;
    let recovery = old.api.get("account/recovery").await?;
    let text = |field: &str| recovery[field].as_str().unwrap_or_default().to_owned();
    old.program.stop().await?;

    let bob = TestNode::fresh("bob", Some(&directory.url)).await?;
    browser.driver.goto(&bob.launch).await?;
    sign_in(&browser, &bob).await?;
    browser.fill("#recovery", &text("file")).await?;
    browser.fill("#key", &text("key")).await?;
    browser.press("Restore").await?;
    browser.until_at("/setup/recovery").await?;
    browser.look("setup-recovery-restored").await?;
    browser.press("Later").await?;
    browser.press("Done").await?;
    browser.until_at("/chats").await?;
    let asked = bob.api.ask("alice", "The same bob as ever").await?;
    ensure!(asked == chat, "the same two people have the same conversation");
    alice.holds(&chat, &["The same bob as ever"]).await?;
    browser.quit().await
}

/// From the welcome page to the question what to do without keys, by way of a passphrase that doesn't fit.
async fn sign_in(browser: &Browser, node: &TestNode) -> Result<()> {
    browser.press("Sign in").await?;
    browser.until_at("/setup/directory").await?;
    browser.press("Continue").await?;
    browser.until("return document.querySelector('.good')").await?;
    browser.press("Continue").await?;
    browser.until_at("/setup/account").await?;
    browser.look("setup-sign-in").await?;
    browser.fill("#username", &node.name).await?;
    browser.fill("#passphrase", "somebody else's harbour").await?;
    browser.press("Continue").await?;
    browser.until_read("That name and passphrase don't fit together.").await?;
    browser.look("setup-sign-in-unfit").await?;
    browser.fill("#passphrase", &node.passphrase).await?;
    browser.press("Continue").await?;
    browser.until_at("/setup/reset").await
}
