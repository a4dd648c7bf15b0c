//! The facts of the web out of a browser's capture (HAR), by the same code as those of a scan. Pure.
//!
//! A capture shows pages and redirects. What it does not show (ports, all addresses,
//! certificates, second looks, exposure) is a gap. Secrets stay out: of the headers only
//! those that are judged are taken, addresses lose what follows `?`, `#` and `;`, and no body,
//! cookie value or posted form reaches a fact or evidence.

use base64::{Engine, prelude::BASE64_STANDARD};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use url::Url;

use super::{
    crawl::page_key,
    facts::{Scheme, WebFacts},
    fold::Fold,
    jobs::{Attempt, Visited},
    page::{Sheet, scheme_of},
    parts::session_in_urls,
    visit::{End, Step, Way, blocked, redirect},
};
use crate::{
    model::{
        gap::{Gap, GapReason},
        seen::Seen,
        target::Target,
    },
    net::{HttpResponse, MAX_BODY, NetError},
    probes::registry::AreaReport,
    wire::{
        har::{Entry, Log},
        text::clean,
    },
};

/// Most pages and ways of a capture that are taken.
const PAGES_MAX: usize = 500;
/// Headers that are judged; no other is taken.
const HEADERS: [&str; 27] = [
    "access-control-allow-credentials",
    "access-control-allow-origin",
    "alt-svc",
    "cache-control",
    "cf-mitigated",
    "content-encoding",
    "content-security-policy",
    "content-security-policy-report-only",
    "content-type",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "expires",
    "location",
    "permissions-policy",
    "pragma",
    "referrer-policy",
    "refresh",
    "server",
    "set-cookie",
    "strict-transport-security",
    "vary",
    "x-amzn-waf-action",
    "x-content-type-options",
    "x-frame-options",
    "x-powered-by",
    "x-xss-protection",
];
/// Places that a capture says nothing of.
const NOT_SHOWN: [&str; 11] = [
    "origins",
    "security_txt",
    "fronts",
    "networks",
    "shield",
    "https_record",
    "sibling",
    "second_looks",
    "exposure",
    "contact_domains",
    "pins",
];

/// What was taken of a capture for one target.
pub struct Taken {
    /// Facts, gaps and evidence.
    pub report: AreaReport,
    /// How many pages.
    pub pages: usize,
    /// When its first request was sent, as the capture has it.
    pub started: Option<String>,
}

/// The facts about a target in a capture. `in_scope`: whether a host may be followed.
pub fn read(log: &Log, target: &Target, in_scope: &dyn Fn(&str) -> bool) -> Taken {
    let mut taken = Taking {
        fold: Fold::default(),
        target,
        chains: Vec::new(),
        pages: Vec::new(),
        keys: Vec::new(),
        shows_cookies: log.entries.iter().any(sets_cookies),
        started: None,
    };
    let mut entries = log.entries.iter().peekable();
    while let Some(entry) = entries.next() {
        let Some(url) = url_of(entry).filter(|url| taken.is_own(url)) else {
            continue;
        };
        taken
            .started
            .get_or_insert_with(|| entry.started_date_time.clone());
        if !is_navigation(entry) {
            continue;
        }
        let mut way = vec![(url, entry)];
        // A redirect goes on with the next navigation, if that is where it leads.
        while let Some((url, last)) = way.last() {
            let Some(Some(next)) = redirect(url, &response(last)) else {
                break;
            };
            // What followed `?` in the location is gone already.
            let follows =
                |entry: &Entry| url_of(entry).is_some_and(|url| redacted(&url) == redacted(&next));
            let Some(entry) = entries.next_if(|entry| follows(entry)) else {
                break;
            };
            match url_of(entry) {
                Some(url) if in_scope(url.host_str().unwrap_or_default()) => way.push((url, entry)),
                _ => break,
            }
        }
        taken.add(way, in_scope);
    }
    taken.finish()
}

/// Hosts that a capture was answered by, sorted, at most `most`.
pub fn hosts(log: &Log, most: usize) -> Vec<String> {
    let hosts: std::collections::BTreeSet<String> = log
        .entries
        .iter()
        .filter_map(|entry| Some(clean(url_of(entry)?.host_str()?, 253)))
        .collect();
    hosts.into_iter().take(most).collect()
}

struct Taking<'a> {
    fold: Fold,
    target: &'a Target,
    chains: Vec<super::facts::RedirectChain>,
    pages: Vec<super::facts::Page>,
    keys: Vec<String>,
    /// Whether the browser wrote cookies down at all: Chromium leaves them out unless told.
    shows_cookies: bool,
    started: Option<String>,
}

impl Taking<'_> {
    /// Whether a URL is one of the target's website.
    fn is_own(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let own = &self.target.name;
        let named = host == own
            || host.strip_prefix("www.") == Some(own)
            || own.strip_prefix("www.") == Some(host);
        let port = match scheme_of(url) {
            Scheme::Http => 80,
            Scheme::Https => self.target.port.unwrap_or(443),
        };
        named && url.port_or_known_default() == Some(port)
    }

    /// Takes a way and the page that it ends on.
    fn add(&mut self, way: Vec<(Url, &Entry)>, in_scope: &dyn Fn(&str) -> bool) {
        if self.chains.len() >= PAGES_MAX {
            let detail = format!("only the first {PAGES_MAX} ways of the capture are taken");
            let error = NetError::new(GapReason::TooLarge, detail);
            self.fold.gap("/web/chains/-", &error);
            self.fold.gap("/web/pages/-", &error);
            return;
        }
        let Some((start, _)) = way.first().cloned() else {
            return;
        };
        let steps: Vec<Step> = way
            .iter()
            .map(|(url, entry)| Step {
                url: redacted(url),
                ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                response: Arc::new(response(entry)),
            })
            .collect();
        let Some((last_url, last)) = way.last() else {
            return;
        };
        let answer = response(last);
        let end = match (
            unusable(last),
            blocked(&answer),
            redirect(last_url, &answer),
        ) {
            (Some(error), _, _) => End::Failed(error),
            (None, Some(error), _) => End::Blocked(error),
            (None, None, None) => End::Final,
            (None, None, Some(None)) => End::Broken,
            (None, None, Some(Some(next))) => match in_scope(next.host_str().unwrap_or_default()) {
                false => End::LeftScope(redacted(&next)),
                true => End::Failed(not_shown("the capture does not show where it leads")),
            },
        };
        let error = match &end {
            End::Failed(error) | End::Blocked(error) => Some(error.clone()),
            _ => None,
        };
        let is_final = matches!(end, End::Final);
        let attempt = Attempt {
            scheme: scheme_of(&start),
            ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: start.port_or_known_default().unwrap_or(443),
            start: redacted(&start),
            way: Err(not_shown("read from a capture")),
        };
        let key = redacted(&start).to_string();
        let known = self.chains.iter().any(|chain| chain.start == key);
        if !known && unusable(last).is_none() {
            let at = self.chains.len();
            let mut chain = self.fold.chain(&attempt, &Way { steps, end }, in_scope);
            chain.key.clone_from(&key);
            if !self.shows_cookies {
                for hop in 0..chain.hops.known().map_or(0, Vec::len) {
                    self.fold.gap(
                        format!("/web/chains/{at}/hops/{hop}/cookies/-"),
                        &no_cookies(),
                    );
                }
            }
            self.chains.push(chain);
        }
        match (is_final, error) {
            (true, _) => self.page(last_url, last),
            (false, Some(error)) => {
                let place = clean(redacted(last_url).path(), 200);
                let error = NetError::new(error.reason, format!("{place}: {}", error.detail));
                self.fold.gap("/web/pages/-", &error);
            }
            (false, None) => {}
        }
    }

    fn page(&mut self, url: &Url, entry: &Entry) {
        let redacted = redacted(url);
        let key = page_key(self.target, &redacted);
        if self.keys.contains(&key) {
            return;
        }
        let mut sheet = Sheet::read(redacted.clone(), response(entry));
        let mut sessions = None;
        if let Some(document) = &mut sheet.document {
            let base = document
                .base
                .as_deref()
                .and_then(|base| url.join(base).ok());
            sessions = Some(session_in_urls(document, url, base.as_ref().unwrap_or(url)));
            redact(document);
        }
        let at = format!("/web/pages/{}", self.pages.len());
        let visited = Visited {
            key: key.clone(),
            ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            sheet,
        };
        let mut page = self.fold.page(&visited);
        if let Some(sessions) = sessions {
            page.session_in_urls = Seen::Known(sessions);
        }
        if !self.shows_cookies {
            self.fold.gap(format!("{at}/cookies/-"), &no_cookies());
        }
        self.keys.push(key);
        self.pages.push(page);
    }

    fn finish(mut self) -> Taken {
        let error = not_shown("a browser's capture does not show it");
        for place in NOT_SHOWN {
            self.fold.gap(format!("/web/{place}"), &error);
        }
        let pages = self.pages.len();
        if pages == 0 {
            let error = not_shown("the capture has no page of this site");
            self.fold.gap("/web/pages/-", &error);
        }
        let facts = WebFacts {
            chains: Seen::Known(self.chains),
            pages: Seen::Known(self.pages),
            ..WebFacts::default()
        };
        let (gaps, mut evidence): (Vec<Gap>, Vec<_>) = self.fold.into_parts();
        for item in &mut evidence {
            // No address is known, and what was seen may need a login.
            item.reproduce = "look at the capture that was imported".to_owned();
        }
        Taken {
            report: AreaReport {
                facts: serde_json::to_value(&facts).ok(),
                gaps,
                evidence,
            },
            pages,
            started: self.started,
        }
    }
}

fn not_shown(detail: &str) -> NetError {
    NetError::new(GapReason::NotAsked, detail)
}

fn no_cookies() -> NetError {
    not_shown("the capture holds no cookies: the browser left them out")
}

fn url_of(entry: &Entry) -> Option<Url> {
    let url: Url = entry.request.url.parse().ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// Whether an entry is a page that the browser went to, or a redirect on the way to one.
fn is_navigation(entry: &Entry) -> bool {
    let by_kind = entry
        .resource_type
        .as_deref()
        .map(|kind| kind == "document");
    let html = || {
        let media_type = &entry.response.content.mime_type;
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        matches!(media_type, "text/html" | "application/xhtml+xml")
            || matches!(entry.response.status, 301 | 302 | 303 | 307 | 308)
    };
    by_kind.unwrap_or_else(html) && matches!(entry.request.method.as_str(), "GET" | "POST")
}

fn sets_cookies(entry: &Entry) -> bool {
    let mut headers = entry.response.headers.iter();
    !entry.response.cookies.is_empty()
        || headers.any(|header| header.name.eq_ignore_ascii_case("set-cookie"))
}

/// Why an entry does not show what the server answers.
fn unusable(entry: &Entry) -> Option<NetError> {
    let header = |name: &str| {
        let mut headers = entry.response.headers.iter();
        headers.any(|header| header.name.eq_ignore_ascii_case(name))
    };
    match entry.response.status {
        304 => Some(not_shown(
            "came from the browser's cache: capture again with the cache disabled",
        )),
        _ if header("non-authoritative-reason") => {
            Some(not_shown("the browser redirected by itself, by HSTS"))
        }
        100..=599 => None,
        _ => Some(not_shown("the browser got no answer")),
    }
}

/// An answer as a scan would have received it, without what is not judged.
fn response(entry: &Entry) -> HttpResponse {
    let response = &entry.response;
    let mut headers: Vec<(String, Vec<u8>)> = response
        .header_lines()
        .into_iter()
        .filter(|(name, _)| HEADERS.contains(&name.as_str()))
        .map(|(name, value)| {
            let value = match name.as_str() {
                "set-cookie" => without_value(&value),
                "location" | "refresh" => cut_query(&String::from_utf8_lossy(&value)).into_bytes(),
                "content-security-policy" | "content-security-policy-report-only" => {
                    let text = String::from_utf8_lossy(&value);
                    let words: Vec<String> = text.split(' ').map(cut_query).collect();
                    words.join(" ").into_bytes()
                }
                _ => value,
            };
            (name, value)
        })
        .collect();
    if !headers.iter().any(|(name, _)| name == "set-cookie") {
        headers.extend(
            response
                .cookies
                .iter()
                .map(|cookie| ("set-cookie".to_owned(), cookie.line())),
        );
    }
    let (body, body_gap) = body(entry, &mut headers);
    HttpResponse {
        version: version(&response.http_version),
        status: u16::try_from(response.status).unwrap_or(0),
        headers,
        body,
        body_gap,
        certificate: None,
    }
}

fn version(text: &str) -> &'static str {
    match text.to_ascii_lowercase().as_str() {
        "h2" | "http/2" | "http/2.0" => "HTTP/2",
        "h3" | "http/3" | "http/3.0" => "HTTP/3",
        "http/1.0" => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}

/// The body, and why it is not all there.
fn body(entry: &Entry, headers: &mut [(String, Vec<u8>)]) -> (Vec<u8>, Option<NetError>) {
    let content = &entry.response.content;
    let empty = content.size <= 0 || matches!(entry.response.status, 204 | 301..=308);
    let Some(text) = &content.text else {
        let gap = (!empty).then(|| not_shown("the capture holds no body of this page"));
        return (Vec::new(), gap);
    };
    let mut body = match content.encoding.as_deref() {
        Some("base64") => {
            let decoded = BASE64_STANDARD.decode(text.trim());
            match decoded {
                Ok(body) => body,
                Err(_) => {
                    let detail = "the body in the capture is not base64";
                    let error = NetError::new(GapReason::Malformed, detail);
                    return (Vec::new(), Some(error));
                }
            }
        }
        _ => {
            // The browser has decoded it: whatever it was sent in, it is UTF-8 now.
            for (name, value) in headers {
                if name == "content-type" {
                    let text = String::from_utf8_lossy(value);
                    let media_type = text.split(';').next().unwrap_or_default();
                    *value = format!("{media_type}; charset=utf-8").into_bytes();
                }
            }
            text.clone().into_bytes()
        }
    };
    let gap = (body.len() > MAX_BODY).then(|| {
        let detail = format!("only the first {MAX_BODY} bytes of the body are read");
        NetError::new(GapReason::TooLarge, detail)
    });
    body.truncate(MAX_BODY);
    (body, gap)
}

/// A URL without what may be a secret: its query, its fragment, its user, and sessions in its path.
fn redacted(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Only URLs without a host refuse this, and those have no user.
    let _ = (url.set_username(""), url.set_password(None));
    let path: Vec<&str> = url
        .path()
        .split('/')
        .map(|part| part.split(';').next().unwrap_or_default())
        .filter(|part| !part.starts_with("(S("))
        .collect();
    let path = path.join("/");
    url.set_path(&path);
    url
}

/// A reference without query and fragment.
fn cut_query(text: &str) -> String {
    text.split(['?', '#']).next().unwrap_or_default().to_owned()
}

fn without_value(line: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(line);
    let (pair, rest) = match text.split_once(';') {
        Some((pair, rest)) => (pair, format!(";{rest}")),
        None => (text.as_ref(), String::new()),
    };
    let name = pair.split_once('=').map_or("", |(name, _)| name);
    format!("{name}=x{rest}").into_bytes()
}

/// Takes queries and sessions out of all that a document refers to.
fn redact(document: &mut crate::wire::html::Document) {
    let cut = |text: &mut String| {
        let cut = cut_query(text);
        *text = cut.split(";").next().unwrap_or_default().to_owned();
    };
    document
        .scripts
        .iter_mut()
        .for_each(|script| cut(&mut script.src));
    document
        .resources
        .iter_mut()
        .for_each(|part| cut(&mut part.url));
    document
        .links
        .iter_mut()
        .for_each(|link| cut(&mut link.href));
    document
        .forms
        .iter_mut()
        .filter_map(|form| form.action.as_mut())
        .for_each(cut);
    if let Some(base) = &mut document.base {
        cut(base);
    }
}
