//! A data folder that was put back to an old copy: same device, new incarnation. Nothing is appended to the old chains, and
//! no ratchet goes on from where the copy was made.

use crate::{
    body::{Body, Inner},
    chain::Fit,
    error::CloseCode,
    event::{Event, EventBody},
    identity::Profile,
    ids::{ChainId, ConversationId, DeviceId, LinkId, UserId},
    letter::{Accept, Answer, Letter, Verdict},
    seal::Seal,
    timeline::System,
};

use super::{Node, Relation, conversation::Message, letters::LetterKind, loads::Purpose, records::Record};

impl<S: Seal> Node<S> {
    /// Somebody has an event of a chain of ours that we don't have: we write that chain no more.
    pub(super) fn discovered_restore(&mut self, chain: ChainId) {
        if !self.is_written(chain) {
            // Known already: it is one of the chains before the restore.
            return;
        }
        self.begin_again();
    }

    fn begin_again(&mut self) {
        self.begin_incarnation();
        // Everybody compares anew, with keys that nothing forgotten was ever sealed with.
        let all: Vec<_> = self.links.keys().copied().collect();
        for link in all {
            self.close(link, CloseCode::Normal);
        }
    }

    /// A profile of our own that is newer than ours: we signed it, and don't know of it any more.
    pub(super) fn told_of_ourselves(&mut self, profile: &Profile) {
        let me = &self.me.profile;
        let newer = profile.user() == self.me.user
            && profile.devices().seq >= me.devices().seq
            && profile != me
            && profile.device().device == self.me.device;
        if newer && profile.verify().is_ok() {
            self.me.seen = profile.devices().seq;
            self.begin_again();
        }
    }

    /// An event of a chain that we write, from outside. If we did not write it here, we wrote it where this data folder was
    /// copied from, or to.
    pub(super) fn check_own(&mut self, link: Option<LinkId>, event: &Event) {
        let id = event.chain();
        let Some(chain) = self.chains.get(&id) else { return };
        match chain.head().fit(event) {
            Fit::Known if event.seq() < chain.seq => {
                if let Some(link) = link {
                    self.prove_fork(link, id, event.clone());
                }
            }
            Fit::Known => {}
            Fit::Next | Fit::Gap => self.discovered_restore(id),
            Fit::Fork => self.own_branch(id),
        }
    }

    /// There is another branch of a chain of ours: of ours nothing goes out that nobody confirmed.
    pub(super) fn own_branch(&mut self, id: ChainId) {
        if let Some(chain) = self.chains.get_mut(&id) {
            chain.forked = true;
            self.touch(Record::Chain(id));
        }
        self.discovered_restore(id);
    }

    pub(super) fn is_written(&self, chain: ChainId) -> bool {
        self.talks.values().any(|talk| talk.mine == Some(chain))
            || self.pairs.values().any(|pair| pair.state.mine == Some(chain))
    }

    /// New keys, new sessions, new chains.
    pub(super) fn begin_incarnation(&mut self) {
        #[cfg(feature = "sim")]
        if crate::sim::mutant::active(crate::sim::Mutant::ChainReusedAfterRestore) {
            return;
        }
        // Time as the number: two lives that begin from one copy are not to be mixed up.
        self.me.incarnation = self.wall.0.max(self.me.incarnation + 1);
        self.me.olm = self.seal.new_account();
        self.touch(Record::Olm);
        self.new_seal_key();
        self.renew_profile();
        for (device, pair) in &mut self.pairs {
            for id in std::mem::take(&mut pair.state.sessions) {
                pair.sessions.remove(&id);
                self.dirty.insert(Record::Session(*device, id));
            }
            // Whoever waits for a session from before gets another one from the same key.
            pair.state.seen.clear();
            pair.state.writing = None;
            pair.state.mine = None;
            pair.state.reset = Some(self.wall);
            self.dirty.insert(Record::Pair(*device));
        }
        let talks: Vec<_> = self.talks.keys().copied().collect();
        for id in talks {
            self.close_chain(id);
            self.row(id, System::Restored);
        }
        // What is written to somebody who is blocked goes out once they are not.
        let people = self.people.iter().map(|(user, someone)| (*user, someone.relation_unblocked()));
        let people: Vec<_> = people.collect();
        for (user, relation) in people {
            let Some(device) = self.device_of(user) else { continue };
            let unanswered = self.letters.contains_key(&(device, LetterKind::Answer));
            self.forget_letter(device, LetterKind::Answer);
            match relation {
                Relation::Contact => {
                    if unanswered {
                        self.answer_again(user, device);
                    }
                    self.write_open(user, device);
                }
                Relation::Asked => {
                    // The one-time key in it went with the account.
                    let asked = self.letters.get(&(device, LetterKind::Request)).map(|letter| &letter.letter);
                    if let Some(Letter::Request(request)) = asked {
                        let (msg_id, text) = (request.msg_id, request.text.clone());
                        self.request(user, device, msg_id, text);
                    }
                }
                _ => {}
            }
        }
    }

    /// Our yes may not have arrived; the session that came with it is gone, the letter *open* brings another.
    pub(super) fn answer_again(&mut self, user: UserId, device: DeviceId) {
        let Some(someone) = self.people.get(&user) else { return };
        let Some(msg_id) = someone.request.as_ref().map(|request| request.msg_id) else { return };
        let capability = Some(someone.mine.clone());
        let accept = Accept { addresses: self.me.addresses.clone(), capability, events: Vec::new() };
        self.write_letter(user, device, Letter::Answer(Answer { msg_id, verdict: Verdict::Accept(accept) }));
    }

    /// The chain of this conversation is written no more. What of it nobody confirmed may lie on a branch of its own, which no
    /// other node takes: it is written once more, under the same message ids.
    fn close_chain(&mut self, conversation: ConversationId) {
        let Some(talk) = self.talks.get_mut(&conversation) else { return };
        let Some(chain) = talk.mine.take() else { return };
        let confirmed = talk.marks.theirs.get(&chain).map_or(0, |mark| mark.0);
        self.touch(Record::Talk(conversation));
        if let Some(writer) = self.writers.get_mut(&chain) {
            writer.outbound = None;
            self.touch(Record::Outbound(chain));
        }
        let from = confirmed.max(1) + 1;
        if let Some(last) = self.chains.get(&chain).map(|chain| chain.seq)
            && last >= from
        {
            self.rewrite_from(conversation, chain, from, last);
        }
    }

    /// As far as the copy knows they said no. They may have said yes since: to the same request they say it again.
    fn ask_again(&mut self, conversation: ConversationId, inner: &Inner) {
        let Some(with) = self.talks.get(&conversation).map(|talk| talk.with) else { return };
        let Some(someone) = self.people.get(&with) else { return };
        if someone.relation_unblocked() == Relation::DeclinedMe
            && someone.asked == Some(inner.msg_id)
            && let Ok(Body::Text { text, .. }) = inner.body()
        {
            let device = someone.profile.device().device;
            self.request(with, device, inner.msg_id, text);
        }
    }

    fn rewrite_from(&mut self, conversation: ConversationId, chain: ChainId, from: u64, last: u64) {
        if let Some(talk) = self.talks.get_mut(&conversation) {
            talk.rewrites.insert(chain, (from, last));
            self.touch(Record::Talk(conversation));
        }
        self.load_events(chain, from, self.config.batch, Purpose::Rewrite(chain, last));
    }

    /// Goes on with what a restart interrupted.
    pub(super) fn resume_rewrites(&mut self) {
        let all = self.talks.values().flat_map(|talk| talk.rewrites.iter());
        let all: Vec<_> = all.map(|(chain, (from, last))| (*chain, *from, *last)).collect();
        for (chain, from, last) in all {
            self.load_events(chain, from, self.config.batch, Purpose::Rewrite(chain, last));
        }
    }

    pub(super) fn rewrite(&mut self, id: ChainId, last: u64, events: &[Event]) {
        let Some(conversation) = self.chains.get(&id).map(|chain| chain.conversation) else { return };
        for event in events.iter().filter(|event| event.seq() <= last) {
            if let Some(EventBody::Content(content)) = event.body()
                && let Some(inner) = self.own_message(id, event.seq(), content)
            {
                self.ask_again(conversation, &inner);
                let Inner { msg_id, kind, data, wall, target, ttl_s, .. } = inner;
                let message = Message { msg_id, kind, data, wall, target, ttl_s };
                self.write_content(conversation, message);
            }
        }
        match events.last().map(|event| event.seq() + 1) {
            Some(next) if next <= last => self.rewrite_from(conversation, id, next, last),
            _ => {
                if let Some(talk) = self.talks.get_mut(&conversation) {
                    talk.rewrites.remove(&id);
                    self.touch(Record::Talk(conversation));
                }
            }
        }
    }
}
