//! What the Observatory makes of the policies of a page. It joins several policies by rules of its
//! own, which are not those of browsers.

use std::collections::{BTreeMap, BTreeSet};

/// Shortest policy that counts as one (bytes).
const SHORTEST: usize = 6;
/// Directives that a `meta` element cannot carry.
const NOT_IN_META: [&str; 3] = ["frame-ancestors", "report-uri", "sandbox"];
/// Directives that may stand twice in a policy.
const MAY_REPEAT: [&str; 2] = ["report-uri", "report-to"];
const BROAD: [&str; 8] = [
    "ftp:",
    "http:",
    "https:",
    "*",
    "http://*",
    "http://*.*",
    "https://*",
    "https://*.*",
];
const UNSAFE: [&str; 2] = ["'unsafe-inline'", "data:"];
const KEYED: [&str; 4] = ["'sha256-", "'sha384-", "'sha512-", "'nonce-"];
/// Directives over what is shown and does not act.
const PASSIVE: [&str; 2] = ["img-src", "media-src"];

/// The result, and whether a usable policy limits `frame-ancestors`.
pub(super) struct Outcome {
    pub(super) result: &'static str,
    pub(super) limits_framing: bool,
}

/// Judges the policies of headers and `meta` elements. `report_only`: whether one is only
/// reported on; `https`: whether the site was asked over HTTPS.
pub(super) fn judge(headers: &[&str], metas: &[&str], report_only: bool, https: bool) -> Outcome {
    let early = |result| Outcome {
        result,
        limits_framing: false,
    };
    let all: Vec<&str> = headers.iter().chain(metas).copied().collect();
    let Ok(csp) = Joined::of(&all) else {
        return early("csp-header-invalid");
    };
    let in_headers = Joined::of(headers).map_or(0, |csp| csp.directives.len());
    let in_metas = Joined::of(metas).map_or(0, |csp| {
        let names = csp.directives.keys();
        names
            .filter(|name| !NOT_IN_META.contains(&name.as_str()))
            .count()
    });
    if in_headers + in_metas == 0 {
        return early(match report_only {
            true => "csp-not-implemented-but-reporting-enabled",
            false => "csp-not-implemented",
        });
    }
    Outcome {
        result: csp.result(https),
        limits_framing: csp.directives.contains_key("frame-ancestors"),
    }
}

/// Directives with their sources, joined over all policies.
#[derive(Default)]
struct Joined {
    directives: BTreeMap<String, BTreeSet<String>>,
    repeats: bool,
}

struct Source {
    text: String,
    policy: usize,
    keep: bool,
}

impl Joined {
    /// An error stands for policies that the Observatory cannot read.
    fn of(policies: &[&str]) -> Result<Self, ()> {
        let mut all: BTreeMap<String, Vec<Source>> = BTreeMap::new();
        let mut repeats = false;
        for (number, policy) in policies.iter().enumerate() {
            let policy = policy.replace(['\r', '\n'], "");
            if policy.trim().len() < SHORTEST {
                return Err(());
            }
            let mut seen = BTreeSet::new();
            for entry in policy.split(';') {
                let mut words = entry.split_whitespace().map(str::to_lowercase);
                let Some(directive) = words.next() else {
                    continue;
                };
                if !seen.insert(directive.clone()) {
                    if !MAY_REPEAT.contains(&directive.as_str()) {
                        return Err(());
                    }
                    repeats = true;
                }
                let mut values: Vec<String> = words.collect();
                if values.is_empty() && directive.ends_with("-src") {
                    values.push("'none'".to_owned());
                }
                let known = all.entry(directive).or_default();
                add(known, values, number);
                // What a later policy does not have as well, goes.
                if number == 0 && policies.len() > 1 {
                    known.iter_mut().for_each(|source| source.keep = false);
                }
            }
        }
        let directives = all.into_iter().map(|(name, sources)| {
            let mut texts: BTreeSet<String> =
                sources.into_iter().map(|source| source.text).collect();
            if texts.is_empty() {
                texts.insert("'none'".to_owned());
            }
            (name, texts)
        });
        Ok(Self {
            directives: directives.collect(),
            repeats,
        })
    }

    fn sources(&self, names: &[&str]) -> BTreeSet<String> {
        names
            .iter()
            .find_map(|name| self.directives.get(*name))
            .cloned()
            .unwrap_or_else(|| BTreeSet::from(["*".to_owned()]))
    }

    fn result(&self, https: bool) -> &'static str {
        let objects = self.sources(&["object-src", "default-src"]);
        let mut scripts = self.sources(&["script-src", "default-src"]);
        let mut styles = self.sources(&["style-src", "default-src"]);
        let keyed = |sources: &BTreeSet<String>| {
            sources
                .iter()
                .any(|source| KEYED.iter().any(|start| source.starts_with(start)))
        };
        for sources in [&mut scripts, &mut styles] {
            if keyed(sources) {
                sources.remove("'unsafe-inline'");
            }
        }
        let dynamic = scripts.contains("'strict-dynamic'");
        if dynamic && keyed(&scripts) {
            scripts.retain(|source| {
                source != "'self'" && !BROAD.iter().any(|broad| source.starts_with(broad))
            });
        } else if dynamic {
            return "csp-header-invalid";
        }
        let is_broad = |source: &String| BROAD.contains(&source.as_str());
        let is_unsafe = |source: &String| is_broad(source) || UNSAFE.contains(&source.as_str());
        let insecure =
            |source: &String| https && (source.starts_with("http:") || source.starts_with("ftp:"));
        if scripts.iter().any(is_unsafe) || objects.iter().any(is_broad) {
            return "csp-implemented-with-unsafe-inline";
        }
        let active = self
            .directives
            .iter()
            .filter(|(name, _)| !PASSIVE.contains(&name.as_str()) && *name != "script-src")
            .flat_map(|(_, sources)| sources);
        if active.chain(&scripts).any(insecure) {
            return "csp-implemented-with-insecure-scheme";
        }
        if scripts
            .union(&styles)
            .any(|source| source == "'unsafe-eval'")
        {
            return "csp-implemented-with-unsafe-eval";
        }
        let passive = PASSIVE.iter().filter_map(|name| {
            self.directives
                .get(*name)
                .or_else(|| self.directives.get("default-src"))
        });
        let result = if passive.flatten().any(insecure) {
            "csp-implemented-with-insecure-scheme-in-passive-content-only"
        } else if styles.iter().any(is_unsafe) {
            "csp-implemented-with-unsafe-inline-in-style-src-only"
        } else if self
            .directives
            .get("default-src")
            .is_some_and(|sources| sources.iter().eq(["'none'"]))
        {
            "csp-implemented-with-no-unsafe-default-src-none"
        } else {
            "csp-implemented-with-no-unsafe"
        };
        match self.repeats {
            true => "csp-implemented-but-duplicate-directives",
            false => result,
        }
    }
}

/// Adds the sources of one directive of a policy to those of the policies before.
fn add(known: &mut Vec<Source>, values: Vec<String>, policy: usize) {
    if policy == 0 {
        known.clear();
    }
    known.extend(values.into_iter().map(|text| Source {
        text,
        policy,
        keep: policy == 0,
    }));
    known.sort_by(|a, b| a.text.bytes().map(rank).cmp(b.text.bytes().map(rank)));
    for at in 1..known.len() {
        let (before, rest) = known.split_at_mut(at);
        let (Some(previous), Some(source)) = (before.last(), rest.first_mut()) else {
            continue;
        };
        if source.policy == previous.policy {
            // The longer of two that begin alike says nothing more.
            if source.text.starts_with(&previous.text) {
                source.keep = false;
            }
        } else if same_path(&previous.text, &source.text) {
            source.keep = true;
        }
    }
    known.retain(|source| source.keep);
}

/// The place of a character in the order of English collation: punctuation, digits, letters.
fn rank(byte: u8) -> u8 {
    const PUNCTUATION: &[u8] = b"_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
    match PUNCTUATION.iter().position(|own| *own == byte) {
        Some(place) => u8::try_from(place).unwrap_or(u8::MAX),
        None if byte.is_ascii_alphanumeric() => byte.to_ascii_lowercase(),
        None => u8::MAX,
    }
}

fn same_path(a: &str, b: &str) -> bool {
    if a.is_empty() || (a == "/" && b.is_empty()) {
        return true;
    }
    let exact = !a.ends_with('/');
    let mut own: Vec<&str> = a.split('/').collect();
    let other: Vec<&str> = b.split('/').collect();
    if own.len() > other.len() || (exact && own.len() != other.len()) {
        return false;
    }
    if !exact {
        own.pop();
    }
    own.iter().zip(&other).all(|(own, other)| own == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_get_the_names_of_the_observatory() {
        let cases: &[(&[&str], &[&str], bool, &str)] = &[
            (&[], &[], false, "csp-not-implemented"),
            (&[], &[], true, "csp-not-implemented-but-reporting-enabled"),
            (
                &[],
                &["frame-ancestors 'none'"],
                false,
                "csp-not-implemented",
            ),
            (&["abc"], &[], false, "csp-header-invalid"),
            (
                &["img-src 'self'; img-src *"],
                &[],
                false,
                "csp-header-invalid",
            ),
            (
                &["default-src 'none'"],
                &[],
                false,
                "csp-implemented-with-no-unsafe-default-src-none",
            ),
            (
                &["default-src 'none'; report-uri /a; report-uri /b"],
                &[],
                false,
                "csp-implemented-but-duplicate-directives",
            ),
            (
                &["default-src 'self'"],
                &[],
                false,
                "csp-implemented-with-no-unsafe",
            ),
            (
                &["default-src 'self' 'unsafe-inline'"],
                &[],
                false,
                "csp-implemented-with-unsafe-inline",
            ),
            (
                &["default-src 'self'; script-src 'unsafe-inline' 'nonce-abc'"],
                &[],
                false,
                "csp-implemented-with-no-unsafe",
            ),
            (
                &["default-src 'self'; script-src 'strict-dynamic'"],
                &[],
                false,
                "csp-header-invalid",
            ),
            (
                &["default-src 'none'; script-src https: 'self' 'strict-dynamic' 'nonce-abc'"],
                &[],
                false,
                "csp-implemented-with-no-unsafe-default-src-none",
            ),
            (
                &["default-src 'self'; script-src 'unsafe-eval'"],
                &[],
                false,
                "csp-implemented-with-unsafe-eval",
            ),
            (
                &["default-src 'self'; style-src 'unsafe-inline'"],
                &[],
                false,
                "csp-implemented-with-unsafe-inline-in-style-src-only",
            ),
            (
                &["default-src 'self'; img-src http://a.example"],
                &[],
                false,
                "csp-implemented-with-insecure-scheme-in-passive-content-only",
            ),
            (
                &["default-src 'self' http://a.example"],
                &[],
                false,
                "csp-implemented-with-insecure-scheme",
            ),
            // Of two policies, what both allow counts.
            (
                &["default-src 'self' 'unsafe-inline'", "default-src 'self'"],
                &[],
                false,
                "csp-implemented-with-no-unsafe",
            ),
            (
                &["default-src a.example", "default-src b.example"],
                &[],
                false,
                "csp-implemented-with-no-unsafe-default-src-none",
            ),
        ];
        for (headers, metas, report_only, expected) in cases {
            let outcome = judge(headers, metas, *report_only, true);
            assert_eq!(outcome.result, *expected, "{headers:?} {metas:?}");
        }
        assert!(
            judge(
                &["frame-ancestors 'none'; default-src 'self'"],
                &[],
                false,
                true
            )
            .limits_framing
        );
    }
}
