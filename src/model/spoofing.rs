//! Whether somebody else can send mail in the name of a domain.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::seen::Seen;

/// Whether mail of strangers, with a sender in the domain, gets past what the
/// domain publishes: whether it passes DMARC, or DMARC asks for nothing (RFC 9989).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spoofing {
    /// In the name of the domain itself.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub possible: Seen<bool>,
    /// In the name of its existing sub-domains that publish no DMARC record of their own.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub subdomains_possible: Seen<bool>,
    /// In the name of sub-domains that do not exist.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub nonexistent_possible: Seen<bool>,
    /// What makes it possible, in the order of this list of causes.
    #[schemars(extend("x-key" = "cause"))]
    pub because: Vec<SpoofingReason>,
}

/// One thing that lets strangers' mail through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpoofingReason {
    /// What it is.
    pub cause: SpoofingCause,
    /// The record, term or selector that shows it, cleaned; may be empty.
    pub detail: String,
}

/// What lets strangers' mail through.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SpoofingCause {
    /// No DMARC policy applies.
    NoDmarc,
    /// The policy asks receivers to do nothing.
    DmarcNone,
    /// The policy is only tested (`t=y`), which makes it one step weaker.
    DmarcTesting,
    /// The policy is for a part of the mail (`pct`).
    DmarcPartial,
    /// SPF lets everybody send, which DMARC then accepts.
    SpfOpen,
    /// SPF lets a large part of all addresses send.
    SpfWide,
    /// The SPF record of a name below the domain lets strangers send, and passes for the
    /// domain itself, as alignment is relaxed.
    SubdomainOpen,
    /// A DKIM key is so short that strangers can compute its private half.
    DkimWeak,
    /// A name below the domain publishes a DMARC policy of its own that asks for nothing.
    SubdomainUnguarded,
    /// The policy for sub-domains asks receivers to do nothing.
    SubdomainsNone,
    /// The policy for sub-domains that do not exist asks receivers to do nothing.
    NonexistentNone,
}
