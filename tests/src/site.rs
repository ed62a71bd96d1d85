//! A site of invented pages: what `web` has of every page and state, served to a browser together with what the scripts
//! of those pages ask for; and the states that only scripts make of them.

mod serve;

use anyhow::{Context, Result};

use crate::browser::Browser;

/// Samples, open in a browser by their names.
#[derive(Debug)]
pub struct Site {
    /// `http://127.0.0.1:port`, whose pages have a live line.
    lively: String,
    /// The same pages, whose live line never comes up.
    silent: String,
    scenes: Vec<Scene>,
}

/// A page in a state, and how it comes to it.
#[derive(Debug, Clone, Copy)]
pub struct Scene {
    /// `chat_load_error`
    pub name: &'static str,
    steps: &'static [Step],
    /// A script that answers something when the page is in its state.
    ready: &'static str,
}

/// What a person does on the page.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The app on the computer is not there: a page without its live line.
    Lost,
    Focus(&'static str),
    Keys(&'static str),
    Fill(&'static str, &'static str),
}

use Step::{Fill, Focus, Keys, Lost};

const LAST: &str = "#messages > .m:last-child article";

const fn scene(name: &'static str, steps: &'static [Step], ready: &'static str) -> Scene {
    Scene { name, steps, ready }
}

/// States that scripts make of a page. The sample is the longest one whose name theirs begins with.
const MADE: [Scene; 19] = [
    scene(
        "chat_loading",
        &[],
        "(document.querySelector('#scroll').scrollTop = 0, document.querySelector('#edge[aria-busy=true]'))",
    ),
    scene(
        "chat_load_error",
        &[],
        "(document.querySelector('#scroll').scrollTop = 0, document.querySelector('#edge button'))",
    ),
    scene("chat_lost", &[Lost], "!document.querySelector('#banner-page').hidden"),
    scene("chats_lost", &[Lost], "!document.querySelector('#banner-page').hidden"),
    scene("settings_lost", &[Lost], "!document.querySelector('#banner-page').hidden"),
    scene(
        "chat_find",
        &[Keys("Control+f"), Fill("#finder-words", "library")],
        "document.querySelector('#finder .hit')",
    ),
    scene(
        "chat_find_nothing",
        &[Keys("Control+f"), Fill("#finder-words", "violets")],
        "document.querySelector('#finder [data-count]').textContent.includes('violets')",
    ),
    scene("chats_find", &[Keys("Control+Shift+f")], "document.querySelector('#finder[open]')"),
    scene("chat_switcher", &[Keys("Control+k")], "document.querySelector('#switcher[open] [role=option]')"),
    scene(
        "chats_switcher",
        &[Keys("Control+k"), Fill("#switch-words", "mir")],
        "document.querySelector('#switch-count').textContent",
    ),
    scene("chat_help", &[Keys("Control+/")], "document.querySelector('#help[open]')"),
    scene("chat_tools", &[Focus(LAST)], "document.querySelector('.tools [data-do]')"),
    scene("chat_menu", &[Focus(LAST), Keys("Shift+F10")], "document.querySelector('#menu:popover-open')"),
    scene(
        "chat_react",
        &[Focus(LAST), Keys("Plus")],
        "document.querySelector('#picker[open] .found button')",
    ),
    scene("chat_delete", &[Focus(LAST), Keys("Delete")], "document.querySelector('#delete[open]')"),
    scene("chat_answer", &[Focus(LAST), Keys("r")], "!document.querySelector('#about').hidden"),
    scene("chat_edit", &[Focus(LAST), Keys("e")], "!document.querySelector('#about').hidden"),
    scene("chat_info", &[Focus(LAST), Keys("i")], "document.querySelector('#info[open] .facts')"),
    scene(
        "chat_refused",
        &[Fill("#composer", "This one is refused"), Keys("Enter")],
        "document.querySelector('#composer-error')",
    ),
];

impl Site {
    /// Serves every sample and every state.
    ///
    /// # Errors
    /// No free port.
    pub async fn start() -> Result<Self> {
        let samples: Vec<_> = web::samples::all().into_iter().chain(web::samples::strained()).collect();
        let mut scenes: Vec<_> =
            samples.iter().map(|(name, _)| scene(name, &[], "document.readyState === 'complete'")).collect();
        let mut pages: Vec<(&'static str, String)> = Vec::new();
        for made in MADE {
            let of = samples.iter().filter(|(name, _)| made.name.starts_with(name));
            let (_, html) = of.max_by_key(|(name, _)| name.len()).context(made.name)?;
            pages.push((made.name, html.clone()));
        }
        pages.extend(samples);
        scenes.extend(MADE);
        scenes.sort_by_key(|scene| scene.name);
        Ok(Self {
            lively: serve::start(&pages, true).await?,
            silent: serve::start(&pages, false).await?,
            scenes,
        })
    }

    /// Every state of every page.
    pub fn scenes(&self) -> &[Scene] {
        &self.scenes
    }

    /// The state of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn scene(&self, name: &str) -> Result<Scene> {
        self.scenes
            .iter()
            .copied()
            .find(|scene| scene.name == name)
            .with_context(|| format!("no state {name}"))
    }

    /// Opens a page and brings it into its state.
    ///
    /// # Errors
    /// It does not come to it.
    pub async fn show(&self, browser: &Browser, scene: Scene) -> Result<()> {
        let lost = scene.steps.iter().any(|step| matches!(step, Lost));
        let from = if lost { &self.silent } else { &self.lively };
        browser.driver.goto(format!("{from}/{}.html", scene.name)).await?;
        for step in scene.steps {
            match step {
                Lost => {}
                Focus(what) => {
                    browser.script(&format!("document.querySelector({what:?}).focus()")).await?;
                }
                Keys(keys) => browser.keys(keys).await?,
                Fill(field, text) => browser.fill(field, text).await?,
            }
        }
        browser.until(&format!("return {}", scene.ready)).await.with_context(|| scene.name).map(drop)
    }
}
