//! Known mistakes, each behind a switch: a suite that does not catch them all is broken.
//!
//! The machine asks [`active`] at the places where such a mistake would be made; outside of the simulator the question
//! is not even compiled.

use std::cell::Cell;

/// A mistake that was made in some messenger before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutant {
    /// Effects are carried out before their writes are durable.
    SendBeforeCommit,
    /// A node that was put back to an old copy goes on with its old chains and ratchets.
    ChainReusedAfterRestore,
    /// Frontiers are compared by height only, so that forks and other histories look equal.
    FrontierWithoutHash,
    /// An acknowledgement says "stored and opened" of what is not durable yet.
    AckBeforeCommit,
    /// What the peer is remembered to have is not offered again, whatever it says now.
    SkipByRememberedState,
    /// An event's header is made anew from its fields instead of being passed on as it came.
    HeaderReencoded,
    /// Pair events are opened as they come, not in the order of their chain.
    OlmOutOfOrder,
    /// Events whose clock is far from ours are refused.
    JudgedByClock,
    /// What cannot be placed yet is kept without a limit.
    UnboundedStaging,
}

impl Mutant {
    pub const ALL: [Self; 9] = [
        Self::SendBeforeCommit,
        Self::ChainReusedAfterRestore,
        Self::FrontierWithoutHash,
        Self::AckBeforeCommit,
        Self::SkipByRememberedState,
        Self::HeaderReencoded,
        Self::OlmOutOfOrder,
        Self::JudgedByClock,
        Self::UnboundedStaging,
    ];
}

/// In what way the node that steps now differs from a plain one of this version.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ways {
    pub(super) mutant: Option<Mutant>,
    /// Its headers have a field more, as those of a later version may.
    pub(super) later: bool,
}

thread_local! {
    static NOW: Cell<Ways> = const { Cell::new(Ways { mutant: None, later: false }) };
}

/// Is this mistake made by the node that steps now?
pub fn active(mutant: Mutant) -> bool {
    NOW.get().mutant == Some(mutant)
}

/// A header as the node that steps now writes it: an array with one field more if it is of a later version.
pub(crate) fn header_of_this_node(mut header: Vec<u8>) -> Vec<u8> {
    if NOW.get().later {
        header[0] += 1;
        header.push(42 - 24);
    }
    header
}

/// Lets a node work in its own way, on this thread only.
pub(super) fn with<T>(ways: Ways, work: impl FnOnce() -> T) -> T {
    struct Restore(Ways);
    impl Drop for Restore {
        fn drop(&mut self) {
            NOW.set(self.0);
        }
    }
    let _restore = Restore(NOW.replace(ways));
    work()
}
