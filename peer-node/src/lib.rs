//! The program that each person runs. The module list is the map.

pub mod backup;
pub mod clock;
pub mod config;
pub mod directory;
pub mod http;
pub mod link;
pub mod node;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod vault;
