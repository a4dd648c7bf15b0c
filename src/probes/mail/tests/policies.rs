//! DMARC reports, DKIM keys and MTA-STS policies.

use serde_json::{Value, json};

use super::{facts, gaps, names, observe, observe_at};
use crate::{
    model::level::Level,
    net::{
        RecordType,
        test_resolver::Fault,
        testing::{Act, Server, answer, certificate},
    },
    probes::registry::AreaReport,
};

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
