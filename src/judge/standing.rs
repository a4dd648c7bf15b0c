//! How a whole run stands: takes the results of targets one by one and ends in
//! the findings document.

use jiff::civil::Date;
use std::collections::{BTreeSet, HashMap};

use super::controls::{Outcomes, controls};
use super::gate::gate;
use super::interner::Interner;
use super::profile::{CheckInUse, ResolvedProfile};
use super::rollup::{self, EntryOutcome};
use super::target::{TargetFinding, TargetGap, TargetResult, Unreached, UseOutcome, unreached};
use crate::model::{
    check::Severity,
    finding::{
        CheckVerdict, Effect, FINDINGS_SCHEMA, Finding, Findings, Gate, JudgedDates, OpenGap,
        ProfileRef, RequirementResult, Standings, Summary, TargetSummary,
    },
    gap::GapReason,
    observation::Cost,
    profile::Obligation,
    run::RunHeader,
    shared::Shared,
    target::Target,
    verdict::Verdict,
};

/// Largest integer of a canonical document (RFC 7493 section 2.2).
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// The standing of a run under one profile, while its targets come in.
pub struct Standing<'a> {
    profile: &'a ResolvedProfile,
    header: &'a RunHeader,
    as_of: Date,
    results: HashMap<String, TargetResult>,
    interner: Interner,
}

impl<'a> Standing<'a> {
    /// Begins with no target.
    pub fn new(profile: &'a ResolvedProfile, header: &'a RunHeader, as_of: Date) -> Self {
        Self {
            profile,
            header,
            as_of,
            results: HashMap::with_capacity(header.targets.len()),
            interner: Interner::default(),
        }
    }

    /// Takes in the result of a target, judged under the same profile. Results
    /// of targets that the header does not name are left out.
    pub fn add(&mut self, mut result: TargetResult) {
        self.interner.compact(&mut result);
        self.results.insert(result.key.to_string(), result);
    }

    /// Ends in the findings document. Targets of the header without a result
    /// count as not reached.
    pub fn finish(mut self, fail_on: Severity) -> Findings {
        let results: Vec<TargetState<'_>> = self
            .header
            .targets
            .iter()
            .map(|target| match self.results.remove(&target.key()) {
                Some(result) => TargetState::Observed(Box::new(result)),
                None => TargetState::Unreached(target, unreached(self.profile, target, self.as_of)),
            })
            .collect();
        let entries = self.entries(&results);
        let mut document = self.empty(fail_on);
        let outcomes: Vec<_> = results.iter().map(TargetState::outcomes).collect();
        document.controls = controls(self.profile, &entries, &outcomes);
        document.requirements = self.requirements(&results, &entries);
        for state in results {
            self.write_target(state, &entries, &mut document);
        }
        for control in &document.controls {
            document.summary.controls.count(control.verdict);
        }
        for requirement in &document.requirements {
            document.summary.requirements.count(requirement.verdict);
        }
        document.summary.targets = count(document.targets.len());
        document.gate = gate(&document, fail_on);
        document
    }

    /// The verdict of each entry over all targets.
    fn entries(&self, results: &[TargetState<'_>]) -> Vec<Verdict> {
        self.profile
            .entries
            .iter()
            .enumerate()
            .map(|(index, entry)| {
                let verdicts = results
                    .iter()
                    .filter_map(|state| state.entries().get(index))
                    .map(|outcome| outcome.verdict);
                rollup::run(entry.over, verdicts)
            })
            .collect()
    }

    fn requirements(
        &self,
        results: &[TargetState<'_>],
        entries: &[Verdict],
    ) -> Vec<RequirementResult> {
        self.profile
            .entries
            .iter()
            .zip(entries)
            .enumerate()
            .map(|(index, (entry, verdict))| {
                let mut targets = Standings::default();
                for outcome in results
                    .iter()
                    .filter_map(|state| state.entries().get(index))
                {
                    targets.count(outcome.verdict);
                }
                RequirementResult {
                    row: entry.row.clone(),
                    variant: entry.variant.clone(),
                    printed: entry.printed.clone(),
                    text: entry.text.clone(),
                    obligation: entry.level,
                    over: entry.over,
                    verdict: *verdict,
                    reason: entry.out_of_season(self.as_of),
                    targets,
                    because: entry.because.clone(),
                    digest: entry.digest.clone(),
                }
            })
            .collect()
    }

    fn empty(&self, fail_on: Severity) -> Findings {
        Findings {
            schema: FINDINGS_SCHEMA.to_owned(),
            tool: concat!("scrutineer ", env!("CARGO_PKG_VERSION")).to_owned(),
            tlp: self.header.tlp.clone(),
            organisation: self.header.organisation.clone(),
            profile: ProfileRef {
                id: self.profile.id.clone(),
                title: self.profile.title.clone(),
                digest: self.profile.digest.clone(),
            },
            pack: self.profile.pack.clone(),
            run_pack: self
                .header
                .pack
                .clone()
                .filter(|pack| pack.digest != self.profile.pack.digest),
            tables: self.header.tables.clone(),
            dates: JudgedDates {
                run_started: self.header.started_at,
                as_of: self.as_of,
                observed_first: None,
                observed_last: None,
                gate: None,
            },
            gate: Gate {
                fail_on,
                exit: 3,
                why: Vec::new(),
                waived: 0,
                soft: 0,
                unchanged: 0,
            },
            summary: Summary::default(),
            cost: Cost::default(),
            controls: Vec::new(),
            requirements: Vec::new(),
            targets: Vec::new(),
            findings: Vec::new(),
            verdicts: Vec::new(),
            gaps: Vec::new(),
            waivers: Vec::new(),
            against: None,
        }
    }

    fn write_target(&self, state: TargetState<'_>, entries: &[Verdict], document: &mut Findings) {
        match state {
            TargetState::Observed(result) => {
                self.write_observed(*result, entries, document);
            }
            TargetState::Unreached(target, outcomes) => {
                self.write_unreached(target, outcomes, document);
            }
        }
    }

    fn write_unreached(&self, target: &Target, outcomes: Unreached, document: &mut Findings) {
        let key = Shared::new(target.key());
        let mut summary = TargetSummary {
            verdict: self.verdict(outcomes.entries.iter().map(|outcome| outcome.verdict)),
            ..blank(target, key.to_string())
        };
        for (in_use, outcome) in self.profile.uses.iter().zip(outcomes.uses) {
            summary.open += u64::from(outcome.verdict == Verdict::Inconclusive);
            document.verdicts.push(self.row(&key, in_use, outcome));
        }
        document.gaps.push(OpenGap {
            target: key,
            at: String::new(),
            place: Vec::new(),
            reason: GapReason::Interrupted,
            detail: Some("the run ended before this target was observed".to_owned()),
            opens: summary.open,
        });
        document.summary.targets_not_observed += 1;
        document.summary.open += summary.open;
        document.targets.push(summary);
    }

    fn write_observed(&self, result: TargetResult, entries: &[Verdict], document: &mut Findings) {
        let mut summary = TargetSummary {
            observed_at: Some(result.observed_at),
            conditions: Some(result.conditions),
            verdict: self.verdict(result.entries.iter().map(|outcome| outcome.verdict)),
            spoofing: result.spoofing,
            observatory: result.observatory,
            tls_grades: result.tls_grades,
            blind: result.blind,
            products: result.products,
            cost: bounded(result.cost),
            ..blank(&result.target, result.key.to_string())
        };
        let dates = &mut document.dates;
        let at = result.observed_at;
        dates.observed_first = Some(dates.observed_first.map_or(at, |first| first.min(at)));
        dates.observed_last = Some(dates.observed_last.map_or(at, |last| last.max(at)));
        add(&mut document.cost, summary.cost);
        for (in_use, outcome) in self.profile.uses.iter().zip(result.uses) {
            match outcome.verdict {
                Verdict::Pass => summary.passed += 1,
                Verdict::Inconclusive if outcome.not_asked => summary.not_asked += 1,
                Verdict::Inconclusive => summary.open += 1,
                Verdict::Fail | Verdict::NotApplicable => {}
            }
            document
                .verdicts
                .push(self.row(&result.key, in_use, outcome));
        }
        let numbers = place_gaps(result.gaps, &result.key, &mut document.gaps);
        let mut findings: Vec<Finding> = Vec::with_capacity(result.findings.len());
        for TargetFinding {
            mut finding,
            entries: asked_by,
        } in result.findings
        {
            let (effect, obligation) = self.effect(&finding, &asked_by, entries);
            finding.effect = effect;
            finding.obligation = obligation;
            finding.gaps = renumber(&finding.gaps, &numbers);
            match effect {
                Effect::Failure => summary.failures.count(finding.severity),
                Effect::Warning => summary.warnings.count(finding.severity),
                Effect::Open | Effect::Note => {}
            }
            findings.push(finding);
        }
        // Stable: what is equal stays in the order of check and `as`.
        findings.sort_by_key(|finding| {
            (
                finding.effect,
                std::cmp::Reverse(finding.severity),
                finding.effort,
            )
        });
        document.findings.append(&mut findings);
        let totals = &mut document.summary;
        for (total, own) in [
            (&mut totals.failures, summary.failures),
            (&mut totals.warnings, summary.warnings),
        ] {
            total.critical += own.critical;
            total.high += own.high;
            total.medium += own.medium;
            total.low += own.low;
            total.info += own.info;
        }
        totals.passed += summary.passed;
        totals.open += summary.open;
        totals.not_asked += summary.not_asked;
        document.targets.push(summary);
    }

    /// The roll-up of a target over the entries that decide.
    fn verdict(&self, outcomes: impl Iterator<Item = Verdict>) -> Verdict {
        Verdict::roll_up(
            self.profile
                .entries
                .iter()
                .zip(outcomes)
                .filter(|(entry, _)| entry.level != Obligation::May)
                .map(|(_, verdict)| verdict),
        )
    }

    fn row(
        &self,
        target: &Shared<String>,
        in_use: &CheckInUse,
        outcome: UseOutcome,
    ) -> CheckVerdict {
        let check = self.profile.checks.get(in_use.check);
        CheckVerdict {
            target: target.clone(),
            check: check.map(|c| c.prose.id.clone()).unwrap_or_default(),
            variant: in_use.variant.clone(),
            digest: check.map(|c| c.prose.digest.clone()).unwrap_or_default(),
            verdict: outcome.verdict,
            reason: outcome.reason,
            subjects: outcome.subjects,
        }
    }

    /// What a finding does, and the most binding entry by which it does that.
    /// Where one target is enough, the run decides and not the target.
    fn effect(
        &self,
        finding: &Finding,
        asked_by: &[usize],
        run: &[Verdict],
    ) -> (Effect, Obligation) {
        let one_is_enough = crate::model::profile::Scope::AnyTarget;
        let mut worst = (Effect::Note, std::cmp::Reverse(Obligation::May));
        for (index, requirement) in asked_by.iter().zip(&finding.requirements) {
            let Some(entry) = self.profile.entries.get(*index) else {
                continue;
            };
            let verdict = match entry.over == one_is_enough {
                true => run.get(*index).copied().unwrap_or(requirement.verdict),
                false => requirement.verdict,
            };
            let effect = weigh(finding.verdict, verdict, entry.level);
            worst = worst.min((effect, std::cmp::Reverse(entry.level)));
        }
        (worst.0, worst.1.0)
    }
}

/// What a check's verdict does by way of an entry.
fn weigh(check: Verdict, entry: Verdict, obligation: Obligation) -> Effect {
    match (check, entry, obligation) {
        (_, _, Obligation::May) => Effect::Note,
        // Another alternative, or another target, meets the demand.
        (_, Verdict::Pass | Verdict::NotApplicable, _) => Effect::Note,
        (Verdict::Fail, Verdict::Fail, Obligation::Must) => Effect::Failure,
        (Verdict::Fail, Verdict::Fail, Obligation::Should) => Effect::Warning,
        (Verdict::Fail | Verdict::Inconclusive, _, _) => Effect::Open,
        (Verdict::Pass | Verdict::NotApplicable, _, _) => Effect::Note,
    }
}

enum TargetState<'a> {
    Observed(Box<TargetResult>),
    Unreached(&'a Target, Unreached),
}

impl TargetState<'_> {
    fn entries(&self) -> &[EntryOutcome] {
        match self {
            Self::Observed(result) => &result.entries,
            Self::Unreached(_, outcomes) => &outcomes.entries,
        }
    }

    fn outcomes(&self) -> Outcomes<'_> {
        match self {
            Self::Observed(result) => (&result.entries, &result.uses),
            Self::Unreached(_, outcomes) => (&outcomes.entries, &outcomes.uses),
        }
    }
}

/// Appends the gaps of a target, sorted by place. Returns the new number of each.
fn place_gaps(gaps: Vec<TargetGap>, target: &Shared<String>, all: &mut Vec<OpenGap>) -> Vec<u64> {
    let mut sorted: Vec<(TargetGap, usize)> = gaps.into_iter().zip(0..).collect();
    sorted.sort();
    let mut numbers = vec![0; sorted.len()];
    for (open, index) in sorted {
        if let Some(number) = numbers.get_mut(index) {
            *number = count(all.len());
        }
        all.push(OpenGap {
            target: target.clone(),
            at: open.gap.at,
            place: open.place,
            reason: open.gap.reason,
            detail: open.gap.detail,
            opens: open.opens,
        });
    }
    numbers
}

fn renumber(gaps: &[u64], numbers: &[u64]) -> Vec<u64> {
    let mut placed: Vec<u64> = gaps
        .iter()
        .filter_map(|index| numbers.get(usize::try_from(*index).ok()?).copied())
        .collect();
    placed.sort_unstable();
    placed
}

fn blank(target: &Target, key: String) -> TargetSummary {
    TargetSummary {
        key,
        roles: target.roles.clone(),
        source: target.source.clone(),
        observed_at: None,
        conditions: None,
        verdict: Verdict::Inconclusive,
        failures: Default::default(),
        warnings: Default::default(),
        passed: 0,
        open: 0,
        not_asked: 0,
        spoofing: None,
        observatory: None,
        tls_grades: Vec::new(),
        blind: BTreeSet::new(),
        products: Vec::new(),
        cost: Cost::default(),
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Adds without leaving the integers that a canonical document may hold.
fn add(total: &mut Cost, cost: Cost) {
    *total = bounded(Cost {
        connections: total.connections.saturating_add(cost.connections),
        enumeration: match (total.enumeration, cost.enumeration) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        },
        queries: total.queries.saturating_add(cost.queries),
        bytes_sent: total.bytes_sent.saturating_add(cost.bytes_sent),
        bytes_received: total.bytes_received.saturating_add(cost.bytes_received),
        milliseconds: total.milliseconds.saturating_add(cost.milliseconds),
    });
}

fn bounded(cost: Cost) -> Cost {
    Cost {
        connections: cost.connections.min(MAX_INTEGER),
        enumeration: cost.enumeration.map(|count| count.min(MAX_INTEGER)),
        queries: cost.queries.min(MAX_INTEGER),
        bytes_sent: cost.bytes_sent.min(MAX_INTEGER),
        bytes_received: cost.bytes_received.min(MAX_INTEGER),
        milliseconds: cost.milliseconds.min(MAX_INTEGER),
    }
}
