//! What changes, numbered, for everybody who watches: the pages' live line and the scripts' event stream.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use protocol::ids::{BootId, ConversationId, MsgId, UserId};
use tokio::sync::broadcast;

use super::view::Stage;

/// How many changes a watcher may miss and still catch up.
const KEPT: usize = 1024;

/// One change; the store and the service hold the truth, this says where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A message was added or changed.
    Message {
        conversation: ConversationId,
        id: MsgId,
    },
    /// Delivered or read marks moved.
    Marks {
        conversation: ConversationId,
    },
    /// Unread count, last line or draft.
    Conversation {
        conversation: ConversationId,
    },
    /// A chat was cleared or deleted: nothing of what was shown of it is there any more.
    Cleared {
        conversation: ConversationId,
    },
    /// A person's relation, keys or name; also a new request.
    Person {
        user: UserId,
    },
    /// Somebody came or went.
    Presence {
        user: UserId,
        online: bool,
    },
    Typing {
        conversation: ConversationId,
        user: UserId,
        active: bool,
    },
    /// Their clock is more than a day away from ours.
    ClockWrong {
        user: UserId,
    },
    /// Locked, unlocked, signed out.
    Stage(Stage),
    /// The directory came or went; the state is in the status.
    Directory,
    Settings,
    /// A look at the ways to somebody went on.
    Examined {
        user: UserId,
    },
    /// More changed than can be told one by one: look at everything again.
    Everything,
}

/// A change with its number in this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    pub seq: u64,
    pub change: Change,
}

/// The stream of changes. Cheap to clone; all clones are one stream.
#[derive(Debug, Clone)]
pub struct Feed(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    boot: BootId,
    kept: Mutex<Kept>,
    out: broadcast::Sender<Numbered>,
}

#[derive(Debug)]
struct Kept {
    next: u64,
    changes: VecDeque<Numbered>,
}

/// What somebody who comes back missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missed {
    /// These, in order; then go on with the receiver.
    Changes(Vec<Numbered>),
    /// Too much, or the program was started anew: look at everything again.
    TooMuch,
}

impl Feed {
    pub fn new(boot: BootId) -> Self {
        let kept = Kept { next: 1, changes: VecDeque::with_capacity(KEPT) };
        Self(Arc::new(Shared { boot, kept: Mutex::new(kept), out: broadcast::Sender::new(KEPT) }))
    }

    /// Tells everybody.
    pub fn tell(&self, change: Change) {
        // The lock is held over the send, so that everybody sees one order.
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let numbered = Numbered { seq: kept.next, change };
        kept.next += 1;
        if kept.changes.len() == KEPT {
            kept.changes.pop_front();
        }
        kept.changes.push_back(numbered.clone());
        // Nobody watching is no error.
        let _ = self.0.out.send(numbered);
    }

    /// Everything from now on.
    pub fn watch(&self) -> broadcast::Receiver<Numbered> {
        self.0.out.subscribe()
    }

    /// What came after `since` of the run `boot`, and everything from now on; nothing falls between the two.
    pub fn watch_since(&self, boot: BootId, since: u64) -> (Missed, broadcast::Receiver<Numbered>) {
        let kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.0.out.subscribe();
        let oldest = kept.changes.front().map_or(kept.next, |change| change.seq);
        if boot != self.0.boot || since.saturating_add(1) < oldest || since >= kept.next {
            return (Missed::TooMuch, receiver);
        }
        let missed = kept.changes.iter().filter(|change| change.seq > since).cloned().collect();
        (Missed::Changes(missed), receiver)
    }

    /// The number of the newest change.
    pub fn newest(&self) -> u64 {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner).next - 1
    }

    /// This run of the program; numbers of other runs mean nothing here.
    pub fn boot(&self) -> BootId {
        self.0.boot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(n: u8) -> Change {
        Change::Person { user: UserId([n; 32]) }
    }

    #[test]
    fn who_comes_back_gets_what_came_between() {
        let feed = Feed::new(BootId([1; 16]));
        for n in 1..=3 {
            feed.tell(person(n));
        }
        let (missed, mut live) = feed.watch_since(BootId([1; 16]), 1);
        let seen: Vec<u64> = match missed {
            Missed::Changes(changes) => changes.iter().map(|change| change.seq).collect(),
            Missed::TooMuch => panic!("two changes are not too much"),
        };
        assert_eq!(seen, [2, 3]);
        feed.tell(person(4));
        assert_eq!(live.try_recv().expect("told"), Numbered { seq: 4, change: person(4) });
    }

    #[test]
    fn another_run_and_a_long_absence_mean_looking_at_everything_again() {
        let feed = Feed::new(BootId([1; 16]));
        for _ in 0..KEPT + 2 {
            feed.tell(person(1));
        }
        assert_eq!(feed.watch_since(BootId([2; 16]), 5).0, Missed::TooMuch);
        assert_eq!(feed.watch_since(BootId([1; 16]), 1).0, Missed::TooMuch);
        assert_eq!(feed.watch_since(BootId([1; 16]), 2 * KEPT as u64).0, Missed::TooMuch);
        assert!(
            matches!(feed.watch_since(BootId([1; 16]), 2).0, Missed::Changes(missed) if missed.len() == KEPT)
        );
    }
}
