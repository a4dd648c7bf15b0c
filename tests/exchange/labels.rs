//! Only the source lowers its label: it signs the same cells again, and says why.

use scrutineer::{
    baseline::document::{Baseline, Statement},
    model::{
        cell::{Cell, Coverage, Judged, Kind, Panel, Passing, RowName},
        tlp::Tlp,
    },
};
use std::collections::BTreeSet;

use crate::support::{Exchange, NOW, changed};

/// A document of `office-p` with a cell, changed.
fn with_cell(change: impl FnOnce(&mut Baseline)) -> Statement<Baseline> {
    changed(|baseline| {
        baseline.panel.insert(Kind::Dns, Panel::Chosen);
        baseline.cells.push(Cell {
            entry: "0d".repeat(32),
            kind: Kind::Dns,
            rows: vec![RowName {
                row: "control#DNS-01".to_owned(),
                variant: None,
            }],
            controls: BTreeSet::from(["DNS-01".to_owned()]),
            judged: Judged::From10,
            coverage: Coverage::From95,
            passing: Passing::From50To90,
        });
        change(baseline);
    })
}

/// An exchange that accepted the document, in version 2 of its roster.
fn accepted() -> Exchange {
    let exchange = Exchange::new();
    exchange.write("p.json", &with_cell(|_| {}).to_bytes());
    exchange.good(&["baseline", "sign", "p.json", "--key", "p"]);
    exchange.accepted("p.dsse.json");
    exchange
}

const ACCEPT: [&str; 3] = ["roster", "accept", "roster-2.dsse.json"];
const AS: [&str; 4] = ["--as", "office-q", "--at", NOW];
const REPLACED: [&str; 2] = ["--replaced", "p.dsse.json"];

#[test]
fn the_source_lowers_its_label_by_signing_the_same_cells_again() {
    let exchange = accepted();
    let relabel = [
        "baseline",
        "relabel",
        "p.dsse.json",
        "--created",
        "2026-04-05T00:00:00Z",
        "--label",
    ];
    let with = |label: &str, reason: &str| {
        exchange.run(&[&relabel[..], &[label, "--reason", reason]].concat())
    };
    for (label, reason, words) in [
        ("amber", "why not", "is TLP:AMBER already"),
        ("green", " ", "`reason` must be one line"),
        ("green", "a\u{1b}[31mb", "`reason` must be one line"),
    ] {
        let done = with(label, reason);
        assert_eq!(done.exit, 2, "{}", done.err);
        assert!(done.err.contains(words), "{}", done.err);
    }
    let done = with("green", "agreed by the board");
    assert_eq!(done.exit, 0, "{}", done.err);
    exchange.good(&[
        "baseline",
        "sign",
        "office-p.2026H1.green.baseline.json",
        "--key",
        "p",
    ]);
    let new = "office-p.2026H1.green.baseline.dsse.json";
    // The stewards compare the cells.
    exchange.refused(
        &[&ACCEPT[..], &[new], &AS].concat(),
        "lower label: give the document that it takes the place of",
    );
    exchange.good(&[&ACCEPT[..], &[new], &AS, &REPLACED].concat());
    exchange.signed("roster-3.dsse.json", &["b", "c"]);
    let verify = |file: &'static str| {
        [
            "baseline",
            "verify",
            file,
            "--roster",
            "roster-3.dsse.json",
            "--at",
            NOW,
        ]
    };
    let told = exchange.run(&[&verify(new)[..], &REPLACED].concat());
    assert_eq!(told.exit, 0, "{}", told.err);
    assert!(told.err.contains("TLP:GREEN"), "{}", told.err);
    exchange.refused(
        &verify("p.dsse.json"),
        "replaced: the roster lists a correction",
    );
    let text = String::from_utf8(exchange.read("office-p.2026H1.green.baseline.json")).unwrap();
    assert!(
        text.contains("\"reason\":\"agreed by the board\""),
        "{text}"
    );
}

#[test]
fn a_lower_label_on_anything_else_is_refused() {
    let exchange = accepted();
    let old = with_cell(|_| {});
    let lowered = |change: fn(&mut Baseline)| {
        with_cell(|baseline| {
            baseline.label = Tlp::Green;
            baseline.replaces = Some(old.digest());
            baseline.reason = Some("agreed".to_owned());
            change(baseline);
        })
    };
    type Change = fn(&mut Baseline);
    let cases: [(&str, Change, &str); 5] = [
        (
            "p",
            |d| d.cells[0].passing = Passing::From90,
            "its cells are others",
        ),
        ("p", |d| d.cells.clear(), "its cells are others"),
        (
            "p",
            |d| d.pool = true,
            "it differs in more than label, reason and date",
        ),
        (
            "p",
            |d| {
                d.panel.insert(Kind::Dns, Panel::Complete);
            },
            "it differs in more than label",
        ),
        ("q", |_| {}, "wrong participant: the key is of \"office-q\""),
    ];
    for (number, (key, change, words)) in cases.into_iter().enumerate() {
        let name = format!("{number}.dsse.json");
        exchange.enveloped(&name, &lowered(change).to_bytes(), key);
        exchange.refused(&[&ACCEPT[..], &[&name], &AS, &REPLACED].concat(), words);
    }
    // Without the document that it takes the place of, nobody could compare the cells.
    let mut first = lowered(|_| {});
    first.predicate.replaces = None;
    exchange.write("first.json", &first.to_bytes());
    exchange.refused(
        &["baseline", "sign", "first.json", "--key", "p"],
        "`replaces` is missing: a lower label",
    );
}
