//! Which group is taken, and what clients of the catalogue end up with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Group, PreferenceBy, VersionName};
use crate::model::seen::Seen;

/// Groups of one generation of the protocol, and who decides which is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupPreference {
    /// `TLS1.3`, or `TLS1.2` for that version and all before it.
    pub version: VersionName,
    /// Who decides; `null` where the answers do not tell, because they fit both, or
    /// leave the rank of a group open. Told from hellos that brought no key share.
    pub by: Option<PreferenceBy>,
    /// The groups that it accepts, in its order where it has one, else by code point.
    #[schemars(extend("x-key" = "name"))]
    pub groups: Vec<Group>,
    /// Groups that it accepts in TLS 1.3, and may accept here: they were not asked for.
    #[schemars(extend("x-key" = "name"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unasked: Vec<Group>,
}

/// What one client of the catalogue ends up with, derived from the other facts. No
/// connection was made for it; whether the client trusts the certificate is another matter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientOutcome {
    /// Id in the catalogue.
    pub key: String,
    /// Product, version and system.
    pub name: String,
    /// Who uses it today.
    pub standing: ClientStanding,
    /// Whether it and the server agree on a connection.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub connects: Seen<bool>,
    /// Why it does not connect; `null` where it does, or where that is not told.
    pub refused: Option<ClientRefusal>,
    /// Version that it gets; `null` where it does not connect, or where that is not told.
    pub version: Option<VersionName>,
    /// IANA name of the suite that it gets: one, or those that are possible where the
    /// facts do not tell which.
    pub suites: Vec<String>,
    /// The group likewise; empty where the exchange uses none.
    pub groups: Vec<String>,
    /// Key of the certificate that it is shown (`ecdsa leaf`), likewise.
    pub certificates: Vec<String>,
    /// Whether its session outlives the theft of the server's key; `null` where it
    /// does not connect, or where that is not told.
    pub forward_secret: Option<bool>,
    /// Why there is more than one suite, group or certificate.
    #[schemars(extend("x-key" = "name"))]
    pub open: Vec<ClientDoubt>,
}

/// Who uses a client today.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ClientStanding {
    /// A browser or telephone that its maker keeps up to date.
    Current,
    /// A browser or telephone that gets no updates and is still met.
    Aging,
    /// A browser or telephone that is hardly met any more.
    Obsolete,
    /// A library or a tool: partners, monitoring, other servers.
    Program,
}

/// Why a client and a server do not agree.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ClientRefusal {
    /// They have no version in common.
    NoCommonVersion,
    /// They have no suite in common in the version that they would use.
    NoCommonSuite,
    /// They have no group in common.
    NoCommonGroup,
    /// The client can use none of the server's certificates, or of its signatures.
    NoUsableCertificate,
    /// The server refuses clients that name no host.
    NoServerName,
    /// The server does not answer a ClientHello as large as the client's.
    HelloTooLarge,
    /// The client refuses the server's finite field as too small.
    FiniteFieldTooSmall,
    /// The client cannot compute in the server's finite field: it is too large.
    FiniteFieldTooLarge,
    /// The client refuses the RSA key of the certificate as too short.
    CertificateKeyTooSmall,
    /// The client demands secure renegotiation (RFC 5746), which the server does not grant.
    NoSecureRenegotiation,
}

/// Something that the facts leave open about a client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientDoubt {
    /// What it is.
    pub name: ClientDoubtName,
}

/// What the facts leave open about a client that connects.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ClientDoubtName {
    /// Who decides about suites was not seen, or a suite may not be usable.
    SuiteOrder,
    /// The server yields to clients that put ChaCha20 first, and where it draws the line
    /// was not seen.
    ChachaPriority,
    /// Who decides about groups was not seen.
    GroupOrder,
    /// The server may take the key share that came, or ask for the group that it likes better.
    KeyShare,
    /// The server has several certificates that the client can use.
    CertificateChoice,
    /// There may be more suites than were seen.
    MoreSuites,
}
