//! SPF records (RFC 7208).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::text::clean;

/// Most terms of a record that are read.
const TERMS_MAX: usize = 300;
/// Most characters of a detail.
const DETAIL_CHARS: usize = 300;

/// Whether a TXT value is an SPF record (section 4.5): the version in any
/// case, then a space or the end.
pub fn is_record(value: &[u8]) -> bool {
    let Some((version, rest)) = value.split_at_checked(6) else {
        return false;
    };
    version.eq_ignore_ascii_case(b"v=spf1") && rest.first().is_none_or(|b| *b == b' ')
}

/// An SPF record, term by term.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpfRecord {
    /// Mechanisms in order; those after `all` are never reached and left out.
    pub directives: Vec<Directive>,
    /// `redirect`; without effect when there is an `all` (section 6.1).
    pub redirect: Option<DomainSpec>,
    /// Faults, by name and the part that is wrong.
    pub problems: Vec<Problem>,
}

/// A mechanism with its qualifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// What a match means.
    pub qualifier: Qualifier,
    /// What is matched.
    pub mechanism: Mechanism,
    /// The term as written, cleaned.
    pub text: String,
}

/// What a match means (section 4.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualifier {
    /// `+`, or none.
    Pass,
    /// `?`
    Neutral,
    /// `~`
    SoftFail,
    /// `-`
    Fail,
}

/// What is matched (section 5). Without a domain, the record's own is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Mechanism {
    All,
    Include(DomainSpec),
    A(Option<DomainSpec>),
    Mx(Option<DomainSpec>),
    Ptr(Option<DomainSpec>),
    Ip4(Ipv4Addr, u8),
    Ip6(Ipv6Addr, u8),
    Exists(DomainSpec),
}

/// A fault: a stable name, and the part that is wrong, cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `syntax`, `unknown_mechanism`, `duplicate_modifier`, `terms_after_all`,
    /// `redirect_with_all`, `ptr_used`, `wide_range`, `plus_all`, `not_ascii`.
    pub name: &'static str,
    /// The part that is wrong.
    pub detail: String,
}

/// A domain that may hold macros (section 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainSpec(String);

impl SpfRecord {
    /// The qualifier of `all`, if the record has one.
    pub fn all(&self) -> Option<Qualifier> {
        self.directives
            .iter()
            .find(|directive| directive.mechanism == Mechanism::All)
            .map(|directive| directive.qualifier)
    }

    /// Whether the record allows no sender at all.
    pub fn forbids_all(&self) -> bool {
        self.problems.is_empty()
            && matches!(
                self.directives.as_slice(),
                [Directive {
                    qualifier: Qualifier::Fail,
                    mechanism: Mechanism::All,
                    ..
                }]
            )
    }
}

/// Reads a record for which [`is_record`] holds. What cannot be read becomes a
/// problem, and the rest is read on; a receiver would refuse the whole record.
pub fn parse(value: &[u8]) -> SpfRecord {
    let mut record = SpfRecord::default();
    let Ok(text) = std::str::from_utf8(value) else {
        record.problem("not_ascii", "");
        return record;
    };
    if !text.is_ascii() {
        record.problem("not_ascii", text);
    }
    let mut after_all = Vec::new();
    let mut redirects = 0u32;
    let mut explanations = 0u32;
    let terms = text.split(' ').skip(1).filter(|term| !term.is_empty());
    for (index, term) in terms.enumerate() {
        if index >= TERMS_MAX {
            record.problem("syntax", "more terms than are read");
            break;
        }
        match read_term(term) {
            Ok(Term::Directive(qualifier, mechanism)) => {
                if record.all().is_some() {
                    after_all.push(term);
                    continue;
                }
                record.look_at(qualifier, &mechanism, term);
                record.directives.push(Directive {
                    qualifier,
                    mechanism,
                    text: clean(term, DETAIL_CHARS),
                });
            }
            Ok(Term::Redirect(domain)) => {
                redirects += 1;
                record.redirect.get_or_insert(domain);
            }
            Ok(Term::Explanation) => explanations += 1,
            Ok(Term::UnknownModifier) => {}
            Err(name) => record.problem(name, term),
        }
    }
    if redirects > 1 {
        record.problem("duplicate_modifier", "redirect");
    }
    if explanations > 1 {
        record.problem("duplicate_modifier", "exp");
    }
    if !after_all.is_empty() {
        record.problem("terms_after_all", &after_all.join(" "));
    }
    if record.all().is_some() && record.redirect.is_some() {
        record.problem("redirect_with_all", "redirect has no effect beside all");
    }
    record
}

impl SpfRecord {
    fn problem(&mut self, name: &'static str, detail: &str) {
        let detail = clean(detail, DETAIL_CHARS);
        self.problems.push(Problem { name, detail });
    }

    /// Notes terms that are valid and unwise.
    fn look_at(&mut self, qualifier: Qualifier, mechanism: &Mechanism, term: &str) {
        match mechanism {
            Mechanism::All if qualifier == Qualifier::Pass => self.problem("plus_all", term),
            Mechanism::Ptr(_) => self.problem("ptr_used", term),
            // A /8 of IPv4 is more than any sender has; a /16 of IPv6 is the like.
            Mechanism::Ip4(_, length) if *length <= 8 && qualifier == Qualifier::Pass => {
                self.problem("wide_range", term);
            }
            Mechanism::Ip6(_, length) if *length <= 16 && qualifier == Qualifier::Pass => {
                self.problem("wide_range", term);
            }
            _ => {}
        }
    }
}

enum Term {
    Directive(Qualifier, Mechanism),
    Redirect(DomainSpec),
    Explanation,
    UnknownModifier,
}

/// Reads one term; the error is the name of the problem.
fn read_term(term: &str) -> Result<Term, &'static str> {
    let name_end = term
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(term.len());
    let (name, rest) = term.split_at_checked(name_end).ok_or("syntax")?;
    if let Some(value) = rest.strip_prefix('=') {
        return read_modifier(name, value);
    }
    let (qualifier, bare) = match term.split_at_checked(1) {
        Some(("+", bare)) => (Qualifier::Pass, bare),
        Some(("?", bare)) => (Qualifier::Neutral, bare),
        Some(("~", bare)) => (Qualifier::SoftFail, bare),
        Some(("-", bare)) => (Qualifier::Fail, bare),
        _ => (Qualifier::Pass, term),
    };
    read_mechanism(bare).map(|mechanism| Term::Directive(qualifier, mechanism))
}

fn read_modifier(name: &str, value: &str) -> Result<Term, &'static str> {
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err("syntax");
    }
    match name.to_ascii_lowercase().as_str() {
        "redirect" => DomainSpec::read(value).map(Term::Redirect).ok_or("syntax"),
        "exp" => DomainSpec::read(value)
            .map(|_| Term::Explanation)
            .ok_or("syntax"),
        _ if macro_string(value, true) => Ok(Term::UnknownModifier),
        _ => Err("syntax"),
    }
}

fn read_mechanism(text: &str) -> Result<Mechanism, &'static str> {
    let end = text.find([':', '/']).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).ok_or("syntax")?;
    let argument = rest.strip_prefix(':');
    let required = || argument.and_then(DomainSpec::read).ok_or("syntax");
    match name.to_ascii_lowercase().as_str() {
        "all" if rest.is_empty() => Ok(Mechanism::All),
        "include" => required().map(Mechanism::Include),
        "exists" => required().map(Mechanism::Exists),
        "a" => domain_and_lengths(rest).map(Mechanism::A).ok_or("syntax"),
        "mx" => domain_and_lengths(rest).map(Mechanism::Mx).ok_or("syntax"),
        "ptr" if rest.is_empty() => Ok(Mechanism::Ptr(None)),
        "ptr" => required().map(|domain| Mechanism::Ptr(Some(domain))),
        "ip4" => read_ip4(argument.ok_or("syntax")?).ok_or("syntax"),
        "ip6" => read_ip6(argument.ok_or("syntax")?).ok_or("syntax"),
        "all" => Err("syntax"),
        _ => Err("unknown_mechanism"),
    }
}

fn read_ip4(text: &str) -> Option<Mechanism> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, prefix_length(length, 32)?),
        None => (text, 32),
    };
    Some(Mechanism::Ip4(address.parse().ok()?, length))
}

fn read_ip6(text: &str) -> Option<Mechanism> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, prefix_length(length, 128)?),
        None => (text, 128),
    };
    Some(Mechanism::Ip6(address.parse().ok()?, length))
}

/// `[":" domain-spec] [dual-cidr-length]`; the outer `None` is a syntax error.
fn domain_and_lengths(rest: &str) -> Option<Option<DomainSpec>> {
    // Only digits make a length: a slash may be part of the domain (`%{d1/}`).
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (rest, v6) = match rest.rsplit_once("//") {
        Some((rest, length)) if digits(length) => (rest, Some(length)),
        _ => (rest, None),
    };
    let (domain, v4) = match rest.rsplit_once('/') {
        Some((rest, length)) if digits(length) => (rest, Some(length)),
        _ => (rest, None),
    };
    let domain = match domain.strip_prefix(':') {
        Some(domain) => Some(DomainSpec::read(domain)?),
        None if domain.is_empty() => None,
        None => return None,
    };
    if let Some(v4) = v4 {
        prefix_length(v4, 32)?;
    }
    if let Some(v6) = v6 {
        prefix_length(v6, 128)?;
    }
    Some(domain)
}

/// Digits without a leading zero, at most `most`.
fn prefix_length(text: &str, most: u8) -> Option<u8> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) {
        return None;
    }
    text.parse().ok().filter(|length| *length <= most)
}

impl DomainSpec {
    /// Reads `macro-string domain-end` (section 7.1).
    fn read(text: &str) -> Option<Self> {
        if text.is_empty() || !macro_string(text, false) {
            return None;
        }
        let ends_with_macro = text
            .rfind("%{")
            .and_then(|start| text.get(start..))
            .is_some_and(|last| last.find('}') == last.len().checked_sub(1));
        let bare = text.strip_suffix('.').unwrap_or(text);
        let top = bare.rsplit_once('.').map(|(_, top)| top);
        (ends_with_macro || top.is_some_and(is_top_label)).then(|| Self(text.to_owned()))
    }

    /// The domain as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domain for mail of `domain` itself, lower case and without the last
    /// dot; `None` when it depends on the message or its sender's address.
    pub fn expand(&self, domain: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = self.0.as_str();
        while let Some((literal, after)) = rest.split_once('%') {
            out.push_str(literal);
            let (kind, after) = after.split_at_checked(1)?;
            rest = match kind {
                "%" => {
                    out.push('%');
                    after
                }
                "_" => {
                    out.push(' ');
                    after
                }
                "-" => {
                    out.push_str("%20");
                    after
                }
                _ => {
                    let (inside, after) = after.split_once('}')?;
                    out.push_str(&expand_macro(inside, domain)?);
                    after
                }
            };
        }
        out.push_str(rest);
        let out = out.trim_end_matches('.').to_ascii_lowercase();
        // Longer names lose labels from the left (section 7.3).
        let mut name = out.as_str();
        while name.len() > 253 {
            name = name.split_once('.')?.1;
        }
        (!name.is_empty()).then(|| name.to_owned())
    }
}

/// Expands the inside of a macro, where only the domain is known.
fn expand_macro(inside: &str, domain: &str) -> Option<String> {
    let mut chars = inside.chars();
    // Without a message, sender's domain and current domain are the domain looked at.
    if !matches!(chars.next()?.to_ascii_lowercase(), 'd' | 'o') {
        return None;
    }
    let rest = chars.as_str();
    let digits_end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, rest) = rest.split_at_checked(digits_end)?;
    let (reverse, delimiters) = match rest.strip_prefix(['r', 'R']) {
        Some(delimiters) => (true, delimiters),
        None => (false, rest),
    };
    let split = if delimiters.is_empty() {
        "."
    } else {
        delimiters
    };
    let mut parts: Vec<&str> = domain.split(|c| split.contains(c)).collect();
    if reverse {
        parts.reverse();
    }
    if !digits.is_empty() {
        let keep: usize = digits.parse().unwrap_or(usize::MAX);
        let drop = parts.len().saturating_sub(keep);
        parts.drain(..drop);
    }
    Some(parts.join("."))
}

/// Whether a text follows the macro syntax; `c`, `r` and `t` stand in
/// explanations alone.
fn macro_string(text: &str, explanation: bool) -> bool {
    let mut rest = text;
    loop {
        let literal_end = rest.find('%').unwrap_or(rest.len());
        let Some((literal, after)) = rest.split_at_checked(literal_end) else {
            return false;
        };
        if !literal.bytes().all(|b| matches!(b, 0x21..=0x7e)) {
            return false;
        }
        if after.is_empty() {
            return true;
        }
        let Some(after) = after.strip_prefix('%') else {
            return false;
        };
        rest = if let Some(after) = after.strip_prefix(['%', '_', '-']) {
            after
        } else if let Some((inside, after)) =
            after.strip_prefix('{').and_then(|s| s.split_once('}'))
            && is_macro(inside, explanation)
        {
            after
        } else {
            return false;
        };
    }
}

/// `macro-letter transformers *delimiter`
fn is_macro(inside: &str, explanation: bool) -> bool {
    let mut chars = inside.chars();
    let letters = if explanation {
        "slodiphcrtv"
    } else {
        "slodiphv"
    };
    let known = chars
        .next()
        .is_some_and(|letter| letters.contains(letter.to_ascii_lowercase()));
    let rest = chars
        .as_str()
        .trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = chars.as_str().len().saturating_sub(rest.len());
    let digits = chars.as_str().get(..digits).unwrap_or_default();
    let zero = !digits.is_empty() && digits.bytes().all(|b| b == b'0');
    let rest = rest.strip_prefix(['r', 'R']).unwrap_or(rest);
    known && !zero && rest.chars().all(|c| ".-+,/_=".contains(c))
}

/// A top-level label: letters, digits and inner hyphens, not digits alone.
fn is_top_label(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problems(text: &str) -> Vec<&'static str> {
        parse(text.as_bytes())
            .problems
            .iter()
            .map(|problem| problem.name)
            .collect()
    }

    #[test]
    fn which_texts_are_records() {
        for (text, expected) in [
            ("v=spf1", true),
            ("v=spf1 -all", true),
            ("V=SPF1 -all", true),
            ("v=spf10 -all", false),
            ("v=spf1-all", false),
            (" v=spf1 -all", false),
            ("v=spf", false),
            ("", false),
        ] {
            assert_eq!(is_record(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn valid_terms() {
        for text in [
            "v=spf1",
            "v=spf1 -all",
            "v=spf1   ~all  ",
            "v=spf1 +mx a:colo.example.com/28 -all",
            "v=spf1 a mx mx:deferrals.example.com/24//64 a//64 -ALL",
            "v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ?all",
            "v=spf1 include:_spf.example.com redirect=_spf.example.com",
            "v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d} -all",
            "v=spf1 exists:%{i}._spf.%{d2} exp=explain._spf.%{d} -all",
            "v=spf1 a:%{d1/}/24 -all",
            "v=spf1 unknown-modifier=a%{c}b moo.cow-far_out=man:dog/cat -all",
            "v=spf1 include:example.com. -all",
            "v=spf1 a:museum.xn--zckzah -all",
            "v=spf1 a:abc.123-x -all",
            "v=spf1 a:foo:bar/baz.example.com mx:foo:bar/baz.example.com/24//64 -all",
        ] {
            assert_eq!(problems(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn faults_are_named() {
        let cases: &[(&str, &[&str])] = &[
            ("v=spf1 foo -all", &["unknown_mechanism"]),
            ("v=spf1 ipv4:192.0.2.1 -all", &["unknown_mechanism"]),
            ("v=spf1 ip4:192.0.2 -all", &["syntax"]),
            ("v=spf1 ip4:192.0.2.1/33 -all", &["syntax"]),
            ("v=spf1 ip4:192.0.2.1/08 -all", &["syntax"]),
            ("v=spf1 ip4 -all", &["syntax"]),
            ("v=spf1 ip6:::1.1.1.1/0 -all", &["wide_range"]),
            ("v=spf1 ip6:2001:db8::/129 -all", &["syntax"]),
            ("v=spf1 a/33 -all", &["syntax"]),
            ("v=spf1 a//129 -all", &["syntax"]),
            ("v=spf1 a/24// -all", &["syntax"]),
            ("v=spf1 a:example.com/x -all", &["syntax"]),
            ("v=spf1 a:example.com:8080 -all", &["syntax"]),
            ("v=spf1 a: -all", &["syntax"]),
            ("v=spf1 a:example -all", &["syntax"]),
            ("v=spf1 a:example.111 -all", &["syntax"]),
            ("v=spf1 include -all", &["syntax"]),
            ("v=spf1 include: -all", &["syntax"]),
            ("v=spf1 exists:%{c}.example -all", &["syntax"]),
            ("v=spf1 exists:%{x}.example -all", &["syntax"]),
            ("v=spf1 exists:%{d0}.example -all", &["syntax"]),
            ("v=spf1 exists:%(d).example -all", &["syntax"]),
            ("v=spf1 all:example.com", &["syntax"]),
            ("v=spf1 redirect= ", &["syntax"]),
            ("v=spf1 =x -all", &["syntax"]),
            ("v=spf1 --all", &["unknown_mechanism"]),
            (
                "v=spf1 redirect=a.example redirect=b.example",
                &["duplicate_modifier"],
            ),
            (
                "v=spf1 exp=a.example exp=b.example -all",
                &["duplicate_modifier"],
            ),
            ("v=spf1 -all mx", &["terms_after_all"]),
            ("v=spf1 -all redirect=a.example", &["redirect_with_all"]),
            ("v=spf1 ptr -all", &["ptr_used"]),
            ("v=spf1 ip4:0.0.0.0/1 -all", &["wide_range"]),
            ("v=spf1 -ip4:0.0.0.0/1 -all", &[]),
            ("v=spf1 +all", &["plus_all"]),
            ("v=spf1 all", &["plus_all"]),
            (
                "v=spf1 a:f\u{f6}\u{f6}.example -all",
                &["not_ascii", "syntax"],
            ),
            ("v=spf1 -all\tmx", &["unknown_mechanism"]),
        ];
        for (text, expected) in cases {
            assert_eq!(problems(text), *expected, "{text}");
        }
    }

    #[test]
    fn what_the_end_says() {
        for (text, all, forbids) in [
            ("v=spf1 -all", Some(Qualifier::Fail), true),
            ("v=spf1 ~all", Some(Qualifier::SoftFail), false),
            ("v=spf1 mx -all", Some(Qualifier::Fail), false),
            ("v=spf1 ?all -all", Some(Qualifier::Neutral), false),
            ("v=spf1 mx", None, false),
            ("v=spf1", None, false),
        ] {
            let record = parse(text.as_bytes());
            assert_eq!(
                (record.all(), record.forbids_all()),
                (all, forbids),
                "{text}"
            );
        }
    }

    #[test]
    fn macros_of_the_domain_are_expanded() {
        // RFC 7208 section 7.4, for mail of the domain itself.
        for (text, expected) in [
            ("_spf.%{d4}.x", Some("_spf.email.example.com.x")),
            ("%{d}.x", Some("email.example.com.x")),
            ("%{d2}.x", Some("example.com.x")),
            ("%{d1}.x", Some("com.x")),
            ("%{dr}.x", Some("com.example.email.x")),
            ("%{d2r}.x", Some("example.email.x")),
            ("%{O}.X.", Some("email.example.com.x")),
            ("a%%b.x", Some("a%b.x")),
            ("%{i}.x", None),
            ("%{ir}.%{v}.x", None),
            ("plain.example", Some("plain.example")),
        ] {
            let spec = DomainSpec::read(text).expect(text);
            assert_eq!(
                spec.expand("email.example.com").as_deref(),
                expected,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            is_record(&bytes);
            parse(&bytes);
        }

        #[test]
        fn any_near_record_is_read(tail in "[a-z0-9:/%{}=+~?. -]{0,120}") {
            let record = parse(format!("v=spf1 {tail}").as_bytes());
            for directive in &record.directives {
                if let Mechanism::Include(domain) | Mechanism::Exists(domain) = &directive.mechanism {
                    domain.expand("example.org");
                }
            }
        }
    }
}
