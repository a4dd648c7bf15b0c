//! The plan for the neglected office, followed change by change.

use std::{collections::BTreeSet, fs};

use scrutineer::estate::Mended;
use scrutineer::model::{
    finding::{Effect, Findings},
    plan::{Plan, PlannedChange},
    verdict::Verdict,
};

use crate::support::{plan, scan};

/// The neglected office alone. It names the selector that it signs with, as the
/// plan asks for where it says what to look at again.
const INVENTORY: &str = "\
organisation: { name: Neglected County Elections }
contact: office@neglected.example
targets:
  - name: neglected.example
    roles: [website, mail-domain, dns-zone]
    dkim_selectors: [mail]
  - { name: register.neglected.example, roles: [registration-portal], paths: [/lookup.php] }
  - { name: results.neglected.example, roles: [results] }
";
/// More changes than the office needs.
const MOST_CHANGES: usize = 60;

/// Changes that are made before the next look. One a time works as well, and takes
/// as many times longer.
const BATCH: usize = 4;

/// A check on a target.
type Spot = (String, String);

#[test]
fn following_the_plan_ends_in_a_pass() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("inventory.yaml"), INVENTORY).unwrap();
    let mut mended = Mended::default();
    let (exit, mut before) = scan(folder.path(), &mended);
    assert_eq!(exit, 1);
    let mut todo = plan(folder.path(), &[]);
    every_failure_has_a_change(&before, &todo);
    let mut made = Vec::new();
    while !todo.changes.is_empty() {
        assert!(made.len() < MOST_CHANGES, "no end: {made:?}");
        let batch = todo.changes.get(..BATCH).unwrap_or(&todo.changes);
        for change in batch {
            let id = &change.id;
            assert!(mended.make(id), "the estate cannot make the change {id}");
            made.push(id.clone());
        }
        let (_, after) = scan(folder.path(), &mended);
        for change in batch {
            closed(change, &after);
        }
        nothing_new(batch, &todo, &before, &after);
        todo = plan(folder.path(), &[]);
        before = after;
    }
    assert!(
        todo.summary.met,
        "{:#?}",
        (&todo.summary, &todo.open, &todo.not_passed)
    );
    let (exit, last) = scan(folder.path(), &mended);
    assert_eq!((exit, last.gate.exit), (0, 0), "{:?}", last.gate.why);
    assert!(
        last.findings
            .iter()
            .all(|finding| finding.effect == Effect::Note)
    );
    // Each change is made once: none undoes another.
    let once: BTreeSet<&String> = made.iter().collect();
    assert_eq!(once.len(), made.len(), "{made:?}");
    let place = |id: &str| made.iter().position(|made| made == id);
    for (first, later) in [
        ("certificate", "hsts"),
        ("http-redirect", "hsts"),
        ("dnssec", "tlsa"),
        ("spf", "dmarc-policy"),
        ("dmarc-record", "dmarc-policy"),
        ("mail.starttls.offered", "mta-sts"),
    ] {
        assert!(place(first).is_some(), "{first} in {made:?}");
        assert!(
            place(first) < place(later),
            "{first} before {later} in {made:?}"
        );
    }
}

fn failing(findings: &Findings) -> BTreeSet<Spot> {
    let counts = |effect| matches!(effect, Effect::Failure | Effect::Warning);
    let failing = findings
        .findings
        .iter()
        .filter(|finding| counts(finding.effect));
    failing
        .map(|finding| (finding.target.to_string(), finding.check.to_string()))
        .collect()
}

fn every_failure_has_a_change(findings: &Findings, todo: &Plan) {
    let closed: BTreeSet<Spot> = todo
        .changes
        .iter()
        .flat_map(|change| &change.closes)
        .map(|closed| (closed.target.to_string(), closed.check.to_string()))
        .collect();
    assert_eq!(failing(findings), closed);
}

/// What the change claims to close is closed.
fn closed(change: &PlannedChange, after: &Findings) {
    let failing = failing(after);
    for closed in &change.closes {
        let spot = (closed.target.to_string(), closed.check.to_string());
        assert!(
            !failing.contains(&spot),
            "{} leaves {spot:?} open: {}",
            change.id,
            closed.message
        );
    }
}

/// Nothing fails that did not fail before, but what the plan said could not be
/// judged until now.
fn nothing_new(batch: &[PlannedChange], todo: &Plan, before: &Findings, after: &Findings) {
    let known = failing(before);
    for spot in failing(after).difference(&known) {
        let (target, check) = spot;
        let announced = batch.iter().any(|change| change.next.contains(check))
            || todo.open.iter().any(|question| {
                question.checks.contains(check)
                    && question
                        .targets
                        .iter()
                        .any(|known| known.as_str() == target)
            });
        let passed = before.verdicts.iter().any(|row| {
            row.target.as_str() == target
                && row.check.as_str() == check
                && row.verdict == Verdict::Pass
        });
        assert!(announced && !passed, "{spot:?} came up");
    }
}
