//! The states that no story comes to: every sample that `web` has of every page, and what scripts make of them.

use anyhow::Result;
use journeys::{browser::Browser, site::Site};

#[tokio::test(flavor = "multi_thread")]
async fn every_state_of_every_page_is_whole_in_every_window_and_both_themes() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let site = Site::start().await?;
    // While a page is being made: `CONFAB_SAMPLES=network,doctor` looks at those that begin so.
    let only = std::env::var("CONFAB_SAMPLES").unwrap_or_default();
    let mut found = Vec::new();
    for scene in
        site.scenes().iter().filter(|scene| only.split(',').any(|start| scene.name.starts_with(start)))
    {
        let looked = async {
            site.show(&browser, *scene).await?;
            browser.look(scene.name).await
        };
        found.extend(looked.await.err().map(|error| format!("{error:#}")));
    }
    anyhow::ensure!(found.is_empty(), "{}", found.join("\n"));
    browser.quit().await
}
