//! The report about periods and the STIX bundle, judged by tools of others: the demo estate's,
//! and ones in which every text is hostile.

use jiff::Timestamp;
use scrutineer::model::{
    cell::{Coverage, Judged, Kind, Passing, RowName},
    comparison::Shown,
    period::{OfExchange, PeriodReport, ReachCount},
    shareable::{Shareable, SharedCell, SharedControl, SharedDocument, Standing, Whose},
    tlp::Tlp,
};
use scrutineer::report;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::hostile::texts;
use crate::validators::{Needs, file_judged, page_in_browser};

/// A folder for the files of a test, below `target/tmp`.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The report of the demo's own run, by the built program.
fn demo() -> &'static PeriodReport {
    static DEMO: OnceLock<PeriodReport> = OnceLock::new();
    DEMO.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let program = |arguments: &[&str]| {
            let done = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
                .args(arguments)
                .current_dir(folder.path())
                .output()
                .unwrap();
            assert!(
                done.status.success(),
                "{}",
                String::from_utf8_lossy(&done.stderr)
            );
            done.stdout
        };
        program(&["demo", "--quiet", "--out", "demo"]);
        let year = Timestamp::now().strftime("%Y").to_string();
        let arguments = [
            "report",
            "period",
            "--own",
            "demo/run.jsonl",
            "--period",
            &year,
            "--format",
            "json",
        ];
        serde_json::from_slice(&program(&arguments)).unwrap()
    })
}

/// The same over two periods, with aggregates of an exchange beside.
fn full() -> PeriodReport {
    let mut value = serde_json::to_value(demo()).unwrap();
    let aggregate = json!({
        "payload": "0a".repeat(32), "label": "TLP:GREEN", "created": "2026-10-02T00:00:00Z", "participants": 7,
        "named": { "office-a": "The first office", "office-b": "The second office" }, "pack": "0b".repeat(32),
        "profile": "0c".repeat(32), "ways": [], "tools": ["scrutineer 0.1.0"], "tables": [], "chosen": { "web": 2 },
        "pools": 1, "cells": 70, "hidden": 3, "withdrawn": 1,
    });
    let mut second = value["periods"][0].clone();
    value["periods"][0]["aggregate"] = aggregate.clone();
    second["aggregate"] = aggregate;
    second["id"] = json!("2099H1");
    second["marks"] = json!([
        "own_staged",
        "ways_differ",
        "tools_changed",
        "pools",
        "pack_is_not_own"
    ]);
    value["periods"].as_array_mut().unwrap().push(second);
    value["exchange"] =
        json!({ "id": "north-sea", "title": "Offices around a sea", "simulated": true });
    let directions = ["better", "worse", "same", "other_participants"];
    for control in value["controls"].as_array_mut().unwrap() {
        for (number, entry) in control["entries"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .enumerate()
        {
            let own = entry["own"][0].clone();
            entry["own"] = json!([own, own]);
            entry["reach"] =
                json!([{ "reach": 3, "participants": 7 }, { "reach": 5, "participants": 7 }]);
            let moved = json!({ "from": 0, "to": 1, "direction": directions[number % 4] });
            entry["own_trend"] = moved.clone();
            entry["reach_trend"] = moved;
        }
    }
    serde_json::from_value(value).unwrap()
}

/// Keys whose texts come from elsewhere.
const FREE: [&str; 16] = [
    "title",
    "why",
    "advice",
    "product",
    "reason",
    "organisations",
    "tool",
    "tools",
    "tables",
    "demands",
    "named",
    "id",
    "row",
    "as",
    "area",
    "digest",
];

fn hostile() -> PeriodReport {
    let mut value = serde_json::to_value(full()).unwrap();
    // Documents with blank names and titles are refused before.
    let mut texts = texts();
    texts.retain(|text| !text.trim().is_empty());
    let mut turn = 0;
    poison(&mut value, &texts, &mut turn, false);
    assert!(turn > 300, "only {turn} texts were replaced");
    value["office"]["reason"] = json!(texts[0]);
    serde_json::from_value(value).unwrap()
}

fn poison(value: &mut Value, texts: &[String], turn: &mut usize, free: bool) {
    match value {
        Value::String(text) if free => {
            let at = *turn % texts.len();
            let long = texts[at].len() > 1000 && !turn.is_multiple_of(10);
            *text = texts[if long { 0 } else { at }].clone();
            *turn += 1;
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|one| poison(one, texts, turn, free)),
        Value::Object(map) => {
            for (key, below) in map.iter_mut() {
                poison(below, texts, turn, free || FREE.contains(&key.as_str()));
            }
        }
        _ => {}
    }
}

fn judged(name: &str, report: &PeriodReport) -> Vec<String> {
    let folder = folder(name);
    let [page, markdown, document] =
        ["report.html", "report.md", "report.json"].map(|file| folder.join(file));
    let mut bytes = Vec::new();
    report::period::html::write(report, &mut bytes).unwrap();
    std::fs::write(&page, &bytes).unwrap();
    bytes.clear();
    report::period::markdown::write(report, &mut bytes).unwrap();
    std::fs::write(&markdown, &bytes).unwrap();
    std::fs::write(&document, serde_json::to_vec(report).unwrap()).unwrap();
    let mut faults = file_judged("period_html", &page, &document, Needs::PYTHON_NODE_AND_JAVA);
    faults.extend(file_judged(
        "period_markdown",
        &markdown,
        &document,
        Needs::PYTHON,
    ));
    // Opening it prints it, too.
    faults.extend(page_in_browser(&page));
    faults.extend(file_judged("period_pdf", &page, &document, Needs::PAPER));
    faults
}

#[test]
fn the_report_of_one_period_is_valid_accessible_and_prints() {
    let faults = judged("period-demo", demo());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_report_of_an_exchange_is_valid_accessible_and_prints() {
    let faults = judged("period-full", &full());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_hostile_report_is_valid_accessible_and_prints() {
    let faults = judged("period-hostile", &hostile());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn bundle(name: &str, bytes: &[u8], types: &[&str]) -> Vec<String> {
    let folder = folder(name);
    let [bundle, expected] = ["bundle.json", "expected.json"].map(|file| folder.join(file));
    std::fs::write(&bundle, bytes).unwrap();
    std::fs::write(&expected, json!({ "types": types }).to_string()).unwrap();
    file_judged("stix", &bundle, &expected, Needs::PYTHON)
}

#[test]
fn the_bundle_of_all_controls_is_valid() {
    let done = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .args(["report", "stix"])
        .output()
        .unwrap();
    assert!(done.status.success());
    let faults = bundle(
        "stix-controls",
        &done.stdout,
        &["course-of-action", "identity", "marking-definition"],
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_hostile_bundle_of_every_label_is_valid() {
    let texts = texts();
    let text = |number: usize| texts[number % texts.len()].clone();
    let cell = |number: usize, standing: Standing| SharedCell {
        entry: format!("{number:064x}"),
        kind: Kind::ALL[number % 3],
        rows: vec![RowName {
            row: text(number),
            variant: Some(text(number + 1)),
        }],
        controls: BTreeSet::from([text(number), "TLS-01".to_owned()]),
        standing,
    };
    let documents = Tlp::ALL
        .into_iter()
        .filter(|label| *label != Tlp::Red)
        .enumerate();
    let shareable = Shareable {
        exchange: Some(OfExchange {
            id: "north-sea".to_owned(),
            title: text(0),
            simulated: true,
        }),
        at: "2026-11-20T10:00:00Z".parse().unwrap(),
        documents: documents
            .map(|(number, label)| SharedDocument {
                payload: format!("{number:064x}"),
                label,
                created: "2026-11-10T10:00:00Z".parse().unwrap(),
                period: "2026H2".to_owned(),
                whose: match number {
                    0 => Whose::Exchange,
                    1 => Whose::Participant(None),
                    _ => Whose::Participant(Some((format!("office-{number}"), text(number)))),
                },
                cautions: vec!["Some participants are pools of several small offices.".to_owned()],
                cells: vec![
                    cell(
                        number,
                        Standing::Reach(ReachCount {
                            reach: 1,
                            participants: 5,
                        }),
                    ),
                    cell(
                        number + 10,
                        Standing::Bands(Shown {
                            judged: Judged::From10,
                            coverage: Coverage::From80,
                            passing: Passing::Below50,
                        }),
                    ),
                ],
            })
            .collect(),
        controls: vec![SharedControl {
            id: "TLS-01".to_owned(),
            title: text(2),
            why: text(3),
            remedies: Vec::new(),
            references: texts.iter().cloned().collect(),
        }],
        controls_label: Tlp::AmberStrict,
    };
    let mut bytes = Vec::new();
    report::stix::write(&shareable, &mut bytes).unwrap();
    let types = ["course-of-action", "identity", "marking-definition", "note"];
    let faults = bundle("stix-hostile", &bytes, &types);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let mut again = Vec::new();
    report::stix::write(&shareable, &mut again).unwrap();
    assert!(bytes == again);
}
