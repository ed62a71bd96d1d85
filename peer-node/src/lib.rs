//! The program that each person runs. The module list is the map.

pub mod backup;
pub mod clock;
pub mod directory;
pub mod link;
pub mod node;
pub mod store;
pub mod vault;
