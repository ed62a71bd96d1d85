//! The journeys: whole programs, real sockets, a real browser; one file a story.

mod containers;
mod first_conversation;
mod killed;
mod localhost;
mod moved;
mod offline;
mod pages;
mod secrets;
