//! A real browser: Chromium by chromedriver, or Firefox by geckodriver. `look` judges what it shows, `hands` do what a person
//! does.

mod chromium;
mod firefox;
mod hands;
mod look;

use std::{
    path::Path,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;
use thirtyfour::WebDriver;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{sleep, timeout},
};

pub use self::look::Window;
use crate::program::PATIENCE;

/// Which browser it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Chromium,
    Firefox,
}

/// One browser window with a profile of its own.
#[derive(Debug)]
pub struct Browser {
    pub driver: WebDriver,
    engine: Engine,
    // Dropped after the session: the driver's process, then the profile.
    _process: Child,
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
        chromium::start().await
    }

    /// Starts the one or the other; `None` (said in one line) where it is not installed.
    ///
    /// # Errors
    /// It is there and does not start.
    pub async fn start_in(engine: Engine) -> Result<Option<Self>> {
        match engine {
            Engine::Chromium => chromium::start().await,
            Engine::Firefox => firefox::start().await,
        }
    }

    /// Sets the size of the page in CSS pixels and the colour scheme.
    ///
    /// # Errors
    /// The browser's.
    pub async fn show_as(&self, width: u32, height: u32, scheme: Scheme) -> Result<()> {
        self.show_in(Window::plain("", width, height), scheme).await
    }

    /// Runs a script in the page and gives its answer.
    ///
    /// # Errors
    /// The browser's, or the script's own.
    pub async fn script(&self, script: &str) -> Result<Value> {
        Ok(self.driver.execute(Arc::<str>::from(script), Vec::new()).await?.json().clone())
    }

    /// Waits until a script answers something truthy, looking again whenever the page, the focus or
    /// what is in view changes.
    ///
    /// # Errors
    /// It never did; the error holds the page's text.
    pub async fn until(&self, script: &str) -> Result<Value> {
        let watch = format!(
            "const done = arguments[arguments.length - 1];
             const look = () => {{ try {{ return (() => {{ {script} }})(); }} catch (error) {{ return null; }} }};
             const first = look();
             if (first) return done(first);
             const over = new AbortController();
             const end = answer => {{ eye.disconnect(); over.abort(); done(answer); }};
             const again = () => {{ const now = look(); if (now) end(now); }};
             const eye = new MutationObserver(again);
             eye.observe(document, {{subtree: true, childList: true, attributes: true, characterData: true}});
             for (const kind of ['focusin', 'focusout', 'scroll', 'toggle', 'input', 'load'])
               addEventListener(kind, () => queueMicrotask(again), {{capture: true, signal: over.signal}});
             setTimeout(() => end(look() || null), 20000);"
        );
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            // A navigation ends the script; then it is asked again on the new page.
            match self.driver.execute_async(Arc::<str>::from(watch.as_str()), Vec::new()).await {
                Ok(answer) if !answer.json().is_null() => return Ok(answer.json().clone()),
                Ok(_) => {}
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
        let text = self.script("return location.href + '\\n' + document.body.innerText").await?;
        anyhow::bail!("the page never showed it: {script}\n{}", text.as_str().unwrap_or_default())
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

/// Starts the driver of a browser, which says on its output which port it took, after `said`.
async fn start_driver(mut driver: Command, said: &str) -> Result<(Child, String)> {
    driver.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    // The port that the system gives for IPv4 may be taken for IPv6; then chromedriver ends, and another port is free.
    for _ in 0..5 {
        let mut process = driver.spawn()?;
        let mut lines = BufReader::new(process.stdout.take().context("stdout is piped")?).lines();
        let port = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, port)) = line.split_once(said) {
                    return anyhow::Ok(Some(port.trim_end_matches('.').parse::<u16>()?));
                }
            }
            Ok(None)
        };
        if let Some(port) = timeout(PATIENCE, port).await.context("the driver said no port")?? {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok((process, format!("http://127.0.0.1:{port}")));
        }
    }
    anyhow::bail!("the driver ended, again and again")
}

fn command(program: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}
