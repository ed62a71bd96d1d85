//! The pages of a node: data in, HTML out.
//!
//! Each page is a struct; [`Html::html`] renders it. Whoever fills the structs decides nothing about looks,
//! and nothing here reads a clock, a store or a request.

pub mod account;
pub mod alerts;
pub mod assets;
pub mod avatar;
pub mod browser;
pub mod chat;
pub mod choices;
pub mod clear;
pub mod emoji;
pub mod field;
pub mod icon;
pub mod info;
pub mod launch;
pub mod message;
pub mod network;
pub mod page;
pub mod people;
pub mod person;
pub mod reference;
pub mod samples;
pub mod search;
pub mod settings;
pub mod setup;
pub mod shell;
pub mod span;
pub mod switch;
pub mod trouble;
pub mod unlock;
pub mod when;

pub use choices::Choices;
pub use field::Field;
pub use page::{Html, Page};
pub use person::{Person, Reach, Visibility};
pub use when::When;
