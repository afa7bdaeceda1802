//! Durward.
fn main() {}
