//! The icons: strokes on a grid of 24, drawn for these pages.

use std::fmt;

/// The inside of an `<svg>`; it is written into pages as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icon(&'static str);

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<svg class="i" viewBox="0 0 24 24" aria-hidden="true">{}</svg>"#, self.0)
    }
}

// Only constants of this file are icons, so nothing from outside gets past the escaping.
impl askama::filters::HtmlSafe for Icon {}

macro_rules! icons {
    ($($name:ident = $inside:literal;)*) => {
        $(pub(crate) const $name: Icon = Icon($inside);)*
        /// All of them, for the picture of the set.
        pub const ALL: &[(&str, Icon)] = &[$((stringify!($name), $name)),*];
    };
}

icons! {
    ARROW_DOWN = r#"<path d="M12 5v14m-6-6 6 6 6-6"/>"#;
    ARROW_UP = r#"<path d="M12 19V5m-6 6 6-6 6 6"/>"#;
    ARROW_RIGHT = r#"<path d="M4 12h15m-6-6 6 6-6 6"/>"#;
    BACK = r#"<path d="m15 5-7 7 7 7"/>"#;
    BIN = r#"<path d="M5 7h14M10 7V4.5h4V7m-7.5 0 1 13h9l1-13M10.5 11v5m3-5v5"/>"#;
    BLOCK = r#"<circle cx="12" cy="12" r="8.5"/><path d="m6 6 12 12"/>"#;
    BOOKMARK = r#"<path d="M7 4h10v16l-5-4-5 4z"/>"#;
    CHECK = r#"<path d="m5 12.5 4.5 4.5L19 7.5"/>"#;
    CHECKS = r#"<path d="m2.5 12.5 4.5 4.5 9-9.5m-3.5 8 1.5 1.5 8-9"/>"#;
    CLOCK = r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>"#;
    CODE = r#"<path d="m8 7-5 5 5 5m8-10 5 5-5 5M14 4l-4 16"/>"#;
    COPY = r#"<rect x="8.5" y="8.5" width="12" height="12" rx="2.5"/><path d="M15.5 8.5V6A2.5 2.5 0 0 0 13 3.5H6A2.5 2.5 0 0 0 3.5 6v7A2.5 2.5 0 0 0 6 15.5h2.5"/>"#;
    CHAT = r#"<path d="M20.5 11.5a7.5 7.5 0 0 1-11 6.6L4 19.5l1.5-4.8a7.5 7.5 0 1 1 15-3.2z"/>"#;
    CLOSE = r#"<path d="m6 6 12 12M18 6 6 18"/>"#;
    DOWNLOAD = r#"<path d="M12 4v11m-5-5 5 5 5-5M5 20h14"/>"#;
    EYE = r#"<path d="M2.5 12s3.5-6.5 9.5-6.5 9.5 6.5 9.5 6.5-3.5 6.5-9.5 6.5S2.5 12 2.5 12z"/><circle cx="12" cy="12" r="2.8"/>"#;
    GEAR = r#"<path d="M4 7h9m6 0h1M4 17h2m6 0h8"/><circle cx="16" cy="7" r="2.5"/><circle cx="9" cy="17" r="2.5"/>"#;
    INFO = r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5m0-8.3v.1"/>"#;
    KEY = r#"<circle cx="8" cy="15.5" r="4"/><path d="m11 12.5 8.5-8.5M16 7.5l2.5 2.5"/>"#;
    LINK = r#"<path d="M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7L12 6.3m2 3.7a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7l1.1-1.1"/>"#;
    LOCK = r#"<rect x="5" y="10.5" width="14" height="10" rx="2.5"/><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5"/>"#;
    MORE = r#"<circle cx="6" cy="12" r=".8"/><circle cx="12" cy="12" r=".8"/><circle cx="18" cy="12" r=".8"/>"#;
    MUTED = r#"<path d="m4 4 16 16M9.5 5A5 5 0 0 1 17 9.5V14m1 3H5l2-3V9.5m3 10.5a2 2 0 0 0 4 0"/>"#;
    PEN = r#"<path d="m4.5 19.5.8-4L16 4.8a1.9 1.9 0 0 1 2.7 0l.5.5a1.9 1.9 0 0 1 0 2.7L8.5 18.7zM14 7l3 3"/>"#;
    PEOPLE = r#"<circle cx="9" cy="8.5" r="3.5"/><path d="M2.5 19.5c0-3.5 2.8-5.5 6.5-5.5s6.5 2 6.5 5.5M15.5 5.3a3.5 3.5 0 0 1 0 6.4m2.5 3c2.2.8 3.5 2.5 3.5 4.8"/>"#;
    PRINT = r#"<path d="M7 9V3.5h10V9M7 17.5H4.5v-6A2.5 2.5 0 0 1 7 9h10a2.5 2.5 0 0 1 2.5 2.5v6H17M7 14.5h10v6H7z"/>"#;
    REPLY = r#"<path d="M9.5 6 4 11.5 9.5 17M4 11.5h9a7 7 0 0 1 7 7"/>"#;
    SEARCH = r#"<circle cx="10.5" cy="10.5" r="6.5"/><path d="m20 20-4.8-4.8"/>"#;
    SEND = r#"<path d="M4 11.5 20 4l-5.5 16-3-6.5zm7.5 2L20 4"/>"#;
    SHIELD = r#"<path d="m12 3 7.5 3v5.5c0 4.5-3 7.8-7.5 9.5-4.5-1.7-7.5-5-7.5-9.5V6z"/>"#;
    WARNING = r#"<path d="M12 4 2.8 20h18.4zm0 6v4.5m0 2.7v.1"/>"#;
    SMILE = r#"<circle cx="12" cy="12" r="8.5"/><path d="M8.5 14a4 4 0 0 0 7 0M9 9.5v.1m6-.1v.1"/>"#;
    TIMER = r#"<circle cx="12" cy="13.5" r="7.5"/><path d="M12 13.5V9.5M9.5 2.5h5M18 6l1.5 1.5"/>"#;
    UNLINK = r#"<path d="m4 4 16 16M9 5.5A9 9 0 0 1 21 9M3 9a9 9 0 0 1 2.8-1.9M6.5 13a5.5 5.5 0 0 1 4-2m3.5.4a5.5 5.5 0 0 1 3.5 1.6M12 18.5v.1"/>"#;
    WAVES = r#"<path d="M3 9a13 13 0 0 1 18 0M6.5 13a8 8 0 0 1 11 0M12 18.5v.1"/>"#;
}
