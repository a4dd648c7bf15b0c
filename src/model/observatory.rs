//! The score of a site by the algorithm of the MDN HTTP Observatory.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a front page scores by the public algorithm of the MDN HTTP Observatory. It stands beside
/// verdicts and decides nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObservatoryScore {
    /// Version of the algorithm (`algorithmVersion` of the Observatory).
    pub algorithm: u32,
    /// The score, 0 and up; 100 is full marks without extra credit. `null` when it is not computed.
    pub score: Option<u32>,
    /// The grade, from `A+` to `F`; `null` when it is not computed.
    pub grade: Option<String>,
    /// Why there is no score; `null` when there is one.
    pub not_computed: Option<String>,
    /// Its ten tests, in the order of the Observatory.
    #[schemars(extend("x-key" = "test"))]
    pub tests: Vec<ObservatoryTest>,
}

/// One test of the score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObservatoryTest {
    /// Name of the test, as `content-security-policy`.
    pub test: String,
    /// Name of the result, as `csp-not-implemented`; `null` when it is not computed.
    pub result: Option<String>,
    /// What the result adds to the score or takes from it.
    pub modifier: i32,
    /// Why there is no result; `null` when there is one.
    pub not_computed: Option<String>,
}
