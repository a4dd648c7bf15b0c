//! How many renegotiations a client is granted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many renegotiations a server grants to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Renegotiations {
    /// Handshakes that were completed after the first one, 0 to 11.
    pub granted: u32,
    /// Why there were no more.
    pub ended: RenegotiationEnd,
}

/// Why there were no more renegotiations.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum RenegotiationEnd {
    /// The server said no to the next one, with an alert.
    Refused,
    /// The server hung up on the next one.
    Closed,
    /// No more were asked for: it takes eleven to tell a limit of ten.
    Cap,
}
