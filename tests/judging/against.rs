//! The gate over time, and what changed between two results, with the built program.

use serde_json::{Value, json};
use std::fs;
use std::path::Path;

use crate::common::office;
use crate::saved::*;

/// One page more that lets browsers guess.
fn worse() -> Value {
    let mut observation = seen();
    observation["web"]["pages"][0]["nosniff"] = json!(false);
    observation
}

/// TLS 1.1 is gone, TLS 1.0 stays on one address.
fn better() -> Value {
    let mut observation = seen();
    observation["tls"]["endpoints"][1]["versions"] = json!([{ "name": "TLS1.3" }]);
    observation
}

fn open_endpoint(mut observation: Value) -> Value {
    lose_versions(&mut observation, 1);
    observation
}

fn gate(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    program(folder, &[&["gate", "new.jsonl"], arguments].concat())
}

fn change<'a>(document: &'a Value, check: &str) -> &'a Value {
    let findings = document["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["check"] == check);
    found.map_or(&Value::Null, |finding| &finding["change"])
}

const TLS: &str = "tls.protocol.no-legacy";
const SNIFFING: &str = "web.sniffing.off";

#[test]
fn only_what_is_new_or_worse_fails() {
    let folder = folder();
    let null = Value::Null;
    let table: Vec<(&str, Value, Value, Value, Value, i32)> = vec![
        (
            "the same",
            seen(),
            seen(),
            json!("unchanged"),
            json!("unchanged"),
            0,
        ),
        (
            "a page more",
            seen(),
            worse(),
            json!("unchanged"),
            json!("new"),
            1,
        ),
        (
            "a version less",
            seen(),
            better(),
            json!("unchanged"),
            json!("unchanged"),
            0,
        ),
        (
            "all is new",
            mended(),
            seen(),
            json!("regression"),
            json!("regression"),
            1,
        ),
        (
            "all is mended",
            seen(),
            mended(),
            null.clone(),
            null.clone(),
            0,
        ),
        (
            "pass to open",
            mended(),
            silent(),
            json!("regression"),
            null.clone(),
            1,
        ),
        (
            "open to open",
            silent(),
            silent(),
            json!("unchanged"),
            null.clone(),
            0,
        ),
        (
            "open to fail",
            silent(),
            seen(),
            json!("new"),
            json!("regression"),
            1,
        ),
        (
            "fail to open",
            seen(),
            open_endpoint(mended()),
            json!("unchanged"),
            null.clone(),
            0,
        ),
    ];
    for (case, old, new, tls, sniffing, exit) in table {
        write_run(&folder.path().join("old.jsonl"), &[old], &[]);
        write_run(&folder.path().join("new.jsonl"), &[new], &[]);
        let arguments = ["judge", "old.jsonl", "--format", "json", "-o", "old.json"];
        program(folder.path(), &arguments);
        for against in ["old.jsonl", "old.json"] {
            let document = document(folder.path(), &["new.jsonl", "--against", against]);
            assert_eq!(document["gate"]["exit"], exit, "{case}, {against}");
            assert_eq!(*change(&document, TLS), tls, "{case}");
            assert_eq!(*change(&document, SNIFFING), sniffing, "{case}");
        }
    }
}

#[test]
fn an_instance_that_moves_is_the_same_and_its_addresses_are_told() {
    let folder = folder();
    write_run(&folder.path().join("old.jsonl"), &[seen()], &[]);
    write_run(&folder.path().join("new.jsonl"), &[better()], &[]);
    let document = document(folder.path(), &["new.jsonl", "--against", "old.jsonl"]);
    let instance = &document["findings"][0]["instances"][0];
    assert_eq!(instance["change"], "unchanged");
    assert_eq!(instance["addresses"], json!(["192.0.2.1"]));
    assert_eq!(
        instance["addresses_before"],
        json!(["192.0.2.1", "192.0.2.2"])
    );
    let (_, out, _) = program(folder.path(), &["diff", "old.jsonl", "new.jsonl"]);
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(out.contains("before at 192.0.2.1 192.0.2.2"), "{out}");
    assert!(out.contains("gone: TLS1.1"), "{out}");
}

/// What cannot be compared counts as if there was no earlier result.
#[test]
fn what_cannot_be_compared_is_never_known() {
    let folder = folder();
    let with = |at: &str, value: Value| {
        let mut observation = seen();
        *observation.pointer_mut(at).unwrap() = value;
        observation
    };
    let mut other = seen();
    other["target"]["name"] = json!("results.example.gov");
    let table: Vec<(&str, Vec<Value>, &[&str], &str)> = vec![
        (
            "level",
            vec![with("/conditions/level", json!("passive")), other.clone()],
            &[],
            "level",
        ),
        (
            "page cap",
            vec![with("/conditions/page_cap", json!(3)), other.clone()],
            &[],
            "page_cap",
        ),
        ("added", vec![other.clone()], &[], "target_added"),
        (
            "not seen",
            vec![other.clone()],
            &["vote.example.gov"],
            "not_observed_before",
        ),
    ];
    write_run(
        &folder.path().join("new.jsonl"),
        &[seen(), other.clone()],
        &[],
    );
    for (case, old, missing, reason) in table {
        write_run(&folder.path().join("old.jsonl"), &old, missing);
        let document = document(folder.path(), &["new.jsonl", "--against", "old.jsonl"]);
        assert_eq!(document["gate"]["exit"], 1, "{case}");
        let against = &document["against"];
        assert_eq!(against["unchanged"], 2, "{case}: the other target");
        assert_eq!(against["not_comparable"], 2, "{case}");
        assert_eq!(against["not_compared"][0]["reason"], reason, "{case}");
    }
    // Another digest: the same check with other parameters.
    write_run(&folder.path().join("old.jsonl"), &[seen()], &[]);
    write_run(&folder.path().join("new.jsonl"), &[seen()], &[]);
    program(
        folder.path(),
        &["judge", "old.jsonl", "--format", "json", "-o", "old.json"],
    );
    let strict = PROFILE.replace(
        "{ id: tls.protocol.no-legacy }",
        "{ id: tls.protocol.no-legacy, params: { legacy: [TLS1.0] } }",
    );
    fs::write(folder.path().join("mine.yaml"), strict).unwrap();
    let document = document(folder.path(), &["new.jsonl", "--against", "old.json"]);
    assert_eq!(*change(&document, TLS), "not_comparable");
    assert_eq!(*change(&document, SNIFFING), "unchanged");
    assert_eq!(
        document["against"]["not_compared"][0]["reason"],
        "check_digest"
    );
    assert_eq!(document["gate"]["exit"], 1);
}

/// A previous result that is of no use is exit 2, and the same for both sides of a diff.
#[test]
fn results_of_no_use_are_refused() {
    let folder = folder();
    let path = folder.path();
    write_run(&path.join("new.jsonl"), &[seen()], &[]);
    let judged = ["judge", "new.jsonl", "--format", "json", "-o", "new.json"];
    program(path, &judged);
    let whole = fs::read_to_string(path.join("new.json")).unwrap();
    let document: Value = serde_json::from_str(&whole).unwrap();
    let edited = |edit: &dyn Fn(&mut Value)| {
        let mut document = document.clone();
        edit(&mut document);
        document.to_string()
    };
    let run = fs::read_to_string(path.join("new.jsonl")).unwrap();
    let header = run.lines().next().unwrap();
    let table: Vec<(&str, String, &str)> = vec![
        ("empty", String::new(), "is empty"),
        ("no JSON", "hello\n".to_owned(), "is not JSON"),
        (
            "cut off",
            whole[..whole.len() / 2].to_owned(),
            "is not JSON",
        ),
        (
            "another document",
            "{\"schema\":\"x/1\"}".to_owned(),
            "is of schema",
        ),
        (
            "newer",
            whole.replace("findings/1", "findings/2"),
            "findings/2",
        ),
        (
            "header alone",
            format!("{header}\n"),
            "no observation of any target",
        ),
        ("header torn", header[..50].to_owned(), "is not JSON"),
        (
            "torn",
            format!("{header}\n{}", &run[header.len() + 1..run.len() - 9]),
            "no observation",
        ),
        (
            "another organisation",
            edited(&|d| d["organisation"] = json!("Elsewhere")),
            "another organisation",
        ),
        (
            "other targets",
            whole.replace("vote.example.gov", "vote.elsewhere.test"),
            "other targets",
        ),
        (
            "other checks",
            whole
                .replace(TLS, "tls.protocol.mine")
                .replace(SNIFFING, "web.mine"),
            "nothing that can be compared",
        ),
        (
            "findings taken out",
            edited(&|d| d["findings"] = json!([])),
            "no finding says so",
        ),
        (
            "verdicts taken out",
            edited(&|d| d["verdicts"] = json!([])),
            "without its verdict",
        ),
        (
            "a verdict turned",
            edited(&|d| d["verdicts"][0]["verdict"] = json!("pass")),
            "its subjects say otherwise",
        ),
        (
            "unknown key",
            edited(&|d| d["more"] = json!(1)),
            "unknown field",
        ),
    ];
    for (case, text, expected) in table {
        fs::write(path.join("old"), text).unwrap();
        for arguments in [
            &["gate", "new.jsonl", "--against", "old"][..],
            &["diff", "old", "new.jsonl"],
        ] {
            // A diff says of a target that was not observed just that.
            if arguments[0] == "diff" && expected.contains("no observation") {
                continue;
            }
            let (code, out, err) = program(path, arguments);
            assert_eq!(code, 2, "{case} {arguments:?}: {out}{err}");
            assert!(err.contains(expected), "{case} {arguments:?}: {err}");
            assert!(out.is_empty(), "{case}: {out}");
        }
    }
    let (code, _, err) = gate(path, &["--against", "nowhere.jsonl"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("nowhere.jsonl"), "{err}");
}

#[test]
fn an_expired_waiver_takes_back_what_was_known() {
    let folder = folder();
    write_run(&folder.path().join("old.jsonl"), &[seen()], &[]);
    write_run(&folder.path().join("new.jsonl"), &[seen()], &[]);
    let text = format!(
        "waivers:\n  - {{ check: {TLS}, target: vote.example.gov, reason: x, owner: ada, expires: 2026-11-02 }}\n"
    );
    fs::write(folder.path().join("w.yaml"), text).unwrap();
    for (day, exit) in [("2026-11-02", 0), ("2026-11-03", 1)] {
        let (code, out, err) = gate(
            folder.path(),
            &[
                "--against",
                "old.jsonl",
                "--waivers",
                "w.yaml",
                "--gate-date",
                day,
            ],
        );
        assert_eq!(code, exit, "{day}: {out}{err}");
    }
}

/// Exit codes of the gate: nothing that was not seen is ever a pass.
#[test]
fn nothing_unseen_is_ever_a_pass() {
    let folder = folder();
    let mut crashed = mended();
    crashed.as_object_mut().unwrap().remove("tls");
    crashed["gaps"] = json!([{ "at": "/tls", "reason": "internal", "detail": "the probe failed" }]);
    let mut gone = mended();
    gone["tls"]["endpoints"] = json!([]);
    gone["web"]["pages"] = json!([]);
    let none = "id: mine\ntitle: Mine\nentries:\n  - { row: control#TLS-01, level: must, from: 2030-01-01, checks: [{ id: tls.protocol.no-legacy }] }\n";
    let table: Vec<(&str, Vec<Value>, &[&str], &str, i32)> = vec![
        ("in order", vec![mended()], &[], PROFILE, 0),
        ("fails", vec![seen()], &[], PROFILE, 1),
        ("unreachable", vec![], &["vote.example.gov"], PROFILE, 3),
        (
            "one unreachable",
            vec![mended()],
            &["results.example.gov"],
            PROFILE,
            3,
        ),
        ("no target", vec![], &[], PROFILE, 3),
        ("a probe crashed", vec![crashed], &[], PROFILE, 3),
        ("nothing there", vec![gone], &[], PROFILE, 3),
        ("no check applies", vec![mended()], &[], none, 3),
    ];
    for (case, observations, missing, profile, exit) in table {
        fs::write(folder.path().join("mine.yaml"), profile).unwrap();
        write_run(&folder.path().join("new.jsonl"), &observations, missing);
        let all = ["--fail-on", "critical", "--soft", TLS, "--soft", SNIFFING];
        let (code, out, err) = gate(folder.path(), if exit == 3 { &all } else { &[] });
        assert_eq!(code, exit, "{case}: {out}{err}");
        assert!(
            out.starts_with("gate ") && out.lines().count() > 1,
            "{case}: {out}"
        );
        // The document says the same as the run.
        program(
            folder.path(),
            &["judge", "new.jsonl", "--format", "json", "-o", "new.json"],
        );
        let (code, out, err) = program(folder.path(), &["gate", "new.json"]);
        assert_eq!(code, exit, "{case}, saved: {out}{err}");
    }
}

#[test]
fn a_diff_never_takes_the_unseen_for_mended() {
    let folder = folder();
    let path = folder.path();
    let mut pageless = seen();
    pageless["web"]["pages"] = json!([]);
    let table: Vec<(&str, Value, Option<Value>, [u64; 5])> = vec![
        // new, fixed, unchanged, no longer observable, still met
        ("the same", seen(), Some(seen()), [0, 0, 2, 0, 0]),
        ("mended", seen(), Some(mended()), [0, 2, 0, 0, 0]),
        ("broken", mended(), Some(seen()), [2, 0, 0, 0, 0]),
        ("in order", mended(), Some(mended()), [0, 0, 0, 0, 2]),
        (
            "silent",
            seen(),
            Some(open_endpoint(mended())),
            [0, 1, 0, 1, 0],
        ),
        (
            "pass, then silent",
            mended(),
            Some(silent()),
            [0, 0, 0, 1, 1],
        ),
        (
            "the pages are gone",
            seen(),
            Some(pageless),
            [0, 0, 1, 1, 0],
        ),
        ("the target is gone", seen(), None, [0, 0, 0, 2, 0]),
        ("a pass is gone", mended(), None, [0, 0, 0, 2, 0]),
    ];
    for (case, old, new, counts) in table {
        write_run(&path.join("old.jsonl"), &[old], &[]);
        match new {
            Some(new) => write_run(&path.join("new.jsonl"), &[new], &[]),
            None => write_run(&path.join("new.jsonl"), &[], &["vote.example.gov"]),
        }
        let (code, out, err) = program(
            path,
            &["diff", "old.jsonl", "new.jsonl", "--format", "json"],
        );
        assert_eq!(code, 0, "{case}: {err}");
        let diff: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(diff["schema"], "scrutineer.diff/1");
        let found = [
            "new",
            "fixed",
            "unchanged",
            "no_longer_observable",
            "still_pass",
        ]
        .map(|key| diff["counts"][key].as_u64().unwrap());
        assert_eq!(found, counts, "{case}: {out}");
        let schema = program_schema(path);
        assert!(jsonschema::is_valid(&schema, &diff), "{case}");
        for format in ["table", "markdown"] {
            let (code, out, _) = program(
                path,
                &["diff", "old.jsonl", "new.jsonl", "--format", format],
            );
            assert_eq!(code, 0, "{case}");
            let fixed = out.contains("Fixed");
            assert_eq!(fixed, counts[1] > 0, "{case}: {out}");
        }
    }
}

fn program_schema(folder: &Path) -> Value {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .args(["schema", "diff"])
        .current_dir(folder)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn hostile_names_in_an_earlier_result_are_cleaned() {
    let folder = folder();
    write_run(&folder.path().join("new.jsonl"), &[seen()], &[]);
    let mut other = seen();
    other["target"]["name"] = json!("x\u{1b}[31m<script>.example.gov");
    write_run(&folder.path().join("old.jsonl"), &[seen(), other], &[]);
    assert!(office()["target"].is_object());
    for arguments in [
        &["gate", "new.jsonl", "--against", "old.jsonl"][..],
        &["diff", "old.jsonl", "new.jsonl"],
        &["diff", "old.jsonl", "new.jsonl", "--format", "markdown"],
    ] {
        let (_, out, err) = program(folder.path(), arguments);
        assert!(
            !out.contains('\u{1b}') && !err.contains('\u{1b}'),
            "{arguments:?}: {out}"
        );
        assert!(out.contains("script"), "{arguments:?}: {out}{err}");
        if arguments.contains(&"markdown") {
            assert!(!out.contains("<script>"), "{out}");
        }
    }
}
