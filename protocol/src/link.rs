//! One connection: how far its two ends have come with each other, whether it lives, and what is about to go out on it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    config::Config,
    event::Event,
    frame::{Events, Frame, Hello, Mark, State},
    ids::{ChainId, ConversationId, DeviceId},
    sync::Flow,
    time::Now,
};

/// One link of this node.
#[derive(Debug)]
pub struct Link {
    pub peer: DeviceId,
    pub dialled: bool,
    pub up: Now,
    /// When anything last came.
    pub heard: Now,
    /// A PING is out, unanswered.
    pub pinged: bool,
    /// The peer's HELLO: nothing else is taken before it.
    pub hello: Option<Hello>,
    /// When our STATE went out: it wants an answer.
    pub greeted: Option<Now>,
    /// The peer's came, and what we have went out.
    pub compared: bool,
    /// A STATE of somebody who is no contact; it counts once they are.
    pub early_state: Option<Box<State>>,
    /// Conversations of which the peer told all it has: only these are sent.
    pub told: BTreeSet<ConversationId>,
    /// How far the peer has our chains, durably.
    pub has: BTreeMap<ChainId, u64>,
    pub flow: Flow,
    /// When the window last moved, while something is under way.
    pub progress: Option<Now>,
    /// Bytes of events that the peer may still send us.
    pub allowance: u64,
    /// Bytes of events that were taken in within this step.
    pub taken: u32,
    /// Chains that grew within this step, to be acknowledged.
    pub grown: BTreeSet<ChainId>,
    /// Chains that were refused: what follows of them is passed over.
    pub refused: BTreeSet<ChainId>,
    /// Conversations whose marks the peer was not told yet.
    pub owed_marks: BTreeSet<ConversationId>,
    /// Marks on chains of ours of which it is not sure yet that the peer has the same.
    pub early_marks: BTreeMap<ChainId, Mark>,
    /// Frames, and letters among them, that came while the peer was no contact.
    pub strange_frames: u32,
    pub strange_letters: u32,
    /// The peer broke the rules: it is not dialled again at once.
    pub broken: bool,
    out: Outbox,
}

/// What is wrong with a link, or due on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing before then.
    Later(Now),
    Ping,
    /// No HELLO in time, nothing heard, or nothing taken.
    Dead,
    /// A stranger stayed long enough.
    Stranger,
}

impl Link {
    pub fn new(peer: DeviceId, dialled: bool, now: Now, window: u32) -> Self {
        Self {
            peer,
            dialled,
            up: now,
            heard: now,
            pinged: false,
            hello: None,
            greeted: None,
            compared: false,
            early_state: None,
            told: BTreeSet::new(),
            has: BTreeMap::new(),
            flow: Flow::default(),
            progress: None,
            allowance: window.into(),
            taken: 0,
            grown: BTreeSet::new(),
            refused: BTreeSet::new(),
            owed_marks: BTreeSet::new(),
            early_marks: BTreeMap::new(),
            strange_frames: 0,
            strange_letters: 0,
            broken: false,
            out: Outbox::default(),
        }
    }

    /// Events flow in at least one direction.
    pub fn is_live(&self) -> bool {
        self.hello.is_some() && self.compared
    }

    /// What time asks of this link.
    pub fn due(&self, now: Now, config: &Config, is_contact: bool) -> Due {
        let mut next = self.heard + if self.pinged { config.dead } else { config.ping };
        let mut check = |at: Now, due: Due| {
            if now >= at {
                return Some(due);
            }
            next = next.min(at);
            None
        };
        let dead = check(self.heard + config.dead, Due::Dead)
            .or_else(|| self.progress.and_then(|since| check(since + config.progress, Due::Dead)))
            .or_else(
                || if self.hello.is_none() { check(self.up + config.handshake, Due::Dead) } else { None },
            )
            .or_else(|| {
                let unanswered = self.greeted.filter(|_| is_contact && !self.compared);
                unanswered.and_then(|since| check(since + config.progress, Due::Dead))
            })
            .or_else(|| if is_contact { None } else { check(self.up + config.stranger, Due::Stranger) });
        match dead {
            Some(due) => due,
            None if !self.pinged && now >= self.heard + config.ping => Due::Ping,
            None => Due::Later(next),
        }
    }

    /// Puts a frame into the message that goes out at the end of the step.
    pub fn say(&mut self, frame: Frame) {
        self.out.frame(frame);
    }

    pub fn send_event(&mut self, conversation: ConversationId, event: Event, batch: usize) {
        self.out.event(conversation, event, batch);
    }

    /// The messages of this step.
    pub fn take_messages(&mut self) -> Vec<Vec<Frame>> {
        std::mem::take(&mut self.out.messages)
    }

    pub fn drop_messages(&mut self) {
        self.out = Outbox::default();
    }
}

/// Frames of one step, gathered into messages.
#[derive(Debug, Default)]
struct Outbox {
    messages: Vec<Vec<Frame>>,
    /// Bytes of events in the last message.
    bytes: usize,
}

impl Outbox {
    /// Frames without events are small and few: they ride along.
    fn frame(&mut self, frame: Frame) {
        match self.messages.last_mut() {
            Some(last) if last.len() < 64 => last.push(frame),
            _ => {
                self.messages.push(vec![frame]);
                self.bytes = 0;
            }
        }
    }

    fn event(&mut self, conversation: ConversationId, event: Event, batch: usize) {
        let len = event.wire_len();
        if self.bytes > 0 && self.bytes + len > batch {
            self.messages.push(Vec::new());
            self.bytes = 0;
        }
        self.bytes += len;
        if self.messages.is_empty() {
            self.messages.push(Vec::new());
        }
        let last = self.messages.last_mut().expect("one was put there");
        match last.last_mut() {
            Some(Frame::Events(events)) if events.conversation == conversation => events.events.push(event),
            _ => last.push(Frame::Events(Events { conversation, events: vec![event] })),
        }
    }
}

/// Two links to one device: does the new one take the place of the old? Both ends must come to the same answer.
///
/// `mine` and `peer` are the two devices; `restarted` says that the peer is another run than the one behind the old link.
pub fn new_one_stays(old: &Link, new: &Link, mine: DeviceId, restarted: bool, config: &Config) -> bool {
    // A node dials only while it has no link: one that was up for long and is dialled again is dead at the other end.
    if restarted || old.dialled == new.dialled || new.up >= old.up + config.handshake * 2 {
        return true;
    }
    new.dialled == (mine < new.peer)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        frame::{Limits, Ping},
        ids::BootId,
    };

    const ME: DeviceId = DeviceId([5; 32]);
    const SMALLER: DeviceId = DeviceId([1; 32]);

    fn after(seconds: u64) -> Now {
        Now(0) + Duration::from_secs(seconds)
    }

    fn link() -> Link {
        Link::new(SMALLER, true, Now(0), 0)
    }

    #[test]
    fn of_two_links_the_one_dialled_by_the_smaller_device_stays_at_both_ends() {
        let config = Config::default();
        for new_is_by_smaller in [true, false] {
            let at_me = |dialled| Link::new(SMALLER, dialled, Now(0), 0);
            let at_smaller = |dialled| Link::new(ME, dialled, Now(0), 0);
            let here =
                new_one_stays(&at_me(new_is_by_smaller), &at_me(!new_is_by_smaller), ME, false, &config);
            let there = new_one_stays(
                &at_smaller(!new_is_by_smaller),
                &at_smaller(new_is_by_smaller),
                SMALLER,
                false,
                &config,
            );
            assert_eq!((here, there), (new_is_by_smaller, new_is_by_smaller));
        }
    }

    #[test]
    fn a_peer_that_restarted_or_dials_again_has_lost_the_old_link() {
        let config = Config::default();
        let old = Link::new(SMALLER, false, Now(0), 0);
        let crossing = Link::new(SMALLER, true, Now(0), 0);
        assert!(!new_one_stays(&old, &crossing, ME, false, &config));
        assert!(new_one_stays(&old, &crossing, ME, true, &config));
        assert!(new_one_stays(&old, &Link::new(SMALLER, true, after(30), 0), ME, false, &config));
        assert!(new_one_stays(&old, &Link::new(SMALLER, false, Now(1), 0), ME, false, &config));
    }

    #[test]
    fn silence_is_pinged_and_then_deadly() {
        let config = Config::default();
        let mut link = link();
        assert_eq!(link.due(after(1), &config, true), Due::Later(after(5)), "waits for HELLO");
        assert_eq!(link.due(after(5), &config, true), Due::Dead);
        let limits = Limits { message: 0, window: 0 };
        link.hello = Some(Hello { versions: vec![1], features: 0, limits, boot: BootId([0; 16]) });
        assert_eq!(link.due(after(5), &config, true), Due::Later(after(20)));
        assert_eq!(link.due(after(20), &config, true), Due::Ping);
        link.pinged = true;
        assert_eq!(link.due(after(21), &config, true), Due::Later(after(45)));
        assert_eq!(link.due(after(45), &config, true), Due::Dead);
    }

    #[test]
    fn frames_of_a_step_go_out_together() {
        let mut link = link();
        link.say(Frame::Ping(Ping { nonce: 1 }));
        link.say(Frame::Who);
        assert_eq!(link.take_messages(), vec![vec![Frame::Ping(Ping { nonce: 1 }), Frame::Who]]);
        assert_eq!(link.take_messages(), Vec::<Vec<Frame>>::new());
    }
}
