//! What could not be seen, and is to be looked at again.

use std::collections::{BTreeMap, BTreeSet};

use super::index::Index;
use crate::model::{finding::Effect, gap::GapReason, plan::OpenQuestion, shared::Shared};

#[derive(Default)]
struct Found<'a> {
    targets: BTreeSet<&'a str>,
    checks: BTreeSet<&'a str>,
}

/// Each gap once that leaves a `must` or a `should` open, with its targets and checks.
pub(super) fn questions(indices: &[Index<'_>]) -> Vec<OpenQuestion> {
    type Key<'a> = (GapReason, &'a [String], Option<&'a str>);
    let mut found: BTreeMap<Key<'_>, Found<'_>> = BTreeMap::new();
    for index in indices {
        let document = index.document();
        let mut left_open: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for finding in &document.findings {
            if finding.effect != Effect::Open || finding.waived.is_some() {
                continue;
            }
            for gap in &finding.gaps {
                if let Ok(number) = usize::try_from(*gap) {
                    let checks = left_open.entry(number).or_default();
                    checks.insert(&finding.check);
                }
            }
        }
        for (number, gap) in document.gaps.iter().enumerate() {
            let checks = left_open.remove(&number).unwrap_or_default();
            // A target that was not reached has one gap, at its root, and no findings.
            if checks.is_empty() && !gap.at.is_empty() {
                continue;
            }
            let key = (gap.reason, gap.place.as_slice(), gap.detail.as_deref());
            let known = found.entry(key).or_default();
            known.targets.insert(&gap.target);
            known.checks.extend(checks);
        }
    }
    found
        .into_iter()
        .map(|((reason, place, detail), found)| OpenQuestion {
            place: place.to_vec(),
            reason,
            detail: detail.map(str::to_owned),
            targets: found.targets.into_iter().map(Shared::from).collect(),
            checks: found.checks.into_iter().map(str::to_owned).collect(),
        })
        .collect()
}
