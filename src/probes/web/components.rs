//! Software that a page names with its version, and the published holes of that version.

use std::collections::BTreeMap;
use url::Url;

use super::{facts::Component, parties::lines};
use crate::wire::{html::Document, text::clean};

/// Most components of a page that are noted.
const COMPONENTS_MAX: usize = 50;
/// Longest version that is read (bytes).
const VERSION_MAX: usize = 20;

/// A line of the table of holes.
struct Hole {
    name: &'static str,
    from: Version,
    below: Version,
    id: &'static str,
    exploited: bool,
}

/// Numbers of a version, with a letter behind the last as OpenSSL had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version([u32; 3], Option<char>);

/// The components of a page: from the URLs of its scripts, its `generator` and its product headers.
pub(super) fn components(
    document: Option<&Document>,
    base: &Url,
    headers: &[&str],
) -> Vec<Component> {
    let holes = holes();
    let mut found = BTreeMap::new();
    let mut note = |name: &str, version: &str| {
        if let Some(number) = Version::of(version)
            && found.len() < COMPONENTS_MAX
        {
            let hole = holes
                .iter()
                .find(|hole| hole.name == name && hole.from <= number && number < hole.below);
            let component = Component {
                key: clean(&format!("{name} {version}"), 60),
                name: name.to_owned(),
                version: clean(version, VERSION_MAX),
                known_hole: hole.map(|hole| hole.id.to_owned()),
                exploited: hole.is_some_and(|hole| hole.exploited),
            };
            found.insert(component.key.clone(), component);
        }
    };
    for script in document.iter().flat_map(|document| &document.scripts) {
        if let Ok(url) = base.join(script.src.trim())
            && let Some((name, version)) = of_script(&url, &holes)
        {
            note(name, &version);
        }
    }
    let generator = document.and_then(|document| document.generator.as_deref());
    for product in generator.into_iter().chain(headers.iter().copied()) {
        for (name, version) in of_product(product, &holes) {
            note(name, &version);
        }
    }
    found.into_values().collect()
}

fn holes() -> Vec<Hole> {
    lines(include_str!("data/components.txt"))
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            Some(Hole {
                name: words.next()?,
                from: Version::of(words.next()?)?,
                below: Version::of(words.next()?)?,
                id: words.next()?,
                exploited: words.next() == Some("exploited"),
            })
        })
        .collect()
}

/// Library and version of a script: `jquery-1.12.4.min.js`, `jquery@3.4.1`, `jquery/3.4.1/jquery.min.js`,
/// `jquery.min.js?ver=3.7.1`.
fn of_script(url: &Url, holes: &[Hole]) -> Option<(&'static str, String)> {
    let path = url.path().to_ascii_lowercase();
    let segments: Vec<&str> = path.split('/').collect();
    let file = segments.last().copied().unwrap_or_default();
    let names: Vec<&'static str> = holes.iter().map(|hole| hole.name).collect();
    for name in names {
        let after_name = |segment: &str| {
            let rest = segment.strip_prefix(name)?;
            let rest = rest.strip_prefix(".js").unwrap_or(rest);
            leading_version(rest.strip_prefix(['@', '-', '.', '_'])?)
        };
        if let Some(version) = segments.iter().find_map(|segment| after_name(segment)) {
            return Some((name, version));
        }
        let folder = segments
            .iter()
            .zip(segments.iter().skip(1))
            .find_map(|(first, second)| {
                let own = *first == name
                    || first.strip_suffix("js") == Some(name)
                    || first.strip_suffix(".js") == Some(name);
                own.then(|| leading_version(second))?
            });
        if let Some(version) = folder {
            return Some((name, version));
        }
        let stem = file.strip_suffix(".js").unwrap_or(file);
        let stem = stem.strip_suffix(".min").unwrap_or(stem);
        if stem == name {
            let version = url
                .query_pairs()
                .find(|(key, _)| matches!(&**key, "ver" | "v" | "version"))
                .and_then(|(_, value)| leading_version(&value));
            return Some((name, version?));
        }
    }
    None
}

/// Products and versions of a header or `generator`: `Apache/2.4.49 (Unix) OpenSSL/1.0.1e`, `WordPress 5.8`.
fn of_product(text: &str, holes: &[Hole]) -> Vec<(&'static str, String)> {
    let text = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for hole in holes {
        if found.iter().any(|(name, _)| *name == hole.name) {
            continue;
        }
        let version = text.match_indices(hole.name).find_map(|(at, name)| {
            let starts = text.get(..at).is_some_and(|before| {
                !before.ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '-')
            });
            let rest = text.get(at.saturating_add(name.len())..)?;
            starts.then(|| leading_version(rest.strip_prefix(['/', ' '])?))?
        });
        found.extend(version.map(|version| (hole.name, version)));
    }
    found
}

/// The version that a text begins with: numbers with dots, and one letter behind them.
fn leading_version(text: &str) -> Option<String> {
    let digits = text
        .bytes()
        .take(VERSION_MAX)
        .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
        .count();
    let number = text.get(..digits)?;
    let number = number.trim_end_matches('.');
    let letter = text
        .get(number.len()..)
        .and_then(|rest| rest.chars().next())
        .filter(char::is_ascii_lowercase);
    let ends = text
        .get(number.len().saturating_add(1)..)
        .is_none_or(|rest| !rest.starts_with(|letter: char| letter.is_ascii_alphanumeric()));
    let mut version = number.to_owned();
    if let Some(letter) = letter.filter(|_| ends) {
        version.push(letter);
    }
    number.contains('.').then_some(version)
}

impl Version {
    fn of(text: &str) -> Option<Self> {
        let (number, letter) = match text.char_indices().next_back() {
            Some((at, letter)) if letter.is_ascii_lowercase() => (text.get(..at)?, Some(letter)),
            _ => (text, None),
        };
        let mut parts = [0u32; 3];
        for (at, part) in number.split('.').enumerate() {
            let value = part.parse().ok()?;
            if let Some(slot) = parts.get_mut(at) {
                *slot = value;
            }
        }
        Some(Self(parts, letter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::html;
    use proptest::prelude::*;

    #[test]
    fn components_are_told_with_their_holes() {
        let base: Url = "https://vote.example/".parse().expect("a URL");
        let cases = [
            (
                "<script src=/js/jquery-1.12.4.min.js></script>",
                "",
                "jquery 1.12.4 CVE-2020-11023 exploited",
            ),
            (
                "<script src=//code.jquery.com/jquery-3.7.1.slim.min.js></script>",
                "",
                "jquery 3.7.1",
            ),
            (
                "<script src=https://cdn.example/npm/jquery@3.4.1/dist/jquery.min.js></script>",
                "",
                "jquery 3.4.1 CVE-2020-11023 exploited",
            ),
            (
                "<script src=https://cdnjs.cloudflare.com/ajax/libs/moment.js/2.18.1/moment.min.js></script>",
                "",
                "moment 2.18.1 CVE-2022-31129",
            ),
            (
                "<script src=https://ajax.googleapis.com/ajax/libs/angularjs/1.5.6/angular.min.js></script>",
                "",
                "angular 1.5.6 CVE-2020-7676",
            ),
            (
                "<script src='/jquery.min.js?ver=3.7.1'></script>",
                "",
                "jquery 3.7.1",
            ),
            ("<script src='/jquery.min.js?x=1'></script>", "", ""),
            (
                "<script src=/jquery-ui-1.11.0.js></script>",
                "",
                "jquery-ui 1.11.0 CVE-2021-41184",
            ),
            ("<script src=/jquery.validate-1.2.js></script>", "", ""),
            (
                "<meta name=generator content='WordPress 5.8.1'>",
                "",
                "wordpress 5.8.1 CVE-2022-21661",
            ),
            (
                "<meta name=generator content='Drupal 7 (https://www.drupal.org)'>",
                "",
                "",
            ),
            (
                "",
                "Apache/2.4.49 (Unix) OpenSSL/1.0.1e",
                "apache 2.4.49 CVE-2021-41773 exploited;openssl 1.0.1e CVE-2014-0160 exploited",
            ),
            ("", "Apache/2.4.58 (Debian)", "apache 2.4.58"),
            ("", "PHP/7.3.10-1", "php 7.3.10 CVE-2019-11043 exploited"),
            (
                "",
                "Microsoft-IIS/6.0",
                "microsoft-iis 6.0 CVE-2017-7269 exploited",
            ),
            ("", "nginx", ""),
        ];
        for (html, header, expected) in cases {
            let found: Vec<String> = components(Some(&html::parse(html)), &base, &[header])
                .into_iter()
                .map(|part| {
                    let exploited = if part.exploited { " exploited" } else { "" };
                    let hole = part
                        .known_hole
                        .map(|hole| format!(" {hole}"))
                        .unwrap_or_default();
                    format!("{}{hole}{exploited}", part.key)
                })
                .collect();
            assert_eq!(found.join(";"), expected, "{html} {header}");
        }
    }

    #[test]
    fn the_table_is_read_whole() {
        let count = lines(include_str!("data/components.txt")).count();
        assert_eq!(holes().len(), count);
        assert!(
            holes()
                .iter()
                .all(|hole| hole.from < hole.below && hole.id.starts_with("CVE-"))
        );
    }

    proptest! {
        #[test]
        fn any_product_is_read(text in "(apache|php|/|é|[0-9.a-z ]){0,40}") {
            let holes = holes();
            let _ = of_product(&text, &holes);
            let _ = leading_version(&text);
        }
    }
}
