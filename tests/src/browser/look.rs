//! An eye for pages: axe-core at zero findings, nothing cut off, in both widths and both themes; pictures on request.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Browser, Scheme};
use crate::require;

impl Browser {
    /// Holds the page against axe-core and the edges of the window in both widths and themes. With `CONFAB_PICTURES`
    /// a picture of each is kept in that folder.
    ///
    /// # Errors
    /// The findings, in words.
    pub async fn look(&self, name: &str) -> Result<()> {
        for scheme in [Scheme::Light, Scheme::Dark] {
            for (width, height) in [(1280, 800), (375, 740)] {
                self.show_as(width, height, scheme).await?;
                let shot =
                    format!("{name}-{width}-{}", if scheme == Scheme::Dark { "dark" } else { "light" });
                if let Some(folder) = env::var_os("CONFAB_PICTURES") {
                    self.picture(&PathBuf::from(folder).join(format!("{shot}.png"))).await?;
                }
                self.check_page(&shot).await?;
            }
        }
        self.show_as(1280, 800, Scheme::Light).await
    }

    /// Fails on any axe-core finding and on any element that is cut off at this width.
    ///
    /// # Errors
    /// The findings, in words.
    pub async fn check_page(&self, name: &str) -> Result<()> {
        self.no_element_is_cut_off(name).await?;
        let Some(axe) = axe() else { return Ok(()) };
        if self.script("return typeof axe").await? == "undefined" {
            self.script(&axe).await?;
        }
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
              const box = el.getBoundingClientRect(), style = getComputedStyle(el);
              if (box.width < 2 || box.height < 2 || style.visibility === 'hidden') continue;
              if (el.closest('[data-offscreen], .visually-hidden, .skip')) continue;
              // What ends in an ellipsis on purpose is drawn as far as its box and no further.
              if (getComputedStyle(el.parentElement).textOverflow === 'ellipsis') continue;
              if (box.right > wide + 1 || box.left < -1) out.push(el.outerHTML.slice(0, 120));
              if (el.matches('button, a.button, label') && el.scrollWidth > el.clientWidth + 1 && style.overflow !== 'visible' && style.textOverflow !== 'ellipsis')
                out.push('text cut: ' + el.outerHTML.slice(0, 120));
              // Text that its own box hides, without the dots that say so.
              const text = [...el.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
              if (text && el.matches(':not(textarea, option)') && (hides(style.overflowX) && el.scrollWidth > el.clientWidth + 1 || hides(style.overflowY) && el.scrollHeight > el.clientHeight + 1) && style.textOverflow !== 'ellipsis')
                out.push('hidden text: ' + el.outerHTML.slice(0, 120));
              // What can be pressed can be scrolled to.
              if (el.matches('a, button, input, textarea, select, summary') && (box.bottom > innerHeight + 1 || box.top < -1) && !scrolls(el))
                out.push('out of reach: ' + el.outerHTML.slice(0, 120));
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
