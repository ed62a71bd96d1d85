//! Finding people, asking them, and answering.

use axum::{
    extract::State,
    response::{Html, IntoResponse, Response},
};
use protocol::ids::UserId;
use serde::Deserialize;
use web::{
    Field, Html as _,
    people::{Answer, AskForm, ConnectPage, PeoplePage, Results, ResultsFragment},
    shell::Place,
};

use super::{Look, Visit, html, view};
use crate::{
    http::{
        Error,
        api::{Id, Query},
        csrf::Form,
    },
    service::{
        self, Service,
        people::{Ask, Whom},
    },
};

/// More are not shown; a longer name finds them.
const MOST: usize = 200;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    q: String,
    /// The results alone, for the page's script.
    fragment: Option<String>,
}

/// `GET /people?q=`
pub(super) async fn show(
    visit: Visit,
    State(service): State<Service>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    let page = people_page(&visit, &service, wanted.q.trim(), None).await?;
    if wanted.fragment.is_none() {
        return Ok(html(&page));
    }
    let PeoplePage { page, shell, query, results, asking, .. } = &page;
    Ok(Html(ResultsFragment { page, shell, query, results, asking }.html()).into_response())
}

async fn people_page(
    visit: &Visit,
    service: &Service,
    query: &str,
    asking: Option<AskForm>,
) -> Result<PeoplePage, Error> {
    let shell = view::shell(service, Place::People).await?;
    let search = service.search_people(query).await?;
    let limited = match &search.directory {
        None | Some(service::Error::NoDirectory) => None,
        Some(error) => Some(format!("{error} Only people you know are shown.")),
    };
    let more = search.people.len() > MOST;
    let results =
        Results { people: search.people.iter().take(MOST).map(view::found).collect(), limited, more };
    let (query, address) = (query.to_owned(), Field::default());
    Ok(PeoplePage { page: visit.page(), shell, query, results, asking, address })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Where {
    address: Option<String>,
}

/// `GET /people/connect?address=`
pub(super) async fn connect(
    visit: Visit,
    State(service): State<Service>,
    Query(wanted): Query<Where>,
) -> Result<Response, Error> {
    Ok(html(&connect_page(&visit, &service, wanted.address.as_deref(), Field::default()).await?))
}

async fn connect_page(
    visit: &Visit,
    service: &Service,
    address: Option<&str>,
    text: Field,
) -> Result<ConnectPage, Error> {
    let shell = view::shell(service, Place::People).await?;
    let mut page = ConnectPage {
        page: visit.page(),
        shell,
        address: Field::default(),
        answer: None,
        text,
        tried: Vec::new(),
        connected: None,
    };
    let Some(address) = address.map(str::trim) else { return Ok(page) };
    page.address = Field::new(address);
    match service.who_is_at(address).await {
        Ok(found) => {
            let known = service.person(found.user).await.ok();
            page.answer = Some(Answer {
                person: web::Person::new(found.user, found.username),
                digits: view::beginning(&found.safety_number),
                online: known.as_ref().is_some_and(|person| person.connected),
                relation: view::relation(found.relation, known.and_then(|person| person.conversation)),
            });
        }
        Err(error) if concerns_input(&error) => {
            page.address.error = Some(error.to_string());
            if let service::Error::NobodyThere { tried, .. } = error {
                page.tried = tried;
            }
        }
        Err(error) => return Err(error.into()),
    }
    Ok(page)
}

#[derive(Debug, Deserialize)]
pub(super) struct Connecting {
    address: String,
    user: UserId,
}

/// `POST /people/connect`, fields `address` and the `user` who was seen there: somebody who is known here.
pub(super) async fn connect_now(
    look: Look,
    State(service): State<Service>,
    form: Form<Connecting>,
) -> Result<Response, Error> {
    let Connecting { address, user } = form.fields;
    let came = match service.connect_to(user, address.trim()).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("They answer at {}, but no connection came about.", address.trim())),
        Err(error) if !look.script && concerns_input(&error) => Err(error.to_string()),
        Err(error) => return Err(error.into()),
    };
    let visit = Visit { look, session: form.session };
    let mut page = connect_page(&visit, &service, Some(&address), Field::default()).await?;
    page.connected = Some(came);
    Ok(html(&page))
}

/// The person can do something about it on this page.
fn concerns_input(error: &service::Error) -> bool {
    matches!(error.kind(), service::Kind::Invalid | service::Kind::Unavailable)
}

#[derive(Debug, Deserialize)]
pub(super) struct Asking {
    username: Option<String>,
    address: Option<String>,
    user: Option<UserId>,
    text: String,
}

/// `POST /people/ask`, fields `text` and `username`, or `address` and the `user` who was seen there.
pub(super) async fn ask(
    look: Look,
    State(service): State<Service>,
    form: Form<Asking>,
) -> Result<Response, Error> {
    let Asking { username, address, user, text } = form.fields;
    let whom = match (&username, &address, user) {
        (Some(name), None, _) => Whom::Name(name.trim().to_owned()),
        (None, Some(address), Some(user)) => Whom::Address { address: address.trim().to_owned(), user },
        (None, Some(_), None) => return Err(service::Error::WhoIsMissing.into()),
        _ => return Err(service::Error::NameOrAddress.into()),
    };
    let error = match service.ask(&Ask { whom, text: text.trim().to_owned(), id: None }).await {
        Ok(asked) => return Ok(look.done(&format!("/chats/{}", asked.conversation))),
        Err(error) => error,
    };
    if look.script || error.field() != Some("text") {
        return Err(error.into());
    }
    let visit = Visit { look, session: form.session };
    let text = Field::wrong(text, error.to_string());
    if address.is_some() {
        return Ok(html(&connect_page(&visit, &service, address.as_deref(), text).await?));
    }
    let name = username.unwrap_or_default();
    let mut page = people_page(&visit, &service, name.trim(), None).await?;
    let whom = page.results.people.iter().find(|found| found.person.name == name.trim());
    page.asking = whom.map(|found| AskForm { user: found.person.user, text });
    Ok(html(&page))
}

#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

macro_rules! verbs {
    ($($(#[$doc:meta])* $verb:ident)*) => {
        $(
            $(#[$doc])*
            pub(super) async fn $verb(
                look: Look,
                State(service): State<Service>,
                Id(user): Id<UserId>,
                _: Form<Nothing>,
            ) -> Result<Response, Error> {
                service.$verb(user).await?;
                answer(&look, &service, user).await
            }
        )*
    };
}

verbs! {
    /// `POST /people/{user}/accept`
    accept
    /// `POST /people/{user}/decline`: they are told.
    decline
    /// `POST /people/{user}/block`: they are not told.
    block
    /// `POST /people/{user}/unblock`
    unblock
    /// `POST /people/{user}/confirm-keys`
    confirm_keys
}

/// Back to the chat with them.
async fn answer(look: &Look, service: &Service, user: UserId) -> Result<Response, Error> {
    let person = service.person(user).await?;
    let next = person.conversation.map_or_else(|| "/chats".to_owned(), |id| format!("/chats/{id}"));
    Ok(look.done(&next))
}
