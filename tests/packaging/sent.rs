//! The page about what is sent, held against what the demo's servers cost.

use serde_json::Value;
use std::{fs, process::Command};

use crate::support::{SCRUTINEER, Stand, repository};

/// Connections, queries, and KB sent and received, over all targets.
fn cost(stand: &Stand, level: &str) -> [u64; 4] {
    let run = format!("{level}.jsonl");
    let mut scan = Command::new(SCRUTINEER);
    scan.args([
        "scan",
        "--inventory",
        "inventory.yaml",
        "--quiet",
        "--level",
        level,
        "--save",
        &run,
    ]);
    scan.args(stand.options.split(' '))
        .current_dir(stand.folder.path());
    assert_eq!(scan.output().unwrap().status.code(), Some(1));
    let text = fs::read_to_string(stand.folder.path().join(run)).unwrap();
    let mut sums = [0; 4];
    for line in text.lines().skip(1) {
        let observation: Value = serde_json::from_str(line).unwrap();
        for (sum, name) in
            sums.iter_mut()
                .zip(["connections", "queries", "bytes_sent", "bytes_received"])
        {
            *sum += observation["cost"][name].as_u64().unwrap();
        }
    }
    [sums[0], sums[1], sums[2] / 1000, sums[3] / 1000]
}

#[test]
fn the_page_about_what_is_sent_is_near_the_truth() {
    let page = fs::read_to_string(repository("docs/what-is-sent.md")).unwrap();
    let stand = Stand::new();
    let mut all = Vec::new();
    let mut faults = String::new();
    for level in ["passive", "standard"] {
        let measured = cost(&stand, level);
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| {level} |")))
            .unwrap();
        let told: Vec<u64> = row
            .split('|')
            .filter_map(|cell| cell.trim().parse().ok())
            .collect();
        // A packet may get lost and be sent again; a probe more is more than that.
        let near = told
            .iter()
            .zip(measured)
            .all(|(told, now)| told.abs_diff(now) * 10 <= now);
        if told.len() != 4 || !near {
            let [connections, queries, sent, received] = measured;
            faults += &format!("| {level} | {connections} | {queries} | {sent} | {received} |\n");
        }
        all.push(measured);
    }
    assert!(
        all[0][0] < all[1][0],
        "a visitor connects less often than a scanner: {all:?}"
    );
    assert!(
        faults.is_empty(),
        "docs/what-is-sent.md should say:\n{faults}"
    );
}
