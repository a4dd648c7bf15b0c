//! Every format, judged by tools of others: the demo estate's findings, and hostile ones.
//!
//! `tests/reports/validators` installs the tools once, into `target/validators`.
//! What cannot be had is left out, and said loudly.

// A test that cannot go on should stop at once, and say on the terminal what it leaves out.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod crowd;
mod hostile;
mod made;
mod many;
mod period;
mod validators;

use made::{Made, demo};
use validators::{Needs, html_in_browser, judged};

const FORMATS: [(&str, Needs); 9] = [
    ("jsonl", Needs::PYTHON),
    ("csv", Needs::PYTHON),
    ("markdown", Needs::PYTHON),
    ("junit", Needs::PYTHON),
    ("openmetrics", Needs::PYTHON),
    ("oscal", Needs::PYTHON),
    ("sarif", Needs::PYTHON_AND_NODE),
    ("html", Needs::PYTHON_NODE_AND_JAVA),
    ("json", Needs::NOTHING),
];

fn all_are_valid(made: &Made) {
    let mut faults = Vec::new();
    for (format, needs) in FORMATS {
        faults.extend(judged(format, made, needs));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_demo_is_valid_in_every_format() {
    all_are_valid(demo());
}

#[test]
fn hostile_findings_are_valid_in_every_format() {
    all_are_valid(hostile::made());
}

#[test]
fn the_page_of_the_demo_is_accessible_and_quiet() {
    let faults = html_in_browser(demo(), "all");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_page_of_hostile_findings_is_accessible_and_quiet() {
    let faults = html_in_browser(hostile::made(), "phone");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_same_findings_give_the_same_bytes() {
    for made in [demo(), hostile::made()] {
        for (format, _) in FORMATS {
            let first = std::fs::read(made.path(format)).unwrap();
            assert!(!first.is_empty());
            assert!(
                made::render(format, &made.findings) == first,
                "{format} differs"
            );
        }
    }
}
