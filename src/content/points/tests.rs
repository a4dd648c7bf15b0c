//! Small profiles made of rows of the real guidelines.

use super::*;
use std::path::PathBuf;

/// A profile for each list of `row level [more keys of the entry]`.
fn points(profiles: &[(&str, &[(&str, &str)])], on: Option<&str>) -> Vec<Point> {
    let folder = tempfile::tempdir().unwrap();
    for (id, entries) in profiles {
        let mut text = format!("id: {id}\ntitle: {id}\nentries:\n");
        for (row, more) in *entries {
            text.push_str(&format!(
                "  - {{ row: \"{row}\", {more}, checks: [{{ id: tls.protocol.no-legacy }}] }}\n"
            ));
        }
        std::fs::write(folder.path().join(format!("{id}.yaml")), text).unwrap();
    }
    let content = Content::load(&[], &[PathBuf::from(folder.path())])
        .unwrap_or_else(|faults| panic!("{}", faults.render(false, 120)));
    let resolved: Vec<ResolvedProfile> = profiles
        .iter()
        .map(|(id, _)| content.resolve(id).unwrap())
        .collect();
    let all: Vec<&ResolvedProfile> = resolved.iter().collect();
    content
        .points(&all, on.map(|day| day.parse().unwrap()))
        .unwrap()
}

const MUST: &str = "level: must";
const SHOULD: &str = "level: should";

fn shape(points: &[Point]) -> Vec<(Option<&str>, PointKind)> {
    points
        .iter()
        .map(|point| (point.id.as_deref(), point.kind))
        .collect()
}

#[test]
fn required_and_only_the_latest_contradict() {
    let found = points(
        &[
            ("au", &[("au-ism#ism-1139", MUST)]),
            ("us", &[("us-nist-sp-800-52r2#tls12-required", MUST)]),
        ],
        None,
    );
    assert_eq!(shape(&found), [(Some("D-01"), PointKind::Contradict)]);
    let [exclusion] = &found[0].exclusions[..] else {
        panic!("{found:?}");
    };
    assert_eq!(exclusion.over, ["TLS1.2"]);
    assert_eq!(
        exclusion.why,
        "au allows only TLS1.3, and us requires TLS1.2"
    );
    let positions: Vec<&str> = found[0]
        .positions
        .iter()
        .map(|position| position.position.as_str())
        .collect();
    assert_eq!(
        positions,
        ["required next to TLS 1.3", "only the latest version"]
    );
    assert_eq!(
        found[0].positions[1].taken_by[0].printed.as_deref(),
        Some("ISM-1139")
    );
}

#[test]
fn a_row_that_the_file_lists_elsewhere_takes_the_position_of_its_like() {
    // The file lists this row under D-02 only.
    let found = points(
        &[
            ("au", &[("au-ism#ism-1139", MUST)]),
            ("de", &[("de-bsi-tr-03116-4#tls12", MUST)]),
        ],
        None,
    );
    assert_eq!(shape(&found), [(Some("D-01"), PointKind::Contradict)]);
    assert_eq!(found[0].positions.len(), 2);
}

#[test]
fn what_merely_differs_is_called_so() {
    let table: [(&str, &str, &str); 6] = [
        (
            "us-cisa-bod-18-01#dmarc-reject",
            "nl-internet-nl-1.11#mail-dmarc-policy",
            "D-17",
        ),
        (
            "us-nist-sp-800-52r2#cert-strength",
            "nl-ncsc-tls-2025-05#cert-key-rsa",
            "D-07",
        ),
        (
            "nl-internet-nl-1.11#mail-dane",
            "gb-govuk-secure-email#mta-sts",
            "D-19",
        ),
        ("au-ism#ism-1139", "nl-ncsc-tls-2025-05#versions", "D-01"),
        ("au-ism#ism-1369", "de-bsi-tr-03116-4#suites-min", "D-03"),
        (
            "us-omb-m-15-13#hsts",
            "mozilla-tls-6.0#intermediate-hsts",
            "D-15",
        ),
    ];
    for (one, other, id) in table {
        let found = points(&[("a", &[(one, MUST)]), ("b", &[(other, MUST)])], None);
        assert_eq!(
            shape(&found),
            [(Some(id), PointKind::Differ)],
            "{one} {other}"
        );
        assert!(found[0].exclusions.is_empty());
    }
}

#[test]
fn advice_never_makes_a_contradiction_of_the_gates() {
    let found = points(
        &[
            ("mozilla", &[("mozilla-tls-6.0#modern-versions", SHOULD)]),
            ("us", &[("us-nist-sp-800-52r2#tls12-required", MUST)]),
        ],
        None,
    );
    assert_eq!(
        shape(&found),
        [(Some("D-01"), PointKind::AdviceContradicts)]
    );
    assert!(
        found[0].exclusions[0]
            .why
            .contains("mozilla recommends only TLS1.3")
    );
    let reports = points(
        &[
            ("de", &[("de-bsi-tr-03182#06-record", MUST)]),
            ("us", &[("us-cisa-scuba-mail#exo-4-4", SHOULD)]),
        ],
        None,
    );
    assert_eq!(
        shape(&reports),
        [(Some("D-18"), PointKind::AdviceContradicts)]
    );
    assert_eq!(
        reports[0].exclusions[0].why,
        "de rules out ruf, and us asks for ruf"
    );
}

#[test]
fn exclusions_between_rows_that_the_file_does_not_set_against_each_other_are_found() {
    // The file lists the row of New Zealand under another point; others exclude Brainpool as it does.
    let curves = points(
        &[
            ("de", &[("de-bsi-tr-03116-4#curves-tls12", MUST)]),
            ("nz", &[("nz-nzism#ecdh-p384", MUST)]),
        ],
        None,
    );
    assert_eq!(shape(&curves), [(Some("D-09"), PointKind::Contradict)]);
    assert_eq!(
        curves[0].exclusions[0].over,
        ["brainpoolP256r1", "secp256r1"]
    );
    // The file has no point about the order of suites.
    let order = points(
        &[
            ("de", &[("de-bsi-tr-03116-4#chk-2.3.5", MUST)]),
            ("mozilla", &[("mozilla-tls-6.0#intermediate-order", SHOULD)]),
        ],
        None,
    );
    assert_eq!(shape(&order), [(None, PointKind::AdviceContradicts)]);
    assert_eq!(order[0].topic, "tls.preference");
    assert_eq!(order[0].positions.len(), 2);
}

#[test]
fn only_what_applies_to_the_same_target_on_the_same_day_contradicts() {
    let au = ("au-ism#ism-1139", MUST);
    let us = "us-nist-sp-800-52r2#tls12-required";
    let with =
        |more: &'static str, on: Option<&str>| points(&[("au", &[au]), ("us", &[(us, more)])], on);
    let contradict = [(Some("D-01"), PointKind::Contradict)];
    let ending = "level: must, until: 2029";
    assert_eq!(shape(&with(ending, None)), contradict);
    assert_eq!(shape(&with(ending, Some("2029-12-31"))), contradict);
    assert!(with(ending, Some("2030-01-01")).is_empty());
    // What decides nothing, and what a single profile says, is no contradiction.
    assert!(with("level: may", None).is_empty());
    assert!(points(&[("au", &[au, (us, MUST)])], None).is_empty());
    let roles = points(
        &[
            (
                "au",
                &[("au-ism#ism-1139", "level: must, roles: [results]")],
            ),
            ("us", &[(us, "level: must, roles: [registration-portal]")]),
        ],
        None,
    );
    assert_eq!(shape(&roles), [(Some("D-01"), PointKind::Differ)]);
    let one_after_the_other = points(
        &[
            ("au", &[("au-ism#ism-1139", "level: must, from: 2030")]),
            ("us", &[(us, ending)]),
        ],
        None,
    );
    assert_eq!(
        shape(&one_after_the_other),
        [(Some("D-01"), PointKind::Differ)]
    );
}
