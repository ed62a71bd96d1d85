//! An eye for pages: axe-core at zero findings and nothing cut off, in windows of every kind, light and dark; pictures.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{Browser, Engine, Scheme, chromium, firefox};
use crate::require;

/// A window, as the person at it has set it up.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub name: &'static str,
    /// In CSS pixels.
    pub width: u32,
    pub height: u32,
    /// Pixels of the screen for each CSS pixel. A page at 200 % has half the width and two of them.
    pub zoom: u32,
    /// The size of text that the browser is set to, in CSS pixels; 16 where nobody chose.
    pub text: u32,
}

impl Window {
    /// A window of a screen, nothing magnified.
    #[must_use]
    pub const fn plain(name: &'static str, width: u32, height: u32) -> Self {
        Self { name, width, height, zoom: 1, text: 16 }
    }
}

/// The windows that every page is looked at in, and whether axe-core looks, too: what it judges (names, roles, contrast)
/// differs between the widest and the narrowest at most. The layouts change at 720 and at 1100 px.
const WINDOWS: [(Window, bool); 6] = [
    (Window::plain("1280", 1280, 800), true),
    (Window { text: 32, ..Window::plain("1280-large-text", 1280, 800) }, false),
    (Window::plain("800", 800, 600), false),
    (Window { zoom: 2, ..Window::plain("1280-at-200", 640, 400) }, false),
    (Window::plain("375", 375, 740), false),
    (Window::plain("320", 320, 568), true),
];

/// Elements that are cut off, as text. What is meant to be out of sight (skip links, text for screen readers) is not.
const CUT_OFF: &str = "
    const hides = overflow => /hidden|clip/.test(overflow);
    const scrolls = el => {
      if (!el) return false;
      const style = getComputedStyle(el), root = el === document.documentElement;
      const open = root ? !hides(style.overflowY) : /auto|scroll/.test(style.overflowY);
      return open && el.scrollHeight > el.clientHeight || scrolls(el.parentElement);
    };
    const wide = document.documentElement.clientWidth, out = [];
    if (document.documentElement.scrollWidth > wide + 1) out.push('the page scrolls sideways');
    for (const el of document.querySelectorAll('body *')) {
      // Firefox gives boxes to what a closed part hides.
      if (!el.checkVisibility()) continue;
      const box = el.getBoundingClientRect();
      if (box.width < 2 || box.height < 2) continue;
      const style = getComputedStyle(el), says = () => el.outerHTML.slice(0, 120);
      if (style.visibility === 'hidden' || el.closest('[data-offscreen], .sr, .skip') || el.ownerSVGElement) continue;
      // What ends in an ellipsis on purpose is drawn as far as its box and no further.
      if (getComputedStyle(el.parentElement).textOverflow === 'ellipsis') continue;
      if (box.right > wide + 1 || box.left < -1) out.push('beyond the edge: ' + says());
      // Parts of a page stand side by side; none paints over the next one.
      const part = el.parentElement.closest('.side, .conv, .pane, .card, dialog')?.getBoundingClientRect();
      if (part?.width && style.position !== 'fixed' && !el.closest('[popover]') && (box.right > part.right + 1 || box.left < part.left - 1))
        out.push('beyond its part: ' + says());
      if (el.matches('button, a.button, label') && el.scrollWidth > el.clientWidth + 1 && style.overflow !== 'visible' && style.textOverflow !== 'ellipsis')
        out.push('text cut: ' + says());
      // Text that its own box hides, without the dots that say so.
      const text = [...el.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
      if (text && el.matches(':not(textarea, option)') && (hides(style.overflowX) && el.scrollWidth > el.clientWidth + 1 || hides(style.overflowY) && el.scrollHeight > el.clientHeight + 1) && style.textOverflow !== 'ellipsis')
        out.push('hidden text: ' + says());
      // What can be pressed can be scrolled to.
      if (el.matches('a, button, input, textarea, select, summary') && (box.bottom > innerHeight + 1 || box.top < -1) && !scrolls(el))
        out.push('out of reach: ' + says());
    }
    return [...new Set(out)];";

/// axe-core's findings, as text.
const RUN_AXE: &str = "const done = arguments[arguments.length - 1];
    axe.run(document, {resultTypes: ['violations'], runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']})
      .then(r => done(r.violations.map(v => v.id + ': ' + v.help + ' ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | '))))
      .catch(e => done(['axe failed: ' + e]));";

impl Browser {
    /// Holds the page against the edges of every kind of window, and against axe-core, light and dark.
    ///
    /// # Errors
    /// The findings of all windows, in words.
    pub async fn look(&self, name: &str) -> Result<()> {
        let mut found = Vec::new();
        for scheme in [Scheme::Light, Scheme::Dark] {
            self.colours(scheme).await?;
            // Colours move nothing: in the dark, the windows between would show the same edges once more.
            let windows = WINDOWS.iter().filter(|(_, judged)| *judged || scheme == Scheme::Light);
            for &(window, judged) in windows {
                self.resize(window).await?;
                let mut here = self.cut_off().await?;
                if judged {
                    here.extend(self.axe().await?);
                }
                let look = if scheme == Scheme::Dark { "dark" } else { "light" };
                found.extend(here.into_iter().map(|line| format!("{name}, {}, {look}: {line}", window.name)));
            }
        }
        self.show_as(1280, 800, Scheme::Light).await?;
        ensure!(found.is_empty(), "{}", found.join("\n"));
        Ok(())
    }

    /// Sets up the window and the colour scheme, and waits until the page has taken both.
    ///
    /// # Errors
    /// The browser's.
    pub async fn show_in(&self, window: Window, scheme: Scheme) -> Result<()> {
        self.resize(window).await?;
        self.colours(scheme).await?;
        self.settle().await
    }

    async fn resize(&self, window: Window) -> Result<()> {
        match self.engine {
            Engine::Chromium => chromium::resize(self, window).await,
            Engine::Firefox => firefox::resize(self, window).await,
        }
    }

    async fn colours(&self, scheme: Scheme) -> Result<()> {
        match self.engine {
            Engine::Chromium => chromium::colours(self, scheme).await,
            Engine::Firefox => firefox::colours(self, scheme).await,
        }
    }

    async fn settle(&self) -> Result<()> {
        self.settled("return 1").await.map(drop)
    }

    /// Runs a script when the page has taken what was set. Colours fade from one scheme to the other; what is between is
    /// not what anybody reads. Dots that move for ever, and a frame that a page in the background never gets, are not
    /// waited for.
    async fn settled(&self, script: &str) -> Result<Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
            const faded = () => Promise.allSettled(document.getAnimations().map(a => a.finished));
            const frame = new Promise(drawn => requestAnimationFrame(drawn));
            const long = new Promise(over => setTimeout(over, 1500));
            Promise.race([frame.then(faded), long]).then(() => done((() => {{ {script} }})()));"
        );
        Ok(self.driver.execute_async(Arc::<str>::from(script), Vec::new()).await?.json().clone())
    }

    async fn cut_off(&self) -> Result<Vec<String>> {
        Ok(lines(&self.settled(CUT_OFF).await?))
    }

    async fn axe(&self) -> Result<Vec<String>> {
        let Some(axe) = axe() else { return Ok(Vec::new()) };
        if self.script("return typeof axe").await? == "undefined" {
            self.script(&axe).await?;
        }
        let found = self.driver.execute_async(Arc::<str>::from(RUN_AXE), Vec::new()).await?;
        ensure!(found.json().is_array(), "axe-core answers a list: {}", found.json());
        Ok(lines(found.json()))
    }

    /// Saves a picture of what the window shows, as WebP.
    ///
    /// # Errors
    /// The browser's, or the file's.
    pub async fn picture(&self, file: &Path) -> Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let wanted = json!({"format": "webp", "quality": 90});
        let shot = self.driver.cdp().send_raw("Page.captureScreenshot", wanted).await?;
        let bytes = BASE64.decode(shot["data"].as_str().context("a picture")?.as_bytes())?;
        fs::write(file, bytes)?;
        Ok(())
    }
}

fn lines(found: &Value) -> Vec<String> {
    found.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// axe-core's script: fetched by `tests/fetch-axe`, not committed.
fn axe() -> Option<String> {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/axe/axe.min.js");
    let script = fs::read_to_string(file).ok();
    if script.is_none() {
        require::missing("axe-core", "run tests/fetch-axe");
    }
    script
}
