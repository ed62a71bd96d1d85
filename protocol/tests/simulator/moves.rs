//! Somebody moves to a new machine with a backup, in the middle of everything else.

use protocol::sim::{Options, Script, shrink};

use crate::play;

const SEEDS: u64 = 200;

/// Seeds that once found a mistake, and stay.
const KEPT: [u64; 1] = [307];

fn keeps_its_promises(seed: u64) {
    let script = Script::with_a_move(seed);
    if play(&script, Options::default()).broken.is_empty() {
        return;
    }
    let short = shrink(&script, |script| !play(script, Options::default()).broken.is_empty());
    let told = play(&short, Options { tell: true, ..Options::default() });
    panic!("seed {seed} breaks promises:\n{:#?}\nwith this script:\n{short:#?}", told.broken);
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
