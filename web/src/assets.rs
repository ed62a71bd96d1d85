//! The static files of the pages, inside the program, under a name that changes when one of them does.

use std::{
    hash::{DefaultHasher, Hasher},
    sync::LazyLock,
};

/// One static file.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    pub name: &'static str,
    pub content_type: &'static str,
    pub bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal: $type:ident),* $(,)?) => {
        &[$(Asset {
            name: $name,
            content_type: $type,
            bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/static/", $name)),
        }),*]
    };
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Every file; the names have no folders.
pub const FILES: &[Asset] = assets![
    "tokens.css": CSS,
    "base.css": CSS,
    "icon.svg": SVG,
    "card.css": CSS,
    "shell.css": CSS,
    "chat.css": CSS,
    "network.css": CSS,
    "search.css": CSS,
    "pages.css": CSS,
    "actions.js": JS,
    "app.js": JS,
    "composer.js": JS,
    "deeds.js": JS,
    "finder.js": JS,
    "form.js": JS,
    "frag.js": JS,
    "help.js": JS,
    "jump.js": JS,
    "keys.js": JS,
    "late.js": JS,
    "launch.js": JS,
    "list.js": JS,
    "net.js": JS,
    "network.js": JS,
    "notify.js": JS,
    "panel.js": JS,
    "people.js": JS,
    "read.js": JS,
    "refresh.js": JS,
    "roving.js": JS,
    "say.js": JS,
    "settings.js": JS,
    "setup.js": JS,
    "switcher.js": JS,
    "toast.js": JS,
    "undo.js": JS,
    "vanish.js": JS,
    "window.js": JS,
];

static BASE: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    for file in FILES {
        hasher.write(file.name.as_bytes());
        hasher.write(file.bytes);
    }
    format!("/a/{:016x}", hasher.finish())
});

/// The folder of the files in the address bar, `/a/<build>`: what lies under it never changes.
pub fn base() -> &'static str {
    &BASE
}

/// What `app.js` imports, and what that imports in turn: named in the page, they come all at once, not one after another
/// as each is read.
pub(crate) static MODULES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut found = vec!["app.js"];
    let mut at = 0;
    while let Some(file) = found.get(at).and_then(|name| find(name)) {
        let text = std::str::from_utf8(file.bytes).unwrap_or_default();
        for import in text.split(" from './").skip(1).filter_map(|rest| rest.split('\'').next()) {
            if !found.contains(&import) {
                found.push(import);
            }
        }
        at += 1;
    }
    found.split_off(1)
});

/// A file by its name.
pub fn find(name: &str) -> Option<&'static Asset> {
    FILES.iter().find(|file| file.name == name)
}
