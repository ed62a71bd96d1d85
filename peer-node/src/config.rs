//! What the program is told when it starts: one struct of flags, each with its name in the environment.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::{Args, Command, FromArgMatches};
use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};
use protocol::address::Address;

use crate::{link, vault::Cost};

/// Where a node keeps its data. Every command takes it, so that several people can live on one computer.
#[derive(Debug, Clone, Default, Args)]
pub struct DataDir {
    /// Folder with this person's data; the default is the place where this system keeps programs' data
    #[arg(long, env = "CONFAB_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl DataDir {
    /// The folder that was named, or the usual one of this system.
    ///
    /// # Errors
    /// When nothing was named and the system doesn't say where the home folder is.
    pub fn path(&self) -> Result<PathBuf, BadConfig> {
        if let Some(data) = &self.data {
            return Ok(data.clone());
        }
        let app = AppStrategyArgs {
            top_level_domain: "org".into(),
            author: "confab".into(),
            app_name: "confab".into(),
        };
        choose_app_strategy(app).map(|place| place.data_dir()).map_err(|_| BadConfig::NoHome)
    }
}

impl From<&Path> for DataDir {
    fn from(path: &Path) -> Self {
        Self { data: Some(path.to_owned()) }
    }
}

/// Everything that `run` reads.
#[derive(Debug, Clone, Args)]
pub struct Config {
    #[command(flatten)]
    pub data: DataDir,

    /// Address of the page and the REST API, for this computer only
    #[arg(long, env = "CONFAB_UI", value_name = "ADDR:PORT", default_value = "127.0.0.1:7402")]
    pub ui: SocketAddr,

    /// Names under which a browser may reach the page; needed when --ui is not a loopback address
    #[arg(long, env = "CONFAB_UI_HOST", value_name = "HOST:PORT", value_delimiter = ',')]
    pub ui_host: Vec<Address>,

    /// Address at which other people's nodes reach this one
    #[arg(long, env = "CONFAB_LISTEN", value_name = "ADDR:PORT", default_value = "0.0.0.0:7401")]
    pub listen: SocketAddr,

    /// Addresses that others are told to dial; the default is this computer's own
    #[arg(long, env = "CONFAB_ANNOUNCE", value_name = "HOST:PORT", value_delimiter = ',')]
    pub announce: Vec<Address>,

    /// The directory that is offered at the first start
    #[arg(long, env = "CONFAB_DIRECTORY", value_name = "URL")]
    pub directory: Option<String>,

    /// The only key that the directory may have, as its fingerprint
    #[arg(long, env = "CONFAB_DIRECTORY_PIN", value_name = "FINGERPRINT")]
    pub directory_pin: Option<String>,

    /// File that holds that fingerprint, as a directory writes it into a shared volume
    #[arg(long, env = "CONFAB_DIRECTORY_PIN_FILE", value_name = "FILE", conflicts_with = "directory_pin")]
    pub directory_pin_file: Option<PathBuf>,

    /// File with the certificate of the only authority that the directory may be signed by (PEM)
    #[arg(long, env = "CONFAB_DIRECTORY_CA", value_name = "FILE")]
    pub directory_ca: Option<PathBuf>,

    /// Folder of the marks by which an old copy of the data folder is known; the default is this system's own
    #[arg(long, env = "CONFAB_STATE", value_name = "DIR")]
    pub state: Option<PathBuf>,

    /// File with the passphrase, so that the node unlocks itself
    #[arg(long, env = "CONFAB_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,

    /// Print the link to the page, but open no browser
    #[arg(long, env = "CONFAB_NO_OPEN")]
    pub no_open: bool,

    /// How often a minute a passphrase may be tried
    #[arg(long, env = "CONFAB_LOGINS_PER_MINUTE", value_name = "N", default_value_t = 5)]
    pub logins_per_minute: u32,

    /// How many calls of the REST API a second are answered
    #[arg(long, env = "CONFAB_API_PER_SECOND", value_name = "N", default_value_t = 50)]
    pub api_per_second: u32,

    /// What opening the data folder costs; only tests name another
    #[arg(skip = Cost::STANDARD)]
    pub cost: Cost,

    /// Who may stand at the door for other nodes; tests share one address and name another
    #[arg(skip)]
    pub links: link::Limits,
}

/// A setting that cannot be used; the program ends with this sentence.
#[derive(Debug, thiserror::Error)]
pub enum BadConfig {
    #[error("--data is missing, and this system does not say where the home folder is")]
    NoHome,
    #[error(
        "--ui {0} can be reached from other computers; name the address that a browser on this one uses with \
         --ui-host, for example --ui-host 127.0.0.1:{port}", port = .0.port()
    )]
    OpenDoor(SocketAddr),
    #[error("--directory-pin-file {path} can't be read: {source}", path = .0.display(), source = .1)]
    PinFile(PathBuf, std::io::Error),
    #[error("--logins-per-minute and --api-per-second must be at least 1")]
    NoTries,
}

impl Config {
    /// The fingerprint that the directory must have, from the flag or from the file.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn pin(&self) -> Result<Option<String>, BadConfig> {
        let Some(file) = &self.directory_pin_file else { return Ok(self.directory_pin.clone()) };
        let text = std::fs::read_to_string(file).map_err(|error| BadConfig::PinFile(file.clone(), error))?;
        Ok(Some(text.trim().to_owned()))
    }

    /// What holds when nothing is set. Reads no environment: that belongs to the user's own node.
    pub fn defaults() -> Self {
        let command = Self::augment_args(Command::new("defaults")).mut_args(|arg| arg.env(None::<&str>));
        let matches = command.get_matches_from(["defaults"]);
        Self::from_arg_matches(&matches).expect("every setting has a default or may be missing")
    }

    /// # Errors
    /// The first setting that cannot be used.
    pub fn check(&self) -> Result<(), BadConfig> {
        if !self.ui.ip().is_loopback() && self.ui_host.is_empty() {
            return Err(BadConfig::OpenDoor(self.ui));
        }
        if self.logins_per_minute == 0 || self.api_per_second == 0 {
            return Err(BadConfig::NoTries);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        config: Config,
    }

    fn parse(flags: &[&str]) -> Config {
        Line::try_parse_from(["peer-node"].iter().chain(flags)).expect("these flags are good").config
    }

    #[test]
    fn a_page_that_other_computers_reach_needs_the_name_that_is_allowed() {
        assert!(parse(&[]).check().is_ok());
        assert!(parse(&["--ui", "[::1]:7402"]).check().is_ok());
        assert!(matches!(parse(&["--ui", "0.0.0.0:7402"]).check(), Err(BadConfig::OpenDoor(_))));
        assert!(parse(&["--ui", "0.0.0.0:7402", "--ui-host", "127.0.0.1:7402"]).check().is_ok());
    }

    #[test]
    fn a_bad_value_names_its_flag() {
        let refused = Line::try_parse_from(["peer-node", "--announce", "nowhere"]).expect_err("no port");
        let text = refused.to_string();
        assert!(text.contains("--announce") && text.contains("the port is missing"), "{text}");
    }
}
