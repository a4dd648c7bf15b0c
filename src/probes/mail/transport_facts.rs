//! What the mail probe writes about MTA-STS, reports of encryption, and BIMI.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::MailProblem;
use crate::model::seen::Seen;

/// The MTA-STS record and policy of a domain (RFC 8461).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MtaSts {
    /// The record.
    pub record: String,
    /// Its id; `null` when the record has none.
    pub id: Option<String>,
    /// The policy file; `null` when the host answers that there is none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub policy: Seen<Option<MtaStsPolicy>>,
    /// Faults in record and policy.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub problems: Seen<Vec<MailProblem>>,
}

/// An MTA-STS policy file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MtaStsPolicy {
    /// `enforce`, `testing` or `none`.
    pub mode: MtaStsMode,
    /// Seconds for which it may be kept.
    pub max_age: u64,
    /// Patterns of allowed exchangers.
    pub mx: Vec<String>,
    /// Whether every exchanger of the domain matches a pattern (joined after the probes).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub covers_all_mx: Seen<bool>,
}

/// Mode of an MTA-STS policy.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum MtaStsMode {
    /// Refuse to deliver without verified TLS.
    Enforce,
    /// Deliver, but report.
    Testing,
    /// No policy.
    None,
}

/// The TLS reporting record of a domain (RFC 8460).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsRpt {
    /// The record.
    pub record: String,
    /// Where reports go.
    pub rua: Vec<String>,
    /// Faults in the record.
    #[schemars(extend("x-key" = "name"))]
    pub problems: Vec<MailProblem>,
}

/// The BIMI record of a domain, of the selector `default`
/// (draft-brand-indicators-for-message-identification).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bimi {
    /// The record.
    pub record: String,
    /// Where the logo is (`l`); `null` when the domain declines to show one.
    pub logo: Option<String>,
    /// Where the certificate of the mark is (`a`); `null` when there is none.
    pub evidence: Option<String>,
    /// Faults in the record.
    #[schemars(extend("x-key" = "name"))]
    pub problems: Vec<MailProblem>,
}
