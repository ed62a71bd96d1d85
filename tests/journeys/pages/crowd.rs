//! Two hundred chats in one list: it opens, scrolls, is gone through by letters and arrows, leads to each of them, and keeps
//! the focus while it is put in another order.

use anyhow::{Context, Result, ensure};
use journeys::{
    browser::{Browser, Scheme},
    node::Friends,
};
use peer_node::directory::Client;
use protocol::{
    identity::{AccountKey, DeviceRecord, KeyHistory, LinkSecret, Profile, Username},
    time::WallMs,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

const MANY: u32 = 199;

/// Somebody who has an account at the directory, and whose computer is off.
async fn citizen(directory: &str, name: &str, seed: u64) -> Result<()> {
    let mut dice = ChaCha20Rng::seed_from_u64(seed);
    let username: Username = name.parse().map_err(|error| anyhow::anyhow!("{name}: {error}"))?;
    let (account, link) = (AccountKey::generate(&mut dice), LinkSecret::generate(&mut dice));
    let history = KeyHistory::begin(&account, username.clone(), WallMs(1));
    let record = DeviceRecord {
        user: history.user(),
        seq: 1,
        device: link.device_id(),
        olm_key: [1; 32],
        signing_key: [2; 32],
        seal_key: [3; 32],
        created: WallMs(1),
        not_after: WallMs(u64::MAX),
        capabilities: 0,
    };
    let client = Client::new(directory, None, None)?;
    client.register(&username, "a harbour full of boats").await?;
    client.use_device(&link);
    client.publish(&Profile::issue(&account, history, 1, vec![record]), false).await?;
    Ok(())
}

/// The name in the row that has the focus.
async fn focused(browser: &Browser) -> Result<String> {
    let name =
        browser.script("return document.activeElement.querySelector?.('.row-name')?.innerText").await?;
    Ok(name.as_str().context("a row has the focus")?.to_owned())
}

async fn until_focused(browser: &Browser, name: &str) -> Result<()> {
    browser
        .until(&format!("return document.activeElement.querySelector?.('.row-name')?.innerText === {name:?}"))
        .await
        .with_context(|| format!("{name} has no focus"))
        .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_chats_are_gone_through_found_and_reordered() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let Friends { directory, alice, bob, chat } = Friends::meet().await?;
    for n in 0..MANY {
        let name = format!("{}_{n:03}", ["ann", "ben", "cleo", "dora"][n as usize % 4]);
        citizen(&directory.url, &name, n.into()).await.with_context(|| name.clone())?;
        alice.api.ask(&name, &format!("Hello {name}")).await.with_context(|| name.clone())?;
    }
    browser.open_page(&alice).await?;
    browser.show_as(1280, 800, Scheme::Light).await?;
    browser
        .until(&format!("return document.querySelectorAll('#chat-list > li').length === {}", MANY + 1))
        .await?;
    browser.look("chats-crowd").await?;
    browser.visit(&alice, "/people").await?;
    browser.until("return document.querySelector('#found li')").await?;
    browser.look("people-crowd").await?;

    // The list has one Tab stop, and goes along with the focus.
    browser.visit(&alice, "/chats").await?;
    browser.until("return document.querySelector('.lists .row[tabindex=\"0\"]')").await?;
    let stops = browser.script("return document.querySelectorAll('.lists [tabindex=\"0\"]').length").await?;
    ensure!(stops == 1, "{stops}");
    browser.script("document.querySelector('.lists .row[tabindex=\"0\"]').focus()").await?;
    let newest = focused(&browser).await?;
    browser.keys("End").await?;
    until_focused(&browser, "bob").await?;
    let seen = "const row = document.activeElement.getBoundingClientRect(), list = document.querySelector('.lists').getBoundingClientRect(); return row.top >= list.top - 1 && row.bottom <= list.bottom + 1;";
    browser.until(seen).await.context("the last row is in view")?;
    browser.keys("Home").await?;
    until_focused(&browser, &newest).await?;
    browser.until(seen).await.context("the first row is in view")?;

    // By letters: the first that begins so, then by more letters exactly.
    browser.type_text("cleo_01").await?;
    browser
        .until("return document.activeElement.querySelector?.('.row-name')?.innerText.startsWith('cleo_01')")
        .await?;
    browser.until(seen).await.context("what was typed is in view")?;

    // A message moves a row to the top; the focus stays where it is, and so does what is focused.
    let here = focused(&browser).await?;
    let place = "return [...document.querySelectorAll('#chat-list .row-name')].findIndex(row => row.innerText === 'bob')";
    ensure!(browser.script(place).await? == MANY, "the oldest chat is the last row");
    bob.api.send(&chat, "I am back").await?;
    browser
        .until(&format!("return (() => {{ {place} }})() === 0"))
        .await
        .context("the row comes to the top")?;
    ensure!(focused(&browser).await? == here, "the focus did not move");
    // The focused row itself can move, too.
    browser.keys("Home").await?;
    until_focused(&browser, "bob").await?;
    browser.keys("Enter").await?;
    browser.until_at(&format!("/chats/{chat}")).await?;
    browser.until_said("I am back").await?;

    // Alt with arrows goes on from the open chat, and around.
    let names = "return [...document.querySelectorAll('#chat-list .row-name')].map(row => row.innerText)";
    let names = browser.script(names).await?;
    let second = names[1].as_str().context("a second row")?;
    browser.keys("Alt+ArrowDown").await?;
    browser.until(&format!("return document.querySelector('#title').innerText === {second:?}")).await?;
    browser.until("return document.querySelector('.row[aria-current=page]')").await?;
    browser.keys("Alt+ArrowUp").await?;
    browser.until("return document.querySelector('#title').innerText === 'bob'").await?;
    browser.keys("Alt+ArrowUp").await?;
    let last = names[MANY as usize].as_str().context("a last row")?;
    browser.until(&format!("return document.querySelector('#title').innerText === {last:?}")).await?;
    // The row of the open chat is the one that Tab reaches, wherever it stands.
    browser.until("return document.querySelector('.lists [tabindex=\"0\"]').ariaCurrent === 'page'").await?;

    // The switcher finds each of them by a part of the name.
    browser.keys("Control+k").await?;
    browser.until("return document.activeElement.id === 'switch-words'").await?;
    browser.type_text("dora_103").await?;
    browser
        .until("return document.querySelector('#switch-list [aria-selected=true]')?.innerText.includes('dora_103')")
        .await?;
    browser.keys("Enter").await?;
    browser.until("return document.querySelector('#title').innerText === 'dora_103'").await?;
    browser.until("return document.activeElement.id === 'composer'").await?;
    browser.quit().await
}
