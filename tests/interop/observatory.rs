//! The score that we compute out of our facts against that of the MDN HTTP Observatory itself, whose npm
//! package scans the same servers.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::support::{left_out, program};

/// Results that differ for a reason that docs/web-agreement.md gives: test, ours, theirs.
/// An empty text stands for any result.
const EXPLAINED: &[(&str, &str, &str)] = &[(
    "cross-origin-resource-sharing",
    "",
    "cross-origin-resource-sharing-not-implemented",
)];

/// The servers of one kind, and what we said of their sites.
pub struct Stand<'a> {
    pub kind: &'static str,
    pub folder: &'a Path,
    pub root: &'a Path,
    pub http: u16,
    pub https: u16,
    pub names: Vec<String>,
    pub findings: &'a Value,
}

/// What differs and is not explained, as lines. Says loudly when the package is not there.
pub fn compare(stand: &Stand<'_>) -> String {
    let what = "the score against the MDN HTTP Observatory";
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/validators/observatory");
    let Some(node) = program("node", "nodejs", what) else {
        return String::new();
    };
    if !package
        .join("node_modules/@mdn/mdn-http-observatory")
        .is_dir()
    {
        left_out(what, "`bash tests/reports/validators` installs it from npm");
        return String::new();
    }
    let names = stand.folder.join("names.json");
    fs::write(&names, json!(stand.names).to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/observatory.mjs");
    let output = Command::new(node)
        .env("NODE_EXTRA_CA_CERTS", stand.root)
        .arg(script)
        .arg(&package)
        .args([stand.http.to_string(), stand.https.to_string()])
        .arg(&names)
        .output()
        .unwrap();
    let theirs: BTreeMap<String, Value> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let (mut same, mut explained, mut wrong) = (0usize, 0usize, String::new());
    for target in stand.findings["targets"].as_array().unwrap() {
        let name = target["key"].as_str().unwrap();
        let Some(theirs) = theirs.get(name) else {
            continue;
        };
        let ours = &target["observatory"];
        let Some(results) = theirs["results"].as_object() else {
            if ours["score"].is_null() {
                same += 1;
            } else {
                let _ = writeln!(
                    wrong,
                    "{} {name}: we have a score, they say {theirs}",
                    stand.kind
                );
            }
            continue;
        };
        let mut all_same = true;
        for test in ours["tests"].as_array().unwrap() {
            let key = test["test"].as_str().unwrap();
            let (own, other) = (&test["result"], &results[key]);
            if own == other {
                same += 1;
                continue;
            }
            all_same = false;
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (own, other) = (text(own), text(other));
            let fits = |(name, ours, theirs): &&(&str, &str, &str)| {
                *name == key
                    && (ours.is_empty() || *ours == own)
                    && (theirs.is_empty() || *theirs == other)
            };
            if EXPLAINED.iter().any(|row| fits(&row)) {
                explained += 1;
            } else {
                let why = &test["not_computed"];
                let _ = writeln!(
                    wrong,
                    "{} {name}: {key}: we say {own:?} ({why}), they say {other:?}",
                    stand.kind
                );
            }
        }
        if all_same && (ours["score"] != theirs["score"] || ours["grade"] != theirs["grade"]) {
            let _ = writeln!(
                wrong,
                "{} {name}: same results, and {} {} against {} {}",
                stand.kind, ours["score"], ours["grade"], theirs["score"], theirs["grade"]
            );
        }
    }
    assert!(
        same > 20 * explained,
        "{}: only {same} results are the same, {explained} differ and are explained",
        stand.kind
    );
    assert!(same > 0, "nothing was compared");
    wrong
}
