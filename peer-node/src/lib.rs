//! The program that each person runs. The module list is the map.

pub mod directory;
pub mod clock;
pub mod link;
pub mod vault;
