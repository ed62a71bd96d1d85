//! What a person does at a page: goes somewhere, presses, types, says something.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use thirtyfour::{
    By, Key, TypingData,
    error::{WebDriverError, WebDriverErrorInner},
};
use tokio::time::sleep;

use super::Browser;
use crate::{node::TestNode, program::PATIENCE};

const MOMENT: Duration = Duration::from_millis(20);

impl Browser {
    /// Opens a path of a node's page, as typed into the address bar.
    ///
    /// # Errors
    /// The browser's.
    pub async fn visit(&self, node: &TestNode, path: &str) -> Result<()> {
        self.driver.goto(format!("http://{}{path}", node.ui())).await?;
        Ok(())
    }

    /// Waits until the page has this path and is loaded: before, keys find nobody who takes them.
    ///
    /// # Errors
    /// It never came; the error holds the page's text.
    pub async fn until_at(&self, path: &str) -> Result<()> {
        self.until(&format!("return location.pathname === {path:?} && document.readyState === 'complete'"))
            .await
            .map(drop)
    }

    /// Waits until the page shows these words somewhere.
    ///
    /// # Errors
    /// They never came; the error holds the page's text.
    pub async fn until_read(&self, words: &str) -> Result<()> {
        self.until(&format!("return document.body.innerText.includes({words:?})")).await.map(drop)
    }

    /// Waits until the open chat holds these words.
    ///
    /// # Errors
    /// They never came; the error holds the page's text.
    pub async fn until_said(&self, words: &str) -> Result<()> {
        self.until(&format!("return document.querySelector('#messages').innerText.includes({words:?})"))
            .await
            .map(drop)
    }

    /// Presses the button or link that can be seen and bears these words.
    ///
    /// # Errors
    /// There is none.
    pub async fn press(&self, words: &str) -> Result<()> {
        let find = format!(
            "[...document.querySelectorAll('button, a, summary, [role=button]')].find(el => el.checkVisibility() && !el.disabled && (el.innerText.trim().replace(/\\s+/g, ' ') === {words:?} || el.getAttribute('aria-label') === {words:?}))"
        );
        self.until(&format!("return {find} ? 1 : 0"))
            .await
            .with_context(|| format!("no button {words:?}"))?;
        self.script(&format!("{find}.click()")).await?;
        Ok(())
    }

    /// Empties a field and types into it.
    ///
    /// # Errors
    /// There is no such field.
    pub async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        self.until(&format!("return document.querySelector({selector:?}) ? 1 : 0")).await?;
        let field = self.driver.find(By::Css(selector)).await?;
        field.clear().await?;
        field.send_keys(text).await?;
        Ok(())
    }

    /// Presses a chord where the focus is: `Shift+Tab`, `Control+ArrowUp`, `r`.
    ///
    /// # Errors
    /// The browser's.
    pub async fn keys(&self, chord: &str) -> Result<()> {
        let keys = chord.split('+').map(key).collect::<Result<String>>()?;
        self.type_text(&keys).await
    }

    /// Types where the focus is.
    ///
    /// # Errors
    /// The browser's.
    pub async fn type_text(&self, text: &str) -> Result<()> {
        let began = Instant::now();
        loop {
            let focus = self.driver.active_element().await?;
            match focus.send_keys(text).await {
                // What has just been hidden has the focus for a moment yet; then nothing of the text was typed.
                Err(error) if passes(&error) && began.elapsed() < PATIENCE => sleep(MOMENT).await,
                sent => return Ok(sent?),
            }
        }
    }

    /// Ticks a box or chooses an option.
    ///
    /// # Errors
    /// There is no such field.
    pub async fn tick(&self, selector: &str) -> Result<()> {
        self.until(&format!("return document.querySelector({selector:?}) ? 1 : 0")).await?;
        self.script(&format!("document.querySelector({selector:?}).click()")).await?;
        Ok(())
    }

    /// Types into the composer and sends with Enter.
    ///
    /// # Errors
    /// The line does not appear.
    pub async fn write(&self, text: &str) -> Result<()> {
        let field = self.driver.find(By::Css("#composer")).await?;
        field.send_keys(TypingData::from(text) + Key::Enter).await?;
        self.until_said(text).await
    }

    /// Opens the chat or the request in the sidebar that bears this name, once it is there.
    ///
    /// # Errors
    /// It never came.
    pub async fn open_chat(&self, name: &str) -> Result<()> {
        let find =
            format!("[...document.querySelectorAll('.lists a')].find(a => a.innerText.includes({name:?}))");
        self.until(&format!("return {find} ? 1 : 0"))
            .await
            .with_context(|| format!("no chat with {name}"))?;
        self.script(&format!("{find}.click()")).await?;
        self.until(&format!(
            "return location.pathname.startsWith('/chats/') && document.querySelector('#title').innerText === {name:?}"
        ))
        .await
        .map(drop)
    }

    /// Opens the launch link of a node whose account is there and open: the list of chats.
    ///
    /// # Errors
    /// The link does not open it.
    pub async fn open_page(&self, node: &TestNode) -> Result<()> {
        self.driver.goto(&node.launch).await?;
        self.until_at("/chats").await
    }
}

/// The key of this name, as WebDriver names keys: a letter is itself.
fn key(name: &str) -> Result<char> {
    Ok(match name {
        "Control" => Key::Control.into(),
        "Shift" => Key::Shift.into(),
        "Alt" => Key::Alt.into(),
        "ArrowUp" => Key::Up.into(),
        "ArrowDown" => Key::Down.into(),
        "ArrowLeft" => Key::Left.into(),
        "ArrowRight" => Key::Right.into(),
        "Home" => Key::Home.into(),
        "End" => Key::End.into(),
        "PageUp" => Key::PageUp.into(),
        "PageDown" => Key::PageDown.into(),
        "Space" => Key::Space.into(),
        "Backspace" => Key::Backspace.into(),
        "Enter" => Key::Enter.into(),
        "Escape" => Key::Escape.into(),
        "Delete" => Key::Delete.into(),
        "Tab" => Key::Tab.into(),
        "F6" => Key::F6.into(),
        "F10" => Key::F10.into(),
        "Plus" => '+',
        letter => letter.parse().with_context(|| format!("no key {letter:?}"))?,
    })
}

fn passes(error: &WebDriverError) -> bool {
    matches!(
        error.as_inner(),
        WebDriverErrorInner::ElementNotInteractable(_) | WebDriverErrorInner::StaleElementReference(_)
    )
}
