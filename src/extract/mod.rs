//! Extraction: from a capture to facts, pure and deterministic. Reading collects every source (`gather`), reconciling
//! chooses among them (`reconcile`); what a selector file may say is explained in `selectors`.

pub mod archive;
mod compile;
pub mod coverage;
mod gather;
pub mod heal;

pub mod detect;
pub mod fingerprint;
mod html;
pub mod input;
mod json;
mod links;
pub mod metrics;
mod node;
pub mod parse;
mod path;
mod path_syntax;
mod pattern;
mod program;
pub mod reconcile;
pub mod relearn;
mod rules;
pub mod schema;
pub mod selectors;
mod signals;
mod sources;
mod values;

pub use gather::gather;
