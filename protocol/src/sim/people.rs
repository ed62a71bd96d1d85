//! What the people and the weather of a script do to the world.

use std::collections::BTreeSet;

use super::{
    host::SimSeal,
    model::Stance,
    script::{Act, Change, Tamper},
    store::MemoryStore,
    world::{Happening, World},
};
use crate::{
    body::Body,
    identity::one_to_one,
    ids::MsgId,
    node::{Carried, Command, DirectorySaid, NewIdentity, Preferences},
    timeline::{Content, Item},
};

/// What people of a simulation think of things.
const SIGNS: [&str; 3] = ["\u{1f44d}", "\u{1f389}", "\u{2764}\u{fe0f}"];

impl<S: SimSeal> World<S> {
    pub(super) fn act(&mut self, number: usize) {
        let Some(step) = self.script.steps.get(number).cloned() else { return };
        if let Some(next) = self.script.steps.get(number + 1) {
            self.queue.plan(self.now() + next.after_ms, Happening::Act(number + 1));
        }
        let people = self.hosts.len();
        self.note(people, "script", &number.to_le_bytes(), || format!("{:?}", step.act));
        match step.act {
            Act::Ask { by, to } => self.wants_to_ask(by, to),
            Act::Accept { by, to } => self.decides(by, to, |user| Command::Accept { user }),
            Act::Decline { by, to } => self.decides(by, to, |user| Command::Decline { user }),
            Act::Block { by, to } => self.decides(by, to, |user| Command::Block { user }),
            Act::Unblock { by, to } => self.decides(by, to, |user| Command::Unblock { user }),
            Act::Say { by, to, bytes } => self.says(by, to, bytes),
            Act::Burst { by, to, count } => (0..count).for_each(|_| self.says(by, to, 40)),
            Act::Change { by, to, which, what } => self.changes(by, to, which, what),
            Act::Read { by, to } => self.reads(by, to),
            Act::Typing { by, to, active } => {
                if let Some(conversation) = self.conversation(by, to) {
                    self.wants(by, Command::Typing { conversation, active });
                }
            }
            Act::Hide { by, hidden } => self.hides(by, hidden),
            Act::Cut { a, b, told } => self.cut(a, b, told),
            Act::Part { island } => {
                let island: BTreeSet<usize> = island.into_iter().collect();
                self.net.part(people, &island);
            }
            Act::Heal => self.heal_network(),
            Act::Duplicate { by, to } => {
                if self.hosts[by].node.is_some()
                    && self.hosts[to].node.is_some()
                    && self.net.reachable(by, to)
                {
                    self.connect(by, to);
                }
            }
            Act::Crash { who, boundary, down_ms } => {
                let host = &mut self.hosts[who];
                host.die_at = Some((host.boundaries + boundary + 1, down_ms));
            }
            Act::Stop { who, down_ms } => self.stop(who, down_ms),
            Act::Image { who } => self.hosts[who].image = Some(self.hosts[who].store.clone()),
            Act::Restore { who, told, down_ms } => self.restore(who, told, down_ms),
            Act::Move { who, down_ms } => self.moves(who, down_ms),
            Act::DiskFull { who, for_ms } => {
                self.hosts[who].store.full = true;
                self.queue.plan(self.now() + for_ms, Happening::DiskFree { who });
            }
            Act::Clock { who, shift_ms } => self.hosts[who].clock_ms = shift_ms,
            Act::DirectoryDown => self.directory_down(),
            Act::DirectoryUp => self.directory_up(),
            Act::Tamper { who, with: Tamper::Fork, .. } => self.fork_later(who),
            Act::Tamper { who, with, times } => self.hosts[who].tamper = Some((with, times)),
            Act::Stranger { to } => self.stranger(to),
        }
    }

    fn wants(&mut self, who: usize, command: Command) {
        if self.hosts[who].node.is_some() {
            let input = self.hosts[who].ask(command);
            self.feed(who, input);
        }
    }

    fn conversation(&self, a: usize, b: usize) -> Option<crate::ids::ConversationId> {
        let (a, b) = (self.hosts[a].identity.as_ref()?, self.hosts[b].identity.as_ref()?);
        Some(one_to_one(a.user, b.user))
    }

    /// A message of its own, that shows who wrote it to whom.
    fn words(&mut self, by: usize, to: usize, bytes: usize, request: bool) -> (MsgId, String) {
        let id = MsgId(self.dice.bytes());
        let mut text = format!("{by} to {to}: {}", id.short());
        text.extend(std::iter::repeat_n('.', bytes.saturating_sub(text.len())));
        self.model.say(id, by, to, text.clone(), request);
        (id, text)
    }

    /// By name where the directory knows it, else by an address that was typed.
    fn wants_to_ask(&mut self, by: usize, to: usize) {
        let Some(other) = self.hosts[to].identity.clone() else { return };
        if self.hosts[by].node.is_none() {
            return;
        }
        let found = self.directory.profile(other.user).filter(|_| self.directory.up).cloned();
        let (profile, addresses) = match found {
            Some(profile) if self.dice.percent(80) => (profile, Vec::new()),
            _ => match &self.hosts[to].node {
                Some(node) if self.net.reachable(by, to) => (node.profile().clone(), self.typed_address(to)),
                _ => return,
            },
        };
        let (msg_id, text) = self.words(by, to, 30, true);
        self.wants(by, Command::Ask { profile, addresses, msg_id, text });
    }

    fn decides(&mut self, by: usize, to: usize, command: impl FnOnce(crate::ids::UserId) -> Command) {
        if let Some(other) = self.hosts[to].identity.clone() {
            self.wants(by, command(other.user));
        }
    }

    fn says(&mut self, by: usize, to: usize, bytes: usize) {
        let Some(conversation) = self.conversation(by, to) else { return };
        if self.hosts[by].node.is_some() && self.hosts[by].store.conversations.contains_key(&conversation) {
            let (msg_id, text) = self.words(by, to, bytes, false);
            self.wants(by, Command::Send { conversation, msg_id, target: None, body: Body::text(text) });
        }
    }

    /// Something is done to one of the newest messages that this person sees there.
    fn changes(&mut self, by: usize, to: usize, which: usize, what: Change) {
        let Some(conversation) = self.conversation(by, to) else { return };
        if self.hosts[by].node.is_none() || !self.hosts[by].store.conversations.contains_key(&conversation) {
            return;
        }
        let msg_id = MsgId(self.dice.bytes());
        if let Change::Timer { seconds } = what {
            self.model.timers.insert(msg_id);
            let body = Body::Timer { seconds };
            return self.wants(by, Command::Send { conversation, msg_id, target: None, body });
        }
        let own = matches!(what, Change::Edit | Change::Redact);
        let items = self.hosts[by].store.timeline(conversation);
        let fits = |item: &&&Item| matches!(item.content, Content::Text { .. }) && (item.mine || !own);
        let Some(target) = items.iter().rev().filter(fits).nth(which).map(|item| item.id) else { return };
        let body = match what {
            Change::Edit => {
                let text = format!("{by} again: {}", msg_id.short());
                self.model.edits.entry(target).or_default().insert(text.clone());
                Body::Edit { text }
            }
            Change::Redact => {
                self.model.redacted.insert(target);
                Body::Redact
            }
            Change::React { sign, on } => Body::React { emoji: SIGNS[sign % SIGNS.len()].to_owned(), on },
            Change::Timer { .. } => return,
        };
        self.wants(by, Command::Send { conversation, msg_id, target: Some(target), body });
    }

    /// The person looks at all that is there.
    fn reads(&mut self, by: usize, of: usize) {
        let Some(conversation) = self.conversation(by, of) else { return };
        let items = self.hosts[by].store.timeline(conversation);
        let newest = items.iter().rev().find(|item: &&&Item| !item.mine);
        if let Some(key) = newest.map(|item| item.key) {
            self.wants(by, Command::Read { conversation, chain: key.chain, seq: key.seq });
        }
    }

    pub(super) fn hides(&mut self, by: usize, hidden: bool) {
        let preferences = Preferences { receipts: true, typing: true, answer_who: true, hidden };
        if self.hosts[by].node.is_some() {
            self.wants(by, Command::Prefer(preferences));
        } else {
            self.hosts[by].again.push(Command::Prefer(preferences));
        }
    }

    /// Notes where somebody stands once the command for it is durable.
    pub(super) fn stands(&mut self, who: usize, command: &Command) {
        let (user, stance) = match command {
            Command::Ask { profile, .. } => (profile.user(), Stance::Yes),
            Command::Accept { user } => (*user, Stance::Yes),
            Command::Decline { user } => (*user, Stance::No),
            Command::Block { user } => (*user, Stance::Blocked),
            Command::Unblock { user } => (*user, Stance::Unblocked),
            _ => return,
        };
        let whom =
            self.hosts.iter().position(|host| host.identity.as_ref().is_some_and(|id| id.user == user));
        if let Some(whom) = whom {
            self.model.take(who, whom, stance);
        }
    }

    /// The network works again, and every node is told so by its operating system.
    pub(super) fn heal_network(&mut self) {
        self.net.heal();
        for who in 0..self.hosts.len() {
            self.wants(who, Command::Redial);
        }
    }

    fn stop(&mut self, who: usize, down_ms: u64) {
        self.wants(who, Command::Goodbye);
        // Some milliseconds for the last words, then it ends like any process.
        let host = &mut self.hosts[who];
        if host.node.is_some() {
            self.queue.plan(self.queue.now() + 30, Happening::Ends { who, boot: host.boot, down_ms });
        }
    }

    /// The machine stops and comes back with a copy of its folder from before.
    pub(super) fn restore(&mut self, who: usize, told: bool, down_ms: u64) {
        // A copy from before the account was made is no account.
        let Some(image) = self.hosts[who].image.clone().filter(|image| !image.records.is_empty()) else {
            return;
        };
        self.crash(who, down_ms);
        let (hosts, model) = (&self.hosts, &mut self.model);
        let shown = |who: usize, id: MsgId| hosts[who].store.items.keys().any(|(_, item)| *item == id);
        let in_copy = |id: MsgId| image.items.keys().any(|(_, item)| *item == id);
        model.restored(who, shown, in_copy);
        for (other, host) in hosts.iter().enumerate() {
            if let Some(identity) = &host.identity {
                let relation = image.people.get(&identity.user).map(|person| person.relation);
                model.take(who, other, Stance::in_a_copy(relation));
            }
        }
        let host = &mut self.hosts[who];
        let full = host.store.full;
        host.store = image;
        host.store.full = full;
        host.life += 1;
        host.told_restored = told;
        host.unaware = !told;
        host.was_unaware |= !told;
        self.ledger.forget(who);
    }

    /// Nothing of the machine is left but a backup, which holds what `peer-node backup` would have taken.
    fn moves(&mut self, who: usize, down_ms: u64) {
        let Some(image) = self.hosts[who].image.clone().filter(|image| !image.records.is_empty()) else {
            return;
        };
        let Some(node) = &self.hosts[who].node else { return };
        let (username, account) = (node.profile().username().clone(), node.account_key().clone());
        let account = Some((account, node.profile().history().clone()));
        self.restore(who, false, down_ms);
        let mut carried = Carried::of(&image.records()).unwrap_or_default();
        for known in &mut carried.known {
            known
                .heads()
                .iter()
                .filter_map(|(chain, seq)| image.event(*chain, *seq))
                .for_each(|e| known.hold(e));
            for item in image.timeline(known.conversation()) {
                let marks = image.cursors.values().filter(|cursor| cursor.chain == item.key.chain);
                let confirmed = marks.map(|cursor| cursor.delivered).max().unwrap_or(0);
                if item.mine && confirmed < item.key.seq {
                    known.write_again(item);
                }
            }
        }
        let heads: BTreeSet<_> =
            carried.known.iter().flat_map(|known| known.heads()).map(|head| head.0).collect();
        let user = self.hosts[who].identity.as_ref().map(|identity| identity.user);
        let mut cursors = image.cursors;
        // A chain of theirs that is not carried over comes again from its beginning.
        cursors.retain(|(_, reader, chain), _| Some(*reader) != user || heads.contains(chain));
        let MemoryStore { items, conversations, people, .. } = image;
        let full = self.hosts[who].store.full;
        let host = &mut self.hosts[who];
        host.store = MemoryStore {
            items,
            cursors,
            conversations,
            people,
            full,
            moved: true,
            ..MemoryStore::default()
        };
        host.moving = Some(NewIdentity { username, account, carried });
        // This life knows that it is another one.
        (host.unaware, host.image) = (false, None);
        self.ledger.leave_behind(who);
    }

    pub(super) fn directory_down(&mut self) {
        for who in self.directory.stop() {
            let boot = self.hosts[who].boot;
            self.queue
                .plan(self.now() + 1, Happening::FromDirectory { who, boot, said: DirectorySaid::Down });
        }
    }

    pub(super) fn directory_up(&mut self) {
        if !self.directory.up {
            self.directory.up = true;
            for who in 0..self.hosts.len() {
                let after = self.dice.below(1_000);
                let boot = self.hosts[who].boot;
                self.queue.plan(self.now() + after, Happening::SignIn { who, boot });
            }
        }
    }
}
