//! What a script can do over REST, with real nodes and a real directory.

mod account;
mod alerts;
mod conversation;
mod harness;
mod network;
mod people;
mod search;
mod timer;
