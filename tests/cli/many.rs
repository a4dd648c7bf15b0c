//! A run over many targets: small in memory, and safe to kill at any moment.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{crowd::Crowd, support::scrutineer};

fn inventory(folder: &Path, targets: usize) -> String {
    let mut text = "organisation: { name: Crowd, country: NO }\ntargets:\n".to_owned();
    for number in 0..targets {
        text += &format!("  - {{ name: office{number}.crowd.example, roles: [website] }}\n");
    }
    let path = folder.join("inventory.yaml");
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Keys of the targets that a run has an observation of, and how often.
fn observed(run: &Path) -> Vec<String> {
    let text = fs::read_to_string(run).unwrap_or_default();
    text.lines()
        .skip(1)
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .map(|value| value["target"]["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Highest resident memory of a running process so far, in KiB.
fn peak_memory(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn two_thousand_targets_stay_below_256_megabytes() {
    let folder = tempfile::tempdir().unwrap();
    let crowd = Crowd::start();
    let run = folder.path().join("run.jsonl");
    let inventory = inventory(folder.path(), 2000);
    let began = Instant::now();
    let mut child = scrutineer()
        .args(["scan", "-i", &inventory, "--save"])
        .arg(&run)
        .arg("-o")
        .arg(folder.path().join("findings.json"))
        .args([
            "--format",
            "json",
            "--connections-per-second",
            "100000",
            "--connections-per-address",
            "64",
        ])
        .args(crowd.arguments(&folder.path().join("root.pem")))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = loop {
        peak = peak.max(peak_memory(&child).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(
            began.elapsed() < Duration::from_secs(900),
            "the run does not end"
        );
        thread::sleep(Duration::from_millis(20));
    };
    println!(
        "2000 targets: {:?}, peak {} MiB, {status}",
        began.elapsed(),
        peak / 1024
    );
    assert_eq!(observed(&run).len(), 2000);
    assert!(peak < 256 * 1024, "peak memory {peak} KiB");
    let findings = fs::read_to_string(folder.path().join("findings.json")).unwrap();
    let findings: serde_json::Value = serde_json::from_str(&findings).unwrap();
    assert_eq!(findings["targets"].as_array().unwrap().len(), 2000);
}

#[test]
fn a_killed_run_goes_on_with_nothing_lost_and_nothing_done_twice() {
    let folder = tempfile::tempdir().unwrap();
    let crowd = Crowd::start();
    let run = folder.path().join("run.jsonl");
    let inventory = inventory(folder.path(), 120);
    let start = |first: bool| {
        let mut command = scrutineer();
        command.args(["scan", "-i", &inventory]);
        command
            .arg(if first { "--save" } else { "--resume" })
            .arg(&run);
        command.args(["--concurrency", "4", "--connections-per-second", "100000"]);
        command.args(crowd.arguments(&folder.path().join("root.pem")));
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let mut kept: BTreeSet<String> = BTreeSet::new();
    for (round, wanted) in [10, 35, 70].into_iter().enumerate() {
        let mut child = start(round == 0);
        let began = Instant::now();
        while observed(&run).len() < wanted {
            assert!(
                began.elapsed() < Duration::from_secs(120),
                "round {round} does not go on"
            );
            if let Some(status) = child.try_wait().unwrap() {
                panic!("round {round} ended early: {status}");
            }
            thread::sleep(Duration::from_millis(5));
        }
        // The hard way: no handler runs.
        child.kill().unwrap();
        child.wait().unwrap();
        let now: BTreeSet<String> = observed(&run).into_iter().collect();
        assert!(kept.is_subset(&now), "round {round} lost observations");
        kept = now;
    }
    // A line torn in the middle, as a crash of the whole machine may leave it.
    let text = fs::read_to_string(&run).unwrap();
    let half = text.lines().last().unwrap();
    fs::write(&run, format!("{text}{}", &half[..half.len() / 2])).unwrap();
    let output = start(false).wait_with_output().unwrap();
    let all = observed(&run);
    let distinct: BTreeSet<&String> = all.iter().collect();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(all.len(), 120, "{said}");
    assert_eq!(distinct.len(), 120, "a target was done twice");
    assert_ne!(output.status.code(), Some(2), "{said}");
}
