//! Search over messages, everywhere or in one chat: the page, or the hits alone for a page's script.

use axum::{
    extract::State,
    response::{Html, IntoResponse, Response},
};
use protocol::ids::ConversationId;
use serde::Deserialize;
use web::{
    Html as _,
    search::{Hit, Outcome, Piece, Search, SearchFragment, SearchPage},
    shell::Place,
};

use super::{Visit, html, view};
use crate::{
    http::{
        Error,
        api::{Id, Query},
    },
    service::{Service, search},
};

/// Hits at a time.
const PAGE: usize = 30;

/// What the address of a search may say after `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    q: String,
    before: Option<u64>,
    /// The hits alone, for the page's script.
    fragment: Option<String>,
}

/// `GET /search?q=&before=`
pub(super) async fn everywhere(
    visit: Visit,
    State(service): State<Service>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    answer(&visit, &service, None, wanted).await
}

/// `GET /chats/{conversation}/search?q=&before=`
pub(super) async fn within(
    visit: Visit,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    answer(&visit, &service, Some(id), wanted).await
}

async fn answer(
    visit: &Visit,
    service: &Service,
    chat: Option<ConversationId>,
    wanted: Wanted,
) -> Result<Response, Error> {
    let within = match chat {
        Some(id) => Some((id, view::person(&service.conversation(id).await?.person))),
        None => None,
    };
    let query = wanted.q.trim().to_owned();
    let outcome = if query.is_empty() {
        Outcome::Unasked
    } else {
        match service.search(&query, chat, wanted.before, PAGE).await {
            Ok(findings) => Outcome::Found {
                hits: findings.hits.into_iter().map(hit).collect(),
                next: findings.next,
                further: wanted.before.is_some(),
                indexed: findings.indexed,
            },
            Err(error) if error.field() == Some("q") => Outcome::Refused(error.to_string()),
            Err(error) => return Err(error.into()),
        }
    };
    let search = Search { within, query, outcome };
    if wanted.fragment.is_some() {
        let fragment = SearchFragment { page: &visit.page(), search: &search };
        return Ok(Html(fragment.html()).into_response());
    }
    let shell = view::shell(service, chat.map_or(Place::Search, Place::Chat)).await?;
    Ok(html(&SearchPage { page: visit.page(), shell, search }))
}

pub(super) fn hit(hit: search::Hit) -> Hit {
    let piece = |search::Piece { text, hit }| Piece { text, hit };
    Hit {
        conversation: hit.message.conversation,
        id: hit.message.id,
        with: web::Person::new(hit.with.user, hit.with.username),
        mine: hit.message.mine,
        wall: hit.message.sent,
        excerpt: hit.excerpt.into_iter().map(piece).collect(),
    }
}
