//! What must hold of the codecs of DNS and mail for any bytes. The fuzz targets and an
//! ordinary test share it.

use scrutineer::net::Answer;
use scrutineer::wire::{
    bimi,
    caa::{self, CaaRecord},
    dkim, dmarc, mta_sts, rdap,
    root_hints::parse_hints,
    routes::{Payloads, Routes},
    spf, tls_rpt,
};

/// Longest text of a fault that is kept.
const DETAIL_CHARS: usize = 5_000;

/// A packet gives an answer or an error, and a bounded one.
pub fn message(bytes: &[u8]) {
    let Ok(answer) = Answer::read(bytes) else {
        return;
    };
    assert!(answer.aliases.len() <= 17 && answer.records.len() <= 500);
    assert!(answer.authority.len() <= 500 && answer.signatures.len() <= 500);
    assert!(
        answer
            .records
            .is_sorted_by_key(|record| scrutineer::net::data_text(&record.data))
    );
    let evidence = answer.evidence("/dns");
    assert!(evidence.data.chars().count() <= 8_200);
    assert!(!evidence.data.chars().any(|c| c.is_control() && c != '\n'));
    let _ = (answer.ips(), answer.texts(), answer.authority_zone());
    assert_eq!(Answer::read(bytes).ok().as_ref(), Some(&answer));
}

/// Text records of mail and CAA: the first byte chooses among them, so that one target
/// serves all.
pub fn records(bytes: &[u8]) {
    let Some((kind, value)) = bytes.split_first() else {
        return;
    };
    match kind % 7 {
        0 => spf_record(value),
        1 => {
            let record = dmarc::parse(value);
            assert_eq!(dmarc::parse(value), record);
            let _ = (dmarc::is_record(value), dmarc::is_near_miss(value));
            let _ = dmarc::report_mailbox(&String::from_utf8_lossy(value));
        }
        2 => {
            let record = dkim::parse(value);
            assert_eq!(dkim::parse(value), record);
            let _ = dkim::is_record(value);
        }
        3 => {
            let (_, problems) = mta_sts::parse_record(value);
            assert!(problems.len() <= 1_000);
            let (policy, _) = mta_sts::parse_policy(value);
            for pattern in policy.into_iter().flat_map(|policy| policy.mx) {
                let _ = mta_sts::matches(&pattern, "mx1.office.example");
            }
        }
        4 => assert_eq!(tls_rpt::parse(value), tls_rpt::parse(value)),
        5 => {
            let record = bimi::parse(value);
            bounded(record.problems.iter().map(|(_, detail)| detail));
        }
        _ => caa_records(value),
    }
}

/// A record is read in bounds, and a survey with no answers ends and names what it needs.
fn spf_record(value: &[u8]) {
    let record = spf::parse(value);
    bounded(record.problems.iter().map(|problem| &problem.detail));
    let survey = spf::survey("office.example", &|question| match (
        question.kind,
        question.name.as_str(),
    ) {
        (spf::Kind::Texts, "office.example") => spf::Reply::Texts(vec![value.to_vec()]),
        (spf::Kind::Texts, _) => spf::Reply::Texts(vec![b"v=spf1 include:a.example".to_vec()]),
        (spf::Kind::V4 | spf::Kind::V6, _) => spf::Reply::Addresses(Vec::new()),
        _ => spf::Reply::Names(Vec::new()),
    });
    assert!(survey.lookups.len() <= spf::SURVEY_LOOKUPS_MAX && survey.unasked.is_empty());
}

/// A property that can be met names an authority and leaves a method.
fn caa_records(value: &[u8]) {
    let (flags, rest) = value.split_first().unwrap_or((&0, &[]));
    let mut parts = rest.splitn(2, |byte| *byte == b' ');
    let tag = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let value = parts.next().unwrap_or_default();
    let set = caa::parse([CaaRecord {
        flags: *flags,
        tag: &tag,
        value,
    }]);
    for issuer in set.issue.iter().chain(&set.issuewild) {
        assert!(!issuer.satisfiable || !issuer.domain.is_empty());
        let methods = issuer.methods.as_ref();
        assert!(!issuer.satisfiable || methods.is_none_or(|methods| !methods.is_empty()));
    }
    bounded(set.problems.iter().map(|(_, detail)| detail));
}

/// Files of the user, and answers of registries: the first byte chooses.
pub fn files(bytes: &[u8]) {
    let Some((kind, value)) = bytes.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(value);
    match kind % 5 {
        0 => {
            if let Err((line, _)) = parse_hints(&text) {
                assert!(line <= text.lines().count() + 1);
            }
        }
        1 => {
            let _ = Routes::parse(&text);
        }
        2 => {
            let _ = Payloads::parse(value);
        }
        3 => {
            if let Ok(list) = rdap::Bootstrap::parse(value) {
                let _ = list.server_for("office.example");
            }
        }
        _ => {
            if let Ok(read) = rdap::Registration::parse(value) {
                assert!(read.states.len() <= 50 && read.states.is_sorted());
                bounded(read.states.iter().chain(&read.registrar));
                assert!(read.ds.is_none_or(|ds| ds.len() <= 50));
            }
        }
    }
}

fn bounded<'t>(texts: impl IntoIterator<Item = &'t String>) {
    for text in texts {
        assert!(text.chars().count() <= DETAIL_CHARS);
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
}
