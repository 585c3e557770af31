//! The labels that time series have. A label that took its value from a page or a job would let anyone fill the operator's
//! memory; so each is one of a few words (`words`), and the two open ones (platform, field) stop growing at a limit.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;

use crate::model::fault::Fault;

/// What an open label says once it has as many values as it may.
const OTHER: &str = "other";
/// No label value is longer, in characters.
const LONGEST: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByPlatform {
    pub(super) platform: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByOutcome {
    pub(super) platform: String,
    pub(super) outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByFault {
    pub(super) platform: String,
    pub(super) fault: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByPriority {
    pub(super) platform: String,
    pub(super) priority: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct BySession {
    pub(super) platform: String,
    pub(super) session: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct BySnooze {
    pub(super) platform: String,
    pub(super) cause: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByField {
    pub(super) platform: String,
    pub(super) field: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByHealStep {
    pub(super) platform: String,
    pub(super) step: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByStep {
    pub(super) step: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByCrash {
    pub(super) kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByRefusedWrite {
    pub(super) write: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByPart {
    pub(super) part: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByFormat {
    pub(super) format: &'static str,
}

/// A fault's word.
pub(super) const fn fault_word(fault: &Fault) -> &'static str {
    match fault {
        Fault::Transient => "transient",
        Fault::Throttled { .. } => "throttled",
        Fault::Walled { .. } => "walled",
        Fault::Absent { .. } => "absent",
        Fault::Drifted => "drifted",
        Fault::Defect => "defect",
    }
}

/// The values that an open label has taken; from its limit on every new one is `other`.
#[derive(Debug)]
pub(super) struct OpenLabel {
    limit: usize,
    known: Mutex<BTreeSet<String>>,
}

impl OpenLabel {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, known: Mutex::new(BTreeSet::new()) }
    }

    pub(super) fn value(&self, wanted: &str) -> String {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(wanted) {
            return wanted.to_owned();
        }
        if known.len() >= self.limit || wanted.chars().count() > LONGEST {
            return OTHER.to_owned();
        }
        known.insert(wanted.to_owned());
        wanted.to_owned()
    }
}
