//! What a system's keeper of programs is told, and with which commands.

use std::path::PathBuf;

use anyhow::Context;
use etcetera::{BaseStrategy, choose_base_strategy, home_dir};

use super::{launchd, systemd, task_scheduler};

/// What shall run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) program: String,
    pub(super) args: Vec<String>,
}

/// How one system keeps a program running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keeper {
    pub(super) file: PathBuf,
    pub(super) text: String,
    /// Of the file: Windows wants UTF-16.
    pub(super) wide: bool,
    pub(super) start: Vec<Vec<String>>,
    pub(super) stop: Vec<Vec<String>>,
    /// Once the file is gone.
    pub(super) after: Vec<Vec<String>>,
    /// Succeeds while it runs.
    pub(super) ask: Vec<String>,
    /// What else the person should know.
    pub(super) note: Option<&'static str>,
}

impl Keeper {
    pub(super) fn bytes(&self) -> Vec<u8> {
        if !self.wide {
            return self.text.clone().into_bytes();
        }
        let units = std::iter::once(0xfeff).chain(self.text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    }
}

/// The keeper of the system that this runs on.
pub(super) fn of_this_system(plan: &Plan) -> anyhow::Result<Keeper> {
    let nowhere = "This system does not say where the home folder is.";
    if cfg!(target_os = "macos") {
        return Ok(launchd::keeper(plan, &home_dir().context(nowhere)?));
    }
    let folders = choose_base_strategy().context(nowhere)?;
    Ok(if cfg!(windows) {
        task_scheduler::keeper(plan, &folders.data_dir())
    } else {
        systemd::keeper(plan, &folders.config_dir())
    })
}

/// A command line of words.
pub(super) fn words(line: &[&str]) -> Vec<String> {
    line.iter().map(|&word| word.to_owned()).collect()
}

/// Text in XML, attributes included.
pub(super) fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_files_are_utf_16_with_a_mark() {
        let plan = Plan { name: "confab".into(), program: "C:\\p.exe".into(), args: Vec::new() };
        let keeper = task_scheduler::keeper(&plan, &PathBuf::from("x"));
        assert_eq!(keeper.bytes()[..4], [0xff, 0xfe, b'<', 0]);
    }
}
