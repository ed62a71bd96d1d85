//! The server of the invented pages: files by their names, fragments as a node would give them, and a quiet live line.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::tungstenite::Message;
use web::{
    Html,
    emoji::EmojiFragment,
    info::{InfoFragment, InfoPage},
    switch::{SwitchFragment, SwitchPage},
};

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// Name and HTML of each page, and the static files, by their paths.
type Files = HashMap<String, (&'static str, Vec<u8>)>;

/// What is answered: status, type, bytes.
type Answer = (&'static str, &'static str, Vec<u8>);

/// Serves the pages as `/<name>.html`; gives the site's address. Without `live`, no page's live line comes up.
pub(super) async fn start(pages: &[(&'static str, String)], live: bool) -> Result<String> {
    let mut files = Files::new();
    for file in web::assets::FILES {
        files.insert(format!("/a/build/{}", file.name), (file.content_type, file.bytes.to_vec()));
    }
    for (name, html) in pages {
        files.insert(format!("/{name}.html"), (HTML, html.clone().into_bytes()));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let site = format!("http://{}", listener.local_addr()?);
    let files = Arc::new(files);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, files.clone(), live));
        }
    });
    Ok(site)
}

/// One connection, one answer.
async fn talk(mut stream: TcpStream, files: Arc<Files>, live: bool) -> Result<()> {
    let mut start = [0; 9];
    while stream.peek(&mut start).await? < start.len() {}
    if live && &start == b"GET /live" {
        return stay(stream).await;
    }
    let mut lines = BufReader::new(&mut stream);
    let (mut line, mut head) = (String::new(), Vec::new());
    while lines.read_line(&mut line).await? > 2 {
        head.push(std::mem::take(&mut line));
    }
    let field = |name: &str| {
        let is = |line: &&String| line.to_lowercase().starts_with(name);
        head.iter().find(is).and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value.trim())
    };
    let mut first = head.first().context("a request line")?.split(' ');
    let (method, path) = (first.next().context("a method")?, first.next().context("a path")?);
    let page = field("referer").rsplit('/').next().unwrap_or_default().trim_end_matches(".html").to_owned();
    let mut body = vec![0; field("content-length").parse().unwrap_or(0)];
    lines.read_exact(&mut body).await?;
    let (status, kind, bytes) = match files.get(path) {
        Some((kind, bytes)) => ("200 OK", *kind, bytes.clone()),
        None => match answer(method, path, &page, &files) {
            Some(answer) => answer,
            // Somebody waits as long as they like.
            None => std::future::pending().await,
        },
    };
    let length = bytes.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), &bytes].concat()).await?;
    Ok(())
}

/// A live line that says that nothing was missed, and then nothing more.
async fn stay(stream: TcpStream) -> Result<()> {
    let mut live = tokio_tungstenite::accept_async(stream).await?;
    live.next().await.context("the page says who it is")??;
    live.send(Message::text(r#"{"op":"ready","boot":"00","gap":false}"#)).await?;
    while live.next().await.is_some_and(|message| message.is_ok()) {}
    Ok(())
}

/// What a node would say, as far as the states need it. `page` is the state that asks; none: it never answers.
fn answer(method: &str, path: &str, page: &str, files: &Files) -> Option<Answer> {
    let sample = |name: &str| {
        files.get(&format!("/{name}.html")).map(|(kind, bytes)| ("200 OK", *kind, bytes.clone()))
    };
    let html = |text: String| Some(("200 OK", HTML, text.into_bytes()));
    let refused = |text: &str| {
        Some(("503 Service Unavailable", JSON, format!(r#"{{"detail":"{text}"}}"#).into_bytes()))
    };
    let (road, query) = path.split_once('?').unwrap_or((path, ""));
    match (method, page) {
        ("POST", "chat_refused") if road.ends_with("/messages") => refused("The disk is full."),
        ("POST", _) => Some(("200 OK", JSON, b"{}".to_vec())),
        (_, "chat_loading") if query.starts_with("before=") => None,
        (_, "chat_load_error") if query.starts_with("before=") => refused("The disk does not answer."),
        _ if road.ends_with("/messages") => {
            Some(("200 OK", JSON, br#"{"html":"","before":null,"after":null}"#.to_vec()))
        }
        _ if road.contains("/messages/") => {
            let (_, info) = InfoPage::samples().into_iter().next()?;
            html(InfoFragment { page: &info.page, info: &info.info }.html())
        }
        _ if road.ends_with("/search") => {
            sample(if query.contains("violets") { "search_nothing" } else { "search_in_chat" })
        }
        _ if road == "/go" => {
            let name = if query.contains("q=&") { "switch" } else { "switch_hits" };
            let (_, switch) = SwitchPage::samples().into_iter().find(|(sample, _)| *sample == name)?;
            html(SwitchFragment { page: &switch.page, switch: &switch.switch }.html())
        }
        _ if road == "/emoji" => html(EmojiFragment::find("").html()),
        _ => Some(("404 Not Found", "text/plain", Vec::new())),
    }
}
