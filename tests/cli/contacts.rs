//! Addresses that a portal shows to voters, and whether their domains are protected against forged mail.

use hickory_proto::rr::RecordType;
use serde_json::Value;
use std::fs;

use crate::{
    hostile::{
        harness::listen,
        names::{self, a},
    },
    origin::{closed, says, verdict},
    support::scrutineer,
};

const HOST: &str = "vote.county.example";

/// Scans a portal whose pages show an address of a domain with this DMARC record, and gives the facts about
/// contact domains, the findings and the gaps.
fn scan(domain: &'static str, record: Option<&'static str>) -> (Value, Value, Value) {
    let folder = tempfile::tempdir().unwrap();
    let resolver = names::start(names::records(move |owner, rtype| {
        let asked = owner
            .strip_prefix("_dmarc.")
            .map(|rest| rest.trim_end_matches('.'));
        Some(match (asked, rtype) {
            (Some(asked), RecordType::TXT) if asked == domain => record
                .map(|text| names::txt(text.as_bytes()))
                .into_iter()
                .collect(),
            (None, RecordType::A) if owner == "vote.county.example." => vec![a([192, 0, 2, 80])],
            _ => Vec::new(),
        })
    }));
    let page: &'static str = Box::leak(
        format!(
            "<!doctype html><title>Votes</title><p>Write to <a href=mailto:clerk@{domain}>the clerk</a>\
             <form action=/find method=post><input name=dob></form>"
        )
        .into_boxed_str(),
    );
    let site = listen(says("200 OK", "", page));
    let run = folder.path().join("run.jsonl");
    let inventory = folder.path().join("inventory.yaml");
    fs::write(
        &inventory,
        format!("targets: [{{ name: {HOST}, roles: [registration-portal] }}]\n"),
    )
    .unwrap();
    let output = scrutineer()
        .args([
            "scan",
            "--only=web",
            "--format=json",
            "--profile=registration-portal",
        ])
        .args(["--connections-per-second=1000", "--pages=1"])
        .arg(format!("--resolver={resolver}"))
        .arg(format!(
            "--connect-to=192.0.2.80:80:127.0.0.1:{}",
            site.port()
        ))
        .arg(format!(
            "--connect-to=192.0.2.80:443:127.0.0.1:{}",
            closed().port()
        ))
        .arg("-i")
        .arg(&inventory)
        .arg("--save")
        .arg(&run)
        .output()
        .unwrap();
    let findings = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let saved = fs::read_to_string(run).unwrap();
    let observation: Value = serde_json::from_str(saved.lines().nth(1).unwrap()).unwrap();
    (
        observation["web"]["contact_domains"].clone(),
        findings,
        observation["evidence"].clone(),
    )
}

#[test]
fn domains_of_addresses_for_voters_want_dmarc() {
    let cases = [
        (
            "county.example",
            Some("v=DMARC1; p=reject"),
            "pass",
            Some("reject"),
        ),
        (
            "county.example",
            Some("v=DMARC1; p=none"),
            "fail",
            Some("none"),
        ),
        ("county.example", None, "fail", None),
        (
            "elections.example",
            Some("v=DMARC1; p=quarantine"),
            "pass",
            Some("quarantine"),
        ),
    ];
    for (domain, record, expected, policy) in cases {
        let (domains, findings, evidence) = scan(domain, record);
        assert_eq!(domains[0]["key"], domain);
        assert_eq!(domains[0]["same_site"], domain == "county.example");
        assert_eq!(domains[0]["dmarc"].as_str(), policy, "{domains}");
        let (told, instances) = verdict(&findings, "portal.contact.dmarc-enforced");
        assert_eq!(told, expected, "{domain} {record:?}");
        assert_eq!(
            instances.contains(domain),
            expected == "fail",
            "{instances}"
        );
        let asked = format!("_dmarc.{domain}");
        assert!(evidence.to_string().contains(&asked), "{evidence}");
    }
    // A free provider is told by another check, and is not asked for.
    let (domains, findings, _) = scan("gmail.com", None);
    assert_eq!(domains, serde_json::json!([]));
    assert_eq!(verdict(&findings, "portal.contact.own-domain").0, "fail");
}
