//! Plans changes: what to do, in which order, to meet all named profiles. Pure.
//!
//! * What fails is gathered over all profiles (`gather`). Where a requirement
//!   can be met in several ways, the one that asks for the fewest changes is taken.
//! * Requirements that exclude each other are set apart (`contrary`).
//! * Failures that one change mends are merged (`draft`, `change`): what a change
//!   is, the checks say. Where profiles set a check's parameters differently, judging
//!   tells which set is the strictest (`demand`, `stricter`).
//! * Most risk for least effort comes first, and nothing before what it needs (`order`).
//! * What could not be seen is to be looked at again (`open`). It is never a
//!   change, and never done.

mod catalogue;
mod change;
mod contrary;
mod demand;
mod draft;
mod gather;
mod index;
mod open;
mod order;
mod stricter;

use serde_json::Value;
use std::collections::BTreeSet;

pub use catalogue::Catalogue;

use crate::judge::ResolvedProfile;
use crate::model::{
    check::Check,
    disagreement::Point,
    finding::{Findings, PackRef},
    plan::{PLAN_SCHEMA, Plan, PlanSummary},
    profile::Obligation,
};
use draft::Draft;
use index::Index;

/// A profile, and what judging the run under it said.
#[derive(Clone, Copy)]
pub struct Judged<'a> {
    /// The profile.
    pub profile: &'a ResolvedProfile,
    /// The findings of the run under it.
    pub findings: &'a Findings,
}

/// What planning needs besides the findings.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// Every check that there is, and the changes that mend several.
    pub catalogue: &'a Catalogue,
    /// Points on which the profiles differ.
    pub points: &'a [Point],
    /// Observations on which sets of parameters are compared: those of a check's examples.
    pub samples: &'a dyn Fn(&Check) -> Vec<Value>,
}

/// Plans what to change to meet all of these profiles, all judged over the same
/// run. `None` when no profile is given.
pub fn plan(judged: &[Judged<'_>], sources: Sources<'_>) -> Option<Plan> {
    let first = judged.first()?.findings;
    let indices: Vec<Index<'_>> = judged.iter().map(|judged| Index::new(*judged)).collect();
    let mut gathered = gather::gather(&indices, sources.catalogue);
    let contradictions = contrary::set_apart(&mut gathered.items, &indices, sources);
    let drafts = Draft::merge(gathered.items, first, sources.catalogue);
    let ordered = order::order(drafts, sources.catalogue);
    let changes: Vec<_> = ordered
        .iter()
        .zip(1..)
        .map(|(step, number)| change::change(step, number, &indices, sources))
        .collect();
    let open = open::questions(&indices);
    let mut summary = PlanSummary {
        met: false,
        targets: first.summary.targets,
        targets_not_observed: first.summary.targets_not_observed,
        changes: count(changes.len()),
        failures: 0,
        warnings: 0,
    };
    // A check may fail under several profiles and sets of parameters: it is mended once.
    let mut counted = BTreeSet::new();
    for obligation in [Obligation::Must, Obligation::Should] {
        for closed in changes.iter().flat_map(|change| &change.closes) {
            if closed.obligation == obligation
                && counted.insert((closed.target.as_str(), closed.check.as_str()))
            {
                match obligation {
                    Obligation::Must => summary.failures += 1,
                    _ => summary.warnings += 1,
                }
            }
        }
    }
    summary.met = changes.is_empty()
        && contradictions.is_empty()
        && open.is_empty()
        && gathered.accepted.is_empty()
        && summary.targets > 0
        && summary.targets_not_observed == 0
        && judged.iter().all(|judged| judged.findings.gate.exit == 0);
    Some(Plan {
        schema: PLAN_SCHEMA.to_owned(),
        tool: first.tool.clone(),
        tlp: first.tlp.clone(),
        organisation: first.organisation.clone(),
        profiles: judged
            .iter()
            .map(|judged| judged.findings.profile.clone())
            .collect(),
        pack: PackRef::clone(&first.pack),
        tables: first.tables.clone(),
        dates: first.dates.clone(),
        summary,
        not_passed: not_passed(judged),
        changes,
        contradictions,
        open,
        accepted: gathered.accepted,
    })
}

/// Why the gates of the profiles do not pass, each reason once.
fn not_passed(judged: &[Judged<'_>]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    let gates = judged.iter().map(|judged| &judged.findings.gate);
    for why in gates
        .filter(|gate| gate.exit != 0)
        .flat_map(|gate| &gate.why)
    {
        if !told.contains(why) {
            told.push(why.clone());
        }
    }
    told
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
