//! A check: data that judges facts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// A check as its YAML file has it. `content` reads it strictly; `rules`
/// compiles its logic; nothing here is evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// `area.subject.property`; names the state that is demanded.
    pub id: String,
    /// The control of the common baseline that the check serves.
    pub control: String,
    /// The demanded state as one sentence.
    pub title: String,
    /// How bad a failure is.
    pub severity: Severity,
    /// What mending a failure costs.
    pub effort: Effort,
    /// The change that mends it together with other checks, a line of
    /// `changes.yaml`; without one, it is a change of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// Checks that must be met before it is mended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// What mending it breaks for old clients or for habits, in plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaks: Option<String>,
    /// What is judged, when, and how.
    #[serde(flatten)]
    pub logic: Logic,
    /// Parameters that a profile may set.
    #[serde(default)]
    pub params: BTreeMap<String, ParamDecl>,
    /// What is wrong at one item, with `{{ expression }}` in it.
    pub message: String,
    /// Why it matters to an election office, in two sentences.
    pub rationale: String,
    /// How to mend it, by product (`nginx`, `apache`, `iis`, `bind`, ...) or as `text`.
    pub remediation: BTreeMap<String, String>,
    /// RFC sections, guidelines, reports.
    pub references: Vec<String>,
    /// The tests of the check.
    pub examples: Vec<Example>,
}

impl Check {
    /// The change that mends it: the one that it names, or one of its own.
    pub fn change_id(&self) -> &str {
        self.change.as_deref().unwrap_or(&self.id)
    }
}

/// One thing that an administrator does, by which several checks are mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeGroup {
    /// Its id; checks name it as their `change`.
    pub id: String,
    /// What is done, as one sentence.
    pub title: String,
    /// The configuration that mends all of its checks, by product or as
    /// `text`. Where a product is missing, the advice of the checks stands in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub remediation: BTreeMap<String, String>,
}

/// The logic of a check: a path, expressions in CEL, and a quantifier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Logic {
    /// Path of the subjects; `[]` steps into a list. Default: the target itself.
    #[serde(rename = "for", default = "target_path")]
    pub subjects: String,
    /// Whether the check applies to a subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Named expressions, put in place where they are used.
    #[serde(rename = "let", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lets: BTreeMap<String, String>,
    /// Path of the items below `subject` or `target`; without it the subject is its own item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// Which items count.
    #[serde(rename = "where", default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Every item that counts must meet this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require: Option<String>,
    /// At most so many items may count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
    /// At least so many items must count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
}

fn target_path() -> String {
    "target".to_owned()
}

/// How bad a failure is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Mend it when the place is touched anyway.
    Low,
    /// Mend it in the normal course of work.
    Medium,
    /// Mend it within days.
    High,
    /// Mend it now.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

/// What mending a failure costs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// A line of configuration.
    Low,
    /// A change with tests and a window.
    Medium,
    /// A project.
    High,
}

/// A parameter that a profile may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParamDecl {
    /// One of the closed list of types in `content::params`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Value where no profile sets one; `null` or absent: a profile has to set one.
    #[serde(default)]
    pub default: Value,
}

/// A test of a check: a partial observation and the verdict it must give.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What the example shows.
    pub name: String,
    /// A partial observation: `target`, areas, `gaps`, `observed_at`.
    pub given: Value,
    /// Parameters, where they differ from the defaults.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    /// The policy date (YYYY-MM-DD), where it matters.
    #[serde(default)]
    pub as_of: Option<String>,
    /// The rolled-up verdict over all subjects.
    pub expect: super::verdict::Verdict,
}
