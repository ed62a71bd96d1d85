//! peer-node

pub mod vault;
