//! Logs: a readable line and searchable fields, on standard error. No names, addresses, passwords or tokens go in.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, filter::ParseError};

/// What other people's crates say below this level may hold what went over a socket.
const QUIET: &str = "hyper=info,hyper_util=info,tungstenite=info,tokio_tungstenite=info,rustls=info,tokio_rustls=info,\
                     sqlx=warn,sea_orm=warn,sea_orm_migration=warn,axum=info,tower=info,tower_http=info,mio=info";

/// Reads a filter such as `info` or `directory=debug`. Crates that would log contents stay quiet whatever it says.
///
/// # Errors
/// It is not a filter.
pub fn filter(text: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::try_new(format!("{text},{QUIET}"))
}

/// Starts logging.
///
/// # Errors
/// `text` is not a filter.
pub fn start(text: &str) -> Result<(), ParseError> {
    tracing_subscriber::fmt()
        .with_env_filter(filter(text)?)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    Ok(())
}
