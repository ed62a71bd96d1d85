//! The network: routes to people, what was looked at, the log.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Directory, mirror, time};
use crate::service::network;

#[derive(Debug, Serialize, ToSchema)]
pub struct Network {
    pub directory: Directory,
    /// Since when the directory is as it is.
    pub directory_since: Option<String>,
    /// Where this node listens for others.
    #[schema(example = "0.0.0.0:7401")]
    pub listening: String,
    /// What others are told to dial.
    pub addresses: Vec<String>,
    /// Connected people first, then by name.
    pub routes: Vec<Route>,
}

/// The way to one person.
#[derive(Debug, Serialize, ToSchema)]
pub struct Route {
    pub user: String,
    pub username: String,
    /// None: there is no connection.
    pub path: Option<Path>,
    /// Where they were last known to listen, and what came of it.
    pub addresses: Vec<Attempt>,
    /// When these were last tried in vain.
    pub failed: Option<String>,
    pub next: NextTry,
}

/// A live connection.
#[derive(Debug, Serialize, ToSchema)]
pub struct Path {
    #[schema(example = "tcp")]
    pub via: &'static str,
    #[schema(example = "192.168.1.34:7401")]
    pub remote: String,
    /// This computer called theirs.
    pub dialled: bool,
    pub since: String,
    /// Bytes of messages, as a string.
    pub sent: String,
    pub received: String,
    /// Null until the first answer.
    pub round_trip_ms: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Attempt {
    pub address: String,
    /// Why it led nowhere; null: not tried since the program started, or not needed.
    pub answer: Option<String>,
    pub took_ms: Option<f64>,
}

/// When somebody is tried next.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum NextTry {
    Connected,
    UnderWay,
    At { at: String },
    NoAddress,
    Unwanted,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Connecting {
    pub connected: String,
    /// People who are being called now.
    pub trying: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Connected {
    /// False: they answer there, but no connection came about in time.
    pub connected: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkLog {
    pub lines: Vec<LogLine>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LogLine {
    pub at: String,
    /// The beginning of a name, and of a device's key.
    #[schema(example = "m… (3fa9)")]
    pub who: String,
    pub text: String,
}

/// What was found on the way to somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct Examination {
    pub user: String,
    pub username: String,
    pub began: String,
    /// They are connected, or answer and are being connected.
    pub reached: bool,
    /// What it comes to, for people.
    pub verdict: String,
    pub steps: Vec<Step>,
    pub next: NextTry,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Step {
    pub topic: Topic,
    pub result: Mark,
    pub title: String,
    pub found: String,
    pub at: Option<String>,
    pub took_ms: Option<f64>,
}

mirror!(
    /// What a step is about.
    Topic = network::Topic { Link, ThisComputer, OwnAddress, Clock, Directory, LastSeen, Address, NextTry }
);

mirror!(
    /// How a step ended.
    Mark = network::Mark { Running, Good, Bad, Note }
);

fn ms(time: std::time::Duration) -> f64 {
    // Microseconds are as fine as anybody looks.
    (time.as_secs_f64() * 1e6).round() / 1e3
}

impl From<network::Network> for Network {
    fn from(network: network::Network) -> Self {
        Self {
            directory: network.directory.into(),
            directory_since: network.directory_since.map(time),
            listening: network.listening.to_string(),
            addresses: network.addresses,
            routes: network.routes.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<network::Route> for Route {
    fn from(route: network::Route) -> Self {
        Self {
            user: route.person.user.to_string(),
            username: route.person.username,
            path: route.path.map(Into::into),
            addresses: route.attempts.into_iter().map(Into::into).collect(),
            failed: route.failed.map(time),
            next: route.next.into(),
        }
    }
}

impl From<network::LinkInfo> for Path {
    fn from(path: network::LinkInfo) -> Self {
        Self {
            via: "tcp",
            remote: path.remote.to_string(),
            dialled: path.dialled,
            since: time(path.since),
            sent: path.sent.to_string(),
            received: path.received.to_string(),
            round_trip_ms: path.round_trip.map(ms),
        }
    }
}

impl From<network::Attempt> for Attempt {
    fn from(attempt: network::Attempt) -> Self {
        let took_ms = attempt.answer.as_ref().map(|answer| ms(answer.took));
        Self { address: attempt.address, answer: attempt.answer.map(|answer| answer.why), took_ms }
    }
}

impl From<network::Next> for NextTry {
    fn from(next: network::Next) -> Self {
        match next {
            network::Next::Linked => Self::Connected,
            network::Next::UnderWay => Self::UnderWay,
            network::Next::At(at) => Self::At { at: time(at) },
            network::Next::NoAddress => Self::NoAddress,
            network::Next::Unwanted => Self::Unwanted,
        }
    }
}

impl From<network::Connecting> for Connecting {
    fn from(connecting: network::Connecting) -> Self {
        Self { connected: connecting.connected.to_string(), trying: connecting.trying.to_string() }
    }
}

impl From<network::Line> for LogLine {
    fn from(line: network::Line) -> Self {
        Self { at: time(line.at), who: line.who, text: line.text }
    }
}

impl From<network::Examination> for Examination {
    fn from(exam: network::Examination) -> Self {
        Self {
            user: exam.user.to_string(),
            username: exam.username,
            began: time(exam.began),
            reached: exam.reached,
            verdict: exam.verdict.unwrap_or_default(),
            steps: exam.steps.into_iter().map(Into::into).collect(),
            next: exam.next.into(),
        }
    }
}

impl From<network::Step> for Step {
    fn from(step: network::Step) -> Self {
        Self {
            topic: step.topic.into(),
            result: step.mark.into(),
            title: step.title,
            found: step.found,
            at: step.at.map(time),
            took_ms: step.took.map(ms),
        }
    }
}
