//! The program that each person runs. The module list is the map.

pub mod clock;
pub mod config;
pub mod http;
pub mod link;
pub mod service;
pub mod telemetry;
pub mod vault;
