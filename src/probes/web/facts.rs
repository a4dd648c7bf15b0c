//! What the web probe writes under `web`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::seen::Seen;

/// Version of these facts.
pub const FACT_VERSION: u32 = 1;

/// What a visiting browser meets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-probe" = "web", "x-level" = "passive"))]
pub struct WebFacts {
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
}

/// A page that was visited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Path with query of the page on the target, as `/register`.
    pub key: String,
    /// The URL.
    pub url: String,
    /// Scheme of the URL.
    pub scheme: Scheme,
    /// Status code.
    pub status: u16,
    /// Protocol version, as `HTTP/1.1` or `HTTP/2`.
    pub http_version: String,
    /// Whether HTTP/3 is offered (`Alt-Svc`, RFC 7838).
    pub http3_offered: bool,
    /// Media type without parameters; `null` when absent.
    pub media_type: Option<String>,
    /// Whether the answer is an HTML document.
    pub html: bool,
    /// Strict-Transport-Security; `null` when absent.
    pub hsts: Option<Hsts>,
    /// Content-Security-Policy, header and meta; `null` when no enforced policy is sent.
    /// Report-only policies are left out: they limit nothing.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub csp: Seen<Option<Csp>>,
    /// X-Frame-Options as sent, lower case; `null` when absent.
    pub x_frame_options: Option<String>,
    /// Whether framing by other sites is limited: `frame-ancestors`, else X-Frame-Options `deny` or `sameorigin`
    /// (values that contradict each other refuse, as in browsers).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub framing_limited: Seen<bool>,
    /// Whether X-Content-Type-Options is `nosniff`.
    pub nosniff: bool,
    /// Referrer policy that a browser takes (the last known token of the header, or that of a
    /// `meta` element); `null` when none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub referrer_policy: Seen<Option<String>>,
    /// Permissions-Policy as sent, cleaned; `null` when absent.
    pub permissions_policy: Option<String>,
    /// Directives of Cache-Control, lower case.
    pub cache_control: Vec<String>,
    /// `Server` as sent, cleaned; `null` when absent.
    pub server: Option<String>,
    /// `X-Powered-By` as sent, cleaned; `null` when absent.
    pub powered_by: Option<String>,
    /// Whether `Server` or `X-Powered-By` names a version.
    pub names_version: bool,
    /// Access-Control-Allow-Origin as sent, cleaned; `null` when absent.
    pub cors_origin: Option<String>,
    /// Whether Access-Control-Allow-Credentials is `true`.
    pub cors_credentials: bool,
    /// Cookies set by this answer.
    #[schemars(extend("x-key" = "name"))]
    pub cookies: Vec<Cookie>,
    /// Forms in the document.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub forms: Seen<Vec<Form>>,
    /// Scripts in the document that are loaded from a URL.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub scripts: Seen<Vec<Script>>,
    /// Parts that an HTTPS page loads over HTTP.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub mixed_content: Seen<Vec<MixedContent>>,
}

/// Content-Security-Policy as delivered and as browsers combine it (CSP Level 3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Csp {
    /// Every enforced policy.
    #[schemars(extend("x-key" = "key"))]
    pub policies: Vec<CspPolicy>,
    /// What they come to together.
    pub effective: CspEffect,
}

/// One delivered policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CspPolicy {
    /// Source and number, as `header 1`, `meta 1`.
    pub key: String,
    /// The policy as sent, cleaned.
    pub raw: String,
}

/// What all enforced policies come to together: the strictest of each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CspEffect {
    /// Whether script written into the page by an attacker would run.
    pub inline_script_runs: bool,
    /// Whether `eval` is allowed.
    pub eval_allowed: bool,
    /// Whether scripts may come from anywhere (`*`, `https:`, `http:`, `data:`, or no limit at all).
    pub any_script_host: bool,
    /// Whether plug-in content is limited (`object-src` or `default-src`).
    pub objects_limited: bool,
    /// Whether `base-uri` is limited.
    pub base_limited: bool,
    /// Whether `form-action` is limited.
    pub form_action_limited: bool,
    /// Whether `frame-ancestors` is limited (header only).
    pub framing_limited: bool,
    /// Whether parts over HTTP are asked for over HTTPS instead (`upgrade-insecure-requests`).
    pub upgrades_insecure: bool,
}

/// A form in a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Its id, name, or `form 1` by position.
    pub key: String,
    /// Page that it stands on.
    pub page: String,
    /// Method in lower case: `get`, `post`, `dialog`.
    pub method: String,
    /// Where it sends to, resolved.
    pub action: FormAction,
    /// Fields that are filled in or sent along.
    #[schemars(extend("x-key" = "name"))]
    pub fields: Vec<Field>,
    /// Whether a hidden field looks like an anti-forgery token.
    pub csrf_token: bool,
}

/// Where a form sends to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FormAction {
    /// The URL, cleaned.
    pub url: String,
    /// Its scheme, lower case.
    pub scheme: String,
    /// Its host; empty for schemes without.
    pub host: String,
    /// Whether it lies on the same site (registrable domain) as the page.
    pub same_site: bool,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name, or its id, or `field 1` by position.
    pub name: String,
    /// Type in lower case (`text`, `password`, `date`, `hidden`, `select`, `textarea`).
    #[serde(rename = "type")]
    pub input_type: String,
    /// What it asks for.
    pub kind: FieldKind,
    /// Value of `autocomplete`, lower case; `null` when absent.
    pub autocomplete: Option<String>,
}

/// What a field asks for, by its type, name, label and autocomplete.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// National identity or social security number, whole or in part.
    NationalId,
    /// Date of birth.
    BirthDate,
    /// Driving licence or identity card number.
    Licence,
    /// A password or PIN.
    Password,
    /// Voter registration number.
    VoterId,
    /// A name of a person.
    PersonName,
    /// A postal address or part of one.
    Address,
    /// A mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A file to upload.
    Upload,
    /// A search term.
    Search,
    /// A hidden value.
    Hidden,
    /// A button.
    Button,
    /// Anything else.
    Other,
}

/// A script that is loaded from a URL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The URL, resolved and cleaned.
    pub key: String,
    /// Its host.
    pub host: String,
    /// Whether it comes from another registrable domain.
    pub third_party: bool,
    /// Whether `integrity` holds a usable hash.
    pub integrity: bool,
}

/// A part that an HTTPS page loads over HTTP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MixedContent {
    /// The URL, cleaned.
    pub key: String,
    /// Element that loads it (`script`, `img`, `iframe`, ...).
    pub element: String,
    /// Whether browsers block it or upgrade it.
    pub blockable: bool,
}

/// A security.txt file (RFC 9116).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecurityTxt {
    /// Where it was found.
    pub url: String,
    /// Contacts.
    pub contacts: Vec<String>,
    /// End of validity; `null` when missing or not a date.
    pub expires: Option<jiff::Timestamp>,
    /// Whether it is signed with OpenPGP. The signature is not verified.
    pub signed: bool,
    /// Faults: `no_contact`, `bad_contact`, `no_expires`, `invalid_expires`, `several_expires`,
    /// `several_preferred_languages`, `stray_lines`, `other_canonical`, `wrong_media_type`, `not_https`.
    pub problems: Vec<String>,
}
