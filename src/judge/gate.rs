//! The gate: what a run's results mean for a program that called us.
//!
//! | exit | when |
//! | --- | --- |
//! | 1 | a check of at least the severity asked for fails, and by that a `must` is not met; against an earlier result also when such a check passed before and is open now |
//! | 3 | else, when a target of the run was not reached, or an area of it that was to be looked at was not seen at all, or what was seen of it has nothing that a check could decide on, or a check of at least that severity stays open, so that a `must` may not be met, or no check decided anything |
//! | 0 | else |
//!
//! So an unreachable target never gives 0, whatever the severity asked for, the
//! waivers and the earlier result. A `should` that fails is a warning and fails no
//! gate. What the scan was not to ask (`--only`, its level) gives 3 by no means: the
//! user chose it. Exit 2 is for wrong usage and input, and never comes from here.
//!
//! A finding that is waived, soft or unchanged does not count, whether its check fails
//! or is open: whichever answer an open check had, the gate would let it through. The
//! finding keeps its verdict and stays in the document.

use std::collections::{BTreeSet, HashSet};

use jiff::civil::Date;

use super::against::{self, Earlier};
use super::waivers;
use crate::model::{
    bearing::{Bearing, Excuse},
    check::Severity,
    finding::{Finding, Findings, Gate, NotApplied},
    marks::WaiverStanding,
    verdict::Verdict,
};

/// What the user asks of a gate.
#[derive(Clone, Debug)]
pub struct GateRules {
    /// Failures of this severity and above count.
    pub fail_on: Severity,
    /// Ids of checks whose findings never count.
    pub soft: BTreeSet<String>,
    /// Waivers, and the date of the gate.
    pub waivers: Option<(Vec<WaiverStanding>, Date)>,
}

impl GateRules {
    /// Marks the findings of a document and decides anew. Marks that it had before go:
    /// they were of another gate.
    ///
    /// # Errors
    /// In words, when nothing can be compared with the earlier result.
    pub fn apply(&self, document: &mut Findings, earlier: Option<&Earlier>) -> Result<(), String> {
        document.against = None;
        document.waivers.clear();
        document.dates.gate = None;
        for finding in &mut document.findings {
            finding.soft = self.soft.contains(finding.check.as_str());
            finding.waived = None;
            finding.change = None;
            for instance in &mut finding.instances {
                instance.change = None;
                instance.addresses_before = None;
            }
        }
        if let Some((all, day)) = &self.waivers {
            waivers::apply(document, all.clone(), *day);
        }
        if let Some(earlier) = earlier {
            against::apply(document, earlier)?;
        }
        document.gate = gate(document, self.fail_on);
        Ok(())
    }
}

/// Decides over a document, by its findings and their marks.
pub fn gate(document: &Findings, fail_on: Severity) -> Gate {
    let mut gate = Gate {
        fail_on,
        exit: 0,
        why: Vec::new(),
        waived: 0,
        soft: 0,
        unchanged: 0,
    };
    let [mut failing, mut opened, mut open] = [0u64; 3];
    for finding in &document.findings {
        let Some(bearing) = document.bearing(finding, fail_on) else {
            continue;
        };
        match finding.excuse() {
            Some(Excuse::Waived(_)) => gate.waived += 1,
            Some(Excuse::Soft) => gate.soft += 1,
            Some(Excuse::Unchanged) => gate.unchanged += 1,
            None if bearing == Bearing::Open => open += 1,
            None if finding.verdict == Verdict::Fail => failing += 1,
            None => opened += 1,
        }
    }
    let against = if document.against.is_some() {
        ", new or worse than before"
    } else {
        ""
    };
    let mut why = Vec::new();
    if failing > 0 {
        why.push(format!(
            "{} of severity {fail_on} or above against what must be met{against}",
            counted(failing, "failure", "failures")
        ));
    }
    if opened > 0 {
        why.push(format!(
            "{} of severity {fail_on} or above passed before and {} open now",
            counted(opened, "check", "checks"),
            if opened == 1 { "is" } else { "are" }
        ));
    }
    let fails = !why.is_empty();
    why.extend(unseen(document));
    if open > 0 {
        why.push(format!(
            "no answer for {} of severity {fail_on} or above that must be met",
            counted(open, "check", "checks")
        ));
    }
    gate.exit = match (fails, why.is_empty()) {
        (true, _) => 1,
        (false, false) => 3,
        (false, true) => 0,
    };
    if why.is_empty() {
        why.push(format!(
            "nothing of severity {fail_on} or above {}fails or stays open where it must be met",
            match gate.waived + gate.soft + gate.unchanged {
                0 => "",
                _ => "that counts ",
            }
        ));
    }
    why.extend(excused(&gate));
    gate.why = why;
    gate
}

/// The findings that decide at the gate of their document, in its order: those that
/// fail it, and those that keep it from passing.
pub fn decisive(document: &Findings) -> (Vec<&Finding>, Vec<&Finding>) {
    let (mut fails, mut open) = (Vec::new(), Vec::new());
    for finding in &document.findings {
        match document.bearing(finding, document.gate.fail_on) {
            Some(_) if finding.excuse().is_some() => {}
            Some(Bearing::Fails) => fails.push(finding),
            Some(Bearing::Open) => open.push(finding),
            None => {}
        }
    }
    (fails, open)
}

fn excused(gate: &Gate) -> Option<String> {
    let parts: Vec<String> = [
        (gate.waived, "waived"),
        (gate.soft, "soft"),
        (gate.unchanged, "known from the earlier result"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    (!parts.is_empty()).then(|| format!("not counted: {}", parts.join(", ")))
}

/// What was not seen and should have been, whatever the checks say.
fn unseen(document: &Findings) -> Vec<String> {
    let targets = &document.targets;
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let unreached = targets.iter().filter(|t| t.observed_at.is_none()).count();
    let blind = targets.iter().filter(|t| !t.blind.is_empty()).count();
    let undecided = undecided(document);
    let mut why = Vec::new();
    if targets.is_empty() {
        why.push("the run names no target".to_owned());
    }
    for (number, what) in [
        (unreached, "no observation of"),
        (blind, "nothing seen of a whole area of"),
        (undecided, "nothing there to check of"),
    ] {
        if number > 0 {
            why.push(format!(
                "{what} {}",
                counted(count(number), "target", "targets")
            ));
        }
    }
    let decided = document
        .verdicts
        .iter()
        .any(|row| matches!(row.verdict, Verdict::Pass | Verdict::Fail))
        || document.findings.iter().any(|f| document.only_not_asked(f));
    if why.is_empty() && !decided {
        why.push("no check of the profile decided anything".to_owned());
    }
    why
}

/// Targets that were looked at, and where nothing was there that any check could
/// decide on: no address, or no TLS when only TLS was asked for.
fn undecided(document: &Findings) -> usize {
    let mut looked: HashSet<&str> = document
        .verdicts
        .iter()
        .filter(|row| row.reason == Some(NotApplied::NoSubject))
        .map(|row| row.target.as_str())
        .collect();
    for row in &document.verdicts {
        if matches!(row.verdict, Verdict::Pass | Verdict::Fail) {
            looked.remove(row.target.as_str());
        }
    }
    for finding in &document.findings {
        if !document.only_not_asked(finding) {
            looked.remove(finding.target.as_str());
        }
    }
    let observed = document.targets.iter().filter(|t| t.observed_at.is_some());
    observed.filter(|t| looked.contains(t.key.as_str())).count()
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
