//! Being told of new messages while looking elsewhere: asked for once, by one tab, as much as was chosen, of chats that are
//! not muted. A headless browser shows no notifications, so the page finds a `Notification` that writes down what it was told.

use anyhow::{Context, Result, ensure};
use journeys::{browser::Browser, node::Friends};
use serde_json::{Value, json};

/// A `Notification` that keeps everything in the storage of the page's origin, which all of its tabs share.
pub(super) const STAND_IN: &str = "
    window.Notification = class {
      static get permission() { return localStorage.getItem('permission') ?? 'default'; }
      static requestPermission() { localStorage.setItem('permission', 'granted'); return Promise.resolve('granted'); }
      constructor(title, { body, tag }) {
        window.lastNote = this;
        const notes = JSON.parse(localStorage.getItem('notes') ?? '[]');
        localStorage.setItem('notes', JSON.stringify([...notes, { title, body, tag }]));
      }
      close() { this.closed = true; this.onclose?.(); }
    };";

async fn notes(browser: &Browser) -> Result<Vec<Value>> {
    let text = browser.script("return localStorage.getItem('notes') ?? '[]'").await?;
    Ok(serde_json::from_str(text.as_str().context("a text")?)?)
}

pub(super) async fn until_notes(browser: &Browser, count: usize) -> Result<Vec<Value>> {
    // Storage changes don't change the document, so the page is made to.
    let watch = "if (!window.watching) { window.watching = setInterval(() => { document.body.dataset.notes = localStorage.getItem('notes') ?? '[]'; }, 50); }";
    browser.script(watch).await?;
    browser
        .until(&format!("return JSON.parse(document.body.dataset.notes ?? '[]').length >= {count}"))
        .await?;
    notes(browser).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tab_tells_as_much_as_was_chosen_and_nothing_of_muted_or_open_chats() -> Result<()> {
    let Some(alices) = Browser::start().await? else { return Ok(()) };
    let tools = alices.driver.cdp();
    tools.send_raw("Page.addScriptToEvaluateOnNewDocument", json!({ "source": STAND_IN })).await?;
    let Friends { directory: _directory, alice, bob, chat } = Friends::meet().await?;
    let say = async |text: &str| {
        bob.api.post(&format!("conversations/{chat}/messages"), json!({ "text": text })).await
    };

    // Nobody is asked before an answer came; then a card asks.
    alices.open_page(&alice).await?;
    alices.open_chat("bob").await?;
    ensure!(alices.script("return document.querySelector('#notify-offer')").await?.is_null(), "not yet");
    say("Good morning").await?;
    alices.until_said("Good morning").await?;
    alices.until_read("Be told of new messages while you look elsewhere?").await?;
    alices.look("notify-offer").await?;
    alices.press("Turn on").await?;
    alices.until("return !document.querySelector('#notify-offer')").await?;
    ensure!(notes(&alices).await?.is_empty(), "the chat was looked at");

    // In another place, with a second tab beside it: told once.
    alices.visit(&alice, "/settings").await?;
    alices.until_read("This browser shows notifications of Confab").await?;
    alices.look("settings-notifications").await?;
    let first = alices.driver.window().await?;
    let second = alices.driver.new_tab().await?;
    alices.driver.switch_to_window(second.clone()).await?;
    let there = alices.driver.cdp();
    there.send_raw("Page.addScriptToEvaluateOnNewDocument", json!({ "source": STAND_IN })).await?;
    // A window without a screen gives its focus to one tab only when it is told to.
    there.send_raw("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await?;
    alices.visit(&alice, "/people").await?;
    alices.until("return document.querySelector('#banner-page').hidden").await?;
    say("Are you there?").await?;
    let told = until_notes(&alices, 1).await?;
    ensure!(told == [json!({ "title": "bob", "body": "Are you there?", "tag": chat })], "{told:?}");
    say("Still there?").await?;
    let told = until_notes(&alices, 2).await?;
    ensure!(told[1]["body"] == "Still there?", "each message once, in one of two tabs: {told:?}");
    alices.until("return document.title.startsWith('(2) ')").await?;

    // Looked at: not told.
    alices.open_chat("bob").await?;
    say("Now you look").await?;
    alices.until_said("Now you look").await?;
    say("And again").await?;
    alices.until_said("And again").await?;
    ensure!(notes(&alices).await?.len() == 2, "{:?}", notes(&alices).await?);
    // The other tab speaks for both when this one is closed.
    alices.driver.close_window().await?;
    alices.driver.switch_to_window(first).await?;
    alices.visit(&alice, "/settings").await?;

    // Without a text.
    alices.tick("input[name=show][value=new]").await?;
    alices.until_read("Saved").await?;
    say("A secret").await?;
    let told = until_notes(&alices, 3).await?;
    ensure!(told[2] == json!({ "title": "New message", "body": "", "tag": chat }), "{told:?}");
    let kept = alice.api.get("notifications").await?;
    ensure!(kept["show"] == "new" && kept["desktop"] == false, "{kept}");
    alices.script("window.lastNote.onclick()").await?;
    alices.until_at(&format!("/chats/{chat}")).await?;

    // Muted: seen in the list, told by nobody, counted nowhere.
    alices.visit(&alice, &format!("/chats/{chat}?details=1")).await?;
    alices.press("Mute").await?;
    alices.until_read("This chat is muted").await?;
    alices.look("chat-muted").await?;
    ensure!(alice.api.get(&format!("conversations/{chat}")).await?["muted"] == true, "the node keeps it");
    alices.visit(&alice, "/people").await?;
    say("Nobody hears this").await?;
    alices.until_read("Nobody hears this").await?;
    alices.until("return document.querySelector('.row.muted.unread')").await?;
    alices.look("people-with-a-muted-chat").await?;
    ensure!(
        !alices.script("return document.title").await?.as_str().unwrap_or("(").starts_with('('),
        "not counted"
    );
    ensure!(notes(&alices).await?.len() == 3, "{:?}", notes(&alices).await?);
    let mute = json!({ "muted": false });
    alice.api.put(&format!("conversations/{chat}/mute"), mute).await?;
    say("Heard again").await?;
    until_notes(&alices, 4).await?;

    // Locked: what was shown goes, and nothing comes.
    alices.script("const note = window.lastNote; const close = note.close.bind(note); note.close = () => { localStorage.setItem('closed', 'yes'); close(); };").await?;
    alice.api.post("lock", json!({})).await?;
    alices.until_at("/unlock").await?;
    ensure!(alices.script("return localStorage.getItem('closed')").await? == "yes", "the note is taken away");
    alices.quit().await
}
