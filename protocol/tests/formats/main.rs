//! The formats, from outside: golden bytes, properties, limits.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod document;
mod golden;
mod limits;
mod properties;
mod samples;
