//! What fails and must be mended, over all profiles.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::Catalogue;
use super::index::Index;
use crate::model::{
    check::Effort,
    finding::{Effect, Finding, RequirementRef},
    plan::AcceptedFinding,
    profile::{Obligation, Scope},
    verdict::Verdict,
};

/// A check with its parameters that fails on a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot<'a> {
    pub target: &'a str,
    pub check: &'a str,
    pub digest: &'a str,
}

/// A requirement that a failure leaves unmet.
#[derive(Clone, Copy)]
pub(super) struct Claim<'a> {
    /// Number of the profile.
    pub profile: usize,
    pub finding: &'a Finding,
    pub requirement: &'a RequirementRef,
}

/// What is to be mended at one spot, and because of what.
#[derive(Default)]
pub(super) struct Item<'a> {
    pub claims: Vec<Claim<'a>>,
    /// Checks that would meet a requirement another way.
    pub instead: BTreeSet<&'a str>,
}

/// What fails.
pub(super) struct Gathered<'a> {
    pub items: BTreeMap<Spot<'a>, Item<'a>>,
    pub accepted: Vec<AcceptedFinding>,
}

/// A requirement that can be met in several ways: number of profile and entry,
/// and the target; `None` where one target of the run is enough.
type Choice<'a> = (usize, usize, Option<&'a str>);

/// One way to meet a requirement.
struct Way<'a> {
    missing: Vec<(Spot<'a>, Claim<'a>)>,
    open: bool,
}

/// Gathers what fails a `must` or a `should`. Of several ways to meet a
/// requirement, one is chosen.
pub(super) fn gather<'a>(indices: &[Index<'a>], catalogue: &Catalogue) -> Gathered<'a> {
    let mut items: BTreeMap<Spot<'a>, Item<'a>> = BTreeMap::new();
    let mut choices: BTreeSet<Choice<'a>> = BTreeSet::new();
    let mut accepted: BTreeMap<(&str, &str), AcceptedFinding> = BTreeMap::new();
    for (profile, index) in indices.iter().enumerate() {
        for finding in &index.document().findings {
            if finding.verdict != Verdict::Fail
                || !matches!(finding.effect, Effect::Failure | Effect::Warning)
            {
                continue;
            }
            if let Some(found) = accept(finding) {
                let key = (finding.target.as_str(), finding.check.as_str());
                accepted.entry(key).or_insert(found);
                continue;
            }
            for requirement in &finding.requirements {
                let Some((at, entry)) = index.entry(finding, requirement) else {
                    continue;
                };
                if entry.level == Obligation::May
                    || index.standing(at, requirement) != Verdict::Fail
                {
                    continue;
                }
                let claim = Claim {
                    profile,
                    finding,
                    requirement,
                };
                match (entry.groups.len(), entry.over) {
                    (_, Scope::AnyTarget) => {
                        choices.insert((profile, at, None));
                    }
                    (2.., _) => {
                        choices.insert((profile, at, Some(finding.target.as_str())));
                    }
                    _ => items.entry(spot(finding)).or_default().claims.push(claim),
                }
            }
        }
    }
    for choice in choices {
        choose(choice, indices, catalogue, &mut items);
    }
    Gathered {
        items,
        accepted: accepted.into_values().collect(),
    }
}

fn spot(finding: &Finding) -> Spot<'_> {
    Spot {
        target: &finding.target,
        check: &finding.check,
        digest: &finding.digest,
    }
}

fn accept(finding: &Finding) -> Option<AcceptedFinding> {
    let waived = finding.waived.as_ref()?;
    Some(AcceptedFinding {
        target: finding.target.clone(),
        check: finding.check.clone(),
        title: finding.title.clone(),
        severity: finding.severity,
        owner: waived.owner.to_string(),
        reason: waived.reason.to_string(),
        expires: waived.expires,
    })
}

/// Chooses the way with the fewest changes that are not planned anyway, then the
/// least effort, then the first. A way of which something could not be seen may
/// lead nowhere, and is the last.
fn choose<'a>(
    (profile, at, target): Choice<'a>,
    indices: &[Index<'a>],
    catalogue: &Catalogue,
    items: &mut BTreeMap<Spot<'a>, Item<'a>>,
) {
    let Some(index) = indices.get(profile) else {
        return;
    };
    let ways = ways(profile, at, target, index);
    let cost = |way: &Way<'a>| {
        let new = || {
            let missing = way.missing.iter();
            missing.filter(|(spot, _)| !items.contains_key(spot))
        };
        let changes: BTreeSet<&str> = new()
            .map(|(spot, _)| catalogue.change_of(spot.check))
            .collect();
        let effort: u32 = new()
            .map(|(_, claim)| match claim.finding.effort {
                Effort::Low => 1,
                Effort::Medium => 4,
                Effort::High => 16,
            })
            .sum();
        (way.open, changes.len(), effort)
    };
    let Some(best) = (0..ways.len()).min_by_key(|number| ways.get(*number).map(cost)) else {
        return;
    };
    let chosen: BTreeSet<&str> = ways
        .get(best)
        .into_iter()
        .flat_map(|way| &way.missing)
        .map(|(spot, _)| spot.check)
        .collect();
    let others: BTreeSet<&str> = ways
        .iter()
        .flat_map(|way| &way.missing)
        .map(|(spot, _)| spot.check)
        .filter(|check| !chosen.contains(check))
        .collect();
    for (spot, claim) in ways
        .into_iter()
        .nth(best)
        .into_iter()
        .flat_map(|w| w.missing)
    {
        let item = items.entry(spot).or_default();
        item.claims.push(claim);
        item.instead.extend(&others);
    }
}

/// The ways that lead to a requirement. A group of checks that does not apply
/// is none; what is waived in one counts as done.
fn ways<'a>(profile: usize, at: usize, target: Option<&'a str>, index: &Index<'a>) -> Vec<Way<'a>> {
    let Some(entry) = index.judged.profile.entries.get(at) else {
        return Vec::new();
    };
    let targets: Vec<&str> = match target {
        Some(target) => vec![target],
        None => index.targets().collect(),
    };
    let mut ways = Vec::new();
    for target in targets {
        for group in &entry.groups {
            let mut way = Way {
                missing: Vec::new(),
                open: false,
            };
            let mut usable = false;
            for check in group {
                let verdict = index.verdict(target, &check.check.id, &check.digest);
                usable |= verdict.is_some_and(|verdict| verdict != Verdict::NotApplicable);
                way.open |= verdict == Some(Verdict::Inconclusive);
                let failing = index.findings_of(target).iter().filter(|finding| {
                    finding.verdict == Verdict::Fail
                        && finding.waived.is_none()
                        && finding.check.as_str() == check.check.id
                        && finding.digest.as_str() == check.digest
                });
                let asking = failing.filter_map(|finding| {
                    let requirement = finding.requirements.iter().find(|requirement| {
                        let found = index.entry(finding, requirement);
                        found.is_some_and(|(number, _)| number == at)
                    })?;
                    let claim = Claim {
                        profile,
                        finding,
                        requirement,
                    };
                    Some((spot(finding), claim))
                });
                way.missing.extend(asking.take(1));
            }
            if usable {
                ways.push(way);
            }
        }
    }
    ways
}
