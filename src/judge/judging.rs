//! The work of judging one target: each check once, why it is open, and what
//! goes into its finding.

use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

use super::instance::{Identity, instances};
use super::profile::{CheckInUse, ResolvedCheck, ResolvedProfile};
use super::rollup::EntryOutcome;
use super::target::{Dates, Defect, Observed, TargetGap};
use crate::model::{
    finding::{Effect, Finding, NotApplied, RequirementRef, SubjectVerdict},
    gap::{Gap, GapReason},
    level::Area,
    profile::Obligation,
    shared::Shared,
    verdict::Verdict,
};
use crate::rules::{Context, Document, SubjectOutcome};

/// What a check says of a target.
pub(super) struct CheckOutcome {
    pub verdict: Verdict,
    pub reason: Option<NotApplied>,
    pub not_asked: bool,
    pub outcomes: Vec<SubjectOutcome>,
    pub subjects: Shared<Vec<SubjectVerdict>>,
    /// Indices into the target's gaps that leave it open, ascending.
    pub gaps: Vec<usize>,
}

impl CheckOutcome {
    pub fn empty(verdict: Verdict, reason: Option<NotApplied>) -> Self {
        Self {
            verdict,
            reason,
            not_asked: false,
            outcomes: Vec::new(),
            subjects: Shared::default(),
            gaps: Vec::new(),
        }
    }
}

/// The state of judging one target.
pub(super) struct Judging<'a> {
    pub observed: &'a Observed,
    pub key: Shared<String>,
    /// Areas that the target's roles ask for.
    pub areas: BTreeSet<Area>,
    pub gaps: Vec<TargetGap>,
    /// Pointers of subjects, each kept once.
    pub places: HashMap<String, Shared<String>>,
}

impl Judging<'_> {
    pub fn check(
        &mut self,
        check: &ResolvedCheck,
        document: &Document<'_>,
        dates: &Dates,
    ) -> Result<CheckOutcome, Defect> {
        let context = Context {
            document,
            params: &check.params,
            now: self.observed.observation.observed_at,
            as_of: dates.as_of,
        };
        let outcomes = check.program.judge(&context).map_err(|defect| Defect {
            check: check.check.id.clone(),
            target: self.key.to_string(),
            defect,
        })?;
        let verdict = Verdict::roll_up(outcomes.iter().map(|outcome| outcome.verdict));
        let subjects = outcomes
            .iter()
            .map(|outcome| SubjectVerdict {
                at: self.place(&outcome.pointer),
                verdict: outcome.verdict,
            })
            .collect();
        let reason = (verdict == Verdict::NotApplicable).then_some(NotApplied::NoSubject);
        let mut judged = CheckOutcome {
            subjects: Shared::new(subjects),
            outcomes,
            ..CheckOutcome::empty(verdict, reason)
        };
        if verdict == Verdict::Inconclusive {
            self.explain(check, &mut judged);
        }
        Ok(judged)
    }

    /// Finds out why a check is open. Where the roles of the target do not ask
    /// for the areas that it needs, it does not apply.
    fn explain(&mut self, check: &ResolvedCheck, judged: &mut CheckOutcome) {
        let mut gaps: BTreeSet<usize> = judged
            .outcomes
            .iter()
            .flat_map(|outcome| outcome.gaps.iter().copied())
            .filter(|index| *index < self.gaps.len())
            .collect();
        let unasked: BTreeSet<&str> = judged
            .outcomes
            .iter()
            .flat_map(|outcome| outcome.unasked.iter().map(String::as_str))
            .collect();
        for path in unasked {
            gaps.insert(self.unexplained(check, path));
        }
        if gaps.is_empty() {
            gaps.insert(self.unexplained(check, &check.check.logic.subjects));
        }
        judged.not_asked = gaps
            .iter()
            .filter_map(|index| self.gaps.get(*index))
            .all(|open| open.gap.reason == GapReason::NotAsked);
        let of_other_roles = |gap: &Gap| area_of(&gap.at).is_some_and(|a| !self.areas.contains(&a));
        if judged.not_asked
            && gaps
                .iter()
                .filter_map(|index| self.gaps.get(*index))
                .any(|open| of_other_roles(&open.gap))
        {
            *judged = CheckOutcome::empty(Verdict::NotApplicable, Some(NotApplied::Role));
            return;
        }
        judged.gaps = gaps.into_iter().collect();
    }

    /// A gap for a fact that is missing without one. It was not asked for when
    /// the scan did not look at its area, or not that far; otherwise the probe
    /// owes an explanation.
    fn unexplained(&mut self, check: &ResolvedCheck, path: &str) -> usize {
        let fact = check.program.facts().iter().find(|fact| fact.path == path);
        let stem = path.split("[]").next().unwrap_or(path);
        let at: String = stem.split('.').flat_map(|name| ["/", name]).collect();
        let area = fact.and_then(|fact| fact.area).or_else(|| area_of(&at));
        let level = fact.map_or(check.level, |fact| fact.level);
        let conditions = &self.observed.observation.conditions;
        let asked = level <= conditions.level
            && area
                .is_none_or(|area| conditions.areas.contains(&area) && self.areas.contains(&area));
        let gap = if asked {
            Gap {
                at,
                reason: GapReason::Internal,
                detail: Some(format!(
                    "{path} is missing from the observation, and no gap says why"
                )),
            }
        } else {
            Gap {
                at,
                reason: GapReason::NotAsked,
                detail: None,
            }
        };
        match self.gaps.iter().position(|known| known.gap == gap) {
            Some(index) => index,
            None => {
                self.gaps.push(self.observed.gap(gap));
                self.gaps.len() - 1
            }
        }
    }

    pub fn count_open(&mut self, gaps: &[usize]) {
        for index in gaps {
            if let Some(open) = self.gaps.get_mut(*index) {
                open.opens = open.opens.saturating_add(1);
            }
        }
    }

    fn place(&mut self, pointer: &str) -> Shared<String> {
        if let Some(known) = self.places.get(pointer) {
            return known.clone();
        }
        let place = Shared::new(pointer.to_owned());
        self.places.insert(pointer.to_owned(), place.clone());
        place
    }

    /// The finding of a check that fails or stays open, without its evidence.
    pub fn finding(
        &self,
        profile: &ResolvedProfile,
        in_use: &CheckInUse,
        check: &ResolvedCheck,
        judged: &CheckOutcome,
        outcomes: &[EntryOutcome],
    ) -> (Finding, Vec<usize>) {
        let prose = &check.prose;
        let applied: Vec<usize> = in_use
            .entries
            .iter()
            .copied()
            .filter(|index| {
                outcomes
                    .get(*index)
                    .is_some_and(|outcome| outcome.reason.is_none())
            })
            .collect();
        let requirements = applied
            .iter()
            .filter_map(|index| {
                let entry = profile.entries.get(*index)?;
                let name = profile.names.get(*index)?;
                Some(RequirementRef {
                    row: name.row.clone(),
                    printed: name.printed.clone(),
                    obligation: entry.level,
                    alternative: entry.groups.len() > 1,
                    verdict: outcomes.get(*index)?.verdict,
                })
            })
            .collect();
        let identity = Identity {
            check: &check.check.id,
            variant: in_use.variant.as_ref().map(|variant| variant.as_str()),
            target: &self.key,
        };
        let instances = instances(
            identity,
            &self.observed.value,
            &judged.outcomes,
            &check.check.title,
        );
        let finding = Finding {
            target: self.key.clone(),
            check: prose.id.clone(),
            variant: in_use.variant.clone(),
            digest: prose.digest.clone(),
            control: prose.control.clone(),
            verdict: judged.verdict,
            effect: Effect::Note,
            obligation: Obligation::May,
            severity: check.check.severity,
            effort: check.check.effort,
            level: check.level,
            title: prose.title.clone(),
            message: instances
                .listed
                .first()
                .map(|instance| instance.message.clone())
                .unwrap_or_default(),
            rationale: prose.rationale.clone(),
            remediation: prose.remediation.clone(),
            references: prose.references.clone(),
            requirements,
            instances: instances.listed,
            more_instances: instances.more,
            gaps: judged
                .gaps
                .iter()
                .filter_map(|index| u64::try_from(*index).ok())
                .collect(),
            evidence: Vec::new(),
            waived: None,
            soft: false,
            change: None,
        };
        (finding, applied)
    }

    /// Areas that the scan was to look at and saw nothing of: the facts are
    /// missing for a reason of the world, or every check that needs them stays open.
    pub fn blind(
        &self,
        profile: &ResolvedProfile,
        judged: &[Option<CheckOutcome>],
    ) -> BTreeSet<Area> {
        let asked = self.observed.observation.conditions.areas.iter().copied();
        asked
            .filter(|area| self.areas.contains(area))
            .filter(|area| self.is_missing(*area) || self.is_open(*area, profile, judged))
            .collect()
    }

    fn is_missing(&self, area: Area) -> bool {
        let at = format!("/{area}");
        let mut here = self
            .gaps
            .iter()
            .map(|open| &open.gap)
            .filter(|gap| gap.at == at);
        match self.observed.value.get(area.key()) {
            Some(Value::Null) | None => !here.any(|gap| gap.reason == GapReason::NotAsked),
            Some(_) => here.any(|gap| gap.reason != GapReason::NotAsked),
        }
    }

    fn is_open(
        &self,
        area: Area,
        profile: &ResolvedProfile,
        judged: &[Option<CheckOutcome>],
    ) -> bool {
        let mut open = false;
        for (check, outcome) in profile.checks.iter().zip(judged) {
            let Some(outcome) = outcome.as_ref().filter(|_| check.areas.contains(&area)) else {
                continue;
            };
            // One subject that was judged shows that the area was seen.
            let decided =
                |outcome: &SubjectOutcome| matches!(outcome.verdict, Verdict::Pass | Verdict::Fail);
            if outcome.outcomes.iter().any(decided) {
                return false;
            }
            open |= outcome.gaps.iter().any(|index| {
                self.gaps.get(*index).is_some_and(|open| {
                    open.gap.reason != GapReason::NotAsked && area_of(&open.gap.at) == Some(area)
                })
            });
        }
        open
    }
}

/// The area that a pointer leads into.
fn area_of(pointer: &str) -> Option<Area> {
    let first = pointer.strip_prefix('/')?.split('/').next()?;
    Area::ALL.into_iter().find(|area| area.key() == first)
}
