//! SPF records, term by term (RFC 7208 sections 4.5, 4.6, 5 and 6).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::macros::{DomainSpec, is_macro_string};
use crate::wire::text::clean;

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
    /// `exp`: where the explanation of a fail stands (section 6.2).
    pub explanation: Option<DomainSpec>,
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
    A(Option<DomainSpec>, Prefixes),
    Mx(Option<DomainSpec>, Prefixes),
    Ptr(Option<DomainSpec>),
    Ip4(Ipv4Addr, u8),
    Ip6(Ipv6Addr, u8),
    Exists(DomainSpec),
}

/// How many leading bits of an address have to agree (section 5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefixes {
    /// Of an IPv4 address, 0 to 32.
    pub v4: u8,
    /// Of an IPv6 address, 0 to 128.
    pub v6: u8,
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

impl SpfRecord {
    /// The qualifier of `all`, if the record has one.
    pub fn all(&self) -> Option<Qualifier> {
        self.directives
            .iter()
            .find(|directive| directive.mechanism == Mechanism::All)
            .map(|directive| directive.qualifier)
    }

    /// Whether receivers refuse to read the record (a permanent error, section 4.6).
    pub fn is_broken(&self) -> bool {
        self.problems.iter().any(|problem| {
            matches!(
                problem.name,
                "syntax" | "unknown_mechanism" | "duplicate_modifier" | "not_ascii"
            )
        })
    }

    /// The redirect, where it has an effect.
    pub fn effective_redirect(&self) -> Option<&DomainSpec> {
        self.redirect.as_ref().filter(|_| self.all().is_none())
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
            Ok(Term::Explanation(domain)) => {
                explanations += 1;
                record.explanation.get_or_insert(domain);
            }
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
    Explanation(DomainSpec),
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
            .map(Term::Explanation)
            .ok_or("syntax"),
        _ if is_macro_string(value, true) => Ok(Term::UnknownModifier),
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
        "a" => domain_and_prefixes(rest)
            .map(|(domain, prefixes)| Mechanism::A(domain, prefixes))
            .ok_or("syntax"),
        "mx" => domain_and_prefixes(rest)
            .map(|(domain, prefixes)| Mechanism::Mx(domain, prefixes))
            .ok_or("syntax"),
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

/// `[":" domain-spec] [dual-cidr-length]`
fn domain_and_prefixes(rest: &str) -> Option<(Option<DomainSpec>, Prefixes)> {
    // Only digits make a length: a slash may be part of the domain (`%{d1/}`).
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (rest, v6) = match rest.rsplit_once("//") {
        Some((rest, length)) if digits(length) => (rest, prefix_length(length, 128)?),
        _ => (rest, 128),
    };
    let (domain, v4) = match rest.rsplit_once('/') {
        Some((rest, length)) if digits(length) => (rest, prefix_length(length, 32)?),
        _ => (rest, 32),
    };
    let domain = match domain.strip_prefix(':') {
        Some(domain) => Some(DomainSpec::read(domain)?),
        None if domain.is_empty() => None,
        None => return None,
    };
    Some((domain, Prefixes { v4, v6 }))
}

/// Digits without a leading zero, at most `most`.
fn prefix_length(text: &str, most: u8) -> Option<u8> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) {
        return None;
    }
    text.parse().ok().filter(|length| *length <= most)
}
