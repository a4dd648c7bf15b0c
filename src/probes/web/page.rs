//! Facts about one page, from its answer.

use std::collections::BTreeMap;
use url::Url;

use super::{
    facts::{MixedContent, Page, Scheme, Script},
    forms::forms_of,
    headers::{cookies_of, csp_of, hsts_of, policies_of},
    site::same_site,
};
use crate::{
    model::{
        gap::{Gap, GapReason},
        seen::Seen,
    },
    net::{HttpResponse, NetError},
    wire::{
        charset::decode,
        html::{self, Document},
        http_headers::{
            Framing, alt_svc, cache_control, content_type, names_version, nosniff, x_frame_options,
        },
        referrer_policy,
        text::clean,
    },
};

/// An answer with its document read, if it is one.
pub(super) struct Sheet {
    pub(super) url: Url,
    pub(super) response: HttpResponse,
    media_type: Option<String>,
    pub(super) document: Option<Document>,
}

impl Sheet {
    /// Reads the document of an answer, and lets go of its bytes.
    pub(super) fn read(url: Url, mut response: HttpResponse) -> Self {
        let (media_type, charset) = match content_type(&response.all("content-type")) {
            Some((media_type, charset)) => (Some(media_type), charset),
            None => (None, None),
        };
        let body = std::mem::take(&mut response.body);
        let is_html = match media_type.as_deref() {
            Some(media_type) => matches!(media_type, "text/html" | "application/xhtml+xml"),
            None => looks_like_html(&body),
        };
        let document = is_html.then(|| html::parse(&decode(&body, charset.as_deref())));
        Self {
            url,
            response,
            media_type,
            document,
        }
    }

    /// What relative URLs of the document are relative to.
    pub(super) fn base(&self) -> Url {
        self.document
            .as_ref()
            .and_then(|document| document.base.as_deref())
            .and_then(|base| self.url.join(base.trim()).ok())
            .filter(|base| !matches!(base.scheme(), "data" | "javascript"))
            .unwrap_or_else(|| self.url.clone())
    }

    /// The page's facts under `key`, and what could not be seen below `at` (`/web/pages/0`).
    pub(super) fn facts(&self, key: &str, at: &str) -> (Page, Vec<Gap>) {
        let response = &self.response;
        let header = |name: &str| response.first(name, 300);
        let scheme = scheme_of(&self.url);
        let policies = self.policies();
        let (server, powered_by) = (header("server"), header("x-powered-by"));
        let banners = [&server, &powered_by]
            .into_iter()
            .flatten()
            .any(|value| names_version(value));
        let framing = x_frame_options(&response.all("x-frame-options"));
        let mut page = Page {
            key: key.to_owned(),
            url: clean(self.url.as_str(), 500),
            scheme,
            status: response.status,
            http_version: response.version.to_owned(),
            http3_offered: alt_svc(&response.all("alt-svc"))
                .iter()
                .any(|protocol| protocol.starts_with("h3")),
            media_type: self
                .media_type
                .as_deref()
                .map(|media_type| clean(media_type, 100)),
            html: self.document.is_some(),
            hsts: hsts_of(response, scheme == Scheme::Https),
            csp: Seen::Known(csp_of(&policies)),
            x_frame_options: joined(response, "x-frame-options").map(|value| value.to_lowercase()),
            framing_limited: Seen::Known(
                policies
                    .framing_limited()
                    .unwrap_or(framing != Framing::Unlimited),
            ),
            nosniff: nosniff(&response.all("x-content-type-options")),
            referrer_policy: Seen::Known(self.referrer_policy().map(str::to_owned)),
            permissions_policy: joined(response, "permissions-policy"),
            cache_control: cache_control(&response.all("cache-control"))
                .iter()
                .map(|directive| clean(directive, 100))
                .collect(),
            names_version: banners,
            server,
            powered_by,
            cors_origin: header("access-control-allow-origin"),
            cors_credentials: response.all("access-control-allow-credentials") == [b"true"],
            cookies: cookies_of(response, scheme == Scheme::Https),
            forms: Seen::Known(Vec::new()),
            scripts: Seen::Known(Vec::new()),
            mixed_content: Seen::Known(Vec::new()),
        };
        if let Some(document) = &self.document {
            let base = self.base();
            page.forms = Seen::Known(forms_of(document, key, &self.url, &base));
            page.scripts = Seen::Known(self.scripts(document, &base));
            if scheme == Scheme::Https && !policies.upgrades_insecure() {
                page.mixed_content = Seen::Known(mixed_content(document, &base));
            }
        }
        let gaps = self.open_ends(&mut page, at);
        (page, gaps)
    }

    fn policies(&self) -> crate::wire::csp::Policies {
        let mut policies = policies_of(&self.response);
        for content in self.document.iter().flat_map(|document| &document.csp) {
            policies.add_meta(content);
        }
        policies
    }

    /// A `meta` element that comes later takes the place of the header.
    fn referrer_policy(&self) -> Option<&'static str> {
        self.document
            .iter()
            .flat_map(|document| document.referrer.iter().rev())
            .find_map(|content| referrer_policy::from_meta(content))
            .or_else(|| referrer_policy::from_headers(&self.response.all("referrer-policy")))
    }

    fn scripts(&self, document: &Document, base: &Url) -> Vec<Script> {
        let own = self.url.host_str().unwrap_or_default();
        let mut scripts: BTreeMap<String, Script> = BTreeMap::new();
        for script in &document.scripts {
            let Ok(url) = base.join(script.src.trim()) else {
                continue;
            };
            let host = url.host_str().unwrap_or_default();
            let integrity = script.integrity.as_deref().is_some_and(has_usable_hash);
            let key = clean(url.as_str(), 500);
            scripts
                .entry(key.clone())
                .and_modify(|known| known.integrity &= integrity)
                .or_insert_with(|| Script {
                    key,
                    host: clean(host, 253),
                    third_party: url.has_host() && !same_site(host, own),
                    integrity,
                });
        }
        scripts.into_values().collect()
    }

    /// Marks what the document did not show in full: facts that a later part could change go,
    /// lists stay open.
    fn open_ends(&self, page: &mut Page, at: &str) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let Some(document) = &self.document else {
            // Without a media type, a body that did not come may have been a document.
            if let Some(error) = &self.response.body_gap
                && self.media_type.is_none()
            {
                page.csp = Seen::Unseen;
                page.referrer_policy = Seen::Unseen;
                for part in [
                    "csp",
                    "referrer_policy",
                    "forms/-",
                    "scripts/-",
                    "mixed_content/-",
                ] {
                    gaps.push(error.gap(format!("{at}/{part}")));
                }
            }
            return gaps;
        };
        if let Some(error) = &self.response.body_gap {
            if !document.head_ended {
                page.csp = Seen::Unseen;
                gaps.push(error.gap(format!("{at}/csp")));
                page.referrer_policy = Seen::Unseen;
                gaps.push(error.gap(format!("{at}/referrer_policy")));
            }
            for list in ["forms/-", "scripts/-", "mixed_content/-"] {
                gaps.push(error.gap(format!("{at}/{list}")));
            }
            self.open_last_form(page, at, error, &mut gaps);
            return gaps;
        }
        let many = NetError::new(GapReason::TooLarge, "the page has more than are read");
        let cut = document.cut;
        let lists = [
            (cut.forms, "forms/-"),
            (cut.scripts, "scripts/-"),
            (cut.resources || cut.scripts, "mixed_content/-"),
        ];
        for (is_cut, list) in lists {
            if is_cut {
                gaps.push(many.gap(format!("{at}/{list}")));
            }
        }
        if cut.forms {
            self.open_last_form(page, at, &many, &mut gaps);
        }
        gaps
    }

    /// Where a document breaks off, its last form may go on.
    fn open_last_form(&self, page: &Page, at: &str, error: &NetError, gaps: &mut Vec<Gap>) {
        let last = page
            .forms
            .known()
            .and_then(|forms| forms.len().checked_sub(1));
        if let Some(last) = last {
            gaps.push(error.gap(format!("{at}/forms/{last}/fields/-")));
        }
    }
}

pub(super) fn scheme_of(url: &Url) -> Scheme {
    if url.scheme() == "https" {
        Scheme::Https
    } else {
        Scheme::Http
    }
}

/// All lines of a header as one list, cleaned.
fn joined(response: &HttpResponse, name: &str) -> Option<String> {
    let lines = response.all(name);
    let text: Vec<_> = lines
        .iter()
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    (!text.is_empty()).then(|| clean(&text.join(", "), 1_000))
}

/// The first bytes by which browsers take a body without media type for HTML (MIME Sniffing).
fn looks_like_html(body: &[u8]) -> bool {
    let start = body
        .trim_ascii_start()
        .get(..14)
        .unwrap_or(body.trim_ascii_start());
    let start = start.to_ascii_lowercase();
    [
        "<!doctype html",
        "<html",
        "<head",
        "<script",
        "<body",
        "<title",
        "<!--",
    ]
    .iter()
    .any(|sign| start.starts_with(sign.as_bytes()))
}

/// Whether an `integrity` attribute holds a hash that browsers use (W3C Subresource Integrity section 3.3).
fn has_usable_hash(integrity: &str) -> bool {
    integrity.split_ascii_whitespace().any(|token| {
        let (kind, rest) = token.split_once('-').unwrap_or_default();
        let length = match kind {
            "sha256" => 43,
            "sha384" => 64,
            "sha512" => 86,
            _ => return false,
        };
        let hash = rest
            .split('?')
            .next()
            .unwrap_or_default()
            .trim_end_matches('=');
        hash.len() == length
            && hash
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte))
    })
}

/// What a page loads over HTTP. The page is one over HTTPS whose policy does not upgrade it all.
fn mixed_content(document: &Document, base: &Url) -> Vec<MixedContent> {
    let scripts = document
        .scripts
        .iter()
        .map(|script| ("script", &script.src, true));
    let parts = document
        .resources
        .iter()
        .map(|part| (part.element, &part.url, part.blockable));
    let mut found: BTreeMap<String, MixedContent> = BTreeMap::new();
    for (element, url, blockable) in scripts.chain(parts) {
        let Ok(url) = base.join(url.trim()) else {
            continue;
        };
        if url.scheme() != "http" || is_local(&url) {
            continue;
        }
        let key = clean(url.as_str(), 500);
        found
            .entry(key.clone())
            .and_modify(|known| known.blockable |= blockable)
            .or_insert_with(|| MixedContent {
                key,
                element: element.to_owned(),
                blockable,
            });
    }
    found.into_values().collect()
}

/// Loopback counts as trustworthy without encryption (W3C Secure Contexts section 3.1).
fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrity_needs_a_hash_that_browsers_use() {
        let hash = "A".repeat(43);
        let cases = [
            (format!("sha256-{hash}="), true),
            (format!("md5-x sha256-{hash}=?opt"), true),
            ("sha256-short".to_owned(), false),
            (format!("sha1-{hash}"), false),
            (String::new(), false),
            (format!("sha256-{}\u{e9}", "A".repeat(41)), false),
        ];
        for (integrity, expected) in cases {
            assert_eq!(has_usable_hash(&integrity), expected, "{integrity}");
        }
    }

    #[test]
    fn mixed_content_is_told_apart() {
        let base: Url = "https://vote.example/a/".parse().expect("a URL");
        let document = html::parse(
            "<img src=http://cdn.example/i.png><script src=http://cdn.example/s.js></script>\
             <iframe src=http://127.0.0.1/x></iframe><img src=//cdn.example/ok.png><img src=rel.png>\
             <link rel=stylesheet href=http://cdn.example/s.css>",
        );
        let found: Vec<_> = mixed_content(&document, &base)
            .into_iter()
            .map(|part| (part.key, part.element, part.blockable))
            .collect();
        let expected = [
            ("http://cdn.example/i.png", "img", false),
            ("http://cdn.example/s.css", "link", true),
            ("http://cdn.example/s.js", "script", true),
        ];
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((key, element, blockable), expected) in found.iter().zip(expected) {
            assert_eq!((key.as_str(), element.as_str(), *blockable), expected);
        }
    }
}
