//! Two people without a directory: one types the other's address and sees who answers before anything is sent.

use anyhow::{Result, ensure};
use journeys::{browser::Browser, node::TestNode};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_at_an_address_is_seen_before_anything_is_sent() -> Result<()> {
    let (Some(alices), Some(bobs)) = (Browser::start().await?, Browser::start().await?) else {
        return Ok(());
    };
    let alice = TestNode::fresh("alice", None).await?;
    let mut bob = TestNode::fresh("bob", None).await?;
    alice.register().await?;
    bob.register().await?;
    alices.open_page(&alice).await?;
    bobs.open_page(&bob).await?;

    alices.visit(&alice, "/people").await?;
    alices.look("people-alone").await?;
    alices.visit(&alice, "/people/connect").await?;
    alices.look("connect").await?;
    for (name, address, said) in [
        ("connect-bad", "192.168.1.20", "The address can't be used"),
        ("connect-worse", "what is this", "The address can't be used"),
        ("connect-silent", "127.0.0.1:1", "Nobody answered at 127.0.0.1:1"),
    ] {
        alices.fill("#address", address).await?;
        alices.press("Look who answers").await?;
        alices.until_read(said).await?;
        alices.look(name).await?;
    }
    alices.fill("#address", alice.listen()).await?;
    alices.press("Look who answers").await?;
    alices.until_read("That is this computer. Type the address").await?;
    alices.look("connect-myself").await?;

    alices.fill("#address", bob.listen()).await?;
    alices.press("Look who answers").await?;
    alices.until_read("bob answered").await?;
    alices.look("connect-answer").await?;
    let told = bob.api.get("requests").await?;
    ensure!(told["requests"] == json!([]), "looking sends nothing: {told}");
    alices.fill("#text", "Found you by your address").await?;
    alices.press("Ask to chat").await?;
    alices.until_said("Found you by your address").await?;

    bobs.open_chat("alice").await?;
    bobs.until_read("By address").await?;
    bobs.look("chat-request-by-address").await?;
    bobs.press("Accept").await?;
    bobs.until("return document.querySelector('#standing').dataset.compose === 'yes'").await?;
    bobs.write("And you are found").await?;
    alices.until_said("And you are found").await?;

    alices.visit(&alice, &format!("/people/connect?address={}", bob.listen())).await?;
    alices.until_read("bob answered").await?;
    alices.until("return document.querySelectorAll('.three .behind').length === 3").await?;
    alices.look("connect-known").await?;

    // Somebody who is known and not there: the reason, and where to look closer.
    bob.program.stop().await?;
    alices.fill("#address", bob.listen()).await?;
    alices.press("Look who answers").await?;
    alices.until_read("nobody listens there").await?;
    alices.press("Show details").await?;
    alices.until_read("Confab is not open on it").await?;
    bob.restart().await?;
    alices.press("Try again").await?;
    alices.until_read("bob answered").await?;
    if alices.script("return document.querySelectorAll('.three .behind').length").await? == 1 {
        alices.press("Connect").await?;
    }
    alices.until("return document.querySelectorAll('.three .behind').length === 3").await?;
    alices.quit().await?;
    bobs.quit().await
}
