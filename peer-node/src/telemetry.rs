//! The log: one line an event on the error output, chosen by CONFAB_LOG; never bodies, names of files or secrets.

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// Starts the log of this process. `CONFAB_LOG=debug` or `peer_node::link=trace` chooses what is written, and
/// `CONFAB_LOG_FORMAT=json` writes it for machines. A second call changes nothing.
pub fn start() {
    // What other crates say at trace may hold what we promised never to log; it needs to be asked for by name.
    let filter = EnvFilter::try_from_env("CONFAB_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,peer_node=info,directory=info,protocol=info"));
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(true);
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
