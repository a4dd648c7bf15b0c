//! The inventory as a file: its JSON Schema and its keys.

use super::*;

/// The file, for its JSON Schema. The reader below goes by the same keys; a
/// test holds them together.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Inventory of scrutineer")]
#[allow(dead_code, missing_docs)]
pub struct InventoryFile {
    /// Whose targets they are.
    organisation: Option<Organisation>,
    /// Mail address or URL that goes into the user agent.
    contact: Option<String>,
    /// The leave to go further than a visitor would; needed for the level `intrusive`.
    authorisation: Option<AuthorisationFile>,
    /// What may be contacted besides the targets' own names.
    scope: Option<ScopeFile>,
    /// The targets: a name, a host with port, a URL, or a mapping.
    #[schemars(length(min = 1))]
    targets: Vec<TargetFile>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct AuthorisationFile {
    /// Who gave it.
    by: String,
    /// Its last day, YYYY-MM-DD.
    until: String,
    /// The targets that it covers, by name.
    #[schemars(length(min = 1))]
    targets: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct ScopeFile {
    /// Whether private, loopback and link-local addresses may be contacted.
    allow_private: Option<bool>,
    /// Domains whose names belong to the organisation.
    domains: Option<Vec<String>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum TargetFile {
    /// A name, a host with port, or a URL.
    Name(String),
    /// A name and more.
    Full(Box<FullTarget>),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct FullTarget {
    /// A name, a host with port, or a URL.
    name: String,
    /// What it is used for. Default: website and mail-domain for a bare name, else website.
    roles: Option<BTreeSet<Role>>,
    /// Paths that must be visited, each beginning with `/`.
    paths: Option<Vec<String>>,
    /// Whether robots.txt is heeded when links are followed. Default: `respect`.
    robots: Option<RobotsWord>,
    /// Addresses of the server behind a network (CDN) that stands in front of the website.
    #[schemars(length(min = 1))]
    origin: Option<Vec<String>>,
    /// Selectors of all DKIM keys that the domain signs its mail with, such as `s2026`.
    #[schemars(length(min = 1))]
    dkim_selectors: Option<Vec<String>>,
    /// Values that records must have.
    pins: Option<Pins>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)]
enum RobotsWord {
    /// Pages that robots.txt asks crawlers to leave alone are not visited.
    Respect,
    /// They are visited: the site is the user's own.
    Ignore,
}

pub(super) const KEYS: [&str; 5] = [
    "organisation",
    "contact",
    "authorisation",
    "scope",
    "targets",
];
pub(super) const ORGANISATION_KEYS: [&str; 2] = ["name", "country"];
pub(super) const AUTHORISATION_KEYS: [&str; 3] = ["by", "until", "targets"];
pub(super) const SCOPE_KEYS: [&str; 2] = ["allow_private", "domains"];
pub(super) const TARGET_KEYS: [&str; 7] = [
    "name",
    "roles",
    "paths",
    "robots",
    "origin",
    "dkim_selectors",
    "pins",
];
/// Whether robots.txt is passed over.
pub(super) const ROBOTS: [(&str, bool); 2] = [("respect", false), ("ignore", true)];
pub(super) const PIN_KEYS: [&str; 6] = ["ns", "a", "aaaa", "mx", "spf", "pages"];
pub(super) const PAGE_PIN_KEYS: [&str; 5] =
    ["path", "digest", "third_parties", "linked_sites", "text"];

/// Every role with its word.
pub(in crate::content) const ROLES: [(&str, Role); 6] = [
    ("website", Role::Website),
    ("registration-portal", Role::RegistrationPortal),
    ("results", Role::Results),
    ("api", Role::Api),
    ("mail-domain", Role::MailDomain),
    ("dns-zone", Role::DnsZone),
];
