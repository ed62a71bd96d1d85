//! What goes wrong, in words: no such page, forms of other pages, used links, tokens, a directory that is away.

use anyhow::{Context, Result, ensure};
use journeys::{api::Api, browser::Browser, directory::TestDirectory, node::TestNode};
use reqwest::{Method, StatusCode};
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
async fn tokens_are_made_shown_once_and_revoked() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let node = TestNode::fresh("alice", None).await?;
    node.register().await?;
    browser.open_page(&node).await?;
    browser.visit(&node, "/settings").await?;
    browser.fill("#token-name", "doorbell").await?;
    browser.press("Make a token").await?;
    browser.until("return document.querySelector('#new-token')").await?;
    browser.look("settings-new-token").await?;
    let secret = browser.script("return document.querySelector('#new-token').textContent").await?;
    let script = Api::new(&format!("http://{}", node.ui()), secret.as_str().context("the token is shown")?);
    script.get("status").await?;
    let (status, problem) = script.raw(Method::POST, "lock", None).await?;
    ensure!(status == StatusCode::FORBIDDEN && problem["code"] == "scope", "it may read only: {problem}");

    browser.visit(&node, "/settings").await?;
    browser.until_read("doorbell").await?;
    ensure!(browser.script("return document.querySelector('#new-token')").await?.is_null(), "shown once");
    browser.script("document.querySelector('#token-name').removeAttribute('maxlength')").await?;
    browser.fill("#token-name", &"x".repeat(65)).await?;
    browser.press("Make a token").await?;
    browser.until("return document.querySelector('#token-name-error')").await?;
    browser.look("settings-token-wrong").await?;
    browser.press("Revoke doorbell").await?;
    browser.until("return location.search === '?saved=tokens'").await?;
    browser.look("settings-token-revoked").await?;
    let (status, _) = script.raw(Method::GET, "status", None).await?;
    ensure!(status == StatusCode::UNAUTHORIZED, "a revoked token opens nothing: {status}");
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
