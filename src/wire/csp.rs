//! Content-Security-Policy as browsers parse and combine it (CSP Level 3).
//!
//! Every enforced policy must allow a thing for it to happen, so the answers
//! of [`Policies`] are intersections. Report-only policies stay out; a policy
//! of a `meta` element counts without `frame-ancestors`, `sandbox` and
//! `report-uri` (section 3.3).

use std::collections::{BTreeMap, BTreeSet};

/// Hosts that answer with script of the asker's choice: by JSONP, or as public copies of every
/// package, old versions with holes and frameworks that run markup included.
const SCRIPT_ON_REQUEST: [&str; 24] = [
    "accounts.google.com",
    "ajax.aspnetcdn.com",
    "ajax.googleapis.com",
    "api.twitter.com",
    "cdn.bootcdn.net",
    "cdn.jsdelivr.net",
    "cdn.rawgit.com",
    "cdnjs.cloudflare.com",
    "code.angularjs.org",
    "d3js.org",
    "esm.sh",
    "gist.githubusercontent.com",
    "maps.googleapis.com",
    "query.yahooapis.com",
    "raw.githubusercontent.com",
    "storage.googleapis.com",
    "translate.googleapis.com",
    "unpkg.com",
    "www.google.com",
    "www.googleapis.com",
    "www.googletagmanager.com",
    "www.youtube.com",
    "yandex.st",
    "yastatic.net",
];

/// Directives that decide over script elements, the nearest first (section 6.8.4).
const SCRIPT_ELEMENTS: [&str; 3] = ["script-src-elem", "script-src", "default-src"];
/// Most policies of one page that are read, and most directives of one policy.
const MAX_POLICIES: usize = 64;
const MAX_DIRECTIVES: usize = 128;

/// How a policy was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A header.
    Header,
    /// A `meta` element in the head of the document.
    Meta,
}

/// One serialised policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How it was delivered.
    pub source: Source,
    /// The policy as sent, trimmed.
    pub raw: String,
    directives: BTreeMap<String, Vec<String>>,
}

/// All enforced policies of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    list: Vec<Policy>,
}

impl Policies {
    /// Adds the policies of one `Content-Security-Policy` header, which may be a list with commas.
    pub fn add_header(&mut self, value: &str) {
        for part in value.split(',') {
            self.add(part, Source::Header);
        }
    }

    /// Adds the policies of the `content` of a `meta` element in the head.
    pub fn add_meta(&mut self, content: &str) {
        // A meta element carries one policy; a comma is part of it (HTML section 4.2.5.3).
        self.add(content, Source::Meta);
    }

    fn add(&mut self, serialised: &str, source: Source) {
        let directives = parse_directives(serialised, source);
        if !directives.is_empty() && self.list.len() < MAX_POLICIES {
            self.list.push(Policy {
                source,
                raw: serialised.trim().to_owned(),
                directives,
            });
        }
    }

    /// Every policy that has at least one directive, in order of delivery.
    pub fn list(&self) -> &[Policy] {
        &self.list
    }

    /// Whether script that an attacker writes into the page would run, as an
    /// element, an event handler or a `javascript:` URL.
    pub fn inline_script_runs(&self) -> bool {
        let allowed = |chain: &[&str]| {
            self.list
                .iter()
                .all(|policy| !policy.forbids_scripts() && policy.allows_all_inline(chain))
        };
        allowed(&["script-src-elem", "script-src", "default-src"])
            || allowed(&["script-src-attr", "script-src", "default-src"])
    }

    /// Whether `eval` and its kin work.
    pub fn eval_allowed(&self) -> bool {
        self.list.iter().all(|policy| {
            !policy.forbids_scripts()
                && policy
                    .first_of(&["script-src", "default-src"])
                    .is_none_or(|sources| has(sources, "'unsafe-eval'"))
        })
    }

    /// Whether scripts may come from anywhere, or from `data:` URLs.
    pub fn any_script_host(&self) -> bool {
        let mut open = Anywhere::ALL;
        for policy in &self.list {
            open = open.and(if policy.forbids_scripts() {
                Anywhere::NONE
            } else {
                match policy.first_of(&SCRIPT_ELEMENTS) {
                    None => Anywhere::ALL,
                    // Host and scheme sources do not count beside 'strict-dynamic'.
                    Some(sources) if has(sources, "'strict-dynamic'") => Anywhere::NONE,
                    Some(sources) => Anywhere::of(sources),
                }
            });
        }
        open != Anywhere::NONE
    }

    /// Hosts that scripts may come from and that hand out script of anybody's choice, so that
    /// the list of hosts stops nobody. None where scripts may come from anywhere anyway.
    pub fn bypass_hosts(&self) -> Vec<&'static str> {
        if self.any_script_host() {
            return Vec::new();
        }
        SCRIPT_ON_REQUEST
            .into_iter()
            .filter(|host| {
                self.list
                    .iter()
                    .all(|policy| policy.allows_scripts_of(host))
            })
            .collect()
    }

    /// Nonces that scripts may carry, of all policies.
    pub fn nonces(&self) -> BTreeSet<&str> {
        self.list
            .iter()
            .flat_map(|policy| policy.first_of(&SCRIPT_ELEMENTS).unwrap_or_default())
            .filter(|source| is_nonce_or_hash(source))
            .filter_map(|source| source.trim_matches('\'').split_once('-'))
            .filter(|(kind, _)| kind.eq_ignore_ascii_case("nonce"))
            .map(|(_, nonce)| nonce)
            .collect()
    }

    /// Whether plug-in content is limited (`object-src`, else `default-src`).
    pub fn objects_limited(&self) -> bool {
        self.limited(&["object-src", "default-src"])
    }

    /// Whether the base URL is limited (`base-uri`; `default-src` does not stand in).
    pub fn base_limited(&self) -> bool {
        self.limited(&["base-uri"])
    }

    /// Whether the targets of forms are limited (`form-action`; `default-src` does not stand in).
    pub fn form_action_limited(&self) -> bool {
        self.limited(&["form-action"])
    }

    /// Whether framing is limited by `frame-ancestors`; `None` when no header has that
    /// directive, so that X-Frame-Options decides.
    pub fn framing_limited(&self) -> Option<bool> {
        self.list
            .iter()
            .any(|policy| policy.directives.contains_key("frame-ancestors"))
            .then(|| self.limited(&["frame-ancestors"]))
    }

    /// Whether parts over HTTP are asked for over HTTPS instead (`upgrade-insecure-requests`).
    pub fn upgrades_insecure(&self) -> bool {
        self.list
            .iter()
            .any(|policy| policy.directives.contains_key("upgrade-insecure-requests"))
    }

    /// Whether a directive that stands in `chain` leaves no scheme open to every host.
    fn limited(&self, chain: &[&str]) -> bool {
        self.list
            .iter()
            .filter_map(|policy| policy.first_of(chain))
            .map(Anywhere::of)
            .fold(Anywhere::ALL, Anywhere::and)
            == Anywhere::NONE
    }
}

impl Policy {
    fn first_of(&self, chain: &[&str]) -> Option<&[String]> {
        chain
            .iter()
            .find_map(|name| self.directives.get(*name))
            .map(Vec::as_slice)
    }

    /// A sandbox without `allow-scripts` stops all scripts of the page.
    fn forbids_scripts(&self) -> bool {
        self.directives
            .get("sandbox")
            .is_some_and(|tokens| !has(tokens, "allow-scripts"))
    }

    /// Whether a script element may load any path of a host over HTTPS.
    fn allows_scripts_of(&self, host: &str) -> bool {
        if self.forbids_scripts() {
            return false;
        }
        self.first_of(&SCRIPT_ELEMENTS).is_none_or(|sources| {
            !has(sources, "'strict-dynamic'")
                && (Anywhere::of(sources).https
                    || sources.iter().any(|source| names_host(source, host)))
        })
    }

    /// "Does a source list allow all inline behavior" (section 6.7.3.2): a nonce,
    /// a hash or 'strict-dynamic' takes the force from 'unsafe-inline'.
    fn allows_all_inline(&self, chain: &[&str]) -> bool {
        self.first_of(chain).is_none_or(|sources| {
            has(sources, "'unsafe-inline'")
                && !has(sources, "'strict-dynamic'")
                && !sources.iter().any(|source| is_nonce_or_hash(source))
        })
    }
}

/// The schemes from which everything may be loaded, whatever the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Anywhere {
    http: bool,
    https: bool,
    data: bool,
}

impl Anywhere {
    const ALL: Self = Self {
        http: true,
        https: true,
        data: true,
    };
    const NONE: Self = Self {
        http: false,
        https: false,
        data: false,
    };

    fn and(self, other: Self) -> Self {
        Self {
            http: self.http && other.http,
            https: self.https && other.https,
            data: self.data && other.data,
        }
    }

    fn of(sources: &[String]) -> Self {
        let mut open = Self::NONE;
        for source in sources {
            match source.to_ascii_lowercase().as_str() {
                "data:" => open.data = true,
                "https:" => open.https = true,
                // `http:` matches HTTPS as well (section 6.7.2.8).
                "http:" => (open.http, open.https) = (true, true),
                other => {
                    let (scheme, rest) = match other.split_once("://") {
                        Some((scheme, rest)) => (Some(scheme), rest),
                        None => (None, other),
                    };
                    let (host, port) = rest.split_once(':').unwrap_or((rest, "*"));
                    let port = port.trim_end_matches('/');
                    if host.trim_end_matches('/') != "*" {
                        continue;
                    }
                    match scheme {
                        None => {
                            open.http |= port != "443";
                            open.https |= port != "80";
                        }
                        Some("http") => (open.http, open.https) = (true, true),
                        Some("https") => open.https = true,
                        Some(_) => {}
                    }
                }
            }
        }
        open
    }
}

/// Splits a policy into directives; the first of a name counts (section 2.2.1).
fn parse_directives(serialised: &str, source: Source) -> BTreeMap<String, Vec<String>> {
    let mut directives = BTreeMap::new();
    for part in serialised.split(';').take(MAX_DIRECTIVES * 4) {
        let mut words = part.split_ascii_whitespace();
        let Some(name) = words.next().map(str::to_ascii_lowercase) else {
            continue;
        };
        let only_in_headers = ["frame-ancestors", "sandbox", "report-uri"];
        if !part.is_ascii() || (source == Source::Meta && only_in_headers.contains(&name.as_str()))
        {
            continue;
        }
        if directives.len() < MAX_DIRECTIVES && !directives.contains_key(&name) {
            directives.insert(name, words.map(str::to_owned).collect());
        }
    }
    directives
}

fn has(sources: &[String], word: &str) -> bool {
    sources
        .iter()
        .any(|source| source.eq_ignore_ascii_case(word))
}

/// Whether a host source stands for all paths of a host (section 6.7.2.8).
fn names_host(source: &str, host: &str) -> bool {
    let source = source.to_ascii_lowercase();
    let rest = match source.split_once("://") {
        Some(("http" | "https", rest)) => rest,
        Some(_) => return false,
        None => source.as_str(),
    };
    let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (name, port) = place.split_once(':').unwrap_or((place, "*"));
    // A source with a path allows no more than what lies there.
    if !path.is_empty() || !matches!(port, "*" | "443" | "80") {
        return false;
    }
    match name.strip_prefix("*.") {
        Some(parent) => host
            .strip_suffix(parent)
            .is_some_and(|labels| labels.ends_with('.')),
        None => name == host,
    }
}

fn is_nonce_or_hash(source: &str) -> bool {
    let Some(inner) = source
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
    else {
        return false;
    };
    let Some((kind, value)) = inner.split_once('-') else {
        return false;
    };
    let kinds = ["nonce", "sha256", "sha384", "sha512"];
    let digits = value.trim_end_matches('=');
    kinds.iter().any(|known| kind.eq_ignore_ascii_case(known))
        && value.len() - digits.len() <= 2
        && !digits.is_empty()
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte))
}

#[cfg(test)]
mod tests;
