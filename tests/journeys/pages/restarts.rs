//! The program behind an open page ends and comes back: the page says so calmly, finds its way back by itself, and keeps
//! what was being written and where somebody was reading. Two nodes in one browser leave each other alone.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use journeys::{browser::Browser, node::Friends};
use serde_json::json;

/// Notes when contact was lost and when the banner came.
const WATCH: &str = "
    document.addEventListener('contact', ({ detail }) => { if (!detail) window.lostAt ??= performance.now(); });
    const banner = document.querySelector('#banner-page');
    new MutationObserver(() => { if (!banner.hidden) window.saidAt ??= performance.now(); })
      .observe(banner, { attributes: true });";

/// The first row in sight, and how far it is from the top.
const PLACE: &str = "
    const top = document.querySelector('#scroll').getBoundingClientRect().top;
    const row = [...document.querySelectorAll('#messages > .m')].find(li => li.getBoundingClientRect().bottom > top + 20);
    return row.id + ' ' + Math.round(row.getBoundingClientRect().top - top);";

#[tokio::test(flavor = "multi_thread")]
async fn a_page_outlives_its_node_and_keeps_draft_and_place() -> Result<()> {
    let Some(alices) = Browser::start().await? else { return Ok(()) };
    let Friends { directory: _directory, mut alice, bob, chat } = Friends::meet().await?;
    for n in 0..60 {
        bob.api.send(&chat, &format!("message {n}")).await?;
    }
    alice.holds(&chat, &["message 59"]).await?;
    alice.api.post(&format!("conversations/{chat}/read"), json!({})).await?;

    alices.open_page(&alice).await?;
    alices.open_chat("bob").await?;
    alices.until_said("message 59").await?;
    alices.fill("#composer", "half a thought").await?;
    alices.script("window.same = true").await?;
    alices.script(WATCH).await?;

    alice.program.kill().await?;
    alices.until("return document.querySelector('.send').ariaDisabled === 'true'").await?;
    alices.until_read("This page lost contact with the app on your computer.").await?;
    let late = alices.script("return window.saidAt - window.lostAt").await?.as_f64().unwrap_or_default();
    ensure!((1900.0..4000.0).contains(&late), "said {late} ms after it was lost");
    alices.look("chat-lost-contact").await?;
    alices.fill("#composer", "half a thought, and more").await?;
    // Somebody reads further up, meanwhile.
    alices.script("document.querySelector('#scroll').scrollTop -= 400").await?;
    alices.until("return !document.querySelector('#jump').hidden").await?;
    let place = alices.script(PLACE).await?;

    alice.restart().await?;
    let back = Instant::now();
    alices.until("return document.querySelector('#banner-page').hidden").await?;
    // The page looks every two seconds at the latest; the rest is this machine's.
    ensure!(back.elapsed() < Duration::from_secs(4), "{:?}", back.elapsed());
    ensure!(alices.script("return window.same === true").await? == true, "the page was not loaded again");
    ensure!(alices.script(PLACE).await? == place, "{place} is {}", alices.script(PLACE).await?);
    let field = "return document.querySelector('#composer').value";
    ensure!(alices.script(field).await? == "half a thought, and more", "what was written stays");
    bob.api.send(&chat, "welcome back").await?;
    alices.until_said("welcome back").await?;
    ensure!(alices.script(PLACE).await? == place, "somebody reads further up");
    alice
        .api
        .until("the draft at the node", async |api| {
            let conversation = api.get(&format!("conversations/{chat}")).await?;
            Ok((conversation["draft"]["text"] == "half a thought, and more").then_some(()))
        })
        .await?;

    // Another program comes back: its scripts are others, so the page is loaded again, and keeps the same.
    alices.script("document.querySelector('script[src]').remove()").await?;
    alice.program.kill().await?;
    alice.restart().await?;
    alices.until("return window.same !== true && document.readyState === 'complete'").await?;
    alices.until_at(&format!("/chats/{chat}")).await?;
    alices.until(&format!("const place = () => {{ {PLACE} }}; return place() === {place}")).await?;
    ensure!(alices.script(field).await? == "half a thought, and more", "what was written stays");

    // Whoever is at the newest message stays there, wherever this page was once left.
    alices.script("history.replaceState({ place: { id: document.querySelector('#messages > .m').id, top: 0 } }, ''); document.querySelector('#jump').click()").await?;
    alices.until("return document.querySelector('#jump').hidden").await?;
    alices.script("document.querySelector('script[src]').remove(); window.same = true").await?;
    alice.program.kill().await?;
    alice.restart().await?;
    alices.until("return window.same !== true && document.readyState === 'complete'").await?;
    alices.until("return document.querySelector('#jump')?.hidden").await?;
    alices.script("document.querySelector('#scroll').scrollTop -= 400").await?;
    alices.until("return !document.querySelector('#jump').hidden").await?;
    let place = alices.script(PLACE).await?;

    // Without the passphrase it comes back locked; after unlocking, the same chat, place and draft.
    alice.program.stop().await?;
    alice.restart_locked().await?;
    alices.until_at("/unlock").await?;
    let text = alices.script("return document.body.innerText").await?;
    ensure!(!text.as_str().unwrap_or_default().contains("message"), "{text}");
    alices.fill("#secret", &alice.passphrase.clone()).await?;
    alices.press("Unlock").await?;
    alices.until_at(&format!("/chats/{chat}")).await?;
    alices.until(&format!("const place = () => {{ {PLACE} }}; return place() === {place}")).await?;
    ensure!(alices.script(field).await? == "half a thought, and more", "what was written stays");
    alices.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_and_two_tabs_in_one_browser_leave_each_other_alone() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let Friends { directory: _directory, alice, bob, chat } = Friends::meet().await?;

    browser.open_page(&alice).await?;
    browser.open_chat("bob").await?;
    let alices = browser.driver.window().await?;
    let bobs = browser.driver.new_tab().await?;
    browser.driver.switch_to_window(bobs.clone()).await?;
    browser.open_page(&bob).await?;
    browser.open_chat("alice").await?;
    browser.write("From the second tab").await?;
    let second = browser.driver.new_tab().await?;
    browser.driver.switch_to_window(second.clone()).await?;
    browser.visit(&alice, &format!("/chats/{chat}")).await?;
    browser.until_said("From the second tab").await?;
    browser.write("From the third").await?;
    // All three show the same, and none was signed out by another.
    for window in [&alices, &bobs] {
        browser.driver.switch_to_window(window.clone()).await?;
        browser.until_said("From the second tab").await?;
        browser.until_said("From the third").await?;
    }
    let cookies = browser.driver.get_all_cookies().await?;
    let sessions = cookies.iter().filter(|cookie| cookie.name.starts_with("pn_")).count();
    ensure!(sessions == 2, "each node has a cookie of its own: {sessions}");

    // One node is locked; the other's pages go on.
    bob.api.post("lock", json!({})).await?;
    browser.driver.switch_to_window(bobs).await?;
    browser.until_at("/unlock").await?;
    browser.driver.switch_to_window(second).await?;
    browser.write("Still here").await?;
    browser.driver.switch_to_window(alices).await?;
    browser.until_said("Still here").await?;
    browser.quit().await
}
