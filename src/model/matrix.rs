//! The matrix document: one run under several profiles, side by side.
//!
//! Like the findings document it holds no wall clock and no floats, and is
//! sorted throughout: the same run, pack, profiles and dates give the same bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use super::{
    check::{Effort, Severity},
    control::Relation,
    disagreement::Point,
    finding::{Effect, Gate, JudgedDates, NotApplied, PackRef, ProfileRef},
    profile::{Obligation, Scope},
    shared::Shared,
};

/// Version of the matrix document.
pub const MATRIX_SCHEMA: &str = "scrutineer.matrix/1";

/// One run under several profiles, side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// Always [`MATRIX_SCHEMA`].
    pub schema: String,
    /// Name and version of the program that judged.
    pub tool: String,
    /// Traffic light label, that of the run.
    pub tlp: String,
    /// The organisation that the inventory names; `null` when it names none.
    pub organisation: Option<String>,
    /// The checks, controls and profiles that were used.
    pub pack: PackRef,
    /// Editions of moving tables (trusted roots, public suffixes), from the run.
    pub tables: BTreeMap<String, String>,
    /// The dates that were used.
    pub dates: JudgedDates,
    /// The worst exit of all gates: 1 before 3 before 0.
    pub exit: u8,
    /// The controls that at least one of the profiles touches, by area and id.
    pub controls: Vec<ControlTitle>,
    /// The profiles, in the order in which they were named.
    pub profiles: Vec<MatrixProfile>,
    /// Where the profiles contradict each other or differ, contradictions first.
    pub points: Vec<Point>,
    /// What is to be mended to satisfy all profiles, by what it decides,
    /// severity, effort, control and check.
    pub together: Vec<CommonDemand>,
}

/// A control, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlTitle {
    /// Its id.
    pub id: String,
    /// What it demands; its id where the pack does not say.
    pub title: String,
}

/// How something stands.
///
/// The order is that of the roll-up: the worst of several counts.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Stand {
    /// There was nothing to judge.
    NotApplicable,
    /// What is asked for was seen.
    Met,
    /// Only the crosswalk ties the requirement to this control, it asks for more or
    /// for other things too, and it is not met or open: that may lie outside this control.
    Untold,
    /// The scan was not to look.
    NotAsked,
    /// It could not be seen.
    Open,
    /// It was seen that what is asked for does not hold.
    NotMet,
}

/// The matrix of one profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatrixProfile {
    /// The profile.
    pub profile: ProfileRef,
    /// Whether its gate passed.
    pub gate: Gate,
    /// How many targets stand how.
    pub targets: TargetCounts,
    /// Its controls, by id. A control that is not here is not asked for.
    pub controls: Vec<ControlCell>,
    /// Its requirements, in the order of the profile.
    pub requirements: Vec<RequirementCell>,
    /// Each target, in the order of the run's header.
    pub by_target: Vec<TargetCells>,
}

/// How many targets stand how under a profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetCounts {
    /// They meet every `must`.
    pub met: u64,
    /// They fail a `must`.
    pub not_met: u64,
    /// They fail none, and whether they meet all is open or was not asked.
    pub open: u64,
    /// No `must` applies to them.
    pub not_applicable: u64,
    /// They meet every `must`, or none applies, and they fail a `should`.
    pub advised: u64,
}

/// How a control stands under a profile over all targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlCell {
    /// Its id.
    pub id: String,
    /// What the profile demands of it, the most binding first: at most one for each obligation.
    pub demands: Vec<CellDemand>,
}

/// What a profile demands of a control with one obligation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CellDemand {
    /// How binding it is.
    pub obligation: Obligation,
    /// How it stands. This is the verdict on what the profile asks for, with
    /// its own parameters, and not on the control.
    pub standing: Stand,
    /// How what the profile asks for relates to the control; `null` where the
    /// crosswalk does not say.
    pub relation: Option<Relation>,
    /// Requirements that make the demand, as keys of rows.
    pub requirements: Vec<String>,
    /// SHA-256 over the sorted digests of these requirements: only equal ones
    /// ask for the same.
    pub digest: String,
}

/// How a requirement of a profile stands over all targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequirementCell {
    /// Key of the requirement.
    pub row: String,
    /// Tells entries of the same row apart; `null` for the plain one.
    #[serde(rename = "as")]
    pub variant: Option<String>,
    /// The id that the guideline prints; `null` where it has none.
    pub printed: Option<String>,
    /// How binding it is.
    pub obligation: Obligation,
    /// Over what it is rolled up.
    pub over: Scope,
    /// How it stands.
    pub standing: Stand,
    /// Why it applies to no target, where that does not come from the targets.
    pub reason: Option<NotApplied>,
    /// The controls that it touches: through its checks or the crosswalk.
    pub controls: Vec<String>,
    /// Digest of the entry: only entries with equal ones are compared.
    pub digest: String,
}

/// How a target stands under a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetCells {
    /// Key of the target.
    pub target: Shared<String>,
    /// Over all that the profile makes a `must`.
    pub standing: Stand,
    /// By control, what the profile makes a `must`.
    pub must: BTreeMap<Shared<String>, Stand>,
    /// By control, what the profile makes a `should`.
    pub should: BTreeMap<Shared<String>, Stand>,
}

/// A check that fails or stays open under at least one of the profiles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommonDemand {
    /// The control that the check serves.
    pub control: Shared<String>,
    /// Id of the check.
    pub check: Shared<String>,
    /// The state that the check demands.
    pub title: Shared<String>,
    /// The worst that it does under any of the profiles.
    pub effect: Effect,
    /// How bad a failure is.
    pub severity: Severity,
    /// What mending it costs.
    pub effort: Effort,
    /// How many targets it fails or stays open for, under any of the profiles.
    pub targets: u64,
    /// Who asks for it. Where their parameters differ, all of them are to be satisfied.
    pub asked_by: Vec<AskedBy>,
    /// Ids of points in which the profiles that ask for it contradict each
    /// other about its control: there, not all of them can be satisfied.
    pub contradicted: Vec<String>,
}

/// A profile that asks for a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedBy {
    /// Id of the profile.
    pub profile: String,
    /// How binding it makes the check, at most.
    pub obligation: Obligation,
    /// How the check stands under it.
    pub standing: Stand,
    /// For how many targets it fails or stays open.
    pub targets: u64,
    /// For how many of these it is waived.
    pub waived: u64,
    /// Parameters that differ from the check's defaults.
    pub params: BTreeMap<String, Value>,
}
