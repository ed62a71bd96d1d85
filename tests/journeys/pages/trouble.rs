//! What goes wrong, in words: no such page, forms of other pages, used links, a directory that is away.

use anyhow::{Result, ensure};
use journeys::{browser::Browser, directory::TestDirectory, node::TestNode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_trouble_says_what_happened_and_where_to_go() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let node = TestNode::fresh("alice", None).await?;
    node.register().await?;
    browser.visit(&node, "/chats").await?;
    browser.until_read("Open Confab from your computer").await?;
    browser.look("launch-no-session").await?;
    browser.open_page(&node).await?;
    browser.visit(&node, "/settings").await?;
    browser.driver.goto(&node.launch).await?;
    browser.until_read("This link no longer works").await?;
    browser.look("launch-refused").await?;

    browser.visit(&node, "/no/such/page").await?;
    browser.until_read("There is no such page").await?;
    browser.look("trouble-no-page").await?;
    browser.visit(&node, &format!("/chats/{}", "0".repeat(64))).await?;
    browser.until_read("There is no such chat").await?;
    browser.look("trouble-no-chat").await?;
    browser.visit(&node, "/chats/what").await?;
    browser.look("trouble-no-id").await?;
    browser.press("Go to your chats").await?;
    browser.until_at("/chats").await?;

    // A form that another session's page made, as after a night with the tab open.
    browser.visit(&node, "/settings").await?;
    browser
        .script("for (const field of document.querySelectorAll('[name=csrf]')) field.value = '0'.repeat(64)")
        .await?;
    browser.press("Lock now").await?;
    browser.until_read("This page is too old").await?;
    browser.look("trouble-csrf").await?;
    ensure!(node.api.get("status").await?["stage"] == "open", "the form did nothing");

    // A form of another site.
    browser.driver.goto(other_site(node.ui()).await?).await?;
    browser.press("Win a prize").await?;
    browser.until_read("Another site asked for this").await?;
    browser.look("trouble-other-site").await?;
    ensure!(node.api.get("status").await?["stage"] == "open", "the form did nothing");
    browser.press("Go to your chats").await?;
    browser.until_at("/chats").await?;
    browser.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_away_is_said_and_taken_back() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let mut directory = TestDirectory::start().await?;
    let node = TestNode::with_account("alice", &directory.url).await?;
    browser.open_page(&node).await?;
    browser.until("return document.querySelector('#network').dataset.online === 'true'").await?;
    directory.program.kill().await?;
    browser.until("return !document.querySelector('#banner-network').hidden").await?;
    browser.until_read("Directory not reachable.").await?;
    browser.look("chats-offline").await?;
    browser.visit(&node, "/people?q=bob").await?;
    browser.until_read("Only people you know are shown.").await?;
    browser.look("people-offline").await?;
    browser.visit(&node, "/settings").await?;
    browser.until_read("Not reachable right now.").await?;
    browser.look("settings-offline").await?;
    browser.fill("#url", "http://127.0.0.1:1").await?;
    browser.fill("#directory-passphrase", &node.passphrase).await?;
    browser.press("Change").await?;
    browser.until_read("No answer from 127.0.0.1:1.").await?;
    browser.look("settings-directory-silent").await?;

    directory.restart().await?;
    browser.until("return document.querySelector('#banner-network').hidden").await?;
    browser.quit().await
}

/// A page somewhere else with a form that posts to this node.
async fn other_site(ui: &str) -> Result<String> {
    let page = format!(
        "<!doctype html><html lang=en><title>A prize</title><body><form method=post action='http://{ui}/lock'><button>Win a prize</button></form>"
    );
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                page.len()
            );
            let _ = stream.write_all(format!("{head}{page}").as_bytes()).await;
        }
    });
    Ok(url)
}
