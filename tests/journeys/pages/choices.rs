//! Every choice of the settings is made, its effect is seen, and it holds when the page is loaded anew.

use anyhow::{Context, Result, ensure};
use journeys::{
    browser::{Browser, Scheme},
    node::{Friends, TestNode},
};
use reqwest::Method;
use serde_json::{Value, json};

/// Waits until the scripts of the settings are there.
async fn settings(browser: &Browser) -> Result<()> {
    browser.until("return document.querySelector('#shortcuts dl')").await.map(drop)
}

/// Chooses an option of this browser, waits for "Saved", and loads the page anew.
async fn choose(browser: &Browser, node: &TestNode, name: &str, word: &str) -> Result<()> {
    browser.visit(node, "/settings").await?;
    let pick = format!(
        "const form = document.getElementById({name:?}), range = form.querySelector('[type=range]');
         if (range) {{ range.value = {word:?}; range.dispatchEvent(new Event('input', {{bubbles: true}})); range.dispatchEvent(new Event('change', {{bubbles: true}})); }}
         else form.querySelector('[value={word}]').click();"
    );
    settings(browser).await?;
    browser.script(&pick).await?;
    browser
        .until(&format!("return document.querySelector('#{name} [data-saved]').innerText.includes('Saved')"))
        .await
        .with_context(|| format!("{name}: {word}"))?;
    browser.visit(node, "/settings").await?;
    browser
        .until(&format!("return document.documentElement.getAttribute('data-{name}') === {word:?}"))
        .await
        .with_context(|| format!("{name}: {word}, loaded anew"))
        .map(drop)
}

/// A style of an element, as the browser computed it.
async fn style(browser: &Browser, selector: &str, name: &str) -> Result<Value> {
    browser.script(&format!("return getComputedStyle(document.querySelector({selector:?}))[{name:?}]")).await
}

async fn is(browser: &Browser, selector: &str, name: &str, wanted: &str) -> Result<()> {
    let found = style(browser, selector, name).await?;
    ensure!(found == wanted, "{name} of {selector} is {found}, not {wanted}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_and_keys_are_chosen_seen_and_kept() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let Friends { directory: _directory, alice, bob, chat } = Friends::meet().await?;
    let here = format!("/chats/{chat}");
    browser.open_page(&alice).await?;
    browser.show_as(1280, 800, Scheme::Light).await?;

    for (word, colour) in [("dark", "rgb(18, 19, 22)"), ("light", "rgb(246, 246, 243)")] {
        choose(&browser, &alice, "theme", word).await?;
        is(&browser, "body", "backgroundColor", colour).await?;
    }
    // What was chosen is stronger than the system; as the system follows it.
    browser.show_as(1280, 800, Scheme::Dark).await?;
    is(&browser, "body", "backgroundColor", "rgb(246, 246, 243)").await?;
    choose(&browser, &alice, "theme", "system").await?;
    is(&browser, "body", "backgroundColor", "rgb(18, 19, 22)").await?;
    browser.show_as(1280, 800, Scheme::Light).await?;

    // The switcher chooses colours, too, and they are kept.
    browser.visit(&alice, &here).await?;
    browser.until("return document.activeElement.id === 'composer'").await?;
    browser.keys("Control+k").await?;
    browser.until("return document.activeElement.id === 'switch-words'").await?;
    browser.type_text("dark").await?;
    browser
        .until("return document.querySelector('#switch-list [aria-selected=true]')?.innerText.toLowerCase().includes('dark')")
        .await?;
    browser.keys("Enter").await?;
    browser.until("return document.documentElement.dataset.theme === 'dark'").await?;
    browser.until("return document.cookie.includes('theme=dark')").await?;
    browser.visit(&alice, &here).await?;
    is(&browser, "body", "backgroundColor", "rgb(18, 19, 22)").await?;
    choose(&browser, &alice, "theme", "light").await?;

    for (word, size) in [("20", "20px"), ("14", "14px"), ("15", "15px")] {
        choose(&browser, &alice, "text-size", word).await?;
        is(&browser, "body", "fontSize", size).await?;
    }
    for (word, row) in [("compact", "44px"), ("comfortable", "56px")] {
        choose(&browser, &alice, "density", word).await?;
        is(&browser, ".row", "minHeight", row).await?;
    }
    choose(&browser, &alice, "motion", "reduced").await?;
    is(&browser, ".button", "transitionDuration", "1e-05s").await?;
    choose(&browser, &alice, "motion", "system").await?;
    is(&browser, ".button", "transitionDuration", "0.12s").await?;

    // Enter makes a line, Ctrl+Enter sends.
    choose(&browser, &alice, "enter", "line").await?;
    browser.visit(&alice, &here).await?;
    browser.until("return document.activeElement.id === 'composer'").await?;
    browser.until_read("Ctrl+Enter sends").await?;
    browser.type_text("two").await?;
    browser.keys("Enter").await?;
    browser.type_text("lines").await?;
    browser.until("return document.querySelector('#composer').value === 'two\\nlines'").await?;
    browser.keys("Control+Enter").await?;
    bob.holds(&chat, &["hello", "two\nlines"]).await?;
    choose(&browser, &alice, "enter", "send").await?;
    browser.visit(&alice, &here).await?;
    browser.until("return document.activeElement.id === 'composer'").await?;
    browser.write("by Enter").await?;
    bob.holds(&chat, &["hello", "two\nlines", "by Enter"]).await?;

    // The arrow up changes the last own message, or nothing.
    browser.keys("ArrowUp").await?;
    browser.until("return document.querySelector('#composer').value === 'by Enter'").await?;
    browser.keys("Escape").await?;
    choose(&browser, &alice, "arrow-up", "nothing").await?;
    browser.visit(&alice, &here).await?;
    browser.until("return document.activeElement.id === 'composer'").await?;
    browser.keys("ArrowUp").await?;
    browser.type_text("x").await?;
    browser.until("return document.querySelector('#composer').value === 'x'").await?;
    browser.fill("#composer", "").await?;

    // What a screen reader hears of a new message.
    for (word, heard) in
        [("sender", "New message from bob"), ("off", "bob: after off"), ("full", "bob: said in full")]
    {
        choose(&browser, &alice, "announce", word).await?;
        browser.visit(&alice, &here).await?;
        browser.until("return document.activeElement.id === 'composer'").await?;
        let text = format!("said in {word}");
        bob.api.send(&chat, &text).await?;
        browser.until_said(&text).await?;
        if word == "off" {
            // The next one is heard, so this one was not.
            browser.script("document.documentElement.dataset.announce = 'full'").await?;
            bob.api.send(&chat, "after off").await?;
        }
        browser.until("return document.querySelector('#log').textContent").await?;
        let said = browser.script("return document.querySelector('#log').textContent").await?;
        ensure!(said == heard, "{word}: {said}");
    }
    browser.quit().await
}

/// Presses a choice of the node's settings and waits for "Saved".
async fn press(browser: &Browser, selector: &str, part: &str) -> Result<()> {
    settings(browser).await?;
    browser
        .script(&format!(
            "document.querySelector('[data-saved={part}]').textContent = ''; document.querySelector({selector:?}).click()"
        ))
        .await?;
    browser
        .until(&format!("return document.querySelector('[data-saved={part}]').innerText.includes('Saved')"))
        .await
        .with_context(|| selector.to_owned())
        .map(drop)
}

/// Whether a box or a circle is still ticked when the page is loaded anew.
async fn ticked(browser: &Browser, node: &TestNode, selector: &str) -> Result<bool> {
    browser.visit(node, "/settings").await?;
    let checked =
        browser.until(&format!("return String(document.querySelector({selector:?}).checked)")).await?;
    Ok(checked == "true")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_are_told_is_chosen_seen_by_them_and_kept() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let Friends { directory, alice, bob, chat } = Friends::meet().await?;
    let carol = TestNode::with_account("carol", &directory.url).await?;
    let here = format!("/chats/{chat}");
    browser.open_page(&alice).await?;
    browser.show_as(1280, 800, Scheme::Light).await?;

    // Who finds her: nobody, then everybody in the list.
    let listed = async || -> Result<bool> {
        let found = carol.api.get("people?q=ali").await?;
        Ok(found["people"]
            .as_array()
            .is_some_and(|all| all.iter().any(|person| person["username"] == "alice")))
    };
    browser.visit(&alice, "/settings").await?;
    press(&browser, "[name=visibility][value=nobody]", "visibility").await?;
    ensure!(ticked(&browser, &alice, "[name=visibility][value=nobody]").await?, "kept");
    browser.until_read("Hidden for now").await?;
    ensure!(!listed().await?, "nobody finds her");
    press(&browser, "[name=visibility][value=everyone]", "visibility").await?;
    ensure!(ticked(&browser, &alice, "[name=visibility][value=everyone]").await?, "kept");
    carol.api.until("she is in the list", async |_| Ok(listed().await?.then_some(()))).await?;

    // Read marks: told while the box is ticked, and not told after.
    let first = bob.api.send(&chat, "told when read").await?;
    browser.visit(&alice, &here).await?;
    browser.until_said("told when read").await?;
    bob.reached(&chat, &first, "read").await?;
    browser.visit(&alice, "/settings").await?;
    press(&browser, "#receipts [name=on]", "receipts").await?;
    ensure!(!ticked(&browser, &alice, "#receipts [name=on]").await?, "kept");
    browser.visit(&alice, &here).await?;
    let second = bob.api.send(&chat, "read, and not told").await?;
    browser.until_said("read, and not told").await?;
    let unread = format!("conversations/{chat}");
    alice
        .api
        .until("she read it", async |api| Ok((api.get(&unread).await?["unread"] == "0").then_some(())))
        .await?;
    // Whatever was told before it is known when what was written after it has arrived.
    let answer = alice.api.send(&chat, "an answer").await?;
    alice.reached(&chat, &answer, "delivered").await?;
    let history = bob.api.history(&chat).await?;
    let row = history.iter().find(|row| row["id"] == second.as_str()).context("it is there")?;
    ensure!(row["state"] == "delivered", "{row}");
    browser.visit(&alice, "/settings").await?;
    press(&browser, "#receipts [name=on]", "receipts").await?;

    // Typing is shown when both tell it.
    press(&browser, "#typing [name=on]", "typing").await?;
    ensure!(!ticked(&browser, &alice, "#typing [name=on]").await?, "kept");
    press(&browser, "#typing [name=on]", "typing").await?;
    ensure!(ticked(&browser, &alice, "#typing [name=on]").await?, "kept");
    browser.visit(&alice, &here).await?;
    browser.until("return document.activeElement.id === 'composer'").await?;
    let (status, _) = bob.api.raw(Method::PATCH, "settings", Some(json!({ "typing": true }))).await?;
    ensure!(status.is_success(), "{status}");
    bob.api.post(&format!("conversations/{chat}/typing"), json!({ "active": true })).await?;
    browser.until("return !document.querySelector('#typing').hidden").await?;

    // Notifications: each choice is kept.
    browser.visit(&alice, "/settings").await?;
    for word in ["new", "off", "full"] {
        let option = format!("[name=show][value={word}]");
        press(&browser, &option, "notifications").await?;
        ensure!(ticked(&browser, &alice, &option).await?, "{word} is kept");
    }
    for name in ["sound", "desktop"] {
        let option = format!("[name={name}]");
        let before = ticked(&browser, &alice, &option).await?;
        press(&browser, &option, "notifications").await?;
        ensure!(ticked(&browser, &alice, &option).await? != before, "{name} is kept");
    }
    browser.quit().await
}
