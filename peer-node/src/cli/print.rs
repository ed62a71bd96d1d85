//! How commands print: columns that line up, times of this place, JSON for programs.

use std::io::{self, Write};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

/// A line on the standard output.
///
/// # Errors
/// The reader went away (`| head`); the program then ends without a word.
pub(super) fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// One value, indented, for `--json`.
pub(super) fn json(value: &Value) -> io::Result<()> {
    line(&serde_json::to_string_pretty(value).expect("a JSON value always makes text"))
}

/// Rows under a head, in columns as wide as they need to be.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&head).chain(rows) {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text.pop();
    text
}

/// `2026-11-21 06:34` at this place, of a time of the API.
pub(super) fn when(time: &Value) -> String {
    let Some(at) = time.as_str().and_then(|text| text.parse::<Timestamp>().ok()) else {
        return String::new();
    };
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// What somebody else wrote, safe to show in a terminal: control characters could move the cursor or change colours.
pub(super) fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_end_where_their_text_ends() {
        let rows = [vec!["bob".to_owned(), "yes".to_owned()], vec!["caroline".to_owned(), String::new()]];
        assert_eq!(table(&["name", "here"], &rows), "name      here\nbob       yes\ncaroline");
    }

    #[test]
    fn a_message_cannot_steer_the_terminal() {
        assert_eq!(tame("red \x1b[31m\u{9b}2J\rline\nnext"), "red \u{fffd}[31m\u{fffd}2J\u{fffd}line\nnext");
    }
}
