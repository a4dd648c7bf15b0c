//! The probe against a resolver, mail servers and a policy host on loopback.

use hickory_proto::op::ResponseCode;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::PROBE;
use crate::{
    model::{
        gap::{Gap, GapReason},
        level::Level,
    },
    net::{
        NetConfig, RecordType,
        test_resolver::{Fault, TestResolver, session, target_named},
        testing::{Act, Server, answer, certificate},
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
            "/mail/mx/1/endpoints"
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
                    "tlsa": [], "tlsa_signed": null, "tlsa_authenticated": false,
                },
                {
                    "name": "mx2.host.example", "preference": 20, "null_mx": false, "implicit": false,
                    "tlsa": [], "tlsa_signed": null, "tlsa_authenticated": false,
                },
            ],
            "mx_authenticated": false,
            "receives": true,
            "sends": true,
            "spf": {
                "record": "V=SPF1 mx include:_spf.host.example -all",
                "record_count": 1,
                "all": "fail",
                "lookups": [
                    { "key": "mx", "name": "county.example", "term": "mx", "void": false },
                    {
                        "key": "include:_spf.host.example", "name": "_spf.host.example",
                        "term": "include:_spf.host.example", "void": false,
                    },
                    {
                        "key": "include:_spf.host.example > a:gone.host.example",
                        "name": "gone.host.example", "term": "a:gone.host.example", "void": true,
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
                    }],
                    "dkim_strict": false, "spf_strict": false,
                    "record": "v=DMARC1; p=reject; rua=mailto:d@county.example",
                },
                "problems": [],
            },
            "dkim": { "selectors_given": false, "keys": [] },
            "mta_sts": null,
            "tls_rpt": {
                "record": "v=TLSRPTv1; rua=mailto:t@county.example",
                "rua": ["mailto:t@county.example"], "problems": [],
            },
        })
    );
}

#[tokio::test]
async fn who_consents_to_get_reports() {
    let zone = "
county.example. IN TXT \"v=spf1 -all\"
_dmarc.county.example. IN TXT \"v=DMARC1; p=reject; rua=mailto:d@yes.example!10m,mailto:d@no.example,mailto:d@slow.example; ruf=mailto:d@any.example\"
county.example._report._dmarc.yes.example. IN TXT \"v=DMARC1\"
county.example._report._dmarc.no.example. IN TXT \"something else\"
county.example._report._dmarc.any.example. IN TXT \"v=DMARC1;\"
";
    let slow = "county.example._report._dmarc.slow.example";
    let report = observe(zone, &[(slow, RecordType::TXT, Fault::Silent)]).await;
    let destinations = &facts(&report)["dmarc"]["effective"]["destinations"];
    let seen: Vec<(&str, Option<&Value>)> = destinations
        .as_array()
        .expect("a list")
        .iter()
        .map(|to| (to["key"].as_str().expect("a key"), to.get("permitted")))
        .collect();
    assert_eq!(
        seen,
        [
            ("rua d@yes.example", Some(&json!(true))),
            ("rua d@no.example", Some(&json!(false))),
            ("rua d@slow.example", None),
            ("ruf d@any.example", Some(&json!(true))),
        ]
    );
    assert_eq!(
        gaps(&report),
        ["/mail/dmarc/effective/destinations/2/permitted"]
    );
}

#[tokio::test]
async fn who_takes_mail() {
    let implicit = json!([{
        "name": "county.example", "preference": 0, "null_mx": false, "implicit": true,
        "tlsa": [], "tlsa_signed": null, "tlsa_authenticated": false,
    }]);
    let null = json!([{
        "name": ".", "preference": 0, "null_mx": true, "implicit": false, "endpoints": [],
        "tlsa": [], "tlsa_signed": null,
    }]);
    let cases = [
        ("county.example. IN MX 0 .", null, false),
        ("county.example. IN AAAA 2001:db8::1", implicit, true),
        ("county.example. IN TXT \"x\"", json!([]), false),
        ("other.example. IN A 192.0.2.1", json!([]), false),
    ];
    for (zone, mx, receives) in cases {
        let report = observe(zone, &[]).await;
        assert_eq!(
            (&facts(&report)["mx"], &facts(&report)["receives"]),
            (&mx, &json!(receives)),
            "{zone}"
        );
    }
    let faults = [("county.example", RecordType::A, Fault::Silent)];
    let report = observe("county.example. IN TXT \"x\"", &faults).await;
    assert!(
        facts(&report).get("mx").is_none(),
        "no MX and half of the addresses: unknown"
    );
    assert_eq!(
        gaps(&report),
        ["/mail/mx", "/mail/mx_authenticated", "/mail/receives"]
    );
}

#[tokio::test]
async fn spf_records() {
    // zone, all, sends, number of look-ups, problems
    let cases: Vec<(&str, Value, bool, usize, Vec<&str>)> = vec![
        ("\"v=spf1 -all\"", json!("fail"), false, 0, vec![]),
        ("\"v=spf1\"", Value::Null, true, 0, vec![]),
        ("\"v=spf1 +all\"", json!("pass"), true, 0, vec!["plus_all"]),
        (
            "\"v=spf1 redirect=b.example\"\nb.example. IN TXT \"v=spf1 mx ~all\"",
            json!("softfail"),
            true,
            2,
            vec![],
        ),
        (
            "\"v=spf1 redirect=b.example\"\nb.example. IN TXT \"v=spf1 redirect=c.example\"\nc.example. IN TXT \"v=spf1 -all\"",
            json!("fail"),
            true,
            2,
            vec![],
        ),
        (
            "\"v=spf1 redirect=b.example\"",
            Value::Null,
            true,
            1,
            vec!["redirect_without_spf"],
        ),
        (
            "\"v=spf1 include:b.example ?all\"",
            json!("neutral"),
            true,
            1,
            vec!["include_without_spf"],
        ),
        (
            "\"v=spf1 include:county.example -all\"",
            json!("fail"),
            true,
            1,
            vec!["include_loop"],
        ),
        (
            "\"v=spf1 include:b.example -all\"\nb.example. IN TXT \"v=spf1 include:county.example -all\"",
            json!("fail"),
            true,
            2,
            vec!["include_loop"],
        ),
        (
            "\"v=spf1 include:b.example -all\"\nb.example. IN TXT \"v=spf1 +all\"",
            json!("fail"),
            true,
            1,
            vec!["plus_all", "include_passes_all"],
        ),
        (
            "\"v=spf1 -all\"\ncounty.example. IN TXT \"v=spf1 mx -all\"",
            json!("fail"),
            true,
            0,
            vec!["multiple_records"],
        ),
        (
            "\"v=spf1 mx -all include:b.example\"",
            json!("fail"),
            true,
            1,
            vec!["terms_after_all"],
        ),
        (
            "\"v=spf1 foo ip4:300.1.1.1 -all\"",
            json!("fail"),
            true,
            0,
            vec!["unknown_mechanism", "syntax"],
        ),
        (
            "\"v=spf1 include:a..b.example -all\"",
            json!("fail"),
            true,
            1,
            vec!["invalid_name"],
        ),
    ];
    for (zone, all, sends, lookups, problems) in cases {
        let report = observe(&format!("county.example. IN TXT {zone}"), &[]).await;
        assert_eq!(gaps(&report), [""; 0], "{zone}");
        let spf = &facts(&report)["spf"];
        assert_eq!(spf["all"], all, "{zone}");
        assert_eq!(facts(&report)["sends"], sends, "{zone}");
        assert_eq!(
            spf["lookups"].as_array().map(Vec::len),
            Some(lookups),
            "{zone}"
        );
        assert_eq!(names(&spf["problems"]), problems, "{zone}");
    }
    let report = observe("county.example. IN TXT \"no spf\"", &[]).await;
    assert_eq!(
        (&facts(&report)["spf"], &facts(&report)["sends"]),
        (&Value::Null, &json!(true))
    );
}

#[tokio::test]
async fn a_tree_without_end_is_cut_and_says_so() {
    let mut zone = "county.example. IN TXT \"v=spf1 include:n0.example -all\"\n".to_owned();
    for n in 0..60 {
        let terms: String = (0..6).map(|k| format!(" a:h{n}x{k}.example")).collect();
        zone += &format!(
            "n{n}.example. IN TXT \"v=spf1{terms} include:n{}.example -all\"\n",
            n + 1
        );
    }
    let report = observe(&zone, &[]).await;
    let lookups = facts(&report)["spf"]["lookups"].as_array().map(Vec::len);
    assert_eq!(lookups, Some(super::SPF_LOOKUPS_MAX));
    assert!(gaps(&report).contains(&"/mail/spf/lookups/-"));
    assert_eq!(facts(&report)["spf"]["all"], "fail");
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
                "/mail/spf/lookups/0/void",
                "/mail/spf/problems/-",
            ],
        ),
        ("c.example", RecordType::A, vec!["/mail/spf/lookups/1/void"]),
        (
            "d.example",
            RecordType::TXT,
            vec![
                "/mail/spf/all",
                "/mail/spf/lookups/-",
                "/mail/spf/lookups/2/void",
                "/mail/spf/problems/-",
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

/// A mail server that says each line in turn, after the greeting one for each line heard.
async fn mail_server(says: &'static [&'static str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0u8; 512];
                for line in says {
                    let _ = stream.write_all(line.as_bytes()).await;
                    match stream.read(&mut buffer).await {
                        Ok(count) if count > 0 => {}
                        _ => return,
                    }
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn mail_servers_are_asked_what_they_offer() {
    let ehlo = "250-mx greets 192.0.2.99\r\n250-SIZE 100\r\n250 STARTTLS\r\n";
    // lines, greeting, STARTTLS, reason of the gap
    let cases: Vec<(&'static [&'static str], Value, Value, Option<GapReason>)> = vec![
        (
            Box::leak(Box::new(["220 mx ESMTP\x1b[2J\r\n", ehlo])),
            json!("mx ESMTP\u{FFFD}[2J"),
            json!(true),
            None,
        ),
        (
            &["220-mx\r\n220 ESMTP\r\n", "250 mx\r\n"],
            json!("mx"),
            json!(false),
            None,
        ),
        (
            &["220 mx\r\n", "502 what\r\n"],
            json!("mx"),
            json!(false),
            None,
        ),
        (
            &["220 mx\r\n", "421 busy\r\n"],
            json!("mx"),
            Value::Null,
            Some(GapReason::Refused),
        ),
        (
            &["554 go away\r\n"],
            json!("go away"),
            Value::Null,
            Some(GapReason::Refused),
        ),
        (
            &["HTTP/1.1 400 Bad\r\n"],
            Value::Null,
            Value::Null,
            Some(GapReason::Malformed),
        ),
        (&[], Value::Null, Value::Null, Some(GapReason::Reset)),
    ];
    let zone = "county.example. IN MX 10 mx.example.\nmx.example. IN A 192.0.2.25\n";
    for (says, greeting, starttls, reason) in cases {
        let server = mail_server(says).await;
        let rule = format!("192.0.2.25:25:{}:{}", server.ip(), server.port());
        let report = observe_at(Level::Standard, "county.example", zone, &[], |config| {
            config.connect_to = vec![rule.parse().expect("a rule")];
        })
        .await;
        let endpoint = &facts(&report)["mx"][0]["endpoints"][0];
        assert_eq!(endpoint["key"], "192.0.2.25:25");
        let seen = |key| endpoint.get(key).cloned().unwrap_or_default();
        assert_eq!(
            (seen("greeting"), seen("starttls")),
            (greeting.clone(), starttls),
            "{says:?}"
        );
        assert_eq!(
            missed(&report).first().map(|gap| gap.reason),
            reason,
            "{says:?}"
        );
        if let Some(gap) = missed(&report).first() {
            let place = if greeting.is_null() { "" } else { "/starttls" };
            assert_eq!(gap.at, format!("/mail/mx/0/endpoints/0{place}"));
        }
        // Our own address, which the server repeats, is nobody's business.
        let dialogue = report.evidence.iter().find(|e| e.at.contains("endpoints"));
        assert!(
            dialogue.is_none_or(|e| !e.data.contains("192.0.2.99")),
            "{dialogue:?}"
        );
    }
    // Without leave to connect there, the address is listed and not asked.
    let report = observe_at(Level::Standard, "county.example", zone, &[], |_| {}).await;
    assert_eq!(gaps(&report), ["/mail/mx/0/endpoints/0"]);
    assert_eq!(missed(&report)[0].reason, GapReason::PrivateAddress);
}

#[tokio::test]
async fn a_closed_port_25_says_what_else_it_may_be() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = closed.local_addr().expect("an address");
    drop(closed);
    let zone = "county.example. IN MX 10 mx.example.\nmx.example. IN A 192.0.2.25\n";
    let report = observe_at(Level::Standard, "county.example", zone, &[], |config| {
        let rule = format!("192.0.2.25:25:{}:{}", at.ip(), at.port());
        config.connect_to = vec![rule.parse().expect("a rule")];
    })
    .await;
    let missed = missed(&report);
    let [gap] = missed.as_slice() else {
        panic!("{:?}", report.gaps);
    };
    assert_eq!(gap.reason, GapReason::Unreachable);
    let detail = gap.detail.as_deref().unwrap_or_default();
    assert!(
        detail.contains("refused") && detail.contains("block port 25"),
        "{detail}"
    );
}

#[tokio::test]
async fn common_selectors_are_tried_from_level_standard_on() {
    let zone = "
county.example. IN TXT \"v=spf1 -all\"
k1._domainkey.county.example. IN CNAME key.host.example.
key.host.example. IN TXT \"v=DKIM1; t=y; \" \"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"
s1._domainkey.county.example. IN CNAME gone.host.example.
";
    let report = observe_at(Level::Passive, "county.example", zone, &[], |_| {}).await;
    assert_eq!(facts(&report)["dkim"]["keys"], json!([]));
    let faults = [(
        "s2._domainkey.county.example",
        RecordType::TXT,
        Fault::Silent,
    )];
    let report = observe_at(Level::Standard, "county.example", zone, &faults, |_| {}).await;
    assert_eq!(
        facts(&report)["dkim"],
        json!({
            "selectors_given": false,
            "keys": [{
                "key": "k1", "selector": "k1", "given": false,
                "record": {
                    "text": "v=DKIM1; t=y; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
                    "key_type": "ed25519", "bits": 256, "hashes": null,
                    "revoked": false, "testing": true, "problems": [],
                },
            }],
        })
    );
    assert_eq!(gaps(&report), ["/mail/dkim/keys/-"]);
}

#[tokio::test]
async fn tlsa_records_of_exchangers() {
    let digest = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
    let zone = format!(
        "
county.example. IN MX 10 mx1.example.
county.example. IN MX 20 mx2.example.
_25._tcp.mx1.example. IN TLSA 3 1 1 {digest}
_25._tcp.mx1.example. IN TLSA 1 0 1 {digest}
"
    );
    let faults = [("_25._tcp.mx2.example", RecordType::TLSA, Fault::Silent)];
    let report = observe(&zone, &faults).await;
    let mx = &facts(&report)["mx"];
    assert_eq!(
        mx[0]["tlsa"],
        json!([
            {
                "key": "1 0 1 0a1b2c3d4e5f6071", "usage": 1, "selector": 0, "matching_type": 1,
                "data": digest, "usable": false, "fault": "pkix_usage", "matches": null,
            },
            {
                "key": "3 1 1 0a1b2c3d4e5f6071", "usage": 3, "selector": 1, "matching_type": 1,
                "data": digest, "usable": true, "fault": null,
            },
        ])
    );
    // This resolver has no signatures for anything, the root included.
    assert!(mx[0].get("tlsa_signed").is_none());
    assert_eq!(mx[0]["tlsa_authenticated"], false);
    assert!(mx[1].get("tlsa").is_none());
    assert_eq!(
        gaps(&report),
        [
            "/mail/mx/0/tlsa_signed",
            "/mail/mx/1/tlsa",
            "/mail/mx/1/tlsa_authenticated",
            "/mail/mx/1/tlsa_signed"
        ]
    );
}

const STS_ZONE: &str = "
county.example. IN MX 10 mx.example.
_mta-sts.county.example. IN TXT \"v=STSv1; id=1;\"
mta-sts.county.example. IN A 192.0.2.80
";

/// What the probe makes of a policy host that answers with `acts`.
async fn mta_sts(names: &'static [&'static str], acts: Vec<Act>) -> (Value, AreaReport) {
    let (tls, root) = certificate(names);
    let server = Server::tls(tls, move |_| acts.clone()).await;
    let report = observe_at(Level::Passive, "county.example", STS_ZONE, &[], |config| {
        let rule = format!("192.0.2.80:443:{}:{}", server.at.ip(), server.at.port());
        config.connect_to = vec![rule.parse().expect("a rule")];
        config.extra_roots = vec![root];
    })
    .await;
    (facts(&report)["mta_sts"].clone(), report)
}

#[tokio::test]
async fn policies_are_fetched_as_senders_do() {
    const HOST: &[&str] = &["mta-sts.county.example"];
    let policy = |mx: &str| format!("version: STSv1\nmode: enforce\nmx: {mx}\nmax_age: 86400\n");
    let plain = "Content-Type: text/plain";

    let (sts, report) = mta_sts(HOST, answer("200 OK", plain, &policy("*.example"))).await;
    assert_eq!(gaps(&report), [""; 0]);
    assert_eq!(
        sts,
        json!({
            "record": "v=STSv1; id=1;",
            "id": "1",
            "policy": { "mode": "enforce", "max_age": 86400, "mx": ["*.example"], "covers_all_mx": true },
            "problems": [],
        })
    );
    let (sts, _) = mta_sts(HOST, answer("200 OK", plain, &policy("mx.other.example"))).await;
    assert_eq!(sts["policy"]["covers_all_mx"], false);

    // names in the certificate, answer, problems
    let cases: Vec<(&'static [&'static str], Vec<Act>, Vec<&str>)> = vec![
        (
            &["other.example"],
            answer("200 OK", plain, &policy("mx.example")),
            vec!["policy_tls_failed"],
        ),
        (
            HOST,
            answer("404 Not Found", plain, ""),
            vec!["policy_http_status"],
        ),
        (
            HOST,
            answer("301 Moved", "Location: /x", ""),
            vec!["policy_redirect"],
        ),
        (
            HOST,
            answer("200 OK", "Content-Type: text/html", "<html>"),
            vec![
                "policy_media_type",
                "policy_syntax",
                "policy_missing_version",
                "policy_missing_mode",
                "policy_missing_max_age",
                "policy_missing_mx",
            ],
        ),
    ];
    for (host, acts, problems) in cases {
        let (sts, report) = mta_sts(host, acts).await;
        assert_eq!(gaps(&report), [""; 0], "{problems:?}");
        assert_eq!(
            (&sts["policy"], names(&sts["problems"])),
            (&Value::Null, problems)
        );
    }

    // A filter, a failing server or a silent host proves nothing about the policy.
    for acts in [
        answer("403 Forbidden", plain, ""),
        answer("502 Bad Gateway", plain, ""),
        vec![Act::Reset],
    ] {
        let (sts, report) = mta_sts(HOST, acts).await;
        assert!(sts.get("policy").is_none(), "{sts}");
        assert_eq!(
            gaps(&report),
            ["/mail/mta_sts/policy", "/mail/mta_sts/problems/-"]
        );
    }

    let report = observe("_mta-sts.county.example. IN TXT \"v=STSv1; id=1;\"", &[]).await;
    let sts = &facts(&report)["mta_sts"];
    assert_eq!(
        (&sts["policy"], names(&sts["problems"])),
        (&Value::Null, vec!["policy_host_missing"])
    );
}
