//! The switcher: where what was typed can lead.

use axum::{
    extract::State,
    response::{Html, IntoResponse, Response},
};
use protocol::ids::ConversationId;
use serde::Deserialize;
use web::{
    Html as _,
    shell::Place,
    switch::{Action, Switch, SwitchFragment, SwitchPage},
};

use super::{Visit, html, search, view};
use crate::{
    http::{Error, api::Query},
    service::{Service, switch::Wish},
};

/// What the address of the switcher may say after `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    q: String,
    /// The chat that is open.
    here: Option<ConversationId>,
    /// The choices alone, for the page's script.
    fragment: Option<String>,
}

/// `GET /go?q=`
pub(super) async fn show(
    visit: Visit,
    State(service): State<Service>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    let query = wanted.q.trim().to_owned();
    let found = service.switch(&query, wanted.here).await?;
    let actions = Action::ALL.iter().filter(|action| {
        let wish = Wish::of(&query);
        let fits = wish.fits(action.label) || wish.fits_all(&format!("{} {}", action.label, action.words));
        fits && (action.act != Some("here") || wanted.here.is_some())
    });
    let with_words = Action::WITH_WORDS.iter().filter(|_| !query.is_empty());
    let switch = Switch {
        chats: found.chats.iter().map(|chat| view::row(chat, false)).collect(),
        people: found.people.iter().map(|person| (view::person(person), view::reach(person))).collect(),
        messages: found.messages.into_iter().map(search::hit).collect(),
        actions: actions.chain(with_words).copied().collect(),
        query,
    };
    if wanted.fragment.is_some() {
        let fragment = SwitchFragment { page: &visit.page(), switch: &switch };
        return Ok(Html(fragment.html()).into_response());
    }
    let shell = view::shell(&service, Place::Switch).await?;
    Ok(html(&SwitchPage { page: visit.page(), shell, switch }))
}
