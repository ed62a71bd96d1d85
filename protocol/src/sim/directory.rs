//! A directory that lives in memory: profiles, the letter box with its quotas, presence by capability.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    address::Address,
    identity::{Capability, Profile},
    ids::{DeviceId, LetterId, UserId},
    node::DirectorySaid,
};

/// Letters in all for one recipient, and how many of one sender.
pub(super) const BOX_LIMIT: usize = 10;
pub(super) const PAIR_LIMIT: usize = 1;

#[derive(Debug)]
struct Letter {
    from: usize,
    id: LetterId,
    sealed: Vec<u8>,
}

/// One signed-in node.
#[derive(Debug, Default)]
struct Session {
    boot: u32,
    addresses: Vec<Address>,
    gives: BTreeSet<[u8; 32]>,
    watches: Vec<(UserId, [u8; 32])>,
}

/// Messages that the directory sends to nodes (by index) in answer to something.
pub(super) type Said = Vec<(usize, DirectorySaid)>;

#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) up: bool,
    who: BTreeMap<UserId, usize>,
    profiles: BTreeMap<usize, Profile>,
    boxes: BTreeMap<DeviceId, Vec<Letter>>,
    sessions: BTreeMap<usize, Session>,
    /// The most letters that ever lay in one box.
    pub(super) fullest: usize,
}

impl Directory {
    pub(super) fn open() -> Self {
        Self { up: true, ..Self::default() }
    }

    /// A node signs in: it is told that the directory is there and gets the letters that wait.
    pub(super) fn sign_in(&mut self, who: usize, boot: u32, device: DeviceId) -> Said {
        let mut said = self.sign_out(who);
        self.sessions.insert(who, Session { boot, ..Session::default() });
        said.push((who, DirectorySaid::Up));
        for letter in self.boxes.get(&device).into_iter().flatten() {
            said.push((who, DirectorySaid::Letter { letter: letter.id, sealed: letter.sealed.clone() }));
        }
        said
    }

    /// The node is gone, or its lease ran out.
    pub(super) fn sign_out(&mut self, who: usize) -> Said {
        match self.sessions.remove(&who) {
            Some(session) => self.tell_watchers(who, &session, false),
            None => Said::new(),
        }
    }

    pub(super) fn is_signed_in(&self, who: usize, boot: u32) -> bool {
        self.up && self.sessions.get(&who).is_some_and(|session| session.boot == boot)
    }

    /// The directory stops: letters and profiles are on its disk, sessions are not.
    pub(super) fn stop(&mut self) -> Vec<usize> {
        self.up = false;
        std::mem::take(&mut self.sessions).into_keys().collect()
    }

    pub(super) fn publish(&mut self, who: usize, profile: Profile) {
        self.who.insert(profile.user(), who);
        self.profiles.insert(who, profile);
    }

    pub(super) fn profile(&self, user: UserId) -> Option<&Profile> {
        self.profiles.get(self.who.get(&user)?)
    }

    pub(super) fn look_up(&self, who: usize, user: UserId) -> Said {
        self.profile(user)
            .map(|profile| vec![(who, DirectorySaid::Profile { user, profile: profile.clone() })])
            .unwrap_or_default()
    }

    pub(super) fn post(
        &mut self,
        from: usize,
        to: UserId,
        device: DeviceId,
        id: LetterId,
        sealed: Vec<u8>,
    ) -> Said {
        let known = self.profile(to).is_some_and(|profile| profile.device_with(device).is_some());
        let letters = self.boxes.entry(device).or_default();
        if letters.iter().any(|letter| letter.id == id) {
            return vec![(from, DirectorySaid::Posted { letter: id })];
        }
        let of_pair = letters.iter().filter(|letter| letter.from == from).count();
        if !known || of_pair >= PAIR_LIMIT || letters.len() >= BOX_LIMIT {
            return vec![(from, DirectorySaid::Refused { letter: id })];
        }
        letters.push(Letter { from, id, sealed: sealed.clone() });
        self.fullest = self.fullest.max(letters.len());
        let mut said = vec![(from, DirectorySaid::Posted { letter: id })];
        if let Some(who) = self.who.get(&to).filter(|who| self.sessions.contains_key(who)) {
            said.push((*who, DirectorySaid::Letter { letter: id, sealed }));
        }
        said
    }

    pub(super) fn take_out(&mut self, device: DeviceId, id: LetterId) {
        if let Some(letters) = self.boxes.get_mut(&device) {
            letters.retain(|letter| letter.id != id);
        }
    }

    /// A node says under which capabilities it may be seen, and whom it watches. `addresses`: where it listens.
    pub(super) fn presence(
        &mut self,
        who: usize,
        addresses: Vec<Address>,
        give: &[Capability],
        watch: &[(UserId, Capability)],
    ) -> Said {
        let Some(mut session) = self.sessions.remove(&who) else { return Said::new() };
        let before = std::mem::take(&mut session.gives);
        session.addresses = addresses;
        session.gives = give.iter().map(Capability::hash).collect();
        session.watches = watch.iter().map(|(user, capability)| (*user, capability.hash())).collect();
        let mut said = Said::new();
        if before != session.gives {
            said.extend(self.tell_watchers(who, &session, true));
        }
        for (user, hash) in &session.watches {
            let seen = self.who.get(user).and_then(|other| self.sessions.get(other));
            if let Some(seen) = seen.filter(|seen| seen.gives.contains(hash)) {
                let (user, addresses) = (*user, seen.addresses.clone());
                said.push((who, DirectorySaid::Presence { user, online: true, addresses }));
            }
        }
        self.sessions.insert(who, session);
        said
    }

    fn tell_watchers(&self, who: usize, session: &Session, online: bool) -> Said {
        let Some(user) = self.who.iter().find(|(_, index)| **index == who).map(|(user, _)| *user) else {
            return Said::new();
        };
        let watches = |watcher: &Session| {
            watcher.watches.iter().any(|(watched, hash)| *watched == user && session.gives.contains(hash))
        };
        self.sessions
            .iter()
            .filter(|(_, watcher)| watches(watcher))
            .map(|(index, _)| {
                let addresses = session.addresses.clone();
                (*index, DirectorySaid::Presence { user, online, addresses })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Config,
        node::{Carried, NewIdentity, Node},
        sim::{FakeSeal, dice::node_rng},
        time::WallMs,
    };

    fn profile(who: usize) -> Profile {
        let new = NewIdentity {
            username: format!("person_{who}").parse().expect("a username"),
            account: None,
            carried: Carried::default(),
        };
        let seal = FakeSeal::new(node_rng(2, who, 0));
        let (node, batch) = Node::create(Config::default(), node_rng(1, who, 0), seal, WallMs(0), new);
        drop(batch);
        node.profile().clone()
    }

    #[test]
    fn the_letter_box_keeps_one_letter_of_a_pair_until_it_is_taken_out() {
        let mut directory = Directory::open();
        let to = profile(0);
        let (user, device) = (to.user(), to.device().device);
        let (first, second) = (LetterId([1; 16]), LetterId([2; 16]));
        let refused = vec![(1, DirectorySaid::Refused { letter: first })];
        assert_eq!(directory.post(1, user, device, first, vec![1]), refused, "nobody knows them");
        directory.publish(0, to);
        assert_eq!(directory.post(1, user, device, first, vec![1]).len(), 1, "they are not there");
        let refused = vec![(1, DirectorySaid::Refused { letter: second })];
        assert_eq!(directory.post(1, user, device, second, vec![2]), refused);
        let letter = DirectorySaid::Letter { letter: first, sealed: vec![1] };
        assert_eq!(directory.sign_in(0, 1, device), vec![(0, DirectorySaid::Up), (0, letter)]);
        directory.take_out(device, first);
        assert_eq!(directory.post(1, user, device, second, vec![2]).len(), 2, "pushed at once");
    }

    #[test]
    fn presence_is_seen_only_with_the_capability() {
        let mut directory = Directory::open();
        let (seen, watcher) = (profile(0), profile(1));
        let user = seen.user();
        let given = Capability::from_secret_bytes([5; 32]);
        for (who, profile) in [(0, seen), (1, watcher)] {
            let device = profile.device().device;
            directory.publish(who, profile);
            directory.sign_in(who, 1, device);
        }
        let wrong = Capability::from_secret_bytes([6; 32]);
        assert_eq!(directory.presence(1, Vec::new(), &[], &[(user, wrong)]), Said::new());
        assert_eq!(directory.presence(0, Vec::new(), std::slice::from_ref(&given), &[]), Said::new());
        let said = directory.presence(1, Vec::new(), &[], &[(user, given)]);
        assert_eq!(said, vec![(1, DirectorySaid::Presence { user, online: true, addresses: Vec::new() })]);
        let said = directory.sign_out(0);
        assert_eq!(said, vec![(1, DirectorySaid::Presence { user, online: false, addresses: Vec::new() })]);
    }
}
