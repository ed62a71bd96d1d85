//! Presence: who is online, in memory only. Nodes give it under tags and watch tags; what a tag stands for is not known here.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use protocol::{
    directory::{Blob, DirectorySays, MAX_RECORD, MAX_TAGS, State, Tag, Visibility},
    ids::{DeviceId, LetterId, UserId},
};
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::refusal::Refusal;

/// What may wait for one socket: the letters that wait, and the news about everybody watched, fit.
const QUEUE: usize = 2 * MAX_TAGS;

/// A socket of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SocketId(u64);

/// Who is at a socket.
#[derive(Debug, Clone)]
pub(crate) struct Guest {
    pub(crate) account: String,
    pub(crate) session: String,
    pub(crate) username: String,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) visibility: Visibility,
    /// Accounts that are not told of this one.
    pub(crate) blocked: HashSet<String>,
}

/// What the socket's task holds. It leaves when dropped, so that no way out of a task forgets it.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) id: SocketId,
    presence: Arc<Presence>,
    line: Arc<Line>,
}

/// What is to be said on one socket. Idle sockets are many: it holds no memory while there is nothing to say.
#[derive(Debug, Default)]
struct Line {
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    said: VecDeque<Utf8Bytes>,
    /// The session ended, the socket is too slow, or a newer one took its place.
    leave: bool,
}

/// What a socket's task does next.
#[derive(Debug)]
pub(crate) enum Next {
    Say(Utf8Bytes),
    Leave,
}

impl Seat {
    /// Waits for something to do. Nothing is lost when the wait is given up.
    pub(crate) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.line.take() {
                return next;
            }
            self.line.news.notified().await;
        }
    }

    /// Waits until the socket must go, whatever there is to say.
    pub(crate) async fn must_leave(&self) {
        while !self.line.waiting().leave {
            self.line.news.notified().await;
        }
    }

    /// The node said good-bye: others are told now.
    pub(crate) fn leave(&self) {
        self.presence.room().remove(self.id);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Line {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Next> {
        let mut waiting = self.waiting();
        if waiting.leave {
            return Some(Next::Leave);
        }
        let next = waiting.said.pop_front().map(Next::Say);
        if waiting.said.is_empty() {
            waiting.said = VecDeque::new();
        }
        next
    }

    /// A socket that does not read what it is told is closed: on its return it gets the whole state.
    fn say(&self, says: Utf8Bytes) {
        let mut waiting = self.waiting();
        if waiting.said.len() < QUEUE {
            waiting.said.push_back(says);
        } else {
            waiting.leave = true;
        }
        drop(waiting);
        self.news.notify_one();
    }

    fn leave(&self) {
        self.waiting().leave = true;
        self.news.notify_one();
    }
}

#[derive(Debug)]
struct Socket {
    guest: Guest,
    line: Arc<Line>,
    gives: HashMap<Tag, Blob>,
    open: Option<Blob>,
    watches: HashSet<Tag>,
    watches_listed: bool,
}

/// Somebody in the open list.
#[derive(Debug)]
struct Listed {
    socket: SocketId,
    record: Blob,
}

#[derive(Debug, Default)]
struct Room {
    next: u64,
    sockets: HashMap<SocketId, Socket>,
    /// Oldest first.
    by_account: HashMap<String, Vec<SocketId>>,
    given: HashMap<Tag, (SocketId, Blob)>,
    watchers: HashMap<Tag, HashSet<SocketId>>,
    /// By account.
    listed: HashMap<String, Listed>,
    list_watchers: HashSet<SocketId>,
}

/// Everybody who is here.
#[derive(Debug)]
pub(crate) struct Presence {
    room: Mutex<Room>,
    sockets_per_account: usize,
}

impl Presence {
    pub(crate) fn new(sockets_per_account: usize) -> Self {
        Self { room: Mutex::default(), sockets_per_account }
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn join(self: &Arc<Self>, guest: Guest) -> Seat {
        let mut room = self.room();
        room.next += 1;
        let id = SocketId(room.next);
        let line = Arc::new(Line::default());
        let of_account = room.by_account.entry(guest.account.clone()).or_default();
        of_account.push(id);
        let crowded = (of_account.len() > self.sockets_per_account).then(|| of_account[0]);
        let socket = Socket {
            guest,
            line: line.clone(),
            gives: HashMap::new(),
            open: None,
            watches: HashSet::new(),
            watches_listed: false,
        };
        room.sockets.insert(id, socket);
        if let Some(oldest) = crowded {
            room.end(oldest);
        }
        Seat { id, presence: self.clone(), line }
    }

    /// The whole new state of a socket.
    pub(crate) fn state(&self, id: SocketId, state: State) -> Result<(), Refusal> {
        let State { give, open, watch, watch_listed } = state;
        if give.len() > MAX_TAGS || watch.len() > MAX_TAGS {
            return Err(Refusal::invalid(
                "watch",
                format!("at most {MAX_TAGS} tags can be given or watched"),
            ));
        }
        if give.iter().map(|give| &give.record).chain(&open).any(|record| record.0.len() > MAX_RECORD) {
            return Err(Refusal::invalid("record", format!("a record has at most {MAX_RECORD} bytes")));
        }
        let mut room = self.room();
        let Some(socket) = room.sockets.get_mut(&id) else { return Ok(()) };
        let gives: HashMap<Tag, Blob> = give.into_iter().map(|give| (give.tag, give.record)).collect();
        let watches: HashSet<Tag> = watch.into_iter().collect();
        let dropped: Vec<Tag> = socket.gives.keys().filter(|tag| !gives.contains_key(tag)).copied().collect();
        let new: Vec<Tag> = watches.difference(&socket.watches).copied().collect();
        let unwatched: Vec<Tag> = socket.watches.difference(&watches).copied().collect();
        let list_is_new = watch_listed && !socket.watches_listed;
        (socket.gives, socket.open, socket.watches, socket.watches_listed) =
            (gives, open, watches, watch_listed);
        for tag in dropped {
            room.take_back(id, &tag);
        }
        for tag in unwatched {
            room.unwatch(id, &tag);
        }
        for tag in new {
            room.watchers.entry(tag).or_default().insert(id);
            if let Some((_, record)) = room.given.get(&tag) {
                let says = say(&DirectorySays::Presence { tag, record: Some(record.clone()) });
                room.tell(id, says);
            }
        }
        match (watch_listed, list_is_new) {
            (true, true) => {
                room.list_watchers.insert(id);
                room.tell_list(id);
            }
            (false, _) => {
                room.list_watchers.remove(&id);
            }
            _ => {}
        }
        room.show(id);
        Ok(())
    }

    /// A session ended: its sockets go, and others are told at once.
    pub(crate) fn end_session(&self, session: &str) {
        self.end_where(|guest| guest.session == session);
    }

    pub(crate) fn end_account(&self, account: &str) {
        self.end_where(|guest| guest.account == account);
    }

    /// All sockets end; nobody is told, since everybody sees it.
    pub(crate) fn end_all(&self) {
        for socket in self.room().sockets.values() {
            socket.line.leave();
        }
    }

    fn end_where(&self, is: impl Fn(&Guest) -> bool) {
        let mut room = self.room();
        let ended: Vec<SocketId> =
            room.sockets.iter().filter(|(_, socket)| is(&socket.guest)).map(|(id, _)| *id).collect();
        for id in ended {
            room.end(id);
        }
    }

    pub(crate) fn set_visibility(&self, account: &str, visibility: Visibility) {
        let mut room = self.room();
        for id in room.by_account.get(account).cloned().unwrap_or_default() {
            let Some(socket) = room.sockets.get_mut(&id) else { continue };
            socket.guest.visibility = visibility;
            if visibility != Visibility::Everyone {
                room.unlist(id);
            }
            if visibility == Visibility::Nobody {
                let tags: Vec<Tag> = room
                    .sockets
                    .get(&id)
                    .into_iter()
                    .flat_map(|socket| socket.gives.keys().copied())
                    .collect();
                for tag in tags {
                    room.take_back(id, &tag);
                }
            }
            room.show(id);
        }
    }

    /// `owner` does or does not want to be seen by `other` any more.
    pub(crate) fn set_blocked(&self, owner: &str, other: &str, blocked: bool) {
        let mut room = self.room();
        let sockets = room.by_account.get(owner).cloned().unwrap_or_default();
        for id in &sockets {
            if let Some(socket) = room.sockets.get_mut(id) {
                if blocked {
                    socket.guest.blocked.insert(other.to_owned());
                } else {
                    socket.guest.blocked.remove(other);
                }
            }
        }
        let Some(listed) = room.listed.get(owner) else { return };
        let (id, record) = (listed.socket, listed.record.clone());
        let Some(says) = room.listed_says(id, (!blocked).then_some(record)) else { return };
        for watcher in room.by_account.get(other).cloned().unwrap_or_default() {
            if room.list_watchers.contains(&watcher) {
                room.tell(watcher, says.clone());
            }
        }
    }

    /// Gives a letter to the recipient's device if it is here.
    pub(crate) fn letter(&self, account: &str, device: DeviceId, letter: LetterId, sealed: Vec<u8>) {
        let mut room = self.room();
        let says = say(&DirectorySays::Letter { letter, sealed: Blob(sealed) });
        for id in room.by_account.get(account).cloned().unwrap_or_default() {
            if room.sockets.get(&id).is_some_and(|socket| socket.guest.device == device) {
                room.tell(id, says.clone());
            }
        }
    }

    /// Whether somebody of the open list is online.
    pub(crate) fn is_listed_online(&self, account: &str) -> bool {
        self.room().listed.contains_key(account)
    }

    /// How many sockets there are.
    pub(crate) fn count(&self) -> usize {
        self.room().sockets.len()
    }
}

impl Room {
    /// Makes known what a socket gives, as far as its visibility allows.
    fn show(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.get(&id) else { return };
        let visibility = socket.guest.visibility;
        if visibility == Visibility::Nobody {
            return;
        }
        for (tag, record) in socket.gives.clone() {
            let old = self.given.insert(tag, (id, record.clone()));
            // A node that comes back, or says the same again, is no news.
            if old.is_some_and(|(_, old)| old == record) {
                continue;
            }
            self.tell_watchers(&tag, Some(record));
        }
        let Some(socket) = self.sockets.get(&id) else { return };
        match socket.open.clone() {
            Some(record) if visibility == Visibility::Everyone => {
                let account = socket.guest.account.clone();
                let old = self.listed.insert(account, Listed { socket: id, record: record.clone() });
                if old.is_none_or(|old| old.record != record) {
                    self.tell_list_watchers(id, Some(record));
                }
            }
            _ => self.unlist(id),
        }
    }

    fn take_back(&mut self, id: SocketId, tag: &Tag) {
        if self.given.get(tag).is_some_and(|(giver, _)| *giver == id) {
            self.given.remove(tag);
            self.tell_watchers(tag, None);
        }
    }

    fn unlist(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.get(&id) else { return };
        let account = socket.guest.account.clone();
        if self.listed.get(&account).is_some_and(|listed| listed.socket == id) {
            self.listed.remove(&account);
            self.tell_list_watchers(id, None);
        }
    }

    fn unwatch(&mut self, id: SocketId, tag: &Tag) {
        if let Some(watchers) = self.watchers.get_mut(tag) {
            watchers.remove(&id);
            if watchers.is_empty() {
                self.watchers.remove(tag);
            }
        }
    }

    /// The socket's task is told to close; the others are told now.
    fn end(&mut self, id: SocketId) {
        if let Some(socket) = self.sockets.get(&id) {
            socket.line.leave();
        }
        self.remove(id);
    }

    fn remove(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.get(&id) else { return };
        let tags: Vec<Tag> = socket.gives.keys().copied().collect();
        let watches: Vec<Tag> = socket.watches.iter().copied().collect();
        for tag in tags {
            self.take_back(id, &tag);
        }
        for tag in watches {
            self.unwatch(id, &tag);
        }
        self.unlist(id);
        self.list_watchers.remove(&id);
        if let Some(socket) = self.sockets.remove(&id)
            && let Some(of_account) = self.by_account.get_mut(&socket.guest.account)
        {
            of_account.retain(|other| *other != id);
            if of_account.is_empty() {
                self.by_account.remove(&socket.guest.account);
            }
        }
    }

    fn tell_watchers(&mut self, tag: &Tag, record: Option<Blob>) {
        let says = say(&DirectorySays::Presence { tag: *tag, record });
        for watcher in self.watchers.get(tag).cloned().unwrap_or_default() {
            self.tell(watcher, says.clone());
        }
    }

    fn tell_list_watchers(&mut self, id: SocketId, record: Option<Blob>) {
        let Some(says) = self.listed_says(id, record) else { return };
        let Some(socket) = self.sockets.get(&id) else { return };
        let guest = socket.guest.clone();
        for watcher in self.list_watchers.clone() {
            let other = self.sockets.get(&watcher).map(|other| &other.guest.account);
            if other.is_some_and(|other| *other != guest.account && !guest.blocked.contains(other)) {
                self.tell(watcher, says.clone());
            }
        }
    }

    fn listed_says(&self, id: SocketId, record: Option<Blob>) -> Option<Utf8Bytes> {
        let guest = &self.sockets.get(&id)?.guest;
        Some(say(&DirectorySays::Listed {
            username: guest.username.clone(),
            user: guest.user,
            online: record.is_some(),
            record,
        }))
    }

    /// Everybody of the open list who is online, to one who begins to watch it.
    fn tell_list(&mut self, watcher: SocketId) {
        let Some(socket) = self.sockets.get(&watcher) else { return };
        let account = socket.guest.account.clone();
        let listed: Vec<(SocketId, Blob)> = self
            .listed
            .iter()
            .filter(|(owner, listed)| {
                **owner != account
                    && self
                        .sockets
                        .get(&listed.socket)
                        .is_some_and(|owner| !owner.guest.blocked.contains(&account))
            })
            .map(|(_, listed)| (listed.socket, listed.record.clone()))
            // More than a queue holds nobody reads; the page has a search for them.
            .take(MAX_TAGS / 2)
            .collect();
        for (id, record) in listed {
            if let Some(says) = self.listed_says(id, Some(record)) {
                self.tell(watcher, says);
            }
        }
    }

    fn tell(&mut self, id: SocketId, says: Utf8Bytes) {
        if let Some(socket) = self.sockets.get(&id) {
            socket.line.say(says);
        }
    }
}

/// As it goes over the socket. Made once, whoever gets it.
pub(crate) fn say(says: &DirectorySays) -> Utf8Bytes {
    serde_json::to_string(says).expect("plain data has a JSON form").into()
}
