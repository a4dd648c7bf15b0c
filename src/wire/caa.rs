//! Certification Authority Authorization records (RFC 8659, RFC 8657).

use super::text::{clean, clean_bytes};

/// Property tags with a meaning (IANA registry).
const KNOWN_TAGS: &[&str] = &[
    "issue",
    "issuewild",
    "iodef",
    "issuemail",
    "issuevmc",
    "contactemail",
    "contactphone",
];
/// Most characters of a value that are kept.
const VALUE_CHARS: usize = 500;

/// A CAA record as it stands in DNS.
#[derive(Clone, Copy, Debug)]
pub struct CaaRecord<'a> {
    /// The flags octet; 128 means critical.
    pub flags: u8,
    /// The property tag.
    pub tag: &'a str,
    /// The property value.
    pub value: &'a [u8],
}

/// What a set of CAA records says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaaSet {
    /// `issue` properties.
    pub issue: Vec<Issuer>,
    /// `issuewild` properties.
    pub issuewild: Vec<Issuer>,
    /// `iodef` properties, cleaned.
    pub iodef: Vec<String>,
    /// Faults: name and the record.
    pub problems: Vec<(&'static str, String)>,
}

/// An `issue` or `issuewild` property.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issuer {
    /// Domain of the authority, lower case; empty when the property forbids issuance.
    pub domain: String,
    /// Parameters as `name=value`.
    pub parameters: Vec<String>,
}

/// Reads a set of CAA records. A malformed `issue` value forbids issuance
/// (RFC 8659 section 4.2) and is a problem besides.
pub fn parse<'a>(records: impl IntoIterator<Item = CaaRecord<'a>>) -> CaaSet {
    let mut set = CaaSet::default();
    for record in records {
        let tag = record.tag.to_ascii_lowercase();
        let shown = || {
            let (tag, value) = (
                clean(record.tag, 50),
                clean_bytes(record.value, VALUE_CHARS),
            );
            format!("{} {tag} \"{value}\"", record.flags)
        };
        // Bits other than the first are reserved; a 1 there is a common mistake for "critical".
        if record.flags & 0x7f != 0 {
            set.problems.push(("reserved_flag", shown()));
        }
        match tag.as_str() {
            "issue" | "issuewild" => {
                let issuer = issuer(record.value).unwrap_or_else(|| {
                    set.problems.push(("malformed_value", shown()));
                    Issuer::default()
                });
                if tag == "issue" {
                    set.issue.push(issuer);
                } else {
                    set.issuewild.push(issuer);
                }
            }
            "iodef" => {
                let value = clean_bytes(record.value, VALUE_CHARS);
                let lower = value.to_ascii_lowercase();
                let known = ["mailto:", "http://", "https://"]
                    .iter()
                    .any(|scheme| lower.len() > scheme.len() && lower.starts_with(scheme));
                if !known {
                    set.problems.push(("malformed_value", shown()));
                }
                set.iodef.push(value);
            }
            _ if record.flags & 0x80 != 0 && !KNOWN_TAGS.contains(&tag.as_str()) => {
                set.problems.push(("unknown_critical_tag", shown()));
            }
            _ => {}
        }
    }
    set
}

/// Reads an issue value (RFC 8659 section 4.2); `None` when it does not match the grammar.
fn issuer(value: &[u8]) -> Option<Issuer> {
    let text = std::str::from_utf8(value).ok()?;
    let wsp = |c: char| matches!(c, ' ' | '\t');
    let (domain, rest) = match text.split_once(';') {
        Some((domain, rest)) => (domain, Some(rest)),
        None => (text, None),
    };
    let domain = domain.trim_matches(wsp);
    if !domain.is_empty() && !domain.split('.').all(is_label) {
        return None;
    }
    let mut parameters = Vec::new();
    let mut parts = rest.into_iter().flat_map(|rest| rest.split(';')).peekable();
    while let Some(part) = parts.next() {
        let part = part.trim_matches(wsp);
        if part.is_empty() {
            // A semicolon may stand at the end, not between parameters.
            if parts.peek().is_some() {
                return None;
            }
            continue;
        }
        let (name, value) = part.split_once('=')?;
        let (name, value) = (name.trim_matches(wsp), value.trim_matches(wsp));
        let printable = value
            .bytes()
            .all(|b| matches!(b, 0x21..=0x3a | 0x3c..=0x7e));
        if !is_label(name) || !printable {
            return None;
        }
        parameters.push(clean(&format!("{name}={value}"), VALUE_CHARS));
    }
    Some(Issuer {
        domain: clean(&domain.to_ascii_lowercase(), VALUE_CHARS),
        parameters,
    })
}

/// Letters, digits, and hyphens inside.
fn is_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn issue_values_of_the_rfcs() {
        // value, domain and parameters; None: malformed
        type Case = (
            &'static str,
            Option<(&'static str, &'static [&'static str])>,
        );
        let cases: &[Case] = &[
            ("ca1.example.net", Some(("ca1.example.net", &[]))),
            (";", Some(("", &[]))),
            ("", Some(("", &[]))),
            (" ; ", Some(("", &[]))),
            ("CA1.example.net", Some(("ca1.example.net", &[]))),
            (
                "ca1.example.net; account=230123",
                Some(("ca1.example.net", &["account=230123"])),
            ),
            (
                "ca1.example.net;policy=ev; account=1;",
                Some(("ca1.example.net", &["policy=ev", "account=1"])),
            ),
            (
                "example.net; accounturi=https://example.net/account/1234; validationmethods=dns-01",
                Some((
                    "example.net",
                    &[
                        "accounturi=https://example.net/account/1234",
                        "validationmethods=dns-01",
                    ],
                )),
            ),
            ("ca.example; a = b", Some(("ca.example", &["a=b"]))),
            ("%%%%%", None),
            ("ca_1.example", None),
            ("ca..example", None),
            ("-ca.example", None),
            ("ca.example; novalue", None),
            ("ca.example; a=b;; c=d", None),
            ("ca.example; a=b c", None),
            ("\u{fc}.example", None),
        ];
        for (value, expected) in cases {
            let set = parse([CaaRecord {
                flags: 0,
                tag: "Issue",
                value: value.as_bytes(),
            }]);
            let [issuer] = set.issue.as_slice() else {
                panic!("{value}: {set:?}");
            };
            let (domain, parameters) = expected.unwrap_or(("", &[]));
            assert_eq!(issuer.domain, domain, "{value}");
            assert_eq!(issuer.parameters, parameters, "{value}");
            assert_eq!(set.problems.is_empty(), expected.is_some(), "{value}");
        }
    }

    #[test]
    fn problems_are_named() {
        let cases: &[(u8, &str, &str, &[&str])] = &[
            (0, "tbs", "Unknown", &[]),
            (128, "tbs", "Unknown", &["unknown_critical_tag"]),
            (128, "issuemail", ";", &[]),
            (1, "issue", "ca.example", &["reserved_flag"]),
            (0, "iodef", "mailto:security@example.com", &[]),
            (0, "iodef", "https://iodef.example.com/", &[]),
            (0, "iodef", "security@example.com", &["malformed_value"]),
            (0, "iodef", "mailto:", &["malformed_value"]),
        ];
        for (flags, tag, value, expected) in cases {
            let set = parse([CaaRecord {
                flags: *flags,
                tag,
                value: value.as_bytes(),
            }]);
            let names: Vec<&str> = set.problems.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, *expected, "{flags} {tag} {value}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(flags: u8, tag in ".{0,20}", value in proptest::collection::vec(any::<u8>(), 0..100)) {
            parse([CaaRecord { flags, tag: &tag, value: &value }]);
            parse([CaaRecord { flags, tag: "issue", value: &value }]);
        }
    }
}
