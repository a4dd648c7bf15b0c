//! What judging says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a check says of a subject, or a roll-up of that.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There was nothing to judge.
    NotApplicable,
    /// The demanded state was seen.
    Pass,
    /// What was seen does not decide.
    Inconclusive,
    /// The demanded state was seen not to hold.
    Fail,
}

impl Verdict {
    /// Rolls up over subjects or targets: fail, else inconclusive, else pass,
    /// else not applicable. The order of the variants is that of the roll-up.
    pub fn roll_up(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().max().unwrap_or(Self::NotApplicable)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotApplicable => "not applicable",
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        })
    }
}
