//! Messages: write, look back, mark as read, show that one is writing.

use std::collections::BTreeMap;

use protocol::{
    body::Body,
    config::MAX_TEXT,
    ids::{ChainId, ConversationId, MsgId},
    node::{Command, Cursor},
    timeline::{Content as ItemContent, Item, NO_CHAIN, System},
};

use super::{Content, Error, History, Line, Message, Place, Progress, Service, Stretch, open::Open};
use crate::store::Page;

/// How far back a mark looks for other chains of the same person.
const MARKED: usize = 200;

impl Service {
    /// Writes a message; it is stored here when this returns. The same `id` twice writes once.
    ///
    /// # Errors
    /// An empty or too long text, an unknown conversation, a person who is blocked or whose keys changed.
    pub async fn send(&self, to: ConversationId, text: &str, id: Option<MsgId>) -> Result<Message, Error> {
        let open = self.open().await?;
        if text.trim().is_empty() {
            return Err(Error::EmptyText);
        }
        if text.len() > MAX_TEXT {
            return Err(Error::LongText { bytes: text.len(), limit: MAX_TEXT });
        }
        if let Some(id) = id
            && let Some(item) = open.store.item(to, id).await?
        {
            return self.show(&open, item).await;
        }
        let msg_id = id.unwrap_or_else(|| MsgId(rand::random()));
        open.command(Command::Send { conversation: to, msg_id, body: Body::text(text) }).await?;
        let item = open.item(to, msg_id).await?;
        self.show(&open, item).await
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
            messages: items.into_iter().map(|item| open.view_message(item, &cursors)).collect(),
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
        for (chain, seq) in seen {
            open.command(Command::Read { conversation: of, chain, seq }).await?;
        }
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
        let cursors = if item.mine { open.store.cursors(item.conversation).await? } else { Vec::new() };
        Ok(open.view_message(item, &cursors))
    }
}

impl Open {
    pub(super) fn view_message(&self, item: Item, cursors: &[Cursor]) -> Message {
        let progress = item.mine.then(|| {
            let theirs =
                cursors.iter().filter(|mark| mark.reader != self.user() && mark.chain == item.key.chain);
            let (delivered, read) = theirs
                .fold((0, 0), |(delivered, read), mark| (mark.delivered.max(delivered), mark.read.max(read)));
            match item.key.seq {
                seq if seq <= read => Progress::Read,
                seq if seq <= delivered => Progress::Delivered,
                _ => Progress::Pending,
            }
        });
        Message {
            conversation: item.conversation,
            id: item.id,
            place: Place(item.key),
            author: item.author,
            mine: item.mine,
            sent: item.wall,
            received: item.received,
            progress: progress.filter(|_| !matches!(item.content, ItemContent::System(_))),
            content: match item.content {
                ItemContent::Text { text } => Content::Text(text),
                ItemContent::System(System::KeysChanged) => Content::Line(Line::KeysChanged),
                ItemContent::System(System::Restored) => Content::Line(Line::Restored),
                ItemContent::System(System::PeerRestored) => Content::Line(Line::PeerRestored),
                ItemContent::System(System::NewDevice) => Content::Line(Line::NewDevice),
                ItemContent::Unknown { .. } | ItemContent::Unborn => Content::Unknown,
            },
        }
    }
}
