//! Holds the house to its plan.
fn main() {}
