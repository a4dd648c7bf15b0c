//! A profile: which checks, with which parameters, under which requirements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::target::Role;

/// A profile as its YAML file has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Stable id, the file's name.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// Who publishes the guideline, which edition, and its date.
    #[serde(default)]
    pub source: Option<ProfileSource>,
    /// Profile that this one builds on; entries with the same `row` and `as` are replaced.
    #[serde(default)]
    pub extends: Option<String>,
    /// Guidelines (files of `profiles/guidance`) of which every requirement that
    /// somebody has read stands in an entry or in `left_out`. The first is the one of
    /// `source`. `guideline#part-*` names the requirements whose slug begins with `part-`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<String>,
    /// Requirements of these guidelines that no entry judges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// What is demanded.
    #[serde(default)]
    pub entries: Vec<ProfileEntry>,
}

/// Publisher, edition and date of a guideline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileSource {
    /// Who publishes it.
    pub publisher: String,
    /// Which edition.
    pub edition: String,
    /// Its date (YYYY, YYYY-MM or YYYY-MM-DD); absent where none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// What is to be known of an edition that is not current, such as `superseded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

impl fmt::Display for ProfileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date.as_deref().unwrap_or("undated");
        write!(f, "{}, {}, {date}", self.publisher, self.edition)?;
        match &self.status {
            Some(status) => write!(f, " ({status})"),
            None => Ok(()),
        }
    }
}

/// A requirement that no entry of a profile judges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Key of the requirement in `profiles/guidance`.
    pub row: String,
    /// Why nothing judges it.
    pub because: String,
}

/// One demand of a profile, identified by `row` and `as`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileEntry {
    /// Key of the requirement in `profiles/guidance`, or `control#ID` in the common baseline.
    pub row: String,
    /// Tells entries of the same row apart.
    #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// How binding it is.
    pub level: Obligation,
    /// Only for targets with one of these roles; empty means all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub roles: BTreeSet<Role>,
    /// Over what the entry is rolled up.
    #[serde(default)]
    pub over: Scope,
    /// First day on which it applies (a bare year means its first day).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last day on which it applies (a bare year means its last day).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// All of these must pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckUse>,
    /// All of one of these groups must pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<Vec<CheckUse>>,
    /// Because of what the entry stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Which part of the requirement the entry does not judge, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_judged: Option<String>,
}

/// A check with the parameters that a profile sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckUse {
    /// Id of the check.
    pub id: String,
    /// Parameters that differ from the check's defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Value>,
}

/// How binding a demand is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Obligation {
    /// Decides nothing.
    May,
    /// A failure is a warning.
    Should,
    /// A failure is a failure.
    Must,
}

impl fmt::Display for Obligation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::May => "may",
            Self::Should => "should",
            Self::Must => "must",
        })
    }
}

/// Over what an entry is rolled up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Each target by itself.
    #[default]
    Target,
    /// Met when every target meets it.
    Organisation,
    /// Met when one target meets it.
    AnyTarget,
}
