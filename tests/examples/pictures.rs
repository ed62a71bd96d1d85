//! Takes a picture of every screen, with invented people, in real Chromium: `cargo pictures [FOLDER]`.

use std::{fmt::Write as _, fs, path::PathBuf};

use anyhow::{Context, Result};
use journeys::{
    browser::{Browser, Scheme, Window},
    site::Site,
};

/// A heading, and the states below it: once at a desk, by day.
const SCREENS: [(&str, &[&str]); 10] = [
    (
        "First run",
        &[
            "setup_welcome",
            "setup_directory_found",
            "setup_directory_silent",
            "setup_account",
            "setup_account_wrong",
            "setup_confirm",
            "setup_recovery",
            "setup_visibility",
            "setup_reset",
            "setup_restore",
        ],
    ),
    ("Unlocking", &["unlock", "unlock_wrong", "unlock_recovery", "launch_no_session"]),
    ("Chats", &["chats_empty", "chats", "chats_offline", "chats_switcher", "chats_full"]),
    (
        "A chat",
        &[
            "chat",
            "chat_kinds",
            "chat_unread",
            "chat_empty",
            "chat_offline",
            "chat_lost",
            "chat_load_error",
            "chat_right_to_left",
        ],
    ),
    (
        "What can be done in a chat",
        &[
            "chat_find",
            "chat_details",
            "chat_info",
            "chat_menu",
            "chat_react",
            "chat_answer",
            "chat_edit",
            "chat_delete",
            "chat_help",
            "message_edited",
            "clear",
        ],
    ),
    (
        "Between asking and talking",
        &[
            "chat_asked",
            "chat_request",
            "chat_declined_me",
            "chat_blocked",
            "chat_keys_changed",
            "chat_moved",
        ],
    ),
    ("People", &["people", "people_nobody", "people_limited", "connect", "connect_answer", "connect_silent"]),
    ("Search", &["search_hits", "search_nothing", "switch_hits"]),
    ("Network", &["network", "network_offline", "doctor_away", "doctor_reached"]),
    (
        "Settings and account",
        &[
            "settings",
            "account_passphrase",
            "account_backup_ready",
            "account_sign_out",
            "account_delete",
            "reference",
            "trouble",
        ],
    ),
];

/// The same on a phone, and by night.
const NARROW: [&str; 9] = [
    "chats",
    "chat",
    "chat_request",
    "chat_details",
    "people",
    "search_hits",
    "network",
    "setup_account",
    "unlock",
];
const DARK: [&str; 7] = ["chats", "chat", "chat_find", "people", "network", "settings", "setup_account"];

#[tokio::main]
async fn main() -> Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = std::env::args().nth(1).map_or_else(|| root.join("docs/pictures"), PathBuf::from);
    let browser = Browser::start().await?.context("Chromium is needed for pictures")?;
    let site = Site::start().await?;
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(&folder)? {
        let file = entry?.path();
        if file.extension().is_some_and(|end| end == "webp") {
            fs::remove_file(file)?;
        }
    }
    let mut index = "# Every screen\n\nWith invented people, in real Chromium: `cargo pictures` takes all of them anew.\n".to_owned();
    for (heading, names) in SCREENS {
        write!(index, "\n## {heading}\n")?;
        for name in names {
            let mut looks = vec![(1280, Scheme::Light)];
            looks.extend(NARROW.contains(name).then_some((375, Scheme::Light)));
            looks.extend(DARK.contains(name).then_some((1280, Scheme::Dark)));
            for (width, scheme) in looks {
                let look = if scheme == Scheme::Dark { "dark" } else { "light" };
                let file = format!("{}-{width}-{look}.webp", name.replace('_', "-"));
                // A page that is read from the top to the foot is shown whole.
                let height = match (width, *name) {
                    (1280, "settings") => 2700,
                    (1280, _) => 800,
                    _ => 740,
                };
                browser.show_in(Window::plain("", width, height), scheme).await?;
                site.show(&browser, site.scene(name)?).await?;
                browser.show_in(Window::plain("", width, height), scheme).await?;
                browser.picture(&folder.join(&file)).await?;
                let words = format!("{}, {width} px, {look}", name.replace('_', " "));
                write!(index, "\n![{words}]({file})\n")?;
            }
        }
    }
    fs::write(folder.join("README.md"), index)?;
    println!("{}", folder.display());
    browser.quit().await
}
