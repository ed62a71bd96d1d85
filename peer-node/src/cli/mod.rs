//! The command line: short commands that talk to the running node over its REST API, or to its data folder.

mod browser;
mod client;
mod keep;
mod run;
mod talk;
mod token;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config::DataDir;

pub use browser::open_browser;
pub use client::{announce, withdraw};
pub use run::run;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the page of the running node
    Open {
        #[command(flatten)]
        data: DataDir,
        /// Only print the link; it works once, for a minute
        #[arg(long)]
        print: bool,
    },
    /// Where the node stands
    Status(Plain),
    /// Write to somebody; a stranger gets it as a request
    Send(Send),
    /// Follow what comes in, until Ctrl-C
    Tail {
        #[command(flatten)]
        plain: Plain,
        /// Only of this person
        #[arg(value_name = "NAME")]
        from: Option<String>,
    },
    /// People who are known here, and people of the directory
    People {
        #[command(flatten)]
        plain: Plain,
        /// A part of a name, or a whole one
        #[arg(value_name = "NAME", default_value = "")]
        query: String,
    },
    /// Tokens for scripts; works without a running node
    Token {
        #[command(subcommand)]
        what: Token,
    },
    /// Write everything into one encrypted file
    Backup(Keep),
    /// Make the account of a backup file the one of this computer
    Restore(Keep),
    /// Show what stands in a message of the wire: hexadecimal digits, or bytes
    Decode {
        /// A file; `-` or nothing reads the input
        #[arg(value_name = "FILE", default_value = "-")]
        file: PathBuf,
    },
}

/// What most commands take.
#[derive(Debug, Clone, Args)]
pub struct Plain {
    #[command(flatten)]
    data: DataDir,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct Send {
    #[command(flatten)]
    plain: Plain,
    /// Whom: a name
    #[arg(value_name = "NAME")]
    to: String,
    /// What; `-` reads it from the input
    #[arg(value_name = "TEXT", required = true, num_args = 1..)]
    text: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Keep {
    #[command(flatten)]
    plain: Plain,
    /// The backup file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// File with the passphrase of the backup; asked for otherwise
    #[arg(long, env = "CONFAB_BACKUP_PASSPHRASE_FILE", value_name = "FILE")]
    backup_passphrase_file: Option<PathBuf>,
    /// File with the passphrase of the account; asked for otherwise, where it is needed
    #[arg(long, env = "CONFAB_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token and print it, once
    Create {
        #[command(flatten)]
        plain: Plain,
        /// What it is for
        #[arg(long, default_value = "script")]
        name: String,
        /// What it may do: read, write, account
        #[arg(long = "scope", value_delimiter = ',', default_value = "read,write,account")]
        scopes: Vec<String>,
    },
    /// All tokens, without their secrets
    List(Plain),
    /// Make a token worthless
    Revoke {
        #[command(flatten)]
        plain: Plain,
        /// As `token list` shows it
        id: String,
    },
}
