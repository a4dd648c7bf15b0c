//! What a site shows that is not meant for visitors, and how its addresses compare.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::seen::Seen;

/// One address of the site, asked for the front page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Front {
    /// The address.
    pub key: String,
    /// `ipv4` or `ipv6`.
    pub family: String,
    /// URL that the way over HTTPS ends on (over HTTP, where there is nothing else), cleaned.
    pub url: String,
    /// Its status code.
    pub status: u16,
    /// What differs from the first address: `url`, `status`, `hsts`, `csp`, `framing`, `sniffing`, `media_type`,
    /// `title`, `forms`, `scripts`. The last three are compared for the first address of each family.
    pub differs: Vec<String>,
}

/// The name with or without `www.`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sibling {
    /// The name.
    pub name: String,
    /// Whether it answers over HTTP.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub http: Seen<bool>,
    /// Whether it answers over HTTPS.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub https: Seen<bool>,
    /// Whether its certificate verifies; `null` without HTTPS.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub certificate_verifies: Seen<Option<bool>>,
}

/// The service binding of a website (HTTPS record, RFC 9460).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpsRecord {
    /// Protocols of all records, as `h2`, `h3`, sorted.
    pub alpn: Vec<String>,
    /// Whether the name of the site can be encrypted in the handshake (`ech`).
    pub ech: bool,
    /// Configurations for that, in the order of the record; those of a form that is
    /// not known here have no name. Absent where they cannot be read.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub ech_configs: Seen<Vec<EchConfig>>,
}

/// A configuration for encrypting the ClientHello (draft-ietf-tls-esni section 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EchConfig {
    /// Position in the record, from 0, as text.
    pub key: String,
    /// Version of its form, as `0xfe0d`.
    pub version: String,
    /// Number by which the server tells its keys apart; `null` in another form.
    pub config_id: Option<u8>,
    /// Key encapsulation by its number in HPKE (RFC 9180 section 7.1), as `0x0020`; `null`
    /// in another form.
    pub kem: Option<String>,
    /// Name that stands in the clear in its place, cleaned; `null` in another form.
    pub public_name: Option<String>,
}

/// A page that was asked for a second time, with a foreign `Origin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondLook {
    /// Key of the page.
    pub key: String,
    /// Whether a nonce of its policy came again; `null` when the policy has none.
    pub nonce_reused: Option<bool>,
    /// Whether the answer lets a foreign site read it: its name was sent back, or `*` is.
    pub foreign_origin_allowed: bool,
    /// Whether that includes the visitor's cookies (`Access-Control-Allow-Credentials: true`
    /// and the name sent back).
    pub foreign_origin_with_credentials: bool,
    /// Access-Control-Allow-Origin of that answer, cleaned; `null` when absent.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub allow_origin: Seen<Option<String>>,
}

/// A domain of mail addresses that pages show to voters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactDomain {
    /// The domain, lower case.
    pub key: String,
    /// Whether it is of the same site (registrable domain) as the target.
    pub same_site: bool,
    /// Policy of its DMARC record, or of that of its registrable domain (`sp` before `p`):
    /// `none`, `quarantine`, `reject`; `null` when there is no usable record.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub dmarc: Seen<Option<String>>,
}

/// What a site shows that is not meant for visitors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    /// The answer to a path that does not exist.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub missing_page: Seen<MissingPage>,
    /// `robots.txt` (RFC 9309); `null` when there is none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub robots: Seen<Option<PathList>>,
    /// The site's sitemap; `null` when there is none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub sitemap: Seen<Option<PathList>>,
    /// Whether the method TRACE sends the request back.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub trace: Seen<bool>,
    /// Files and folders that are not meant for visitors, each proven by its content.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key", "x-level" = "intrusive"))]
    pub files: Seen<Vec<ExposedFile>>,
    /// Ports for administration, files and databases that were tried.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key", "x-level" = "intrusive"))]
    pub ports: Seen<Vec<Port>>,
}

/// The answer to a path that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MissingPage {
    /// Status code. 200 means that a missing page cannot be told from one that is there.
    pub status: u16,
    /// What it tells about the inside.
    #[schemars(extend("x-key" = "key"))]
    pub leaks: Vec<super::Leak>,
}

/// A list of paths that a site publishes for search engines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PathList {
    /// Where it was found.
    pub url: String,
    /// Paths in it that tell more than they should.
    #[schemars(extend("x-key" = "key"))]
    pub revealing: Vec<RevealingPath>,
}

/// A published path that leads to what is not meant for visitors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevealingPath {
    /// The path, cleaned.
    pub key: String,
    /// Kind: `administration`, `backup`, `repository`, `voter_data`, `internal`.
    pub kind: String,
}

/// A file or folder that is not meant for visitors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExposedFile {
    /// Its path.
    pub key: String,
    /// Kind: `repository`, `configuration`, `secret`, `backup`, `database`, `voter_data`, `listing`, `diagnosis`.
    pub kind: String,
    /// What in the content shows that it is one.
    pub proof: String,
}

/// A port that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// Address and port.
    pub key: String,
    /// Port.
    pub port: u16,
    /// Service that the port is registered for or used by.
    pub service: String,
    /// Whether a connection is accepted. A port that does not answer counts as closed.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub open: Seen<bool>,
}
