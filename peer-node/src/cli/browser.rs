//! Opens the page in the user's browser.

use std::{
    io,
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::service::private;

/// A link on its way to the browser; what carries it is removed when this is dropped.
#[derive(Debug)]
pub struct Opening(PathBuf);

impl Drop for Opening {
    fn drop(&mut self) {
        // One that stays holds a link that opens nothing any more.
        drop(std::fs::remove_file(&self.0));
    }
}

/// Hands a launch link to the browser. Other users of this computer see the arguments of every program, so the link
/// travels in a file that only its owner can read. `None` where there is no screen, or nothing that opens links:
/// whoever calls prints the link.
pub fn open_browser(link: &str) -> Option<Opening> {
    hand_over(link).unwrap_or_else(|error| {
        tracing::debug!(%error, "no browser could be opened");
        None
    })
}

fn hand_over(link: &str) -> io::Result<Option<Opening>> {
    let Some(mut opener) = opener() else { return Ok(None) };
    let dir = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let file =
        dir.join(format!("confab-{}.html", data_encoding::HEXLOWER.encode(&rand::random::<[u8; 8]>())));
    let page =
        format!("<!doctype html><title>Confab</title><meta http-equiv=\"refresh\" content=\"0;url={link}\">");
    private::write(&file, page.as_bytes())?;
    let opening = Opening(file);
    let quiet = opener.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.arg(&opening.0).spawn()?;
    // It may live as long as the browser. Somebody has to wait for it, or it stays as a zombie.
    std::thread::spawn(move || child.wait());
    Ok(Some(opening))
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
