//! Somebody moves to a new machine with a backup, in the middle of everything else.

use protocol::sim::Script;

const SEEDS: u64 = 200;

/// Seeds that once found a mistake, and stay.
const KEPT: [u64; 1] = [307];

fn keeps_its_promises(seed: u64) {
    crate::keeps_its_promises(seed, &Script::with_a_move(seed), "");
}

#[test]
fn seeds_with_a_move_keep_all_promises() {
    (0..SEEDS / 2).for_each(keeps_its_promises);
}

#[test]
fn more_seeds_with_a_move_keep_all_promises() {
    (SEEDS / 2..SEEDS).for_each(keeps_its_promises);
}

#[test]
fn seeds_with_a_move_that_once_found_a_mistake_keep_all_promises() {
    KEPT.into_iter().for_each(keeps_its_promises);
}
