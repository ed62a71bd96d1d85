//! Messages: write, change, take back, look back, mark as read, show that one is writing.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    body::Body,
    config::MAX_TEXT,
    ids::{ChainId, ConversationId, MsgId, UserId},
    node::{Command, Cursor},
    timeline::{Content as ItemContent, Item, Key, NO_CHAIN, Reaction, System},
};

use super::{
    Change, Content, Error, History, Info, Line, Message, NewMessage, Passed, Place, Progress, Quote,
    Service, Stay, Stretch, open::Open,
};
use crate::store::Page;

/// How far back a mark looks for other chains of the same person.
const MARKED: usize = 200;

impl Service {
    /// Writes a message; it is stored here when this returns. The same `id` twice writes once.
    ///
    /// # Errors
    /// An empty or too long text, an unknown conversation, an answer to a message that is not in it, a person who is
    /// blocked or whose keys changed.
    pub async fn send(&self, to: ConversationId, new: NewMessage) -> Result<Message, Error> {
        let open = self.open().await?;
        let NewMessage { text, id, reply } = new;
        check_text(&text)?;
        if let Some(id) = id
            && let Some(item) = open.store.item(to, id).await?
        {
            return self.show(&open, item).await;
        }
        if let Some(reply) = reply {
            open.row(to).await?;
            open.item(to, reply).await?;
        }
        let msg_id = id.unwrap_or_else(new_id);
        let body = Body::Text { text, reply };
        open.command(Command::Send { conversation: to, msg_id, target: None, body }).await?;
        let item = open.item(to, msg_id).await?;
        self.show(&open, item).await
    }

    /// Puts other words in the place of those of an own message.
    ///
    /// # Errors
    /// As [`Service::send`]; a message that somebody else wrote, or that has no words to change.
    pub async fn edit(&self, of: ConversationId, id: MsgId, text: &str) -> Result<Message, Error> {
        let open = self.open().await?;
        check_text(text)?;
        let item = open.own_item(of, id).await?;
        match item.text() {
            None => return Err(Error::NothingToChange),
            Some(before) if before == text => return self.show(&open, item).await,
            Some(_) => open.change(of, id, Body::Edit { text: text.to_owned() }).await?,
        }
        self.message(of, id).await
    }

    /// Takes an own message back: every node that hears of it forgets what it said.
    ///
    /// # Errors
    /// An unknown message, or one that somebody else wrote; a person who is blocked or whose keys changed.
    pub async fn redact(&self, of: ConversationId, id: MsgId) -> Result<(), Error> {
        let open = self.open().await?;
        let item = open.own_item(of, id).await?;
        match item.content {
            ItemContent::Redacted => Ok(()),
            ItemContent::Text { .. } => open.change(of, id, Body::Redact).await,
            _ => Err(Error::NothingToChange),
        }
    }

    /// Says with an emoji what one thinks of a message, or takes that back.
    ///
    /// # Errors
    /// Something else than an emoji, an unknown message, or one that is gone; a person who is blocked.
    pub async fn react(
        &self,
        of: ConversationId,
        id: MsgId,
        emoji: &str,
        on: bool,
    ) -> Result<Message, Error> {
        let open = self.open().await?;
        let emoji = emojis::get(emoji).ok_or(Error::NoEmoji)?.as_str().to_owned();
        let item = open.item(of, id).await?;
        if item.text().is_none() {
            return Err(Error::NothingToChange);
        }
        let mine = |reaction: &&Reaction| reaction.by == open.user() && reaction.emoji == emoji;
        if item.reactions().into_iter().any(|reaction| mine(&reaction)) != on {
            open.change(of, id, Body::React { emoji, on }).await?;
        }
        self.message(of, id).await
    }

    /// Forgets a message on this computer; nobody else hears of it.
    ///
    /// # Errors
    /// An unknown message.
    pub async fn hide(&self, of: ConversationId, id: MsgId) -> Result<(), Error> {
        let open = self.open().await?;
        open.item(of, id).await?;
        open.command(Command::Hide { conversation: of, id }).await.map(|_| ())
    }

    /// At most `limit` messages of a stretch, oldest first.
    ///
    /// # Errors
    /// When there is no such conversation, or not the message that the stretch is around.
    pub async fn history(
        &self,
        of: ConversationId,
        stretch: Stretch,
        limit: usize,
    ) -> Result<History, Error> {
        let open = self.open().await?;
        open.row(of).await?;
        let page = match stretch {
            Stretch::Newest => Page::Newest,
            Stretch::Before(place) => Page::Before(place.0),
            Stretch::After(place) => Page::After(place.0),
            Stretch::Around(id) => {
                open.item(of, id).await?;
                Page::Around(id)
            }
        };
        // One more than asked for tells whether there is more.
        let more = if matches!(page, Page::Around(_)) { limit } else { limit + 1 };
        let mut items = open.store.timeline(of, page, more).await?;
        let (older, newer) = match page {
            Page::Newest | Page::Before(_) => {
                let older = items.len() > limit;
                if older {
                    items.remove(0);
                }
                (older, !matches!(page, Page::Newest))
            }
            Page::After(_) => {
                let newer = items.len() > limit;
                items.truncate(limit);
                (true, newer)
            }
            Page::Around(_) => {
                let (first, last) = (items.first().map(|item| item.key), items.last().map(|item| item.key));
                let mut beyond = [false; 2];
                for (beyond, page) in beyond.iter_mut().zip([first.map(Page::Before), last.map(Page::After)])
                {
                    if let Some(page) = page {
                        *beyond = !open.store.timeline(of, page, 1).await?.is_empty();
                    }
                }
                (beyond[0], beyond[1])
            }
        };
        let cursors = open.store.cursors(of).await?;
        Ok(History {
            messages: open.view_messages(of, &items, &cursors).await?,
            older,
            newer,
            first_unread: open.store.first_unread(of).await?.map(Place),
        })
    }

    /// # Errors
    /// When there is no such message.
    pub async fn message(&self, of: ConversationId, id: MsgId) -> Result<Message, Error> {
        let open = self.open().await?;
        let item = open.item(of, id).await?;
        self.show(&open, item).await
    }

    /// Those of these messages that are there, in their order.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn messages(&self, of: ConversationId, ids: &BTreeSet<MsgId>) -> Result<Vec<Message>, Error> {
        let open = self.open().await?;
        let ids: Vec<MsgId> = ids.iter().copied().collect();
        let mut items = open.store.items(of, &ids).await?;
        items.retain(Item::is_shown);
        items.sort_unstable_by_key(|item| item.key);
        let cursors = open.store.cursors(of).await?;
        open.view_messages(of, &items, &cursors).await
    }

    /// One message with all that is known of it.
    ///
    /// # Errors
    /// When there is no such message.
    pub async fn info(&self, of: ConversationId, id: MsgId) -> Result<Info, Error> {
        let open = self.open().await?;
        let item = open.item(of, id).await?;
        let mut versions = Vec::new();
        if let ItemContent::Text { text, .. } = &item.content {
            versions.push((item.wall, text.clone()));
            versions.extend(item.versions().map(|version| (version.wall, version.text.clone())));
        }
        let passed = if item.mine { open.store.passed(&item.key).await? } else { Passed::default() };
        let message = self.show(&open, item).await?;
        let route = match message.progress {
            Some(Progress::Pending) => open.route(open.view(open.row(of).await?.person)).await?,
            _ => None,
        };
        Ok(Info { message, versions, passed, route })
    }

    /// Everything up to `up_to`, or up to the newest, was seen.
    ///
    /// # Errors
    /// When there is no such conversation or message.
    pub async fn mark_read(&self, of: ConversationId, up_to: Option<MsgId>) -> Result<(), Error> {
        let open = self.open().await?;
        open.row(of).await?;
        let mut items = match up_to {
            None => open.store.timeline(of, Page::Newest, MARKED).await?,
            Some(id) => {
                let item = open.item(of, id).await?;
                let mut items = open.store.timeline(of, Page::Before(item.key), MARKED).await?;
                items.push(item);
                items
            }
        };
        // A person has one chain for each life of their data folder, so mostly one.
        items.retain(|item| !item.mine && item.key.chain != NO_CHAIN);
        let mut seen: BTreeMap<ChainId, u64> = BTreeMap::new();
        for item in items {
            let seq = seen.entry(item.key.chain).or_default();
            *seq = item.key.seq.max(*seq);
        }
        if open.store.seen(of, &seen).await? {
            self.tell(Change::Conversation { conversation: of });
        }
        for (chain, seq) in seen {
            open.command(Command::Read { conversation: of, chain, seq }).await?;
        }
        Ok(())
    }

    /// From this message on everything counts as unread again, until it is seen. Nobody else hears of it.
    ///
    /// # Errors
    /// When there is no such message.
    pub async fn mark_unread(&self, of: ConversationId, from: MsgId) -> Result<(), Error> {
        let open = self.open().await?;
        let item = open.item(of, from).await?;
        open.store.set_unread_from(of, &item.key).await?;
        self.tell(Change::Conversation { conversation: of });
        Ok(())
    }

    /// Shows the other that one is writing, if both allow it.
    ///
    /// # Errors
    /// When there is no such conversation.
    pub async fn typing(&self, of: ConversationId, active: bool) -> Result<(), Error> {
        self.open().await?.command(Command::Typing { conversation: of, active }).await.map(|_| ())
    }

    async fn show(&self, open: &Open, item: Item) -> Result<Message, Error> {
        let of = item.conversation;
        let cursors = if item.mine { open.store.cursors(of).await? } else { Vec::new() };
        let mut messages = open.view_messages(of, std::slice::from_ref(&item), &cursors).await?;
        messages.pop().ok_or(Error::UnknownMessage)
    }
}

fn check_text(text: &str) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(Error::EmptyText);
    }
    if text.len() > MAX_TEXT {
        return Err(Error::LongText { bytes: text.len(), limit: MAX_TEXT });
    }
    Ok(())
}

pub(super) fn new_id() -> MsgId {
    MsgId(rand::random())
}

impl Open {
    async fn own_item(&self, of: ConversationId, id: MsgId) -> Result<Item, Error> {
        let item = self.item(of, id).await?;
        if item.mine { Ok(item) } else { Err(Error::NotYours) }
    }

    /// Says something about another message.
    async fn change(&self, conversation: ConversationId, target: MsgId, body: Body) -> Result<(), Error> {
        let target = Some(target);
        self.command(Command::Send { conversation, msg_id: new_id(), target, body }).await.map(|_| ())
    }

    /// Messages with what they answer.
    pub(super) async fn view_messages(
        &self,
        of: ConversationId,
        items: &[Item],
        cursors: &[Cursor],
    ) -> Result<Vec<Message>, Error> {
        let answered: Vec<MsgId> = items.iter().filter_map(replies_to).collect();
        let quotes: BTreeMap<MsgId, (UserId, String)> = self
            .store
            .items(of, &answered)
            .await?
            .iter()
            .filter_map(|item| Some((item.id, (item.author, item.text()?.to_owned()))))
            .collect();
        Ok(items
            .iter()
            .map(|item| {
                let reply = replies_to(item).map(|id| Quote { id, said: quotes.get(&id).cloned() });
                Message { reply, ..self.view_message(item, cursors) }
            })
            .collect())
    }

    /// A message without what it answers.
    pub(super) fn view_message(&self, item: &Item, cursors: &[Cursor]) -> Message {
        let system = matches!(item.content, ItemContent::System(_));
        Message {
            conversation: item.conversation,
            id: item.id,
            place: Place(item.key),
            author: item.author,
            mine: item.mine,
            sent: item.wall,
            received: item.received,
            reply: None,
            reactions: item
                .reactions()
                .into_iter()
                .map(|reaction| (reaction.emoji.clone(), reaction.by))
                .collect(),
            edited: item.versions().next_back().map(|version| version.wall),
            stay: item.ttl_s.map(|seconds| Stay { seconds, until: item.due }),
            progress: (item.mine && !system).then(|| self.progress(&item.key, cursors)),
            content: match (&item.content, item.text()) {
                (_, Some(text)) => Content::Text(text.to_owned()),
                (ItemContent::Timer { seconds }, _) => Content::Timer(*seconds),
                (ItemContent::System(System::KeysChanged), _) => Content::Line(Line::KeysChanged),
                (ItemContent::System(System::Restored), _) => Content::Line(Line::Restored),
                (ItemContent::System(System::PeerRestored), _) => Content::Line(Line::PeerRestored),
                (ItemContent::System(System::NewDevice), _) => Content::Line(Line::NewDevice),
                (ItemContent::Redacted | ItemContent::Hidden, _) => Content::Redacted,
                (ItemContent::Text { .. } | ItemContent::Unknown { .. } | ItemContent::Unborn, _) => {
                    Content::Unknown
                }
            },
        }
    }

    /// How far what stands at `place` in an own chain got.
    fn progress(&self, place: &Key, cursors: &[Cursor]) -> Progress {
        let theirs = cursors.iter().filter(|mark| mark.reader != self.user() && mark.chain == place.chain);
        let (delivered, read) = theirs
            .fold((0, 0), |(delivered, read), mark| (mark.delivered.max(delivered), mark.read.max(read)));
        match place.seq {
            seq if seq <= read => Progress::Read,
            seq if seq <= delivered => Progress::Delivered,
            _ => Progress::Pending,
        }
    }
}

fn replies_to(item: &Item) -> Option<MsgId> {
    if let ItemContent::Text { reply, .. } = item.content { reply } else { None }
}
