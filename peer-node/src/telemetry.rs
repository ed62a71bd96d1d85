//! The log: one line an event on the error output, chosen by CONFAB_LOG; never bodies, names of files or secrets.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// How much is written when CONFAB_LOG says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usual {
    /// A node that runs: its comings and goings.
    Node,
    /// A command, or the demo: only what is wrong.
    Command,
}

impl Usual {
    fn filter(self) -> EnvFilter {
        EnvFilter::new(match self {
            Self::Node => "warn,peer_node=info,directory=info,protocol=info",
            Self::Command => "warn",
        })
    }
}

/// Starts the log of this process. `CONFAB_LOG=debug` or `peer_node::link=trace` chooses what is written, and
/// `CONFAB_LOG_FORMAT=json` writes it for machines. A second call changes nothing.
pub fn start(usual: Usual) {
    // What other crates say at trace may hold what we promised never to log; it needs to be asked for by name.
    let filter = EnvFilter::try_from_env("CONFAB_LOG").unwrap_or_else(|_| usual.filter());
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(true).with_ansi(colours);
    let json = std::env::var("CONFAB_LOG_FORMAT").is_ok_and(|format| format == "json");
    let started = if json {
        tracing_subscriber::registry().with(filter).with(lines.json()).try_init()
    } else {
        tracing_subscriber::registry().with(filter).with(lines.compact()).try_init()
    };
    if started.is_ok() {
        // The payload of a panic may quote data; its place is enough to find it.
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(%place, "the program met a fault of its own");
        }));
    }
}
