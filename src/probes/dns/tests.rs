//! The probe against a resolver on loopback.

mod hostile;
mod registration;
mod scripted;

use hickory_proto::op::ResponseCode;
use serde_json::{Value, json};

use super::PROBE;
use crate::{
    model::level::Level,
    net::{
        RecordType,
        test_resolver::{Fault, TestResolver, target_named},
    },
    probes::registry::{AreaReport, ProbeContext},
};

// The key and its DS record are those of RFC 4034 section 5.4 (SHA-1) and
// RFC 4509 section 2.3 (SHA-256), moved to another owner; the digests are of
// the owner `dskey.example.com`.
const ZONE: &str = r#"
example. IN SOA ns1.example. host.example. 7 3600 600 86400 300
example. IN NS ns1.example.
county.example. IN SOA ns1.county.example. host.county.example. 7 3600 600 86400 300
county.example. IN NS ns2.county.example.
county.example. IN NS ns1.county.example.
ns1.county.example. IN A 192.0.2.53
ns1.county.example. IN AAAA 2001:db8::53
ns2.county.example. IN CNAME ns1.county.example.
county.example. IN CAA 0 issue "ca.example.net"
county.example. IN CAA 128 unknowntag "x"
vote.county.example. IN A 192.0.2.1
vote.county.example. IN AAAA 2001:db8::1
vote.county.example. IN TXT "hello" " world"
www.county.example. IN CNAME gone.cloud.example.
dskey.example.com. IN SOA ns.example.com. host.example.com. 1 2 3 4 5
dskey.example.com. IN NS ns1.example.
dskey.example.com. IN DNSKEY 256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==
dskey.example.com. IN DS 60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A
"#;

async fn observe(name: &str, faults: &[(&str, RecordType, Fault)]) -> AreaReport {
    observe_in(ZONE, name, faults).await
}

async fn observe_in(zone: &str, name: &str, faults: &[(&str, RecordType, Fault)]) -> AreaReport {
    let resolver = TestResolver::start(zone, faults).await;
    let session = resolver.session(name);
    let target = target_named(name);
    (PROBE.observe)(ProbeContext {
        target: &target,
        level: Level::Standard,
        page_cap: 1,
        session: &session,
    })
    .await
}

fn facts(report: &AreaReport) -> &Value {
    report.facts.as_ref().expect("facts")
}

/// Whether a place is about what name servers say themselves: they are at addresses that
/// may not be asked here, and are told apart in tests of their own.
fn of_servers(at: &str) -> bool {
    const AREAS: [&str; 5] = ["delegation", "servers", "agreement", "child_ds", "networks"];
    at.split('/')
        .nth(2)
        .is_some_and(|area| AREAS.contains(&area))
}

/// The gaps, without that of the validation: the table of answers has no keys of the root.
fn gaps(report: &AreaReport) -> Vec<&str> {
    let all = report.gaps.iter().map(|gap| gap.at.as_str());
    all.filter(|at| *at != "/dns/dnssec/validation" && *at != "/dns/registration")
        .filter(|at| !of_servers(at))
        .collect()
}

#[tokio::test]
async fn a_name_in_a_zone() {
    let report = observe("vote.county.example", &[]).await;
    assert_eq!(gaps(&report), [""; 0]);
    let mine = json!([
        { "address": "192.0.2.1", "family": "ipv4", "public": false },
        { "address": "2001:db8::1", "family": "ipv6", "public": false },
    ]);
    let server = json!([
        { "address": "192.0.2.53", "family": "ipv4", "public": false },
        { "address": "2001:db8::53", "family": "ipv6", "public": false },
    ]);
    let mut resolved = facts(&report).clone();
    let fields = resolved.as_object_mut().expect("facts");
    fields.retain(|key, _| !of_servers(&format!("/dns/{key}")));
    assert_eq!(
        resolved,
        json!({
            "name": "vote.county.example",
            "zone": "county.example",
            "is_apex": false,
            "exists": true,
            "addresses": mine,
            "cname": [],
            "ns": [
                { "name": "ns1.county.example", "addresses": server, "is_alias": false, "standing": "resolves" },
                { "name": "ns2.county.example", "addresses": server, "is_alias": true, "standing": "resolves" },
            ],
            "soa": {
                "mname": "ns1.county.example", "rname": "host.county.example",
                "serial": 7, "refresh": 3600, "retry": 600, "expire": 86400, "minimum": 300,
            },
            "caa": {
                "at": "county.example",
                "alias_for": null,
                "issuers": [{
                    "domain": "ca.example.net", "parameters": [],
                    "accounts": [], "methods": null, "satisfiable": true,
                }],
                "wildcard_issuers": [],
                "iodef": [],
                "problems": [{ "name": "unknown_critical_tag", "detail": "128 unknowntag \"x\"" }],
            },
            "srv": [],
            "wildcard": null,
            "txt": [{ "value": "hello world" }],
            "ds": [],
            "dnskey": [],
            "dnssec": { "signed": false, "delegated": false, "ds_matches": false },
        })
    );
    let evidence = report
        .evidence
        .iter()
        .find(|e| e.at == "/dns/caa")
        .expect("evidence");
    assert!(evidence.reproduce.starts_with("dig @127.0.0.1 -p "));
    assert!(evidence.reproduce.ends_with(" county.example CAA"));
    assert!(
        evidence
            .data
            .contains("county.example. IN CAA 0 issue \"ca.example.net\"")
    );
}

#[tokio::test]
async fn the_same_answers_give_the_same_report() {
    let (a, b) = tokio::join!(
        observe("vote.county.example", &[]),
        observe("vote.county.example", &[])
    );
    // The two resolvers differ in their port alone.
    let data = |report: &AreaReport| -> Vec<_> {
        let all = report.evidence.iter();
        all.map(|e| (e.at.clone(), e.data.clone())).collect()
    };
    assert_eq!(data(&a), data(&b));
    assert_eq!((a.facts, a.gaps), (b.facts, b.gaps));
}

#[tokio::test]
async fn a_dangling_alias() {
    let report = observe("www.county.example", &[]).await;
    assert_eq!(gaps(&report), [""; 0]);
    let facts = facts(&report);
    assert_eq!(facts["exists"], true);
    assert_eq!(facts["zone"], "county.example");
    assert_eq!(facts["addresses"], json!([]));
    assert_eq!(
        facts["cname"],
        json!([{
            "name": "www.county.example", "target": "gone.cloud.example", "exists": false,
            "standing": "unregistered",
        }])
    );
}

#[tokio::test]
async fn services_and_wildcards() {
    let zone = "
example. IN SOA ns1.example. host.example. 7 3600 600 86400 300
county.example. IN SOA ns1.county.example. host.county.example. 7 3600 600 86400 300
county.example. IN NS ns1.county.example.
ns1.county.example. IN A 192.0.2.53
_imaps._tcp.county.example. IN SRV 0 1 993 ns1.county.example.
_submission._tcp.county.example. IN SRV 0 1 587 mail.lapsed.example.
_ldap._tcp.county.example. IN SRV 0 0 0 .
";
    let faults = [(
        "_xmpp-client._tcp.county.example",
        RecordType::SRV,
        Fault::Silent,
    )];
    let report = observe_in(zone, "county.example", &faults).await;
    assert_eq!(
        facts(&report)["srv"],
        json!([
            {
                "key": "_imaps._tcp ns1.county.example 993", "service": "_imaps._tcp",
                "target": "ns1.county.example", "port": 993, "standing": "resolves",
            },
            {
                "key": "_submission._tcp mail.lapsed.example 587", "service": "_submission._tcp",
                "target": "mail.lapsed.example", "port": 587, "standing": "unregistered",
            },
        ])
    );
    assert_eq!(facts(&report)["wildcard"], Value::Null);
    assert_eq!(gaps(&report), ["/dns/srv/-"]);
    let shown = report.evidence.iter();
    let mut shown = shown.filter(|proof| proof.at == "/dns/srv/1/standing");
    assert!(shown.any(|proof| proof.reproduce.ends_with(" lapsed.example SOA")));
}

#[tokio::test]
async fn a_name_that_is_not_there() {
    let report = observe("nothing.county.example", &[]).await;
    let known = facts(&report);
    assert_eq!(known["exists"], false);
    assert_eq!(known["addresses"], json!([]));
    assert_eq!(known["zone"], "county.example");

    // Only the top-level domain answers: there is no zone of the user's to look at.
    let report = observe("nobody.example", &[]).await;
    let known = facts(&report);
    assert_eq!(
        (&known["exists"], &known["zone"]),
        (&json!(false), &Value::Null)
    );
    assert!(known.get("ns").is_none());
    assert!(gaps(&report).contains(&"/dns/ns"));
}

#[tokio::test]
async fn keys_are_matched_by_digest() {
    let report = observe("dskey.example.com", &[]).await;
    let known = facts(&report);
    assert_eq!(
        known["ds"],
        json!([{ "key": "60485/5/2", "key_tag": 60485, "algorithm": "RSASHA1", "digest_type": "SHA-256" }])
    );
    assert_eq!(
        known["dnskey"],
        json!([{
            "key": "60485/5", "key_tag": 60485, "algorithm": "RSASHA1",
            "sep": false, "revoked": false, "rsa_bits": 1024,
        }])
    );
    assert_eq!(
        known["dnssec"],
        json!({ "signed": true, "delegated": true, "ds_matches": true })
    );
}

#[tokio::test]
async fn a_failed_question_opens_exactly_its_facts() {
    let fails = || Fault::Code(ResponseCode::ServFail);
    let name = "vote.county.example";
    let zone = "county.example";
    let cases: Vec<(&str, RecordType, Vec<&str>, Vec<&str>)> = vec![
        (name, RecordType::A, vec!["/dns/addresses/-"], vec![]),
        (name, RecordType::AAAA, vec!["/dns/addresses/-"], vec![]),
        (name, RecordType::TXT, vec!["/dns/txt"], vec!["txt"]),
        (name, RecordType::CAA, vec!["/dns/caa"], vec!["caa"]),
        (zone, RecordType::CAA, vec!["/dns/caa"], vec!["caa"]),
        (zone, RecordType::NS, vec!["/dns/ns"], vec!["ns"]),
        (
            zone,
            RecordType::DS,
            vec!["/dns/dnssec/delegated", "/dns/dnssec/ds_matches", "/dns/ds"],
            vec!["ds"],
        ),
        (
            zone,
            RecordType::DNSKEY,
            vec![
                "/dns/dnskey",
                "/dns/dnssec/ds_matches",
                "/dns/dnssec/signed",
            ],
            vec!["dnskey"],
        ),
        (
            "ns2.county.example",
            RecordType::AAAA,
            vec!["/dns/ns/1/addresses/-"],
            vec![],
        ),
        (
            name,
            RecordType::SOA,
            vec![
                "/dns/dnskey",
                "/dns/dnssec",
                "/dns/ds",
                "/dns/is_apex",
                "/dns/ns",
                "/dns/soa",
                "/dns/zone",
            ],
            vec!["zone", "is_apex", "ns", "soa", "ds", "dnskey", "dnssec"],
        ),
    ];
    for (at, rtype, expected, absent) in cases {
        let report = observe(name, &[(at, rtype, fails())]).await;
        assert_eq!(gaps(&report), expected, "{at} {rtype}");
        for key in absent {
            assert!(facts(&report).get(key).is_none(), "{at} {rtype}: {key}");
        }
    }
}

#[tokio::test]
async fn no_addresses_and_no_answer_are_different() {
    let name = "vote.county.example";
    let faults = [
        (name, RecordType::A, Fault::Silent),
        (name, RecordType::AAAA, Fault::Silent),
    ];
    let report = observe(name, &faults).await;
    assert!(facts(&report).get("addresses").is_none());
    assert_eq!(facts(&report)["exists"], true);
    assert_eq!(gaps(&report), ["/dns/addresses"; 1]);
    assert_eq!(facts(&report)["cname"], json!([]));
}

#[tokio::test]
async fn an_address_has_no_records() {
    let report = observe("192.0.2.1", &[]).await;
    assert!(report.facts.is_none());
    assert_eq!(gaps(&report), ["/dns"]);
}
