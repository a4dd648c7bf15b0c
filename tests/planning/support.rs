//! Scans the demo estate and plans with the built program.

use std::{fs, path::Path, process::Command};

use scrutineer::estate::{Estate, Mended};
use scrutineer::model::{finding::Findings, plan::Plan};

/// Limits of the scan. The servers are our own, so that politeness only costs time.
const PACE: [&str; 2] = [
    "--connections-per-address=32",
    "--connections-per-second=1000",
];

/// Runs the program and returns exit code, standard output and standard error.
pub fn scrutineer(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .current_dir(folder)
        .env("COLUMNS", "100")
        .args(arguments)
        .output()
        .unwrap();
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// Scans the estate by `inventory.yaml` of the folder into its `run.jsonl`. Returns
/// the exit code and the findings under the common baseline.
pub fn scan(folder: &Path, mended: &Mended) -> (i32, Findings) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let estate = runtime.block_on(Estate::start_with(mended)).unwrap();
    fs::write(folder.join("root.pem"), estate.root_pem()).unwrap();
    fs::write(folder.join("anchor.ds"), estate.trust_anchor()).unwrap();
    for old in ["run.jsonl", "findings.json"] {
        let _ = fs::remove_file(folder.join(old));
    }
    let resolver = estate.resolver().to_string();
    let mut arguments = vec![
        "scan",
        "--inventory=inventory.yaml",
        "--save=run.jsonl",
        "--output=findings.json",
        "--format=json",
        "--ca-file=root.pem",
        "--trust-anchor=anchor.ds",
        "--quiet",
        "--resolver",
        &resolver,
    ];
    arguments.extend(PACE);
    for rule in estate.connect_rules() {
        arguments.extend(["--connect-to", rule]);
    }
    let (exit, _, said) = scrutineer(folder, &arguments);
    let findings = fs::read(folder.join("findings.json")).expect(&said);
    (exit, serde_json::from_slice(&findings).unwrap())
}

/// The plan for the run of the folder.
pub fn plan(folder: &Path, arguments: &[&str]) -> Plan {
    let mut all = vec!["plan", "run.jsonl", "--format=json"];
    all.extend(arguments);
    let (exit, plan, said) = scrutineer(folder, &all);
    assert_eq!(exit, 0, "{said}");
    serde_json::from_str(&plan).unwrap()
}
