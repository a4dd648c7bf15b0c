//! The command on run files: whole, torn, damaged, of another time.

use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

use crate::common::office;

fn judge(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .arg("judge")
        .args(arguments)
        .current_dir(folder)
        .env_remove("COLUMNS")
        .output()
        .unwrap()
}

fn header() -> Value {
    let office = office();
    let mut other = office["target"].clone();
    other["name"] = json!("results.example.gov");
    json!({
        "schema": "scrutineer.run/1",
        "tool": "scrutineer 0.1.0",
        "started_at": "2026-11-03T07:59:00Z",
        "organisation": "Example County Elections",
        "conditions": office["conditions"],
        "targets": [office["target"], other],
        "tables": {},
        "tlp": "TLP:AMBER+STRICT",
    })
}

fn other() -> Value {
    let mut other = office();
    other["target"]["name"] = json!("results.example.gov");
    other
}

/// A run of these lines, each with its newline.
fn write(folder: &Path, lines: &[String]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(folder.join("run.jsonl"), text).unwrap();
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn twice_the_same_bytes_whatever_the_order_of_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let [head, one, two] = [header(), office(), other()].map(|value| value.to_string());
    for format in ["json", "table"] {
        write(path, &[head.clone(), one.clone(), two.clone()]);
        let first = judge(
            path,
            &["run.jsonl", "--format", format, "--fail-on", "high"],
        );
        let again = judge(
            path,
            &["run.jsonl", "--format", format, "--fail-on", "high"],
        );
        write(path, &[head.clone(), two.clone(), one.clone()]);
        let turned = judge(
            path,
            &["run.jsonl", "--format", format, "--fail-on", "high"],
        );
        assert!(!first.stdout.is_empty());
        assert_eq!(text(&first.stdout), text(&again.stdout));
        assert_eq!(text(&first.stdout), text(&turned.stdout));
        // Most of what the common baseline asks for is not in these observations.
        assert_eq!(first.status.code(), Some(3), "{}", text(&first.stderr));
    }
}

#[test]
fn the_policy_date_is_that_of_the_run_or_the_one_given() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[header().to_string(), office().to_string()]);
    for (arguments, as_of) in [
        (&["run.jsonl", "--format", "json"][..], "2026-11-03"),
        (
            &["run.jsonl", "--format", "json", "--at", "2031-01-02"],
            "2031-01-02",
        ),
    ] {
        let output = judge(folder.path(), arguments);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["dates"]["as_of"], as_of);
        assert_eq!(document["dates"]["observed_last"], "2026-11-03T08:00:00Z");
    }
}

#[test]
fn a_torn_last_line_costs_its_target_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let whole = format!("{}\n{}\n{}", header(), office(), other());
    let torn = &whole[..whole.len() - 100];
    std::fs::write(folder.path().join("run.jsonl"), torn).unwrap();
    let output = judge(folder.path(), &["run.jsonl", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["summary"]["targets_not_observed"], 1);
    assert_eq!(document["targets"][1]["observed_at"], Value::Null);
    let said = text(&output.stderr);
    assert!(said.contains("run.jsonl:3: is cut off"), "{said}");
}

#[test]
fn what_is_no_run_gets_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let change = |key: &str, value: Value| {
        let mut observation = office();
        observation[key] = value;
        observation.to_string()
    };
    let head = header().to_string();
    let cases: Vec<(Vec<String>, &str)> = vec![
        (vec![], "run.jsonl: is empty"),
        (vec!["no json".to_owned()], "run.jsonl:1: is not JSON"),
        (vec![office().to_string()], "run.jsonl:1: is of schema"),
        (
            vec![head.clone(), "{\"half\":".to_owned(), office().to_string()],
            "run.jsonl:2: is not JSON",
        ),
        (
            vec![head.clone(), head.clone()],
            "run.jsonl:2: is of schema",
        ),
        (
            vec![
                head.clone(),
                change("schema", json!("scrutineer.observation/2")),
            ],
            "run.jsonl:2: is of schema \"scrutineer.observation/2\"",
        ),
        (
            vec![
                head.clone(),
                change("fact_versions", json!({ "dns": 99, "tls": 2, "web": 1 })),
            ],
            "run.jsonl:2: holds dns facts of version 99",
        ),
        (
            vec![head.clone(), office().to_string(), office().to_string()],
            "run.jsonl:3: observes \"vote.example.gov\" a second time",
        ),
        // Facts that are not what their schema says are refused, not judged.
        (
            vec![head.clone(), {
                // Of the version of today.
                let mut observation = office();
                observation["fact_versions"]["dns"] = json!(3);
                observation["dns"] = json!({ "name": "vote.example.gov", "caa": 7, "ns": "x" });
                observation.to_string()
            }],
            "run.jsonl:2: holds dns facts that cannot be read",
        ),
        // Of an older version the kinds of values are.
        (
            vec![head.clone(), {
                let mut observation = office();
                observation["fact_versions"]["dns"] = json!(1);
                observation["dns"] =
                    json!({ "name": "vote.example.gov", "caa": { "issuers": [7] } });
                observation.to_string()
            }],
            "run.jsonl:2: holds dns facts that cannot be read: /caa/issuers/0 is of kind integer",
        ),
    ];
    for (lines, expected) in cases {
        write(path, &lines);
        let output = judge(path, &["run.jsonl"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{expected}: {said}");
        assert!(said.contains(expected), "{expected:?} is not in {said:?}");
        assert!(output.stdout.is_empty(), "{expected}");
        assert_eq!(said.matches("error:").count(), 1, "{said}");
    }
}

#[test]
fn arguments_that_make_no_sense_are_told() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[header().to_string(), office().to_string()]);
    let cases: [(&[&str], &str); 5] = [
        (&["missing.jsonl"], "missing.jsonl"),
        (&["run.jsonl", "--profile", "common-base"], "common-base"),
        (
            &[
                "run.jsonl",
                "--profile",
                "common-baseline",
                "--profile",
                "common-baseline",
            ],
            "given twice",
        ),
        (
            &[
                "run.jsonl",
                "--format",
                "json",
                "--profile",
                "a",
                "--profile",
                "b",
            ],
            "there is no profile `a`",
        ),
        (&["run.jsonl", "--at", "tomorrow"], "--at"),
    ];
    for (arguments, expected) in cases {
        let output = judge(folder.path(), arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{expected:?} is not in {said:?}");
        assert!(output.stdout.is_empty());
    }
}
