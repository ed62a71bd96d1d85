//! A directory of the journey's own, as a process.

use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

use crate::program::Program;

/// A running directory over plain HTTP on loopback.
#[derive(Debug)]
pub struct TestDirectory {
    pub url: String,
    pub program: Program,
    data: TempDir,
}

impl TestDirectory {
    /// Starts one on a free port, with no proof of work and no limits that a journey could meet.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start() -> Result<Self> {
        let data = tempfile::tempdir()?;
        let (program, url) = run(data.path(), "127.0.0.1:0").await?;
        Ok(Self { url, program, data })
    }

    /// Starts it again on the same port with the same data, after [`Program::kill`] or [`Program::stop`].
    ///
    /// # Errors
    /// It does not start.
    pub async fn restart(&mut self) -> Result<()> {
        let listen = self.url.trim_start_matches("http://").to_owned();
        (self.program, _) = run(self.data.path(), &listen).await?;
        Ok(())
    }

    /// The folder with its database.
    pub fn data(&self) -> &Path {
        self.data.path()
    }
}

async fn run(data: &Path, listen: &str) -> Result<(Program, String)> {
    let env = [
        ("CONFAB_DIRECTORY_DATA", data.display().to_string()),
        ("CONFAB_DIRECTORY_LISTEN", listen.to_owned()),
        ("CONFAB_DIRECTORY_LOG", if cfg!(debug_assertions) { "trace" } else { "info" }.to_owned()),
        ("CONFAB_DIRECTORY_WORK_BITS", "0".to_owned()),
    ];
    // Journeys do in seconds, from one address, what people do in days.
    let limits = [
        "REQUESTS",
        "SIGN_INS",
        "SIGN_INS_LONG",
        "REGISTRATIONS",
        "LOOK_UPS",
        "LOOK_UPS_LONG",
        "LETTERS",
        "LETTERS_NEW",
    ];
    let limits: Vec<_> = limits.iter().map(|name| format!("CONFAB_DIRECTORY_{name}")).collect();
    let env: Vec<_> =
        env.into_iter().chain(limits.iter().map(|name| (name.as_str(), "off".to_owned()))).collect();
    let mut program = Program::start("directory", &[], &env)?;
    let url = program
        .line(|line| line.split_whitespace().find(|word| word.starts_with("http://127")).map(str::to_owned))
        .await?;
    Ok((program, url.trim_end_matches('/').to_owned()))
}
