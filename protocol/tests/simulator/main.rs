//! The protocol's proof: simulated conversations under every fault, from seeds that replay.

mod boundaries;
mod changes;
mod moves;
mod mutants;
mod ratchets;
mod seeds;
mod traces;

use protocol::sim::{FakeSeal, Options, Outcome, Script, simulate};

/// Plays a script with the fake seal.
fn play(script: &Script, options: Options) -> Outcome {
    simulate::<FakeSeal>(script, options)
}
