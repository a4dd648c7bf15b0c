//! The probe against a resolver, mail servers and a policy host on loopback.

mod exchangers;
mod policies;
mod spf;

use hickory_proto::op::ResponseCode;
use serde_json::{Value, json};

use super::PROBE;
use crate::{
    model::{
        gap::{Gap, GapReason},
        level::Level,
    },
    net::{
        NetConfig, RecordType,
        test_resolver::{Fault, TestResolver, session, target_named},
    },
    probes::registry::{AreaReport, ProbeContext},
};

type Faults<'a> = &'a [(&'a str, RecordType, Fault)];

async fn observe_at(
    level: Level,
    domain: &str,
    zone: &str,
    faults: Faults<'_>,
    change: impl FnOnce(&mut NetConfig),
) -> AreaReport {
    let zone = format!("example. IN SOA ns.example. host.example. 1 2 3 4 5\n{zone}");
    let resolver = TestResolver::start(&zone, faults).await;
    let mut config = resolver.config();
    change(&mut config);
    let session = session(config, domain);
    let target = target_named(domain);
    (PROBE.observe)(ProbeContext {
        target: &target,
        level,
        page_cap: 1,
        session: &session,
    })
    .await
}

async fn observe(zone: &str, faults: Faults<'_>) -> AreaReport {
    observe_at(Level::Passive, "county.example", zone, faults, |_| {}).await
}

fn facts(report: &AreaReport) -> &Value {
    report.facts.as_ref().expect("facts")
}

/// What was asked and not seen.
fn missed(report: &AreaReport) -> Vec<&Gap> {
    let gaps = report.gaps.iter();
    gaps.filter(|gap| gap.reason != GapReason::NotAsked)
        .collect()
}

fn gaps(report: &AreaReport) -> Vec<&str> {
    missed(report).iter().map(|gap| gap.at.as_str()).collect()
}

fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|p| p["name"].as_str().expect("a name"))
        .collect()
}

#[tokio::test]
async fn names_below_are_looked_at_as_senders() {
    let zone = "
county.example. IN MX 10 mx1.county.example.
mx1.county.example. IN TXT \"v=spf1 -all\"
_dmarc.mx1.county.example. IN TXT \"v=DMARC1; p=none; t=y\"
www.county.example. IN A 192.0.2.80
www.county.example. IN TXT \"v=spf1 include:lost.example +all\"
_dmarc.www.county.example. IN TXT \"v=DMARC1; p=reject\"
_dmarc.www.county.example. IN TXT \"v=DMARC1; p=none\"
";
    let faults = [("lost.example", RecordType::TXT, Fault::Silent)];
    let report = observe_at(Level::Standard, "county.example", zone, &faults, |_| {}).await;
    assert_eq!(
        facts(&report)["subdomains"],
        json!([
            {
                "name": "mx1.county.example", "used": false,
                "spf": "v=spf1 -all", "stranger": "fail",
                "dmarc": { "policy": "none", "testing": true, "record": "v=DMARC1; p=none; t=y" },
            },
            // Two DMARC records are as none; what an include says decides over others.
            {
                "name": "www.county.example", "used": true,
                "spf": "v=spf1 include:lost.example +all", "dmarc": null,
            },
        ])
    );
    let below = gaps(&report);
    let below: Vec<_> = below.into_iter().filter(|at| at.contains("sub")).collect();
    assert_eq!(below, ["/mail/subdomains/1/stranger"]);
    let proof = report.evidence.iter().map(|one| one.at.as_str());
    let proof: Vec<_> = proof.filter(|at| at.contains("/subdomains/0/")).collect();
    assert_eq!(
        proof,
        ["/mail/subdomains/0/dmarc", "/mail/subdomains/0/spf"]
    );

    // A name that could not be asked for may be there.
    let faults = [("www.county.example", RecordType::TXT, Fault::Silent)];
    let report = observe_at(Level::Standard, "county.example", zone, &faults, |_| {}).await;
    assert!(
        gaps(&report).contains(&"/mail/subdomains/-"),
        "{:?}",
        report.gaps
    );
}

#[tokio::test]
async fn a_domain_that_does_it_right() {
    let zone = "
county.example. IN MX 20 mx2.host.example.
county.example. IN MX 10 mx1.host.example.
county.example. IN TXT \"unrelated\"
county.example. IN TXT \"V=SPF1 mx include:_spf.host.example -all\"
_spf.host.example. IN TXT \"v=spf1 ip4:192.0.2.0/24 a:gone.host.example ~all\"
_dmarc.county.example. IN TXT \"v=DMARC1; p=reject; rua=mailto:d@county.example\"
_smtp._tls.county.example. IN TXT \"v=TLSRPTv1; rua=mailto:t@county.example\"
";
    let report = observe(zone, &[]).await;
    assert_eq!(gaps(&report), [""; 0]);
    let not_asked: Vec<&str> = report.gaps.iter().map(|gap| gap.at.as_str()).collect();
    assert_eq!(
        not_asked,
        [
            "/mail/dkim/keys/-",
            "/mail/mx/0/endpoints",
            "/mail/mx/1/endpoints",
            "/mail/subdomains"
        ]
    );
    assert_eq!(
        facts(&report),
        &json!({
            "domain": "county.example",
            "organisational_domain": "county.example",
            "mx": [
                {
                    "name": "mx1.host.example", "preference": 10, "null_mx": false, "implicit": false,
                    "is_alias": false, "tlsa": [], "tlsa_signed": null, "tlsa_authenticated": false,
                    "standing": "missing",
                },
                {
                    "name": "mx2.host.example", "preference": 20, "null_mx": false, "implicit": false,
                    "is_alias": false, "tlsa": [], "tlsa_signed": null, "tlsa_authenticated": false,
                    "standing": "missing",
                },
            ],
            "mx_authenticated": false,
            "receives": true,
            "sends": true,
            "spf": {
                "record": "V=SPF1 mx include:_spf.host.example -all",
                "record_count": 1,
                "all": "fail",
                "stranger": "fail",
                "lookups": [
                    {
                        "key": "mx", "name": "county.example", "term": "mx", "void": false,
                        "standing": "resolves",
                    },
                    {
                        "key": "include:_spf.host.example", "name": "_spf.host.example",
                        "term": "include:_spf.host.example", "void": false,
                        "standing": "resolves",
                    },
                    {
                        "key": "include:_spf.host.example > a:gone.host.example",
                        "name": "gone.host.example", "term": "a:gone.host.example", "void": true,
                        "standing": "missing",
                    },
                ],
                "problems": [],
            },
            "dmarc": {
                "effective": {
                    "policy": "reject", "subdomain_policy": "reject", "nonexistent_policy": "reject",
                    "tag": "p", "from": "county.example", "testing": false, "pct": null,
                    "rua": ["mailto:d@county.example"], "ruf": [],
                    "destinations": [{
                        "key": "rua d@county.example", "tag": "rua", "address": "d@county.example",
                        "domain": "county.example", "external": false, "permitted": null,
                        "standing": "resolves",
                    }],
                    "dkim_strict": false, "spf_strict": false,
                    "record": "v=DMARC1; p=reject; rua=mailto:d@county.example",
                },
                "problems": [],
            },
            "dkim": { "selectors_given": false, "keys": [] },
            "mta_sts": null,
            "bimi": null,
            "tls_rpt": {
                "record": "v=TLSRPTv1; rua=mailto:t@county.example",
                "rua": ["mailto:t@county.example"], "problems": [],
            },
        })
    );
}

#[tokio::test]
async fn what_could_not_be_looked_up_is_a_gap() {
    let zone = "
county.example. IN MX 10 mx.example.
county.example. IN TXT \"v=spf1 include:b.example a:c.example redirect=d.example\"
b.example. IN TXT \"v=spf1 -all\"
d.example. IN TXT \"v=spf1 -all\"
";
    let fails = || Fault::Code(ResponseCode::ServFail);
    let cases: Vec<(&str, RecordType, Vec<&str>)> = vec![
        (
            "county.example",
            RecordType::MX,
            vec!["/mail/mx", "/mail/mx_authenticated", "/mail/receives"],
        ),
        (
            "county.example",
            RecordType::TXT,
            vec!["/mail/sends", "/mail/spf"],
        ),
        (
            "b.example",
            RecordType::TXT,
            vec![
                "/mail/spf/lookups/-",
                "/mail/spf/lookups/0/standing",
                "/mail/spf/lookups/0/void",
                "/mail/spf/problems/-",
                "/mail/spf/stranger",
            ],
        ),
        ("c.example", RecordType::A, vec!["/mail/spf/lookups/1/void"]),
        (
            "d.example",
            RecordType::TXT,
            vec![
                "/mail/spf/all",
                "/mail/spf/lookups/-",
                "/mail/spf/lookups/2/standing",
                "/mail/spf/lookups/2/void",
                "/mail/spf/problems/-",
                "/mail/spf/stranger",
            ],
        ),
        (
            "_dmarc.county.example",
            RecordType::TXT,
            vec![
                "/mail/dmarc/effective",
                "/mail/dmarc/problems/-",
                "/mail/organisational_domain",
            ],
        ),
        (
            "_dmarc.example",
            RecordType::TXT,
            vec![
                "/mail/dmarc/effective",
                "/mail/dmarc/problems/-",
                "/mail/organisational_domain",
            ],
        ),
        (
            "_mta-sts.county.example",
            RecordType::TXT,
            vec!["/mail/mta_sts"],
        ),
        (
            "_smtp._tls.county.example",
            RecordType::TXT,
            vec!["/mail/tls_rpt"],
        ),
    ];
    for (name, rtype, expected) in cases {
        let report = observe(zone, &[(name, rtype, fails())]).await;
        assert_eq!(gaps(&report), expected, "{name} {rtype}");
        for at in expected.iter().filter(|at| !at.ends_with("/-")) {
            let place = at.strip_prefix("/mail").expect("our area");
            assert!(
                facts(&report).pointer(place).is_none(),
                "{name} {rtype}: {at}"
            );
        }
    }
}
