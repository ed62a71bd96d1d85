//! The first conversation, acted out by two people in two browsers; every page is looked at on the way.

use std::{env, path::PathBuf};

use anyhow::{Context, Result};
use journeys::{
    browser::{Browser, Scheme},
    directory::TestDirectory,
    node::TestNode,
};
use thirtyfour::{By, Key, TypingData};

#[tokio::test(flavor = "multi_thread")]
async fn two_people_meet_and_talk_in_two_browsers() -> Result<()> {
    let (Some(alices), Some(bobs)) = (Browser::start().await?, Browser::start().await?) else {
        return Ok(());
    };
    let directory = TestDirectory::start().await?;
    let alice = TestNode::fresh("alice", Some(&directory.url)).await?;
    let bob = TestNode::fresh("bob", Some(&directory.url)).await?;

    sign_up(&alices, &alice, true).await?;
    sign_up(&bobs, &bob, false).await?;
    look(&alices, "chats-empty").await?;

    alices.driver.goto(format!("http://{}/people", alice.ui())).await?;
    fill(&alices, "#q", "bob").await?;
    alices
        .until("return [...document.querySelectorAll('main li')].some(row => row.innerText.includes('bob'))")
        .await?;
    look(&alices, "people").await?;
    alices.script("document.querySelector('details.ask summary').click()").await?;
    fill(&alices, "details.ask textarea", "Hello Bob, the kettle is on").await?;
    look(&alices, "people-ask").await?;
    press(&alices, "Send request").await?;
    alices
        .until("return location.pathname.startsWith('/chats/') && document.querySelector('#standing .note')")
        .await?;
    look(&alices, "chat-asked").await?;

    bobs.until("return [...document.querySelectorAll('nav a')].find(a => a.innerText.includes('alice'))")
        .await?;
    bobs.script("[...document.querySelectorAll('nav a')].find(a => a.innerText.includes('alice')).click()")
        .await?;
    bobs.until("return document.querySelector('.request') && document.querySelector('#messages').innerText.includes('kettle')").await?;
    look(&bobs, "chat-request").await?;
    press(&bobs, "Accept").await?;
    bobs.until("return document.querySelector('#standing').dataset.compose === 'yes'").await?;
    alices.until("return !document.querySelector('#standing .note')").await?;

    // Both type at once; each sees the other's line without doing anything.
    tokio::try_join!(write(&alices, "Milk or lemon?"), write(&bobs, "On my way"))?;
    alices.until(shows("On my way").as_str()).await?;
    bobs.until(shows("Milk or lemon?").as_str()).await?;
    alices.until("return /Delivered|Read/.test(document.querySelector('#messages').innerHTML)").await?;
    look(&alices, "chat").await?;
    look(&bobs, "chat-other").await?;

    bobs.driver.goto(format!("http://{}/settings", bob.ui())).await?;
    look(&bobs, "settings").await?;
    bobs.driver.goto(format!("http://{}/api", bob.ui())).await?;
    look(&bobs, "api").await?;
    bobs.driver.goto(format!("http://{}/no/such/page", bob.ui())).await?;
    look(&bobs, "not-found").await?;

    alices.quit().await?;
    bobs.quit().await
}

/// From the launch link to the list of chats, as a new person does it.
async fn sign_up(browser: &Browser, node: &TestNode, looking: bool) -> Result<()> {
    let look_at = async |name: &str| if looking { look(browser, name).await } else { Ok(()) };
    browser.driver.goto(&node.launch).await?;
    browser.until("return location.pathname === '/setup/welcome'").await?;
    look_at("setup-welcome").await?;
    press(browser, "Create an account").await?;
    browser.until("return document.querySelector('#url')").await?;
    look_at("setup-directory").await?;
    press(browser, "Continue").await?;
    browser.until("return document.querySelector('.good')").await?;
    look_at("setup-directory-found").await?;
    press(browser, "Continue").await?;
    browser.until("return document.querySelector('#username')").await?;

    fill(browser, "#username", "An a").await?;
    fill(browser, "#passphrase", "short").await?;
    press(browser, "Continue").await?;
    browser.until("return document.querySelector('[aria-invalid=true]')").await?;
    look_at("setup-account-wrong").await?;
    fill(browser, "#username", &node.name).await?;
    fill(browser, "#passphrase", &node.passphrase).await?;
    press(browser, "Continue").await?;
    browser.until("return location.pathname === '/setup/confirm'").await?;
    look_at("setup-confirm").await?;
    press(browser, &format!("Create {}", node.name)).await?;
    browser.until("return location.pathname === '/setup/recovery'").await?;
    look_at("setup-recovery").await?;
    browser.script("document.querySelector('[name=saved]').click()").await?;
    press(browser, "Continue").await?;
    browser.until("return location.pathname === '/setup/visibility'").await?;
    look_at("setup-visibility").await?;
    press(browser, "Done").await?;
    browser.until("return location.pathname === '/chats'").await?;
    Ok(())
}

/// Holds the page against axe-core and the edges of the window in both widths and themes; keeps pictures on request.
async fn look(browser: &Browser, name: &str) -> Result<()> {
    for scheme in [Scheme::Light, Scheme::Dark] {
        for (width, height) in [(1280, 800), (375, 740)] {
            browser.show_as(width, height, scheme).await?;
            let shot = format!("{name}-{width}-{}", if scheme == Scheme::Dark { "dark" } else { "light" });
            if let Some(folder) = env::var_os("CONFAB_PICTURES") {
                browser.picture(&PathBuf::from(folder).join(format!("{shot}.png"))).await?;
            }
            browser.check_page(&shot).await?;
        }
    }
    browser.show_as(1280, 800, Scheme::Light).await
}

fn shows(text: &str) -> String {
    format!("return document.querySelector('#messages').innerText.includes({text:?})")
}

/// Presses the button or link that bears these words.
async fn press(browser: &Browser, words: &str) -> Result<()> {
    let find = format!(
        "return [...document.querySelectorAll('button, a, [role=button]')].find(el => el.offsetParent !== null && (el.innerText.trim() === {words:?} || el.getAttribute('aria-label') === {words:?})) ? 1 : 0"
    );
    browser.until(&find).await.with_context(|| format!("no button {words:?}"))?;
    browser.script(&find.replace("return ", "").replace(" ? 1 : 0", ".click()")).await?;
    Ok(())
}

async fn fill(browser: &Browser, selector: &str, text: &str) -> Result<()> {
    browser.until(&format!("return document.querySelector({selector:?}) ? 1 : 0")).await?;
    let field = browser.driver.find(By::Css(selector)).await?;
    field.clear().await?;
    field.send_keys(text).await?;
    Ok(())
}

/// Types into the composer and sends with Enter, as a person does.
async fn write(browser: &Browser, text: &str) -> Result<()> {
    let field = browser.driver.find(By::Css("#composer")).await?;
    field.send_keys(TypingData::from(text) + Key::Enter).await?;
    browser.until(&shows(text)).await?;
    Ok(())
}
