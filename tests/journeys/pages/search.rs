//! Search and the switcher by keyboard: to a hit and back to the very place, in one chat and in all of them.

use anyhow::{Context, Result, ensure};
use journeys::{
    browser::{Browser, Scheme},
    directory::TestDirectory,
    node::{Friends, TestNode, acquainted},
};
use serde_json::Value;

/// A message in view and its distance from the top of the list, in pixels.
const PLACE: &str = "const frame = document.querySelector('#scroll').getBoundingClientRect();
    const li = [...document.querySelectorAll('#messages > li[data-key]')].find(li => li.getBoundingClientRect().top >= frame.top);
    return li && [li.id, li.getBoundingClientRect().top - frame.top];";

async fn place(browser: &Browser) -> Result<(String, f64)> {
    let place = browser.script(PLACE).await?;
    let top = place[1].as_f64().context("a distance")?;
    Ok((place[0].as_str().context("a message")?.to_owned(), top))
}

/// Waits until the list stands where it stood: whole pixels are scrolled, and each of the ways there and back rounds.
async fn until_back_at(browser: &Browser, how: &str, (id, top): &(String, f64)) -> Result<()> {
    let there = format!(
        "const li = document.getElementById({id:?}), frame = document.querySelector('#scroll').getBoundingClientRect();
         return li && Math.abs(li.getBoundingClientRect().top - frame.top - {top}) <= 3;"
    );
    if let Err(error) = browser.until(&there).await {
        let (now, at) = place(browser).await?;
        return Err(error.context(format!("by {how}: not back at {id}, {top} px, but at {now}, {at} px")));
    }
    Ok(())
}

/// Waits until the message with these words is in the middle of the list and shown as the hit.
async fn until_shown(browser: &Browser, words: &str) -> Result<()> {
    let in_view = format!(
        "const li = document.querySelector('.flash'), frame = document.querySelector('#scroll').getBoundingClientRect();
         const box = li?.getBoundingClientRect();
         return li?.innerText.includes({words:?}) && box.top >= frame.top && box.bottom <= frame.bottom;"
    );
    browser.until(&in_view).await.with_context(|| format!("{words} was not shown")).map(drop)
}

async fn marks(browser: &Browser) -> Result<Value> {
    browser
        .script("return [...document.querySelectorAll('[data-hits] mark')].map(mark => mark.innerText)")
        .await
}

struct Story {
    browser: Browser,
    alice: TestNode,
    bob: TestNode,
    _others: (TestNode, TestDirectory),
    with_bob: String,
    with_carol: String,
}

/// Alice has a long chat with Bob and a short one with Carol.
async fn story() -> Result<Option<Story>> {
    let Some(browser) = Browser::start().await? else { return Ok(None) };
    let Friends { directory, alice, bob, chat: with_bob } = Friends::meet().await?;
    let carol = TestNode::with_account("carol", &directory.url).await?;
    let mut last = String::new();
    for n in 1..=240 {
        let text = match n {
            20 => "Jadę do Łodzi, a może do Łódź".to_owned(),
            60 => "今日は東京タワーに行きました".to_owned(),
            100 => "Lodz is a city of factories".to_owned(),
            n if n % 7 == 0 => format!(
                "line {n}, which is longer than others: it goes on and on, so that rows differ in their heights"
            ),
            n => format!("line {n}"),
        };
        last = alice.api.send(&with_bob, &text).await?;
    }
    // A mark that moves later would move rows.
    alice.reached(&with_bob, &last, "delivered").await?;
    let with_carol = acquainted(&alice, &carol).await?;
    alice.api.send(&with_carol, "The factories of Łódź are museums now").await?;
    browser.open_page(&alice).await?;
    Ok(Some(Story { browser, alice, bob, _others: (carol, directory), with_bob, with_carol }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_leads_to_its_hits_and_back_to_the_very_place() -> Result<()> {
    let Some(story) = story().await? else { return Ok(()) };
    let Story { browser, alice, with_bob, with_carol, .. } = &story;
    browser.show_as(1280, 800, Scheme::Light).await?;
    browser.visit(alice, &format!("/chats/{with_bob}")).await?;
    browser.until_said("line 240").await?;
    browser.script("document.querySelector('#scroll').scrollTop -= 617").await?;
    browser.until("return !document.querySelector('#jump').hidden").await?;
    // What is loaded above moves nothing in view, but a row may turn out not to begin a group: not while we measure.
    browser.until("return document.querySelectorAll('#messages > li[data-key]').length >= 60 && document.querySelector('#edge').ariaBusy !== 'true'").await?;
    let was = place(browser).await?;

    // In this chat, by keyboard alone.
    browser.keys("Control+f").await?;
    browser.until("return document.activeElement.id === 'finder-words'").await?;
    browser.type_text("lodz").await?;
    browser.until_read("2 messages").await?;
    ensure!(
        marks(browser).await? == serde_json::json!(["Lodz", "Łodz", "Łódź"]),
        "{}",
        marks(browser).await?
    );
    browser.keys("ArrowDown").await?;
    until_shown(browser, "city of factories").await?;
    browser.keys("ArrowDown").await?;
    until_shown(browser, "Jadę do").await?;
    browser.keys("Shift+N").await?;
    until_shown(browser, "city of factories").await?;
    ensure!(browser.script("return document.activeElement.innerText").await?.to_string().contains("Lodz"));
    browser.keys("Escape").await?;
    until_back_at(browser, "Esc", &was).await?;
    browser
        .until("return !document.querySelector('#finder').open && document.activeElement.id === 'composer'")
        .await?;

    // Enter goes into the chat; the browser's own way back leads out of it.
    browser.keys("Control+f").await?;
    browser.fill("#finder-words", "東京").await?;
    browser.until("return document.querySelectorAll('[data-hits] mark').length === 1").await?;
    ensure!(marks(browser).await? == serde_json::json!(["東京"]), "{}", marks(browser).await?);
    browser.keys("Enter").await?;
    until_shown(browser, "東京タワー").await?;
    browser.until("return document.activeElement.matches('#messages article')").await?;
    let address = browser.driver.current_url().await?;
    ensure!(address.query().is_some_and(|query| query.starts_with("at=")), "{address}");
    browser.look("search-panel").await?;
    browser.driver.back().await?;
    browser.until("return location.search === ''").await?;
    browser.press("Close search").await?;
    until_back_at(browser, "Back", &was).await?;

    // A second Ctrl+F is the browser's.
    browser.keys("Control+f").await?;
    browser.until("return document.activeElement.id === 'finder-words'").await?;
    let taken = "return document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'f', ctrlKey: true, bubbles: true, cancelable: true}))";
    ensure!(browser.script(taken).await? == true, "the second one is left to the browser");
    for (words, answer) in [
        ("violets", "Nothing found for “violets”. Search covers the text of messages."),
        ("%", "at least one letter"),
    ] {
        browser.fill("#finder-words", words).await?;
        browser.until_read(answer).await?;
    }
    browser.look("search-nothing").await?;
    browser.keys("Escape").await?;

    // Everywhere: into another chat, the panel comes along, and back.
    until_back_at(browser, "Esc after nothing", &was).await?;
    browser.keys("Control+Shift+F").await?;
    browser.fill("#finder-words", "factor").await?;
    browser.until_read("2 messages").await?;
    browser.keys("ArrowDown").await?;
    browser.keys("Enter").await?;
    browser.until_at(&format!("/chats/{with_carol}")).await?;
    until_shown(browser, "museums").await?;
    browser.until("return document.querySelector('#finder').open && document.querySelector('.hit[aria-current]')?.innerText.includes('museums')").await?;
    ensure!(browser.script("return document.activeElement.matches('#messages article')").await? == true);
    browser.driver.back().await?;
    browser.until_at(&format!("/chats/{with_bob}")).await?;
    until_back_at(browser, "Back from another chat", &was).await?;

    // In a window of middle width the panel is a dialog over the chat, which follows all the same.
    browser.show_as(800, 700, Scheme::Light).await?;
    // The same address once more is a page loaded anew, which comes back to its place.
    browser.visit(alice, "/chats").await?;
    browser.visit(alice, &format!("/chats/{with_bob}")).await?;
    browser.until_said("line 240").await?;
    browser.script("document.querySelector('#scroll').scrollTop -= 617").await?;
    browser.until("return !document.querySelector('#jump').hidden").await?;
    // What is loaded above moves nothing in view, but a row may turn out not to begin a group: not while we measure.
    browser.until("return document.querySelectorAll('#messages > li[data-key]').length >= 60 && document.querySelector('#edge').ariaBusy !== 'true'").await?;
    let was = place(browser).await?;
    browser.press("Search in this chat").await?;
    browser.until("return document.querySelector('#finder').matches(':modal')").await?;
    browser.type_text("lodz").await?;
    browser.until_read("2 messages").await?;
    browser.keys("ArrowDown").await?;
    until_shown(browser, "city of factories").await?;
    browser.keys("Escape").await?;
    until_back_at(browser, "Esc in a dialog", &was).await?;
    browser
        .until("return !document.querySelector('#finder').open && document.activeElement !== document.body")
        .await?;
    browser.show_as(1280, 800, Scheme::Light).await?;

    // The address alone does it, too; a message that is gone opens the chat as ever.
    browser.driver.goto(address.as_str()).await?;
    until_shown(browser, "東京タワー").await?;
    browser.press("Newest messages").await?;
    browser.until_said("line 240").await?;
    browser.until("return location.search === ''").await?;
    browser.visit(alice, &format!("/chats/{with_bob}?at={}", "0".repeat(32))).await?;
    browser.until_said("line 240").await?;
    story.browser.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_at_a_hit_has_not_read_what_is_around_it() -> Result<()> {
    let Some(story) = story().await? else { return Ok(()) };
    let Story { browser, alice, bob, with_bob, .. } = &story;
    let mut last = String::new();
    for n in 1..=30 {
        last = bob.api.send(with_bob, &format!("answer {n}")).await?;
    }
    alice.holds(with_bob, &["answer 30"]).await?;
    let unread = async || -> Result<Value> {
        Ok(alice.api.get(&format!("conversations/{with_bob}")).await?["unread"].clone())
    };
    browser.visit(alice, &format!("/chats/{with_bob}?at={last}")).await?;
    until_shown(browser, "answer 30").await?;
    // The mark of the hit stays for two seconds, twice what reading takes.
    browser.until("return !document.querySelector('.flash')").await?;
    ensure!(unread().await? == "30", "{}", unread().await?);
    browser.keys("Escape").await?;
    browser.keys("Escape").await?;
    alice.api.until("all is read", async |_| Ok((unread().await? == "0").then_some(()))).await?;
    story.browser.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_switcher_leads_everywhere_by_keyboard() -> Result<()> {
    let Some(story) = story().await? else { return Ok(()) };
    let Story { browser, alice, with_bob, with_carol, .. } = &story;
    browser.show_as(1280, 800, Scheme::Light).await?;
    browser.visit(alice, &format!("/chats/{with_bob}")).await?;
    browser.until_said("line 240").await?;
    let chosen = "document.querySelector('#switch-list [aria-selected=true]')?.innerText";
    let until_chosen = async |words: &str| -> Result<()> {
        let script = format!(
            "return {chosen}?.includes({words:?}) && document.querySelector('#switch-words').getAttribute('aria-activedescendant') === document.querySelector('#switch-list [aria-selected=true]').id"
        );
        browser.until(&script).await.map(drop)
    };
    // Without a word: the chat before this one.
    browser.keys("Control+k").await?;
    until_chosen("carol").await?;
    browser.look("switcher").await?;
    browser.keys("Enter").await?;
    browser.until_at(&format!("/chats/{with_carol}")).await?;

    browser.keys("Control+k").await?;
    until_chosen("bob").await?;
    browser.type_text("lodz").await?;
    until_chosen("museums").await?;
    browser.look("switcher-messages").await?;
    browser.keys("ArrowDown").await?;
    until_chosen("city of factories").await?;
    browser.keys("Enter").await?;
    until_shown(browser, "city of factories").await?;
    browser.until_at(&format!("/chats/{with_bob}")).await?;

    // Esc leaves everything as it was.
    browser.keys("Control+k").await?;
    until_chosen("carol").await?;
    browser.keys("Escape").await?;
    browser
        .until("return !document.querySelector('#switcher').open && document.activeElement !== document.body")
        .await?;

    for (typed, label) in
        [("zzz", "Search messages for “zzz”"), ("dark", "Use dark colours"), ("keys", "Keyboard shortcuts")]
    {
        browser.keys("Control+k").await?;
        browser.until("return document.activeElement.id === 'switch-words'").await?;
        browser.type_text(typed).await?;
        until_chosen(label).await?;
        browser.keys("Enter").await?;
        match typed {
            "zzz" => browser.until_read("Nothing found for “zzz”").await?,
            "dark" => drop(browser.until("return document.documentElement.dataset.theme === 'dark'").await?),
            _ => drop(browser.until("return document.querySelector('#help[open]')").await?),
        }
        browser.keys("Escape").await?;
    }
    browser.keys("Control+k").await?;
    browser.until("return document.activeElement.id === 'switch-words'").await?;
    browser.type_text("lock").await?;
    until_chosen("Lock now").await?;
    browser.keys("Enter").await?;
    browser.until_at("/unlock").await?;
    story.browser.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_narrow_window_search_is_a_page_of_its_own() -> Result<()> {
    let Some(story) = story().await? else { return Ok(()) };
    let Story { browser, alice, with_bob, .. } = &story;
    browser.show_as(375, 740, Scheme::Light).await?;
    browser.visit(alice, &format!("/chats/{with_bob}")).await?;
    browser.until_said("line 240").await?;
    browser.press("Search in this chat").await?;
    browser.until_at(&format!("/chats/{with_bob}/search")).await?;
    browser.until("return document.activeElement.id === 'q'").await?;
    browser.type_text("line").await?;
    browser.until_read("The newest 30 messages").await?;
    browser.press("Show more").await?;
    browser.until("return document.querySelectorAll('.hit').length === 60").await?;
    browser.fill("#q", "lodz").await?;
    browser.until_read("2 messages").await?;
    browser.look("search-page").await?;
    browser.show_as(375, 740, Scheme::Light).await?;
    browser.keys("ArrowDown").await?;
    browser.keys("ArrowDown").await?;
    browser.keys("Enter").await?;
    browser.until_at(&format!("/chats/{with_bob}")).await?;
    until_shown(browser, "Jadę do").await?;
    browser.driver.back().await?;
    browser
        .until(
            "return location.pathname.endsWith('/search') && document.querySelectorAll('.hit').length === 2",
        )
        .await?;
    browser.press("all chats").await?;
    browser.until_at("/search").await?;
    browser.until_read("3 messages").await?;
    browser.look("search-everywhere").await?;
    story.browser.quit().await
}
