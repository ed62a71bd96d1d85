//! A chat is cleared, and deleted: here alone, for good, and what is written later comes as ever.

use anyhow::{Result, ensure};
use journeys::{browser::Browser, node::Friends};
use thirtyfour::By;

#[tokio::test(flavor = "multi_thread")]
async fn a_cleared_chat_stays_empty_and_a_deleted_one_comes_back_with_the_next_message() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let Friends { directory: _directory, alice, mut bob, chat } = Friends::meet().await?;
    alice.api.send(&chat, "the code is quicksilver").await?;
    bob.holds(&chat, &["the code is quicksilver"]).await?;
    browser.open_page(&alice).await?;
    browser.open_chat("bob").await?;
    browser.until_said("quicksilver").await?;

    // What bob does not have yet is named, and arrives all the same.
    bob.program.stop().await?;
    browser.write("one for later").await?;
    browser.visit(&alice, &format!("/chats/{chat}?details=1")).await?;
    browser.press("Clear the chat").await?;
    browser.until_at(&format!("/chats/{chat}/clear")).await?;
    browser.until_read("1 message has not reached bob yet").await?;
    browser.look("chat-clear").await?;
    let focus = browser.script("return document.activeElement.innerText").await?;
    ensure!(focus == "Keep it", "the safe way has the focus: {focus}");
    browser.keys("Tab").await?;
    browser.keys("Enter").await?;
    browser.until_at(&format!("/chats/{chat}")).await?;
    browser.until("return !document.querySelector('#messages article')").await?;
    browser.look("chat-cleared").await?;
    ensure!(alice.api.texts(&chat).await?.is_empty(), "nothing is left");
    let found = alice.api.get("search?q=quicksilver").await?;
    ensure!(!found.to_string().contains("code"), "nor found: {found}");
    bob.restart().await?;
    bob.holds(&chat, &["the code is quicksilver", "one for later"]).await?;
    bob.api.send(&chat, "and a new one").await?;
    browser.until_said("and a new one").await?;
    ensure!(alice.api.texts(&chat).await? == ["and a new one"], "what was cleared does not come back");

    browser.visit(&alice, &format!("/chats/{chat}?details=1")).await?;
    browser.press("Delete the chat").await?;
    browser.until_read("it leaves your list until one of you writes again").await?;
    browser.look("chat-delete").await?;
    browser.press("Delete the chat").await?;
    browser.until_at("/chats").await?;
    browser.until_read("No chats yet").await?;
    ensure!(browser.driver.find_all(By::Css("#chat-list a")).await?.is_empty(), "it stands in no list");
    bob.api.send(&chat, "are you there?").await?;
    browser.until("return document.querySelector('#chat-list a')").await?;
    browser.open_chat("bob").await?;
    browser.until_said("are you there?").await?;
    ensure!(alice.api.texts(&chat).await? == ["are you there?"], "it comes back empty but for the new one");
    browser.quit().await
}
