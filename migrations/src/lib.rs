//! The steps that bring databases to this version: one migrator for nodes, one for the directory, one file for each step.

pub mod directory;
pub mod node;
