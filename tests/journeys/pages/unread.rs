//! What was read is marked unread again, to come back to: it counts in the list, and the other hears nothing of it.

use anyhow::{Result, ensure};
use journeys::{browser::Browser, node::Friends};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_left_unread_until_one_comes_back_to_it() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let Friends { directory: _directory, alice, bob, chat } = Friends::meet().await?;
    let mut last = String::new();
    for n in 1..=3 {
        last = bob.api.send(&chat, &format!("question {n}")).await?;
    }
    alice.holds(&chat, &["question 3"]).await?;
    browser.open_page(&alice).await?;
    browser.open_chat("bob").await?;
    browser.until_said("question 3").await?;
    bob.reached(&chat, &last, "read").await?;
    let count = format!("conversations/{chat}");
    let unread = async || -> Result<String> {
        Ok(alice.api.get(&count).await?["unread"].as_str().unwrap_or_default().to_owned())
    };
    ensure!(unread().await? == "0", "{}", unread().await?);

    // With the keyboard, from the second one on.
    browser.keys("Shift+Tab").await?;
    browser.until("return document.activeElement.matches('#messages article')").await?;
    browser.until("return document.activeElement.innerText.includes('question 3')").await?;
    browser.keys("ArrowUp").await?;
    browser.keys("u").await?;
    browser.until_read("Unread from here until you come back").await?;
    browser.until("return document.querySelector('#chat-list .row.unread')?.innerText.includes('2')").await?;
    // Looking on longer than reading takes changes nothing, and the other hears nothing of it.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    ensure!(unread().await? == "2", "{}", unread().await?);
    bob.reached(&chat, &last, "read").await?;

    // Who comes back finds the place, and reads.
    browser.visit(&alice, "/chats").await?;
    browser.open_chat("bob").await?;
    browser.until("return document.querySelector('#unread')?.innerText.includes('2 new messages')").await?;
    let below =
        "return document.querySelector('#unread').nextElementSibling.innerText.includes('question 2')";
    ensure!(browser.script(below).await? == true, "the line stands above the first of them");
    alice.api.until("they are read", async |_| Ok((unread().await? == "0").then_some(()))).await?;
    browser.until("return !document.querySelector('#chat-list .row.unread')").await?;

    // By the menu, and Escape takes it back: all is read.
    browser.keys("Shift+Tab").await?;
    browser.until("return document.activeElement.matches('#messages article')").await?;
    browser.keys("Shift+F10").await?;
    browser.until("return document.querySelector('#menu').matches(':popover-open')").await?;
    browser.look("chat-menu-unread").await?;
    browser.tick("#menu [data-do=unread]").await?;
    browser.until("return document.querySelector('#chat-list .row.unread')").await?;
    browser.keys("Escape").await?;
    browser.until("return document.activeElement.id === 'composer'").await?;
    browser.keys("Escape").await?;
    alice.api.until("they are read", async |_| Ok((unread().await? == "0").then_some(()))).await?;
    browser.quit().await
}
