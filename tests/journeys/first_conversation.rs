//! The first conversation, acted out by two people in two browsers; every page is looked at on the way.

use anyhow::Result;
use journeys::{
    browser::{Browser, Engine},
    directory::TestDirectory,
    node::TestNode,
};

#[tokio::test(flavor = "multi_thread")]
async fn two_people_meet_and_talk_in_two_browsers() -> Result<()> {
    let (Some(alices), Some(bobs)) = (Browser::start().await?, Browser::start().await?) else {
        return Ok(());
    };
    meet_and_talk(alices, bobs).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_meet_and_talk_in_firefox_and_chromium() -> Result<()> {
    let (Some(alices), Some(bobs)) = (Browser::start_in(Engine::Firefox).await?, Browser::start().await?)
    else {
        return Ok(());
    };
    meet_and_talk(alices, bobs).await
}

async fn meet_and_talk(alices: Browser, bobs: Browser) -> Result<()> {
    let directory = TestDirectory::start().await?;
    let alice = TestNode::fresh("alice", Some(&directory.url)).await?;
    let bob = TestNode::fresh("bob", Some(&directory.url)).await?;

    sign_up(&alices, &alice, true).await?;
    sign_up(&bobs, &bob, false).await?;
    alices.look("chats-empty").await?;

    alices.visit(&alice, "/people").await?;
    alices.look("people-nobody").await?;
    alices.fill("#q", "bob").await?;
    alices
        .until("return [...document.querySelectorAll('main li')].some(row => row.innerText.includes('bob'))")
        .await?;
    alices.look("people").await?;
    alices.script("document.querySelector('details.ask summary').click()").await?;
    alices.fill("details.ask textarea", "Hello Bob, the kettle is on").await?;
    alices.look("people-ask").await?;
    alices.press("Send request").await?;
    alices
        .until("return location.pathname.startsWith('/chats/') && document.querySelector('#standing .note')")
        .await?;
    alices.look("chat-asked").await?;

    bobs.open_chat("alice").await?;
    bobs.until_said("kettle").await?;
    bobs.look("chat-request").await?;
    bobs.press("Accept").await?;
    bobs.until("return document.querySelector('#standing').dataset.compose === 'yes'").await?;
    alices.until("return !document.querySelector('#standing .note')").await?;

    // Both type at once; each sees the other's line without doing anything.
    tokio::try_join!(alices.write("Milk or lemon?"), bobs.write("On my way"))?;
    alices.until_said("On my way").await?;
    bobs.until_said("Milk or lemon?").await?;
    alices.until("return /Delivered|Read/.test(document.querySelector('#messages').innerHTML)").await?;
    alices.look("chat").await?;
    bobs.look("chat-other").await?;
    alices.press("Chat details").await?;
    alices.until_read("Compare these digits with bob").await?;
    alices.look("chat-details").await?;
    alices.press("Close details").await?;
    alices.script("document.querySelector('#messages article').focus(); document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: '?', bubbles: true}))").await?;
    alices.until("return document.querySelector('dialog.help[open]')").await?;
    alices.look("chat-help").await?;

    alices.visit(&alice, "/chats").await?;
    alices.until_read("Choose a chat").await?;
    alices.look("chats").await?;
    bobs.visit(&bob, "/settings").await?;
    bobs.look("settings").await?;
    bobs.visit(&bob, "/api").await?;
    bobs.look("api").await?;

    alices.quit().await?;
    bobs.quit().await
}

/// From the launch link to the list of chats, as a new person does it.
async fn sign_up(browser: &Browser, node: &TestNode, looking: bool) -> Result<()> {
    let look_at = async |name: &str| if looking { browser.look(name).await } else { Ok(()) };
    browser.driver.goto(&node.launch).await?;
    browser.until_at("/setup/welcome").await?;
    look_at("setup-welcome").await?;
    browser.press("Create an account").await?;
    browser.until_at("/setup/directory").await?;
    look_at("setup-directory").await?;
    if looking {
        let offered = browser.script("return document.querySelector('#url').value").await?;
        browser.fill("#url", "http://127.0.0.1:1").await?;
        browser.press("Continue").await?;
        browser.until_read("No answer from 127.0.0.1:1.").await?;
        look_at("setup-directory-silent").await?;
        browser.fill("#url", offered.as_str().unwrap_or_default()).await?;
    }
    browser.press("Continue").await?;
    browser.until("return document.querySelector('.good')").await?;
    look_at("setup-directory-found").await?;
    browser.press("Continue").await?;
    browser.until_at("/setup/account").await?;
    look_at("setup-account").await?;

    browser.fill("#username", "An a").await?;
    browser.fill("#passphrase", "short").await?;
    browser.press("Continue").await?;
    browser.until("return document.querySelector('[aria-invalid=true]')").await?;
    look_at("setup-account-wrong").await?;
    browser.fill("#username", &node.name).await?;
    browser.fill("#passphrase", &node.passphrase).await?;
    browser.press("Continue").await?;
    browser.until_at("/setup/confirm").await?;
    look_at("setup-confirm").await?;
    browser.press(&format!("Create {}", node.name)).await?;
    browser.until_at("/setup/recovery").await?;
    look_at("setup-recovery").await?;
    if looking {
        browser.press("Continue").await?;
        browser.until_read("Save it first, then tick this.").await?;
        look_at("setup-recovery-untouched").await?;
    }
    browser.tick("[name=saved]").await?;
    browser.press("Continue").await?;
    browser.until_at("/setup/visibility").await?;
    look_at("setup-visibility").await?;
    browser.press("Done").await?;
    browser.until_at("/chats").await
}
