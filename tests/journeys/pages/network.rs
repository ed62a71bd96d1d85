//! Who is reached and how, why somebody is not, and calling everybody: the network page and its doctor, live.

use anyhow::{Result, ensure};
use journeys::{browser::Browser, node::Friends};

#[tokio::test(flavor = "multi_thread")]
async fn the_network_page_follows_who_comes_and_goes_and_the_doctor_says_why() -> Result<()> {
    let Some(alices) = Browser::start().await? else { return Ok(()) };
    let Friends { directory: _directory, alice, mut bob, chat } = Friends::meet().await?;
    let user = alice.user("bob").await?;

    alices.open_page(&alice).await?;
    alices.script("document.querySelector('#network a').click()").await?;
    alices.until_at("/network").await?;
    alices.until_read("Connected. 1 person reachable.").await?;
    alices.until_read("Direct").await?;
    // The first look asked for a measurement; the page shows it without being loaded again.
    alices
        .until("return /\\d ms/.test(document.querySelector('[data-label=\"Answers in\"]').innerText)")
        .await?;
    alices.look("network").await?;
    // The numbers change under the keyboard's focus, which stays where it was.
    alices
        .script(
            "document.querySelector('#routes a').focus(); window.table = document.querySelector('#routes')",
        )
        .await?;
    alices.until("return window.table !== document.querySelector('#routes')").await?;
    ensure!(
        alices.script("return document.activeElement.getAttribute('href')").await?
            == format!("/network/{user}"),
        "the focus is on the link that it was on"
    );
    let live = alices
        .script("return document.querySelector('#routes').closest('[aria-live], [role=status]')")
        .await?;
    ensure!(live.is_null(), "numbers are not read out");

    // Whoever goes is moved to the other table, with the addresses that were tried.
    bob.program.stop().await?;
    alices.until_read("Nobody is reachable right now.").await?;
    alices.until_read("Confab is not open on it").await?;
    alices.until("return /\\d\\d:\\d\\d:\\d\\d/.test(document.querySelector('[data-label=\"Next try\"]').innerText)").await?;
    alices.look("network-away").await?;
    alices.press("What happened lately").await?;
    alices.until("return document.querySelector('#log').textContent.includes('not reached')").await?;
    let log = alices.script("return document.querySelector('#log').textContent").await?;
    let log = log.as_str().unwrap_or_default();
    ensure!(log.contains("b… (") && log.contains("disconnected"), "{log}");
    ensure!(!log.contains("bob") && !log.contains("127.0.0.1"), "nobody is given away: {log}");
    alices.look("network-log").await?;

    // From the chat: why? The test begins by itself.
    alices.visit(&alice, &format!("/chats/{chat}")).await?;
    alices.press("Why?").await?;
    alices.until_at(&format!("/network/{user}")).await?;
    alices.until_read("bob’s computer is most likely off").await?;
    alices
        .until("return document.querySelector('form[data-test] button').innerText === 'Test again'")
        .await?;
    alices.look("doctor-away").await?;

    // He is back: the button calls everybody.
    bob.restart().await?;
    alices.visit(&alice, "/network").await?;
    alices.press("Connect to everyone who is online").await?;
    alices.until("return location.search.includes('trying=')").await?;
    alices.until_read("Connected. 1 person reachable.").await?;
    alices.visit(&alice, &format!("/network/{user}")).await?;
    alices.press("Test connection").await?;
    alices.until_read("You are connected with bob.").await?;
    alices.look("doctor-reached").await?;
    alices.visit(&alice, &format!("/chats/{chat}")).await?;
    ensure!(alices.script("return document.querySelector('#why').hidden").await? == true, "nothing to ask");
    alices.quit().await
}
