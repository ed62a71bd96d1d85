//! "Not now", "never again", and second thoughts: what both sides see.

use anyhow::{Result, ensure};
use journeys::{browser::Browser, directory::TestDirectory, node::TestNode};

#[tokio::test(flavor = "multi_thread")]
async fn declined_and_blocked_is_said_to_whom_it_concerns() -> Result<()> {
    let (Some(alices), Some(bobs)) = (Browser::start().await?, Browser::start().await?) else {
        return Ok(());
    };
    let directory = TestDirectory::start().await?;
    let alice = TestNode::with_account("alice", &directory.url).await?;
    let bob = TestNode::with_account("bob", &directory.url).await?;
    let chat = alice.api.ask("bob", "Do you sell tulips?").await?;
    let here = format!("/chats/{chat}");
    alices.open_page(&alice).await?;
    alices.visit(&alice, &here).await?;
    bobs.open_page(&bob).await?;
    bobs.open_chat("alice").await?;

    // Declining is told, so it waits for a second thought; the same press again is meant.
    bobs.press("Decline").await?;
    bobs.until_read("Declined. alice will be told.").await?;
    bobs.look("chat-declining").await?;
    bobs.press("Undo").await?;
    bobs.until_read("alice wants to chat with you").await?;
    bobs.press("Decline").await?;
    bobs.until_read("Declined. alice will be told.").await?;
    bobs.visit(&bob, &here).await?;
    bobs.until_read("You declined.").await?;
    bobs.look("chat-declined").await?;
    bobs.visit(&bob, "/people?q=alice").await?;
    bobs.until_read("You declined").await?;
    bobs.look("people-declined").await?;

    alices.until_read("said not now").await?;
    alices.look("chat-declined-me").await?;
    alices.write("I only ask once").await?;
    alices.visit(&alice, "/people?q=bob").await?;
    alices.until_read("Said not now").await?;
    alices.look("people-declined-me").await?;
    alices.visit(&alice, &here).await?;

    bobs.visit(&bob, &here).await?;
    bobs.press("Block").await?;
    bobs.until_read("You blocked alice.").await?;
    bobs.look("chat-blocked").await?;
    bobs.visit(&bob, "/people?q=alice").await?;
    bobs.until_read("Blocked").await?;
    bobs.look("people-blocked").await?;
    bobs.visit(&bob, "/settings").await?;
    bobs.look("settings-blocked").await?;
    bobs.press("Unblock alice").await?;
    bobs.until_at(&here).await?;
    bobs.until_read("You declined.").await?;
    let reads = alices.script("return document.body.innerText").await?;
    ensure!(!reads.as_str().unwrap_or_default().contains("lock"), "nobody is told of a block: {reads}");

    // What was kept all the while goes over when the other has changed their mind.
    bobs.press("Accept").await?;
    bobs.until_said("I only ask once").await?;
    alices.until("return document.querySelector('#standing').dataset.compose === 'yes'").await?;
    alices.quit().await?;
    bobs.quit().await
}
