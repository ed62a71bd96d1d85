//! What must hold at rest: equal sets, equal order, equal timelines, nothing committed missing, nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    host::{Host, SimSeal},
    model::{Model, Said},
};
use crate::{
    event::Event,
    identity::{one_to_one, pair},
    ids::{ChainId, ConversationId, MsgId, UserId},
    node::Relation,
    timeline::{Content, Item, Key},
};

/// What a liar may leave in one conversation: four chains as its own and 16 as the victim's, a mebibyte for each chain.
const MOST_FORGED: usize = 20;
const MOST_FORGED_BYTES: usize = MOST_FORGED * ((1 << 20) + (32 << 10));

/// How two people who should agree do not.
pub(super) fn differences<S: SimSeal>(
    hosts: &[Host<S>],
    model: &Model,
    left_behind: &BTreeSet<ChainId>,
    forged: &BTreeSet<ChainId>,
) -> Vec<String> {
    let mut found = Vec::new();
    for a in 0..hosts.len() {
        if hosts[a].node.is_none() {
            found.push(format!("{a} does not run"));
        }
        if hosts[a].honest {
            staging(hosts, a, forged, &mut found);
        }
        for b in a + 1..hosts.len() {
            if hosts[a].honest && hosts[b].honest {
                two(hosts, model, left_behind, (a, b), &mut found);
            }
        }
    }
    found
}

/// Chains that nobody has bound are kept within limits.
fn staging<S: SimSeal>(hosts: &[Host<S>], who: usize, forged: &BTreeSet<ChainId>, found: &mut Vec<String>) {
    let store = &hosts[who].store;
    for room in store.rooms.values().collect::<BTreeSet<_>>() {
        let kept = store.rooms.iter().filter(|(chain, of)| *of == room && forged.contains(chain));
        let kept: Vec<_> = kept.filter_map(|(chain, _)| store.chains.get(chain)).collect();
        let bytes: usize = kept.iter().copied().flatten().map(Event::wire_len).sum();
        if kept.len() > MOST_FORGED || bytes > MOST_FORGED_BYTES {
            found.push(format!("{who} keeps {} forged chains with {bytes} bytes in one room", kept.len()));
        }
    }
}

fn relation<S: SimSeal>(hosts: &[Host<S>], of: usize, about: UserId) -> Option<Relation> {
    hosts[of].store.people.get(&about).map(|person| person.relation)
}

fn two<S: SimSeal>(
    hosts: &[Host<S>],
    model: &Model,
    left_behind: &BTreeSet<ChainId>,
    (a, b): (usize, usize),
    found: &mut Vec<String>,
) {
    let (Some(ida), Some(idb)) = (&hosts[a].identity, &hosts[b].identity) else {
        found.push(format!("{a} or {b} has no identity"));
        return;
    };
    let (from_a, from_b) = (relation(hosts, a, idb.user), relation(hosts, b, ida.user));
    let conversation = one_to_one(ida.user, idb.user);
    if from_a != Some(Relation::Contact) || from_b != Some(Relation::Contact) {
        if model.must_be_contacts(a, b) {
            found.push(format!("{a} and {b} both want to talk, but are {from_a:?} and {from_b:?}"));
        }
        for (of, about) in [(a, b), (b, a)] {
            quarantined(hosts, model, of, about, conversation, found);
        }
        return;
    }
    same_chains(hosts, left_behind, (a, b), conversation, found);
    same_chains(hosts, left_behind, (a, b), pair(ida.device, idb.device), found);
    // Of somebody whose folder was put back, what was done to messages may be lost with the keys of the first life.
    if hosts[a].life == 0 && hosts[b].life == 0 && !hosts[a].store.moved && !hosts[b].store.moved {
        same_folds(hosts, (a, b), conversation, found);
    }
    let mut keys: BTreeMap<MsgId, Key> = BTreeMap::new();
    for (who, other) in [(a, b), (b, a)] {
        let items = text_items(hosts, who, conversation);
        for item in &items {
            let rewritten = model.said.get(&item.id).is_some_and(|said| hosts[said.by].life > 1);
            if let Some(key) = keys.insert(item.id, item.key)
                && key != item.key
                && !rewritten
            {
                found.push(format!("{:?} stands at {key:?} for {a} and at {:?} for {b}", item.id, item.key));
            }
        }
        let shown: BTreeSet<MsgId> = items.iter().map(|item| item.id).collect();
        for (id, said) in model.between(who, other) {
            if !shown.contains(id) && !excused(said, who) {
                found.push(format!("{id:?} of {} is missing at {who}", said.by));
            }
            // Of two lives of the author, the reader may have another place of it than the author can open.
            if said.by == who
                && hosts[who].life < 2
                && !said.lost
                && !said.gone_at_author
                && shown.contains(id)
            {
                delivered(hosts, who, conversation, *id, found);
            }
        }
    }
}

/// What people see of an item: words, earlier words, signs and who gave them, how long it stays.
type Fold<'i> = (&'i Content, Vec<&'i str>, Vec<(UserId, &'i str)>, Option<u32>);

fn fold(item: &Item) -> Fold<'_> {
    let versions = item.versions().map(|version| version.text.as_str()).collect();
    let reactions = item.reactions().into_iter().map(|sign| (sign.by, sign.emoji.as_str())).collect();
    (&item.content, versions, reactions, item.ttl_s)
}

/// Both see the same words, reactions, deletions and timers: the fold is a function of the set of events.
fn same_folds<S: SimSeal>(
    hosts: &[Host<S>],
    (a, b): (usize, usize),
    conversation: ConversationId,
    found: &mut Vec<String>,
) {
    let folds = |who: usize| -> BTreeMap<MsgId, Fold<'_>> {
        let items = hosts[who].store.timeline(conversation);
        let people = items.into_iter().filter(|item| !matches!(item.content, Content::System(_)));
        people.map(|item| (item.id, fold(item))).collect()
    };
    let (at_a, at_b) = (folds(a), folds(b));
    for id in at_a.keys().chain(at_b.keys()).collect::<BTreeSet<_>>() {
        let (one, other) = (at_a.get(id), at_b.get(id));
        if one != other {
            found.push(format!("{id:?} is {one:?} for {a} and {other:?} for {b}"));
        }
    }
}

fn excused(said: &Said, at: usize) -> bool {
    said.lost || said.gone_at_author && said.by == at
}

fn text_items<S: SimSeal>(hosts: &[Host<S>], who: usize, conversation: ConversationId) -> Vec<&Item> {
    let mut items = hosts[who].store.timeline(conversation);
    items.retain(|item| matches!(item.content, Content::Text { .. } | Content::Redacted));
    items
}

/// Who did not say yes sees at most the text of the request.
fn quarantined<S: SimSeal>(
    hosts: &[Host<S>],
    model: &Model,
    of: usize,
    about: usize,
    conversation: ConversationId,
    found: &mut Vec<String>,
) {
    if model.stance(of, about) != super::model::Stance::None
        && model.stance(of, about) != super::model::Stance::No
    {
        return;
    }
    if relation(hosts, of, hosts[about].identity.as_ref().map_or(UserId([0; 32]), |id| id.user))
        == Some(Relation::Contact)
    {
        found.push(format!("{of} never said yes to {about}, and is a contact"));
    }
    let mut seen = text_items(hosts, of, conversation);
    seen.retain(|item| model.said.get(&item.id).is_some_and(|said| said.by == about && !said.request));
    // On a new machine they may come with the first message that waited.
    for item in seen.into_iter().skip(usize::from(hosts[of].store.moved)) {
        found.push(format!("{of} never said yes to {about}, and sees {:?}", item.id));
    }
}

fn same_chains<S: SimSeal>(
    hosts: &[Host<S>],
    left_behind: &BTreeSet<ChainId>,
    (a, b): (usize, usize),
    conversation: ConversationId,
    found: &mut Vec<String>,
) {
    let chains = |who: usize| -> BTreeMap<ChainId, _> {
        let store = &hosts[who].store;
        let of_room = store.rooms.iter().filter(|(_, room)| **room == conversation);
        let whole = of_room.filter(|(chain, _)| !left_behind.contains(chain));
        whole.filter_map(|(chain, _)| Some((*chain, store.head(*chain)?))).collect()
    };
    let (at_a, at_b) = (chains(a), chains(b));
    for chain in at_a.keys().chain(at_b.keys()).collect::<BTreeSet<_>>() {
        let (head_a, head_b) = (at_a.get(chain), at_b.get(chain));
        if head_a.map(|head| head.id()) != head_b.map(|head| head.id()) {
            let (seq_a, seq_b) = (head_a.map_or(0, |head| head.seq()), head_b.map_or(0, |head| head.seq()));
            found.push(format!("{chain:?} ends at {seq_a} for {a} and at {seq_b} for {b}"));
        }
    }
}

/// The author of what the other has opened knows so.
fn delivered<S: SimSeal>(
    hosts: &[Host<S>],
    author: usize,
    conversation: ConversationId,
    id: MsgId,
    found: &mut Vec<String>,
) {
    let store = &hosts[author].store;
    let Some(item) = store.items.get(&(conversation, id)) else { return };
    let marks = store.cursors.values().filter(|cursor| cursor.chain == item.key.chain);
    let other = |cursor: &&crate::node::Cursor| cursor.reader != item.author;
    let mark = marks.filter(other).map(|cursor| cursor.delivered).max().unwrap_or(0);
    if mark < item.key.seq {
        found.push(format!(
            "{id:?} ({}) is not marked delivered at its author {author}: {mark}",
            item.key.seq
        ));
    }
}
