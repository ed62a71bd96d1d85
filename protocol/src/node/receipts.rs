//! Marks: how far messages were delivered and read; and who is writing just now.

use chacha20poly1305::{AeadInOut, KeyInit, XChaCha20Poly1305, XNonce};

use crate::{
    codec::{self, Wire, record},
    frame::{Cursor as CursorFrame, Ephemeral, EphemeralBody, Frame, Mark, Marks},
    ids::{ChainId, ConversationId, DeviceId, LinkId},
    seal::Seal,
    sign::Signed,
};

use super::{
    Cursor, Node, Notice, Refusal, Relation, Reply, Write,
    me::random,
    records::{Map, Record},
};

/// Marks of one conversation, both ways: (delivered, read) by chain.
#[derive(Default)]
pub(super) struct MyMarks {
    /// Ours, on the other's chains.
    pub(super) mine: Map<ChainId, (u64, u64)>,
    /// The other's, on our chains.
    pub(super) theirs: Map<ChainId, (u64, u64)>,
    /// The number of our last cursor.
    number: u64,
}

record!(MyMarks { mine, theirs, number });

impl<S: Seal> Node<S> {
    /// Everything of their chain up to `seq` is stored and opened here.
    pub(super) fn delivered(&mut self, conversation: ConversationId, chain: ChainId, seq: u64) {
        let Some(talk) = self.talks.get_mut(&conversation) else { return };
        let mark = talk.marks.mine.entry(chain).or_default();
        if mark.0 < seq {
            mark.0 = seq;
            self.marks_moved(conversation, chain);
        }
    }

    pub(super) fn read(
        &mut self,
        conversation: ConversationId,
        chain: ChainId,
        seq: u64,
    ) -> Result<Reply, Refusal> {
        let talk = self.talks.get_mut(&conversation).ok_or(Refusal::UnknownConversation)?;
        let theirs = self
            .chains
            .get(&chain)
            .filter(|known| known.conversation == conversation && known.owner != self.me.device);
        // A request is shown before its chain is here; there is nothing to mark yet.
        let Some(theirs) = theirs else { return Ok(Reply::Done) };
        let seq = seq.min(theirs.opened);
        let mark = talk.marks.mine.entry(chain).or_default();
        if mark.1 < seq {
            mark.1 = seq;
            self.marks_moved(conversation, chain);
            self.notice(Notice::Marks { conversation });
        }
        Ok(Reply::Done)
    }

    fn marks_moved(&mut self, conversation: ConversationId, chain: ChainId) {
        self.touch(Record::Talk(conversation));
        self.moved.insert((conversation, chain));
    }

    /// Writes the marks that moved in this step, and owes them to the other.
    pub(super) fn write_marks(&mut self) {
        for (conversation, chain) in std::mem::take(&mut self.moved) {
            let Some(talk) = self.talks.get(&conversation) else { continue };
            let (delivered, read) = talk.marks.mine.get(&chain).copied().unwrap_or_default();
            let with = talk.with;
            let reader = self.me.user;
            let cursor = Cursor { conversation, reader, chain, delivered, read };
            self.batch.write(Write::Cursor { cursor, at: self.wall });
            let link = self.device_of(with).and_then(|device| self.links_by_peer.get(&device));
            if let Some(link) = link.and_then(|link| self.links.get_mut(link)) {
                link.owed_marks.insert(conversation);
            }
        }
    }

    /// All marks are owed again: a new link, or another choice of the user.
    pub(super) fn owe_marks(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let talk = self.devices.get(&link.peer).and_then(|user| self.people.get(user));
        if let Some(someone) = talk {
            link.owed_marks.insert(someone.conversation);
        }
    }

    /// Tells the marks that are owed, where the other can open them already.
    pub(super) fn tell_marks(&mut self) {
        let owing: Vec<_> = self
            .links
            .iter()
            .filter(|(_, link)| link.is_live() && !link.owed_marks.is_empty())
            .map(|(id, link)| (*id, link.peer))
            .collect();
        for (id, peer) in owing {
            let Some(link) = self.links.get(&id) else { continue };
            for conversation in link.owed_marks.clone() {
                let Some(frame) = self.cursor_for(peer, conversation) else { continue };
                if let Some(link) = self.links.get_mut(&id) {
                    link.owed_marks.remove(&conversation);
                    link.say(Frame::Cursor(frame));
                }
            }
        }
    }

    fn cursor_for(&mut self, peer: DeviceId, conversation: ConversationId) -> Option<Signed<CursorFrame>> {
        let (chain, epoch, side) = self.side_key(peer, conversation)?;
        let receipts = self.me.preferences.receipts;
        let talk = self.talks.get_mut(&conversation)?;
        if talk.marks.mine.is_empty() {
            return None;
        }
        // Time as the number: what a restored data folder says does not look old.
        talk.marks.number = self.wall.0.max(talk.marks.number + 1);
        let number = talk.marks.number;
        let marks = talk.marks.mine.iter().map(|(chain, (delivered, read))| Mark {
            chain: *chain,
            delivered: *delivered,
            read: if receipts { *read } else { 0 },
        });
        let marks = codec::to_bytes(&Marks { marks: marks.collect() });
        self.touch(Record::Talk(conversation));
        let nonce = random(&mut self.rng);
        let about = about(b"cursor", conversation, chain, epoch, number);
        let sealed = seal_side(&side, nonce, &about, marks);
        let key = &self.writers.get(&chain)?.key;
        Some(CursorFrame { conversation, chain, number, epoch, nonce, sealed }.sign(key))
    }

    /// The newest side key of ours that the peer has for certain.
    fn side_key(&self, peer: DeviceId, conversation: ConversationId) -> Option<(ChainId, u32, [u8; 32])> {
        let link = self.links.get(self.links_by_peer.get(&peer)?)?;
        let pair = self.pairs.get(&peer)?.state.mine?;
        let heard = *link.has.get(&pair)?;
        let chain = self.talks.get(&conversation)?.mine?;
        // Marks of a chain that the peer has not begun to store say nothing to it.
        link.has.get(&chain).filter(|stored| **stored > 0)?;
        let kept = self.writers.get(&chain)?.kept.iter().rev();
        let (epoch, kept) = kept.into_iter().find(|(_, kept)| kept.given.is_some_and(|at| at <= heard))?;
        Some((chain, *epoch, kept.side))
    }

    /// The peer says how far it is.
    pub(super) fn cursor_came(&mut self, peer: DeviceId, cursor: &CursorFrame) {
        let CursorFrame { conversation, chain, number, epoch, nonce, ref sealed } = *cursor;
        let Some(side) = self.their_side_key(peer, conversation, chain, epoch) else { return };
        let about = about(b"cursor", conversation, chain, epoch, number);
        let Some(plain) = open_side(&side, nonce, &about, sealed) else { return };
        let Ok(Marks { marks }) = codec::from_bytes(&plain) else { return };
        // Marks only move forward, so that an old cursor said again does no harm; its number is for those who pass it on.
        for mark in marks {
            let link = self.links_by_peer.get(&peer).and_then(|link| self.links.get_mut(link));
            match link {
                // What the peer has may be another branch of our chain, which says nothing of this one.
                Some(link) if !link.flow.is_sure(mark.chain) => {
                    link.early_marks.insert(mark.chain, mark);
                }
                _ => self.take_mark(conversation, mark),
            }
        }
    }

    /// It turned out that the peer has what we have.
    pub(super) fn take_early_mark(&mut self, id: LinkId, chain: ChainId) {
        let mark = self.links.get_mut(&id).and_then(|link| link.early_marks.remove(&chain));
        let conversation = self.chains.get(&chain).map(|chain| chain.conversation);
        if let (Some(mark), Some(conversation)) = (mark, conversation) {
            self.take_mark(conversation, mark);
        }
    }

    fn take_mark(&mut self, conversation: ConversationId, mark: Mark) {
        let Mark { chain, delivered, read } = mark;
        let (Some(talk), Some(mine)) = (self.talks.get_mut(&conversation), self.chains.get(&chain)) else {
            return;
        };
        if mine.owner != self.me.device || mine.conversation != conversation {
            return;
        }
        let mark = talk.marks.theirs.entry(chain).or_default();
        let before = *mark;
        mark.0 = mark.0.max(delivered.min(mine.seq));
        if self.me.preferences.receipts {
            mark.1 = mark.1.max(read.min(mark.0));
        }
        if *mark != before {
            let (reader, (delivered, read)) = (talk.with, *mark);
            self.touch(Record::Talk(conversation));
            let cursor = Cursor { conversation, reader, chain, delivered, read };
            self.batch.write(Write::Cursor { cursor, at: self.wall });
            self.notice(Notice::Marks { conversation });
        }
    }

    fn their_side_key(
        &self,
        peer: DeviceId,
        conversation: ConversationId,
        chain: ChainId,
        epoch: u32,
    ) -> Option<[u8; 32]> {
        let known = self.chains.get(&chain)?;
        let theirs = known.owner == peer && known.conversation == conversation && known.bound;
        Some(self.readers.get(&chain).filter(|_| theirs)?.epochs.get(&epoch)?.side)
    }

    pub(super) fn typing(&mut self, conversation: ConversationId, active: bool) -> Result<Reply, Refusal> {
        let talk = self.talks.get(&conversation).ok_or(Refusal::UnknownConversation)?;
        let shown = self.me.preferences.typing && !self.me.preferences.hidden;
        let contact = self.people.get(&talk.with).filter(|with| with.relation == Relation::Contact);
        if let Some(device) = contact.map(|someone| someone.profile.device().device)
            && shown
            && let Some((chain, epoch, side)) = self.side_key(device, conversation)
        {
            let nonce = random(&mut self.rng);
            let about = about(b"ephemeral", conversation, chain, epoch, 0);
            let body = codec::to_bytes(&EphemeralBody::Typing { active });
            let sealed = seal_side(&side, nonce, &about, body);
            let link = self.links_by_peer.get(&device).and_then(|link| self.links.get_mut(link));
            if let Some(link) = link.filter(|link| link.is_live()) {
                link.say(Frame::Ephemeral(Ephemeral { conversation, chain, epoch, nonce, sealed }));
            }
        }
        Ok(Reply::Done)
    }

    pub(super) fn ephemeral_came(&mut self, peer: DeviceId, ephemeral: &Ephemeral) {
        let Ephemeral { conversation, chain, epoch, nonce, ref sealed } = *ephemeral;
        if !self.me.preferences.typing {
            return;
        }
        let Some(side) = self.their_side_key(peer, conversation, chain, epoch) else { return };
        let about = about(b"ephemeral", conversation, chain, epoch, 0);
        let Some(plain) = open_side(&side, nonce, &about, sealed) else { return };
        if let (Ok(EphemeralBody::Typing { active }), Some(talk)) =
            (EphemeralBody::decode(&mut codec::Decoder::new(&plain)), self.talks.get(&conversation))
        {
            let user = talk.with;
            self.notice(Notice::Typing { conversation, user, active });
        }
    }
}

/// What a sealed mark is about; it cannot be moved elsewhere.
fn about(what: &[u8], conversation: ConversationId, chain: ChainId, epoch: u32, number: u64) -> Vec<u8> {
    let (epoch, number) = (epoch.to_be_bytes(), number.to_be_bytes());
    [b"confab/1/side/", what, &[0], &conversation.0, &chain.0, &epoch, &number].concat()
}

fn seal_side(key: &[u8; 32], nonce: [u8; 24], about: &[u8], mut plain: Vec<u8>) -> Vec<u8> {
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    cipher
        .encrypt_in_place(&XNonce::from(nonce), about, &mut plain)
        .expect("marks are far below the cipher's limit");
    plain
}

fn open_side(key: &[u8; 32], nonce: [u8; 24], about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    let mut bytes = sealed.to_vec();
    cipher.decrypt_in_place(&XNonce::from(nonce), about, &mut bytes).ok()?;
    Some(bytes)
}
