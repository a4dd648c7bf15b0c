//! Judges one target.

use jiff::{Timestamp, civil::Date};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use super::evidence::EvidencePicker;
use super::instance::{Identity, instances};
use super::place::place;
use super::products::products;
use super::profile::{CheckInUse, ResolvedCheck, ResolvedProfile};
use super::rollup::{self, EntryOutcome};
use crate::model::{
    finding::{Effect, Finding, NotApplied, RequirementRef, SubjectVerdict},
    gap::{Gap, GapReason},
    level::Area,
    observation::{Conditions, Cost, Observation},
    profile::Obligation,
    shared::Shared,
    target::Target,
    verdict::Verdict,
};
use crate::rules::{self, Context, Document, SubjectOutcome};

/// The dates that judging uses, besides the time of the observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// The policy date: entries and suite policies apply as of this day.
    pub as_of: Date,
}

/// A check that could not judge a target: a defect of the check, or facts that
/// are not of the types that their schema promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// Id of the check.
    pub check: String,
    /// Key of the target.
    pub target: String,
    /// What went wrong.
    pub defect: rules::Defect,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "check {} cannot judge {}: {}",
            self.check, self.target, self.defect
        )
    }
}

impl std::error::Error for Defect {}

/// An observation made ready for judging, once for all profiles.
#[derive(Debug)]
pub struct Observed {
    /// The observation, its facts moved into `value`.
    pub(super) observation: Observation,
    /// What checks read: target, gaps, time and facts.
    pub(super) value: Value,
    pub(super) products: Vec<String>,
}

impl From<Observation> for Observed {
    fn from(mut observation: Observation) -> Self {
        observation.gaps.sort();
        let json = |value: Result<Value, serde_json::Error>| {
            value.expect("targets and gaps hold nothing that JSON cannot")
        };
        let mut value: Map<String, Value> = std::mem::take(&mut observation.facts)
            .into_iter()
            .map(|(area, facts)| (area.key().to_owned(), facts))
            .collect();
        value.insert(
            "target".to_owned(),
            json(serde_json::to_value(&observation.target)),
        );
        value.insert(
            "gaps".to_owned(),
            json(serde_json::to_value(&observation.gaps)),
        );
        value.insert(
            "observed_at".to_owned(),
            Value::String(observation.observed_at.to_string()),
        );
        let value = Value::Object(value);
        Self {
            products: products(&value),
            observation,
            value,
        }
    }
}

/// What a profile says of one target.
#[derive(Clone, Debug)]
pub struct TargetResult {
    /// The target.
    pub target: Target,
    /// Its key.
    pub key: Shared<String>,
    /// When it was observed.
    pub observed_at: Timestamp,
    /// How it was looked at.
    pub conditions: Conditions,
    /// What looking at it cost.
    pub cost: Cost,
    /// Products recognised from the facts.
    pub products: Vec<String>,
    /// Areas that were to be looked at, and of which nothing could be judged.
    pub blind: BTreeSet<Area>,
    /// How each entry of the profile stands, in its order.
    pub entries: Vec<EntryOutcome>,
    /// What each check says, one for each use in the profile.
    pub(super) uses: Vec<UseOutcome>,
    /// What could not be seen, sorted by place, with the number of checks left open.
    pub(super) gaps: Vec<TargetGap>,
    /// What fails or stays open. Gaps are indices into those of the target.
    pub(super) findings: Vec<TargetFinding>,
}

/// What a check says of a target under one `as`.
#[derive(Clone, Debug)]
pub(super) struct UseOutcome {
    pub verdict: Verdict,
    pub reason: Option<NotApplied>,
    /// Whether it is open only because the scan was not to ask.
    pub not_asked: bool,
    pub subjects: Shared<Vec<SubjectVerdict>>,
}

/// A place that could not be seen, and how many checks that leaves open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TargetGap {
    pub gap: Gap,
    pub place: Vec<String>,
    pub opens: u64,
}

/// A finding, and the entries of the profile that ask for its check.
#[derive(Clone, Debug)]
pub(super) struct TargetFinding {
    pub finding: Finding,
    pub entries: Vec<usize>,
    pub not_asked: bool,
}

/// Judges one observation under a profile. Clones the facts; where an
/// observation is at hand by value, [`Observed`] saves that.
///
/// # Errors
/// When a check has a defect.
pub fn judge(
    observation: &Observation,
    profile: &ResolvedProfile,
    dates: &Dates,
) -> Result<TargetResult, Defect> {
    Observed::from(observation.clone()).judge(profile, dates)
}

impl Observed {
    fn gap(&self, gap: Gap) -> TargetGap {
        TargetGap {
            place: place(&self.value, &gap.at),
            gap,
            opens: 0,
        }
    }

    /// Judges the observation under a profile.
    ///
    /// # Errors
    /// When a check has a defect.
    pub fn judge(&self, profile: &ResolvedProfile, dates: &Dates) -> Result<TargetResult, Defect> {
        let target = &self.observation.target;
        let reasons: Vec<Option<NotApplied>> = profile
            .entries
            .iter()
            .map(|entry| {
                entry
                    .out_of_season(dates.as_of)
                    .or_else(|| (!entry.is_for(&target.roles)).then_some(NotApplied::Role))
            })
            .collect();
        let mut judging = Judging {
            observed: self,
            key: Shared::new(target.key()),
            areas: target.areas(),
            gaps: self
                .observation
                .gaps
                .iter()
                .map(|gap| self.gap(gap.clone()))
                .collect(),
            places: HashMap::new(),
        };
        let wanted: BTreeSet<usize> = profile
            .groups
            .iter()
            .zip(&reasons)
            .filter(|(_, reason)| reason.is_none())
            .flat_map(|(groups, _)| groups.iter().flatten().copied())
            .collect();
        let document = Document::new(&self.value);
        let mut judged: Vec<Option<CheckOutcome>> = Vec::with_capacity(profile.checks.len());
        for (index, check) in profile.checks.iter().enumerate() {
            judged.push(match wanted.contains(&index) {
                true => Some(judging.check(check, &document, dates)?),
                false => None,
            });
        }
        let entries: Vec<EntryOutcome> = profile
            .groups
            .iter()
            .zip(&reasons)
            .map(|(groups, reason)| roll_up(groups, *reason, &judged))
            .collect();
        let mut uses = Vec::with_capacity(profile.uses.len());
        let mut findings = Vec::new();
        let mut picker = EvidencePicker::new(&self.observation.evidence);
        for in_use in &profile.uses {
            let outcome = in_use_outcome(in_use, &reasons, &judged);
            if let (Some(Some(judged)), Some(check)) =
                (judged.get(in_use.check), profile.checks.get(in_use.check))
            {
                if outcome.verdict == Verdict::Inconclusive {
                    judging.count_open(&judged.gaps);
                }
                if outcome.verdict >= Verdict::Inconclusive {
                    let finding = judging.finding(profile, in_use, check, judged, &entries);
                    findings.push(TargetFinding {
                        finding: Finding {
                            evidence: picker.pick(check, &judged.outcomes),
                            ..finding.0
                        },
                        entries: finding.1,
                        not_asked: outcome.not_asked,
                    });
                }
            }
            uses.push(outcome);
        }
        let blind = judging.blind(profile, &judged);
        Ok(TargetResult {
            target: target.clone(),
            observed_at: self.observation.observed_at,
            conditions: self.observation.conditions.clone(),
            cost: self.observation.cost,
            products: self.products.clone(),
            blind,
            entries,
            uses,
            findings,
            key: judging.key,
            gaps: judging.gaps,
        })
    }
}

/// What a check says of a target.
struct CheckOutcome {
    verdict: Verdict,
    reason: Option<NotApplied>,
    not_asked: bool,
    outcomes: Vec<SubjectOutcome>,
    subjects: Shared<Vec<SubjectVerdict>>,
    /// Indices into the target's gaps that leave it open, ascending.
    gaps: Vec<usize>,
}

/// The state of judging one target.
struct Judging<'a> {
    observed: &'a Observed,
    key: Shared<String>,
    /// Areas that the target's roles ask for.
    areas: BTreeSet<Area>,
    gaps: Vec<TargetGap>,
    /// Pointers of subjects, each kept once.
    places: HashMap<String, Shared<String>>,
}

impl Judging<'_> {
    fn check(
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
        let mut judged = CheckOutcome {
            verdict,
            reason: (verdict == Verdict::NotApplicable).then_some(NotApplied::NoSubject),
            not_asked: false,
            gaps: Vec::new(),
            subjects: Shared::new(subjects),
            outcomes,
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
            judged.verdict = Verdict::NotApplicable;
            judged.reason = Some(NotApplied::Role);
            judged.subjects = Shared::default();
            judged.outcomes.clear();
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

    fn count_open(&mut self, gaps: &[usize]) {
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
    fn finding(
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
            .filter_map(|index| Some((profile.entries.get(*index)?, outcomes.get(*index)?)))
            .map(|(entry, outcome)| RequirementRef {
                row: entry.row.as_str().into(),
                printed: entry.printed.as_deref().map(Shared::from),
                obligation: entry.level,
                alternative: entry.groups.len() > 1,
                verdict: outcome.verdict,
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
        };
        (finding, applied)
    }

    /// Areas that the scan was to look at and saw nothing of: the facts are
    /// missing for a reason of the world, or every check that needs them stays open.
    fn blind(&self, profile: &ResolvedProfile, judged: &[Option<CheckOutcome>]) -> BTreeSet<Area> {
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
            match outcome.verdict {
                Verdict::Pass | Verdict::Fail => return false,
                Verdict::NotApplicable => {}
                Verdict::Inconclusive => {
                    open |= outcome.gaps.iter().any(|index| {
                        self.gaps.get(*index).is_some_and(|open| {
                            open.gap.reason != GapReason::NotAsked
                                && area_of(&open.gap.at) == Some(area)
                        })
                    });
                }
            }
        }
        open
    }
}

fn roll_up(
    groups: &[Vec<usize>],
    reason: Option<NotApplied>,
    judged: &[Option<CheckOutcome>],
) -> EntryOutcome {
    if reason.is_some() {
        return EntryOutcome {
            verdict: Verdict::NotApplicable,
            reason,
        };
    }
    let outcome = |index: &usize| judged.get(*index).and_then(Option::as_ref);
    let verdict = rollup::entry(groups.iter().map(|group| {
        group
            .iter()
            .filter_map(outcome)
            .map(|outcome| outcome.verdict)
    }));
    let reason = (verdict == Verdict::NotApplicable).then(|| {
        let mut reasons = groups.iter().flatten().filter_map(outcome);
        match reasons.all(|outcome| outcome.reason == Some(NotApplied::Role)) {
            true => NotApplied::Role,
            false => NotApplied::NoSubject,
        }
    });
    EntryOutcome { verdict, reason }
}

fn in_use_outcome(
    in_use: &CheckInUse,
    reasons: &[Option<NotApplied>],
    judged: &[Option<CheckOutcome>],
) -> UseOutcome {
    let mut left_out = None;
    for index in &in_use.entries {
        match reasons.get(*index) {
            Some(Some(reason)) => left_out = left_out.or(Some(*reason)),
            _ => {
                if let Some(Some(outcome)) = judged.get(in_use.check) {
                    return UseOutcome {
                        verdict: outcome.verdict,
                        reason: outcome.reason,
                        not_asked: outcome.not_asked && outcome.verdict == Verdict::Inconclusive,
                        subjects: outcome.subjects.clone(),
                    };
                }
            }
        }
    }
    UseOutcome {
        verdict: Verdict::NotApplicable,
        reason: left_out,
        not_asked: false,
        subjects: Shared::default(),
    }
}

/// The area that a pointer leads into.
fn area_of(pointer: &str) -> Option<Area> {
    let first = pointer.strip_prefix('/')?.split('/').next()?;
    Area::ALL.into_iter().find(|area| area.key() == first)
}
