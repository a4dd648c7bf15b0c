use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::wire::x509::public_key_info;

/// An authority and a leaf that it issued, in DER form.
fn chain() -> (Vec<u8>, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&key).unwrap().der().to_vec();
    let issuer = Issuer::new(params, key);
    let params = CertificateParams::new(vec!["mx.example".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap().der().to_vec();
    (root, leaf)
}

fn record(usage: u8, selector: u8, der: &[u8]) -> Value {
    let selected = match selector {
        0 => der.to_vec(),
        _ => public_key_info(der).unwrap(),
    };
    let data: String = Sha256::digest(&selected)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    json!({
        "key": format!("{usage} {selector} 1 {data}"), "usage": usage, "selector": selector,
        "matching_type": 1, "data": data, "usable": usage > 1, "fault": null,
    })
}

fn certificate(sent: usize, matches_host: bool) -> Value {
    json!({
        "key": "ecdsa leaf", "subject": "CN=x", "serial": "01", "sha256": "00",
        "issuer": { "name": "CN=R11", "organisation": null },
        "not_before": "2026-01-01T00:00:00Z", "not_after": "2026-03-01T00:00:00Z",
        "lifetime_days": 60, "names": [], "matches_host": matches_host, "wildcard": false,
        "self_signed": false,
        "public_key": { "algorithm": "ecdsa", "bits": 256, "curve": "secp256r1" },
        "signature_hash": "SHA-256", "signature_algorithm": "ecdsa-with-SHA256",
        "server_auth": true, "ocsp": [], "crl": [], "sct_count": 0, "must_staple": false,
        "chain": { "sent": sent, "trusted": false, "problems": [] },
    })
}

fn endpoint(key: &str, certificates: Option<Value>) -> Value {
    let mut endpoint = json!({
        "key": key, "purpose": "smtp", "host": "mx.example", "address": "192.0.2.25", "port": 25,
        "starttls": "smtp", "speaks_tls": true,
    });
    if let Some(certificates) = certificates {
        endpoint["certificates"] = certificates;
    }
    endpoint
}

/// An observation with one exchanger. `kept`: place and DER form of each certificate.
fn observation(records: &[Value], tls: Value, kept: &[(&str, &[u8])], gaps: Value) -> Observation {
    let evidence: Vec<Value> = kept
        .iter()
        .map(|(at, der)| {
            json!({
                "at": format!("/tls/endpoints/{at}"), "kind": "certificate",
                "data": STANDARD.encode(der), "reproduce": "",
            })
        })
        .collect();
    let mut given = json!({
        "schema": crate::model::observation::OBSERVATION_SCHEMA,
        "target": { "name": "county.example", "roles": ["mail-domain"] },
        "observed_at": "2026-02-01T00:00:00Z",
        "conditions": {
            "level": "standard", "areas": ["mail", "tls"], "page_cap": 1,
            "resolver": "127.0.0.1:53", "staged": false,
        },
        "fact_versions": { "mail": 1, "tls": 1 },
        "gaps": gaps,
        "evidence": evidence,
        "cost": {
            "connections": 0, "queries": 0, "bytes_sent": 0, "bytes_received": 0, "milliseconds": 0,
        },
        "mail": { "domain": "county.example", "mx": [{
            "name": "mx.example", "preference": 10, "null_mx": false, "implicit": false,
            "tlsa": records,
        }] },
    });
    if !tls.is_null() {
        given["tls"] = tls;
    }
    serde_json::from_value(given).unwrap()
}

/// `dane` and what is known of each record; absent facts as "?".
fn joined(mut observation: Observation) -> (Value, Vec<Value>) {
    join(&mut observation);
    let mx = &observation.facts[&Area::Mail]["mx"][0];
    let known = |value: Option<&Value>| value.cloned().unwrap_or(json!("?"));
    let records = mx["tlsa"].as_array().unwrap();
    let dane = mx["dane"].as_array().map(|list| {
        list.iter()
            .map(|endpoint| known(endpoint.get("matches")))
            .collect()
    });
    let unknown = |at: String| observation.gaps.iter().any(|gap| gap.at == at);
    for (at, endpoint) in mx["dane"].as_array().into_iter().flatten().enumerate() {
        let place = format!("/mail/mx/0/dane/{at}/matches");
        assert_eq!(endpoint.get("matches").is_none(), unknown(place));
    }
    for (at, record) in records.iter().enumerate() {
        let place = format!("/mail/mx/0/tlsa/{at}/matches");
        assert_eq!(record.get("matches").is_none(), unknown(place), "{record}");
    }
    (
        dane.map_or(json!("?"), Value::Array),
        records.iter().map(|r| known(r.get("matches"))).collect(),
    )
}

#[test]
fn records_are_compared_with_what_is_presented() {
    let ((root, leaf), (_, other)) = (chain(), chain());
    let ee = |der: &[u8]| record(3, 1, der);
    let ta = |der: &[u8]| record(2, 0, der);
    // records, certificates sent, whether the leaf names the host, authority
    // kept, address matches, records match
    type Case<'a> = (&'a str, Vec<Value>, usize, bool, bool, Value, Vec<Value>);
    let cases: Vec<Case> = vec![
        (
            "key of the leaf",
            vec![ee(&leaf)],
            2,
            true,
            true,
            json!([true]),
            vec![json!(true)],
        ),
        (
            "the name does not count",
            vec![ee(&leaf)],
            2,
            false,
            true,
            json!([true]),
            vec![json!(true)],
        ),
        (
            "another key",
            vec![ee(&other)],
            2,
            true,
            true,
            json!([false]),
            vec![json!(false)],
        ),
        (
            "rollover",
            vec![ee(&other), ee(&leaf)],
            2,
            true,
            true,
            json!([true]),
            vec![json!(false), json!(true)],
        ),
        (
            "the authority",
            vec![ta(&root)],
            2,
            true,
            true,
            json!([true]),
            vec![json!(true)],
        ),
        (
            "the authority, another name",
            vec![ta(&root)],
            2,
            false,
            true,
            json!([false]),
            vec![json!(false)],
        ),
        (
            "the authority is not sent",
            vec![ta(&root)],
            1,
            true,
            false,
            json!([false]),
            vec![json!(false)],
        ),
        (
            "the authority was not kept",
            vec![ta(&root)],
            2,
            true,
            false,
            json!(["?"]),
            vec![json!("?")],
        ),
        (
            "the leaf is no authority",
            vec![ta(&leaf)],
            2,
            true,
            true,
            json!([false]),
            vec![json!(false)],
        ),
        (
            "an authority as the leaf",
            vec![ee(&root)],
            2,
            true,
            true,
            json!([false]),
            vec![json!(false)],
        ),
    ];
    for (name, records, sent, names, kept, dane, matches) in cases {
        let certificates = json!([certificate(sent, names)]);
        let tls = json!({ "endpoints": [endpoint("192.0.2.25:25", Some(certificates))] });
        let mut evidence: Vec<(&str, &[u8])> = vec![("0/certificates/0", &leaf)];
        if kept {
            evidence.push(("0/certificates/0/chain", &root));
        }
        let seen = joined(observation(&records, tls, &evidence, json!([])));
        assert_eq!(seen, (dane, matches), "{name}");
    }
}

#[test]
fn what_was_not_seen_stays_open() {
    let (_, leaf) = chain();
    let (_, other) = chain();
    let unknown = || json!("?");
    // No TLS facts at all.
    let gaps = json!([{ "at": "/tls", "reason": "budget_spent" }]);
    let seen = joined(observation(&[record(3, 1, &leaf)], Value::Null, &[], gaps));
    assert_eq!(seen, (unknown(), vec![unknown()]));
    // The second address was not seen: what matches at the first is known.
    let tls = json!({ "endpoints": [
        endpoint("192.0.2.25:25", Some(json!([certificate(1, true)]))),
        endpoint("192.0.2.26:25", None),
    ] });
    let gaps = json!([{ "at": "/tls/endpoints/1/certificates", "reason": "timeout" }]);
    let records = [record(3, 1, &leaf), record(3, 1, &other)];
    let kept: &[(&str, &[u8])] = &[("0/certificates/0", &leaf)];
    let seen = joined(observation(&records, tls, kept, gaps));
    assert_eq!(seen, (json!([true, "?"]), vec![json!(true), unknown()]));
    // Other certificates may come.
    let tls =
        json!({ "endpoints": [endpoint("192.0.2.25:25", Some(json!([certificate(1, true)])))] });
    let gaps = json!([{ "at": "/tls/endpoints/0/certificates/-", "reason": "throttled" }]);
    let seen = joined(observation(&records[..1], tls.clone(), kept, gaps.clone()));
    assert_eq!(seen, (json!(["?"]), vec![json!(true)]));
    let seen = joined(observation(&records[1..], tls, kept, gaps));
    assert_eq!(seen, (json!([false]), vec![unknown()]));
}

#[test]
fn nothing_is_compared_without_usable_records() {
    let (_, leaf) = chain();
    let tls =
        json!({ "endpoints": [endpoint("192.0.2.25:25", Some(json!([certificate(1, true)])))] });
    let kept: &[(&str, &[u8])] = &[("0/certificates/0", &leaf)];
    let seen = observation(&[], tls.clone(), kept, json!([]));
    assert_eq!(joined(seen), (json!([]), vec![]));
    let mut unusable = record(1, 1, &leaf);
    unusable["matches"] = Value::Null;
    let seen = observation(&[unusable], tls, kept, json!([]));
    assert_eq!(joined(seen), (json!([]), vec![Value::Null]));
}
