//! Every page beyond the first conversation, come to as people come to it, in a real browser: each is held against
//! axe-core and the edges of every kind of window, light and dark. One file a story.

mod access;
mod account;
mod by_address;
mod choices;
mod clear;
mod crowd;
mod history;
mod hostile;
mod keyboard;
mod late;
mod messages;
mod network;
mod new_computer;
mod notifications;
mod refusals;
mod restarts;
mod samples;
mod search;
mod timer;
mod trouble;
mod unlock;
mod unread;
