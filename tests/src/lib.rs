//! The harness of the journeys: real programs, real sockets, a real browser.

pub mod api;
pub mod browser;
pub mod directory;
pub mod node;
pub mod program;
pub mod require;
pub mod site;
pub mod wire;
