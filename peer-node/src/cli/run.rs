//! One function for each command.

use std::{fs, io::Read, path::Path};

use data_encoding::HEXLOWER_PERMISSIVE;
use serde_json::{Value, json};

use super::{Command, Plain, client::Client, keep, open_browser, talk, token};

/// Carries out a command.
///
/// # Errors
/// One sentence for the person at the keyboard.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Open { data, print } => {
            let made = Client::connect(&data)?.post("/api/v1/launch", &json!({})).await?;
            let link = made["url"].as_str().unwrap_or_default();
            println!("{link}");
            if !print {
                open_browser(link);
            }
            Ok(())
        }
        Command::Status(plain) => status(&plain).await,
        Command::Send(send) => talk::send(&send).await,
        Command::Tail { plain, from } => talk::tail(&plain, from.as_deref()).await,
        Command::People { plain, query } => people(&plain, &query).await,
        Command::Token { what } => token::run(what),
        Command::Backup(keep) => keep::backup(&keep).await,
        Command::Restore(keep) => keep::restore(&keep).await,
        Command::Decode { file } => decode(&file),
    }
}

async fn status(plain: &Plain) -> anyhow::Result<()> {
    let status = Client::connect(&plain.data)?.get("/api/v1/status").await?;
    if plain.json {
        println!("{status}");
        return Ok(());
    }
    let word = |name: &str| status[name].as_str().unwrap_or_default().to_owned();
    match word("stage").as_str() {
        "open" => println!("{} is here; {} people reachable", word("username"), word("reachable")),
        "locked" => println!("locked: nothing is received until it is unlocked"),
        _ => println!("there is no account yet"),
    }
    match status["directory"]["state"].as_str() {
        Some("up") => println!("the directory {} is there", status["directory"]["url"]),
        Some("down") => println!("the directory is not reachable: {}", status["directory"]["why"]),
        Some("signed_out") => println!("signed out of the directory"),
        _ => {}
    }
    Ok(())
}

async fn people(plain: &Plain, query: &str) -> anyhow::Result<()> {
    let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let found = Client::connect(&plain.data)?.get(&format!("/api/v1/people?q={query}")).await?;
    if plain.json {
        println!("{found}");
        return Ok(());
    }
    for person in found["people"].as_array().into_iter().flatten() {
        let there = if person["online"] == Value::Bool(true) { "online" } else { "" };
        println!("{:24} {:12} {there}", text(person, "username"), text(person, "relation"));
    }
    if let Some(why) = found["directory"].as_str() {
        eprintln!("{why}");
    }
    Ok(())
}

pub(super) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn decode(file: &Path) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = fs::read(file).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
    }
    // Digits with any white space between them, or the bytes themselves.
    let digits: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let message = HEXLOWER_PERMISSIVE.decode(&digits).unwrap_or(bytes);
    println!("{}", protocol::frame::describe(&message).trim_end());
    Ok(())
}
