//! The grade of a TLS endpoint by the scale of SSL Labs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an endpoint with implicit TLS stands on the scale of SSL Labs' SSL Server Rating Guide,
/// as testssl.sh reads it. It stands beside verdicts and decides nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsGrade {
    /// The edition of the scale.
    pub scale: String,
    /// `A+`, `A`, `A-`, `B` to `F`, `M` (the certificate is for another name) or `T` (it is not
    /// trusted); `null` when it is not determined.
    pub grade: Option<String>,
    /// The best grade that what was seen allows; `null` when nothing was seen.
    pub at_best: Option<String>,
    /// Why it is not determined; `null` when it is.
    pub not_determined: Option<String>,
    /// Points for the versions, 0 to 100; `null` when nothing was seen.
    pub protocol: Option<u32>,
    /// Points for the keys.
    pub key_exchange: Option<u32>,
    /// Points for the ciphers.
    pub cipher: Option<u32>,
    /// All points together: 30 % versions, 30 % keys, 40 % ciphers.
    pub score: Option<u32>,
    /// What limits the grade or may limit it, the lowest limit first.
    #[schemars(extend("x-key" = "rule"))]
    pub steps: Vec<TlsGradeStep>,
}

/// A rule of the scale that limits a grade, or may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsGradeStep {
    /// The rule, as `tls10-accepted`.
    pub rule: String,
    /// The best grade that it leaves.
    pub limit: String,
    /// Whether it applies; `null` when what it needs was not observed.
    pub applies: Option<bool>,
    /// What shows it, or why it is open.
    pub detail: String,
}

/// The grade of one endpoint of a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointGrade {
    /// Address and port, as `192.0.2.1:443`.
    pub endpoint: String,
    /// Its grade.
    pub grade: TlsGrade,
}
