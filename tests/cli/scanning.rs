//! Scans of local servers, of dead ones, and what is left when one is stopped.

use serde_json::Value;
use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    crowd::Crowd,
    support::{run, run_in, scrutineer},
};

/// Scans one name of the crowd and returns exit code, findings and standard error.
fn scan_crowd(folder: &Path, crowd: &Crowd, more: &[&str]) -> (i32, Value, String) {
    let findings = folder.join("findings.json");
    let output = scrutineer()
        .args(["scan", "office1.crowd.example", "--format", "json", "-o"])
        .arg(&findings)
        .args(crowd.arguments(&folder.join("root.pem")))
        .args(more)
        .output()
        .unwrap();
    let text = fs::read_to_string(&findings).unwrap_or_default();
    (
        output.status.code().unwrap(),
        serde_json::from_str(&text).unwrap_or(Value::Null),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn verdict_of(findings: &Value, check: &str) -> String {
    findings["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|verdict| verdict["check"] == check)
        .map(|verdict| verdict["verdict"].as_str().unwrap().to_owned())
        .unwrap_or_else(|| format!("no verdict of {check}"))
}

#[test]
fn a_dead_host_is_never_a_pass() {
    // A resolver that nobody serves: bound, so that nobody else takes the port, but never read.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let resolver = silent.local_addr().unwrap().to_string();
    let began = Instant::now();
    let (code, out, err) = run(&[
        "scan",
        "vote.example",
        "--resolver",
        &resolver,
        "--deadline",
        "5",
    ]);
    assert_eq!(code, 3, "{out}{err}");
    assert!(out.to_lowercase().contains("not observed"), "{out}");
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn closed_ports_are_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let crowd = Crowd::start();
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut rules = Vec::new();
    for number in 1..=8 {
        for port in [80, 443] {
            rules.push("--connect-to".to_owned());
            rules.push(format!(
                "192.0.2.{number}:{port}:{}:{}",
                closed.ip(),
                closed.port()
            ));
        }
    }
    let (code, out, err) = run(&[
        &[
            "scan",
            "office1.crowd.example",
            "--only",
            "dns,tls,web",
            "--resolver",
            &crowd.resolver.to_string(),
        ],
        rules
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .as_slice(),
    ]
    .concat());
    assert_ne!(
        code, 0,
        "an unreachable website passed the gate: {out}{err}"
    );
    drop(folder);
}

#[test]
fn judging_a_saved_run_twice_gives_the_same_bytes_and_the_verdicts_of_the_scan() {
    let folder = tempfile::tempdir().unwrap();
    let crowd = Crowd::start();
    let saved = folder.path().join("run.jsonl");
    let (_, scanned, err) = scan_crowd(folder.path(), &crowd, &["--save", saved.to_str().unwrap()]);
    assert!(
        scanned["verdicts"]
            .as_array()
            .is_some_and(|list| list.len() > 40),
        "{err}"
    );
    let judge = |name: &str| {
        let (code, out, err) = run_in(
            folder.path(),
            &["judge", "run.jsonl", "--format", "json", "-o", name],
        );
        assert!(code != 2, "{out}{err}");
        fs::read(folder.path().join(name)).unwrap()
    };
    let first = judge("first.json");
    assert!(
        first == judge("second.json"),
        "two judgements of one run differ"
    );
    assert!(
        first == fs::read(folder.path().join("findings.json")).unwrap(),
        "scan and judge differ"
    );
}

#[test]
fn findings_fit_their_published_schema() {
    let folder = tempfile::tempdir().unwrap();
    let crowd = Crowd::start();
    let saved = folder.path().join("run.jsonl");
    let (_, findings, err) =
        scan_crowd(folder.path(), &crowd, &["--save", saved.to_str().unwrap()]);
    let schema = |name: &str| -> jsonschema::Validator {
        let (code, out, err) = run(&["schema", name]);
        assert_eq!(code, 0, "{err}");
        jsonschema::validator_for(&serde_json::from_str(&out).unwrap()).unwrap()
    };
    assert!(findings.is_object(), "{err}");
    let faults: Vec<String> = schema("findings")
        .iter_errors(&findings)
        .map(|e| e.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let text = fs::read_to_string(&saved).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let observation = schema("observation");
    let faults: Vec<String> = observation
        .iter_errors(&lines[1])
        .map(|e| format!("{e} at {}", e.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let faults: Vec<String> = schema("run")
        .iter_errors(&lines[0])
        .map(|e| e.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(!observation.is_valid(&serde_json::json!({ "schema": "scrutineer.observation/1" })));
}

#[test]
fn only_some_areas_leaves_the_others_open() {
    let folder = tempfile::tempdir().unwrap();
    let crowd = Crowd::start();
    let (code, findings, err) = scan_crowd(
        folder.path(),
        &crowd,
        &["--only", "dns", "--fail-on", "critical"],
    );
    assert_eq!(code, 0, "what was not asked decides nothing: {err}");
    assert_eq!(verdict_of(&findings, "web.hsts.one-year"), "inconclusive");
    assert_eq!(findings["cost"]["connections"], 0, "{}", findings["cost"]);
}

#[test]
fn a_new_check_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let crowd = Crowd::start();
    let checks = folder.path().join("checks");
    fs::create_dir_all(checks.join("dns")).unwrap();
    fs::create_dir_all(folder.path().join("profiles")).unwrap();
    let check = r#"id: dns.soa.serial-is-two
control: DNS-01
title: The serial number of the zone is two
severity: low
effort: low
for: target
when: has(subject.dns.soa)
require: subject.dns.soa.serial == params.serial
params:
  serial: { type: int, default: 2 }
message: "the serial number is {{ subject.dns.soa.serial }}"
rationale: It shows that a check is one file. It means nothing else.
remediation: { text: Set the serial number to two. }
references: [RFC 1035 section 3.3.13]
examples:
  - name: two
    given: { dns: { name: v.example, soa: { mname: a.example, rname: b.example, serial: 2, refresh: 1, retry: 1, expire: 1, minimum: 1 } } }
    expect: pass
  - name: one
    given: { dns: { name: v.example, soa: { mname: a.example, rname: b.example, serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 1 } } }
    expect: fail
"#;
    fs::write(checks.join("dns/soa.serial-is-two.yaml"), check).unwrap();
    let profile = "id: mine\ntitle: Mine\nentries:\n  - { row: \"control#DNS-01\", level: must, checks: [{ id: dns.soa.serial-is-two }] }\n";
    fs::write(folder.path().join("profiles/mine.yaml"), profile).unwrap();
    let checks = checks.display().to_string();
    let profiles = folder.path().join("profiles").display().to_string();
    let own = ["--checks", &checks, "--profiles", &profiles];

    let (code, out, err) = run(&[&["checks", "test", &checks], &own[..]].concat());
    assert_eq!(code, 0, "{out}{err}");
    let (_, findings, err) = scan_crowd(
        folder.path(),
        &crowd,
        &[&own[..], &["--profile", "mine"]].concat(),
    );
    assert_eq!(
        verdict_of(&findings, "dns.soa.serial-is-two"),
        "fail",
        "{err}"
    );

    // A broken one points at the very column.
    let broken = check.replace("subject.dns.soa.serial ==", "subject.dns.soa.seriall ==");
    fs::write(
        folder.path().join("checks/dns/soa.serial-is-two.yaml"),
        &broken,
    )
    .unwrap();
    let (code, out, err) = run(&["checks", "lint", &checks]);
    assert_eq!(code, 2, "{out}{err}");
    let err = format!("{out}{err}");
    let line = broken
        .lines()
        .position(|line| line.starts_with("require:"))
        .unwrap()
        + 1;
    let column = broken
        .lines()
        .nth(line - 1)
        .unwrap()
        .find("seriall")
        .unwrap()
        + 1;
    assert!(err.contains(&format!(":{line}:")), "no line {line}: {err}");
    assert!(
        err.contains("serial`") || err.contains("`serial"),
        "no suggestion: {err}"
    );
    let exact = (column - 20..=column).any(|column| err.contains(&format!(":{line}:{column}")));
    assert!(exact, "no column near {column}: {err}");
}

#[test]
fn an_interrupt_keeps_what_was_seen() {
    let folder = tempfile::tempdir().unwrap();
    let crowd = Crowd::start();
    let mut text = "targets:\n".to_owned();
    for number in 0..400 {
        text += &format!("  - {{ name: office{number}.crowd.example, roles: [website] }}\n");
    }
    let inventory = folder.path().join("inventory.yaml");
    fs::write(&inventory, text).unwrap();
    let saved = folder.path().join("run.jsonl");
    let child = scrutineer()
        .args(["scan", "--concurrency", "4", "-i"])
        .arg(&inventory)
        .arg("--save")
        .arg(&saved)
        .args(crowd.arguments(&folder.path().join("root.pem")))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = || {
        fs::read_to_string(&saved)
            .unwrap_or_default()
            .lines()
            .count()
    };
    let began = Instant::now();
    while lines() < 5 {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "nothing is saved"
        );
        thread::sleep(Duration::from_millis(10));
    }
    let interrupt = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupt.success());
    let asked = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(
        asked.elapsed() < Duration::from_secs(30),
        "took {:?} to stop",
        asked.elapsed()
    );
    let err = String::from_utf8_lossy(&output.stderr);
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(err.contains("--resume"), "{err}");
    assert!(out.contains("office"), "what was seen is shown: {out}");
    assert!(
        matches!(output.status.code(), Some(1 | 3)),
        "{:?} {err}",
        output.status
    );
    assert!(lines() >= 5);
}
