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
/// Methods of validation (IANA registry ACME Validation Methods). Those that begin with
/// `ca-` are an authority's own (RFC 8657 section 4).
const METHODS: &[&str] = &[
    "dns-01",
    "dns-account-01",
    "dns-persist-01",
    "email-reply-00",
    "http-01",
    "onion-csr-01",
    "tkauth-01",
    "tls-alpn-01",
];
/// Most parameters of a property that are kept.
const PARAMETERS_MAX: usize = 50;
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
    /// Values of `accounturi` (RFC 8657 section 3).
    pub accounts: Vec<String>,
    /// Values of `validationmethods` (RFC 8657 section 4); `None`: not limited.
    pub methods: Option<Vec<String>>,
    /// Whether an authority can meet the property: its domain is not empty, and its
    /// parameters leave an account and a method.
    pub satisfiable: bool,
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
                let mut issuer = issuer(record.value).unwrap_or_else(|| {
                    set.problems.push(("malformed_value", shown()));
                    Issuer::default()
                });
                for fault in issuer.read_parameters() {
                    set.problems.push((fault, shown()));
                }
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
        if parameters.len() >= PARAMETERS_MAX {
            return None;
        }
        parameters.push(clean(&format!("{name}={value}"), VALUE_CHARS));
    }
    Some(Issuer {
        domain: clean(&domain.to_ascii_lowercase(), VALUE_CHARS),
        parameters,
        ..Issuer::default()
    })
}

impl Issuer {
    /// Reads the parameters of RFC 8657; returns their faults.
    fn read_parameters(&mut self) -> Vec<&'static str> {
        let values = |wanted: &str| -> Vec<String> {
            let pairs = self
                .parameters
                .iter()
                .filter_map(|text| text.split_once('='));
            pairs
                .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.to_owned())
                .collect()
        };
        let (accounts, methods) = (values("accounturi"), values("validationmethods"));
        let mut faults = Vec::new();
        let mut possible = true;
        // One that is no URI matches no account, and two name no account (section 3).
        if accounts.len() > 1 {
            faults.push("repeated_accounturi");
            possible = false;
        }
        if accounts.iter().any(|uri| !is_uri(uri)) {
            faults.push("malformed_accounturi");
            possible = false;
        }
        if methods.len() > 1 {
            faults.push("repeated_validationmethods");
            possible = false;
        }
        let listed: Vec<String> = methods
            .iter()
            .flat_map(|value| value.split(','))
            .filter(|method| !method.is_empty())
            .map(str::to_owned)
            .collect();
        // Labels with commas between them; nothing at all is allowed, and allows nothing.
        let malformed = |value: &String| !value.is_empty() && !value.split(',').all(is_label);
        if methods.iter().any(malformed) {
            faults.push("malformed_validationmethods");
            possible = false;
        }
        let known =
            |method: &String| METHODS.contains(&method.as_str()) || method.starts_with("ca-");
        if listed
            .iter()
            .any(|method| is_label(method) && !known(method))
        {
            faults.push("unknown_validation_method");
        }
        possible &= methods.is_empty() || listed.iter().any(known);
        if !possible && !self.domain.is_empty() {
            faults.push("unsatisfiable");
        }
        self.satisfiable = possible && !self.domain.is_empty();
        self.accounts = accounts;
        self.methods = (!methods.is_empty()).then_some(listed);
        faults
    }
}

/// Whether a text begins as a URI does and names something (RFC 3986 section 3).
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let mut letters = scheme.bytes();
    letters.next().is_some_and(|b| b.is_ascii_alphabetic())
        && letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && match rest.strip_prefix("//") {
            Some(rest) => !rest.is_empty() && !rest.starts_with('/'),
            None => !rest.is_empty(),
        }
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

    #[test]
    fn parameters_of_rfc_8657() {
        // value, faults, satisfiable
        let cases: &[(&str, &[&str], bool)] = &[
            ("ca.example", &[], true),
            (";", &[], false),
            (
                "ca.example; accounturi=https://ca.example/acct/1",
                &[],
                true,
            ),
            ("ca.example; ACCOUNTURI=urn:ca:1", &[], true),
            (
                "ca.example; accounturi=acct-1",
                &["malformed_accounturi", "unsatisfiable"],
                false,
            ),
            (
                "ca.example; accounturi=https://ca.example/1; accounturi=https://ca.example/2",
                &["repeated_accounturi", "unsatisfiable"],
                false,
            ),
            ("ca.example; validationmethods=dns-01,http-01", &[], true),
            ("ca.example; validationmethods=ca-email", &[], true),
            (
                "ca.example; validationmethods=dns-01,dns-1",
                &["unknown_validation_method"],
                true,
            ),
            (
                "ca.example; validationmethods=dns-1",
                &["unknown_validation_method", "unsatisfiable"],
                false,
            ),
            ("ca.example; validationmethods=", &["unsatisfiable"], false),
            (
                "ca.example; validationmethods=dns-01,,http-01",
                &["malformed_validationmethods", "unsatisfiable"],
                false,
            ),
            (
                "ca.example; validationmethods=dns-01; validationmethods=dns-01",
                &["repeated_validationmethods", "unsatisfiable"],
                false,
            ),
        ];
        for (value, faults, satisfiable) in cases {
            let set = parse([CaaRecord {
                flags: 0,
                tag: "issue",
                value: value.as_bytes(),
            }]);
            let names: Vec<&str> = set.problems.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, *faults, "{value}");
            assert_eq!(set.issue[0].satisfiable, *satisfiable, "{value}");
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
