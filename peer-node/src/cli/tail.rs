//! `tail`: what happens at the node, as it happens, until Ctrl-C.

use std::collections::{HashMap, HashSet};

use anyhow::bail;
use clap::Args;
use http_body_util::BodyExt;
use hyper::{Method, body::Incoming};
use serde_json::{Value, json};

use super::{Api, api, beacon::Beacon, ended, print};
use crate::{config::DataDir, service::tokens::Scope};

#[derive(Debug, Args)]
pub struct Tail {
    #[command(flatten)]
    data: DataDir,

    /// Only what this person does
    user: Option<String>,

    /// Print every event as one line of JSON
    #[arg(long)]
    json: bool,

    /// Begin after the event with this id, as far as the node still has what came since
    #[arg(long, value_name = "ID")]
    after: Option<String>,
}

impl Tail {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        tokio::select! {
            done = self.follow() => done,
            () = ended() => Ok(()),
        }
    }

    async fn follow(&self) -> anyhow::Result<()> {
        let mut last = self.after.clone();
        let mut said = Said::default();
        loop {
            // A stream ends with its token, too: then another goes on where it stopped.
            let api = Api::of(&self.data, &[Scope::Read])?;
            let answer = api.ask(Method::GET, "events", None, last.as_deref()).await?;
            let mut events = Events { body: api::stream(answer).await?, rest: Vec::new() };
            while let Some(event) = events.next().await {
                self.tell(&api, &mut said, &event).await?;
                last = event.id.or(last);
            }
            if Beacon::of(&self.data.path()?).is_none() {
                bail!("The node has stopped.");
            }
        }
    }

    async fn tell(&self, api: &Api, said: &mut Said, event: &Event) -> anyhow::Result<()> {
        if self.json && self.user.is_none() {
            return Ok(print::line(&event.json().to_string())?);
        }
        let Some(line) = said.line(api, event).await? else { return Ok(()) };
        if self.user.as_ref().is_some_and(|user| *user != line.username && *user != line.user) {
            return Ok(());
        }
        let text = if self.json { event.json().to_string() } else { line.text };
        Ok(print::line(&text)?)
    }
}

/// An event of a stream (WHATWG HTML, 9.2.6).
#[derive(Debug, Default, PartialEq)]
struct Event {
    id: Option<String>,
    name: String,
    data: Value,
}

impl Event {
    /// `None` for a comment, which only keeps the stream alive.
    fn parse(block: &str) -> Option<Self> {
        let mut event = Self::default();
        let mut data = Vec::new();
        for line in block.lines() {
            match line.split_once(':').map(|(name, value)| (name, value.strip_prefix(' ').unwrap_or(value))) {
                Some(("id", value)) => event.id = Some(value.to_owned()),
                Some(("event", value)) => value.clone_into(&mut event.name),
                Some(("data", value)) => data.push(value),
                _ => {}
            }
        }
        event.data = serde_json::from_str(&data.join("\n")).ok()?;
        Some(event)
    }

    fn json(&self) -> Value {
        json!({ "id": self.id, "event": self.name, "data": self.data })
    }
}

struct Events {
    body: Incoming,
    rest: Vec<u8>,
}

impl Events {
    /// `None` at the end, whoever ended it.
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.rest.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.rest.drain(..end + 2).collect();
                if let Some(event) = Event::parse(&String::from_utf8_lossy(&block)) {
                    return Some(event);
                }
            }
            let frame = self.body.frame().await?.ok()?;
            if let Ok(bytes) = frame.into_data() {
                self.rest.extend_from_slice(&bytes);
            }
        }
    }
}

/// What a line is about, and the line.
struct Line {
    user: String,
    username: String,
    text: String,
}

/// What was said so far: names are asked for once, and a message that only changed is not told again.
#[derive(Debug, Default)]
struct Said {
    /// By user.
    names: HashMap<String, String>,
    /// By conversation: the other person.
    partners: HashMap<String, String>,
    messages: HashSet<String>,
}

impl Said {
    async fn line(&mut self, api: &Api, event: &Event) -> anyhow::Result<Option<Line>> {
        let data = &event.data;
        let user = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (user, text) = match event.name.as_str() {
            "message" => {
                let message = &data["message"];
                let Some(words) = message["text"].as_str() else { return Ok(None) };
                if !self.messages.insert(user(&data["id"])) {
                    return Ok(None);
                }
                let partner = self.partner(api, &user(&data["conversation"])).await?;
                let name = self.name(api, &partner).await?;
                let arrow = if message["mine"] == true { format!("you to {name}") } else { name };
                (partner, format!("{}  {arrow}: {}", print::when(&message["sent"]), print::tame(words)))
            }
            "presence" => {
                let who = user(&data["user"]);
                let name = self.name(api, &who).await?;
                let state = if data["online"] == true { "is online" } else { "went offline" };
                (who, format!("{name} {state}"))
            }
            "person" => {
                let (who, person) = (user(&data["user"]), &data["person"]);
                let state = match person["relation"].as_str() {
                    _ if person["keys_changed"] == true => "has new keys, to be confirmed before you write",
                    Some("asking") => "asks to chat",
                    Some("contact") => "is a contact",
                    Some("declined_me") => "declined",
                    _ => return Ok(None),
                };
                (who.clone(), format!("{} {state}", self.name(api, &who).await?))
            }
            "stage" => (String::new(), format!("the node is {}", user(&data["stage"]))),
            "directory" => {
                let state = match data["directory"]["state"].as_str() {
                    Some("up") => "the directory is there",
                    Some("down") => "the directory is not reachable",
                    Some("signed_out") => "signed out of the directory",
                    _ => "no directory is in use",
                };
                (String::new(), state.to_owned())
            }
            "look_again" => (String::new(), "more happened than is still known one by one".to_owned()),
            _ => return Ok(None),
        };
        let username = self.names.get(&user).cloned().unwrap_or_default();
        Ok(Some(Line { user, username, text }))
    }

    async fn name(&mut self, api: &Api, user: &str) -> anyhow::Result<String> {
        if let Some(name) = self.names.get(user) {
            return Ok(name.clone());
        }
        // Somebody may be gone again by now.
        let person = api.get(&format!("people/{user}")).await.unwrap_or_default();
        let name = print::tame(person["username"].as_str().unwrap_or("somebody"));
        self.names.insert(user.to_owned(), name.clone());
        Ok(name)
    }

    async fn partner(&mut self, api: &Api, conversation: &str) -> anyhow::Result<String> {
        if let Some(partner) = self.partners.get(conversation) {
            return Ok(partner.clone());
        }
        let found = api.get(&format!("conversations/{conversation}")).await?;
        let partner = found["person"]["user"].as_str().unwrap_or_default().to_owned();
        self.partners.insert(conversation.to_owned(), partner.clone());
        Ok(partner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_the_stream_is_read_and_a_comment_is_none() {
        let event =
            Event::parse("id: 0a-7\nevent: message\ndata: {\"id\":\ndata: \"x: y\"}\n\n").expect("an event");
        assert_eq!(event.id.as_deref(), Some("0a-7"));
        assert_eq!(event.name, "message");
        assert_eq!(event.data, json!({ "id": "x: y" }));
        assert_eq!(Event::parse(":\n\n"), None);
    }
}
