//! Domains of the mail addresses that a page shows. The addresses themselves are not kept.

use std::collections::{BTreeMap, BTreeSet};

use super::{facts::Contact, parties::lines, site::same_site};
use crate::wire::text::clean;

/// Most domains of a page that are noted.
const DOMAINS_MAX: usize = 100;
/// Longest part before the `@`, and longest domain (RFC 5321 section 4.5.3.1).
const LOCAL_MAX: usize = 64;
const DOMAIN_MAX: usize = 253;

/// The domains of the addresses in the source of a page on `host`, scripts and styles left out.
pub(super) fn contacts(source: &str, host: &str) -> Vec<Contact> {
    let mut found: BTreeMap<String, Contact> = BTreeMap::new();
    for domain in domains(&without_code(source)) {
        let key = clean(&domain, DOMAIN_MAX);
        found.entry(key.clone()).or_insert_with(|| Contact {
            same_site: same_site(&domain, host),
            free_provider: is_free(&domain),
            key,
        });
    }
    found.into_values().collect()
}

/// A source without what stands between the tags of `script` and `style`. One pass.
fn without_code(source: &str) -> String {
    let mut text = String::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        text.push('<');
        let code = ["script", "style"]
            .into_iter()
            .find(|tag| starts_with(after, tag));
        rest = match code {
            None => after,
            Some(tag) => match end_of(after, tag) {
                Some(rest) => rest,
                None => return text,
            },
        };
    }
    text.push_str(rest);
    text
}

fn starts_with(text: &str, tag: &str) -> bool {
    text.get(..tag.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(tag))
}

/// What follows the end tag of an element.
fn end_of<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    text.match_indices("</").find_map(|(at, _)| {
        let after = text.get(at.saturating_add(2)..)?;
        starts_with(after, tag).then(|| after.get(tag.len()..))?
    })
}

fn domains(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices('@') {
        let before = text.get(..at).unwrap_or_default();
        let local = before
            .bytes()
            .rev()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte))
            .take(LOCAL_MAX + 1)
            .count();
        let start = before
            .get(..before.len().saturating_sub(local))
            .unwrap_or_default();
        // What stands in a URL is the name of a user of that URL, or a version of a package.
        let in_url = start.ends_with('/') || (start.ends_with(':') && !start.ends_with("mailto:"));
        if local == 0 || local > LOCAL_MAX || in_url {
            continue;
        }
        let after = text.get(at.saturating_add(1)..).unwrap_or_default();
        let length = after
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b".-".contains(byte))
            .take(DOMAIN_MAX + 1)
            .count();
        let domain = after
            .get(..length)
            .unwrap_or_default()
            .trim_end_matches(['.', '-']);
        if is_domain(domain) {
            found.insert(domain.to_ascii_lowercase());
        }
        if found.len() >= DOMAINS_MAX {
            break;
        }
    }
    found
}

/// Whether a text is a domain below a public suffix that exists: `logo@2x.png` is no address.
fn is_domain(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let labels = text
        .split('.')
        .all(|label| !label.is_empty() && !label.starts_with('-') && label.len() <= 63);
    let example = text.ends_with(".example") || text.ends_with(".test");
    labels
        && text.len() <= DOMAIN_MAX
        && (example
            || psl::domain(text.as_bytes()).is_some_and(|domain| domain.suffix().is_known()))
}

fn is_free(domain: &str) -> bool {
    lines(include_str!("data/free-mail.txt")).any(|line| match line.strip_suffix(".*") {
        Some(name) => domain
            .split_once('.')
            .is_some_and(|(first, rest)| first == name && rest.split('.').count() <= 2),
        None => domain == line,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_told_by_domain() {
        let source = "<a href='mailto:clerk@county.gov?subject=x'>Mail</a> or office.clerk@gmail.com. \
            <img src=logo@2x.png> <script>var x = 'dev@vendor.com'</script><STYLE>a@b.com</STYLE> \
            https://cdn.jsdelivr.net/npm/jquery@3.7.1/x.js https://user:pass@host.org/ //key@o1.ingest.sentry.io \
            <b>wahl@gmx.de</b> poll@mail.county.gov @county.gov a@b a@-x.com";
        let found: Vec<_> = contacts(source, "vote.county.gov")
            .into_iter()
            .map(|contact| (contact.key, contact.same_site, contact.free_provider))
            .collect();
        let expected = [
            ("county.gov", true, false),
            ("gmail.com", false, true),
            ("gmx.de", false, true),
            ("mail.county.gov", true, false),
        ];
        let expected = expected.map(|(key, same, free)| (key.to_owned(), same, free));
        assert_eq!(found, expected);
    }

    #[test]
    fn free_providers() {
        let cases = [
            ("gmail.com", true),
            ("yahoo.co.uk", true),
            ("outlook.county.gov.uk.example", false),
            ("county.gov", false),
            ("notgmail.com", false),
        ];
        for (domain, expected) in cases {
            assert_eq!(is_free(domain), expected, "{domain}");
        }
    }

    proptest! {
        #[test]
        fn any_source_is_read(source in "(<script|</script>|@|[a-z.é:/ ]){0,120}") {
            let _ = contacts(&source, "vote.example");
        }
    }
}
