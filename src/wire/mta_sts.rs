//! MTA-STS records and policies (RFC 8461).

use super::text::{clean, clean_bytes, clean_lines};

/// Longest time that a policy may be kept, in seconds (section 3.2).
const MAX_AGE_MOST: u64 = 31_557_600;
/// Most lines of a policy that are read.
const LINES_MAX: usize = 500;
/// Most characters of a value.
const VALUE_CHARS: usize = 300;

/// A fault: a stable name, and the part that is wrong.
pub type Problem = (&'static str, String);

/// What a sender does with a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Mode {
    Enforce,
    Testing,
    None,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What a sender does with it.
    pub mode: Mode,
    /// Seconds for which it may be kept.
    pub max_age: u64,
    /// Patterns of allowed exchangers, lower case.
    pub mx: Vec<String>,
}

/// Whether a TXT value is an MTA-STS record: it begins with `v=STSv1` and a
/// semicolon (section 3.1).
pub fn is_record(value: &[u8]) -> bool {
    value
        .strip_prefix(b"v=STSv1")
        .is_some_and(|rest| rest.trim_ascii_start().first() == Some(&b';'))
}

/// The id of a record for which [`is_record`] holds, and the record's faults.
pub fn parse_record(value: &[u8]) -> (Option<String>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut id = None;
    for field in value.split(|b| *b == b';').skip(1).take(100) {
        let text = clean_bytes(field.trim_ascii(), VALUE_CHARS);
        if text.is_empty() {
            continue;
        }
        let Some((name, value)) = text.split_once('=') else {
            problems.push(("syntax", text));
            continue;
        };
        if name.trim() != "id" {
            continue;
        }
        let value = value.trim();
        let valid =
            (1..=32).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric());
        if !valid {
            problems.push(("invalid_id", text.clone()));
        } else if id.is_some() {
            problems.push(("duplicate_id", text.clone()));
        } else {
            id = Some(value.to_owned());
        }
    }
    if id.is_none() && problems.iter().all(|(name, _)| *name != "invalid_id") {
        problems.push(("missing_id", String::new()));
    }
    (id, problems)
}

/// Reads a policy (section 3.2). Without a valid version, mode, time and
/// pattern it is none, and the faults say why.
pub fn parse_policy(body: &[u8]) -> (Option<Policy>, Vec<Problem>) {
    let mut problems = Vec::new();
    let text = clean_lines(&String::from_utf8_lossy(body), 1 << 16);
    let (mut version, mut mode, mut max_age) = (None, None, None);
    let mut mx: Vec<String> = Vec::new();
    for line in text.lines().take(LINES_MAX) {
        if line.trim().is_empty() {
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            problems.push(("policy_syntax", clean(line, VALUE_CHARS)));
            continue;
        };
        let value = clean(value.trim(), VALUE_CHARS);
        // All but the first of a field other than mx are ignored.
        match name.trim() {
            "version" => version = version.or(Some(value)),
            "mode" => mode = mode.or(Some(value)),
            "max_age" => max_age = max_age.or(Some(value)),
            "mx" => {
                if !is_pattern(&value) {
                    problems.push(("policy_invalid_mx", value.clone()));
                }
                mx.push(value.to_ascii_lowercase());
            }
            _ => {}
        }
    }
    match version.as_deref() {
        Some("STSv1") => {}
        Some(other) => problems.push(("policy_invalid_version", other.to_owned())),
        None => problems.push(("policy_missing_version", String::new())),
    }
    let valid_version = version.as_deref() == Some("STSv1");
    let mode = match mode.as_deref() {
        Some("enforce") => Some(Mode::Enforce),
        Some("testing") => Some(Mode::Testing),
        Some("none") => Some(Mode::None),
        Some(other) => {
            problems.push(("policy_invalid_mode", other.to_owned()));
            None
        }
        None => {
            problems.push(("policy_missing_mode", String::new()));
            None
        }
    };
    let max_age = match max_age {
        Some(text) => {
            let digits = (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            let seconds = text.parse().ok().filter(|_| digits);
            match seconds {
                Some(seconds) if seconds <= MAX_AGE_MOST => Some(seconds),
                _ => {
                    problems.push(("policy_invalid_max_age", text));
                    None
                }
            }
        }
        None => {
            problems.push(("policy_missing_max_age", String::new()));
            None
        }
    };
    let has_mx = !mx.is_empty() || mode == Some(Mode::None);
    if !has_mx {
        problems.push(("policy_missing_mx", String::new()));
    }
    let policy = match (mode, max_age) {
        (Some(mode), Some(max_age)) if valid_version && has_mx => {
            Some(Policy { mode, max_age, mx })
        }
        _ => None,
    };
    (policy, problems)
}

/// Whether an exchanger matches a pattern (section 4.1): a wildcard stands for
/// exactly one label.
pub fn matches(pattern: &str, host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let pattern = pattern.trim_end_matches('.').to_ascii_lowercase();
    match pattern.strip_prefix("*.") {
        Some(parent) => host
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
        None => !host.is_empty() && host == pattern,
    }
}

/// A host name, with at most one wildcard label at its left.
fn is_pattern(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let name = name.strip_suffix('.').unwrap_or(name);
    !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(problems: &[Problem]) -> Vec<&'static str> {
        problems.iter().map(|(name, _)| *name).collect()
    }

    #[test]
    fn records() {
        let cases: &[(&str, bool, Option<&str>, &[&str])] = &[
            (
                "v=STSv1; id=20160831085700Z;",
                true,
                Some("20160831085700Z"),
                &[],
            ),
            ("v=STSv1;id=1", true, Some("1"), &[]),
            ("v=STSv1 ; id=1; ext=x", true, Some("1"), &[]),
            ("v=STSv1;", true, None, &["missing_id"]),
            ("v=STSv1; id=", true, None, &["invalid_id"]),
            ("v=STSv1; id=2024-01-01", true, None, &["invalid_id"]),
            ("v=STSv1; id=1; id=2", true, Some("1"), &["duplicate_id"]),
            ("v=STSv1", false, None, &["missing_id"]),
            ("v=stsv1; id=1", false, Some("1"), &[]),
            ("v=STSv10; id=1", false, Some("1"), &[]),
        ];
        for (text, is, id, problems) in cases {
            assert_eq!(is_record(text.as_bytes()), *is, "{text}");
            let (found, faults) = parse_record(text.as_bytes());
            assert_eq!(
                (found.as_deref(), names(&faults).as_slice()),
                (*id, *problems),
                "{text}"
            );
        }
    }

    #[test]
    fn policies() {
        let rfc = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: backupmx.example.com\r\nmax_age: 604800\r\n";
        let (policy, problems) = parse_policy(rfc.as_bytes());
        assert_eq!(
            policy,
            Some(Policy {
                mode: Mode::Enforce,
                max_age: 604_800,
                mx: ["mail.example.com", "*.example.net", "backupmx.example.com"]
                    .map(str::to_owned)
                    .into(),
            })
        );
        assert_eq!(problems, []);
        let cases: &[(&str, bool, &[&str])] = &[
            ("version: STSv1\nmode: none\nmax_age: 86400\n", true, &[]),
            (
                "version: STSv1\nmode: enforce\nmode: none\nmx: a.example\nmax_age: 1\n",
                true,
                &[],
            ),
            (
                "version: STSv1\nmode: enforce\nmax_age: 86400\n",
                false,
                &["policy_missing_mx"],
            ),
            (
                "version: STSv1\nmode: enforced\nmx: a.example\nmax_age: 86400\n",
                false,
                &["policy_invalid_mode"],
            ),
            (
                "version: STSv1\nmode: testing\nmx: a.example\nmax_age: 99999999\n",
                false,
                &["policy_invalid_max_age"],
            ),
            (
                "version: STSv1\nmode: testing\nmx: .example\nmax_age: 1\n",
                true,
                &["policy_invalid_mx"],
            ),
            (
                "<html>not found</html>",
                false,
                &[
                    "policy_syntax",
                    "policy_missing_version",
                    "policy_missing_mode",
                    "policy_missing_max_age",
                    "policy_missing_mx",
                ],
            ),
        ];
        for (text, is, expected) in cases {
            let (policy, problems) = parse_policy(text.as_bytes());
            assert_eq!(policy.is_some(), *is, "{text}");
            assert_eq!(names(&problems), *expected, "{text}");
        }
    }

    #[test]
    fn patterns() {
        for (pattern, host, expected) in [
            ("mail.example.com", "Mail.Example.com.", true),
            ("mail.example.com", "mx.example.com", false),
            ("*.example.com", "mail.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "a.mail.example.com", false),
            ("*.example.com", ".example.com", false),
            ("", "", false),
        ] {
            assert_eq!(matches(pattern, host), expected, "{pattern} {host}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            is_record(&bytes);
            parse_record(&bytes);
            parse_policy(&bytes);
        }
    }
}
