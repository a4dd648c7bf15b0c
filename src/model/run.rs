//! A run: a JSON Lines file with a header and an observation a target.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::{finding::PackRef, observation::Conditions, target::Target};

/// Version of the run file.
pub const RUN_SCHEMA: &str = "scrutineer.run/1";

/// First line of a run file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunHeader {
    /// Always [`RUN_SCHEMA`].
    pub schema: String,
    /// Name and version of the program that wrote it.
    pub tool: String,
    /// When the run began. Its date is the policy date (`as_of`) unless the user gives one.
    pub started_at: Timestamp,
    /// The organisation that the inventory names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// How targets were looked at.
    pub conditions: Conditions,
    /// All targets of the run, in order; one without an observation below was not reached.
    pub targets: Vec<Target>,
    /// Editions of moving tables (trusted roots, public suffixes).
    pub tables: BTreeMap<String, String>,
    /// The checks and profiles that the scan judged by. Observations do not depend on them:
    /// another pack may judge the run as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack: Option<PackRef>,
    /// Traffic light label of the file. Always `TLP:AMBER+STRICT`.
    pub tlp: String,
}
