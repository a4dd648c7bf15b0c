//! What the checks of a change demand, under which parameters.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::index::Index;
use super::{Sources, stricter};
use crate::judge::ResolvedCheck;
use crate::model::{
    finding::Finding,
    plan::{ParameterSet, PlanDemand},
    profile::Obligation,
    verdict::Verdict,
};

/// What the checks demand, under the parameters of every profile that has
/// something to say of one of the targets.
pub(super) fn demands(
    draft: &Draft<'_>,
    indices: &[Index<'_>],
    sources: Sources<'_>,
) -> Vec<PlanDemand> {
    let mut failing: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in draft.findings() {
        failing.entry(finding.check.as_str()).or_insert(finding);
    }
    let targets = draft.targets();
    failing
        .into_iter()
        .map(|(id, finding)| {
            let (sets, settled) = sets(id, &targets, indices, sources);
            PlanDemand {
                check: finding.check.clone(),
                control: finding.control.clone(),
                title: finding.title.clone(),
                severity: finding.severity,
                sets,
                settled,
            }
        })
        .collect()
}

fn sets(
    id: &str,
    targets: &BTreeSet<&str>,
    indices: &[Index<'_>],
    sources: Sources<'_>,
) -> (Vec<ParameterSet>, bool) {
    let mut uses: Vec<(&ResolvedCheck, Vec<String>)> = Vec::new();
    for index in indices {
        for entry in &index.judged.profile.entries {
            if entry.level == Obligation::May {
                continue;
            }
            for check in entry
                .groups
                .iter()
                .flatten()
                .filter(|check| check.check.id == id)
            {
                let said = |target: &&str| {
                    let verdict = index.verdict(target, id, &check.digest);
                    verdict.is_some_and(|verdict| verdict != Verdict::NotApplicable)
                };
                if !targets.iter().any(said) {
                    continue;
                }
                let name = match &entry.variant {
                    Some(variant) => format!("{} as {variant}", index.id()),
                    None => index.id().to_owned(),
                };
                match uses
                    .iter_mut()
                    .find(|(known, _)| known.digest == check.digest)
                {
                    Some((_, names)) if names.contains(&name) => {}
                    Some((_, names)) => names.push(name),
                    None => uses.push((check, vec![name])),
                }
            }
        }
    }
    let checks: Vec<&ResolvedCheck> = uses.iter().map(|(check, _)| *check).collect();
    let strictest = match checks.as_slice() {
        [] | [_] => Some(0),
        [first, ..] => stricter::strictest(&checks, &(sources.samples)(&first.check)),
    };
    let mut sets: Vec<ParameterSet> = uses
        .iter()
        .map(|(check, profiles)| ParameterSet {
            profiles: profiles.clone(),
            parameters: stricter::told(check, &checks).into_iter().collect(),
        })
        .collect();
    if let Some(number) = strictest.filter(|number| *number < sets.len()) {
        sets.swap(0, number);
    }
    (sets, strictest.is_some())
}
