//! Opens the page in the user's browser.

use std::{
    io,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use crate::service::private;

/// The file with the link lives as long as the link.
const LIFE: Duration = Duration::from_secs(60);

/// Hands a launch link to the browser. Other users of this computer see the arguments of every program, so the link
/// travels in a file that only its owner can read. Where there is no browser nothing happens; the link is printed
/// anyway.
pub fn open_browser(link: &str) {
    match hand_over(link) {
        Ok(Some(file)) => {
            std::thread::spawn(move || {
                std::thread::sleep(LIFE);
                let _ = std::fs::remove_file(file);
            });
        }
        Ok(None) => {}
        Err(error) => tracing::debug!(%error, "no browser could be opened"),
    }
}

fn hand_over(link: &str) -> io::Result<Option<PathBuf>> {
    let Some(mut opener) = opener() else { return Ok(None) };
    let dir = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let file =
        dir.join(format!("confab-{}.html", data_encoding::HEXLOWER.encode(&rand::random::<[u8; 8]>())));
    let page =
        format!("<!doctype html><title>Confab</title><meta http-equiv=\"refresh\" content=\"0;url={link}\">");
    private::write(&file, page.as_bytes())?;
    opener.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    Ok(Some(file))
}

fn opener() -> Option<Command> {
    if cfg!(target_os = "macos") {
        return Some(Command::new("open"));
    }
    if cfg!(target_os = "windows") {
        let mut start = Command::new("cmd");
        start.args(["/C", "start", ""]);
        return Some(start);
    }
    let has_screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    has_screen.then(|| Command::new("xdg-open"))
}
