//! Saved results for the tests of the gate: runs of the office, with the built program.

use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

use crate::common::office;

/// Two checks that decide on the office: `tls.protocol.no-legacy` (high), which fails, and
/// `web.sniffing.off`, which fails on one page.
pub const PROFILE: &str = "id: mine
title: Mine
entries:
  - { row: control#TLS-01, level: must, checks: [{ id: tls.protocol.no-legacy }] }
  - { row: control#WEB-03, level: must, checks: [{ id: web.sniffing.off }] }
";

/// A folder with the profile `mine`.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.yaml"), PROFILE).unwrap();
    folder
}

/// The office as both checks see it.
pub fn seen() -> Value {
    let mut observation = office();
    observation["gaps"] = json!([]);
    observation["conditions"]["areas"] = json!(["tls", "web"]);
    for endpoint in observation["tls"]["endpoints"].as_array_mut().unwrap() {
        endpoint["speaks_tls"] = json!(true);
    }
    observation
}

/// The office with everything mended.
pub fn mended() -> Value {
    let mut observation = seen();
    for endpoint in observation["tls"]["endpoints"].as_array_mut().unwrap() {
        endpoint["versions"] = json!([{ "name": "TLS1.3" }]);
    }
    observation["web"]["pages"][1]["nosniff"] = json!(true);
    observation
}

/// The office whose TLS stopped answering, all else mended.
pub fn silent() -> Value {
    let mut observation = mended();
    lose_versions(&mut observation, 0);
    observation
}

/// Takes the versions of an endpoint away.
pub fn lose_versions(observation: &mut Value, endpoint: usize) {
    let at = format!("/tls/endpoints/{endpoint}/versions");
    let endpoint = &mut observation["tls"]["endpoints"][endpoint];
    endpoint.as_object_mut().unwrap().remove("versions");
    let gaps = observation["gaps"].as_array_mut().unwrap();
    gaps.push(json!({ "at": at, "reason": "timeout" }));
}

/// The header of a run over these targets.
pub fn header(targets: &[Value]) -> Value {
    json!({
        "schema": "scrutineer.run/1",
        "tool": "scrutineer 0.1.0",
        "started_at": "2026-11-03T07:59:00Z",
        "organisation": "Example County Elections",
        "conditions": seen()["conditions"],
        "targets": targets,
        "tables": {},
        "tlp": "TLP:AMBER+STRICT",
    })
}

/// Writes a run of observations; `missing` targets are named and not observed.
pub fn write_run(path: &Path, observations: &[Value], missing: &[&str]) {
    let mut targets: Vec<Value> = observations.iter().map(|o| o["target"].clone()).collect();
    for name in missing {
        let mut target = office()["target"].clone();
        target["name"] = json!(name);
        targets.push(target);
    }
    let mut text = format!("{}\n", header(&targets));
    for observation in observations {
        text += &format!("{observation}\n");
    }
    std::fs::write(path, text).unwrap();
}

/// Runs the program in a folder with the profile `mine`.
pub fn program(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .args(arguments)
        .args(["--profiles", "mine.yaml", "--profile", "mine"])
        .current_dir(folder)
        .env("COLUMNS", "100")
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// The findings document of a run.
pub fn document(folder: &Path, arguments: &[&str]) -> Value {
    let all = [&["judge"], arguments, &["--format", "json"]].concat();
    let (_, out, err) = program(folder, &all);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
}
