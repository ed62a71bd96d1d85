//! The tables as sea-orm sees them; nothing outside the store names them.

pub(super) mod chain;
pub(super) mod conversation;
pub(super) mod cursor;
pub(super) mod draft;
pub(super) mod event;
pub(super) mod item;
pub(super) mod person;
pub(super) mod record;
pub(super) mod setting;
pub(super) mod store;
