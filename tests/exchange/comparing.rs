//! Which entries of two documents are compared.

use scrutineer::baseline::{
    compare::{Comparer, Own},
    document::{Baseline, Statement},
};
use scrutineer::model::{
    comparison::{Comparison, Mark, WhyNot},
    tlp::Tlp,
};
use scrutineer::report::{TableOptions, comparison};
use std::collections::BTreeSet;
use std::fs;

use crate::office::{DATA, Place, names, run};

/// The document of a participant, made with the built program.
fn document(
    checks: &str,
    participant: &str,
    period: &str,
    [pass, fail]: [usize; 2],
) -> (String, Baseline) {
    let profiles = format!("{DATA}/profiles");
    let place = Place::with(checks, &profiles);
    let (at, created) = match period {
        "2026H1" => ("2026-03-05T00:00:00Z", "2026-05-01T00:00:00Z"),
        _ => ("2026-09-05T00:00:00Z", "2026-11-01T00:00:00Z"),
    };
    place.save(
        "run.jsonl",
        &run(None, &names("n", "dns-zone", pass, fail, 0), at),
    );
    let (code, _, err) = place.pin(&["run.jsonl"], participant, period, "dns");
    assert_eq!(code, 0, "{err}");
    let arguments = [
        "baseline",
        "create",
        "run.jsonl",
        "--exchange",
        "exchange/exchange.yaml",
        "--participant",
        participant,
        "--period",
        period,
        "--created",
        created,
        "--complete",
        "dns",
        "-o",
        "d.json",
        "--checks",
        checks,
        "--profiles",
        &profiles,
    ];
    let (code, _, err) = place.call(&arguments);
    assert_eq!(code, 0, "{err}");
    let bytes = fs::read(place.path("d.json")).unwrap();
    let statement: Statement<Baseline> = serde_json::from_slice(&bytes).unwrap();
    statement.check().unwrap();
    assert_eq!(statement.to_bytes(), bytes, "canonical");
    (statement.digest(), statement.predicate)
}

/// The toy checks with one of them changed.
fn changed(from: &str, to: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["dns/toy.exists.yaml", "mail/toy.receives.yaml"] {
        let text = fs::read_to_string(format!("{DATA}/checks/{name}")).unwrap();
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = if name.starts_with("dns") {
            text.replace(from, to)
        } else {
            text
        };
        fs::write(path, text).unwrap();
    }
    folder
}

fn compare(documents: &[&(String, Baseline)], own: Option<&Own>) -> Comparison {
    let mut comparer = Comparer::default();
    for (digest, baseline) in documents {
        comparer.add(digest, baseline, BTreeSet::new()).unwrap();
    }
    comparer.finish(|_| false, own).unwrap()
}

#[test]
fn a_changed_operator_is_not_compared_and_a_changed_title_is() {
    let checks = format!("{DATA}/checks");
    let first = document(&checks, "office-a", "2026H2", [10, 0]);
    let title = changed("title: The name exists", "title: There is such a name");
    let title = document(title.path().to_str().unwrap(), "office-b", "2026H2", [5, 5]);
    let compared = compare(&[&first, &title], None);
    assert_eq!((compared.rows.len(), compared.not_compared.len()), (1, 0));
    let operator = changed("require: subject.exists", "require: subject.exists == true");
    let operator = document(
        operator.path().to_str().unwrap(),
        "office-b",
        "2026H2",
        [5, 5],
    );
    let compared = compare(&[&first, &operator], None);
    assert_eq!(compared.rows, []);
    let why: Vec<WhyNot> = compared.not_compared.iter().map(|one| one.reason).collect();
    assert_eq!(why, [WhyNot::JudgedDifferently; 2]);
    // Of two ways, neither is that of most: the first in order is taken, and one is marked.
    let marked = compared
        .columns
        .iter()
        .filter(|c| c.marks.contains(&Mark::OtherPack));
    assert_eq!(marked.count(), 1);
}

#[test]
fn pages_say_what_they_are_and_whose_word_it_is() {
    let checks = format!("{DATA}/checks");
    let earlier = document(&checks, "office-a", "2026H1", [4, 6]);
    let first = document(&checks, "office-a", "2026H2", [9, 1]);
    let mut second = document(&checks, "office-b", "2026H2", [5, 5]);
    second.1.panel.clear();
    second.1.panel.insert(
        scrutineer::model::cell::Kind::Dns,
        scrutineer::model::cell::Panel::Chosen,
    );
    let own = Own::Participant("office-a".to_owned());
    let all = compare(&[&second, &first, &earlier], Some(&own));
    assert_eq!(all.tlp, Tlp::Amber);
    assert_eq!(all.rows.len(), 1);
    let place = all.rows[0].own.unwrap();
    assert_eq!(
        (place.above, place.below, place.next_to, place.same),
        (0, 1, 1, 0)
    );
    assert_eq!(all.trends.len(), 1);
    assert!(all.trends[0].rose && !all.trends[0].neighbours);
    let reach = all.rows[0].reach.last().unwrap();
    assert_eq!((reach.reach, reach.participants), (1, 2));
    // In any order of the files, the same bytes.
    let turned = compare(&[&earlier, &second, &first], Some(&own));
    assert_eq!(
        serde_json::to_string(&all).unwrap(),
        serde_json::to_string(&turned).unwrap()
    );
    let options = TableOptions {
        width: 100,
        colour: false,
        ascii: false,
    };
    let mut pages = [const { Vec::new() }; 4];
    let [table, markdown, csv, html] = &mut pages;
    comparison::table::write(&all, options, table).unwrap();
    comparison::markdown::write(&all, markdown).unwrap();
    comparison::csv::write(&all, csv).unwrap();
    comparison::html::write(&all, html).unwrap();
    for page in pages {
        // Markdown escapes what it shows.
        let page = String::from_utf8(page).unwrap().replace('\\', "");
        assert!(page.to_lowercase().contains("self-declared"), "{page}");
        assert!(page.contains("TLP:AMBER"), "{page}");
        assert!(!page.contains("n0.example"), "{page}");
    }
    // A run of one's own makes the page one's own.
    let bands = all.rows.iter().map(|row| {
        let key = (row.entry.clone(), row.kind);
        (key, scrutineer::model::cell::Passing::From90)
    });
    let own = Own::Run(bands.collect());
    let page = compare(&[&first, &second], Some(&own));
    assert_eq!(page.tlp, Tlp::AmberStrict);
    assert_eq!(page.rows[0].own.unwrap().below, 1);
}

#[test]
fn one_participant_has_one_document_a_period_and_exchanges_are_apart() {
    let checks = format!("{DATA}/checks");
    let first = document(&checks, "office-a", "2026H2", [9, 1]);
    let mut comparer = Comparer::default();
    comparer.add(&first.0, &first.1, BTreeSet::new()).unwrap();
    assert!(comparer.add("0", &first.1, BTreeSet::new()).is_err());
    let mut other = first.1.clone();
    other.exchange = "other".to_owned();
    other.participant = "office-b".to_owned();
    assert!(comparer.add("1", &other, BTreeSet::new()).is_err());
    let alone = compare(&[&first], None);
    assert_eq!(alone.rows, []);
    assert_eq!(alone.not_compared[0].reason, WhyNot::OneAlone);
}
