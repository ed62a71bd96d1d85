//! The typed client of the directory: requests over HTTP, and the task that keeps the presence socket.

mod client;
mod errands;
mod error;
mod http;
mod presence;
mod record;
mod roll;
mod transport;
mod work;

pub use client::{Client, SignedIn};
pub use error::Error;
pub use presence::{Handle, Me, State, Status, run};
pub use protocol::directory::{Account, Code, ListedPerson, Problem, Visibility};
