//! Other sites that a page loads parts from, and what they are known for.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::LazyLock,
};
use url::Url;

use super::{
    facts::ThirdParty,
    site::{registrable, same_site},
};
use crate::wire::{html::Document, text::clean};

/// Most other sites of a page that are noted, and most hosts of one.
const PARTIES_MAX: usize = 200;
const HOSTS_MAX: usize = 20;

/// Domains and hosts with their category; see the file's head for its source and date.
static CATEGORIES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let mut category = "";
    let mut table = HashMap::new();
    for line in lines(include_str!("data/third-parties.txt")) {
        match line
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
        {
            Some(name) => category = name,
            None => {
                table.insert(line, category);
            }
        }
    }
    table
});

static RECORDERS: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| lines(include_str!("data/session-recorders.txt")).collect());

/// Signs of products against automated requests, in URLs of what a page loads.
const CHALLENGES: [(&str, &str); 11] = [
    ("/recaptcha/", "reCAPTCHA"),
    ("hcaptcha.com", "hCaptcha"),
    ("challenges.cloudflare.com", "Turnstile"),
    ("friendlycaptcha", "Friendly Captcha"),
    ("friendly-challenge", "Friendly Captcha"),
    ("mtcaptcha", "MTCaptcha"),
    ("arkoselabs", "Arkose Labs"),
    ("funcaptcha", "Arkose Labs"),
    ("geetest", "GeeTest"),
    ("altcha", "ALTCHA"),
    ("captcha", "CAPTCHA"),
];

/// The lines of a table, without comments.
pub(super) fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The other sites that a document at `page` loads parts from; relative URLs are relative to `base`.
pub(super) fn third_parties(document: &Document, page: &Url, base: &Url) -> Vec<ThirdParty> {
    let own = page.host_str().unwrap_or_default();
    let mut found: BTreeMap<String, (BTreeSet<String>, BTreeSet<&str>)> = BTreeMap::new();
    for (element, url) in parts(document) {
        let Ok(url) = base.join(url.trim()) else {
            continue;
        };
        let host = url.host_str().unwrap_or_default();
        if !matches!(url.scheme(), "http" | "https") || host.is_empty() || same_site(host, own) {
            continue;
        }
        let site = registrable(host).unwrap_or(host).to_owned();
        if found.len() >= PARTIES_MAX && !found.contains_key(&site) {
            continue;
        }
        let (hosts, elements) = found.entry(site).or_default();
        elements.insert(element);
        if hosts.len() < HOSTS_MAX {
            hosts.insert(host.to_owned());
        }
    }
    found
        .into_iter()
        .map(|(site, (hosts, elements))| ThirdParty {
            category: hosts
                .iter()
                .find_map(|host| category(host))
                .map(str::to_owned),
            records_sessions: hosts.iter().any(|host| records(host)),
            key: clean(&site, 253),
            hosts: hosts.iter().map(|host| clean(host, 253)).collect(),
            elements: elements.into_iter().map(str::to_owned).collect(),
        })
        .collect()
}

/// The product against automated requests that a document loads, or has a field for.
pub(super) fn challenge(document: &Document) -> Option<&'static str> {
    let urls = parts(document).map(|(_, url)| url);
    let names = document
        .forms
        .iter()
        .flat_map(|form| &form.fields)
        .flat_map(|field| field.name.as_deref().into_iter().chain(field.id.as_deref()));
    let text: Vec<String> = urls.chain(names).map(str::to_lowercase).collect();
    CHALLENGES
        .iter()
        .find(|(sign, _)| text.iter().any(|text| text.contains(sign)))
        .map(|(_, product)| *product)
}

/// Elements and URLs of everything that a document loads.
fn parts(document: &Document) -> impl Iterator<Item = (&str, &str)> {
    let scripts = document
        .scripts
        .iter()
        .map(|script| ("script", script.src.as_str()));
    let others = document
        .resources
        .iter()
        .map(|part| (part.element, part.url.as_str()));
    scripts.chain(others)
}

/// The category of a host, by the longest name above it that the table has.
fn category(host: &str) -> Option<&'static str> {
    names_above(host).find_map(|name| CATEGORIES.get(name).copied())
}

fn records(host: &str) -> bool {
    names_above(host).any(|name| RECORDERS.contains(name))
}

/// A host and the names above it, the longest first.
fn names_above(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |name| {
        name.split_once('.').map(|(_, rest)| rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::html;

    #[test]
    fn other_sites_are_told_by_domain() {
        let page: Url = "https://vote.county.gov/register".parse().expect("a URL");
        let document = html::parse(
            "<script src=https://www.googletagmanager.com/gtm.js></script><script src=/own.js></script>\
             <script src=https://static.county.gov/a.js></script><img src=https://a.cdn.example/x.png>\
             <link rel=stylesheet href=https://b.cdn.example/x.css><img src=data:image/png;base64,AA>\
             <script src=//static.hotjar.com/c/hotjar-1.js></script><iframe src=https://192.0.2.9/></iframe>",
        );
        let found = third_parties(&document, &page, &page);
        let told: Vec<_> = found
            .iter()
            .map(|party| {
                (
                    party.key.as_str(),
                    party.elements.join(" "),
                    party.hosts.len(),
                    party.category.as_deref(),
                    party.records_sessions,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("192.0.2.9", "iframe".to_owned(), 1, None, false),
                ("cdn.example", "img link".to_owned(), 2, None, false),
                (
                    "googletagmanager.com",
                    "script".to_owned(),
                    1,
                    Some("tag-manager"),
                    false
                ),
                (
                    "hotjar.com",
                    "script".to_owned(),
                    1,
                    Some("analytics"),
                    true
                ),
            ]
        );
    }

    #[test]
    fn tables_are_sound() {
        let head = include_str!("data/third-parties.txt");
        assert!(head.contains(&format!("From {} (npm)", super::super::PARTIES_EDITION)));
        assert!(CATEGORIES.len() > 1_500, "{}", CATEGORIES.len());
        let words: BTreeSet<&str> = CATEGORIES.values().copied().collect();
        assert!(
            words.contains("ad") && words.contains("analytics"),
            "{words:?}"
        );
        for name in CATEGORIES.keys().chain(RECORDERS.iter()) {
            let sound = name.contains('.')
                && !name.contains(['*', ' ', '/'])
                && *name == name.to_lowercase();
            assert!(sound, "{name}");
        }
    }

    #[test]
    fn challenges_are_seen() {
        let cases = [
            (
                "<script src=https://www.google.com/recaptcha/api.js></script>",
                Some("reCAPTCHA"),
            ),
            ("<form><input name=captchaCode></form>", Some("CAPTCHA")),
            ("<img src=/CaptchaImage.ashx>", Some("CAPTCHA")),
            ("<script src=/app.js></script>", None),
        ];
        for (html, expected) in cases {
            assert_eq!(challenge(&html::parse(html)), expected, "{html}");
        }
    }
}
