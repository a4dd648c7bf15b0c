//! Content-Security-Policy as browsers parse and combine it (CSP Level 3).
//!
//! Every enforced policy must allow a thing for it to happen, so the answers
//! of [`Policies`] are intersections. Report-only policies stay out; a policy
//! of a `meta` element counts without `frame-ancestors`, `sandbox` and
//! `report-uri` (section 3.3).

use std::collections::BTreeMap;

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
        let chain = ["script-src-elem", "script-src", "default-src"];
        let mut open = Anywhere::ALL;
        for policy in &self.list {
            open = open.and(if policy.forbids_scripts() {
                Anywhere::NONE
            } else {
                match policy.first_of(&chain) {
                    None => Anywhere::ALL,
                    // Host and scheme sources do not count beside 'strict-dynamic'.
                    Some(sources) if has(sources, "'strict-dynamic'") => Anywhere::NONE,
                    Some(sources) => Anywhere::of(sources),
                }
            });
        }
        open != Anywhere::NONE
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policies(headers: &[&str], metas: &[&str]) -> Policies {
        let mut policies = Policies::default();
        headers.iter().for_each(|value| policies.add_header(value));
        metas.iter().for_each(|value| policies.add_meta(value));
        policies
    }

    /// Headers, metas, then inline runs, eval, any script host.
    type ScriptCase = (
        &'static [&'static str],
        &'static [&'static str],
        bool,
        bool,
        bool,
    );

    #[test]
    fn scripts_are_judged_over_all_policies() {
        let cases: &[ScriptCase] = &[
            (&[], &[], true, true, true),
            (&["img-src 'self'"], &[], true, true, true),
            (&["default-src 'self'"], &[], false, false, false),
            (&["default-src 'none'"], &[], false, false, false),
            (&["default-src"], &[], false, false, false),
            (
                &["DEFAULT-SRC 'SELF' 'Unsafe-Inline'"],
                &[],
                true,
                false,
                false,
            ),
            (
                &["script-src 'unsafe-inline' 'unsafe-eval' *"],
                &[],
                true,
                true,
                true,
            ),
            (
                &["script-src 'unsafe-inline' 'nonce-abc123=='"],
                &[],
                false,
                false,
                false,
            ),
            (
                &["script-src 'unsafe-inline' 'NONCE-abc'"],
                &[],
                false,
                false,
                false,
            ),
            (
                &["script-src 'unsafe-inline' 'nonce-'"],
                &[],
                true,
                false,
                false,
            ),
            (
                &["script-src 'unsafe-inline' 'nonce-a b'"],
                &[],
                true,
                false,
                false,
            ),
            (
                &["script-src 'unsafe-inline' nonce-abc"],
                &[],
                true,
                false,
                false,
            ),
            (
                &["script-src 'unsafe-inline' 'sha256-AAAA='"],
                &[],
                false,
                false,
                false,
            ),
            (
                &["script-src 'unsafe-inline' 'sha1-AAAA='"],
                &[],
                true,
                false,
                false,
            ),
            (
                &["script-src 'unsafe-inline' 'strict-dynamic' https:"],
                &[],
                false,
                false,
                false,
            ),
            // An event handler is enough for an attacker.
            (
                &["script-src-elem 'self'; script-src-attr 'unsafe-inline'; default-src 'none'"],
                &[],
                true,
                false,
                false,
            ),
            (
                &["script-src 'unsafe-inline'; script-src-elem 'self'"],
                &[],
                true,
                false,
                false,
            ),
            (
                &["script-src 'unsafe-inline'; script-src-elem 'self'; script-src-attr 'none'"],
                &[],
                false,
                false,
                false,
            ),
            (
                &["script-src 'self'; script-src-elem 'unsafe-inline' *"],
                &[],
                true,
                false,
                true,
            ),
            // The first directive of a name counts.
            (
                &["script-src 'self'; script-src 'unsafe-inline'"],
                &[],
                false,
                false,
                false,
            ),
            // All policies must allow.
            (
                &["script-src 'unsafe-inline' https:", "script-src 'self'"],
                &[],
                false,
                false,
                false,
            ),
            (
                &[
                    "script-src 'unsafe-inline' https:, script-src 'unsafe-inline' 'unsafe-eval' http:",
                ],
                &[],
                true,
                false,
                true,
            ),
            (
                &["script-src data:", "script-src https:"],
                &[],
                false,
                false,
                false,
            ),
            (
                &["script-src https:", "img-src *"],
                &["script-src *"],
                false,
                false,
                true,
            ),
            (
                &["default-src *"],
                &["default-src 'self'"],
                false,
                false,
                false,
            ),
            // In a meta element the comma does not part policies, so this is one default-src.
            (
                &[],
                &["default-src 'self', script-src 'unsafe-inline'"],
                true,
                false,
                false,
            ),
            (
                &["sandbox; default-src * 'unsafe-inline' 'unsafe-eval'"],
                &[],
                false,
                false,
                false,
            ),
            (&["sandbox allow-scripts"], &[], true, true, true),
            (&[], &["sandbox"], true, true, true),
            (&["script-src https://*"], &[], false, false, true),
            (&["script-src https://*:*"], &[], false, false, true),
            (&["script-src *:443"], &[], false, false, true),
            (
                &["script-src https://*.example.org *.example.org"],
                &[],
                false,
                false,
                false,
            ),
            (&["script-src 'self' data:"], &[], false, false, true),
            (&["script-src wss://*"], &[], false, false, false),
        ];
        for (headers, metas, inline, eval, anywhere) in cases {
            let policies = policies(headers, metas);
            let seen = (
                policies.inline_script_runs(),
                policies.eval_allowed(),
                policies.any_script_host(),
            );
            assert_eq!(seen, (*inline, *eval, *anywhere), "{headers:?} {metas:?}");
        }
    }

    /// Headers, metas, then objects, base, form-action, framing.
    type LimitCase = (
        &'static [&'static str],
        &'static [&'static str],
        bool,
        bool,
        bool,
        Option<bool>,
    );

    #[test]
    fn limits_fall_back_only_where_the_standard_says_so() {
        let cases: &[LimitCase] = &[
            (&[], &[], false, false, false, None),
            (&["default-src 'self'"], &[], true, false, false, None),
            (
                &["object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"],
                &[],
                true,
                true,
                true,
                Some(true),
            ),
            (
                &["default-src 'none'; object-src *"],
                &[],
                false,
                false,
                false,
                None,
            ),
            (
                &["base-uri *; form-action https:; frame-ancestors *"],
                &[],
                false,
                false,
                false,
                Some(false),
            ),
            (
                &["frame-ancestors https: http:"],
                &[],
                false,
                false,
                false,
                Some(false),
            ),
            (
                &["frame-ancestors *", "frame-ancestors 'self'"],
                &[],
                false,
                false,
                false,
                Some(true),
            ),
            (
                &[],
                &["frame-ancestors 'none'; base-uri 'none'; form-action 'none'"],
                false,
                true,
                true,
                None,
            ),
            (
                &["frame-ancestors https://a.example"],
                &[],
                false,
                false,
                false,
                Some(true),
            ),
        ];
        for (headers, metas, objects, base, forms, framing) in cases {
            let policies = policies(headers, metas);
            let seen = (
                policies.objects_limited(),
                policies.base_limited(),
                policies.form_action_limited(),
                policies.framing_limited(),
            );
            assert_eq!(
                seen,
                (*objects, *base, *forms, *framing),
                "{headers:?} {metas:?}"
            );
        }
    }

    #[test]
    fn empty_policies_are_none() {
        for value in ["", " ; ;", ",", " , ;"] {
            assert!(policies(&[value], &[]).list().is_empty(), "{value:?}");
        }
        assert!(policies(&[], &["frame-ancestors 'none'"]).list().is_empty());
        let two = policies(&["default-src 'self' , img-src *"], &[]);
        let raw: Vec<&str> = two
            .list()
            .iter()
            .map(|policy| policy.raw.as_str())
            .collect();
        assert_eq!(raw, ["default-src 'self'", "img-src *"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(header in "\\PC{0,200}", meta in "[a-z' ;,*:/-]{0,200}") {
            let policies = policies(&[&header], &[&meta]);
            let _ = (policies.inline_script_runs(), policies.eval_allowed(), policies.any_script_host());
            let _ = (policies.objects_limited(), policies.framing_limited());
        }

        #[test]
        fn another_policy_never_opens_anything(
            first in "(script-src|default-src|script-src-elem)( 'unsafe-inline'| https:| 'self'| 'nonce-a'| data:){0,4}",
            second in "(script-src|default-src|img-src)( 'unsafe-inline'| https:| 'self'| 'nonce-a'| data:){0,4}",
        ) {
            let one = policies(&[&first], &[]);
            let both = policies(&[&first, &second], &[]);
            prop_assert!(one.inline_script_runs() || !both.inline_script_runs());
            prop_assert!(one.any_script_host() || !both.any_script_host());
            prop_assert!(one.eval_allowed() || !both.eval_allowed());
            prop_assert!(!one.objects_limited() || both.objects_limited());
        }
    }
}
