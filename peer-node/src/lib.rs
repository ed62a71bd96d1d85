//! peer-node

pub mod clock;
pub mod directory;
pub mod link;
pub mod store;
pub mod node;
pub mod vault;
