//! The protocol of Confab, pure: bytes, inputs and time go in; a batch of writes and effects comes out.
//!
//! The rooms, in reading order.

pub mod address;
pub mod ids;
pub mod seal;
pub mod time;

pub mod config;
pub mod error;

pub mod codec;
pub mod identity;
pub mod sign;

pub mod body;
pub mod event;
pub mod frame;
pub mod letter;

pub mod node;
pub mod timeline;
