//! The facts of the web out of a browser's capture (HAR), by the same code as those of a scan. Pure.
//!
//! A capture shows pages and redirects. What it does not show (ports, all addresses,
//! certificates, second looks, exposure) is a gap. Secrets stay out: of the headers only
//! those that are judged are taken, addresses lose what follows `?`, `#` and `;`, and no body,
//! cookie value or posted form reaches a fact or evidence.

mod answer;
mod redact;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use url::Url;

use self::{
    answer::{response, unusable},
    redact::{redact, redacted},
};
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
    net::NetError,
    probes::registry::AreaReport,
    wire::{
        har::{Cookie, Entry, Log},
        text::clean,
    },
};

/// Most pages and ways of a capture that are taken.
const PAGES_MAX: usize = 500;
/// Places that a capture says nothing of.
const NOT_SHOWN: [&str; 13] = [
    "origins",
    "security_txt",
    "fronts",
    "networks",
    "shield",
    "named_origins",
    "origin_leads",
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
            for (hop, (_, entry)) in way.iter().enumerate() {
                if !self.shows_cookies || hides_cookies(entry) {
                    let place = format!("/web/chains/{at}/hops/{hop}/cookies/-");
                    self.fold.gap(place, &no_cookies());
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
        if !self.shows_cookies || hides_cookies(entry) {
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
    let by_destination = entry
        .request
        .destination
        .as_deref()
        .map(|destination| matches!(destination, "document" | "iframe" | "frame"));
    by_kind.or(by_destination).unwrap_or_else(html)
        && matches!(entry.request.method.as_str(), "GET" | "POST")
}

fn sets_cookies(entry: &Entry) -> bool {
    has_cookie_lines(entry) || entry.response.cookies.iter().any(Cookie::is_whole)
}

/// Whether an entry tells that cookies were set, and not how.
fn hides_cookies(entry: &Entry) -> bool {
    !has_cookie_lines(entry) && !entry.response.cookies.iter().all(Cookie::is_whole)
}

fn has_cookie_lines(entry: &Entry) -> bool {
    let mut headers = entry.response.headers.iter();
    headers.any(|header| header.name.eq_ignore_ascii_case("set-cookie"))
}
