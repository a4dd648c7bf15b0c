//! Facts about what a document loads and links to.

use std::collections::{BTreeMap, BTreeSet};
use url::Url;

use super::{
    facts::{MixedContent, Script},
    site::same_site,
};
use crate::{
    model::seen::Seen,
    wire::{html::Document, text::clean},
};

/// The scripts of a document at `page` that are loaded from a URL.
pub(super) fn scripts(document: &Document, page: &Url, base: &Url) -> Vec<Script> {
    let own = page.host_str().unwrap_or_default();
    let mut scripts: BTreeMap<String, Script> = BTreeMap::new();
    for script in &document.scripts {
        let Ok(url) = base.join(script.src.trim()) else {
            continue;
        };
        let host = url.host_str().unwrap_or_default();
        let integrity = script.integrity.as_deref().is_some_and(has_usable_hash);
        let crossorigin = script.crossorigin;
        let key = clean(url.as_str(), 500);
        let relative = script.src.trim_start().starts_with("//");
        scripts
            .entry(key.clone())
            .and_modify(|known| {
                known.integrity &= integrity;
                known.crossorigin &= crossorigin;
                if relative {
                    known.protocol_relative = Seen::Known(true);
                }
            })
            .or_insert_with(|| Script {
                key,
                host: clean(host, 253),
                third_party: url.has_host() && !same_site(host, own),
                integrity,
                crossorigin,
                protocol_relative: Seen::Known(relative),
            });
    }
    scripts.into_values().collect()
}

/// Names of parameters that carry a session, in lower case.
const SESSION_PARAMETERS: [&str; 9] = [
    "aspsessionid",
    "cftoken",
    "jsessionid",
    "oscsid",
    "phpsessid",
    "session_id",
    "sessionid",
    "sessid",
    "sid",
];
/// Shortest value that can be a session, in characters: a number of a record is shorter.
const SESSION_MIN: usize = 16;

/// Names of the parameters by which a page's own address, its links and its forms carry a session.
pub(super) fn session_in_urls(document: &Document, page: &Url, base: &Url) -> Vec<String> {
    let links = document.links.iter().map(|link| link.href.as_str());
    let actions = document
        .forms
        .iter()
        .filter_map(|form| form.action.as_deref());
    let own = page.host_str().unwrap_or_default();
    let mut found: BTreeSet<String> = session_parameters(page).into_iter().collect();
    for url in links
        .chain(actions)
        .filter_map(|url| base.join(url.trim()).ok())
    {
        if same_site(url.host_str().unwrap_or_default(), own) {
            found.extend(session_parameters(&url));
        }
    }
    found.into_iter().collect()
}

fn session_parameters(url: &Url) -> Vec<String> {
    let mut found = Vec::new();
    // ASP.NET without cookies writes `/(S(...))/` in front of the path.
    if url.path().contains("/(S(") {
        found.push("asp.net_sessionid".to_owned());
    }
    let in_path = url
        .path()
        .split(['/', ';'])
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let in_query = url
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()));
    for (name, value) in in_path.chain(in_query) {
        let name = name.to_lowercase();
        if SESSION_PARAMETERS.contains(&name.as_str()) && value.chars().count() >= SESSION_MIN {
            found.push(name);
        }
    }
    found
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
pub(super) fn mixed_content(document: &Document, base: &Url) -> Vec<MixedContent> {
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
    use crate::wire::html;

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

    #[test]
    fn sessions_in_addresses_are_told() {
        let base: Url = "https://vote.example/a".parse().expect("a URL");
        let cases: &[(&str, &[&str])] = &[
            (
                "<a href='/b;jsessionid=0123456789ABCDEF0123'>",
                &["jsessionid"],
            ),
            (
                "<a href='/b?PHPSESSID=0123456789abcdef0123'>",
                &["phpsessid"],
            ),
            (
                "<form action='/(S(abcdefghijklmnopqrstuvwx))/b'>",
                &["asp.net_sessionid"],
            ),
            ("<a href='/b?sid=12'>", &[]),
            (
                "<a href='https://other.example/b?PHPSESSID=0123456789abcdef0123'>",
                &[],
            ),
            ("<a href='/b?page=0123456789abcdef0123'>", &[]),
        ];
        for (html, expected) in cases {
            assert_eq!(
                &session_in_urls(&html::parse(html), &base, &base),
                expected,
                "{html}"
            );
        }
    }
}
