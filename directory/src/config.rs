//! Settings: by flag or environment, each with a default; read once at the start.

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;

use crate::{limits::Rate, passwords::Price};

/// Everything that can be set.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// The folder of the database and the keys
    #[arg(long, env = "CONFAB_DIRECTORY_DATA", value_name = "FOLDER", default_value = "confab-directory")]
    pub data: PathBuf,

    /// Where to listen; anything but this machine's own address needs TLS
    #[arg(long, env = "CONFAB_DIRECTORY_LISTEN", value_name = "IP:PORT", default_value = "127.0.0.1:7400")]
    pub listen: SocketAddr,

    /// The certificate chain (PEM); without one a certificate is made, and its fingerprint can be pinned
    #[arg(long, env = "CONFAB_DIRECTORY_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The certificate's private key (PEM)
    #[arg(long, env = "CONFAB_DIRECTORY_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// TLS with a certificate of our own on this machine's own address too, where plain HTTP is the default
    #[arg(long, env = "CONFAB_DIRECTORY_TLS")]
    pub tls: bool,

    /// Write the fingerprint of the certificate into this file at every start, for nodes that share a volume with us
    #[arg(long, env = "CONFAB_DIRECTORY_FINGERPRINT_FILE", value_name = "FILE")]
    pub fingerprint_file: Option<PathBuf>,

    /// A PostgreSQL database in place of the file in the data folder
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<Secret>,

    /// A proxy on this machine ends TLS and sets X-Forwarded-For: count its last address against the limits
    #[arg(long, env = "CONFAB_DIRECTORY_BEHIND_PROXY")]
    pub behind_proxy: bool,

    #[command(flatten)]
    pub hashing: Hashing,

    #[command(flatten)]
    pub limits: Limits,
}

/// What a password costs.
#[derive(Debug, Clone, Args)]
pub struct Hashing {
    /// Memory of a password hash (argon2id) in KiB
    #[arg(long, env = "CONFAB_DIRECTORY_HASH_MEMORY_KIB", value_name = "KIB", default_value_t = 19_456,
        value_parser = clap::value_parser!(u32).range(8..=4_194_304))]
    pub hash_memory_kib: u32,

    /// Passes of a password hash
    #[arg(long, env = "CONFAB_DIRECTORY_HASH_PASSES", value_name = "N", default_value_t = 2,
        value_parser = clap::value_parser!(u32).range(1..=100))]
    pub hash_passes: u32,

    /// Sign-ins that may wait for a core; more are told to come back
    #[arg(long, env = "CONFAB_DIRECTORY_HASH_QUEUE", value_name = "N", default_value_t = 32)]
    pub hash_queue: usize,
}

impl Hashing {
    pub(crate) fn price(&self) -> Price {
        Price { memory_kib: self.hash_memory_kib, passes: self.hash_passes }
    }
}

/// Every limit, with its default. Rates are written like `5/min`, `30/h`, `300/d`, `off`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Requests of all kinds, for each address
    #[arg(long, env = "CONFAB_DIRECTORY_REQUESTS", value_name = "RATE", default_value_t = Rate::per_minute(600))]
    pub requests: Rate,

    /// Sign-ins for each address
    #[arg(long, env = "CONFAB_DIRECTORY_SIGN_INS", value_name = "RATE", default_value_t = Rate::per_minute(5))]
    pub sign_ins: Rate,

    /// Sign-ins for each address over a longer time
    #[arg(long, env = "CONFAB_DIRECTORY_SIGN_INS_LONG", value_name = "RATE", default_value_t = Rate::per_hour(30))]
    pub sign_ins_long: Rate,

    /// Failed sign-ins for each name, from addresses that never signed in to it
    #[arg(long, env = "CONFAB_DIRECTORY_FAILURES_PER_NAME", value_name = "RATE", default_value_t = Rate::per_hour(10))]
    pub failures_per_name: Rate,

    /// Failed sign-ins in all, from such addresses
    #[arg(long, env = "CONFAB_DIRECTORY_FAILURES", value_name = "RATE", default_value_t = Rate::per_minute(100))]
    pub failures: Rate,

    /// Registrations, and questions whether a name is free, for each address
    #[arg(long, env = "CONFAB_DIRECTORY_REGISTRATIONS", value_name = "RATE", default_value_t = Rate::per_hour(10))]
    pub registrations: Rate,

    /// The proof of work of a registration: zero bits wanted, each doubles the work; 0 asks for none
    #[arg(long, env = "CONFAB_DIRECTORY_WORK_BITS", value_name = "N", default_value_t = 6,
        value_parser = clap::value_parser!(u32).range(0..=16))]
    pub work_bits: u32,

    /// Memory of one try of that work in KiB
    #[arg(long, env = "CONFAB_DIRECTORY_WORK_MEMORY_KIB", value_name = "KIB", default_value_t = 16_384,
        value_parser = clap::value_parser!(u32).range(8..=65_536))]
    pub work_memory_kib: u32,

    /// Look-ups for each account
    #[arg(long, env = "CONFAB_DIRECTORY_LOOK_UPS", value_name = "RATE", default_value_t = Rate::per_hour(30))]
    pub look_ups: Rate,

    /// Look-ups for each account over a longer time
    #[arg(long, env = "CONFAB_DIRECTORY_LOOK_UPS_LONG", value_name = "RATE", default_value_t = Rate::per_day(300))]
    pub look_ups_long: Rate,

    /// Readings of the open list for each account
    #[arg(long, env = "CONFAB_DIRECTORY_LISTINGS", value_name = "RATE", default_value_t = Rate::per_minute(60))]
    pub listings: Rate,

    /// Changes (keys, visibility, blocks) for each account
    #[arg(long, env = "CONFAB_DIRECTORY_CHANGES", value_name = "RATE", default_value_t = Rate::per_minute(60))]
    pub changes: Rate,

    /// Letters for each account
    #[arg(long, env = "CONFAB_DIRECTORY_LETTERS", value_name = "RATE", default_value_t = Rate::per_hour(60))]
    pub letters: Rate,

    /// Letters for each account in its first week
    #[arg(long, env = "CONFAB_DIRECTORY_LETTERS_NEW", value_name = "RATE", default_value_t = Rate::per_day(5))]
    pub letters_new: Rate,

    /// Letters that wait for one recipient
    #[arg(long, env = "CONFAB_DIRECTORY_LETTERS_WAITING", value_name = "N", default_value_t = 10)]
    pub letters_waiting: u64,

    /// Days that a letter waits
    #[arg(long, env = "CONFAB_DIRECTORY_LETTER_DAYS", value_name = "DAYS", default_value_t = 14)]
    pub letter_days: u64,

    /// Presence sockets for each account; the oldest makes room
    #[arg(long, env = "CONFAB_DIRECTORY_SOCKETS", value_name = "N", default_value_t = 4,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub sockets: u32,

    /// Connections in all
    #[arg(long, env = "CONFAB_DIRECTORY_CONNECTIONS", value_name = "N", default_value_t = 20_000)]
    pub connections: usize,

    /// A node that says nothing for so many milliseconds is gone
    #[arg(long, env = "CONFAB_DIRECTORY_LEASE_MS", value_name = "MS",
        default_value_t = protocol::directory::LEASE_MS)]
    pub lease_ms: u64,

    /// A node whose connection broke without a good-bye has so many milliseconds to come back unseen
    #[arg(long, env = "CONFAB_DIRECTORY_GRACE_MS", value_name = "MS", default_value_t = 5_000)]
    pub grace_ms: u64,
}

impl Limits {
    pub(crate) fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }

    pub(crate) fn grace(&self) -> Duration {
        Duration::from_millis(self.grace_ms)
    }

    pub(crate) fn letters_wait_ms(&self) -> u64 {
        self.letter_days.saturating_mul(24 * 3600 * 1000)
    }

    /// No rates and no proof of work: for the demo and for tests of other things.
    pub fn lifted() -> Self {
        Self {
            requests: Rate::OFF,
            sign_ins: Rate::OFF,
            sign_ins_long: Rate::OFF,
            failures_per_name: Rate::OFF,
            failures: Rate::OFF,
            registrations: Rate::OFF,
            work_bits: 0,
            look_ups: Rate::OFF,
            look_ups_long: Rate::OFF,
            listings: Rate::OFF,
            changes: Rate::OFF,
            letters: Rate::OFF,
            letters_new: Rate::OFF,
            ..Config::defaults().limits
        }
    }
}

impl Config {
    /// What holds when nothing is set. Reads no environment.
    pub fn defaults() -> Self {
        #[derive(clap::Parser)]
        struct Defaults {
            #[command(flatten)]
            config: Config,
        }
        let command = <Defaults as clap::CommandFactory>::command().mut_args(|arg| arg.env(None::<&str>));
        let matches = command.get_matches_from(["directory"]);
        <Defaults as clap::FromArgMatches>::from_arg_matches(&matches)
            .expect("every setting has a default")
            .config
    }

    /// Plain HTTP is for this machine only.
    pub(crate) fn wants_tls(&self, address: SocketAddr) -> bool {
        self.tls || self.tls_cert.is_some() || !address.ip().is_loopback()
    }

    /// For the demo and for tests: data in `folder`, no rates, no proof of work, cheap hashes.
    pub fn lifted(folder: impl Into<PathBuf>) -> Self {
        Self {
            data: folder.into(),
            hashing: Hashing { hash_memory_kib: 64, hash_passes: 1, hash_queue: 1024 },
            limits: Limits::lifted(),
            ..Self::defaults()
        }
    }
}

/// A setting that is not printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_design() {
        let config = Config::defaults();
        assert_eq!(config.listen.to_string(), "127.0.0.1:7400");
        assert_eq!(config.limits.sign_ins.to_string(), "5/min");
        assert_eq!(config.limits.look_ups_long.to_string(), "300/d");
        assert_eq!(config.limits.lease_ms, 45_000);
        assert_eq!((config.hashing.hash_memory_kib, config.hashing.hash_passes), (19_456, 2));
    }

    #[test]
    fn a_database_password_is_not_printed() {
        let mut config = Config::defaults();
        config.database_url = Some("postgres://confab:hunter2@db/confab".to_owned().into());
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
