//! Reading a profile out of what came back. Pure and deterministic.

pub mod heal;
