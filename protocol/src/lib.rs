//! The protocol of Confab, pure: bytes, inputs and time go in; a batch of writes and effects comes out.
//!
//! The rooms, in reading order.

// Names, numbers, limits
pub mod ids;
pub mod time;
pub mod address;
pub mod config;
pub mod error;

// Formats
pub mod codec;
pub mod sign;
pub mod identity;
pub mod event;
pub mod body;
pub mod frame;
pub mod letter;
pub mod pair;
pub mod directory;

// The machine
pub mod chain;
pub mod sync;
pub mod link;
pub mod seal;
pub mod timeline;
pub mod node;

// Its proof
#[cfg(feature = "sim")]
pub mod sim;
