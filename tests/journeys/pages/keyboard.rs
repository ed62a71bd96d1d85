//! Everything by keyboard: from the first run to signing out, no mouse. After each key the focus is on something that shows
//! it, never on nothing.

use anyhow::{Context, Result, ensure};
use journeys::{browser::Browser, directory::TestDirectory, node::TestNode};

/// What has the focus, if it does not show it; nothing, if all is well. Headings that were given the focus to be read out
/// show none, and the switcher's field leaves it to the chosen row.
const LOST: &str = "
    const el = document.activeElement;
    if (!el || el === document.body || el === document.documentElement) return 'nothing has the focus';
    const ring = x => { const style = x && getComputedStyle(x); return style && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2; };
    const chosen = document.getElementById(el.getAttribute('aria-activedescendant'))?.ariaSelected === 'true';
    const around = el.matches('input, textarea') && [el.nextElementSibling, el.closest('.box')].some(ring);
    if (ring(el) || around || chosen || el.matches('h1, h2, [role=group]')) return null;
    return 'no ring around ' + el.outerHTML.slice(0, 120);";

/// Hands that have no mouse.
struct Keyboard(Browser);

impl Keyboard {
    async fn holds(&self, after: &str) -> Result<()> {
        // A page that has just come gives the focus when its scripts run.
        let settled = self.0.until(&format!("return (() => {{ {LOST} }})() === null")).await;
        if settled.is_err() {
            let lost = self.0.script(LOST).await?;
            ensure!(lost.is_null(), "after {after}: {lost}");
        }
        Ok(())
    }

    /// Presses keys and looks where the focus is.
    async fn press(&self, chord: &str) -> Result<()> {
        self.0.keys(chord).await?;
        self.holds(chord).await
    }

    /// Types into what has the focus.
    async fn type_text(&self, text: &str) -> Result<()> {
        self.0.type_text(text).await?;
        self.holds(text).await
    }

    async fn is_on(&self, selector: &str) -> Result<bool> {
        let is = format!("return document.activeElement.matches({selector:?})");
        Ok(self.0.script(&is).await?.as_bool().unwrap_or_default())
    }

    /// Goes on with Tab until this has the focus; each step shows where it is.
    async fn go_to(&self, selector: &str) -> Result<()> {
        self.go(selector, "Tab").await
    }

    async fn go(&self, selector: &str, key: &str) -> Result<()> {
        self.0
            .until(&format!("return document.querySelector({selector:?})"))
            .await
            .with_context(|| format!("no {selector}"))?;
        for _ in 0..80 {
            if self.is_on(selector).await? {
                return Ok(());
            }
            self.press(key).await?;
        }
        anyhow::bail!("{key} never comes to {selector}")
    }

    /// Waits until this has the focus, without a key.
    async fn given(&self, selector: &str) -> Result<()> {
        self.0
            .until(&format!("return document.activeElement.matches({selector:?})"))
            .await
            .with_context(|| format!("{selector} has no focus"))?;
        self.holds(selector).await
    }

    /// From the launch link to the empty list.
    async fn sign_up(&self, node: &TestNode) -> Result<()> {
        self.0.driver.goto(&node.launch).await?;
        self.0.until_at("/setup/welcome").await?;
        self.given("[value=create]").await?;
        self.0.keys("Enter").await?;
        self.0.until_at("/setup/directory").await?;
        self.go_to("#url").await?;
        self.0.keys("Enter").await?;
        self.0.until("return document.querySelector('.good')").await?;
        self.given("[value=next]").await?;
        self.0.keys("Enter").await?;
        self.0.until_at("/setup/account").await?;
        self.given("#username").await?;
        self.type_text(&node.name).await?;
        self.go_to("#passphrase").await?;
        self.type_text("short").await?;
        self.0.keys("Enter").await?;
        // Refused: the first bad field has the focus, and what was typed stays.
        self.given("#passphrase[aria-invalid=true]").await?;
        self.type_text(&node.passphrase).await?;
        self.0.keys("Enter").await?;
        self.0.until_at("/setup/confirm").await?;
        self.given("[value=create]").await?;
        self.0.keys("Enter").await?;
        self.0.until_at("/setup/recovery").await?;
        self.go_to("[name=saved]").await?;
        self.press("Space").await?;
        self.go_to("[value=next]").await?;
        self.0.keys("Enter").await?;
        self.0.until_at("/setup/visibility").await?;
        self.go_to("[name=visibility]").await?;
        self.press("ArrowUp").await?;
        self.go_to("form button").await?;
        self.0.keys("Enter").await?;
        self.0.until_at("/chats").await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_done_without_a_mouse_and_the_focus_is_always_seen() -> Result<()> {
    let (Some(alices), Some(bobs)) = (Browser::start().await?, Browser::start().await?) else {
        return Ok(());
    };
    let directory = TestDirectory::start().await?;
    let alice = TestNode::fresh("alice", Some(&directory.url)).await?;
    let bob = TestNode::fresh("bob", Some(&directory.url)).await?;
    let (alices, bobs) = (Keyboard(alices), Keyboard(bobs));
    alices.sign_up(&alice).await?;
    bobs.sign_up(&bob).await?;

    meet(&alices, &bobs).await.context("asking and accepting")?;
    talk(&alices, &bobs).await.context("talking")?;
    find(&alices).await.context("searching")?;
    settings(&alices, &alice, &directory.url).await.context("settings")?;

    alices.go_to("[formaction='/sign-out']").await?;
    alices.0.keys("Enter").await?;
    alices.0.until("return !['/settings', '/chats'].includes(location.pathname)").await?;
    alices.holds("signing out").await?;
    alices.0.quit().await?;
    bobs.0.quit().await
}

/// Alice finds Bob and asks; Bob accepts.
async fn meet(alices: &Keyboard, bobs: &Keyboard) -> Result<()> {
    alices.go_to("main a[href='/people']").await?;
    alices.0.keys("Enter").await?;
    alices.0.until_at("/people").await?;
    alices.go_to("#q").await?;
    alices.type_text("bob").await?;
    alices
        .0
        .until("return document.querySelector('#found li')?.innerText.includes('bob') && location.search === '?q=bob'")
        .await?;
    alices.go_to(".ask summary").await?;
    alices.press("Enter").await?;
    alices.go_to(".ask textarea").await?;
    alices.type_text(" The kettle is on.").await?;
    alices.go_to(".ask form button").await?;
    alices.0.keys("Enter").await?;
    alices.0.until("return location.pathname.startsWith('/chats/')").await?;
    alices.given("#composer").await?;

    bobs.0.until("return document.querySelector('#request-list .row')").await?;
    bobs.go_to("#request-list .row").await?;
    bobs.0.keys("Enter").await?;
    bobs.0.until("return location.pathname.startsWith('/chats/')").await?;
    bobs.0.until_said("kettle").await?;
    bobs.go_to("[formaction$='/accept']").await?;
    bobs.0.keys("Enter").await?;
    bobs.0.until("return document.querySelector('#standing').dataset.compose === 'yes'").await?;
    bobs.holds("accepting").await
}

/// They write; one line gets a reaction, one is changed, one is answered, one is deleted.
async fn talk(alices: &Keyboard, bobs: &Keyboard) -> Result<()> {
    bobs.go_to("#composer").await?;
    bobs.type_text("On my way").await?;
    bobs.press("Enter").await?;
    alices.0.until_said("On my way").await?;
    alices.type_text("Milk or lemn?").await?;
    alices.press("Enter").await?;
    alices.0.until_said("Milk or lemn?").await?;
    bobs.0.until_said("Milk or lemn?").await?;

    alices.go("#messages article", "Shift+Tab").await?;
    alices.press("End").await?;
    alices.0.until("return document.activeElement.innerText.includes('lemn')").await?;
    alices.press("e").await?;
    alices.given("#composer").await?;
    alices.press("Backspace").await?;
    alices.press("Backspace").await?;
    alices.type_text("on?").await?;
    alices.press("Enter").await?;
    bobs.0.until_said("Milk or lemon?").await?;

    alices.go("#messages article", "Shift+Tab").await?;
    while !alices.is_on("article:has([id^=b-])").await?
        || alices.0.script("return !document.activeElement.innerText.includes('On my way')").await? == true
    {
        alices.press("ArrowUp").await?;
    }
    alices.press("Plus").await?;
    alices.given("#picker .emoji").await?;
    alices.press("ArrowRight").await?;
    alices.press("Enter").await?;
    alices.0.until("return document.querySelector('#messages .reactions button')").await?;
    alices.given("#messages article").await?;
    bobs.0.until("return document.querySelector('#messages .reactions button')").await?;
    alices.press("r").await?;
    alices.given("#composer").await?;
    alices.type_text("Take your time").await?;
    alices.press("Enter").await?;
    bobs.0
        .until("return document.querySelector('#messages .quote')?.innerText.includes('On my way')")
        .await?;

    alices.go("#messages article", "Shift+Tab").await?;
    alices.press("End").await?;
    alices.press("Shift+F10").await?;
    alices.given("#menu [role=menuitem]").await?;
    alices.press("ArrowUp").await?;
    alices.given("#menu [data-do=delete]").await?;
    alices.press("Enter").await?;
    alices.given("#delete button").await?;
    alices.go_to("#delete [value=everyone]").await?;
    alices.press("Enter").await?;
    bobs.0.until("return !document.body.innerText.includes('Take your time')").await?;
    alices.holds("deleting").await
}

/// To a hit and back to the field; to somebody else's chat by the switcher; the list of keys.
async fn find(alices: &Keyboard) -> Result<()> {
    alices.press("Control+f").await?;
    alices.given("#finder-words").await?;
    alices.type_text("kettle").await?;
    alices.0.until("return document.querySelector('#finder .hit')").await?;
    alices.press("ArrowDown").await?;
    alices.given("#finder .hit").await?;
    alices.press("Enter").await?;
    alices.given("#messages .flash article").await?;
    alices.press("Escape").await?;
    alices
        .0
        .until("return !document.querySelector('#finder').open || document.activeElement.id === 'composer'")
        .await?;
    alices.holds("leaving the search").await?;
    alices.press("Control+/").await?;
    alices.0.until("return document.querySelector('#help[open]')").await?;
    alices.press("Escape").await?;
    alices.0.until("return !document.querySelector('#help')").await?;
    alices.holds("leaving the help").await?;
    alices.press("Control+k").await?;
    alices.given("#switch-words").await?;
    alices.type_text("sett").await?;
    alices.0
        .until("return document.querySelector('#switch-list [aria-selected=true]')?.innerText.includes('Settings')")
        .await?;
    alices.0.keys("Enter").await?;
    alices.0.until_at("/settings").await
}

/// Each section in the order of the page, one change in each that has something to change.
async fn settings(alices: &Keyboard, alice: &TestNode, directory: &str) -> Result<()> {
    let saved = async |part: &str| {
        alices
            .0
            .until(&format!(
                "return document.querySelector('[data-saved={part}]').innerText.includes('Saved')"
            ))
            .await
            .with_context(|| part.to_owned())?;
        alices.holds(part).await
    };
    for (field, key, part) in [
        ("[name=visibility]", "ArrowDown", "visibility"),
        ("#receipts input", "Space", "receipts"),
        ("#typing input", "Space", "typing"),
        ("[name=show]", "ArrowDown", "notifications"),
        ("[name=sound]", "Space", "notifications"),
        ("[name=desktop]", "Space", "notifications"),
        ("#theme input", "ArrowRight", "theme"),
        ("#text-size input", "ArrowRight", "text-size"),
        ("#density input", "ArrowRight", "density"),
        ("#motion input", "ArrowRight", "motion"),
        ("#enter input", "ArrowRight", "enter"),
        ("#arrow-up input", "ArrowRight", "arrow-up"),
        ("#announce input", "ArrowRight", "announce"),
    ] {
        alices.go_to(field).await?;
        alices.press(key).await?;
        saved(part).await?;
    }
    alices.go_to("#shortcuts summary").await?;
    alices.press("Enter").await?;
    alices.0.until("return document.querySelector('#shortcuts').open").await?;
    alices.go_to("[href='/account/passphrase']").await?;
    alices.go_to("#url").await?;
    let same = alices.0.script("return document.querySelector('#url').value").await?;
    ensure!(same == directory, "{same}");
    alices.go_to("#directory-passphrase").await?;
    alices.type_text(&alice.passphrase).await?;
    alices.0.keys("Enter").await?;
    alices.0.until("return location.search === '?saved=directory'").await?;
    alices.given("#directory-title").await?;
    alices.go_to("#token-name").await?;
    alices.type_text("doorbell").await?;
    alices.0.keys("Enter").await?;
    alices.0.until("return document.querySelector('#new-token')").await?;
    alices.holds("making a token").await?;

    let kept = alice.api.get("settings").await?;
    ensure!(
        kept["visibility"] == "exact_name" && kept["receipts"] == false && kept["typing"] == false,
        "{kept}"
    );
    Ok(())
}
