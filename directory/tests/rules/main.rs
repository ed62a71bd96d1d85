//! The rules of a directory, each shown over real sockets on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may say so by ending")]

mod accounts;
mod harness;
mod keys;
mod letters;
mod limits;
mod people;
mod presence;
mod server;
mod tokens;
