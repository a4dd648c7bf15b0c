//! What the DNS probe writes about names to which records below the name lead.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::server_facts::HostName;
use crate::model::{seen::Seen, standing::Standing};

/// Where an SRV record leads (RFC 2782).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SrvTarget {
    /// Service, target and port, as `_imaps._tcp mail.office.example 993`.
    pub key: String,
    /// The service, as `_imaps._tcp`.
    pub service: String,
    /// Name of the host.
    pub target: String,
    /// Its port.
    pub port: u16,
    /// How the name of the host stands.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub standing: Seen<Standing>,
}

/// What stands for all names that nobody wrote down (RFC 4592).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wildcard {
    /// The names, as `*.office.example`.
    pub name: String,
    /// Types of records that they have, of A, AAAA, MX and TXT.
    #[schemars(extend("x-key" = "name"))]
    pub types: Vec<HostName>,
    /// What they are an alias for; `null` when they are none.
    pub alias_for: Option<String>,
    /// How the name stands that they are an alias for; `null` when they are none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub standing: Seen<Option<Standing>>,
}
