//! DMARC policy records (RFC 9989 sections 4.7 and 4.8).

use super::text::{clean, clean_bytes};

/// Most tags of a record that are read.
const TAGS_MAX: usize = 100;
/// Most report addresses that are kept.
const URIS_MAX: usize = 50;
/// Most characters of a value.
const VALUE_CHARS: usize = 300;

/// What a receiver is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Disposition {
    None,
    Quarantine,
    Reject,
}

/// What a record says of its domain being a public suffix (`psd`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Psd {
    /// `psd=y`: a public suffix domain.
    Yes,
    /// `psd=n`: an organisational domain.
    No,
    /// `psd=u`, or nothing: the tree walk decides.
    #[default]
    Unknown,
}

/// A DMARC policy record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DmarcRecord {
    /// `p`; `None` when it is missing.
    pub p: Option<Disposition>,
    /// `sp`, if there.
    pub sp: Option<Disposition>,
    /// `np`, if there.
    pub np: Option<Disposition>,
    /// `psd`.
    pub psd: Psd,
    /// `t=y`.
    pub testing: bool,
    /// The obsolete `pct`, if it is there and a number from 0 to 100.
    pub pct: Option<u32>,
    /// Addresses in `rua`, cleaned.
    pub rua: Vec<String>,
    /// Addresses in `ruf`, cleaned.
    pub ruf: Vec<String>,
    /// `adkim=s`.
    pub dkim_strict: bool,
    /// `aspf=s`.
    pub spf_strict: bool,
    /// Whether the record sets a policy at all: with an unreadable `p`, `sp` or
    /// `np` and nowhere to report to, receivers leave it alone (section 4.10.1).
    pub applies: bool,
    /// Faults: a stable name, and the part that is wrong.
    pub problems: Vec<(&'static str, String)>,
}

/// Whether a TXT value is a DMARC record: its first tag is `v=DMARC1`, with
/// that case (section 4.8).
pub fn is_record(value: &[u8]) -> bool {
    let first = value.split(|b| *b == b';').next().unwrap_or_default();
    version_of(first).is_some_and(|version| version == b"DMARC1")
}

/// Whether a TXT value is meant to be a DMARC record, and is none because of
/// the case or the place of its version.
pub fn is_near_miss(value: &[u8]) -> bool {
    !is_record(value)
        && value
            .split(|b| *b == b';')
            .filter_map(version_of)
            .any(|version| version.eq_ignore_ascii_case(b"DMARC1"))
}

/// The value of a `v` tag.
fn version_of(tag: &[u8]) -> Option<&[u8]> {
    let mut parts = tag.splitn(2, |b| *b == b'=');
    let name = parts.next()?.trim_ascii();
    let value = parts.next()?.trim_ascii();
    name.eq_ignore_ascii_case(b"v").then_some(value)
}

/// Reads a record for which [`is_record`] holds. Unknown tags are ignored; an
/// unreadable tag is a problem and counts as missing.
pub fn parse(value: &[u8]) -> DmarcRecord {
    let mut record = DmarcRecord::default();
    let mut seen: Vec<String> = Vec::new();
    let mut bad_policy = false;
    let mut no_report_yet = true;
    for tag in value.split(|b| *b == b';').skip(1).take(TAGS_MAX) {
        if tag.trim_ascii().is_empty() {
            continue;
        }
        let text = clean_bytes(tag.trim_ascii(), VALUE_CHARS * 10);
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
            "p" | "sp" | "np" => {
                let disposition = disposition(value);
                if disposition.is_none() {
                    bad_policy = true;
                    record.problem("invalid_policy", &text);
                }
                match name.as_str() {
                    "p" => record.p = disposition,
                    "sp" => record.sp = disposition,
                    _ => record.np = disposition,
                }
            }
            "psd" => match value.to_ascii_lowercase().as_str() {
                "y" => record.psd = Psd::Yes,
                "n" => record.psd = Psd::No,
                "u" => {}
                _ => record.problem("invalid_value", &text),
            },
            "t" => match value.to_ascii_lowercase().as_str() {
                "y" => record.testing = true,
                "n" => {}
                _ => record.problem("invalid_value", &text),
            },
            "adkim" | "aspf" => {
                let strict = value.eq_ignore_ascii_case("s");
                if !strict && !value.eq_ignore_ascii_case("r") {
                    record.problem("invalid_value", &text);
                }
                if name == "adkim" {
                    record.dkim_strict = strict;
                } else {
                    record.spf_strict = strict;
                }
            }
            "pct" => match value.parse::<u32>() {
                Ok(percent) if percent <= 100 => record.pct = Some(percent),
                _ => record.problem("invalid_value", &text),
            },
            "rua" => {
                record.rua = record.addresses(value);
                no_report_yet = !record.rua.iter().any(|uri| is_report_uri(uri));
            }
            "ruf" => record.ruf = record.addresses(value),
            "v" => record.problem("duplicate_tag", &text),
            _ => {}
        }
        seen.push(name);
    }
    if !seen.iter().any(|name| name == "p") {
        record.problem(
            "missing_policy",
            "the record has no p tag, which counts as p=none",
        );
    }
    record.applies = true;
    if bad_policy {
        // Receivers treat what they cannot read as p=none when there is a place
        // to report to, and as no policy otherwise.
        record.applies = !no_report_yet;
        (record.p, record.sp, record.np) = (Some(Disposition::None), None, None);
    }
    record
}

impl DmarcRecord {
    fn problem(&mut self, name: &'static str, detail: &str) {
        self.problems.push((name, clean(detail, VALUE_CHARS)));
    }

    /// The addresses of a list, with a problem for each that is none.
    fn addresses(&mut self, list: &str) -> Vec<String> {
        let mut uris = Vec::new();
        for uri in list.split(',').map(str::trim).take(URIS_MAX) {
            if !is_report_uri(uri) {
                self.problem("invalid_uri", uri);
            }
            if !uri.is_empty() {
                uris.push(clean(uri, VALUE_CHARS));
            }
        }
        uris
    }
}

fn disposition(value: &str) -> Option<Disposition> {
    match value.to_ascii_lowercase().as_str() {
        "none" => Some(Disposition::None),
        "quarantine" => Some(Disposition::Quarantine),
        "reject" => Some(Disposition::Reject),
        _ => None,
    }
}

/// The mail address that a report URI leads to, in lower case, and its domain;
/// `None` for other schemes and for what is no address. The obsolete size limit
/// (`!10m`) and header fields (`?subject=`) are left out.
pub fn report_mailbox(uri: &str) -> Option<(String, String)> {
    let uri = uri.split(['!', '?']).next().unwrap_or_default();
    let (scheme, address) = uri.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("mailto") || !is_report_uri(uri) {
        return None;
    }
    let address = address.trim_end_matches('.').to_ascii_lowercase();
    let (_, domain) = address.split_once('@')?;
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let sound = domain.len() <= 253 && domain.split('.').all(label);
    sound.then(|| (address.clone(), domain.to_owned()))
}

/// Whether reports can be sent there: a mail address, or another absolute URI.
fn is_report_uri(uri: &str) -> bool {
    // The obsolete size limit (`!10m`) is ignored.
    let uri = uri.split('!').next().unwrap_or_default();
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let clean_rest = !rest.is_empty() && rest.bytes().all(|b| matches!(b, 0x21..=0x7e));
    let mail = !scheme.eq_ignore_ascii_case("mailto")
        || rest.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !domain.contains('@')
        });
    scheme_ok && clean_rest && mail
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn which_texts_are_records() {
        for (text, is, near) in [
            ("v=DMARC1; p=none", true, false),
            ("v=DMARC1", true, false),
            ("V = DMARC1 ;p=none", true, false),
            ("v=dmarc1; p=none", false, true),
            ("p=none; v=DMARC1", false, true),
            ("v=DMARC12; p=none", false, false),
            ("google-site-verification=x", false, false),
            ("v=spf1 -all", false, false),
            ("", false, false),
        ] {
            assert_eq!(is_record(text.as_bytes()), is, "{text}");
            assert_eq!(is_near_miss(text.as_bytes()), near, "{text}");
        }
    }

    #[test]
    fn records_are_read() {
        use Disposition::{None as Nothing, Quarantine, Reject};
        // text, p, sp, np, applies, problems
        type Case = (
            &'static str,
            Option<Disposition>,
            Option<Disposition>,
            Option<Disposition>,
            bool,
            &'static [&'static str],
        );
        let cases: &[Case] = &[
            ("v=DMARC1; p=reject", Some(Reject), None, None, true, &[]),
            (
                "v=DMARC1; P = Quarantine; sp=none; np=reject;",
                Some(Quarantine),
                Some(Nothing),
                Some(Reject),
                true,
                &[],
            ),
            (
                "v=DMARC1; rua=mailto:a@example.com",
                None,
                None,
                None,
                true,
                &["missing_policy"],
            ),
            (
                "v=DMARC1; p=rejct; rua=mailto:a@example.com",
                Some(Nothing),
                None,
                None,
                true,
                &["invalid_policy"],
            ),
            (
                "v=DMARC1; p=reject; sp=all",
                Some(Nothing),
                None,
                None,
                false,
                &["invalid_policy"],
            ),
            (
                "v=DMARC1; p=reject; rua=a@example.com",
                Some(Reject),
                None,
                None,
                true,
                &["invalid_uri"],
            ),
            (
                "v=DMARC1; p=reject; p=none; new=tag; adkim=x; nothing",
                Some(Reject),
                None,
                None,
                true,
                &["duplicate_tag", "invalid_value", "syntax"],
            ),
        ];
        for (text, p, sp, np, applies, problems) in cases {
            let record = parse(text.as_bytes());
            let names: Vec<&str> = record.problems.iter().map(|(name, _)| *name).collect();
            assert_eq!(
                (
                    record.p,
                    record.sp,
                    record.np,
                    record.applies,
                    names.as_slice()
                ),
                (*p, *sp, *np, *applies, *problems),
                "{text}"
            );
        }
    }

    #[test]
    fn other_tags_are_read() {
        let record = parse(
            b"v=DMARC1; p=reject; psd=n; t=y; pct=50; adkim=s; aspf=r; \
              rua=mailto:a@example.com!10m, https://example.com/r; ruf=mailto:b@example.com",
        );
        assert_eq!(record.psd, Psd::No);
        assert!(record.testing && record.dkim_strict && !record.spf_strict);
        assert_eq!(record.pct, Some(50));
        assert_eq!(
            record.rua,
            ["mailto:a@example.com!10m", "https://example.com/r"]
        );
        assert_eq!(record.ruf, ["mailto:b@example.com"]);
        assert_eq!(record.problems, []);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            is_record(&bytes);
            is_near_miss(&bytes);
            parse(&bytes);
        }
    }
}
