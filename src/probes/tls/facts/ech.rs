//! Whether a server reads encrypted hellos (RFC 9849).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chain;
use crate::model::seen::Seen;

/// What came of offering a hello that is encrypted with a configuration which the HTTPS
/// record of the website publishes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EncryptedHello {
    /// Number of the configuration that was offered: the first that our client can use;
    /// `null` where it can use none.
    pub config_id: Option<u8>,
    /// Name that stands in the clear, as that configuration says, cleaned; `null` where
    /// our client can use none.
    pub public_name: Option<String>,
    /// What keeps every client from using what is published; `null` where our client can.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub fault: Seen<Option<EchFault>>,
    /// Whether the server read the encrypted hello.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub accepted: Seen<bool>,
    /// What the server sent for another try; `null` where it accepted.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub retry: Seen<Option<EchRetry>>,
    /// Whether the server then accepted a configuration that it had sent; `null` where it sent none
    /// that is new.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub retry_accepted: Seen<Option<bool>>,
    /// How the chain verifies that the server shows for the public name, by which clients know that they
    /// may try again (RFC 9849 section 6.1.7); `null` where it refuses that name.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub public_name_chain: Seen<Option<Chain>>,
}

/// What keeps every client from using the configurations that are published: that of the
/// first, where none has a way to be used.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EchFault {
    /// The list cannot be read, and clients reject all HTTPS records with it (RFC 9460
    /// section 2.2).
    ListBroken,
    /// It has another version than that of RFC 9849.
    OtherVersion,
    /// It demands an extension that does not exist, or has one twice (RFC 9849 section 4.2).
    Extension,
    /// Its public name is no name of a host (RFC 9849 section 6.1.7).
    PublicName,
    /// Its key has a wrong length.
    Key,
}

/// How a server goes on that did not read an encrypted hello (RFC 9849 section 7.1).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EchRetry {
    /// It sends configurations that are not published: the published key is stale.
    Other,
    /// It sends those that are published.
    Same,
    /// It sends none: it has no key, or never heard of encrypted hellos.
    None,
    /// It ends the handshake.
    Ended,
}
