//! What the DNS probe writes about the registration of the domain.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{facts::Ds, server_facts::HostName};
use crate::model::seen::Seen;

/// The registration of the domain, as its registry tells it (RDAP, RFC 9083).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The registered domain that the name lies in.
    pub domain: String,
    /// Host of the server that was asked.
    pub server: String,
    /// Name of the registrar; `null` when the registry does not tell it.
    pub registrar: Option<String>,
    /// States of the registration in the words of RFC 8056, as `client transfer prohibited`.
    #[schemars(extend("x-key" = "name"))]
    pub states: Vec<HostName>,
    /// Whether registrar or registry hold the domain against transfers to another
    /// registrar; absent when the registry tells no state.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub transfer_locked: Seen<bool>,
    /// Whether they hold it against changes of its name servers and contacts.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub update_locked: Seen<bool>,
    /// Whether they hold it against deletion.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub delete_locked: Seen<bool>,
    /// Whether the registry itself holds it against transfer, change and deletion
    /// (registry lock), so that a stolen account at the registrar is not enough.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub registry_locked: Seen<bool>,
    /// When the registration ends; `null` when the registry does not tell it.
    pub expires: Option<Timestamp>,
    /// Whether the registry delegates the domain with DS records; `null` when it does not tell.
    pub signed: Option<bool>,
    /// DS records in the registry; `null` when it does not tell them.
    #[schemars(extend("x-key" = "key"))]
    pub ds: Option<Vec<Ds>>,
    /// Whether registry and DNS have the same DS records, digests included; `null` when the
    /// registry does not tell.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub ds_match: Seen<Option<bool>>,
}
