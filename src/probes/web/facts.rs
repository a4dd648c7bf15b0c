//! What the web probe writes under `web`.

mod exposure;
mod form;
mod origin;
mod page;
mod pin;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use pin::{PinChange, PinChangeKind, PinnedPage, PinnedText};

pub use exposure::{
    ContactDomain, EchConfig, ExposedFile, Exposure, Front, HttpsRecord, MissingPage, PathList,
    Port, RevealingPath, SecondLook, Sibling,
};
pub use form::{Field, FieldKind, Form, FormAction};
pub use origin::{DirectAddress, DirectAnswer};
pub use page::{
    Component, Contact, Csp, CspEffect, CspPolicy, Leak, MixedContent, Page, Script, SentHeaders,
    ThirdParty,
};

use crate::model::{observatory::ObservatoryScore, seen::Seen};

/// Version of these facts.
pub const FACT_VERSION: u32 = 3;

/// What a visiting browser meets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-probe" = "web", "x-level" = "passive"))]
pub struct WebFacts {
    /// Registrable domain that the name lies in, by the public suffix list; `null` for an address.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub registrable_domain: Seen<Option<String>>,
    /// The two ports of each address, and whether HTTP is spoken there.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub origins: Seen<Vec<Origin>>,
    /// Ways from a first URL through its redirects, one for each first URL and address.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub chains: Seen<Vec<RedirectChain>>,
    /// Pages visited over HTTPS (or HTTP, when the site has nothing else).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub pages: Seen<Vec<Page>>,
    /// security.txt (RFC 9116); `null` when the site answers that there is none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub security_txt: Seen<Option<SecurityTxt>>,
    /// Each address that answers, compared with the first.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub fronts: Seen<Vec<Front>>,
    /// Networks that the addresses lie in: /24 of IPv4 and /48 of IPv6.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub networks: Seen<u32>,
    /// Network that stands in front of the site, by its headers, as `Cloudflare`; `null` when
    /// none was seen, which does not mean that there is none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub shield: Seen<Option<String>>,
    /// Addresses that the inventory calls the origin, the server behind the network in front,
    /// each asked for the front page.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key", "x-level" = "standard"))]
    pub named_origins: Seen<Vec<DirectAddress>>,
    /// Addresses that records and the certificate give away, each asked for the front page; empty
    /// where no network was seen in front. At level standard those of names that belong to the
    /// scan, at level intrusive also those of other names of the site, and single ones in SPF records.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key", "x-level" = "standard"))]
    pub origin_leads: Seen<Vec<DirectAddress>>,
    /// Service binding of the name (RFC 9460); `null` when it has none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub https_record: Seen<Option<HttpsRecord>>,
    /// The name with or without `www.`, for a registrable domain; `null` when there is none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub sibling: Seen<Option<Sibling>>,
    /// Pages that were asked for a second time: the front page, and those with a nonce or a form.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key", "x-level" = "standard"))]
    pub second_looks: Seen<Vec<SecondLook>>,
    /// What the site shows that is not meant for visitors.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub exposure: Seen<Exposure>,
    /// Domains of the mail addresses that the pages show, and whether they are protected.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key", "x-level" = "standard"))]
    pub contact_domains: Seen<Vec<ContactDomain>>,
    /// Pages that the inventory pins, compared with their pins.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub pins: Seen<Vec<PinnedPage>>,
    /// How the front page scores by the algorithm of the MDN HTTP Observatory.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub observatory: Seen<ObservatoryScore>,
}

/// An address, port and scheme.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Scheme, address and port, as `http 192.0.2.1:80`.
    pub key: String,
    /// Scheme.
    pub scheme: Scheme,
    /// Address.
    pub address: String,
    /// Port.
    pub port: u16,
    /// Whether HTTP is answered there. `false`: the port is closed, or TLS or
    /// HTTP is not spoken. A timeout is a gap.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub answers: Seen<bool>,
    /// Whether its certificate verifies for the name; `null` over HTTP and where nothing answers.
    pub certificate_verifies: Option<bool>,
}

/// Scheme of a URL.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// Without encryption.
    Http,
    /// With TLS.
    Https,
}

/// The way from a first URL through its redirects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedirectChain {
    /// First URL and address, as `http://vote.example/ 192.0.2.1`.
    pub key: String,
    /// Scheme of the first URL.
    pub scheme: Scheme,
    /// First URL.
    pub start: String,
    /// Each answer on the way.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub hops: Seen<Vec<Hop>>,
    /// How the way ended.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub outcome: Seen<ChainOutcome>,
    /// Whether the way ends on HTTPS.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub ends_on_https: Seen<bool>,
    /// Whether the first redirect of a way that starts with HTTP leads to HTTPS on the same host;
    /// `null` when there is no redirect.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub upgrades_same_host_first: Seen<Option<bool>>,
    /// Whether a step leads from HTTPS back to HTTP.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub downgrades: Seen<bool>,
}

/// How a way of redirects ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChainOutcome {
    /// With an answer that is no redirect.
    Final,
    /// It came back to where it had been.
    Loop,
    /// Too many redirects.
    TooMany,
    /// It left the scope and was not followed.
    LeftScope,
    /// A redirect that cannot be followed (no or invalid location).
    Broken,
}

/// One answer on a way of redirects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// The URL asked.
    pub key: String,
    /// Scheme of the URL.
    pub scheme: Scheme,
    /// Host of the URL.
    pub host: String,
    /// Whether the host belongs to the scan.
    pub in_scope: bool,
    /// Status code.
    pub status: u16,
    /// `Location` as sent, cleaned; `null` when absent.
    pub location: Option<String>,
    /// Strict-Transport-Security (RFC 6797) as a browser reads it; `null` when absent.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub hsts: Seen<Option<Hsts>>,
    /// Cookies set by this answer.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub cookies: Seen<Vec<Cookie>>,
}

/// Strict-Transport-Security (RFC 6797 section 6.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hsts {
    /// The first header, which is the one that counts (section 8.1), cleaned.
    pub raw: String,
    /// Whether the header is valid, so that a browser obeys it.
    pub valid: bool,
    /// Seconds; 0 when the header is not valid.
    pub max_age: u64,
    /// Whether subdomains are covered.
    pub include_subdomains: bool,
    /// Whether `preload` is present.
    pub preload: bool,
    /// Faults: `duplicate_header`, `duplicate_directive`, `missing_max_age`, `invalid_max_age`, `bad_syntax`.
    pub problems: Vec<String>,
}

/// A cookie that an answer sets (RFC 6265bis).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cookie {
    /// Name, cleaned. Values are never kept.
    pub name: String,
    /// `Secure` is set.
    pub secure: bool,
    /// `HttpOnly` is set.
    pub http_only: bool,
    /// `SameSite` as sent, lower case: `strict`, `lax`, `none`; `null` when absent or not one of these.
    pub same_site: Option<String>,
    /// Whether the name looks like that of a session (`PHPSESSID`, `ASP.NET_SessionId`, `*sess*`, `*auth*`, `*token*`, ...).
    pub session: bool,
    /// Whether a `__Host-` or `__Secure-` name keeps the rules of its prefix; `null` without prefix.
    pub prefix_valid: Option<bool>,
    /// Whether it was set over HTTPS.
    pub over_https: bool,
    /// `Domain` as sent, lower case, which hands it to subdomains; `null` for this host alone.
    pub domain: Option<String>,
    /// Whether each `SameSite` that is sent is one of the three words; `null` when none is sent.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub same_site_valid: Seen<Option<bool>>,
}

/// A security.txt file (RFC 9116).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecurityTxt {
    /// Where it was found.
    pub url: String,
    /// Contacts.
    pub contacts: Vec<String>,
    /// Where the policy on reported holes stands, as written.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub policies: Seen<Vec<String>>,
    /// End of validity; `null` when missing or not a date.
    pub expires: Option<jiff::Timestamp>,
    /// Whether it is signed with OpenPGP. The signature is not verified.
    pub signed: bool,
    /// Faults: `no_contact`, `bad_contact`, `no_expires`, `invalid_expires`, `several_expires`,
    /// `several_preferred_languages`, `stray_lines`, `other_canonical`, `wrong_media_type`, `not_https`.
    pub problems: Vec<String>,
}
