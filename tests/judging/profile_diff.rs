//! Two profiles compared, what applies on a day, and who asks for a check.

use serde_json::{Value, json};
use std::process::{Command, Output};
use unicode_width::UnicodeWidthStr;

use crate::whole::golden;

fn run(arguments: &[&str], width: usize) -> Output {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/judge/profiles");
    Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .args(arguments)
        .args(["--profiles", data])
        .env("COLUMNS", width.to_string())
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn document(arguments: &[&str]) -> Value {
    let all = [arguments, &["--format", "json"]].concat();
    serde_json::from_str(&text(&run(&all, 100))).unwrap()
}

#[test]
fn the_difference_in_plain_words_at_two_widths() {
    for width in [100, 60] {
        let shown = text(&run(&["profiles", "diff", "test-us", "test-nl"], width));
        assert!(shown.lines().all(|line| line.width() <= width), "{shown}");
        assert!(!shown.contains('\u{1b}'));
        golden(&format!("profile-diff-{width}.txt"), &shown);
    }
}

#[test]
fn contradictions_are_named_with_both_positions() {
    let shown = text(&run(&["profiles", "diff", "test-au", "test-us"], 100));
    let flowing = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "D-01 Is TLS 1.2 required, allowed or forbidden",
        "No configuration satisfies both: test-au allows only TLS1.3, and test-us requires TLS1.2.",
        "A server that offers TLS 1.2 and 1.3 fails Australia",
        "- required next to TLS 1.3 test-us, 3.1 (must;",
        "- only the latest version test-au, ISM-1139 (must;",
    ] {
        assert!(flowing.contains(words), "{words:?} is not in\n{shown}");
    }
    // What merely differs is not called a contradiction.
    let shown = text(&run(&["profiles", "diff", "test-us", "test-nl"], 100));
    assert!(!shown.contains("No configuration"), "{shown}");
    assert!(!shown.contains("contradict"), "{shown}");
    assert!(shown.contains("Where they differ"), "{shown}");
    // From 2030 on there is nothing left to contradict.
    let at = [
        "profiles",
        "diff",
        "test-au",
        "test-us",
        "--at",
        "2030-01-01",
    ];
    assert!(!text(&run(&at, 100)).contains("No configuration"));
}

#[test]
fn the_document_tells_levels_parameters_and_dates_apart() {
    let diff = ["profiles", "diff", "test-us", "test-nl"];
    let document = document(&diff);
    let schema = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .args(["schema", "profile-diff"])
        .output()
        .unwrap();
    let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let control = |id: &str| {
        let controls = document["controls"].as_array().unwrap();
        controls
            .iter()
            .find(|known| known["id"] == id)
            .unwrap()
            .clone()
    };
    assert_eq!(control("TLS-03")["asked_by"], "only_one");
    assert_eq!(
        control("TLS-03")["checks"][0]["one"][0]["until"],
        "2029-12-31"
    );
    assert_eq!(control("DNS-01")["asked_by"], "only_other");
    let level = &control("TLS-01")["checks"][0];
    assert_eq!(level["aspects"], json!(["obligation"]));
    let size = &control("CERT-03")["checks"][0];
    assert_eq!(size["aspects"], json!(["obligation", "params"]));
    assert_eq!(size["one"][0]["params"], json!({ "rsa": 2048 }));
    assert_eq!(size["other"][1]["params"], json!({ "rsa": 3072 }));
}

#[test]
fn a_profile_asks_for_the_same_as_itself() {
    let itself = document(&["profiles", "diff", "common-baseline", "common-baseline"]);
    assert_eq!(itself["controls"], json!([]));
    assert_eq!(itself["points"], json!([]));
    assert!(itself["same"].as_array().unwrap().len() > 40);
    let unknown = run(&["profiles", "diff", "common-baseline", "test-uk"], 100);
    assert_eq!(unknown.status.code(), Some(2));
    let said = String::from_utf8_lossy(&unknown.stderr);
    assert!(said.contains("did you mean `test-us`?"), "{said}");
}

#[test]
fn what_applies_on_a_day_and_what_begins_or_ends_then() {
    let flowing = |arguments: &[&str]| {
        let shown = text(&run(arguments, 100));
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let us = |day: &str| flowing(&["profiles", "show", "test-us", "--at", day]);
    let today = us("2026-11-03");
    assert!(today.contains("4 of 4 entries apply."), "{today}");
    let last = "2029-12-31 is the last day of: must us-nist-sp-800-52r2#tls12-required (3.1)";
    assert!(today.contains(last), "{today}");
    let later = us("2030-01-01");
    assert!(later.contains("3 of 4 entries apply."), "{later}");
    assert!(later.contains("ended on 2029-12-31: must"), "{later}");
    assert!(
        later.contains("Nothing begins or ends after that."),
        "{later}"
    );
    assert!(
        !later.contains("check tls.protocol.tls12-offered"),
        "{later}"
    );
    let nl = flowing(&["profiles", "show", "test-nl", "--at", "2026-11-03"]);
    assert!(
        nl.contains("2027-01-01 begins: must nl-internet-nl-1.11#web-dnssec"),
        "{nl}"
    );
}

#[test]
fn checks_and_controls_name_who_asks_for_them_and_how() {
    let flowing = |id: &str| {
        let shown = text(&run(&["explain", id], 100));
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for id in ["cert.key.size", "CERT-03"] {
        let shown = flowing(id);
        for words in [
            "test-nl: Rows of the Netherlands must nl-ncsc-tls-2025-05#cert-key-rsa (3.3.2) cert.key.size rsa = 2048",
            "should nl-ncsc-tls-2025-05#cert-key-rsa as phase-out (3.3.2) cert.key.size rsa = 3072",
            "test-us: Rows of the United States must us-nist-sp-800-52r2#cert-strength (3.2)",
            "common-baseline:",
        ] {
            assert!(shown.contains(words), "{words:?} is not in\n{shown}");
        }
    }
    let dated = flowing("tls.protocol.tls12-offered");
    assert!(
        dated.contains("tls12-required (3.1), until 2029"),
        "{dated}"
    );
}
