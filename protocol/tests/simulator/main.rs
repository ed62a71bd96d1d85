//! The protocol's proof: simulated conversations under every fault, from seeds that replay.

mod boundaries;
mod changes;
mod moves;
mod mutants;
mod ratchets;
mod seeds;
mod traces;

use protocol::sim::{FakeSeal, Options, Outcome, Script, shrink, simulate};

/// Plays a script with the fake seal.
fn play(script: &Script, options: Options) -> Outcome {
    simulate::<FakeSeal>(script, options)
}

/// Fails with the shortest script that still breaks a promise. `replay` says how to see all of it.
fn keeps_its_promises(seed: u64, script: &Script, replay: &str) {
    if play(script, Options::default()).broken.is_empty() {
        return;
    }
    let short = shrink(script, |script| !play(script, Options::default()).broken.is_empty());
    let told = play(&short, Options { tell: true, ..Options::default() });
    panic!("seed {seed} breaks promises:\n{:#?}\nwith this script:\n{short:#?}\n{replay}", told.broken);
}
