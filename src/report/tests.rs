//! Golden output, hostile strings, widths and size.

use std::path::Path;
use std::time::Instant;
use unicode_width::UnicodeWidthStr;

use super::{TableOptions, json, sample, table};
use crate::model::{
    check::Severity,
    finding::{Effect, Findings},
};

fn render(document: &Findings, options: TableOptions) -> String {
    let mut out = Vec::new();
    table::write(document, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(width: u16) -> TableOptions {
    TableOptions {
        width,
        ..TableOptions::default()
    }
}

/// Compares with a file below `tests/golden`. `UPDATE_GOLDEN=1` writes it anew.
fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(actual == expected, "{name} differs; it is now:\n{actual}");
}

#[test]
fn tables_look_as_they_should() {
    let document = sample::document();
    golden("findings-100.txt", &render(&document, plain(100)));
    golden("findings-60.txt", &render(&document, plain(60)));
    golden(
        "findings-ascii.txt",
        &render(
            &document,
            TableOptions {
                ascii: true,
                ..plain(100)
            },
        ),
    );
}

#[test]
fn no_line_is_wider_than_asked_and_only_colour_brings_escapes() {
    let document = sample::document();
    for width in [60, 61, 80, 99, 120] {
        let text = render(&document, plain(width));
        for line in text.lines() {
            // Words of commands stay whole, whatever their width.
            let is_command = line.contains("curl") || line.trim_start().starts_with("https");
            assert!(
                is_command || line.width() <= usize::from(width),
                "{} columns at {width}: {line:?}",
                line.width()
            );
        }
        assert!(!text.contains('\u{1b}'));
    }
    let coloured = render(
        &document,
        TableOptions {
            colour: true,
            ..plain(100)
        },
    );
    assert!(coloured.contains("\u{1b}["));
    let ascii = TableOptions {
        ascii: true,
        ..plain(80)
    };
    assert!(render(&document, ascii).is_ascii());
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let evil = "\u{1b}]0;owned\u{7}\u{202e}gpj.exe\u{200b}\r\n\u{9b}2J 선거 é";
    let mut document = sample::document();
    document.organisation = Some(evil.to_owned());
    document.profile.title = evil.to_owned();
    for target in &mut document.targets {
        target.products = vec![evil.to_owned()];
    }
    for control in &mut document.controls {
        control.title = evil.to_owned();
    }
    for gap in &mut document.gaps {
        gap.place = vec![evil.to_owned(), evil.to_owned()];
        gap.detail = Some(evil.to_owned());
    }
    for finding in &mut document.findings {
        finding.title = evil.into();
        finding.message = evil.repeat(1000);
        finding.rationale = evil.into();
        finding.control = evil.into();
        finding.check = evil.into();
        for instance in &mut finding.instances {
            instance.message = evil.repeat(1000);
            instance.addresses = vec![evil.into(); 2];
        }
        finding.evidence = finding
            .evidence
            .iter()
            .map(|evidence| {
                let mut evidence = (**evidence).clone();
                evidence.reproduce = format!("curl '{evil}");
                evidence.into()
            })
            .collect();
        finding.remediation =
            std::collections::BTreeMap::from([("text".to_owned(), evil.to_owned())]).into();
    }
    for options in [plain(60), plain(120)] {
        let text = render(&document, options);
        let bad = text.chars().find(|c| {
            (c.is_control() && *c != '\n') || matches!(c, '\u{202e}' | '\u{200b}' | '\u{9b}')
        });
        assert_eq!(bad, None);
        assert!(text.contains("gpj.exe"));
    }
}

#[test]
fn what_reads_the_same_is_told_once() {
    let document = sample::document();
    let once = render(&document, plain(100));
    let mut twice = document;
    for finding in &mut twice.findings {
        let again = finding.instances.clone();
        finding.instances.extend(again);
    }
    assert_eq!(render(&twice, plain(100)), once);
}

#[test]
fn many_findings_take_time_in_proportion() {
    let time = |count: usize| {
        let mut document = sample::document();
        let one = sample::finding("a.b.c", "A-01", Effect::Failure, Severity::High, "Wanted");
        document.findings = vec![one; count];
        let started = Instant::now();
        let text = render(&document, plain(100));
        assert!(text.matches("Wanted").count() >= count);
        started.elapsed()
    };
    // Ten times the work may take somewhat more than ten times as long. Work that grows with
    // the square does so each time; a machine that is busy with something else does not.
    let looks: Vec<_> = (0..5).map(|_| (time(500), time(5_000))).collect();
    assert!(
        looks.iter().any(|(few, many)| *many < *few * 40),
        "{looks:?}"
    );
}

#[test]
fn json_is_stable_whole_and_true_to_its_schema() {
    let document = sample::document();
    let mut bytes = Vec::new();
    json::write(&document, &mut bytes).unwrap();
    assert_eq!(bytes.last(), Some(&b'\n'));
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let schema = serde_json::to_value(schemars::schema_for!(Findings)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let again: Findings = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(again, document);
}
