//! Firefox by geckodriver, steered by its own window: what a person does with its menu, a script does there.

use std::sync::Arc;

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::{
    DesiredCapabilities, RequestData, SessionId, WebDriver, common::command::FormatRequestData,
};

use super::{Browser, Engine, Scheme, Window, command, start_driver};
use crate::require;

/// No window of Firefox is narrower, in pixels of the screen; a narrower page is magnified in a wider window.
const NARROWEST: u32 = 500;

pub(super) async fn start() -> Result<Option<Browser>> {
    let (Some(driver), Some(firefox)) = (
        require::tool("geckodriver", "cargo install geckodriver"),
        require::tool("firefox-esr", "Debian's package firefox-esr"),
    ) else {
        return Ok(None);
    };
    let profile = tempfile::tempdir()?;
    let mut geckodriver =
        command(&driver, &["--port", "0", "--websocket-port", "0", "--allow-system-access"]);
    // It makes its profile there, and would leave it behind when it is killed.
    geckodriver.env("TMPDIR", profile.path());
    let (process, address) = start_driver(geckodriver, "Listening on 127.0.0.1:").await?;
    let mut wanted = DesiredCapabilities::firefox();
    wanted.set_firefox_binary(&firefox.to_string_lossy())?;
    wanted.add_arg("-headless")?;
    let driver = WebDriver::new(&address, wanted).await?;
    Ok(Some(Browser { driver, engine: Engine::Firefox, _process: process, _profile: profile }))
}

pub(super) async fn resize(browser: &Browser, window: Window) -> Result<()> {
    let zoom = if window.width < NARROWEST { 2 } else { window.zoom };
    let (wide, high) = (window.width * zoom, window.height * zoom);
    let set = "
        Services.prefs.setIntPref('font.size.variable.x-western', arguments[1]);
        gBrowser.selectedBrowser.fullZoom = arguments[0];
        return [window.outerWidth - gBrowser.selectedBrowser.clientWidth, window.outerHeight - gBrowser.selectedBrowser.clientHeight];";
    let frame = in_own_window(browser, set, vec![json!(zoom), json!(window.text)]).await?;
    let edge = |at: usize| frame[at].as_u64().and_then(|size| u32::try_from(size).ok()).context("a size");
    browser.driver.set_window_rect(0, 0, wide + edge(0)?, high + edge(1)?).await?;
    let asked = format!(
        "return Math.abs(innerWidth - {}) <= 1 && Math.abs(innerHeight - {}) <= 1",
        window.width, window.height
    );
    browser.until(&asked).await.map(drop)
}

pub(super) async fn colours(browser: &Browser, scheme: Scheme) -> Result<()> {
    let set = "Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', arguments[0])";
    in_own_window(browser, set, vec![json!(i32::from(scheme == Scheme::Light))]).await.map(drop)
}

/// Runs a script in the window around the page.
async fn in_own_window(browser: &Browser, script: &str, values: Vec<Value>) -> Result<Value> {
    browser.driver.cmd(Where("chrome")).await?;
    let answer = browser.driver.execute(Arc::<str>::from(script), values).await;
    browser.driver.cmd(Where("content")).await?;
    Ok(answer?.json().clone())
}

/// Where scripts run from now on: `chrome` is the browser's own window, `content` the page.
#[derive(Debug)]
struct Where(&'static str);

impl FormatRequestData for Where {
    fn format_request(&self, session: &SessionId) -> RequestData {
        RequestData::new(Method::POST, format!("/session/{session}/moz/context"))
            .add_body(json!({"context": self.0}))
    }
}
