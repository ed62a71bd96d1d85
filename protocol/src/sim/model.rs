//! The reference model: what the people did and were promised, without any protocol.

use std::collections::{BTreeMap, BTreeSet};

use crate::{ids::MsgId, node::Relation};

/// One message, as the person wrote it.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) by: usize,
    pub(super) to: usize,
    pub(super) text: String,
    /// It is the text of a request, which the other sees before any answer.
    pub(super) request: bool,
    /// It was made durable where it was written: from then on it must not get lost.
    pub(super) committed: bool,
    /// The only copies that could be opened went with an old data folder. It may come back, but need not.
    pub(super) lost: bool,
    /// The author went back to a folder from before; the text is at the other, but the author's own keys are gone.
    pub(super) gone_at_author: bool,
}

/// What somebody last said, by deed, about writing with somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stance {
    #[default]
    None,
    /// Asked or accepted.
    Yes,
    No,
    Blocked,
    /// Blocked and unblocked: what it was before is left to the machine.
    Unblocked,
}

impl Stance {
    /// Where somebody stands who was put back to a copy in which the other has this relation.
    pub(super) fn in_a_copy(relation: Option<Relation>) -> Self {
        match relation {
            None | Some(Relation::Asking) => Self::None,
            Some(Relation::Asked | Relation::Contact | Relation::DeclinedMe) => Self::Yes,
            Some(Relation::Declined) => Self::No,
            Some(Relation::Blocked) => Self::Blocked,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) said: BTreeMap<MsgId, Said>,
    /// What the authors put, or tried to put, in the place of their words.
    pub(super) edits: BTreeMap<MsgId, BTreeSet<String>>,
    /// What its author took back, or tried to.
    pub(super) redacted: BTreeSet<MsgId>,
    /// Settings of timers.
    pub(super) timers: BTreeSet<MsgId>,
    stances: BTreeMap<(usize, usize), Stance>,
}

impl Model {
    pub(super) fn stance(&self, of: usize, about: usize) -> Stance {
        self.stances.get(&(of, about)).copied().unwrap_or_default()
    }

    pub(super) fn take(&mut self, of: usize, about: usize, stance: Stance) {
        self.stances.insert((of, about), stance);
    }

    /// Both want to, and nobody ever blocked the other.
    pub(super) fn must_be_contacts(&self, a: usize, b: usize) -> bool {
        self.stance(a, b) == Stance::Yes && self.stance(b, a) == Stance::Yes
    }

    pub(super) fn say(&mut self, id: MsgId, by: usize, to: usize, text: String, request: bool) {
        let said = Said { by, to, text, request, committed: false, lost: false, gone_at_author: false };
        self.said.insert(id, said);
    }

    /// Somebody's folder is put back to a copy in which some messages are not. `shown(who, id)`: is it in that
    /// person's timeline now (before the folder is put back); `in_copy(id)`: is it in the copy.
    pub(super) fn restored(
        &mut self,
        who: usize,
        shown: impl Fn(usize, MsgId) -> bool,
        in_copy: impl Fn(MsgId) -> bool,
    ) {
        for (id, said) in &mut self.said {
            if !said.committed || said.by != who && said.to != who || in_copy(*id) {
                continue;
            }
            let other = if said.by == who { said.to } else { said.by };
            if !shown(other, *id) && shown(who, *id) || said.lost {
                said.lost = true;
            } else if said.by == who {
                said.gone_at_author = true;
            } else if said.gone_at_author {
                // The author could not open it any more either: only this folder could.
                said.lost = true;
            }
        }
    }

    /// Committed between two people and not excused, in the order of their ids.
    pub(super) fn between(&self, a: usize, b: usize) -> impl Iterator<Item = (&MsgId, &Said)> {
        self.said.iter().filter(move |(_, said)| {
            said.committed && ((said.by, said.to) == (a, b) || (said.by, said.to) == (b, a))
        })
    }
}
