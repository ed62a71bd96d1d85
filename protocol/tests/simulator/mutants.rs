//! Known mistakes, one at a time: the suite must find each, or the suite is broken.

use protocol::sim::{Mutant, Options, Script};

use crate::play;

/// As many as the suite plays without a mutant.
const SEEDS: u64 = 200;

/// The first seed whose script shows the mistake, and what it says.
fn caught(mutant: Mutant) -> Option<(u64, String)> {
    (0..SEEDS).find_map(|seed| {
        let script = Script::write(seed);
        let outcome = play(&script, Options { mutant: Some(mutant), ..Options::default() });
        let promise = outcome.broken.first()?;
        // It must be the mutant's fault.
        let innocent = play(&script, Options::default()).broken.is_empty();
        innocent.then(|| (seed, promise.clone()))
    })
}

macro_rules! mutants {
    ($($name:ident: $mutant:ident)*) => {
        $(#[test]
        fn $name() {
            let found = caught(Mutant::$mutant);
            assert!(found.is_some(), "{:?} lives through all {SEEDS} seeds", Mutant::$mutant);
        })*

        #[test]
        fn every_mutant_has_its_test() {
            assert_eq!(Mutant::ALL, [$(Mutant::$mutant),*]);
        }
    };
}

mutants! {
    sending_before_the_commit_is_caught: SendBeforeCommit
    going_on_with_an_old_chain_after_a_restore_is_caught: ChainReusedAfterRestore
    comparing_frontiers_without_hashes_is_caught: FrontierWithoutHash
    acknowledging_before_the_commit_is_caught: AckBeforeCommit
    skipping_by_what_is_remembered_of_a_peer_is_caught: SkipByRememberedState
    making_headers_anew_is_caught: HeaderReencoded
    opening_pair_events_out_of_order_is_caught: OlmOutOfOrder
    judging_events_by_the_clock_is_caught: JudgedByClock
    staging_without_a_limit_is_caught: UnboundedStaging
}
