//! The network page and the doctor.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use protocol::ids::UserId;
use serde::Deserialize;
use web::{
    network::{self, DoctorPage, Exam, NetworkPage, Routes, Trying},
    shell::Place,
};

use super::{Look, Visit, html, view};
use crate::{
    http::{
        Error,
        api::{Id, Query},
        csrf::Form,
    },
    service::{Service, network as ways},
};

/// Lines of the log in the page; the API has all.
const LINES: usize = 200;

/// What the button began.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Begun {
    connected: Option<u64>,
    trying: Option<u64>,
}

/// `GET /network`
pub(super) async fn show(
    visit: Visit,
    State(service): State<Service>,
    Query(begun): Query<Begun>,
) -> Result<Response, Error> {
    let shell = view::shell(&service, Place::Network).await?;
    service.measure().await?;
    let mut log = service.network_log().await?;
    log.reverse();
    log.truncate(LINES);
    let log = log.into_iter().map(|line| network::LogLine { at: line.at, who: line.who, text: line.text });
    let trying = begun.connected.zip(begun.trying).map(|(connected, trying)| Trying { connected, trying });
    let routes = routes(&service.network().await?);
    Ok(html(&NetworkPage { page: visit.page(), shell, routes, trying, log: log.collect() }))
}

#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

/// `POST /network/connect`: calls everybody.
pub(super) async fn connect(
    look: Look,
    State(service): State<Service>,
    _: Form<Nothing>,
) -> Result<Response, Error> {
    let begun = service.connect_all().await?;
    Ok(look.done(&format!("/network?connected={}&trying={}", begun.connected, begun.trying)))
}

/// `GET /network/{user}`: what the last look found.
pub(super) async fn doctor(
    visit: Visit,
    State(service): State<Service>,
    Id(user): Id<UserId>,
) -> Result<Response, Error> {
    let shell = view::shell(&service, Place::Network).await?;
    let person = service.person(user).await?;
    let exam = service.examination(user).await?.as_ref().map(exam);
    let chat = person.conversation.map(|id| format!("/chats/{id}"));
    Ok(html(&DoctorPage { page: visit.page(), shell, person: view::person(&person), chat, exam }))
}

/// `POST /network/{user}/test`: comes back when everything was looked at; the page sees each step before.
pub(super) async fn test(
    look: Look,
    State(service): State<Service>,
    Id(user): Id<UserId>,
    _: Form<Nothing>,
) -> Result<Response, Error> {
    service.examine(user).await?;
    Ok(look.done(&format!("/network/{user}")).into_response())
}

/// The ways to everybody as the page shows them.
pub(in crate::http) fn routes(from: &ways::Network) -> Routes {
    let mut routes = Routes {
        directory_since: from.directory_since,
        listening: from.listening.to_string(),
        addresses: from.addresses.clone(),
        ..Routes::default()
    };
    for route in &from.routes {
        match &route.path {
            Some(path) => routes.reached.push(network::Reached {
                person: view::person(&route.person),
                remote: path.remote.to_string(),
                dialled: path.dialled,
                since: path.since,
                sent: path.sent,
                received: path.received,
                round_trip: path.round_trip,
            }),
            None => routes.away.push(away(route)),
        }
    }
    routes
}

/// Somebody who is not reached, and why.
pub(super) fn away(route: &ways::Route) -> network::Away {
    network::Away {
        person: view::person(&route.person),
        seen: route.person.last_seen,
        attempts: route.attempts.iter().map(attempt).collect(),
        failed: route.failed,
        next: next(route.next),
    }
}

fn attempt(attempt: &ways::Attempt) -> network::Attempt {
    let why = attempt.answer.as_ref().map(|answer| answer.why.clone());
    network::Attempt { address: attempt.address.clone(), why }
}

fn next(next: ways::Next) -> network::Next {
    match next {
        ways::Next::Linked | ways::Next::UnderWay => network::Next::Now,
        ways::Next::At(at) => network::Next::At(at),
        ways::Next::NoAddress => network::Next::NoAddress,
        ways::Next::Unwanted => network::Next::Never,
    }
}

/// What was found as the page shows it.
pub(in crate::http) fn exam(exam: &ways::Examination) -> Exam {
    let step = |step: &ways::Step| network::Step {
        mark: match step.mark {
            ways::Mark::Running => network::Mark::Running,
            ways::Mark::Good => network::Mark::Good,
            ways::Mark::Bad => network::Mark::Bad,
            ways::Mark::Note => network::Mark::Note,
        },
        title: step.title.clone(),
        found: step.found.clone(),
        at: step.at,
        took: step.took,
    };
    Exam {
        began: exam.began,
        verdict: exam.verdict.clone(),
        reached: exam.reached,
        steps: exam.steps.iter().map(step).collect(),
    }
}
