//! `send` and `tail`.

use std::io::Read;

use http_body_util::BodyExt;
use hyper::Method;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use super::{
    Plain, Send,
    client::{Client, Error},
    run::text,
};

/// Before a stream that broke is taken up again.
const AGAIN: Duration = Duration::from_secs(1);

pub(super) async fn send(send: &Send) -> anyhow::Result<()> {
    let client = Client::connect(&send.plain.data)?;
    let mut words = send.text.join(" ");
    if words == "-" {
        words.clear();
        std::io::stdin().read_to_string(&mut words)?;
    }
    let name = send.to.trim_start_matches('@').to_lowercase();
    let answer = match conversation(&client, &name).await? {
        Some(id) => {
            client.post(&format!("/api/v1/conversations/{id}/messages"), &json!({ "text": words })).await?
        }
        None => client.post("/api/v1/requests", &json!({ "username": name, "text": words })).await?,
    };
    match (send.plain.json, answer["state"].as_str()) {
        (true, _) => println!("{answer}"),
        (false, Some(state)) => println!("Written to {name}: {}.", state.replace('_', " ")),
        (false, None) => println!("Asked {name}. You see it when they answer: peer-node tail"),
    }
    Ok(())
}

/// The conversation with somebody who is known here.
async fn conversation(client: &Client, name: &str) -> Result<Option<String>, Error> {
    let all = client.get("/api/v1/conversations").await?;
    let mut rows = all["conversations"].as_array().into_iter().flatten();
    let row = rows.find(|row| {
        text(&row["person"], "username") == name && row["person"]["replaces"] != row["person"]["user"]
    });
    Ok(row.map(|row| text(row, "id").to_owned()))
}

pub(super) async fn tail(plain: &Plain, from: Option<&str>) -> anyhow::Result<()> {
    let client = Client::connect(&plain.data)?;
    let from = from.map(|name| name.trim_start_matches('@').to_lowercase());
    let mut last: Option<String> = None;
    loop {
        let stream = client.send(Method::GET, "/api/v1/events", None, last.as_deref()).await;
        let mut body = match stream {
            Ok(answer) => answer.into_body(),
            // The node was restarted, perhaps.
            Err(Error::NoNode(_) | Error::Broken(_)) if last.is_some() => {
                sleep(AGAIN).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let mut buffer = String::new();
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { break };
            let Ok(bytes) = frame.into_data() else { continue };
            buffer.push_str(&String::from_utf8_lossy(&bytes));
            while let Some(end) = buffer.find("\n\n") {
                let event: String = buffer.drain(..end + 2).collect();
                let event = Event::parse(&event);
                if let Some(id) = &event.id {
                    last = Some(id.clone());
                }
                show(&client, plain, from.as_deref(), &event).await?;
            }
        }
        sleep(AGAIN).await;
        last.get_or_insert_default();
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Event {
    id: Option<String>,
    name: String,
    data: Value,
}

impl Event {
    /// One event of a stream (WHATWG HTML, 9.2.6), as our own node writes it: one line of data.
    fn parse(text: &str) -> Self {
        let mut event = Self::default();
        for line in text.lines() {
            match line.split_once(':').map(|(name, value)| (name, value.trim_start())) {
                Some(("id", value)) => event.id = Some(value.to_owned()),
                Some(("event", value)) => event.name = value.to_owned(),
                Some(("data", value)) => event.data = serde_json::from_str(value).unwrap_or_default(),
                _ => {}
            }
        }
        event
    }
}

async fn show(client: &Client, plain: &Plain, from: Option<&str>, event: &Event) -> anyhow::Result<()> {
    if event.name.is_empty() {
        return Ok(());
    }
    if plain.json && from.is_none() {
        println!("{}", json!({ "event": event.name, "data": event.data }));
        return Ok(());
    }
    let message = &event.data["message"];
    let is_theirs = event.name == "message" && message["mine"] == Value::Bool(false);
    let Some(words) = message["text"].as_str().filter(|_| is_theirs) else { return Ok(()) };
    let author = text(message, "author");
    let person = client.get(&format!("/api/v1/people/{author}")).await?;
    let name = text(&person, "username");
    if from.is_some_and(|from| from != name) {
        return Ok(());
    }
    if plain.json {
        println!("{}", json!({ "event": event.name, "data": event.data }));
    } else {
        println!("{}  {name}: {words}", text(message, "sent"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_the_stream_is_read() {
        let event = Event::parse("id: 0a-7\nevent: message\ndata: {\"id\":\"x: y\"}\n\n");
        assert_eq!(event.id.as_deref(), Some("0a-7"));
        assert_eq!(event.name, "message");
        assert_eq!(event.data, json!({ "id": "x: y" }));
        assert_eq!(Event::parse(":\n\n"), Event::default(), "a comment is no event");
    }
}
