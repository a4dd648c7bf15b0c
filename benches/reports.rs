//! What 10,000 findings cost in every format: time to render, and the most memory that
//! the process took, the document itself included.
//!
//! `cargo bench --bench reports`. The findings are those of the demo, many times over.

#![allow(clippy::print_stdout)]

#[path = "../tests/reports/crowd.rs"]
mod crowd;

use scrutineer::model::finding::Findings;
use scrutineer::report;
use std::io::{self, Write};
use std::process::Command;
use std::time::Instant;

type Writer = fn(&Findings, &mut dyn Write) -> io::Result<()>;

const FORMATS: [(&str, Writer); 10] = [
    ("table", |document, out| {
        report::table::write(document, report::TableOptions::default(), out)
    }),
    ("json", report::json::write),
    ("jsonl", report::jsonl::write),
    ("csv", report::csv::write),
    ("html", report::html::write),
    ("markdown", report::markdown::write),
    ("junit", report::junit::write),
    ("openmetrics", report::openmetrics::write),
    ("oscal", report::oscal::write),
    ("sarif", report::sarif::write),
];

fn main() {
    let folder = std::env::temp_dir().join(format!("scrutineer-bench-{}", std::process::id()));
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    match (arguments.next(), arguments.next()) {
        (Some(format), Some(estate)) => one(&format, &estate),
        _ => {
            let done = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
                .args(["demo", "--quiet", "--out"])
                .arg(&folder)
                .output()
                .expect("the demo runs");
            assert!(done.status.success(), "the demo failed");
            let myself = std::env::current_exe().expect("a program has a path");
            for (format, _) in FORMATS {
                // A process each, so that each has its own peak.
                let status = Command::new(&myself)
                    .arg(format)
                    .arg(folder.join("findings.json"))
                    .status()
                    .expect("this program runs again");
                assert!(status.success(), "{format} failed");
            }
            // What is left behind lies in a folder for such things.
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
}

fn one(format: &str, estate: &str) {
    let estate: Findings = serde_json::from_slice(&std::fs::read(estate).expect("a file"))
        .expect("a findings document");
    let document = crowd::crowd(&estate, 10_000);
    drop(estate);
    let (_, write) = FORMATS
        .into_iter()
        .find(|(name, _)| *name == format)
        .expect("a format");
    let mut counted = Counted(0);
    let began = Instant::now();
    write(&document, &mut counted).expect("nothing to fail");
    let took = began.elapsed();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .map_or("unknown", str::trim);
    println!(
        "{format:<12} {:>6} ms  {:>6} KB  peak {peak}",
        took.as_millis(),
        counted.0 / 1000
    );
}

/// Counts bytes and forgets them.
struct Counted(usize);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
