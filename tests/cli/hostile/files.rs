//! Files made to stall, flood and crash.

use serde_json::{Value, json};
use std::{fs, path::Path, time::Duration};

use super::harness::{Ended, unsafe_in, watch};
use crate::support::scrutineer;

/// Most memory that reading any of these files may take, in KiB.
const MEMORY_MAX: u64 = 200 * 1024;

/// How long judging may take on a machine with much else to do; alone it takes a second.
const PATIENCE: Duration = Duration::from_secs(60);

fn conditions() -> Value {
    json!({ "level": "standard", "areas": ["dns", "tls", "web", "mail"], "page_cap": 10, "resolver": "127.0.0.1:53", "staged": false })
}

fn target() -> Value {
    json!({ "name": "v.example", "roles": ["website", "mail-domain", "dns-zone"], "pins": {} })
}

fn header() -> Value {
    json!({
        "schema": "scrutineer.run/1", "tool": "t", "started_at": "2026-11-01T00:00:00Z", "conditions": conditions(),
        "targets": [target()], "tables": {}, "tlp": "TLP:AMBER+STRICT"
    })
}

fn observation() -> Value {
    json!({
        "schema": "scrutineer.observation/1", "target": target(), "observed_at": "2026-11-01T00:00:00Z",
        "conditions": conditions(), "fact_versions": { "dns": 3, "tls": 2, "web": 3, "mail": 2 },
        "gaps": [], "evidence": [],
        "cost": { "connections": 0, "queries": 0, "bytes_sent": 0, "bytes_received": 0, "milliseconds": 0 },
        "dns": { "name": "v.example", "exists": true, "caa": null, "ns": [] },
        "mail": { "domain": "v.example" }
    })
}

/// Judges a run of a header and one line, and checks what any run must keep to.
fn judge(folder: &Path, what: &str, line: &str) -> Ended {
    let run = folder.join("run.jsonl");
    fs::write(&run, format!("{}\n{line}\n", header())).unwrap();
    let ended = watch(scrutineer().arg("judge").arg(&run), folder, PATIENCE);
    let said = format!("{}{}", ended.out, ended.err);
    let head: String = said.chars().take(600).collect();
    assert!(ended.code.is_some(), "{what}: does not end");
    assert!(ended.peak < MEMORY_MAX, "{what}: {} KiB", ended.peak);
    assert!(!said.contains("panicked"), "{what}: {head}");
    assert!(
        !said.contains("cannot judge"),
        "{what}: blames a check: {head}"
    );
    assert_eq!(unsafe_in(&said), None, "{what}");
    assert!(
        ended.err.len() < 10_000,
        "{what}: a message of {} bytes",
        ended.err.len()
    );
    if ended.code == Some(2) {
        assert!(
            ended.err.contains("run.jsonl:2: "),
            "{what}: no place: {head}"
        );
        assert_eq!(ended.err.lines().count(), 1, "{what}: {head}");
        assert!(
            ended.out.is_empty(),
            "{what}: a result beside an error: {head}"
        );
    }
    ended
}

#[test]
fn hostile_runs_are_refused_at_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let good = observation().to_string();
    let with = |at: &str, value: &str| good.replacen(at, value, 1);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let ns = "\"ns\":[]";
    assert!(good.contains(ns) && good.contains("\"queries\":0"));
    let cases: Vec<(&str, String, &str)> = vec![
        (
            "a line of 40 MB",
            format!("\"{}\"", "x".repeat(40 << 20)),
            "longer than 32 MiB",
        ),
        (
            "a text of 20 MB for a list",
            with(ns, &format!("\"ns\":\"{}\"", "x".repeat(20 << 20))),
            "ns",
        ),
        ("deep nesting alone", deep.clone(), "schema"),
        (
            "deep nesting in facts",
            with(ns, &format!("\"ns\":{deep}")),
            "recursion",
        ),
        (
            "deep nesting in an unknown key",
            with("\"gaps\"", &format!("\"x\":{deep},\"gaps\"")),
            "recursion",
        ),
        (
            "a number beyond all",
            with("\"queries\":0", "\"queries\":1e999"),
            "number",
        ),
        (
            "a number beyond 64 bits",
            with("\"queries\":0", "\"queries\":99999999999999999999"),
            "u64",
        ),
        (
            "a negative number",
            with("\"queries\":0", "\"queries\":-1"),
            "-1",
        ),
        (
            "a key twice",
            with("\"gaps\":[]", "\"gaps\":[],\"gaps\":[]"),
            "gaps",
        ),
        (
            "an area twice",
            with(
                "\"gaps\":[]",
                "\"dns\":{\"name\":\"v.example\"},\"gaps\":[]",
            ),
            "dns",
        ),
        ("a fact twice", with(ns, "\"ns\":[],\"ns\":[]"), "ns"),
        (
            "an escape in a key",
            with(ns, "\"n\\u001b[31m\\u202e\":1,\"ns\":[]"),
            "unknown field",
        ),
        (
            "facts that are a number",
            with("\"mail\":{", "\"web\":5,\"mail\":{"),
            "web",
        ),
        (
            "facts that are null",
            with("\"mail\":{", "\"web\":null,\"mail\":{"),
            "web",
        ),
        ("NUL bytes", "\0".repeat(1 << 20), "JSON"),
        ("not UTF-8 for long", "\"\u{fffd}".repeat(100_000), "schema"),
        (
            "a gap that is a text",
            with("\"gaps\":[]", "\"gaps\":[\"/dns\"]"),
            "Gap",
        ),
        (
            "a reason that is none",
            with(
                "\"gaps\":[]",
                "\"gaps\":[{\"at\":\"/dns\",\"reason\":\"tired\"}]",
            ),
            "tired",
        ),
    ];
    for (what, line, word) in cases {
        let ended = judge(folder.path(), what, &line);
        let head: String = ended.err.chars().take(400).collect();
        assert_eq!(ended.code, Some(2), "{what}: {head}");
        assert!(ended.err.contains(word), "{what}: {head}");
    }
}

#[test]
fn nonsense_that_breaks_no_rule_opens_and_never_passes() {
    let folder = tempfile::tempdir().unwrap();
    let gap =
        |at: String| json!({ "at": at, "reason": "timeout", "detail": "x\u{1b}[31m\u{202e}" });
    let nonsense = [
        "",
        "/",
        "//",
        "-",
        "/-",
        "dns",
        "/dns/ns/-/-",
        "/dns/~",
        "/dns/~9",
        "/dns/ns/99999999999999999999",
        "/dns/ns/01",
        "/dns/ns/-1",
        "/\u{1b}[31m",
        "/dns/\u{202e}",
        "/target",
        "/gaps/0",
        "/schema",
    ];
    let many = (0..20_000).map(|n| gap(format!("/dns/ns/{n}"))).collect();
    let long = vec![gap("/dns".to_owned() + &"/x".repeat(50_000))];
    let lists: Vec<Vec<Value>> = nonsense
        .iter()
        .map(|at| vec![gap((*at).to_owned())])
        .chain([many, long])
        .collect();
    for gaps in lists {
        let mut line = observation();
        let what = format!(
            "{} gaps, the first {:.60}",
            gaps.len(),
            gaps[0]["at"].to_string()
        );
        line["gaps"] = gaps.into();
        let ended = judge(folder.path(), &what, &line.to_string());
        assert!(
            matches!(ended.code, Some(1..=3)),
            "{what}: {:?}",
            ended.code
        );
    }
    let mut line = observation();
    line["cost"]["bytes_received"] = json!(u64::MAX);
    line["cost"]["queries"] = json!((1_u64 << 53) + 1);
    let ended = judge(folder.path(), "great costs", &line.to_string());
    assert!(
        matches!(ended.code, Some(1 | 3)),
        "{:?} {}",
        ended.code,
        ended.err
    );
}

/// Every fact of a real observation, in place of which something of another type is put.
#[test]
fn facts_of_other_types_are_refused_or_judged() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let ended = watch(
        scrutineer().args(["demo", "--out"]).arg(&demo),
        folder.path(),
        Duration::from_secs(60),
    );
    let run = fs::read_dir(&demo)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .unwrap_or_else(|| panic!("no run: {}", ended.err));
    let text = fs::read_to_string(run).unwrap();
    let mut lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut header = lines.next().unwrap();
    let observation = lines.max_by_key(|line| line.to_string().len()).unwrap();
    header["targets"] = json!([observation["target"]]);

    let mut places = Vec::new();
    for area in ["dns", "tls", "web", "mail"] {
        pointers(&observation[area], &format!("/{area}"), &mut places);
    }
    assert!(places.len() > 300, "{} places", places.len());
    // One of many for each run of the program; which, differs from type to type.
    let others = [
        json!(5),
        json!("x"),
        json!([]),
        json!({}),
        json!(true),
        json!([[1]]),
        json!(1e300),
        json!(-1),
        Value::Null,
    ];
    let path = folder.path().join("run.jsonl");
    let step = places.len() / 3;
    for (number, other) in others.iter().enumerate() {
        for at in places.iter().skip(number * 7 % step).step_by(step) {
            let mut changed = observation.clone();
            *changed.pointer_mut(at).unwrap() = other.clone();
            fs::write(&path, format!("{header}\n{changed}\n")).unwrap();
            let ended = watch(
                scrutineer().arg("judge").arg(&path),
                folder.path(),
                PATIENCE,
            );
            let head: String = ended.err.chars().take(500).collect();
            let what = format!("{at} = {other}");
            assert!(
                matches!(ended.code, Some(0..=3)),
                "{what}: {:?} {head}",
                ended.code
            );
            assert!(
                !ended.err.contains("panicked") && !ended.err.contains("cannot judge"),
                "{what}: {head}"
            );
            if ended.code == Some(2) {
                assert!(ended.err.contains("run.jsonl:2: "), "{what}: {head}");
            }
        }
    }
}

fn pointers(value: &Value, at: &str, places: &mut Vec<String>) {
    places.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                pointers(inner, &format!("{at}/{key}"), places);
            }
        }
        Value::Array(items) => {
            for (number, inner) in items.iter().enumerate().take(2) {
                pointers(inner, &format!("{at}/{number}"), places);
            }
        }
        _ => {}
    }
}

#[test]
fn an_inventory_of_200_000_targets_is_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "targets:\n".to_owned();
    for number in 0..200_000 {
        text += &format!("  - {{ name: o{number}.example, roles: [website] }}\n");
    }
    let path = folder.path().join("inventory.yaml");
    fs::write(&path, text).unwrap();
    let ended = watch(
        scrutineer().args(["scan", "--dry-run", "-i"]).arg(&path),
        folder.path(),
        Duration::from_secs(60),
    );
    println!(
        "200,000 targets: exit {:?}, {:?}, {} MiB: {:.300}",
        ended.code,
        ended.took,
        ended.peak / 1024,
        ended.err
    );
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
    match ended.code {
        Some(0) => assert!(ended.out.contains("o199999.example"), "targets are missing"),
        Some(2) => assert!(
            ended.err.contains("inventory.yaml") && ended.err.lines().count() < 20,
            "{}",
            ended.err
        ),
        other => panic!("{other:?}"),
    }
    assert!(ended.peak < 1024 * 1024, "{} KiB", ended.peak);
}

#[test]
fn checks_made_to_run_for_ever_are_refused_or_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let nest = |depth: usize| {
        let open: String = (0..depth)
            .map(|n| format!("target.dns.ns.all(x{n}, "))
            .collect();
        format!("{open}true{}", ")".repeat(depth))
    };
    let expressions: Vec<(&str, String)> = vec![
        ("a long sum", format!("{}1 == 1", "1 + ".repeat(20_000))),
        (
            "deep brackets",
            format!("{}true{}", "(".repeat(20_000), ")".repeat(20_000)),
        ),
        (
            "deep lists",
            format!("{}{} == []", "[".repeat(5_000), "]".repeat(5_000)),
        ),
        ("many nots", format!("{}true", "!".repeat(20_000))),
        ("minus signs", format!("{}1 == 1", "-".repeat(20_000))),
        (
            "ternaries",
            format!("{}true", "true ? false : ".repeat(10_000)),
        ),
        ("nested loops", nest(12)),
        ("many loops", nest(40)),
        (
            "a costly pattern",
            "target.dns.name.matches('(a*)*(b*)*(c{1,1000}){1,1000}$')".to_owned(),
        ),
        (
            "a literal of a megabyte",
            format!("target.dns.name == '{}'", "x".repeat(1 << 20)),
        ),
        ("members", format!("target{}", ".dns".repeat(20_000))),
        (
            "calls",
            format!("{}1{} == 1", "size(".repeat(5_000), ")".repeat(5_000)),
        ),
    ];
    let names: String = (0..200)
        .map(|n| format!("{{ name: n{n}.example }}, "))
        .collect();
    for (what, expression) in expressions {
        let checks = folder.path().join(what.replace(' ', "-"));
        fs::create_dir_all(checks.join("dns")).unwrap();
        let check = format!(
            "id: dns.hostile.loop\ncontrol: DNS-01\ntitle: A title of some words\nseverity: low\neffort: low\nfor: target\nrequire: >-\n  {expression}\n\
             message: \"no\"\nrationale: It shows what happens. It means nothing else.\nremediation: {{ text: Do nothing. }}\nreferences: [RFC 1035]\n\
             examples:\n  - name: one\n    given: {{ dns: {{ name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac, ns: [{names}] }} }}\n    expect: pass\n  - name: two\n    given: {{ dns: {{ name: v.example, ns: [] }} }}\n    expect: fail\n"
        );
        fs::write(checks.join("dns/hostile.loop.yaml"), check).unwrap();
        for command in ["lint", "test"] {
            let ended = watch(
                scrutineer().args(["checks", command]).arg(&checks),
                folder.path(),
                Duration::from_secs(30),
            );
            let said = format!("{}{}", ended.out, ended.err);
            let head: String = said.chars().take(900).collect();
            println!(
                "{what}, {command}: exit {:?}, {:?}, {} MiB",
                ended.code,
                ended.took,
                ended.peak / 1024
            );
            assert!(
                ended.code.is_some(),
                "{what}, {command}: ended by a signal or not at all: {head}"
            );
            assert!(
                !said.contains("panicked") && !said.contains("overflow"),
                "{what}, {command}: {head}"
            );
            assert!(
                ended.peak < MEMORY_MAX,
                "{what}, {command}: {} KiB",
                ended.peak
            );
            assert!(
                said.len() < 100_000,
                "{what}, {command}: {} bytes are said",
                said.len()
            );
            assert_eq!(ended.code, Some(2), "{what}, {command}: {head}");
            assert!(
                said.contains("hostile.loop.yaml"),
                "{what}, {command}: {head}"
            );
        }
    }
}
