//! What was written while nobody could carry it comes late, and stands where it belongs: the page says so and moves nothing.

use std::time::Duration;

use anyhow::{Result, ensure};
use journeys::{browser::Browser, node::Friends};
use serde_json::json;

/// Longer ago than this is late for the page.
const A_WHILE: Duration = Duration::from_secs(11);

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_late_stand_above_newer_ones_and_the_page_says_so() -> Result<()> {
    let Some(alices) = Browser::start().await? else { return Ok(()) };
    let Friends { directory: _directory, mut alice, mut bob, chat } = Friends::meet().await?;
    for n in 0..30 {
        bob.api.send(&chat, &format!("message {n}")).await?;
    }
    alice.holds(&chat, &["message 29"]).await?;

    // Each writes while the other is away.
    alice.program.stop().await?;
    let mut last = String::new();
    for n in 0..3 {
        last = bob.api.send(&chat, &format!("from the train {n}")).await?;
    }
    bob.program.stop().await?;
    tokio::time::sleep(A_WHILE).await;
    alice.restart().await?;
    for n in 0..30 {
        alice.api.send(&chat, &format!("into the night {n}")).await?;
    }
    alice.api.post(&format!("conversations/{chat}/read"), json!({})).await?;
    alices.open_page(&alice).await?;
    alices.open_chat("bob").await?;
    alices.until_said("into the night 29").await?;
    let bottom = "const box = document.querySelector('#scroll');
        return Math.round(box.scrollHeight - box.scrollTop - box.clientHeight)";
    ensure!(alices.script(bottom).await? == 0, "it opens at the newest message");

    bob.restart().await?;
    alices.until("return document.querySelector('#earlier').checkVisibility()").await?;
    alices.until_read("3 earlier messages arrived").await?;
    ensure!(alices.script(bottom).await? == 0, "nobody is moved");
    alices.look("chat-earlier").await?;
    alices.press("3 earlier messages arrived").await?;
    alices
        .until("return document.activeElement.closest('li')?.innerText.includes('from the train 0')")
        .await?;
    ensure!(alices.script("return document.querySelector('#earlier').hidden").await? == true);
    let order = "const line = document.querySelector('#late');
        return [line.innerText, line.nextElementSibling.innerText.includes('from the train 0'),
                document.getElementById(`m-${arguments[0]}`) !== null]";
    let order = alices.script(&order.replace("arguments[0]", &format!("{last:?}"))).await?;
    ensure!(order == json!(["3 earlier messages arrived", true, true]), "{order}");
    // They stand above own ones, and are read like others.
    bob.reached(&chat, &last, "read").await?;
    // At the newest message again, the line has done its work.
    alices.keys("Escape").await?;
    alices.keys("Escape").await?;
    alices.until("return !document.querySelector('#late')").await?;
    alices.quit().await
}
