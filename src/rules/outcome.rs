//! What judging is given and what it returns.

use jiff::{Timestamp, civil::Date};
use serde_json::{Map, Value};

use super::Document;
use crate::model::verdict::Verdict;

/// What a check is judged against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The observation.
    pub document: &'a Document<'a>,
    /// Values of the check's parameters, lists inlined, already checked
    /// against their types.
    pub params: &'a Map<String, Value>,
    /// The time of the observation.
    pub now: Timestamp,
    /// The policy date.
    pub as_of: Date,
}

/// What a check says of one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectOutcome {
    /// JSON Pointer of the subject in the observation; empty for the target
    /// itself. Where subjects could not be seen it is the place that is
    /// missing (`/web/pages`), or the end of a list that may have more
    /// (`/web/pages/-`).
    pub pointer: String,
    /// Keys of the list elements on the way to the subject, in order.
    pub keys: Vec<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// The items that prove a failure, in the order of the observation. For
    /// `at_least`, and where the check has no `each`, it is the subject itself,
    /// with no keys of its own. Empty unless the verdict is fail.
    pub items: Vec<ItemOutcome>,
    /// Indices into the document's gaps that leave the verdict open, ascending.
    /// Empty unless the verdict is inconclusive.
    pub gaps: Vec<usize>,
    /// Facts that leave the verdict open and were not asked for: they are
    /// absent and no gap says why. As paths (`tls.endpoints[].suites`), sorted.
    pub unasked: Vec<String>,
}

/// An item that proves a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemOutcome {
    /// JSON Pointer of the item in the observation.
    pub pointer: String,
    /// Keys of the list elements on the way from the subject to the item; from
    /// the root where `each` starts at `target`.
    pub keys: Vec<String>,
    /// What is wrong with it.
    pub message: String,
}
