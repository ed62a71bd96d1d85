//! The program `peer-node`: reads what it was told, runs the node or one command, ends with grace.

use std::{io::IsTerminal, process::ExitCode};

use clap::{Parser, Subcommand};
use peer_node::{Running, cli, config::Config, demo, desktop, http::session, listen, telemetry};

/// Confab: a private messenger that runs on the computers of the people who use it
#[derive(Debug, Parser)]
#[command(name = "peer-node", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    config: Config,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run your node (what happens without a command, too)
    Run(Box<Config>),
    /// A directory and three people on this computer, to look around; Ctrl-C ends it all
    Demo(demo::Demo),
    #[command(flatten)]
    Cli(cli::Command),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match act(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of our output has heard enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn act(arguments: Arguments) -> anyhow::Result<()> {
    telemetry::start(match arguments.command {
        None | Some(Command::Run(_)) => telemetry::Usual::Node,
        Some(Command::Demo(_) | Command::Cli(_)) => telemetry::Usual::Command,
    })?;
    match arguments.command {
        None => run(&arguments.config).await,
        Some(Command::Run(config)) => run(&config).await,
        Some(Command::Demo(demo)) => demo.run(cli::ended()).await,
        Some(Command::Cli(command)) => cli::run(command).await,
    }
}

async fn run(config: &Config) -> anyhow::Result<()> {
    config.check()?;
    let ended = cli::ended();
    let ui = listen(config.ui, "--ui").await?;
    let link = listen(config.listen, "--listen").await?;
    let links_at = link.local_addr()?;
    let node = Running::start(config, ui, link).await?;
    println!("Confab runs. Open its page with this link (it works once):");
    println!("  {}", node.launch_url(None));
    let data =
        config.data.data.as_ref().map(|data| format!(" --data {}", data.display())).unwrap_or_default();
    println!("Other nodes reach it at {links_at}. Another link: peer-node open{data}. Ctrl-C ends it.");
    let opens = !config.no_open && std::io::stdout().is_terminal();
    let _opening = opens.then(|| cli::open_browser(&node.launch_url(Some(session::OPENED)))).flatten();
    let telling = tokio::spawn(desktop::show(node.service().bell()));
    ended.await;
    telling.abort();
    println!("Saying goodbye.");
    node.stop().await;
    Ok(())
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
