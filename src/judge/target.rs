//! Judges one target.

use jiff::{Timestamp, civil::Date};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use super::evidence::EvidencePicker;
use super::judging::{CheckOutcome, Judging};
use super::place::place;
use super::products::products;
use super::profile::{CheckInUse, ResolvedProfile};
use super::rollup::{self, EntryOutcome};
use crate::model::{
    finding::{Finding, NotApplied, SubjectVerdict},
    gap::Gap,
    level::Area,
    observation::{Conditions, Cost, Observation},
    observatory::ObservatoryScore,
    shared::Shared,
    spoofing::Spoofing,
    target::Target,
    tls_grade::{EndpointGrade, TlsGrade},
    verdict::Verdict,
};
use crate::rules::{self, Document};

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
    spoofing: Option<Spoofing>,
    observatory: Option<ObservatoryScore>,
    tls_grades: Vec<EndpointGrade>,
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
            spoofing: value
                .pointer("/mail/spoofing")
                .and_then(|facts| Spoofing::deserialize(facts).ok()),
            observatory: value
                .pointer("/web/observatory")
                .and_then(|facts| ObservatoryScore::deserialize(facts).ok()),
            tls_grades: tls_grades(&value),
            observation,
            value,
        }
    }
}

/// The grades of the endpoints that have one.
fn tls_grades(value: &Value) -> Vec<EndpointGrade> {
    let endpoints = value.pointer("/tls/endpoints").and_then(Value::as_array);
    let graded = endpoints.into_iter().flatten().filter_map(|endpoint| {
        Some(EndpointGrade {
            endpoint: endpoint.get("key")?.as_str()?.to_owned(),
            grade: TlsGrade::deserialize(endpoint.get("grade")?).ok()?,
        })
    });
    graded.collect()
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
    /// Whether somebody else can send mail in its name, where its mail was looked at.
    pub spoofing: Option<Spoofing>,
    /// The score of its front page, where its website was looked at.
    pub observatory: Option<ObservatoryScore>,
    /// The grades of its TLS endpoints.
    pub tls_grades: Vec<EndpointGrade>,
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
    pub(super) fn gap(&self, gap: Gap) -> TargetGap {
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
        let reasons = reasons(profile, target, dates.as_of);
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
        let mut picker = EvidencePicker::new(&self.observation.evidence, &target.name);
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
            spoofing: self.spoofing.clone(),
            observatory: self.observatory.clone(),
            tls_grades: self.tls_grades.clone(),
            blind,
            entries,
            uses,
            findings,
            key: judging.key,
            gaps: judging.gaps,
        })
    }
}

/// How a target stands of which the run has no observation.
pub(super) struct Unreached {
    pub entries: Vec<EntryOutcome>,
    pub uses: Vec<UseOutcome>,
}

/// How each entry of a profile stands for a target without an observation:
/// open, where the entry asks for what its roles have.
pub fn not_reached(profile: &ResolvedProfile, target: &Target, as_of: Date) -> Vec<EntryOutcome> {
    unreached(profile, target, as_of).entries
}

/// Whatever is asked of the roles of a target that was not reached stays open.
pub(super) fn unreached(profile: &ResolvedProfile, target: &Target, as_of: Date) -> Unreached {
    let reasons = reasons(profile, target, as_of);
    let areas = target.areas();
    let open: Vec<Option<CheckOutcome>> = profile
        .checks
        .iter()
        .map(|check| match check.areas.is_subset(&areas) {
            true => Some(CheckOutcome::empty(Verdict::Inconclusive, None)),
            false => Some(CheckOutcome::empty(
                Verdict::NotApplicable,
                Some(NotApplied::Role),
            )),
        })
        .collect();
    let groups = profile.groups.iter().zip(&reasons);
    Unreached {
        entries: groups
            .map(|(groups, reason)| roll_up(groups, *reason, &open))
            .collect(),
        uses: profile
            .uses
            .iter()
            .map(|in_use| in_use_outcome(in_use, &reasons, &open))
            .collect(),
    }
}

/// Why each entry of a profile does not apply to a target, if so.
fn reasons(profile: &ResolvedProfile, target: &Target, as_of: Date) -> Vec<Option<NotApplied>> {
    profile
        .entries
        .iter()
        .map(|entry| {
            entry
                .out_of_season(as_of)
                .or_else(|| (!entry.is_for(&target.roles)).then_some(NotApplied::Role))
        })
        .collect()
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
