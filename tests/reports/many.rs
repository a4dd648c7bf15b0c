//! 10,000 findings in every format, in bounded memory.

use std::process::Command;

use crate::crowd::crowd;
use crate::made::{demo, render};

/// What a format may take, the document itself included, in KiB.
const MOST: u64 = 300 * 1024;
/// Names the format to the process that renders it.
const FORMAT: &str = "SCRUTINEER_TEST_FORMAT";
/// Names the file with the findings of the demo.
const ESTATE: &str = "SCRUTINEER_TEST_ESTATE";

/// Renders one format in a process of its own, and says what it took at most.
#[test]
#[ignore = "part of ten_thousand_findings_take_little_memory"]
fn render_one_format() {
    let (Ok(format), Ok(estate)) = (std::env::var(FORMAT), std::env::var(ESTATE)) else {
        return;
    };
    let estate = serde_json::from_slice(&std::fs::read(estate).unwrap()).unwrap();
    let document = crowd(&estate, 10_000);
    drop(estate);
    assert_eq!(document.findings.len(), 10_000);
    assert!(render(&format, &document).len() > 100_000);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    eprintln!("{status}");
}

#[test]
fn ten_thousand_findings_take_little_memory() {
    let estate = demo().path("json");
    let mut faults = Vec::new();
    for (format, _) in crate::FORMATS {
        let done = Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "--nocapture",
                "many::render_one_format",
            ])
            .env(FORMAT, format)
            .env(ESTATE, &estate)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{format}: {said}");
        let peak = said
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.trim().split(' ').next()?.parse::<u64>().ok());
        match peak {
            // Only Linux tells.
            None if !cfg!(target_os = "linux") => {}
            Some(..=MOST) => {}
            peak => faults.push(format!("{format}: {peak:?} KiB")),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
