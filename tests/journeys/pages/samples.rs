//! The states that no story comes to: every sample that `web` has of every page, served as plain files.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context, Result};
use journeys::browser::Browser;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_of_every_page_is_whole_in_both_widths_and_themes() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let mut files: HashMap<String, (&str, Vec<u8>)> = HashMap::new();
    for file in web::assets::FILES {
        files.insert(format!("/a/build/{}", file.name), (file.content_type, file.bytes.to_vec()));
    }
    // While a page is being made: `CONFAB_SAMPLES=network,doctor` looks at those that begin so.
    let only = std::env::var("CONFAB_SAMPLES").unwrap_or_default();
    let mut samples = web::samples::all();
    samples.retain(|(name, _)| only.split(',').any(|start| name.starts_with(start)));
    for (name, html) in &samples {
        files.insert(format!("/{name}.html"), ("text/html; charset=utf-8", html.clone().into_bytes()));
    }
    let site = serve(files).await?;
    let mut found = Vec::new();
    for (name, _) in &samples {
        browser.driver.goto(format!("{site}/{name}.html")).await?;
        if let Err(error) = browser.look(&format!("sample-{name}")).await {
            found.push(error.to_string());
        }
    }
    anyhow::ensure!(found.is_empty(), "{}", found.join("\n"));
    browser.quit().await
}

/// Answers each path with its bytes, and everything else with 404.
async fn serve(files: HashMap<String, (&'static str, Vec<u8>)>) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let site = format!("http://{}", listener.local_addr()?);
    let files = Arc::new(files);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let files = files.clone();
            tokio::spawn(async move {
                let mut line = String::new();
                let mut lines = BufReader::new(&mut stream);
                lines.read_line(&mut line).await?;
                let path = line.split(' ').nth(1).context("a request has a path")?.to_owned();
                while line != "\r\n" && !line.is_empty() {
                    line.clear();
                    lines.read_line(&mut line).await?;
                }
                let (status, kind, bytes) = match files.get(&path) {
                    Some((kind, bytes)) => ("200 OK", *kind, bytes.as_slice()),
                    None => ("404 Not Found", "text/plain", &b""[..]),
                };
                let length = bytes.len();
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                stream.write_all(&[head.as_bytes(), bytes].concat()).await?;
                anyhow::Ok(())
            });
        }
    });
    Ok(site)
}
