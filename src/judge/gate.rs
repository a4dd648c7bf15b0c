//! The gate: what a run's results mean for a program that called us.
//!
//! | exit | when |
//! | --- | --- |
//! | 1 | a check of at least the severity asked for fails, and by that a `must` is not met |
//! | 3 | else, when a target of the run was not reached, or an area of it that was to be looked at was not seen at all, or what was seen of it has nothing that a check could decide on, or a check of at least that severity stays open, so that a `must` may not be met |
//! | 0 | else |
//!
//! So an unreachable target never gives 0, whatever the severity asked for. A
//! `should` that fails is a warning and fails no gate. What the scan was not to
//! ask (`--only`, its level) gives 3 by no means: the user chose it. Exit 2 is
//! for wrong usage and input, and never comes from here.

use crate::model::{
    check::Severity,
    finding::{Effect, Gate, TargetSummary},
    profile::Obligation,
    verdict::Verdict,
};

/// What the gate looks at in a finding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighed {
    pub verdict: Verdict,
    pub effect: Effect,
    pub obligation: Obligation,
    pub severity: Severity,
    pub not_asked: bool,
}

/// Decides. `undecided` is the number of targets that were looked at, and of which
/// nothing was there for any check.
pub(super) fn gate(
    fail_on: Severity,
    findings: impl Iterator<Item = Weighed>,
    targets: &[TargetSummary],
    undecided: u64,
) -> Gate {
    let mut failing = 0u64;
    let mut open = 0u64;
    for finding in findings.filter(|finding| finding.severity >= fail_on) {
        match finding.effect {
            Effect::Failure if finding.verdict == Verdict::Fail => failing += 1,
            Effect::Open if finding.obligation == Obligation::Must && !finding.not_asked => {
                open += 1;
            }
            _ => {}
        }
    }
    let mut unreached = 0u64;
    let mut blind = 0u64;
    for target in targets {
        unreached += u64::from(target.observed_at.is_none());
        blind += u64::from(!target.blind.is_empty());
    }
    let mut why = Vec::new();
    if failing > 0 {
        why.push(format!(
            "{} of severity {fail_on} or above against what must be met",
            counted(failing, "failure", "failures")
        ));
    }
    if targets.is_empty() {
        why.push("the run names no target".to_owned());
    }
    if unreached > 0 {
        why.push(format!(
            "no observation of {}",
            counted(unreached, "target", "targets")
        ));
    }
    if blind > 0 {
        why.push(format!(
            "nothing seen of a whole area of {}",
            counted(blind, "target", "targets")
        ));
    }
    if undecided > 0 {
        why.push(format!(
            "nothing there to check of {}",
            counted(undecided, "target", "targets")
        ));
    }
    if open > 0 {
        why.push(format!(
            "no answer for {} of severity {fail_on} or above that must be met",
            counted(open, "check", "checks")
        ));
    }
    let exit = match (failing, why.is_empty()) {
        (1.., _) => 1,
        (0, false) => 3,
        (0, true) => 0,
    };
    if why.is_empty() {
        why.push(format!(
            "nothing of severity {fail_on} or above fails or stays open where it must be met"
        ));
    }
    Gate {
        fail_on,
        exit,
        why,
        waived: 0,
        soft: 0,
        unchanged: 0,
    }
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
