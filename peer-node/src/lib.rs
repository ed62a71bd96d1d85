//! The program that each person runs. The module list is the map.

pub mod clock;
pub mod directory;
pub mod link;
pub mod node;
pub mod vault;
