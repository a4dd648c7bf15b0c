//! Points on which guidelines take different positions, and what that means for
//! profiles that are to be met at once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::profile::Obligation;

/// A point on which guidelines take different positions, as
/// `profiles/guidance/disagreements.yaml` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// Stable id (`D-01`).
    pub id: String,
    /// What it is about.
    pub topic: String,
    /// What that does to somebody who answers to several of them.
    pub why_it_matters: String,
    /// Controls that it touches.
    pub controls: Vec<String>,
    /// What can be held, in the order of the file.
    pub positions: Vec<Position>,
}

/// A position, and the requirements that take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The position, in a few words.
    pub position: String,
    /// Keys of rows in `profiles/guidance`.
    pub requirements: Vec<String>,
}

/// A point on which profiles that were named together differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Its id in `profiles/guidance/disagreements.yaml`; `null` where only the
    /// parameters of two requirements show it.
    pub id: Option<String>,
    /// What it is about.
    pub topic: String,
    /// What that does to somebody who answers to both; `null` where nobody wrote that down.
    pub why_it_matters: Option<String>,
    /// Controls that it touches.
    pub controls: Vec<String>,
    /// Whether both can be followed.
    pub kind: PointKind,
    /// The positions that the profiles take.
    pub positions: Vec<PositionTaken>,
    /// Requirements that no configuration meets at once; empty where they only differ.
    pub exclusions: Vec<Exclusion>,
}

/// How far profiles are apart.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PointKind {
    /// No configuration meets both, and both are a `must`.
    Contradict,
    /// No configuration follows both, and at least one of them only advises.
    AdviceContradicts,
    /// They are not the same. Whether one configuration meets both is not decided by this.
    Differ,
}

/// A position and who of the named profiles takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionTaken {
    /// The position, in a few words.
    pub position: String,
    /// Who takes it.
    pub taken_by: Vec<Stance>,
}

/// A requirement by which a profile takes a position.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stance {
    /// Id of the profile.
    pub profile: String,
    /// Key of the requirement.
    pub row: String,
    /// The id that the guideline prints; `null` where it has none.
    pub printed: Option<String>,
    /// How binding the profile makes it.
    pub obligation: Obligation,
    /// What it asks for.
    pub text: String,
}

/// Two requirements that no configuration meets at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// The one.
    pub one: StanceRef,
    /// The other.
    pub other: StanceRef,
    /// What the two cannot agree on, as their parameters name it: `TLS1.2`.
    pub over: Vec<String>,
    /// Why both cannot be met, as one sentence.
    pub why: String,
}

/// A requirement of a profile, named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StanceRef {
    /// Id of the profile.
    pub profile: String,
    /// Key of the requirement.
    pub row: String,
}
