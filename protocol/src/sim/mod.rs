//! The simulator: whole conversations between many nodes in virtual time, under every fault that can be aimed.
//!
//! A [`Script`] is written from a seed, [`simulate`] plays it and checks the invariants of docs/protocol.md after every
//! step and at rest, [`shrink`] makes a script that fails short. [`mutant`] holds the mistakes that it must find.

mod author;
mod check;
mod dice;
mod directory;
mod driver;
mod early;
mod host;
mod liar;
mod model;
pub mod mutant;
mod network;
mod people;
mod queue;
mod rest;
mod run;
mod script;
mod seal;
mod store;
mod trace;
mod wire;
mod world;

pub use host::SimSeal;
pub use mutant::Mutant;
pub use network::{Told, Traffic};
pub use run::{CONVERGE_MS, Options, Outcome, simulate};
pub use script::{Act, Change, Script, Step, Tamper, Theme, shrink};
pub use seal::FakeSeal;
pub use store::{DiskFull, MemoryStore};
use trace::Trace;
