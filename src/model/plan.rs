//! The plan: what to change, in which order, to meet the named profiles.
//!
//! Like the findings document it holds no wall clock and no floats, and is
//! sorted throughout: the same run, pack, profiles and dates give the same bytes.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use super::{
    check::{Effort, Severity},
    finding::{JudgedDates, PackRef, ProfileRef},
    gap::GapReason,
    profile::Obligation,
    shared::Shared,
};

/// Version of the plan document.
pub const PLAN_SCHEMA: &str = "scrutineer.plan/1";

/// What to change, in which order, to meet the named profiles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Always [`PLAN_SCHEMA`].
    pub schema: String,
    /// Name and version of the program that planned.
    pub tool: String,
    /// Traffic light label, that of the run.
    pub tlp: String,
    /// The organisation that the inventory names; `null` when it names none.
    pub organisation: Option<String>,
    /// The profiles that are to be met, in the order in which they were named.
    pub profiles: Vec<ProfileRef>,
    /// The checks, controls and profiles that were used.
    pub pack: PackRef,
    /// Editions of moving tables (trusted roots, public suffixes), from the run.
    pub tables: BTreeMap<String, String>,
    /// The dates that were used.
    pub dates: JudgedDates,
    /// Numbers for the first glance.
    pub summary: PlanSummary,
    /// Why the gate does not pass as things stand, one sentence each; empty when it does.
    pub not_passed: Vec<String>,
    /// What to do, first things first.
    pub changes: Vec<PlannedChange>,
    /// What cannot be done for all profiles at once, left for a person to decide.
    pub contradictions: Vec<PlannedContradiction>,
    /// What could not be seen and is to be looked at again.
    pub open: Vec<OpenQuestion>,
    /// What fails and is accepted until a date.
    pub accepted: Vec<AcceptedFinding>,
}

/// Numbers for the first glance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanSummary {
    /// Whether the named profiles are met as they stand: nothing to change,
    /// nothing contradictory, nothing open, nothing accepted, every target observed.
    pub met: bool,
    /// Targets that the run names.
    pub targets: u64,
    /// Targets that the run names and has no observation of.
    pub targets_not_observed: u64,
    /// Changes.
    pub changes: u64,
    /// Failures against a `must` that the changes close, a check on a target counted once.
    pub failures: u64,
    /// Failures against a `should` that the changes close, counted the same way.
    pub warnings: u64,
}

/// One thing that an administrator does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedChange {
    /// Its place in the order, from 1.
    pub step: u64,
    /// Id of the change, or of the check that is a change of its own.
    pub id: String,
    /// What is done, as one sentence.
    pub title: String,
    /// The most binding requirement that it closes.
    pub obligation: Obligation,
    /// The worst failure that it closes; of those against a `must`, where there is one.
    pub severity: Severity,
    /// What it costs: the most that one of its checks costs.
    pub effort: Effort,
    /// Products that were recognised and that its lines are for; empty: for all.
    pub products: Vec<String>,
    /// Targets on which it closes something.
    pub targets: Vec<Shared<String>>,
    /// How it is done.
    pub how: Vec<Instruction>,
    /// What the checks that it mends demand.
    pub demands: Vec<PlanDemand>,
    /// Requirements that ask for it.
    pub requirements: Vec<PlanRequirement>,
    /// What it breaks for old clients or for habits.
    pub breaks: Vec<String>,
    /// Commands that show whether it is done.
    pub verify: Vec<Verification>,
    /// Commands left out of the list because there are too many.
    pub more_verify: u64,
    /// Steps that must be done before.
    pub after: Vec<u64>,
    /// Checks that can only be judged, or judged again, once this is done.
    pub next: Vec<String>,
    /// Checks that would meet the same requirement another way, and were not chosen.
    pub instead: Vec<String>,
    /// The findings that it closes.
    pub closes: Vec<ClosedFinding>,
}

/// How a change is done with one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instruction {
    /// The product; `text` for what fits all.
    pub product: String,
    /// Lines of configuration, or words.
    pub text: String,
}

/// What a check demands, under each set of parameters that a profile gives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanDemand {
    /// Id of the check.
    pub check: Shared<String>,
    /// The control that it serves.
    pub control: Shared<String>,
    /// The state that it demands.
    pub title: Shared<String>,
    /// How bad a failure is.
    pub severity: Severity,
    /// The sets of parameters, the strictest first where one is known to be.
    pub sets: Vec<ParameterSet>,
    /// Whether meeting the first set meets all. When not, all sets must be met together.
    pub settled: bool,
}

/// Parameters of a check, and who gives them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParameterSet {
    /// Ids of the profiles, each with its `as` where it has one.
    pub profiles: Vec<String>,
    /// The parameters that differ from the check's defaults, or between the sets.
    pub parameters: BTreeMap<String, Value>,
}

/// A requirement that a change closes, or closes a part of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanRequirement {
    /// Id of the profile.
    pub profile: String,
    /// Key of the requirement.
    pub row: Shared<String>,
    /// The id that the guideline prints; `null` where it has none.
    pub printed: Option<Shared<String>>,
    /// How binding it is.
    pub obligation: Obligation,
}

/// A command that shows whether a change is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// Key of the target.
    pub target: Shared<String>,
    /// Id of the check whose finding it shows.
    pub check: Shared<String>,
    /// The command, with everyday tools.
    pub command: String,
}

/// A finding that a change closes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosedFinding {
    /// Key of the target.
    pub target: Shared<String>,
    /// Id of the check.
    pub check: Shared<String>,
    /// Tells uses of the check apart; `null` for the plain one.
    #[serde(rename = "as")]
    pub variant: Option<Shared<String>>,
    /// Ids of the profiles under which it fails.
    pub profiles: Vec<String>,
    /// The most binding requirement by which it counts.
    pub obligation: Obligation,
    /// What is wrong at the first instance.
    pub message: String,
}

/// Requirements of named profiles that no configuration meets at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedContradiction {
    /// Id of the disagreement; `null` where only parameters show it.
    pub id: Option<String>,
    /// What it is about.
    pub topic: String,
    /// Why both cannot be met.
    pub why: String,
    /// Both sides.
    pub sides: Vec<ContrarySide>,
    /// Targets on which one of the sides fails now.
    pub targets: Vec<Shared<String>>,
}

/// One side of a contradiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContrarySide {
    /// Id of the profile.
    pub profile: String,
    /// Key of the requirement.
    pub row: String,
    /// The id that the guideline prints; `null` where it has none.
    pub printed: Option<String>,
    /// How binding it is.
    pub obligation: Obligation,
    /// What it asks for.
    pub text: String,
    /// Ids of its checks that fail now; empty where it is met.
    pub failing: Vec<String>,
}

/// What could not be seen: to be looked at again, neither done nor to be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenQuestion {
    /// Where, in words: names along the way; empty for the whole target.
    pub place: Vec<String>,
    /// Why it could not be seen.
    pub reason: GapReason,
    /// What exactly happened; `null` when nothing more is known.
    pub detail: Option<String>,
    /// Keys of the targets.
    pub targets: Vec<Shared<String>>,
    /// Ids of the checks that it leaves open; empty where nothing at all was judged.
    pub checks: Vec<String>,
}

/// A finding that a waiver covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptedFinding {
    /// Key of the target.
    pub target: Shared<String>,
    /// Id of the check.
    pub check: Shared<String>,
    /// The state that the check demands.
    pub title: Shared<String>,
    /// How bad the failure is.
    pub severity: Severity,
    /// Who answers for it.
    pub owner: String,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it is.
    pub expires: Date,
}
