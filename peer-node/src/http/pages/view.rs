//! From what the service knows to what the pages show.

use protocol::time::WallMs;
use web::{
    Person, Reach, Visibility,
    chat::{Chat, Details, Request, Standing},
    message::{Body, Message, Quote, Reaction, Status, Stay, one_line},
    people,
    shell::{ChatRow, DirectoryState, Me, Network, Place, Preview, Shell},
};

use crate::{
    http::Error,
    service::{self, Relation, Service},
};

/// The sidebar, and the number of the newest change that it knows.
pub(in crate::http) async fn shell(service: &Service, place: Place) -> Result<Shell, Error> {
    // Before anything is read: what comes later is told by the live line, and telling twice does no harm.
    let since = format!("{}:{}", service.feed().boot(), service.feed().newest());
    let status = service.status().await;
    let Some(me) = &status.me else {
        return Err(stage_error(status.stage).into());
    };
    let settled = !matches!(status.directory, service::DirectoryState::None);
    let me = Me {
        person: Person::new(me.user, me.username.clone()),
        visibility: settled.then_some(visibility(me.visibility)),
        addresses: me.addresses.clone(),
        remind_recovery: me.recovery_waits,
    };
    let (mut requests, mut chats) = (Vec::new(), Vec::new());
    for conversation in service.conversations().await? {
        let open = place == Place::Chat(conversation.id);
        match list_of(&conversation, open) {
            Some(List::Requests) => requests.push(row(&conversation, open)),
            Some(List::Chats) => chats.push(row(&conversation, open)),
            None => {}
        }
    }
    Ok(Shell { me, requests, chats, network: network(&status), place, since })
}

fn stage_error(stage: service::Stage) -> service::Error {
    match stage {
        service::Stage::Fresh => service::Error::Fresh,
        service::Stage::Locked | service::Stage::Open => service::Error::Locked,
    }
}

/// The two lists of the sidebar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum List {
    Requests,
    Chats,
}

impl List {
    /// The `id` of its `<ul>`.
    pub(in crate::http) fn dom_id(self) -> &'static str {
        match self {
            Self::Requests => "request-list",
            Self::Chats => "chat-list",
        }
    }
}

/// Where a conversation stands in the sidebar; those that were declined stand nowhere, unless they are open.
pub(in crate::http) fn list_of(conversation: &service::Conversation, open: bool) -> Option<List> {
    match conversation.person.relation {
        Relation::Asking => Some(List::Requests),
        Relation::Declined if !open => None,
        _ => Some(List::Chats),
    }
}

/// A row of the sidebar. In the chat that is open, the draft is seen in the field.
pub(in crate::http) fn row(conversation: &service::Conversation, open: bool) -> ChatRow {
    let asking = conversation.person.relation == Relation::Asking;
    ChatRow {
        conversation: conversation.id,
        person: person(&conversation.person),
        reach: reach(&conversation.person),
        preview: preview(conversation, open),
        at: conversation.last.as_ref().map(|last| last.received).or(conversation.person.since),
        // A request waits for an answer, whatever was seen of it.
        unread: if asking { conversation.unread.max(1) } else { conversation.unread },
        muted: conversation.muted,
    }
}

fn preview(conversation: &service::Conversation, open: bool) -> Preview {
    match conversation.person.relation {
        Relation::Asking => return Preview::Wants,
        Relation::Declined => return Preview::Declined,
        Relation::Blocked => return Preview::Blocked,
        _ if conversation.person.keys_changed => return Preview::KeysChanged,
        _ => {}
    }
    if let Some(draft) = conversation.draft.as_ref().filter(|draft| !open && !draft.text.trim().is_empty()) {
        return Preview::Draft(one_line(&draft.text));
    }
    match conversation.person.relation {
        Relation::Asked => return Preview::Asked,
        Relation::DeclinedMe => return Preview::DeclinedMe,
        _ => {}
    }
    match conversation.last.as_ref().map(|last| (&last.content, last.mine)) {
        None
        | Some((
            service::Content::Line(
                service::Line::Restored | service::Line::PeerRestored | service::Line::NewDevice,
            ),
            _,
        )) => Preview::Empty,
        Some((service::Content::Text(text), mine)) => Preview::Text { mine, text: one_line(text) },
        Some((service::Content::Line(service::Line::KeysChanged), _)) => Preview::KeysChanged,
        Some((service::Content::Timer(seconds), _)) => Preview::Timer(*seconds),
        Some((service::Content::Redacted, _)) => Preview::Redacted,
        Some((service::Content::Unknown, _)) => Preview::UpdateNeeded,
    }
}

pub(in crate::http) fn person(person: &service::Person) -> Person {
    Person::new(person.user, person.username.clone())
}

/// Online is said only of a live link, or of strangers whom the directory shows.
pub(in crate::http) fn reach(person: &service::Person) -> Reach {
    match (person.connected || (person.online && person.relation == Relation::Stranger), person.last_seen) {
        (true, _) => Reach::Online,
        (false, Some(at)) => Reach::Seen(at),
        (false, None) => Reach::Away,
    }
}

pub(in crate::http) fn network(status: &service::Status) -> Network {
    let directory = match &status.directory {
        service::DirectoryState::None => DirectoryState::None,
        service::DirectoryState::Up { url, .. } => DirectoryState::Up { name: host(url) },
        service::DirectoryState::Down { url, .. } => DirectoryState::Down { name: host(url) },
        service::DirectoryState::SignedOut { url } => DirectoryState::SignedOut { name: host(url) },
    };
    // Offline is what can be seen: a directory that is set does not answer, and nobody is linked.
    let online = status.reachable > 0 || !matches!(directory, DirectoryState::Down { .. });
    Network { online, reachable: status.reachable, waiting: status.waiting, directory }
}

/// `https://chat.example.org:7400/` is called `chat.example.org:7400`.
pub(in crate::http) fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest).to_owned()
}

/// Why a directory can't be used, for the person who typed its address.
pub(super) fn about_directory(error: &service::Error, url: &str) -> String {
    match error {
        service::Error::DirectoryDown => {
            format!("No answer from {}. Check the address, or try again.", host(url))
        }
        other => other.to_string(),
    }
}

pub(in crate::http) fn visibility(visibility: service::Visibility) -> Visibility {
    match visibility {
        service::Visibility::Everyone => Visibility::Everyone,
        service::Visibility::ExactName => Visibility::ExactName,
        service::Visibility::Nobody => Visibility::Nobody,
    }
}

pub(super) fn wanted_visibility(word: &str) -> Option<service::Visibility> {
    Visibility::from_word(word).map(|visibility| match visibility {
        Visibility::Everyone => service::Visibility::Everyone,
        Visibility::ExactName => service::Visibility::ExactName,
        Visibility::Nobody => service::Visibility::Nobody,
    })
}

/// A message of a conversation between `me` and `with`.
pub(in crate::http) fn message(message: &service::Message, me: &Person, with: &service::Person) -> Message {
    let author = if message.mine { me.clone() } else { Person::new(message.author, with.username.clone()) };
    Message {
        conversation: message.conversation,
        id: message.id,
        key: message.place.0,
        author,
        mine: message.mine,
        wall: message.sent,
        body: match &message.content {
            service::Content::Text(text) => Body::Text(text.clone()),
            service::Content::Timer(seconds) => Body::Timer(*seconds),
            service::Content::Redacted => Body::Redacted,
            service::Content::Line(service::Line::KeysChanged) => Body::KeysChanged,
            service::Content::Line(service::Line::Restored) => Body::Restored,
            service::Content::Line(service::Line::PeerRestored) => Body::PeerRestored,
            service::Content::Line(service::Line::NewDevice) => Body::NewDevice,
            service::Content::Unknown => Body::Unknown,
        },
        reply: message.reply.as_ref().map(|reply| quote(reply, me, with)),
        reactions: reactions(&message.reactions, me, with),
        edited: message.edited.is_some(),
        stay: message.stay.map(|stay| Stay { seconds: stay.seconds, until: stay.until }),
        // Of what is gone only that it is gone is said.
        status: message
            .progress
            .filter(|_| message.content != service::Content::Redacted)
            .map(|progress| status(progress, with)),
    }
}

/// Each emoji once, with those who gave it.
fn reactions(
    given: &[(String, protocol::ids::UserId)],
    me: &Person,
    with: &service::Person,
) -> Vec<Reaction> {
    let mut reactions: Vec<Reaction> = Vec::new();
    for (emoji, by) in given {
        let mine = *by == me.user;
        let at = reactions.iter().position(|reaction| reaction.emoji == *emoji);
        let at = at.unwrap_or_else(|| {
            reactions.push(Reaction { emoji: emoji.clone(), others: Vec::new(), mine: false });
            reactions.len() - 1
        });
        if mine {
            reactions[at].mine = true;
        } else {
            reactions[at].others.push(with.username.clone());
        }
    }
    reactions
}

fn quote(quote: &service::Quote, me: &Person, with: &service::Person) -> Quote {
    let (author, text) = quote.said.clone().unzip();
    let mine = author == Some(me.user);
    let name = if mine { me.name.clone() } else { with.username.clone() };
    Quote { id: quote.id, mine, name, text }
}

/// The message that the draft of a conversation answers.
pub(in crate::http) async fn answers(
    service: &Service,
    of: &service::Conversation,
    reply: Option<protocol::ids::MsgId>,
    me: &Person,
) -> Option<Quote> {
    // What is gone since cannot be answered any more.
    let answered = service.message(of.id, reply?).await.ok()?;
    let quote = message(&answered, me, &of.person).quote();
    quote.text.is_some().then_some(quote)
}

/// "Sending" is said only while bytes can move: there is a link, and they take messages of mine.
pub(in crate::http) fn status(progress: service::Progress, with: &service::Person) -> Status {
    let moving = with.connected && with.relation == Relation::Contact && !with.keys_changed;
    match progress {
        service::Progress::Pending if moving => Status::Sending,
        service::Progress::Pending => Status::Waiting,
        service::Progress::OnTheWay => Status::OnTheWay,
        service::Progress::Delivered => Status::Delivered,
        service::Progress::Read => Status::Read,
    }
}

/// As [`chat`], and where the talk went on if they started anew.
pub(in crate::http) async fn chat_now(
    service: &Service,
    conversation: &service::Conversation,
    directory: Option<&str>,
) -> Result<Chat, Error> {
    let mut chat = chat(conversation, directory);
    let user = conversation.person.user;
    if conversation.person.relation == Relation::Contact
        && let Some(next) = service.successor(user).await?
    {
        chat.standing = Standing::Moved(next);
    }
    Ok(chat)
}

/// A chat without its rows.
pub(in crate::http) fn chat(conversation: &service::Conversation, directory: Option<&str>) -> Chat {
    let with = &conversation.person;
    let digits = with.safety_number.clone().unwrap_or_default();
    Chat {
        conversation: conversation.id,
        person: person(with),
        reach: reach(with),
        standing: standing(with, &digits, directory),
        rows: Vec::new(),
        earlier: None,
        later: None,
        first_unread: None,
        first: status(service::Progress::Pending, with),
        draft: conversation.draft.clone().unwrap_or_default().text,
        answers: None,
        muted: conversation.muted,
        timer: conversation.timer,
        error: None,
        details: Details { safety_number: digits, since: with.since.filter(|since| *since > WallMs(0)) },
        details_open: false,
    }
}

fn standing(with: &service::Person, digits: &str, directory: Option<&str>) -> Standing {
    match with.relation {
        Relation::Blocked => Standing::Blocked,
        Relation::Asking => Standing::Asking(Request {
            by_address: directory.is_none(),
            digits: beginning(digits),
            new_keys: with.keys_changed,
        }),
        Relation::Declined => Standing::Declined,
        _ if with.keys_changed => Standing::KeysChanged,
        Relation::Asked => Standing::Asked,
        Relation::DeclinedMe => Standing::DeclinedMe,
        Relation::Contact | Relation::Stranger | Relation::Myself => Standing::Contact,
    }
}

/// `27183 45901 28`: enough digits to compare at a glance.
pub(super) fn beginning(digits: &str) -> String {
    let part = |from: usize, to: usize| digits.get(from..to.min(digits.len())).unwrap_or_default();
    [part(0, 5), part(5, 10), part(10, 12)].join(" ").trim_end().to_owned()
}

pub(super) fn relation(
    relation: Relation,
    conversation: Option<protocol::ids::ConversationId>,
) -> people::Relation {
    match (relation, conversation) {
        (Relation::Myself, _) => people::Relation::You,
        (Relation::Asked, Some(id)) => people::Relation::Asked(id),
        (Relation::Asking, Some(id)) => people::Relation::Asking(id),
        (Relation::Contact, Some(id)) => people::Relation::Contact(id),
        (Relation::DeclinedMe, Some(id)) => people::Relation::DeclinedMe(id),
        (Relation::Declined, Some(id)) => people::Relation::Declined(id),
        (Relation::Blocked, Some(id)) => people::Relation::Blocked(id),
        (_, _) => people::Relation::Stranger,
    }
}

pub(super) fn found(person: &service::Person) -> people::Found {
    people::Found {
        person: self::person(person),
        reach: reach(person),
        relation: relation(person.relation, person.conversation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_called_by_their_host() {
        assert_eq!(host("https://chat.example.org:7400/x"), "chat.example.org:7400");
        assert_eq!(host("chat.example.org"), "chat.example.org");
    }

    #[test]
    fn the_beginning_of_a_safety_number_may_be_missing() {
        assert_eq!(beginning("271834590128374650"), "27183 45901 28");
        assert_eq!(beginning(""), "");
    }
}
