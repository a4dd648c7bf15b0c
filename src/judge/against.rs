//! The gate over time: marks what an earlier result knew already.
//!
//! Unknown is never known: whatever cannot be compared counts as if there was no
//! earlier result.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::{
    Indexed, Known, Match, Pair, compare, differences, moved, place_of, strangers,
};
use super::waivers::Waivers;
use crate::model::{
    finding::{Effect, Finding, Findings},
    marks::{Against, Change, NotComparable, NotCompared, ResultKind},
    profile::Obligation,
    verdict::Verdict,
};

/// An earlier result, with the file that it came from.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// The file, as the user named it.
    pub source: String,
    /// What the file is.
    pub kind: ResultKind,
    /// What it says; for a run, under the profile of now.
    pub document: Findings,
}

/// Why an earlier result is of no use for targets of an organisation, as far as that
/// can be told before they are looked at.
pub fn unfit(
    earlier: &Earlier,
    organisation: Option<&str>,
    targets: &BTreeSet<&str>,
) -> Option<String> {
    let document = &earlier.document;
    let before: BTreeSet<&str> = document.targets.iter().map(|t| t.key.as_str()).collect();
    if let Some(why) = strangers(
        (document.organisation.as_deref(), &before),
        (organisation, targets),
    ) {
        return Some(format!("{}: {why}", earlier.source));
    }
    if document.targets.iter().all(|t| t.observed_at.is_none()) {
        return Some(format!(
            "{}: has no observation of any target",
            earlier.source
        ));
    }
    None
}

/// Marks the findings of a document by an earlier result.
///
/// # Errors
/// In words, when the earlier result is of another organisation or other targets, or
/// has nothing that can be compared.
pub fn apply(document: &mut Findings, earlier: &Earlier) -> Result<(), String> {
    let targets = document.targets.iter().map(|t| t.key.as_str()).collect();
    if let Some(why) = unfit(earlier, document.organisation.as_deref(), &targets) {
        return Err(why);
    }
    let marks = {
        let before = Indexed::new(&earlier.document);
        let now = Indexed::new(document);
        let compared = compare(&before, &now);
        let observed = document.targets.iter().any(|t| t.observed_at.is_some());
        if compared.pairs.is_empty() && observed {
            return Err(nothing(&earlier.source, &compared.not_compared));
        }
        let mut marks: BTreeMap<usize, Marks> = BTreeMap::new();
        let pairs: BTreeMap<_, &Pair<'_>> = compared
            .pairs
            .iter()
            .filter_map(|pair| {
                now.finding(pair.now)
                    .map(|f| ((place_of(f), f.digest.as_str()), pair))
            })
            .collect();
        for (index, finding) in document.findings.iter().enumerate() {
            if let Some(pair) = pairs.get(&(place_of(finding), finding.digest.as_str())) {
                marks.insert(
                    index,
                    Marks::new(finding, pair, before.finding(pair.before)),
                );
            }
        }
        (marks, compared.not_compared)
    };
    let (marks, mut not_compared) = marks;
    let mut against = Against {
        source: earlier.source.clone(),
        kind: earlier.kind,
        run_started: earlier.document.dates.run_started,
        profile: earlier.document.profile.clone(),
        pack: earlier.document.pack.clone(),
        new: 0,
        regressions: 0,
        unchanged: 0,
        not_comparable: 0,
        differences: differences(&earlier.document, document),
        not_compared: Vec::new(),
    };
    let waivers = Waivers::new(&document.waivers);
    for (index, finding) in document.findings.iter_mut().enumerate() {
        match marks.get(&index) {
            Some(marks) => marks.put(finding, &mut not_compared),
            None => Marks::none(finding),
        }
        // Whoever waived it promised to mend it by then; that it is known excuses nothing.
        let day = document.dates.gate;
        if finding.change == Some(Change::Unchanged)
            && day.is_some_and(|day| waivers.expired(finding, day))
        {
            finding.change = Some(Change::Regression);
        }
        let slot = match finding.change {
            Some(Change::New) => &mut against.new,
            Some(Change::Regression) => &mut against.regressions,
            Some(Change::Unchanged) => &mut against.unchanged,
            Some(Change::NotComparable) | None => &mut against.not_comparable,
        };
        *slot += 1;
    }
    not_compared.sort();
    against.not_compared = not_compared;
    document.against = Some(against);
    Ok(())
}

pub(super) fn nothing(source: &str, why: &[NotCompared]) -> String {
    let reasons: BTreeSet<NotComparable> = why.iter().map(|one| one.reason).collect();
    let reasons: Vec<&str> = reasons.into_iter().map(NotComparable::words).collect();
    format!(
        "{source}: has nothing that can be compared: {}",
        reasons.join("; ")
    )
}

/// The marks of one finding.
struct Marks {
    change: Change,
    instances: Vec<(Change, Option<Vec<crate::model::shared::Shared<String>>>)>,
    too_many: bool,
}

impl Marks {
    fn new(finding: &Finding, pair: &Pair<'_>, before: Option<&Finding>) -> Self {
        let all = |change: Change| Self {
            change,
            instances: finding.instances.iter().map(|_| (change, None)).collect(),
            too_many: false,
        };
        let before = match (pair.before.verdict, before) {
            (Verdict::Pass, _) => return all(Change::Regression),
            (Verdict::Fail | Verdict::Inconclusive, Some(before)) => before,
            (Verdict::NotApplicable, _) | (_, None) => return all(Change::New),
        };
        let known = Known::new(before);
        let instances: Vec<_> = finding
            .instances
            .iter()
            .map(|instance| match known.find(instance) {
                Match::Known(known) => (Change::Unchanged, moved(known, instance)),
                Match::New => (Change::New, None),
                Match::Unlisted => (Change::NotComparable, None),
            })
            .collect();
        let has = |change: Change| instances.iter().any(|(found, _)| *found == change);
        let worse = before.verdict == Verdict::Inconclusive && finding.verdict == Verdict::Fail;
        let unlisted = has(Change::NotComparable) || finding.more_instances > 0;
        let change = match () {
            () if has(Change::New) || worse => Change::New,
            () if unlisted => Change::NotComparable,
            () if weight(finding) > weight(before) => Change::Regression,
            () => Change::Unchanged,
        };
        Self {
            change,
            instances,
            too_many: change == Change::NotComparable,
        }
    }

    fn put(&self, finding: &mut Finding, not_compared: &mut Vec<NotCompared>) {
        finding.change = Some(self.change);
        for (instance, (change, moved)) in finding.instances.iter_mut().zip(&self.instances) {
            instance.change = Some(*change);
            instance.addresses_before.clone_from(moved);
        }
        if self.too_many {
            not_compared.push(NotCompared {
                target: finding.target.clone(),
                check: Some(finding.check.clone()),
                variant: finding.variant.clone(),
                reason: NotComparable::TooMany,
            });
        }
    }

    /// For what has nothing to be compared with.
    fn none(finding: &mut Finding) {
        finding.change = Some(Change::NotComparable);
        for instance in &mut finding.instances {
            instance.change = Some(Change::NotComparable);
            instance.addresses_before = None;
        }
    }
}

/// How much a finding counts at a gate.
fn weight(finding: &Finding) -> u8 {
    match (finding.effect, finding.obligation) {
        (Effect::Failure, _) => 2,
        (Effect::Open, Obligation::Must) => 1,
        _ => 0,
    }
}
