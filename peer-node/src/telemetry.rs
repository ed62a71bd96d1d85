//! The log: one line an event on the error output, chosen by CONFAB_LOG; never bodies, names of files or secrets.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// Our own rooms, which promise what they log.
const OWN: [&str; 4] = ["peer_node", "directory", "protocol", "web"];

/// What was asked for can't be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "CONFAB_LOG: {0:?} is neither a level (error, warn, info, debug, trace, off) nor a list such as peer_node::link=trace,info."
)]
pub struct BadLog(String);

/// How much is written when CONFAB_LOG says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usual {
    /// A node that runs: its comings and goings.
    Node,
    /// A command, or the demo: only what is wrong.
    Command,
}

impl Usual {
    fn level(self) -> &'static str {
        match self {
            Self::Node => "info",
            Self::Command => "warn",
        }
    }
}

/// Starts the log of this process. `CONFAB_LOG=debug` or `peer_node::link=trace` chooses what is written, and
/// `CONFAB_LOG_FORMAT=json` writes it for machines. A second call changes nothing.
///
/// # Errors
/// `CONFAB_LOG` is not such a choice.
pub fn start(usual: Usual) -> Result<(), BadLog> {
    let wish = std::env::var("CONFAB_LOG").unwrap_or_default();
    let filter = EnvFilter::try_new(filter(&wish, usual)).map_err(|_| BadLog(wish))?;
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
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
    Ok(())
}

/// A level alone is meant for our own rooms. What other crates say at debug and trace may hold what we promised
/// never to log (headers with tokens), so they must be asked for by name.
fn filter(wish: &str, usual: Usual) -> String {
    let mut parts = vec!["warn".to_owned()];
    let wish = if wish.trim().is_empty() { usual.level() } else { wish };
    for part in wish.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if part.contains(['=', ':']) || OWN.contains(&part) {
            parts.push(part.to_owned());
        } else {
            parts.extend(OWN.map(|room| format!("{room}={part}")));
        }
    }
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_alone_is_for_our_own_rooms() {
        let filter = |wish| filter(wish, Usual::Node);
        assert_eq!(filter("trace"), "warn,peer_node=trace,directory=trace,protocol=trace,web=trace");
        assert_eq!(filter(""), filter("info"));
        let named = filter("info, peer_node::link=trace,hyper=debug");
        assert!(named.ends_with("web=info,peer_node::link=trace,hyper=debug"), "{named}");
        assert!(named.starts_with("warn,"), "{named}");
    }
}
