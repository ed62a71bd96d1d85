//! The formats, from outside: golden bytes, properties, limits.

mod golden;
mod limits;
mod properties;
mod samples;
