//! Pages over HTTP, as the browser asks for them: their time and their size.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};
use journeys::node::TestNode;
use reqwest::{Client, header};
use serde_json::Value;

use crate::{
    fill::Filled,
    table::{Budget, Figures, Table},
    words::{BEACON_EVERY, beacon},
};

/// Somebody with a session of the page.
pub(crate) struct Visitor {
    client: Client,
    base: String,
}

impl Visitor {
    /// Trades a launch link for a session, as the page's script does.
    pub(crate) async fn come(node: &TestNode) -> Result<Self> {
        let base = format!("http://{}", node.ui());
        let (_, token) = node.launch.split_once('#').context("a launch link holds a token")?;
        let client = Client::new();
        let answer = client
            .post(format!("{base}/launch"))
            .header(header::ORIGIN, &base)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(format!("token={token}"))
            .send()
            .await?;
        ensure!(answer.status().is_success(), "launch: {}", answer.status());
        let cookie = answer.headers().get(header::SET_COOKIE).context("a cookie")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default();
        let headers = [(header::COOKIE, cookie.parse()?)].into_iter().collect();
        Ok(Self {
            client: Client::builder().default_headers(headers).timeout(Duration::from_secs(60)).build()?,
            base,
        })
    }

    /// A page, and the milliseconds until its last byte.
    pub(crate) async fn get(&self, path: &str) -> Result<(String, f64)> {
        let began = Instant::now();
        let answer = self.client.get(format!("{}{path}", self.base)).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{path}: {status} {text:.300}");
        Ok((text, began.elapsed().as_secs_f64() * 1e3))
    }

    async fn times(&self, paths: impl IntoIterator<Item = String>) -> Result<Figures> {
        let mut times = Vec::new();
        for path in paths {
            times.push(self.get(&path).await?.1);
        }
        Ok(Figures::new(times))
    }
}

/// In kB, as a compressing server would send it.
pub(crate) fn gz(bytes: &[u8]) -> Result<f64> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(bytes)?;
    Ok(gz.finish()?.len() as f64 / 1e3)
}

pub(crate) async fn measure(table: &mut Table, alice: &TestNode, filled: &Filled) -> Result<()> {
    let page = Visitor::come(alice).await?;
    let chats = alice.api.get("conversations").await?;
    let chats: Vec<String> = chats["conversations"]
        .as_array()
        .context("a list")?
        .iter()
        .filter_map(|chat| Some(format!("/chats/{}", chat["id"].as_str()?)))
        .collect();
    let bobs = format!("/chats/{}", filled.chat);
    page.get(&bobs).await?;

    table.title("over HTTP");
    let list = page.times((0..40).map(|_| "/chats".to_owned())).await?;
    table.line("list of 200 chats, p50", list.p50(), "ms", Budget::None, None);
    table.line("list of 200 chats, p95", list.at(0.95), "ms", Budget::AtMost(50.0), None);
    let any = page.times(chats.iter().cloned()).await?;
    table.line("open any chat, p50", any.p50(), "ms", Budget::None, None);
    table.line("open any chat, p95", any.at(0.95), "ms", Budget::AtMost(50.0), None);
    let long = page.times((0..60).map(|_| bobs.clone())).await?;
    table.line(&format!("open the chat of {}, p50", filled.in_chat), long.p50(), "ms", Budget::None, None);
    table.line(
        &format!("open the chat of {}, p95", filled.in_chat),
        long.at(0.95),
        "ms",
        Budget::AtMost(50.0),
        None,
    );

    // Anywhere in the history: every message with a beacon has an address.
    let mut places = Vec::new();
    for number in
        (1..=filled.messages / BEACON_EVERY).step_by((filled.messages / BEACON_EVERY / 150).max(1) as usize)
    {
        let query = format!("search?q={}&conversation={}&limit=1", beacon(number), filled.chat);
        let hits = alice.api.get(&query).await?;
        // The last word is a beginning: beacon1 finds beacon10, too.
        places.extend(hits["messages"][0]["id"].as_str().map(str::to_owned));
        if places.len() == 60 {
            break;
        }
    }
    let at = page.times(places.iter().map(|id| format!("{bobs}?at={id}"))).await?;
    table.line(
        &format!("open it at any of its messages, p95 of {}", at.len()),
        at.at(0.95),
        "ms",
        Budget::AtMost(50.0),
        None,
    );
    let jump = page.times(places.iter().map(|id| format!("{bobs}/messages?at={id}"))).await?;
    table.line("the rows around any of its messages, p95", jump.at(0.95), "ms", Budget::AtMost(50.0), None);

    let mut before = String::new();
    let (mut times, mut way) = (Vec::new(), 0);
    while times.len() < 200 {
        let (text, took) = page.get(&format!("{bobs}/messages?{before}")).await?;
        times.push(took);
        let rows: Value = serde_json::from_str(&text)?;
        way += rows["html"].as_str().map_or(0, |html| html.matches("<li id=\"m-").count());
        let Some(place) = rows["before"].as_str() else { break };
        before = format!("before={place}");
    }
    let back = Figures::new(times);
    table.line(&format!("a page of history, {way} rows back, p50"), back.p50(), "ms", Budget::None, None);
    table.line("a page of history, p95", back.at(0.95), "ms", Budget::AtMost(20.0), None);

    let (html, _) = page.get(&bobs).await?;
    table.line(
        "HTML of that chat with 200 chats beside it, gz",
        gz(html.as_bytes())?,
        "kB",
        Budget::AtMost(40.0),
        None,
    );
    table.line("HTML of that chat, as it is sent", html.len() as f64 / 1e3, "kB", Budget::None, None);
    Ok(())
}
