//! How often everything happened, and what never did.

use std::collections::BTreeMap;

use super::action::ACTIONS;

/// What a run must have met, beside the actions.
const EXPECTED: [&str; 46] = [
    "crash between two effects",
    "disk full: rows of the server found no room",
    "disk full: a write of the app found no room",
    "fault: 401",
    "fault: 409",
    "fault: 413",
    "fault: 429",
    "fault: 5xx",
    "fault: answer late",
    "fault: answer lost",
    "fault: answer twice",
    "fault: answers out of order",
    "fault: body cut",
    "fault: body ends early",
    "fault: request lost",
    "fault: silence",
    "fault: slow both ways",
    "fault: stale answer",
    "leader changed between two effects",
    "reply: lost",
    "reply: refused",
    "request asked again",
    "rejected: policy all",
    "rejected: policy dependents",
    "rejected: policy row",
    "rejected: along with another",
    "rejection: discarded",
    "rejection: queued again",
    "shape: another log",
    "shape: catchingUp",
    "shape: failed",
    "shape: live",
    "shape: loading",
    "shape: loading beside its rows",
    "shape: paused",
    "shape: waiting",
    "transaction: accepted",
    "transaction: confirmed",
    "transaction: queued",
    "transaction: rejected",
    "transaction: sending",
    "upload: idle",
    "upload: paused",
    "upload: sending",
    "upload: waiting",
    "world at rest in mid-run",
];

/// Counts by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Coverage(pub(super) BTreeMap<&'static str, u64>);

impl Coverage {
    pub(super) fn add(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(super) fn merge(&mut self, other: &BTreeMap<&'static str, u64>) {
        for (name, count) in other {
            *self.0.entry(name).or_default() += count;
        }
    }

    /// What was expected and did not happen.
    pub(super) fn never(&self) -> Vec<&'static str> {
        let actions = ACTIONS.iter().map(|(.., name)| *name);
        let expected = EXPECTED.into_iter().chain(actions);
        expected.filter(|name| !self.0.contains_key(name)).collect()
    }
}
