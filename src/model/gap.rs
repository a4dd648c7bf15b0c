//! Places in an observation that could not be seen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place that could not be seen, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// JSON Pointer (RFC 6901) into the observation. A pointer that ends in
    /// `/-` says that the list above it may have more items.
    pub at: String,
    /// Why it could not be seen.
    pub reason: GapReason,
    /// What exactly happened, for a person. Cleaned of control characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Why something could not be seen. A closed set.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// No answer within the time allowed.
    Timeout,
    /// The server refused by the protocol's own word (RCODE, status, alert).
    Refused,
    /// Nothing listens there, or no route leads there.
    Unreachable,
    /// The connection was reset or closed without a protocol answer.
    Reset,
    /// The server slowed or stopped answering after several exchanges.
    Throttled,
    /// A filter answered in the server's place (403, 429, 503).
    Blocked,
    /// The answer did not follow its protocol.
    Malformed,
    /// The answer was larger than what is read.
    TooLarge,
    /// The name could not be resolved, so nothing could be asked of it.
    Unresolved,
    /// TLS could not be set up, so what lies inside was not seen.
    TlsFailed,
    /// The deadline or the exchange budget of the target was spent.
    BudgetSpent,
    /// Not asked: the level, `--only` or the role of the target leaves it out.
    NotAsked,
    /// Outside the scope of the inventory.
    OutOfScope,
    /// A public name that leads to an address that is not public.
    PrivateAddress,
    /// The scan was stopped by its user.
    Interrupted,
    /// A defect of this program.
    Internal,
}

impl GapReason {
    /// The reason in words, as part of a sentence for a person.
    pub fn words(self) -> &'static str {
        match self {
            Self::Timeout => "no answer in time",
            Self::Refused => "the server refused",
            Self::Unreachable => "nothing answers there",
            Self::Reset => "the connection was cut",
            Self::Throttled => "the server stopped answering (rate limit)",
            Self::Blocked => "a filter or maintenance page answered instead",
            Self::Malformed => "the answer was not valid",
            Self::TooLarge => "the answer was too large to read",
            Self::Unresolved => "the name could not be resolved",
            Self::TlsFailed => "the encrypted connection failed",
            Self::BudgetSpent => "the time or request budget was spent",
            Self::NotAsked => "not asked in this scan",
            Self::OutOfScope => "outside the scope",
            Self::PrivateAddress => "a private address, not contacted",
            Self::Interrupted => "the scan was interrupted",
            Self::Internal => "a defect in scrutineer",
        }
    }
}
