//! `decode`: what stands in an encoded message, event or profile, in words. It shows no secret and no content.

use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
};

use anyhow::{Context, bail};
use clap::Args;
use data_encoding::HEXLOWER_PERMISSIVE;
use protocol::frame;
use serde_json::json;

use super::print;

/// Nothing that nodes send each other is longer.
const MOST: u64 = 4 << 20;

#[derive(Debug, Args)]
pub struct Decode {
    /// The file, binary or hexadecimal; the standard input, if left out
    file: Option<PathBuf>,

    /// Print the lines as JSON
    #[arg(long)]
    json: bool,
}

impl Decode {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        match &self.file {
            Some(path) => fs::File::open(path)
                .and_then(|file| file.take(MOST).read_to_end(&mut bytes))
                .with_context(|| format!("{} can't be read", path.display()))?,
            None => {
                io::stdin().take(MOST).read_to_end(&mut bytes).context("The standard input can't be read")?
            }
        };
        let bytes = unhex(bytes);
        if bytes.is_empty() {
            bail!("There is nothing to decode.");
        }
        let said = frame::describe(&bytes);
        if let Some(why) = said.strip_prefix("not a message: ") {
            bail!("This is no message, event or profile of Confab: {}.", why.trim_end());
        }
        if self.json {
            print::json(&json!({ "bytes": bytes.len(), "lines": said.lines().collect::<Vec<_>>() }))?;
        } else {
            print::line(said.trim_end())?;
        }
        Ok(())
    }
}

/// Hexadecimal text as the bytes it stands for; everything else as it is.
fn unhex(bytes: Vec<u8>) -> Vec<u8> {
    let digits: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if digits.is_empty() {
        return digits;
    }
    HEXLOWER_PERMISSIVE.decode(&digits).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_text_and_plain_bytes_are_told_apart() {
        assert_eq!(unhex(b"0aFF\n 10 \n".to_vec()), [0x0a, 0xff, 0x10]);
        assert_eq!(unhex(vec![0x82, 0x01, 0x20]), [0x82, 0x01, 0x20]);
        assert_eq!(unhex(b" \n".to_vec()), b"");
    }
}
