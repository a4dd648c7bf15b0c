//! The difference document: what two profiles ask for, control by control.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use super::{
    disagreement::{Point, Stance},
    finding::ProfileRef,
    profile::{Obligation, Scope},
    target::Role,
};

/// Version of the difference document.
pub const DIFFERENCE_SCHEMA: &str = "scrutineer.profile-diff/1";

/// What two profiles ask for, where they do not ask for the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Always [`DIFFERENCE_SCHEMA`].
    pub schema: String,
    /// Name and version of the program that compared.
    pub tool: String,
    /// The one profile.
    pub one: ProfileRef,
    /// The other profile.
    pub other: ProfileRef,
    /// Only what applies on this day was compared; `null`: everything, dates included.
    pub at: Option<Date>,
    /// Controls on which both ask for the same.
    pub same: Vec<String>,
    /// Controls on which they do not, by area and id.
    pub controls: Vec<ControlDifference>,
    /// Where they take different positions, contradictions first.
    pub points: Vec<Point>,
}

/// A control on which two profiles do not ask for the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlDifference {
    /// Id of the control.
    pub id: String,
    /// What it demands.
    pub title: String,
    /// Who asks for it.
    pub asked_by: Asking,
    /// Requirements by which the one touches it: through checks or the crosswalk.
    pub one: Vec<Stance>,
    /// Requirements by which the other touches it.
    pub other: Vec<Stance>,
    /// Its checks that they do not use alike.
    pub checks: Vec<CheckDifference>,
}

/// Which of two profiles asks for something.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Asking {
    /// Only the one.
    OnlyOne,
    /// Only the other.
    OnlyOther,
    /// Both, and not for the same.
    Both,
}

/// A check that two profiles do not use alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckDifference {
    /// Id of the check.
    pub check: String,
    /// The state that it demands.
    pub title: String,
    /// In what they differ; empty where only one of them uses the check.
    pub aspects: BTreeSet<Aspect>,
    /// How the one uses it.
    pub one: Vec<UseOfCheck>,
    /// How the other uses it.
    pub other: Vec<UseOfCheck>,
}

/// In what two uses of a check differ.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// How binding it is.
    Obligation,
    /// Its parameters.
    Params,
    /// From when and until when it applies.
    Dates,
    /// For which roles of targets.
    Roles,
    /// Over what it is rolled up.
    Over,
    /// Whether another group of checks would do as well.
    Alternatives,
}

/// How a profile uses a check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UseOfCheck {
    /// Key of the requirement.
    pub row: String,
    /// Tells entries of the same row apart; `null` for the plain one.
    #[serde(rename = "as")]
    pub variant: Option<String>,
    /// How binding it is.
    pub obligation: Obligation,
    /// The parameters whose values differ between the uses of both profiles.
    pub params: BTreeMap<String, Value>,
    /// First day on which it applies; `null` when it has no beginning.
    pub from: Option<Date>,
    /// Last day on which it applies; `null` when it has no end.
    pub until: Option<Date>,
    /// Only for targets with one of these roles; empty means all.
    pub roles: BTreeSet<Role>,
    /// Over what it is rolled up.
    pub over: Scope,
    /// Whether another group of checks would do as well.
    pub alternative: bool,
}
