//! Messages that disappear: set in the page, seen by both, and gone by themselves, from the row to the search.

use anyhow::{Result, ensure};
use journeys::{browser::Browser, node::Friends};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn messages_go_by_themselves_and_nothing_is_lost_around_them() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let Friends { directory: _directory, alice, bob, chat } = Friends::meet().await?;
    for n in 0..30 {
        alice.api.send(&chat, &format!("a line for good, number {n}")).await?;
    }
    bob.holds(&chat, &["a line for good, number 29"]).await?;
    browser.open_page(&alice).await?;
    browser.visit(&alice, &format!("/chats/{chat}?details=1")).await?;

    // In the details: a choice, and both see who made it.
    browser.until("return document.querySelector('#timer-seconds').value === '0'").await?;
    browser.script("document.querySelector('#timer-seconds').value = '86400'").await?;
    browser.script("document.querySelector('#timer-set').focus()").await?;
    browser.keys("Enter").await?;
    browser.until_read("You set messages to disappear after 1 day.").await?;
    browser.until_read("New messages disappear 1 day after they were read.").await?;
    browser.until("return !document.querySelector('#timer-sign').hidden").await?;
    let focus = browser.script("return document.activeElement.id").await?;
    ensure!(focus == "timer-set", "the focus stays where it was: {focus}");
    browser.look("chat-timer").await?;
    bob.api
        .until("the same timer at bob", async |api| {
            let known = api.get(&format!("conversations/{chat}")).await?;
            Ok((known["timer"] == 86_400).then_some(()))
        })
        .await?;
    // The other sets another one, that no page offers: it is shown, too.
    bob.api.put(&format!("conversations/{chat}/timer"), json!({ "seconds": 3 })).await?;
    browser.until_read("bob set messages to disappear after 3 seconds.").await?;
    browser.until("return document.querySelector('#timer-seconds').value === '3'").await?;

    // A row that goes carries a sign, for eyes and ears.
    browser.visit(&alice, &format!("/chats/{chat}")).await?;
    browser.write("the code is quicksilver").await?;
    browser.until_said("the code is quicksilver").await?;
    let row = "[...document.querySelectorAll('.m')].find(m => m.innerText.includes('quicksilver') && m.dataset.key)";
    browser
        .until(&format!("return {row}?.querySelector('.goes')?.textContent.includes('3 seconds after bob')"))
        .await?;
    // Somebody reads further up, with the focus on the very row that goes: neither place nor focus is lost.
    browser.script(&format!("{row}.querySelector('article').focus()")).await?;
    let top = "document.querySelectorAll('.m')[3].getBoundingClientRect().top";
    browser.script("const s = document.querySelector('#scroll'); s.dispatchEvent(new Event('wheel')); s.scrollTop = 0").await?;
    let before = browser.script(&format!("return {top}")).await?;
    browser.until("return !document.querySelector('#messages').innerText.includes('quicksilver')").await?;
    let after = browser.script(&format!("return {top}")).await?;
    let moved = (before.as_f64().unwrap_or(0.0) - after.as_f64().unwrap_or(9.0)).abs();
    ensure!(moved <= 1.0, "the place is held: {before} {after}");
    let focus = browser.script("return document.activeElement.matches('article, #scroll')").await?;
    ensure!(focus == Value::Bool(true), "the focus went on to a neighbour");
    browser.until("return !document.querySelector('#chat-list').innerText.includes('quicksilver')").await?;
    let found = alice.api.get("search?q=quicksilver").await?;
    ensure!(found["messages"] == json!([]), "nothing is found: {found}");

    // It stays at bob until he reads it; then it goes there.
    let there = bob.api.texts(&chat).await?;
    ensure!(there.contains(&"the code is quicksilver".to_owned()), "bob did not read it yet: {there:?}");
    bob.api.post(&format!("conversations/{chat}/read"), json!({})).await?;
    bob.api
        .until("that it is gone at bob", async |api| {
            let there = api.texts(&chat).await?;
            Ok((!there.contains(&"the code is quicksilver".to_owned())).then_some(()))
        })
        .await?;
    ensure!(bob.api.texts(&chat).await?.contains(&"a line for good, number 29".to_owned()), "the rest stays");

    // What is open about a message closes with it.
    bob.api.put(&format!("conversations/{chat}/timer"), json!({ "seconds": 6 })).await?;
    browser.until_read("disappear after 6 seconds").await?;
    browser.write("look at me closely").await?;
    browser.until_said("look at me closely").await?;
    let row = row.replace("quicksilver", "closely");
    browser.until(&format!("return {row}?.dataset.status === 'delivered'")).await?;
    browser.script(&format!("{row}.querySelector('article').focus()")).await?;
    browser.keys("i").await?;
    browser.until("return document.querySelector('#info').open && document.querySelector('#info').innerText.includes('Disappears')").await?;
    browser.look("message-timer").await?;
    browser.until("return !document.querySelector('#info').open").await?;
    let body = browser
        .script(
            "return document.activeElement === document.body || document.body.innerText.includes('closely')",
        )
        .await?;
    ensure!(body == Value::Bool(false), "nothing of it stays, and the focus is somewhere");
    browser.quit().await
}
