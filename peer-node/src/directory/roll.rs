//! Who is online: what tags and the open list say, folded to one word for each person.

use std::collections::BTreeMap;

use protocol::{address::Address, ids::UserId, node::DirectorySaid};

/// Somebody who can be seen by a tag, by the open list, or both.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    by_tag: Option<Vec<Address>>,
    listed: Option<Vec<Address>>,
}

impl Seen {
    /// The tag's addresses come first: they are newer or equal, and meant for us.
    fn addresses(&self) -> Option<&Vec<Address>> {
        self.by_tag.as_ref().or(self.listed.as_ref())
    }
}

/// The whole picture; made anew for every connection.
#[derive(Debug, Default)]
pub(super) struct Roll(BTreeMap<UserId, Seen>);

/// Where a word about somebody comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    Tag,
    List,
}

impl Roll {
    /// Takes in that `user` is at `addresses`, or gone (`None`); answers what is news to the machine.
    pub(super) fn says(
        &mut self,
        by: By,
        user: UserId,
        addresses: Option<Vec<Address>>,
    ) -> Option<DirectorySaid> {
        let seen = self.0.entry(user).or_default();
        let before = seen.addresses().cloned();
        match by {
            By::Tag => seen.by_tag = addresses,
            By::List => seen.listed = addresses,
        }
        let after = seen.addresses().cloned();
        if after.is_none() {
            self.0.remove(&user);
        }
        (before != after).then(|| DirectorySaid::Presence {
            user,
            online: after.is_some(),
            addresses: after.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_gone_only_when_no_source_sees_them() {
        let user = UserId([1; 32]);
        let at = |text: &str| Some(vec![text.parse::<Address>().unwrap()]);
        let mut roll = Roll::default();
        assert!(matches!(
            roll.says(By::List, user, at("10.0.0.1:1")),
            Some(DirectorySaid::Presence { online: true, .. })
        ));
        assert!(roll.says(By::Tag, user, at("10.0.0.1:1")).is_none(), "nothing new");
        assert!(roll.says(By::List, user, None).is_none(), "no longer listed, still here");
        assert!(roll.says(By::Tag, user, at("10.0.0.1:2")).is_some(), "another address");
        assert_eq!(
            roll.says(By::Tag, user, None),
            Some(DirectorySaid::Presence { user, online: false, addresses: vec![] })
        );
        assert!(roll.says(By::Tag, user, None).is_none());
    }
}
