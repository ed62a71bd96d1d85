//! peer-node

pub mod store;
pub mod vault;
