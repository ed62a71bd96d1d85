//! peer-node

pub mod directory;
pub mod vault;
