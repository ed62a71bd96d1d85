//! The simulator's chance: everything that looks random comes out of one seed.

use rand_chacha::{
    ChaCha8Rng, ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

/// A stream of choices. The same seed and label give the same choices for ever.
#[derive(Debug, Clone)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// Streams with different labels are independent, so that a new use of one does not move the others.
    pub(super) fn new(seed: u64, label: &str) -> Self {
        Self(ChaCha8Rng::from_seed(derive(seed, label, 0)))
    }

    /// A number below `limit`; 0 where nothing is below it.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        // The bias of a remainder of 2^64 does not matter for choosing faults.
        if limit == 0 { 0 } else { self.0.next_u64() % limit }
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(super) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("below a usize")
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

/// The generator that a node is given at its `boot`-th start: a restart never repeats what an earlier run drew.
pub(super) fn node_rng(seed: u64, who: usize, boot: u32) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(derive(seed, &format!("node {who}"), boot))
}

fn derive(seed: u64, label: &str, number: u32) -> [u8; 32] {
    let mut hash = blake3::Hasher::new_derive_key("confab/1/simulator");
    hash.update(&seed.to_le_bytes()).update(&number.to_le_bytes()).update(label.as_bytes());
    *hash.finalize().as_bytes()
}
