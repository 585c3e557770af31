//! Extraction: from a capture to facts, pure and deterministic.

pub mod parse;
