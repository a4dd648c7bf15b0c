//! What identifies an instance, and what does not.

use scrutineer::model::{check::Severity, finding::Findings, shared::Shared, verdict::Verdict};
use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::common::*;

fn judge_one(observation: Value) -> Findings {
    let profile = profile(vec![
        must("a#versions", &[versions()]),
        must("a#suites", &[suites()]),
        must("a#nosniff", &[nosniff()]),
    ]);
    run(&profile, &[observation], &[], Severity::Low)
}

fn fingerprints(document: &Findings) -> BTreeSet<String> {
    document
        .findings
        .iter()
        .flat_map(|finding| &finding.instances)
        .map(|instance| instance.fingerprint.clone())
        .collect()
}

#[test]
fn the_same_instance_on_several_addresses_is_one_that_names_them_all() {
    let document = judge_one(office());
    let [finding] = findings(&document, "tls.protocol.no-legacy")[..] else {
        panic!("one finding for a check and a target");
    };
    let seen: Vec<(Vec<&str>, Vec<&str>, Vec<&str>, Vec<&str>)> = finding
        .instances
        .iter()
        .map(|instance| {
            (
                strings(&instance.subject),
                strings(&instance.items),
                strings(&instance.addresses),
                strings(&instance.places),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (
                vec!["vote.example.gov:443"],
                vec!["TLS1.0"],
                vec!["192.0.2.1", "192.0.2.2"],
                vec!["/tls/endpoints/0/versions/0", "/tls/endpoints/1/versions/0"],
            ),
            (
                vec!["vote.example.gov:443"],
                vec!["TLS1.1"],
                vec!["192.0.2.2"],
                vec!["/tls/endpoints/1/versions/1"],
            ),
        ]
    );
}

fn strings(list: &[Shared<String>]) -> Vec<&str> {
    list.iter().map(|shared| shared.as_str()).collect()
}

#[test]
fn addresses_texts_times_and_order_leave_fingerprints_alone() {
    let before = fingerprints(&judge_one(office()));
    assert_eq!(before.len(), 4, "two versions, one open endpoint, one page");
    assert!(before.iter().all(|print| {
        print
            .strip_prefix("v1:")
            .is_some_and(|hex| hex.len() == 32 && hex.chars().all(|c| c.is_ascii_hexdigit()))
    }));
    let changes: [(&str, fn(&mut Value)); 4] = [
        ("addresses", |o| {
            for (number, address) in ["198.51.100.7", "2001:db8::7"].iter().enumerate() {
                let endpoint = &mut o["tls"]["endpoints"][number];
                endpoint["address"] = json!(address);
                endpoint["key"] = match address.contains(':') {
                    true => json!(format!("[{address}]:443")),
                    false => json!(format!("{address}:443")),
                };
            }
        }),
        ("time", |o| o["observed_at"] = json!("2027-01-01T00:00:00Z")),
        ("a header's text", |o| {
            o["web"]["pages"][1]["server"] = json!("Apache");
        }),
        ("order of pages", |o| {
            o["web"]["pages"].as_array_mut().unwrap().reverse();
        }),
    ];
    for (what, change) in changes {
        let mut observation = office();
        change(&mut observation);
        assert_eq!(fingerprints(&judge_one(observation)), before, "{what}");
    }
}

#[test]
fn other_things_have_other_fingerprints() {
    let before = fingerprints(&judge_one(office()));
    let changes: [(&str, usize, fn(&mut Value)); 4] = [
        // How many of the four stay the same.
        ("target", 0, |o| {
            o["target"]["name"] = json!("other.example.gov")
        }),
        ("port", 1, |o| {
            for number in 0..2 {
                let endpoint = &mut o["tls"]["endpoints"][number];
                endpoint["key"] = json!(format!("192.0.2.{}:8443", number + 1));
            }
        }),
        ("page", 3, |o| {
            o["web"]["pages"][1]["key"] = json!("/lookup")
        }),
        ("version", 3, |o| {
            o["tls"]["endpoints"][1]["versions"][1]["name"] = json!("TLS1.3");
        }),
    ];
    for (what, same, change) in changes {
        let mut observation = office();
        change(&mut observation);
        let after = fingerprints(&judge_one(observation));
        assert_eq!(after.intersection(&before).count(), same, "{what}");
    }
}

#[test]
fn fingerprints_do_not_change_between_releases() {
    // Computed apart from this program:
    // printf '%s' '{"as":null,"check":"web.headers.nosniff","keys":["/register"],"target":"vote.example.gov"}' | sha256sum
    let document = judge_one(office());
    let [finding] = findings(&document, "web.headers.nosniff")[..] else {
        panic!("one finding");
    };
    assert_eq!(
        finding.instances[0].fingerprint,
        "v1:6b2ad9b54277418934577f074a4da069"
    );
}

#[test]
fn an_open_place_stands_beside_failures() {
    let mut observation = office();
    observation["tls"]["endpoints"][0]["suites"][0]["forward_secret"] = json!(false);
    let document = judge_one(observation);
    let [finding] = findings(&document, "tls.suites.forward-secret")[..] else {
        panic!("one finding");
    };
    assert_eq!(finding.verdict, Verdict::Fail);
    let verdicts: Vec<Verdict> = finding.instances.iter().map(|i| i.verdict).collect();
    assert_eq!(verdicts, [Verdict::Fail, Verdict::Inconclusive]);
}
