//! People change what they said, react to it, take it back, and set how long it stays, in the middle of everything else:
//! both see the same in the end.

use protocol::sim::{Act, Change, Script};

const SEEDS: u64 = 200;

fn keeps_its_promises(seed: u64) {
    let replay = format!("`cargo sim --seed {seed} --changes` tells all");
    crate::keeps_its_promises(seed, &Script::with_changes(seed), &replay);
}

#[test]
fn seeds_with_changes_keep_all_promises() {
    (0..SEEDS / 2).for_each(keeps_its_promises);
}

#[test]
fn more_seeds_with_changes_keep_all_promises() {
    (SEEDS / 2..SEEDS).for_each(keeps_its_promises);
}

#[test]
fn the_seeds_make_every_change() {
    let scripts = (0..SEEDS).flat_map(|seed| Script::with_changes(seed).steps);
    let changes: Vec<Change> = scripts
        .filter_map(|step| if let Act::Change { what, .. } = step.act { Some(what) } else { None })
        .collect();
    let has = |wanted: fn(&Change) -> bool| assert!(changes.iter().filter(|what| wanted(what)).count() > 100);
    has(|what| matches!(what, Change::Edit));
    has(|what| matches!(what, Change::Redact));
    has(|what| matches!(what, Change::React { on: true, .. }));
    has(|what| matches!(what, Change::React { on: false, .. }));
    has(|what| matches!(what, Change::Timer { .. }));
}
