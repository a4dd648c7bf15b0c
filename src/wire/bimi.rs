//! BIMI records: the logo that mail programs may show beside a domain's mail
//! (draft-brand-indicators-for-message-identification, section 4.3).

use super::text::{clean, clean_bytes};

/// Most characters of a value.
const VALUE_CHARS: usize = 300;

/// What a record says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BimiRecord {
    /// Where the logo is; `None` when the domain declines to show one.
    pub logo: Option<String>,
    /// Where the certificate of the mark is.
    pub evidence: Option<String>,
    /// Faults: a stable name, and the part that is wrong.
    pub problems: Vec<(&'static str, String)>,
}

/// Whether a TXT value is a BIMI record: its first tag is `v=BIMI1`.
pub fn is_record(value: &[u8]) -> bool {
    let first = value.split(|b| *b == b';').next().unwrap_or_default();
    let mut parts = first.splitn(2, |b| *b == b'=');
    let name = parts.next().unwrap_or_default().trim_ascii();
    let value = parts.next().unwrap_or_default().trim_ascii();
    name == b"v" && value == b"BIMI1"
}

/// Reads a record for which [`is_record`] holds.
pub fn parse(value: &[u8]) -> BimiRecord {
    let mut record = BimiRecord::default();
    let mut seen: Vec<String> = Vec::new();
    for tag in value.split(|b| *b == b';').skip(1).take(100) {
        let text = clean_bytes(tag.trim_ascii(), VALUE_CHARS * 4);
        if text.is_empty() {
            continue;
        }
        let Some((name, value)) = text.split_once('=') else {
            record.problem("syntax", &text);
            continue;
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if seen.contains(&name) {
            record.problem("duplicate_tag", &text);
            continue;
        }
        match name.as_str() {
            "l" => record.logo = record.address(value, "logo_not_https"),
            "a" => record.evidence = record.address(value, "evidence_not_https"),
            _ => {}
        }
        seen.push(name);
    }
    if !seen.iter().any(|name| name == "l") {
        record.problem("missing_logo", "the record has no l tag");
    }
    record
}

impl BimiRecord {
    fn problem(&mut self, name: &'static str, detail: &str) {
        self.problems.push((name, clean(detail, VALUE_CHARS)));
    }

    /// The address of a tag, if it is not empty. Only `https` is allowed.
    fn address(&mut self, value: &str, problem: &'static str) -> Option<String> {
        let value = clean(value, VALUE_CHARS);
        if value.is_empty() {
            return None;
        }
        let https = value
            .split_once("://")
            .is_some_and(|(scheme, rest)| scheme.eq_ignore_ascii_case("https") && !rest.is_empty());
        if !https {
            self.problem(problem, &value);
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn which_texts_are_records() {
        for (text, expected) in [
            ("v=BIMI1; l=https://office.example/logo.svg", true),
            ("v = BIMI1 ;l=", true),
            ("v=bimi1; l=", false),
            ("v=BIMI12;", false),
            ("l=https://office.example/logo.svg; v=BIMI1", false),
            ("", false),
        ] {
            assert_eq!(is_record(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn records_are_read() {
        // text, logo, evidence, problems
        type Case = (
            &'static str,
            Option<&'static str>,
            Option<&'static str>,
            &'static [&'static str],
        );
        let cases: &[Case] = &[
            (
                "v=BIMI1; l=https://x.example/l.svg; a=https://x.example/v.pem; avp=brand",
                Some("https://x.example/l.svg"),
                Some("https://x.example/v.pem"),
                &[],
            ),
            ("v=BIMI1; l=; a=;", None, None, &[]),
            ("v=BIMI1;", None, None, &["missing_logo"]),
            (
                "v=BIMI1; l=http://x.example/l.svg",
                Some("http://x.example/l.svg"),
                None,
                &["logo_not_https"],
            ),
            (
                "v=BIMI1; l=https://x.example/l.svg; a=x.pem; nothing; l=y",
                Some("https://x.example/l.svg"),
                Some("x.pem"),
                &["evidence_not_https", "syntax", "duplicate_tag"],
            ),
        ];
        for (text, logo, evidence, problems) in cases {
            let record = parse(text.as_bytes());
            let names: Vec<&str> = record.problems.iter().map(|(name, _)| *name).collect();
            assert_eq!(record.logo.as_deref(), *logo, "{text}");
            assert_eq!(record.evidence.as_deref(), *evidence, "{text}");
            assert_eq!(names, *problems, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            is_record(&bytes);
            parse(&bytes);
        }
    }
}
