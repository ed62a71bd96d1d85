//! The program `directory`: read the settings, open, serve, end with grace.

use std::process::ExitCode;

use clap::Parser;
use directory::{Config, Directory, Error, telemetry};
use tokio::net::TcpListener;

/// The directory of Confab: accounts, keys, letters and presence; never a message
#[derive(Debug, Parser)]
#[command(name = "directory", version)]
struct Arguments {
    #[command(flatten)]
    config: Config,

    /// What to log, for example info or directory=debug
    #[arg(long, env = "CONFAB_DIRECTORY_LOG", value_name = "FILTER", default_value = "info")]
    log: String,

    /// Ask the directory on this machine whether it is well, and end (for health checks of containers)
    #[arg(long)]
    check: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { config, log, check } = Arguments::parse();
    if check {
        return match directory::check(&config).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("the directory at {}: {error}", config.listen);
                ExitCode::FAILURE
            }
        };
    }
    if let Err(error) = telemetry::start(&log) {
        eprintln!("--log: {error}");
        return ExitCode::from(2);
    }
    match serve(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Config) -> Result<(), Error> {
    let listen = config.listen;
    let listener = TcpListener::bind(listen).await.map_err(|error| Error::Listen(listen, error))?;
    let address = listener.local_addr().map_err(|error| Error::Listen(listen, error))?;
    let directory = Directory::open(config, address).await?;
    match directory.fingerprint() {
        None => println!("The directory listens on http://{address} (this machine only)."),
        Some(fingerprint) if directory.must_be_pinned() => {
            println!("The directory listens on https://{address}.");
            println!("Its certificate is its own. Nodes pin it: --directory-pin {fingerprint}");
        }
        Some(_) => println!("The directory listens on https://{address}."),
    }
    directory.serve(listener, shutdown()).await;
    tracing::info!("the directory has ended");
    Ok(())
}

/// Ctrl-C, or the word of the service manager.
async fn shutdown() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
