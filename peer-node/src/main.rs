//! peer-node
fn main() {}
