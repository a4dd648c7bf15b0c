//! What a reader must know before comparing documents that were not made alike.

use scrutineer::baseline::{
    aggregate,
    compare::Comparer,
    document::{Baseline, Statement},
};
use scrutineer::model::{
    cell::{Cell, Coverage, Judged, Kind, Panel, Passing, RowName},
    comparison::{Comparison, Mark},
    level::Level,
};
use scrutineer::report::{TableOptions, comparison};
use std::collections::BTreeSet;

use crate::support::{changed, time};

/// A participant, and what it did otherwise than most.
type Odd = (&'static str, fn(&mut Baseline), Option<Mark>);

const ODD: [Odd; 7] = [
    ("office-a", |_| {}, None),
    ("office-b", |_| {}, None),
    (
        "office-c",
        |d| {
            d.tables
                .insert("trusted_roots".to_owned(), "older".to_owned());
        },
        Some(Mark::OtherTables),
    ),
    (
        "office-d",
        |d| d.conditions.page_cap = 50,
        Some(Mark::OtherConditions),
    ),
    (
        "office-e",
        |d| d.conditions.level = Level::Passive,
        Some(Mark::OtherConditions),
    ),
    (
        "office-f",
        |d| d.tool = "scrutineer 0.2.0".to_owned(),
        Some(Mark::OtherTool),
    ),
    (
        "office-g",
        |d| {
            d.panel.insert(Kind::Dns, Panel::Chosen);
        },
        Some(Mark::ChosenPanel),
    ),
];

fn document(participant: &str, period: &str, change: fn(&mut Baseline)) -> Statement<Baseline> {
    changed(|baseline| {
        baseline.participant = participant.to_owned();
        baseline.period = period.to_owned();
        baseline.panel.insert(Kind::Dns, Panel::Complete);
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
            passing: match period {
                "2026H1" => Passing::Below50,
                _ => Passing::From90,
            },
        });
        change(baseline);
    })
}

fn all(period: &str) -> Vec<(String, Baseline)> {
    let made = ODD
        .iter()
        .map(|(who, change, _)| document(who, period, *change));
    made.map(|one| (one.digest(), one.predicate)).collect()
}

fn compared(documents: &[(String, Baseline)]) -> Comparison {
    let mut comparer = Comparer::default();
    for (digest, baseline) in documents {
        comparer.add(digest, baseline, BTreeSet::new()).unwrap();
    }
    comparer.finish(|_| false, None).unwrap()
}

fn page(comparison: &Comparison) -> String {
    let options = TableOptions {
        width: 100,
        colour: false,
        ascii: false,
    };
    let mut text = Vec::new();
    comparison::table::write(comparison, options, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn each_way_of_looking_otherwise_has_its_mark() {
    let comparison = compared(&all("2026H1"));
    // They are compared all the same: their entries are equal.
    assert_eq!(comparison.rows.len(), 1);
    assert!(comparison.rows[0].cells.iter().all(Option::is_some));
    for (column, (who, _, mark)) in comparison.columns.iter().zip(ODD) {
        assert_eq!(column.participant, who);
        assert_eq!(column.marks, mark.into_iter().collect(), "{who}");
    }
    let page = page(&comparison);
    for words in [
        "office-c 2026H1: other table editions",
        "office-d 2026H1: other scan conditions",
        "office-e 2026H1: other scan conditions",
        "office-f 2026H1: other tool version",
        "office-g 2026H1: chosen panel",
    ] {
        assert!(page.contains(words), "{page}");
    }
    assert!(!page.contains("office-a 2026H1:"), "{page}");
}

#[test]
fn trends_say_when_the_two_documents_were_not_made_alike() {
    let plain: fn(&mut Baseline) = |_| {};
    let mut documents = Vec::new();
    for (who, change, _) in ODD {
        for (period, change) in [("2026H1", plain), ("2026H2", change)] {
            let one = document(who, period, change);
            documents.push((one.digest(), one.predicate));
        }
    }
    let comparison = compared(&documents);
    assert_eq!(comparison.trends.len(), ODD.len());
    assert_eq!(comparison.steps.len(), 5);
    for step in &comparison.steps {
        let who = &comparison.columns[step.to as usize].participant;
        let (_, _, mark) = ODD.iter().find(|(odd, _, _)| odd == who).unwrap();
        assert_eq!(step.marks, mark.iter().copied().collect(), "{who}");
    }
    let page = page(&comparison).replace('\n', " ");
    assert!(page.contains("mind: other table editions"), "{page}");
    assert!(page.contains("mind: chosen panel"), "{page}");
    assert_eq!(page.matches("mind: ").count(), 5, "{page}");
}

#[test]
fn an_aggregate_says_what_holds_of_some_of_its_baselines() {
    let of = |documents: &[(String, Baseline)]| {
        let made = aggregate::aggregate(documents, |_| false, time("2026-05-01T00:00:00Z"), false);
        let made = made.unwrap();
        made.check().unwrap();
        made.predicate
    };
    let documents = all("2026H1");
    // Other editions of tables are not counted together at all.
    let error = aggregate::aggregate(&documents, |_| false, time("2026-05-01T00:00:00Z"), false);
    assert!(error.unwrap_err().0.contains("different table editions"));
    let odd: Vec<_> = documents
        .into_iter()
        .filter(|(_, d)| d.tables.is_empty())
        .collect();
    assert_eq!(odd.len(), 6);
    let made = of(&odd);
    assert_eq!((made.conditions.len(), made.tools.len()), (3, 2));
    assert_eq!(made.chosen.get(&Kind::Dns), Some(&1));
    let alike: Vec<_> = ["office-a", "office-b", "office-c", "office-d", "office-e"]
        .map(|who| document(who, "2026H1", |_| {}))
        .into_iter()
        .map(|one| (one.digest(), one.predicate))
        .collect();
    let same = of(&alike);
    assert_eq!(
        (same.conditions.len(), same.tools.len(), same.chosen.len()),
        (1, 1, 0)
    );
    // The page of who holds the aggregate says so too.
    let mut comparer = Comparer::default();
    comparer.add_aggregate(&made).unwrap();
    let (digest, baseline) = &alike[0];
    comparer.add(digest, baseline, BTreeSet::new()).unwrap();
    let page = page(&comparer.finish(|_| false, None).unwrap()).replace('\n', " ");
    assert!(
        page.contains(
            "aggregate 2026H1, some of it: other scan conditions, other tool version, chosen panel"
        ),
        "{page}"
    );
}
