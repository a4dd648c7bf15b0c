use serde_json::{Value, json};

use super::*;

fn observation(mail: Value, gaps: Value) -> Observation {
    let mut facts =
        json!({ "domain": "county.example", "organisational_domain": "county.example" });
    for (key, value) in mail.as_object().into_iter().flatten() {
        facts[key] = value.clone();
    }
    serde_json::from_value(json!({
        "schema": crate::model::observation::OBSERVATION_SCHEMA,
        "target": { "name": "county.example", "roles": ["mail-domain"] },
        "observed_at": "2026-02-01T00:00:00Z",
        "conditions": {
            "level": "standard", "areas": ["mail"], "page_cap": 1,
            "resolver": "127.0.0.1:53", "staged": false,
        },
        "fact_versions": { "mail": 1 },
        "gaps": gaps,
        "evidence": [],
        "cost": {
            "connections": 0, "queries": 0, "bytes_sent": 0, "bytes_received": 0, "milliseconds": 0,
        },
        "mail": facts,
    }))
    .unwrap()
}

/// A policy by its record's tags.
fn dmarc(p: &str, sp: &str, np: &str, testing: bool, pct: Option<u32>) -> Value {
    json!({ "problems": [], "effective": {
        "policy": p, "subdomain_policy": sp, "nonexistent_policy": np, "tag": "p",
        "from": "county.example", "testing": testing, "pct": pct, "rua": [], "ruf": [],
        "dkim_strict": false, "spf_strict": false, "record": "v=DMARC1",
    } })
}

fn spf(stranger: &str, problems: Value) -> Value {
    json!({ "record": "v=spf1", "record_count": 1, "all": "fail", "stranger": stranger,
        "lookups": [], "problems": problems })
}

fn key(bits: u32, revoked: bool) -> Value {
    json!({ "selectors_given": true, "keys": [{ "key": "s1", "selector": "s1", "given": true,
        "record": { "text": "k", "key_type": "rsa", "bits": bits, "hashes": null,
            "revoked": revoked, "testing": false, "problems": [] } }] })
}

/// What is possible for the domain, its sub-domains and those that do not exist
/// (`None`: unknown), and because of what.
type Answer = (Option<bool>, Option<bool>, Option<bool>, Vec<String>);

fn joined(mail: Value, gaps: Value) -> Answer {
    let mut observation = observation(mail, gaps);
    join(&mut observation);
    let spoofing = &observation.facts[&Area::Mail]["spoofing"];
    let known = |name: &str| {
        let seen = spoofing.get(name).and_then(Value::as_bool);
        let at = format!("/mail/spoofing/{name}");
        let gap = observation.gaps.iter().any(|gap| gap.at == at);
        assert_eq!(seen.is_none(), gap, "{name}: a gap says why, and only then");
        seen
    };
    let causes = spoofing["because"].as_array().unwrap();
    (
        known("possible"),
        known("subdomains_possible"),
        known("nonexistent_possible"),
        causes
            .iter()
            .map(|reason| reason["cause"].as_str().unwrap().to_owned())
            .collect(),
    )
}

/// DMARC, SPF, what is possible, and the causes.
type Case = (
    Value,
    Value,
    (Option<bool>, Option<bool>, Option<bool>),
    &'static [&'static str],
);

#[test]
fn who_can_send_in_the_name_of_the_domain() {
    let shut = spf("fail", json!([]));
    let yes = Some(true);
    let no = Some(false);
    let all = |answer| (answer, answer, answer);
    let cases: Vec<Case> = vec![
        (
            dmarc("reject", "reject", "reject", false, None),
            shut.clone(),
            all(no),
            &[],
        ),
        (
            dmarc("quarantine", "quarantine", "quarantine", false, None),
            shut.clone(),
            all(no),
            &[],
        ),
        (
            json!({ "problems": [], "effective": null }),
            shut.clone(),
            all(yes),
            &["no_dmarc"],
        ),
        (
            dmarc("none", "none", "none", false, None),
            shut.clone(),
            all(yes),
            &["dmarc_none"],
        ),
        (
            dmarc("reject", "none", "none", false, None),
            shut.clone(),
            (no, yes, yes),
            &["subdomains_none"],
        ),
        (
            dmarc("reject", "reject", "none", false, None),
            shut.clone(),
            (no, no, yes),
            &["nonexistent_none"],
        ),
        (
            dmarc("none", "reject", "reject", false, None),
            shut.clone(),
            (yes, no, no),
            &["dmarc_none"],
        ),
        // Test mode takes a policy down by one step.
        (
            dmarc("reject", "reject", "reject", true, None),
            shut.clone(),
            all(no),
            &[],
        ),
        (
            dmarc("quarantine", "quarantine", "quarantine", true, None),
            shut.clone(),
            all(yes),
            &["dmarc_testing"],
        ),
        (
            dmarc("reject", "reject", "reject", false, Some(50)),
            shut.clone(),
            (yes, no, no),
            &["dmarc_partial"],
        ),
        (
            dmarc("reject", "reject", "reject", false, None),
            spf("pass", json!([])),
            all(yes),
            &["spf_open"],
        ),
        (
            dmarc("reject", "reject", "reject", false, None),
            spf("permerror", json!([])),
            all(no),
            &[],
        ),
        (
            dmarc("reject", "reject", "reject", false, None),
            spf(
                "fail",
                json!([{ "name": "wide_range", "detail": "ip4:0.0.0.0/1" }]),
            ),
            all(yes),
            &["spf_wide"],
        ),
        (
            dmarc("reject", "reject", "reject", false, None),
            Value::Null,
            all(no),
            &[],
        ),
    ];
    for (dmarc, spf, (own, below, missing), causes) in cases {
        let mail = json!({ "dmarc": dmarc, "spf": spf });
        let causes = causes.iter().map(|&cause| cause.to_owned()).collect();
        assert_eq!(
            joined(mail.clone(), json!([])),
            (own, below, missing, causes),
            "{mail}"
        );
    }
}

#[test]
fn a_short_key_opens_the_door() {
    let mail = |bits, revoked| {
        json!({ "dmarc": dmarc("reject", "reject", "reject", false, None),
            "spf": spf("fail", json!([])), "dkim": key(bits, revoked) })
    };
    let open = joined(mail(512, false), json!([]));
    assert_eq!((open.0, open.3), (Some(true), vec!["dkim_weak".to_owned()]));
    assert_eq!(joined(mail(512, true), json!([])).0, Some(false));
    assert_eq!(joined(mail(1024, false), json!([])).0, Some(false));
}

#[test]
fn names_below_open_the_door_of_the_domain_and_of_themselves() {
    let name = |stranger: &str, own: Value| {
        json!([{ "name": "www.county.example", "used": true, "spf": "v=spf1",
            "stranger": stranger, "dmarc": own }])
    };
    let own = |policy: &str, testing: bool| json!({ "policy": policy, "testing": testing, "record": "v=DMARC1" });
    let look = |strict: bool, below: Value| {
        let mut dmarc = dmarc("reject", "reject", "reject", false, None);
        dmarc["effective"]["spf_strict"] = json!(strict);
        let mail = json!({ "dmarc": dmarc, "spf": spf("fail", json!([])), "subdomains": below });
        let (own, below, missing, because) = joined(mail, json!([]));
        (own, below, missing, because.join(" "))
    };
    let (yes, no) = (Some(true), Some(false));
    let open = |causes: &str| (yes, yes, yes, causes.to_owned());
    assert_eq!(
        look(false, name("pass", Value::Null)),
        open("subdomain_open")
    );
    // Strict alignment asks for the very name.
    assert_eq!(
        look(true, name("pass", Value::Null)),
        (no, no, no, String::new())
    );
    for (policy, testing, weaker) in [
        ("none", false, true),
        ("quarantine", true, true),
        ("quarantine", false, false),
        ("reject", true, false),
    ] {
        let cause = if weaker { "subdomain_unguarded" } else { "" };
        assert_eq!(
            look(false, name("fail", own(policy, testing))),
            (no, Some(weaker), no, cause.to_owned()),
            "{policy} {testing}"
        );
    }
}

#[test]
fn what_was_not_seen_is_not_decided() {
    let reject = || dmarc("reject", "reject", "reject", false, None);
    let gap = |at: &str| json!([{ "at": at, "reason": "timeout" }]);
    let none = (None, None, None, vec![]);
    let lost = joined(json!({ "spf": spf("fail", json!([])) }), gap("/mail/dmarc"));
    assert_eq!(lost, none);
    assert_eq!(joined(json!({ "dmarc": reject() }), gap("/mail/spf")), none);
    let open = json!({ "dmarc": reject(), "spf": spf("fail", json!([])) });
    assert_eq!(joined(open, gap("/mail/spf/problems/-")), none);
    // What is known decides where it can.
    let known = joined(json!({ "spf": spf("pass", json!([])) }), gap("/mail/dmarc"));
    assert_eq!((known.0, known.1), (Some(true), None));
    let known = joined(
        json!({ "dmarc": dmarc("none", "none", "none", false, None) }),
        gap("/mail/spf"),
    );
    assert_eq!(known.0, Some(true));
    let mut other = json!({ "dmarc": reject(), "spf": spf("fail", json!([])) });
    other["organisational_domain"] = json!("example");
    assert_eq!(joined(other, json!([])), (Some(false), None, None, vec![]));
}
