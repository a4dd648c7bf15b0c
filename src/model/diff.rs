//! The diff document: what changed between two results.
//!
//! Like the findings document it holds no wall clock, no floats and no integers above
//! 2^53-1, and is sorted throughout.

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    check::Severity,
    finding::{PackRef, ProfileRef},
    marks::{Difference, NotCompared, ResultKind},
    shared::Shared,
    verdict::Verdict,
};

/// Version of the diff document.
pub const DIFF_SCHEMA: &str = "scrutineer.diff/1";

/// What changed between two results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Diff {
    /// Always [`DIFF_SCHEMA`].
    pub schema: String,
    /// Name and version of the program that compared.
    pub tool: String,
    /// Traffic light label: the stricter of both.
    pub tlp: String,
    /// The organisation that either result names; `null` when none does.
    pub organisation: Option<String>,
    /// The earlier result.
    pub old: Side,
    /// The newer result.
    pub new: Side,
    /// What differs, and does not keep verdicts from being compared.
    pub differences: Vec<Difference>,
    /// How many changes there are of each kind.
    pub counts: DiffCounts,
    /// Checks on targets: by kind of change, target, check, `as` and digest. Those that
    /// passed before and now are only counted.
    pub changes: Vec<DiffEntry>,
    /// What could not be compared: by target, check and `as`.
    pub not_compared: Vec<NotCompared>,
}

/// One of two results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// The file, as the user named it.
    pub source: String,
    /// What the file is.
    pub kind: ResultKind,
    /// When its run began.
    pub run_started: Timestamp,
    /// The policy date.
    pub as_of: Date,
    /// The profile that it was judged under.
    pub profile: ProfileRef,
    /// The pack that it was judged with.
    pub pack: PackRef,
}

/// How many changes there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffCounts {
    /// Checks on targets that found something new.
    pub new: u64,
    /// Checks on targets that failed or were open, and pass now.
    pub fixed: u64,
    /// Checks on targets that find what they found before, or a part of it.
    pub unchanged: u64,
    /// Checks on targets that had an answer, and have none now.
    pub no_longer_observable: u64,
    /// Checks on targets that passed before and pass now.
    pub still_pass: u64,
    /// Entries of `not_compared`.
    pub not_compared: u64,
}

/// Kinds of changes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DiffKind {
    /// It fails now, or is open, and was not found before.
    New,
    /// It was found before, and the same check passes now.
    Fixed,
    /// It was found before, and is found now.
    Unchanged,
    /// It was found before, or the check passed, and now it could not be seen. Never a fix.
    NoLongerObservable,
}

/// A check on a target whose result is not a pass in both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffEntry {
    /// What changed.
    pub kind: DiffKind,
    /// Key of the target.
    pub target: Shared<String>,
    /// Id of the check.
    pub check: Shared<String>,
    /// Tells uses of the check with different parameters apart; `null` for the plain one.
    #[serde(rename = "as")]
    pub variant: Option<Shared<String>>,
    /// Digest of the check with its parameters, the same in both.
    pub digest: Shared<String>,
    /// How bad a failure is; `null` where neither result has a finding.
    pub severity: Option<Severity>,
    /// The state that the check demands; its id where neither result has a finding.
    pub title: Shared<String>,
    /// What the check said before.
    pub before: Verdict,
    /// What the check says now; `null` where the target was not observed.
    pub now: Option<Verdict>,
    /// Items of either result.
    pub instances: Vec<DiffInstance>,
    /// Whether one of the results lists only a part of its items.
    pub more_instances: bool,
}

/// An item, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffInstance {
    /// Its fingerprint.
    pub fingerprint: String,
    /// What became of it.
    pub change: InstanceChange,
    /// What is, or was, wrong there.
    pub message: String,
    /// Addresses at which it was seen last.
    pub addresses: Vec<Shared<String>>,
    /// Addresses at which it was seen before; `null` where they are the same.
    pub addresses_before: Option<Vec<Shared<String>>>,
}

/// What became of an item.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum InstanceChange {
    /// It was not found before.
    New,
    /// It was found before, and is found now.
    Unchanged,
    /// It is no longer found. It is mended where the check passes now; else nobody can tell.
    Gone,
}
