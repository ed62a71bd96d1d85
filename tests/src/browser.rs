//! A real browser: Chromium by chromedriver, with axe-core and an eye for what is cut off.

use std::{fs, path::Path, process::Stdio, sync::Arc};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{ChromiumLikeCapabilities, DesiredCapabilities, WebDriver};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{program::PATIENCE, require};

/// One browser window with a profile of its own.
#[derive(Debug)]
pub struct Browser {
    pub driver: WebDriver,
    // Dropped after the session: the driver's process, then the profile.
    _chromedriver: Child,
    _profile: TempDir,
}

/// Light or dark, as the system of the person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

impl Browser {
    /// Starts Chromium; `None` (said in one line) where it is not installed.
    ///
    /// # Errors
    /// It is there and does not start.
    pub async fn start() -> Result<Option<Self>> {
        let why = "Debian's packages chromium and chromium-driver";
        let (Some(driver), Some(chromium)) =
            (require::tool("chromedriver", why), require::tool("chromium", why))
        else {
            return Ok(None);
        };
        let profile = tempfile::tempdir()?;
        let mut chromedriver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(chromedriver.stdout.take().context("stdout is piped")?).lines();
        let port = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, port)) = line.split_once("started successfully on port ") {
                    return Ok(port.trim_end_matches('.').parse::<u16>()?);
                }
            }
            anyhow::bail!("chromedriver ended")
        };
        let port = timeout(PATIENCE, port).await.context("chromedriver said no port")??;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });

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
            &folder,
        ] {
            wanted.add_arg(arg)?;
        }
        let driver = WebDriver::new(&format!("http://127.0.0.1:{port}"), wanted).await?;
        Ok(Some(Self { driver, _chromedriver: chromedriver, _profile: profile }))
    }

    /// Sets the size of the page in CSS pixels and the colour scheme.
    ///
    /// # Errors
    /// The browser's.
    pub async fn show_as(&self, width: u32, height: u32, scheme: Scheme) -> Result<()> {
        let tools = self.driver.cdp();
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 720});
        tools.send_raw("Emulation.setDeviceMetricsOverride", size).await?;
        let value = if scheme == Scheme::Dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        tools.send_raw("Emulation.setEmulatedMedia", media).await?;
        // Colours fade from one scheme to the other; what is between is not what anybody reads.
        let settle = "const done = arguments[arguments.length - 1];
            requestAnimationFrame(() => Promise.allSettled(document.getAnimations().map(a => a.finished)).then(() => done(1)));";
        self.driver.execute_async(Arc::<str>::from(settle), Vec::new()).await?;
        Ok(())
    }

    /// Runs a script in the page and gives its answer.
    ///
    /// # Errors
    /// The browser's, or the script's own.
    pub async fn script(&self, script: &str) -> Result<Value> {
        Ok(self.driver.execute(Arc::<str>::from(script), Vec::new()).await?.json().clone())
    }

    /// Waits until a script answers something truthy, looking again whenever the page changes.
    ///
    /// # Errors
    /// It never did; the error holds the page's text.
    pub async fn until(&self, script: &str) -> Result<Value> {
        let watch = format!(
            "const done = arguments[arguments.length - 1];
             const look = () => {{ try {{ return (() => {{ {script} }})(); }} catch (error) {{ return null; }} }};
             const first = look();
             if (first) return done(first);
             const eye = new MutationObserver(() => {{ const now = look(); if (now) {{ eye.disconnect(); done(now); }} }});
             eye.observe(document, {{subtree: true, childList: true, attributes: true, characterData: true}});
             setTimeout(() => {{ eye.disconnect(); done(look() || null); }}, 20000);"
        );
        for _ in 0..2 {
            // A navigation ends the script; then it is asked again on the new page.
            match self.driver.execute_async(Arc::<str>::from(watch.as_str()), Vec::new()).await {
                Ok(answer) if !answer.json().is_null() => return Ok(answer.json().clone()),
                _ => {}
            }
        }
        let text = self.script("return location.href + '\\n' + document.body.innerText").await?;
        anyhow::bail!("the page never showed it: {script}\n{}", text.as_str().unwrap_or_default())
    }

    /// Fails on any axe-core finding and on any element that is cut off at this width.
    ///
    /// # Errors
    /// The findings, in words.
    pub async fn check_page(&self, name: &str) -> Result<()> {
        self.no_element_is_cut_off(name).await?;
        let Some(axe) = axe() else { return Ok(()) };
        self.script(&axe).await?;
        let run = "const done = arguments[arguments.length - 1];
            axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']})
              .then(r => done(r.violations.map(v => v.id + ': ' + v.help + ' ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | '))))
              .catch(e => done(['axe failed: ' + e]));";
        let found = self.driver.execute_async(Arc::<str>::from(run), Vec::new()).await?;
        let found = found.json().as_array().context("axe answers a list")?.clone();
        let text: Vec<_> = found.iter().filter_map(Value::as_str).collect();
        ensure!(text.is_empty(), "{name}: axe-core found\n{}", text.join("\n"));
        Ok(())
    }

    async fn no_element_is_cut_off(&self, name: &str) -> Result<()> {
        // Elements that are meant to be out of sight (skip links, text for screen readers) are clipped to a pixel.
        let script = "
            const wide = document.documentElement.clientWidth, out = [];
            if (document.documentElement.scrollWidth > wide + 1) out.push('the page scrolls sideways');
            for (const el of document.querySelectorAll('body *')) {
              const box = el.getBoundingClientRect(), style = getComputedStyle(el);
              if (box.width < 2 || box.height < 2 || style.visibility === 'hidden') continue;
              if (el.closest('[data-offscreen], .visually-hidden, .skip')) continue;
              if (box.right > wide + 1 || box.left < -1) out.push(el.outerHTML.slice(0, 120));
              if (el.matches('button, a.button, label') && el.scrollWidth > el.clientWidth + 1 && style.overflow !== 'visible' && style.textOverflow !== 'ellipsis')
                out.push('text cut: ' + el.outerHTML.slice(0, 120));
            }
            return out;";
        let out = self.script(script).await?;
        let out: Vec<_> = out.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        ensure!(out.is_empty(), "{name}: cut off\n{}", out.join("\n"));
        Ok(())
    }

    /// Saves a picture of what the window shows.
    ///
    /// # Errors
    /// The browser's, or the file's.
    pub async fn picture(&self, file: &Path) -> Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        self.driver.screenshot(file).await?;
        Ok(())
    }

    /// Ends the session.
    ///
    /// # Errors
    /// The browser's.
    pub async fn quit(self) -> Result<()> {
        self.driver.quit().await?;
        Ok(())
    }
}

/// axe-core's script: fetched by `tests/fetch-axe`, not committed.
fn axe() -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/axe/axe.min.js");
    let script = fs::read_to_string(file).ok();
    if script.is_none() {
        require::missing("axe-core", "run tests/fetch-axe");
    }
    script
}
