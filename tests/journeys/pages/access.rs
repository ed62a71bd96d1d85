//! Who may use this computer's door: scripts by their tokens, browsers by their sessions; both can be sent away.

use anyhow::{Context, Result, ensure};
use journeys::{api::Api, browser::Browser, node::TestNode};
use reqwest::{Method, StatusCode};
use serde_json::json;

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
async fn another_browser_is_seen_and_signed_out() -> Result<()> {
    let (Some(here), Some(there)) = (Browser::start().await?, Browser::start().await?) else {
        return Ok(());
    };
    let node = TestNode::fresh("alice", None).await?;
    node.register().await?;
    here.open_page(&node).await?;
    let link = node.api.post("launch", json!({})).await?;
    there.driver.goto(link["url"].as_str().context("a link")?).await?;
    there.until_at("/chats").await?;

    here.visit(&node, "/settings").await?;
    here.until_read("This browser").await?;
    here.script("document.querySelector('#sessions').scrollIntoView()").await?;
    here.look("settings-sessions").await?;
    here.script("document.querySelector('#sessions .person button').click()").await?;
    here.until("return location.search === '?saved=sessions'").await?;
    here.look("settings-session-ended").await?;
    // The page that was open there hears of it, and keeps nothing of what it showed.
    there.until_read("Open Confab from your computer").await?;
    there.look("launch-signed-out").await?;
    here.quit().await?;
    there.quit().await
}
