//! Whole documents: golden, stable, true to their schema.

use scrutineer::judge::{Observed, ResolvedProfile};
use scrutineer::model::{
    check::Severity,
    finding::Findings,
    observation::{EvidenceKind, Observation},
};
use scrutineer::report::{TableOptions, table};
use serde_json::{Value, json};
use std::path::Path;

use crate::common::*;

fn everything() -> ResolvedProfile {
    profile(vec![
        must("a#versions", &[versions()]),
        must("a#suites", &[suites()]),
        must("a#caa", &[caa()]),
        must("a#ns", &[ns()]),
        should("a#nosniff", &[nosniff()]),
        must("a#spf", &[spf()]),
    ])
}

fn two_offices() -> (Value, Value) {
    let mut other = office();
    other["target"]["name"] = json!("results.example.gov");
    (office(), other)
}

fn judged() -> Findings {
    let (one, other) = two_offices();
    run(&everything(), &[one], &[other], Severity::Low)
}

/// Compares with a file below `tests/golden`. `UPDATE_GOLDEN=1` writes it anew.
pub fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(actual == expected, "{name} differs; it is now:\n{actual}");
}

#[test]
fn the_document_and_the_table_of_an_office() {
    let document = judged();
    let mut out = Vec::new();
    table::write(&document, TableOptions::default(), &mut out).unwrap();
    golden("office.txt", &String::from_utf8(out).unwrap());
    // The digests move with the check language, which has golden tests of its own.
    let mut value: Value = serde_json::from_str(&json(&document)).unwrap();
    blank(&mut value, "digest");
    value["tool"] = json!("scrutineer");
    golden(
        "office.json",
        &format!("{}\n", serde_json::to_string_pretty(&value).unwrap()),
    );
}

fn blank(value: &mut Value, key: &str) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|value| blank(value, key)),
        Value::Object(map) => {
            for (name, value) in map {
                match name == key {
                    true => *value = json!(""),
                    false => blank(value, key),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn real_output_is_true_to_the_published_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(Findings)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut value: Value = serde_json::from_str(&json(&judged())).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    value["findings"][0]["surprise"] = json!(1);
    assert!(!validator.is_valid(&value), "unknown keys are refused");
}

#[test]
fn the_same_bytes_each_time_and_whatever_the_order_of_targets() {
    let (one, other) = two_offices();
    let first = run(
        &everything(),
        &[one.clone(), other.clone()],
        &[],
        Severity::Low,
    );
    let second = run(&everything(), &[other, one], &[], Severity::Low);
    assert_eq!(json(&first), json(&second));
}

#[test]
fn canonical_documents_hold_no_floats_and_no_large_integers() {
    fn look(value: &Value) {
        match value {
            Value::Number(number) => {
                assert!(number.as_u64().is_some_and(|n| n < 1 << 53), "{number}");
            }
            Value::Array(list) => list.iter().for_each(look),
            Value::Object(map) => map.values().for_each(look),
            _ => {}
        }
    }
    let (mut one, mut other) = two_offices();
    for observation in [&mut one, &mut other] {
        observation["cost"]["bytes_received"] = json!(u64::MAX);
        observation["cost"]["milliseconds"] = json!(u64::MAX);
    }
    let document = run(&everything(), &[one, other], &[], Severity::Low);
    look(&serde_json::to_value(&document).unwrap());
}

#[test]
fn judging_an_observation_kept_by_value_says_the_same() {
    let observation: Observation = serde_json::from_value(office()).unwrap();
    let profile = everything();
    let by_reference = scrutineer::judge::judge(&observation, &profile, &dates()).unwrap();
    let by_value = Observed::from(observation)
        .judge(&profile, &dates())
        .unwrap();
    assert_eq!(format!("{by_reference:?}"), format!("{by_value:?}"));
}

#[test]
fn evidence_belongs_to_what_it_proves() {
    let document = judged();
    let table = [
        ("tls.protocol.no-legacy", EvidenceKind::TlsHandshake, 2),
        ("dns.caa.present", EvidenceKind::DnsRecords, 1),
        ("web.headers.nosniff", EvidenceKind::HttpHeaders, 1),
    ];
    for (check, kind, count) in table {
        let [finding] = findings(&document, check)[..] else {
            panic!("one finding of {check}");
        };
        let kinds: Vec<EvidenceKind> = finding.evidence.iter().map(|e| e.kind).collect();
        assert_eq!(kinds, vec![kind; count], "{check}");
    }
}

#[test]
fn one_gap_is_told_once_with_the_checks_it_leaves_open() {
    let document = judged();
    let open: Vec<(&str, u64)> = document
        .gaps
        .iter()
        .filter(|gap| gap.target.as_str() == "vote.example.gov")
        .map(|gap| (gap.at.as_str(), gap.opens))
        .collect();
    assert_eq!(open, [("/mail", 0), ("/tls/endpoints/1/suites/-", 1)]);
    let [finding] = findings(&document, "tls.suites.forward-secret")[..] else {
        panic!("one finding");
    };
    let named: Vec<&str> = finding
        .gaps
        .iter()
        .map(|index| document.gaps[*index as usize].at.as_str())
        .collect();
    assert_eq!(named, ["/tls/endpoints/1/suites/-"]);
}
