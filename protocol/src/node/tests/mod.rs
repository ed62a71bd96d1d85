//! Machines with the real ratchets, wired in memory: every batch is committed, every message crosses as bytes.

mod contact;
mod moved;
mod outlook;
mod talk;
mod timer;
mod trouble;
mod world;
