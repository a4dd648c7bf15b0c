//! One run under several profiles, side by side.

use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};
use unicode_width::UnicodeWidthStr;

use crate::common;
use crate::whole::golden;

const THREE: [&str; 3] = ["test-au", "test-us", "test-nl"];

/// The office, with the facts by which checks know that there is TLS and a zone.
fn office() -> Value {
    let mut observation = common::office();
    observation["dns"]["exists"] = json!(true);
    for endpoint in observation["tls"]["endpoints"].as_array_mut().unwrap() {
        endpoint["speaks_tls"] = json!(true);
    }
    observation
}

/// Judges `run.jsonl` of a folder under these profiles.
fn judge(folder: &Path, profiles: &[&str], more: &[&str]) -> Output {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/judge/profiles");
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrutineer"));
    command
        .args(["judge", "run.jsonl", "--profiles", data])
        .current_dir(folder)
        .env_remove("COLUMNS");
    for profile in profiles {
        command.args(["--profile", profile]);
    }
    command.args(more).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// An office that accepts these versions of TLS at every address.
fn with_versions(name: &str, versions: &[&str]) -> Value {
    let mut observation = office();
    observation["target"]["name"] = json!(name);
    let versions: Vec<Value> = versions
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    for endpoint in observation["tls"]["endpoints"].as_array_mut().unwrap() {
        endpoint["versions"] = json!(versions);
    }
    observation
}

/// Writes a run of these observations that names `missing` targets too.
fn write(folder: &Path, organisation: &str, observations: &[Value], missing: &[&str]) {
    let mut targets: Vec<Value> = observations
        .iter()
        .map(|observation| observation["target"].clone())
        .collect();
    for name in missing {
        let mut target = office()["target"].clone();
        target["name"] = json!(name);
        targets.push(target);
    }
    let header = json!({
        "schema": "scrutineer.run/1",
        "tool": "scrutineer 0.1.0",
        "started_at": "2026-11-03T07:59:00Z",
        "organisation": organisation,
        "conditions": office()["conditions"],
        "targets": targets,
        "tables": {},
        "tlp": "TLP:AMBER+STRICT",
    });
    let mut text = format!("{header}\n");
    for observation in observations {
        text.push_str(&format!("{observation}\n"));
    }
    std::fs::write(folder.join("run.jsonl"), text).unwrap();
}

/// The office as it stands, and one that accepts current versions only.
fn two(folder: &Path) {
    let current = with_versions("results.example.gov", &["TLS1.2", "TLS1.3"]);
    write(
        folder,
        "Example County Elections",
        &[office(), current],
        &[],
    );
}

/// How a control stands under a profile, as `obligation standing relation`.
fn cell(matrix: &Value, profile: &str, control: &str) -> Vec<String> {
    let of = |list: &Value, key: &str, wanted: &str| {
        let items = list.as_array().unwrap();
        items.iter().find(|item| item[key] == wanted).cloned()
    };
    let profiles = matrix["profiles"].as_array().unwrap();
    let profile = profiles
        .iter()
        .find(|known| known["profile"]["id"] == profile)
        .unwrap();
    let Some(cell) = of(&profile["controls"], "id", control) else {
        return Vec::new();
    };
    let demands = cell["demands"].as_array().unwrap();
    demands
        .iter()
        .map(|demand| {
            let words = ["obligation", "standing", "relation"].map(|key| &demand[key]);
            words
                .into_iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

#[test]
fn the_matrix_at_two_widths() {
    let folder = tempfile::tempdir().unwrap();
    two(folder.path());
    for width in [100, 60] {
        let output = {
            let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/judge/profiles");
            Command::new(env!("CARGO_BIN_EXE_scrutineer"))
                .args(["judge", "run.jsonl", "--profiles", data])
                .args(THREE.iter().flat_map(|profile| ["--profile", profile]))
                .current_dir(folder.path())
                .env("COLUMNS", width.to_string())
                .output()
                .unwrap()
        };
        let text = stdout(&output);
        assert!(text.lines().all(|line| line.width() <= width), "{text}");
        assert!(!text.contains('\u{1b}'), "no colour in a pipe");
        golden(&format!("matrix-{width}.txt"), &text);
    }
}

#[test]
fn nothing_but_the_words_tells_how_a_cell_stands() {
    let folder = tempfile::tempdir().unwrap();
    two(folder.path());
    let text = stdout(&judge(folder.path(), &THREE, &[]));
    let (cells, below) = text.split_once("Targets that meet").unwrap();
    for words in [
        "must NOT MET",
        "must met",
        "should not met",
        "must n/a",
        " -",
    ] {
        assert!(cells.contains(words), "{words:?} is not in\n{cells}");
    }
    for words in [
        "No configuration satisfies both: test-au allows only TLS1.3, and test-us requires TLS1.2.",
        "A server that offers TLS 1.2 and 1.3 fails Australia",
        "test-au, ISM-1139 (must; au-ism#ism-1139)",
        "see D-01 above",
        "all of them (exit 1)",
    ] {
        let flowing = below.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flowing.contains(words), "{words:?} is not in\n{below}");
    }
}

#[test]
fn the_document_is_stable_and_true_to_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    two(folder.path());
    let first = judge(folder.path(), &THREE, &["--format", "json"]);
    let again = judge(folder.path(), &THREE, &["--format", "json"]);
    assert_eq!(stdout(&first), stdout(&again));
    let matrix = document(&first);
    assert_eq!(matrix["schema"], "scrutineer.matrix/1");
    let schema = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .args(["schema", "matrix"])
        .output()
        .unwrap();
    let schema = document(&schema);
    assert_eq!(schema["$id"], "scrutineer.matrix/1");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&matrix)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");

    // Each profile says there what it says alone.
    for (number, profile) in THREE.iter().enumerate() {
        let alone = document(&judge(folder.path(), &[profile], &["--format", "json"]));
        let beside = &matrix["profiles"][number];
        assert_eq!(beside["profile"], alone["profile"]);
        assert_eq!(beside["gate"], alone["gate"]);
        let digests = |document: &Value| -> Vec<Value> {
            let requirements = document["requirements"].as_array().unwrap();
            requirements
                .iter()
                .map(|one| one["digest"].clone())
                .collect()
        };
        assert_eq!(digests(beside), digests(&alone));
        let words = |verdict: &Value| match verdict.as_str().unwrap() {
            "pass" | "met" => "met",
            "fail" | "not_met" => "not met",
            "inconclusive" | "open" | "not_asked" => "open",
            _ => "not applicable",
        };
        for (one, other) in beside["requirements"]
            .as_array()
            .unwrap()
            .iter()
            .zip(alone["requirements"].as_array().unwrap())
        {
            assert_eq!(words(&one["standing"]), words(&other["verdict"]), "{one}");
        }
    }
    assert_eq!(first.status.code(), Some(1));
    assert_eq!(matrix["exit"], 1);
}

#[test]
fn no_server_satisfies_australia_and_the_united_states_before_2030() {
    let folder = tempfile::tempdir().unwrap();
    let both = with_versions("both.example.gov", &["TLS1.2", "TLS1.3"]);
    let latest = with_versions("latest.example.gov", &["TLS1.3"]);
    write(folder.path(), "Example", &[both, latest], &[]);
    let read = |more: &[&str]| {
        let all = [&["--format", "json"], more].concat();
        document(&judge(folder.path(), &THREE, &all))
    };
    let now = read(&[]);
    let by_target = |profile: usize, control: &str| -> Vec<Value> {
        let targets = now["profiles"][profile]["by_target"].as_array().unwrap();
        targets
            .iter()
            .map(|target| target["must"][control].clone())
            .collect()
    };
    // Australia wants the latest version alone, the United States 1.2 beside it.
    assert_eq!(by_target(0, "TLS-01"), ["not_met", "met"]);
    assert_eq!(by_target(1, "TLS-03"), ["met", "not_met"]);
    assert_eq!(by_target(2, "TLS-01"), ["met", "met"]);
    let kinds = |matrix: &Value| -> Vec<(Value, Value)> {
        let points = matrix["points"].as_array().unwrap();
        points
            .iter()
            .map(|point| (point["id"].clone(), point["kind"].clone()))
            .collect()
    };
    assert_eq!(kinds(&now)[0], (json!("D-01"), json!("contradict")));

    // From 2030 on the test profile no longer asks for TLS 1.2, and DNSSEC has begun.
    let later = read(&["--at", "2030-01-01"]);
    assert_eq!(
        cell(&later, "test-us", "TLS-03"),
        ["must not_applicable equal"]
    );
    assert_eq!(cell(&now, "test-us", "TLS-03"), ["must not_met equal"]);
    assert!(kinds(&later).iter().all(|(_, kind)| kind != "contradict"));
    let reason = |matrix: &Value, profile: usize, row: usize| {
        matrix["profiles"][profile]["requirements"][row]["reason"].clone()
    };
    assert_eq!(reason(&later, 1, 0), "ended");
    assert_eq!(reason(&now, 1, 0), Value::Null);
    assert_eq!(reason(&now, 2, 3), "not_yet");
    assert_eq!(reason(&later, 2, 3), Value::Null);
}

#[test]
fn relations_to_the_control_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    two(folder.path());
    let matrix = document(&judge(folder.path(), &THREE, &["--format", "json"]));
    let table: [(&str, &str, &[&str]); 8] = [
        ("test-au", "TLS-01", &["must not_met stricter"]),
        // The crosswalk alone maps the Australian row to this control.
        ("test-au", "TLS-03", &["must not_met conflict"]),
        ("test-us", "TLS-01", &["should not_met looser"]),
        ("test-nl", "TLS-01", &["must not_met equal"]),
        // The Dutch row forbids TLS 1.0 too: that it fails tells nothing of SSL or TLS 1.3.
        ("test-nl", "TLS-04", &["must untold stricter"]),
        ("test-nl", "TLS-02", &["must untold partial"]),
        ("test-us", "WEB-01", &[]),
        ("test-nl", "DNS-05", &["must not_applicable"]),
    ];
    for (profile, control, expected) in table {
        assert_eq!(
            cell(&matrix, profile, control),
            expected,
            "{profile} {control}"
        );
    }
}

#[test]
fn open_and_not_asked_and_not_there_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut mail = office();
    mail["target"]["roles"] = json!(["website", "mail-domain"]);
    write(folder.path(), "Example", std::slice::from_ref(&mail), &[]);
    let two = ["test-au", "test-us"];
    let seen = document(&judge(folder.path(), &two, &["--format", "json"]));
    assert_eq!(cell(&seen, "test-au", "MAIL-10"), ["must not_asked equal"]);
    // A target that nobody reached leaves open what its roles ask for.
    write(folder.path(), "Example", &[], &["vote.example.gov"]);
    let output = judge(folder.path(), &two, &["--format", "json"]);
    let unreached = document(&output);
    assert_eq!(cell(&unreached, "test-us", "TLS-03"), ["must open equal"]);
    assert_eq!(
        cell(&unreached, "test-au", "MAIL-10"),
        ["must not_applicable equal"]
    );
    assert_eq!(unreached["profiles"][0]["targets"]["open"], 1);
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn many_profiles_and_hostile_words_keep_the_layout() {
    let folder = tempfile::tempdir().unwrap();
    let evil = "\u{1b}]0;owned\u{7}\u{202e}gpj\u{9b}2J 선거管理委員会 ".repeat(40);
    write(folder.path(), &evil, &[office()], &[]);
    let profiles = folder.path().join("profiles");
    std::fs::create_dir(&profiles).unwrap();
    let mut ids = Vec::new();
    for number in 0..150 {
        let id = format!("a-very-long-name-of-a-profile-without-any-sense-{number}");
        let text = format!(
            "id: {id}\ntitle: \"\\e[31m{id}\"\nentries:\n  - {{ row: \"au-ism#ism-1139\", level: must, checks: [{{ id: tls.protocol.no-legacy }}] }}\n"
        );
        std::fs::write(profiles.join(format!("{id}.yaml")), text).unwrap();
        ids.push(id);
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrutineer"));
    command
        .args(["judge", "run.jsonl", "--profiles", "profiles"])
        .args(ids.iter().flat_map(|id| ["--profile", id]))
        .current_dir(folder.path())
        .env("COLUMNS", "60");
    let output = command.output().unwrap();
    let text = stdout(&output);
    assert!(text.contains("profiles 149 to 150 of 150"), "{text}");
    for line in text.lines() {
        assert!(line.width() <= 60, "{} columns: {line:?}", line.width());
        assert!(
            !line.chars().any(|c| c.is_control() || c == '\u{202e}'),
            "{line:?}"
        );
    }
}

#[test]
fn details_show_each_profile_below_the_matrix() {
    let folder = tempfile::tempdir().unwrap();
    two(folder.path());
    let short = stdout(&judge(folder.path(), &THREE, &[]));
    let long = stdout(&judge(folder.path(), &THREE, &["--details"]));
    assert!(long.starts_with(&short));
    for title in ["Rows of Australia", "Rows of the Netherlands"] {
        assert!(!short.contains(title));
        assert!(long.contains(title));
    }
    let wrong = judge(folder.path(), &THREE, &["--details", "--format", "json"]);
    assert_eq!(wrong.status.code(), Some(2));
}
