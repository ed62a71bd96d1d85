//! What can be done with a message, with the keyboard alone: answer, change, look, take back; and what the other sees.

use anyhow::{Context, Result, ensure};
use journeys::{browser::Browser, node::Friends};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_answered_changed_and_taken_back_by_the_keyboard_alone() -> Result<()> {
    let (Some(alices), Some(bobs)) = (Browser::start().await?, Browser::start().await?) else {
        return Ok(());
    };
    let Friends { directory: _directory, alice, bob, chat } = Friends::meet().await?;
    let here = format!("/chats/{chat}");
    for (browser, node) in [(&alices, &alice), (&bobs, &bob)] {
        browser.open_page(node).await?;
        browser.visit(node, &here).await?;
        browser.until("return document.activeElement.id === 'composer'").await?;
    }
    alices.write("Shall we meet on thursdy?").await?;
    bobs.until_said("Shall we meet on thursdy?").await?;

    // Bob answers it: Ctrl+Up chooses the newest message, Enter sends.
    bobs.keys("Control+ArrowUp").await?;
    bobs.until("return document.querySelector('#about-text').innerText.startsWith('Answer to alice')")
        .await?;
    bobs.look("chat-answering").await?;
    bobs.write("Yes, at six").await?;
    bobs.until("return document.querySelector('#about').hidden").await?;
    alices.until_said("Yes, at six").await?;
    alices
        .until("return [...document.querySelectorAll('.quote')].some(q => q.innerText.includes('thursdy'))")
        .await?;

    // Alice mends hers: Up in the empty field. The draft that stood there would come back on Escape.
    alices.keys("ArrowUp").await?;
    alices.until("return document.querySelector('#composer').value === 'Shall we meet on thursdy?'").await?;
    alices.keys("Escape").await?;
    alices.until("return document.querySelector('#composer').value === ''").await?;
    alices.keys("ArrowUp").await?;
    alices.look("chat-changing").await?;
    alices.fill("#composer", "Shall we meet on Thursday?").await?;
    alices.keys("Enter").await?;
    for browser in [&alices, &bobs] {
        browser.until_said("Shall we meet on Thursday?").await?;
        browser.until_said("edited").await?;
        // The answer quotes what stands there now.
        browser
            .until(
                "return [...document.querySelectorAll('.quote')].some(q => q.innerText.includes('Thursday'))",
            )
            .await?;
    }

    // What stood there before can be read: from the field to the messages, up to the first one, Enter.
    for _ in 0..4 {
        bobs.keys("Shift+Tab").await?;
        if bobs.script("return document.activeElement.matches('article')").await? == Value::Bool(true) {
            break;
        }
    }
    let first = "document.activeElement.matches('article') && document.activeElement.innerText.includes('Thursday?') && !document.activeElement.querySelector('.quote')";
    for _ in 0..6 {
        if bobs.script(&format!("return {first}")).await? == Value::Bool(true) {
            break;
        }
        bobs.keys("ArrowUp").await?;
    }
    bobs.until(&format!("return {first}")).await?;
    bobs.keys("i").await?;
    bobs.until_read("Words, the newest last").await?;
    bobs.until_read("Shall we meet on thursdy?").await?;
    bobs.look("message-info").await?;
    bobs.keys("Escape").await?;
    bobs.until("return document.activeElement.matches('article')").await?;

    // The menu opens on its first entry, moves with the arrows, and gives the focus back.
    bobs.keys("Shift+F10").await?;
    bobs.until("return document.activeElement.matches('[role=menuitem]')").await?;
    bobs.look("chat-menu").await?;
    bobs.keys("Escape").await?;
    bobs.until("return document.activeElement.matches('article')").await?;

    // A reaction by the keyboard: plus, the second of the usual ones, Enter; pressed again it is taken back.
    bobs.keys("Plus").await?;
    bobs.until("return document.querySelector('#picker').open && document.querySelectorAll('#picker-found .emoji').length").await?;
    bobs.look("chat-reacting").await?;
    bobs.keys("ArrowRight").await?;
    bobs.keys("Enter").await?;
    for browser in [&alices, &bobs] {
        browser
            .until("return document.querySelector('[data-react]')?.dataset.react === '\u{2764}\u{fe0f}'")
            .await?;
    }
    bobs.until("return document.querySelector('[data-react]').ariaPressed === 'true'").await?;
    alices.until("return document.querySelector('[data-react]').ariaLabel === 'red heart, 1: bob'").await?;
    alices.look("chat-reacted").await?;
    bobs.script("document.querySelector('[data-react]').click()").await?;
    alices.until("return !document.querySelector('[data-react]')").await?;

    // Alice takes hers back: it is gone at both, and the answer quotes nothing any more.
    alices.script("document.querySelector('#messages > .m[data-mine] article').focus()").await?;
    let words = "Shall we meet on Thursday?";
    for _ in 0..6 {
        if alices.script(&format!("return document.activeElement.innerText.includes({words:?}) && !document.activeElement.querySelector('.quote')")).await? == Value::Bool(true) {
            break;
        }
        alices.keys("ArrowDown").await?;
    }
    alices.keys("Delete").await?;
    alices.until("return document.querySelector('#delete').open").await?;
    alices.look("chat-delete").await?;
    alices.press("Ask everyone’s app to delete").await?;
    for (browser, node) in [(&alices, &alice), (&bobs, &bob)] {
        browser.until_said("deleted").await?;
        browser.until(&format!("return !document.body.innerText.includes({words:?})")).await?;
        let texts = node.api.texts(&chat).await?;
        ensure!(!texts.iter().any(|text| text.contains("hursd")), "{texts:?}");
    }
    alices.until("return !document.activeElement.matches('body')").await?;

    // Bob forgets his own line on his computer alone, by the page that works without scripts.
    let history = bob.api.history(&chat).await?;
    let his = history.iter().find(|message| message["text"] == "Yes, at six").context("it is there")?;
    let his = his["id"].as_str().context("an id")?.to_owned();
    bobs.visit(&bob, &format!("{here}/messages/{his}")).await?;
    bobs.look("message-page").await?;
    bobs.press("Delete for me").await?;
    bobs.until_at(&here).await?;
    bobs.until("return !document.querySelector('#messages').innerText.includes('Yes, at six')").await?;
    ensure!(alice.api.texts(&chat).await?.contains(&"Yes, at six".to_owned()));
    alices.quit().await?;
    bobs.quit().await
}
