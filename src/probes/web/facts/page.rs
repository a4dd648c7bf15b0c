//! A visited page: its headers, its policies, and what its document loads and names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cookie, Form, Hsts, Scheme};
use crate::model::seen::Seen;

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
    /// `Content-Encoding` of the answer to a browser that takes gzip, lower case; `null` when
    /// it is not compressed.
    pub compressed: Option<String>,
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
    /// Policies that are only reported on (`Content-Security-Policy-Report-Only`).
    #[schemars(extend("x-key" = "key"))]
    pub csp_report_only: Vec<CspPolicy>,
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
    /// Cross-Origin-Opener-Policy in lower case, without parameters; `null` when absent or
    /// not one of the known values (HTML section 7.1.3).
    pub opener_policy: Option<String>,
    /// Cross-Origin-Embedder-Policy, likewise (HTML section 7.1.4).
    pub embedder_policy: Option<String>,
    /// Cross-Origin-Resource-Policy, likewise (Fetch section 3.7).
    pub resource_policy: Option<String>,
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
    /// Other sites that the document loads parts from.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub third_parties: Seen<Vec<ThirdParty>>,
    /// Domains of the mail addresses that the page shows.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub contacts: Seen<Vec<Contact>>,
    /// Software that the page names with its version, by its `generator` and the URLs of its scripts.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub components: Seen<Vec<Component>>,
    /// Names of the parameters by which links and forms of the page carry a session (`jsessionid`, `PHPSESSID`, ...).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub session_in_urls: Seen<Vec<String>>,
    /// What the page tells about the inside of its program.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub leaks: Seen<Vec<Leak>>,
    /// Product against automated requests that the page loads, as `reCAPTCHA`; `null` when none
    /// was seen, which does not mean that there is no protection.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub challenge: Seen<Option<String>>,
    /// Whether the page is the listing of a folder.
    pub directory_listing: bool,
    /// Headers as they were sent, whether a browser heeds them or not.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub sent: Seen<SentHeaders>,
    /// Elements `script` in the document, with or without URL.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub script_elements: Seen<u32>,
}

/// Headers as they were sent, cleaned; `null` where one is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SentHeaders {
    /// X-Content-Type-Options.
    pub content_type_options: Option<String>,
    /// Referrer-Policy, and what a `meta` element of that name says.
    pub referrer_policy: Option<String>,
    /// Cross-Origin-Resource-Policy.
    pub resource_policy: Option<String>,
}

/// What an answer tells about the inside of the program that wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Leak {
    /// Kind: `php_error`, `java_stack_trace`, `python_traceback`, `dotnet_error`, `ruby_error`,
    /// `node_stack_trace`, `sql_error`, `debug_page`, `server_version`, `file_path`.
    pub key: String,
}

/// A domain of mail addresses that a page shows. The addresses themselves are not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The domain, lower case.
    pub key: String,
    /// Whether it is of the same site (registrable domain) as the page.
    pub same_site: bool,
    /// Whether it is of a mail provider where anybody gets an address for free.
    pub free_provider: bool,
}

/// Software that a page names with its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Name and version, as `jquery 1.12.4`.
    pub key: String,
    /// Name, lower case.
    pub name: String,
    /// Version as the page has it.
    pub version: String,
    /// A published hole of that version (CVE); `null` when our table names none.
    pub known_hole: Option<String>,
    /// Whether CISA's catalogue of known exploited vulnerabilities lists that hole.
    pub exploited: bool,
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
    /// Hosts that scripts may come from and that hand out script of anybody's choice (JSONP,
    /// public copies of packages), so that an attacker needs no other; with `strict-dynamic`, none.
    pub bypass_hosts: Vec<String>,
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
    /// Whether it is fetched with CORS (`crossorigin`, or a module), without which a browser
    /// refuses a script of another origin that has a hash.
    pub crossorigin: bool,
    /// Whether its URL begins with `//`, so that it is loaded as the page is: with or without TLS.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub protocol_relative: Seen<bool>,
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

/// Another site that a page loads parts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThirdParty {
    /// Registrable domain, or the host where there is none.
    pub key: String,
    /// Its hosts.
    pub hosts: Vec<String>,
    /// Elements that load from it (`script`, `link`, `img`, `iframe`, ...).
    pub elements: Vec<String>,
    /// What it is known for (`ad`, `analytics`, `social`, `tag-manager`, `marketing`,
    /// `customer-success`, `cdn`, ...); `null` when the table does not name it.
    pub category: Option<String>,
    /// Whether it is known to record what visitors type and do.
    pub records_sessions: bool,
}
