//! How a server answers hellos.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// In what an address answers otherwise than another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Differing {
    /// In what.
    pub name: FingerprintPart,
}

/// What a fingerprint is made of.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FingerprintPart {
    /// Versions that it accepts.
    Versions,
    /// Suites of each version, in its order where it has one.
    Suites,
    /// Who decides the order of suites.
    Preference,
    /// Key exchange groups.
    Groups,
    /// Compression, secure renegotiation, extended master secret, encrypt-then-MAC,
    /// heartbeats, truncated MAC, NPN, and whether it refuses a fallback.
    Features,
    /// Application protocols.
    Alpn,
    /// The form of its first answer in each version: the version of the record, the length of the
    /// session id, and the types of its extensions in their order.
    Answers,
    /// The alerts, or the bare close, with which it refuses offers of each version.
    Refusals,
}
