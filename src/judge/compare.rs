//! Pairs two results, and says what of them may be compared.
//!
//! Only verdicts of the same check digest on the same target under the same
//! conditions are compared. Instances are told apart by their fingerprints, which
//! hold no addresses.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{
    finding::{CheckVerdict, Finding, Findings, Instance, NotApplied, TargetSummary},
    level::Area,
    marks::{Difference, NotComparable, NotCompared},
    shared::Shared,
    verdict::Verdict,
};

/// A check on a target under one `as`.
pub(super) type Place<'a> = (&'a str, &'a str, Option<&'a str>);

/// A result, to be looked up by target, check, `as` and digest.
pub(super) struct Indexed<'a> {
    targets: BTreeMap<&'a str, &'a TargetSummary>,
    rows: BTreeMap<Place<'a>, Vec<&'a CheckVerdict>>,
    findings: BTreeMap<(Place<'a>, &'a str), &'a Finding>,
}

impl<'a> Indexed<'a> {
    pub fn new(document: &'a Findings) -> Self {
        let mut rows: BTreeMap<Place<'a>, Vec<&'a CheckVerdict>> = BTreeMap::new();
        for row in &document.verdicts {
            rows.entry(place_of_row(row)).or_default().push(row);
        }
        let findings = document.findings.iter();
        Self {
            targets: document
                .targets
                .iter()
                .map(|t| (t.key.as_str(), t))
                .collect(),
            rows,
            findings: findings
                .map(|f| ((place_of(f), f.digest.as_str()), f))
                .collect(),
        }
    }

    pub fn finding(&self, row: &CheckVerdict) -> Option<&'a Finding> {
        self.findings
            .get(&(place_of_row(row), row.digest.as_str()))
            .copied()
    }

    /// The row of the same digest, if the check was asked for there.
    fn same(&self, row: &CheckVerdict) -> Option<&'a CheckVerdict> {
        let judged = self.judged(place_of_row(row));
        judged.into_iter().find(|other| other.digest == row.digest)
    }

    /// What was judged there, under whichever digest.
    fn judged(&self, place: Place<'_>) -> Vec<&'a CheckVerdict> {
        let rows = self.rows.get(&place).into_iter().flatten();
        rows.copied().filter(|row| was_judged(row)).collect()
    }
}

/// A check that may be compared, with what both results say of it.
pub(super) struct Pair<'a> {
    pub before: &'a CheckVerdict,
    pub now: &'a CheckVerdict,
}

/// Two results side by side.
pub(super) struct Compared<'a> {
    /// What may be compared, by target, check, `as` and digest.
    pub pairs: Vec<Pair<'a>>,
    /// What may not, sorted.
    pub not_compared: Vec<NotCompared>,
}

/// Pairs what may be compared, and says why of the rest.
pub(super) fn compare<'a>(before: &Indexed<'a>, now: &Indexed<'a>) -> Compared<'a> {
    let mut compared = Compared {
        pairs: Vec::new(),
        not_compared: Vec::new(),
    };
    let keys: BTreeSet<&str> = before
        .targets
        .keys()
        .chain(now.targets.keys())
        .copied()
        .collect();
    let mut apart: BTreeSet<&str> = BTreeSet::new();
    for key in keys {
        if let Some(reason) = target(before.targets.get(key), now.targets.get(key)) {
            apart.insert(key);
            compared.not_compared.push(NotCompared {
                target: Shared::new(key.to_owned()),
                check: None,
                variant: None,
                reason,
            });
        }
    }
    for row in now.rows.values().flatten().filter(|row| was_judged(row)) {
        if apart.contains(row.target.as_str()) {
            continue;
        }
        let Some(same) = before.same(row) else {
            let other = !before.judged(place_of_row(row)).is_empty();
            compared.not_compared.push(leave_out(
                row,
                match other {
                    true => NotComparable::CheckDigest,
                    false => NotComparable::CheckAdded,
                },
            ));
            continue;
        };
        let open = [same.verdict, row.verdict].contains(&Verdict::Inconclusive);
        if open && areas(before, row) != areas(now, row) {
            compared
                .not_compared
                .push(leave_out(row, NotComparable::Areas));
            continue;
        }
        compared.pairs.push(Pair {
            before: same,
            now: row,
        });
    }
    for row in before.rows.values().flatten().filter(|row| was_judged(row)) {
        let gone = now.judged(place_of_row(row)).is_empty();
        if gone && !apart.contains(row.target.as_str()) {
            compared
                .not_compared
                .push(leave_out(row, NotComparable::CheckRemoved));
        }
    }
    compared.not_compared.sort();
    compared.not_compared.dedup();
    compared
}

/// Why nothing of a target can be compared, if so.
fn target(before: Option<&&TargetSummary>, now: Option<&&TargetSummary>) -> Option<NotComparable> {
    let (Some(before), Some(now)) = (before, now) else {
        return Some(match before {
            None => NotComparable::TargetAdded,
            Some(_) => NotComparable::TargetRemoved,
        });
    };
    let seen = |summary: &TargetSummary| {
        let observed = summary.observed_at.is_some();
        summary.conditions.clone().filter(|_| observed)
    };
    let Some(old) = seen(before) else {
        return Some(NotComparable::NotObservedBefore);
    };
    let Some(new) = seen(now) else {
        return Some(NotComparable::NotObservedNow);
    };
    if old.level != new.level {
        return Some(NotComparable::Level);
    }
    (old.page_cap != new.page_cap).then_some(NotComparable::PageCap)
}

/// What differs between two results and does not keep verdicts from being compared.
pub(super) fn differences(before: &Findings, now: &Findings) -> Vec<Difference> {
    let resolvers = |document: &Findings| -> BTreeSet<String> {
        let seen = document
            .targets
            .iter()
            .filter_map(|t| t.conditions.as_ref());
        seen.map(|conditions| conditions.resolver.clone()).collect()
    };
    let staged = |document: &Findings| -> BTreeSet<bool> {
        let seen = document
            .targets
            .iter()
            .filter_map(|t| t.conditions.as_ref());
        seen.map(|conditions| conditions.staged).collect()
    };
    let given = |document: &Findings| -> BTreeSet<[Option<String>; 3]> {
        let seen = document
            .targets
            .iter()
            .filter_map(|t| t.conditions.as_ref());
        seen.map(|c| [c.root_hints.clone(), c.routes.clone(), c.vrps.clone()])
            .collect()
    };
    [
        (Difference::Profile, before.profile != now.profile),
        (Difference::Pack, before.pack.digest != now.pack.digest),
        (Difference::Tables, before.tables != now.tables),
        (Difference::AsOf, before.dates.as_of != now.dates.as_of),
        (Difference::Resolver, resolvers(before) != resolvers(now)),
        (Difference::Staged, staged(before) != staged(now)),
        (Difference::Given, given(before) != given(now)),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(difference, _)| difference)
    .collect()
}

/// Why two results are not of the same organisation, or share no target.
pub(super) fn strangers(
    (organisation, targets): (Option<&str>, &BTreeSet<&str>),
    (other, others): (Option<&str>, &BTreeSet<&str>),
) -> Option<String> {
    if let (Some(one), Some(other)) = (organisation, other)
        && one != other
    {
        return Some(format!("is of another organisation: {one}, not {other}"));
    }
    let alien = !others.is_empty() && targets.is_disjoint(others);
    alien.then(|| "is of other targets: it names none of those here".to_owned())
}

/// Whether a check was asked for on its target, and so could be judged.
fn was_judged(row: &CheckVerdict) -> bool {
    row.verdict != Verdict::NotApplicable || row.reason == Some(NotApplied::NoSubject)
}

fn areas(result: &Indexed<'_>, row: &CheckVerdict) -> BTreeSet<Area> {
    let summary = result.targets.get(row.target.as_str());
    let conditions = summary.and_then(|summary| summary.conditions.as_ref());
    conditions
        .map(|conditions| conditions.areas.iter().copied().collect())
        .unwrap_or_default()
}

pub(super) fn place_of(finding: &Finding) -> Place<'_> {
    (
        &finding.target,
        &finding.check,
        finding.variant.as_deref().map(String::as_str),
    )
}

fn place_of_row(row: &CheckVerdict) -> Place<'_> {
    (
        &row.target,
        &row.check,
        row.variant.as_deref().map(String::as_str),
    )
}

fn leave_out(row: &CheckVerdict, reason: NotComparable) -> NotCompared {
    NotCompared {
        target: row.target.clone(),
        check: Some(row.check.clone()),
        variant: row.variant.clone(),
        reason,
    }
}

/// How an instance stands against the instances of the same check before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match<'a> {
    /// It was there.
    Known(&'a Instance),
    /// It was not, and all that was there is listed.
    New,
    /// It may be among those that the earlier result did not list.
    Unlisted,
}

/// The instances of an earlier finding, to be looked up.
pub(super) struct Known<'a> {
    finding: &'a Finding,
    by_fingerprint: HashMap<&'a str, &'a Instance>,
    by_subject: HashMap<&'a [Shared<String>], &'a Instance>,
}

impl<'a> Known<'a> {
    pub fn new(finding: &'a Finding) -> Self {
        let all = finding.instances.iter();
        Self {
            finding,
            by_fingerprint: all.clone().map(|i| (i.fingerprint.as_str(), i)).collect(),
            by_subject: all.map(|i| (i.subject.as_slice(), i)).collect(),
        }
    }

    /// Looks for an instance. What was only open before and fails now is new. What
    /// failed and is open now is known by its subject.
    pub fn find(&self, instance: &Instance) -> Match<'a> {
        if let Some(known) = self.by_fingerprint.get(instance.fingerprint.as_str()) {
            return match (known.verdict, instance.verdict) {
                (Verdict::Inconclusive, Verdict::Fail) => Match::New,
                _ => Match::Known(known),
            };
        }
        if instance.verdict == Verdict::Inconclusive
            && let Some(known) = self.by_subject.get(instance.subject.as_slice())
        {
            return Match::Known(known);
        }
        match self.finding.more_instances {
            0 => Match::New,
            _ => Match::Unlisted,
        }
    }
}

/// The addresses of an instance before, where they are not those of now.
pub(super) fn moved(known: &Instance, now: &Instance) -> Option<Vec<Shared<String>>> {
    // An open question and a failure are told at different places.
    let comparable = known.fingerprint == now.fingerprint && known.verdict == now.verdict;
    (comparable && known.addresses != now.addresses).then(|| known.addresses.clone())
}
