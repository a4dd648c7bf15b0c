//! TLS reporting records (RFC 8460 section 3).

use super::text::{clean, clean_bytes};

/// Most characters of a value.
const VALUE_CHARS: usize = 300;
/// Most addresses that are kept.
const URIS_MAX: usize = 50;

/// What a record says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsRptRecord {
    /// Where reports go, cleaned.
    pub rua: Vec<String>,
    /// Faults: a stable name, and the part that is wrong.
    pub problems: Vec<(&'static str, String)>,
}

/// Whether a TXT value is a TLS reporting record: it begins with `v=TLSRPTv1`
/// and a semicolon.
pub fn is_record(value: &[u8]) -> bool {
    value
        .strip_prefix(b"v=TLSRPTv1")
        .is_some_and(|rest| rest.trim_ascii_start().first() == Some(&b';'))
}

/// Reads a record for which [`is_record`] holds.
pub fn parse(value: &[u8]) -> TlsRptRecord {
    let mut record = TlsRptRecord::default();
    let mut rua = None;
    for field in value.split(|b| *b == b';').skip(1).take(100) {
        let text = clean_bytes(field.trim_ascii(), VALUE_CHARS * 10);
        if text.is_empty() {
            continue;
        }
        match text.split_once('=') {
            Some((name, _)) if name.trim() != "rua" => {}
            Some(_) if rua.is_some() => {
                record
                    .problems
                    .push(("duplicate_rua", clean(&text, VALUE_CHARS)));
            }
            Some((_, list)) => rua = Some(list.trim().to_owned()),
            None => record.problems.push(("syntax", clean(&text, VALUE_CHARS))),
        }
    }
    let Some(list) = rua else {
        record.problems.push(("missing_rua", String::new()));
        return record;
    };
    for uri in list.split(',').map(str::trim).take(URIS_MAX) {
        if !is_report_uri(uri) {
            record
                .problems
                .push(("invalid_uri", clean(uri, VALUE_CHARS)));
        }
        if !uri.is_empty() {
            record.rua.push(clean(uri, VALUE_CHARS));
        }
    }
    record
}

/// Reports go by mail or HTTPS.
fn is_report_uri(uri: &str) -> bool {
    let lower = uri.to_ascii_lowercase();
    let printable = uri.bytes().all(|b| matches!(b, 0x21..=0x7e));
    let mail = lower
        .strip_prefix("mailto:")
        .and_then(|rest| rest.split_once('@'))
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    let https = lower
        .strip_prefix("https://")
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    printable && (mail || https)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn records() {
        let cases: &[(&str, bool, &[&str], &[&str])] = &[
            (
                "v=TLSRPTv1;rua=mailto:reports@example.com",
                true,
                &["mailto:reports@example.com"],
                &[],
            ),
            (
                "v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt, mailto:a@b.example; ext=1",
                true,
                &[
                    "https://reporting.example.com/v1/tlsrpt",
                    "mailto:a@b.example",
                ],
                &[],
            ),
            ("v=TLSRPTv1;", true, &[], &["missing_rua"]),
            ("v=TLSRPTv1; rua=", true, &[], &["invalid_uri"]),
            (
                "v=TLSRPTv1; rua=http://a.example/",
                true,
                &["http://a.example/"],
                &["invalid_uri"],
            ),
            (
                "v=TLSRPTv1; rua=mailto:a@b.example; rua=mailto:c@d.example",
                true,
                &["mailto:a@b.example"],
                &["duplicate_rua"],
            ),
            (
                "v=tlsrptv1; rua=mailto:a@b.example",
                false,
                &["mailto:a@b.example"],
                &[],
            ),
            ("v=TLSRPTv1", false, &[], &["missing_rua"]),
        ];
        for (text, is, rua, problems) in cases {
            assert_eq!(is_record(text.as_bytes()), *is, "{text}");
            let record = parse(text.as_bytes());
            let names: Vec<&str> = record.problems.iter().map(|(name, _)| *name).collect();
            assert_eq!(
                (record.rua.as_slice(), names.as_slice()),
                (
                    rua.iter()
                        .map(|s| s.to_string())
                        .collect::<Vec<_>>()
                        .as_slice(),
                    *problems,
                ),
                "{text}"
            );
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
