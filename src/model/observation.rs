//! All facts about one target at one moment, with gaps and evidence.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use super::{
    gap::Gap,
    level::{Area, Level},
    target::Target,
};

/// Version of the observation document.
pub const OBSERVATION_SCHEMA: &str = "scrutineer.observation/1";

/// All facts about one target at one moment.
///
/// The facts of an area stand under its key (`dns`, `tls`, `web`, `mail`) in
/// the form that its probe defines. A `null` there means looked for and not
/// there; an absent key means not observed, and a [`Gap`] at its place or
/// above says why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Always [`OBSERVATION_SCHEMA`].
    pub schema: String,
    /// The target, as the inventory had it.
    pub target: Target,
    /// When the target was looked at; checks read it as `now`.
    pub observed_at: Timestamp,
    /// How the target was looked at.
    pub conditions: Conditions,
    /// Version of the facts of each area.
    pub fact_versions: BTreeMap<Area, u32>,
    /// What could not be seen, sorted.
    pub gaps: Vec<Gap>,
    /// What proves the facts, sorted by place.
    pub evidence: Vec<Evidence>,
    /// What looking at the target cost.
    pub cost: Cost,
    /// The facts, by area key.
    #[serde(flatten)]
    pub facts: BTreeMap<Area, Value>,
}

/// How a target was looked at; results are only compared between equal conditions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// How far the scan went.
    pub level: Level,
    /// The areas that were looked at.
    pub areas: Vec<Area>,
    /// Most pages visited on a website.
    pub page_cap: u32,
    /// The resolver that answered, as address and port.
    pub resolver: String,
    /// Whether connections were redirected (`--connect-to`): a staged target.
    pub staged: bool,
    /// Whether addresses that are not public were connected to (`--allow-private`,
    /// or `allow_private` in the inventory).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_private: bool,
    /// Whether more root certificates than the public ones were trusted (`--ca-file`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub extra_roots: bool,
    /// Whether the resolver was named (`--resolver`) and is not the system's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_resolver: bool,
    /// Whether validation began at another key of the root than IANA's (`--trust-anchor`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_anchor: bool,
    /// Whether timestamps of certificates were held against a list of logs
    /// (`--ct-logs`); its edition stands among the tables.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ct_logs: bool,
    /// Digest of the file of root servers that was given (`--root-hints`), as `sha256:HEX`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_hints: Option<String>,
    /// Digest of the routing table that was given (`--routes`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes: Option<String>,
    /// Digest of the file of RPKI payloads that was given (`--vrps`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vrps: Option<String>,
}

impl Conditions {
    /// Conditions under which nothing was given, led elsewhere or trusted besides.
    pub fn plain(level: Level, areas: Vec<Area>, page_cap: u32, resolver: String) -> Self {
        Self {
            level,
            areas,
            page_cap,
            resolver,
            staged: false,
            allow_private: false,
            extra_roots: false,
            given_resolver: false,
            given_anchor: false,
            ct_logs: false,
            root_hints: None,
            routes: None,
            vrps: None,
        }
    }
}

/// Something from which another person can verify facts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// JSON Pointer to the facts that this proves; it proves all below it too.
    pub at: String,
    /// What it is.
    pub kind: EvidenceKind,
    /// The thing itself, cut to a bounded size. Binary data in Base64.
    pub data: String,
    /// Whether `data` was cut.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// A command with everyday tools that shows the same.
    pub reproduce: String,
}

/// What a piece of evidence is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// A DNS answer in presentation format, one record a line.
    DnsRecords,
    /// Status line and header lines as received.
    HttpHeaders,
    /// The beginning of a body.
    HttpBody,
    /// Elements of an HTML document as they were read, one a line.
    HtmlElements,
    /// A certificate, DER in Base64.
    Certificate,
    /// Bytes of a TLS handshake in Base64.
    TlsHandshake,
    /// An answer by OCSP (RFC 6960), DER in Base64.
    OcspResponse,
    /// A list of revoked certificates (RFC 5280 section 5), DER in Base64.
    RevocationList,
    /// Lines of an SMTP dialogue.
    SmtpDialogue,
}

/// What looking at a target, or a whole run, cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// TCP connections opened or tried.
    pub connections: u64,
    /// Those of them that enumerated versions, suites, their order and groups of
    /// TLS servers; absent where nothing was enumerated, and in runs of earlier
    /// versions of this program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enumeration: Option<u64>,
    /// DNS queries sent, retries included.
    pub queries: u64,
    /// Bytes sent on connections and in queries.
    pub bytes_sent: u64,
    /// Bytes received on connections and in answers.
    pub bytes_received: u64,
    /// Wall time in milliseconds.
    pub milliseconds: u64,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.connections += other.connections;
        self.enumeration = match (self.enumeration, other.enumeration) {
            (Some(one), Some(other)) => Some(one + other),
            (one, other) => one.or(other),
        };
        self.queries += other.queries;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.milliseconds += other.milliseconds;
    }
}
