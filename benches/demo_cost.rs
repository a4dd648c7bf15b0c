//! What a scan of the demo estate costs each target, counted: connections, DNS
//! queries and bytes. No times: machines are noisy.
//!
//! `cargo bench --bench demo_cost` prints a line for each target.

#![allow(clippy::print_stdout)]

use serde_json::Value;
use std::{fs, process::Command};

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let status = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .args(["demo", "--quiet", "--out"])
        .arg(folder.path())
        .output()
        .expect("the program starts")
        .status;
    assert!(status.success(), "the demo failed: {status}");
    let text = fs::read_to_string(folder.path().join("findings.json")).expect("it left findings");
    let findings: Value = serde_json::from_str(&text).expect("findings are JSON");
    println!(
        "{:<32} {:>11} {:>7} {:>9} {:>9}",
        "target", "connections", "queries", "sent", "received"
    );
    let targets = findings["targets"]
        .as_array()
        .expect("findings list targets");
    for target in targets.iter().chain([&Value::Null]) {
        let (name, cost) = match target["key"].as_str() {
            Some(key) => (key, &target["cost"]),
            None => ("all", &findings["cost"]),
        };
        println!(
            "{name:<32} {:>11} {:>7} {:>9} {:>9}",
            cost["connections"], cost["queries"], cost["bytes_sent"], cost["bytes_received"]
        );
    }
}
