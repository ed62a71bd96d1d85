//! The command line: one verb, one file. Commands talk to the running node by its REST API, or to a data folder that
//! no node uses.

mod accept;
mod api;
mod backup;
mod beacon;
mod browser;
mod check;
mod clear;
mod connect;
mod decline;
mod decode;
mod doctor;
mod folder;
mod health;
mod network;
mod open;
mod people;
mod print;
mod restore;
mod search;
mod send;
mod service;
mod status;
mod tail;
mod timer;
mod token;

use clap::Subcommand;
use futures_util::future::select_all;

use api::Api;
pub use beacon::{announce, withdraw};
pub use browser::{Opening, open_browser};

/// Everything but running nodes.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the page of the running node in the browser
    Open(open::Open),
    /// Say where the node stands
    Status(status::Status),
    /// Write a message to somebody
    Send(send::Send),
    /// Remove all messages of a chat from this computer
    Clear(clear::Clear),
    /// Say how long messages of a chat stay, or set it
    Timer(timer::Timer),
    /// Say yes to somebody who asks to chat
    Accept(accept::Accept),
    /// Say no to somebody who asks to chat
    Decline(decline::Decline),
    /// Show what happens, as it happens, until Ctrl-C
    Tail(tail::Tail),
    /// List people: those you know, and those who are listed in the directory
    People(people::People),
    /// Show who is reached and how, and when the others are tried again
    Network(network::Network),
    /// Find out why somebody can't be reached
    Doctor(doctor::Doctor),
    /// Connect to everybody who is online, or look who answers at an address
    Connect(connect::Connect),
    /// Find messages by their words
    Search(search::Search),
    /// Run the node in the background whenever you are signed in, so that messages arrive with every terminal closed
    Service(service::Service),
    /// Tokens for scripts; they can be made before the first run
    Token(token::Token),
    /// Write account, people and history into one encrypted file
    Backup(backup::Backup),
    /// Make the account of a backup the one of a new data folder
    Restore(restore::Restore),
    /// Say in words what stands in an encoded message, event or profile
    Decode(decode::Decode),
    /// Tell by the exit code whether the node answers, for service managers and containers
    Health(health::Health),
    /// Look whether the database of a stopped node is intact
    Check(check::Check),
}

/// Does what was asked. The error is one sentence for the person at the terminal.
///
/// # Errors
/// Whatever the command could not do, in words.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Open(open) => open.run().await,
        Command::Status(status) => status.run().await,
        Command::Send(send) => send.run().await,
        Command::Clear(clear) => clear.run().await,
        Command::Timer(timer) => timer.run().await,
        Command::Accept(accept) => accept.run().await,
        Command::Decline(decline) => decline.run().await,
        Command::Tail(tail) => tail.run().await,
        Command::People(people) => people.run().await,
        Command::Network(network) => network.run().await,
        Command::Doctor(doctor) => doctor.run().await,
        Command::Connect(connect) => connect.run().await,
        Command::Search(search) => search.run().await,
        Command::Service(service) => service.run().await,
        Command::Token(token) => token.run(),
        Command::Backup(backup) => backup.run().await,
        Command::Restore(restore) => restore.run().await,
        Command::Decode(decode) => decode.run(),
        Command::Health(health) => health.run().await,
        Command::Check(check) => check.run().await,
    }
}

/// Waits for Ctrl-C, for the word of whoever manages services, or for the end of the terminal. They are heard from
/// this call on, not only from the first look at what it gives.
pub fn ended() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let words = {
        use tokio::signal::unix::{SignalKind, signal};
        let heard = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        heard.into_iter().filter_map(|kind| signal(kind).ok()).collect::<Vec<_>>()
    };
    #[cfg(windows)]
    let words = tokio::signal::windows::ctrl_c().into_iter().collect::<Vec<_>>();
    async move {
        let mut words = words;
        let heard = words.iter_mut().map(|word| Box::pin(word.recv()));
        if heard.len() == 0 {
            // Nothing can be heard: the program ends when it is killed.
            return std::future::pending().await;
        }
        select_all(heard).await;
    }
}
