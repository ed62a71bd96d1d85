//! Chromium by chromedriver, steered by its DevTools protocol.

use anyhow::Result;
use serde_json::json;
use thirtyfour::{ChromiumLikeCapabilities, DesiredCapabilities, WebDriver};

use super::{Browser, Engine, Scheme, Window, command, start_driver};
use crate::require;

pub(super) async fn start() -> Result<Option<Browser>> {
    let why = "Debian's packages chromium and chromium-driver";
    let (Some(driver), Some(chromium)) = (require::tool("chromedriver", why), require::tool("chromium", why))
    else {
        return Ok(None);
    };
    let profile = tempfile::tempdir()?;
    let (process, address) =
        start_driver(command(&driver, &["--port=0"]), "started successfully on port ").await?;
    let mut wanted = DesiredCapabilities::chrome();
    wanted.set_binary(&chromium.to_string_lossy())?;
    let folder = format!("--user-data-dir={}", profile.path().display());
    for arg in [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        // What lies outside of it is never painted, whatever size the page is given.
        "--window-size=1280,1024",
        &folder,
    ] {
        wanted.add_arg(arg)?;
    }
    let driver = WebDriver::new(&address, wanted).await?;
    Ok(Some(Browser { driver, engine: Engine::Chromium, _process: process, _profile: profile }))
}

pub(super) async fn resize(browser: &Browser, window: Window) -> Result<()> {
    let Window { width, height, zoom, text, .. } = window;
    let tools = browser.driver.cdp();
    let mobile = width < 720 && zoom == 1;
    let size = json!({"width": width, "height": height, "deviceScaleFactor": zoom, "mobile": mobile});
    tools.send_raw("Emulation.setDeviceMetricsOverride", size).await?;
    tools.send_raw("Page.setFontSizes", json!({"fontSizes": {"standard": text}})).await?;
    Ok(())
}

pub(super) async fn colours(browser: &Browser, scheme: Scheme) -> Result<()> {
    let value = if scheme == Scheme::Dark { "dark" } else { "light" };
    let media = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
    browser.driver.cdp().send_raw("Emulation.setEmulatedMedia", media).await?;
    Ok(())
}
