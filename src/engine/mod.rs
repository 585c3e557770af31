//! The engine: introduces the rooms to each other.

pub mod verdict;
