//! Exit codes.

use scrutineer::model::check::Severity::{self, Critical, High, Low, Medium};
use serde_json::{Value, json};

use crate::common::*;

/// The office without its faults: everything seen and in order.
fn exemplary() -> Value {
    let mut observation = office();
    observation["gaps"] = json!([]);
    observation["target"]["roles"] = json!(["website"]);
    for endpoint in observation["tls"]["endpoints"].as_array_mut().unwrap() {
        endpoint["versions"] = json!([{ "name": "TLS1.3" }]);
    }
    observation["web"]["pages"][1]["nosniff"] = json!(true);
    observation["dns"]["caa"] = json!({
        "at": "example.gov", "issuers": [], "wildcard_issuers": [], "iodef": [], "problems": []
    });
    observation
}

/// Takes a fact away and says why it is missing.
fn lose(observation: &mut Value, at: &str, reason: &str) {
    let (above, name) = at.rsplit_once('/').unwrap();
    if let Some(Value::Object(map)) = observation.pointer_mut(above) {
        map.remove(name);
    }
    let gaps = observation["gaps"].as_array_mut().unwrap();
    gaps.push(json!({ "at": at, "reason": reason }));
}

type Change = fn(&mut Value);

#[test]
fn exit_codes() {
    // versions: must, high. caa: must, medium. nosniff: should, low.
    let table: Vec<(&str, Change, Severity, u8)> = vec![
        ("all in order", |_| {}, Low, 0),
        ("a must fails", |o| o["dns"]["caa"] = json!(null), Low, 1),
        (
            "at the severity",
            |o| o["dns"]["caa"] = json!(null),
            Medium,
            1,
        ),
        (
            "below the severity",
            |o| o["dns"]["caa"] = json!(null),
            High,
            0,
        ),
        (
            "a should fails",
            |o| o["web"]["pages"][0]["nosniff"] = json!(false),
            Low,
            0,
        ),
        (
            "a must is open",
            |o| lose(o, "/dns/caa", "timeout"),
            Medium,
            3,
        ),
        (
            "open below the severity",
            |o| lose(o, "/dns/caa", "timeout"),
            High,
            0,
        ),
        (
            "open and failing elsewhere",
            |o| {
                lose(o, "/dns/caa", "timeout");
                o["tls"]["endpoints"][0]["versions"] = json!([{ "name": "TLS1.0" }]);
            },
            Low,
            1,
        ),
        ("not asked", |o| lose(o, "/dns/caa", "not_asked"), Low, 0),
        // Whatever the severity, an area that was not seen at all is no pass.
        (
            "web is gone",
            |o| lose(o, "/web", "unreachable"),
            Critical,
            3,
        ),
        (
            "no endpoint answers",
            |o| lose(o, "/tls/endpoints", "timeout"),
            Critical,
            3,
        ),
        (
            "every endpoint is dead",
            |o| {
                lose(o, "/tls/endpoints/0/versions", "timeout");
                lose(o, "/tls/endpoints/1/versions", "timeout");
            },
            Critical,
            3,
        ),
        (
            "one endpoint of two is dead",
            |o| lose(o, "/tls/endpoints/1/versions", "timeout"),
            High,
            3,
        ),
        (
            "one endpoint of two is dead, below the severity",
            |o| lose(o, "/tls/endpoints/1/versions", "timeout"),
            Critical,
            0,
        ),
        (
            "a whole area without a word",
            |o| {
                o.as_object_mut().unwrap().remove("web");
            },
            Critical,
            3,
        ),
        (
            "a fact is missing without a word",
            |o| {
                o["dns"].as_object_mut().unwrap().remove("caa");
            },
            Low,
            3,
        ),
        (
            "an area was left out by the user",
            |o| {
                lose(o, "/web", "not_asked");
                o["conditions"]["areas"] = json!(["dns", "tls"]);
            },
            Low,
            0,
        ),
        (
            "nothing is there of what was asked for",
            |o| {
                lose(o, "/web", "not_asked");
                lose(o, "/dns", "not_asked");
                o["tls"]["endpoints"] = json!([]);
                o["conditions"]["areas"] = json!(["tls"]);
            },
            Critical,
            3,
        ),
    ];
    let profile = profile(vec![
        must("a#versions", &[versions()]),
        must("a#caa", &[caa()]),
        must("a#ns", &[ns()]),
        should("a#nosniff", &[nosniff()]),
    ]);
    for (case, change, fail_on, exit) in table {
        let mut observation = exemplary();
        change(&mut observation);
        let document = run(&profile, &[observation], &[], fail_on);
        assert_eq!(document.gate.exit, exit, "{case}: {:?}", document.gate.why);
        assert!(!document.gate.why.is_empty());
    }
}

#[test]
fn a_target_that_was_not_reached_is_never_a_pass() {
    let profile = profile(vec![must("a#caa", &[caa()])]);
    let mut other = exemplary();
    other["target"]["name"] = json!("results.example.gov");
    let document = run(&profile, &[exemplary()], &[other], Critical);
    assert_eq!(document.gate.exit, 3);
    assert_eq!(document.summary.targets_not_observed, 1);
    assert_eq!(document.summary.open, 1);
    assert_eq!(document.requirements[0].targets.open, 1);
    assert_eq!(document.summary.controls.met, 0);
    let empty = run(&profile, &[], &[], Critical);
    assert_eq!(empty.gate.exit, 3, "a run without targets says nothing");
}
