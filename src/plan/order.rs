//! The order of changes: most risk for least effort first, and nothing before
//! what it needs.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::Catalogue;
use super::draft::{Draft, Risk};

/// A change in its place.
pub(super) struct Step<'a> {
    pub draft: Draft<'a>,
    /// Numbers of the steps that must be done before, from 1.
    pub after: Vec<u64>,
}

/// Orders changes. One that many worse ones wait for is as urgent as the worst of them.
pub(super) fn order<'a>(drafts: Vec<Draft<'a>>, catalogue: &Catalogue) -> Vec<Step<'a>> {
    let needs: Vec<BTreeSet<usize>> = (0..drafts.len())
        .map(|later| {
            (0..drafts.len())
                .filter(|first| match (drafts.get(*first), drafts.get(later)) {
                    (Some(first), Some(later)) => must_wait(first, later, catalogue),
                    _ => false,
                })
                .collect()
        })
        .collect();
    let urgency = urgency(&drafts, &needs);
    let mut left: BTreeSet<usize> = (0..drafts.len()).collect();
    let mut places: Vec<usize> = Vec::with_capacity(drafts.len());
    while !left.is_empty() {
        let key = |number: &usize| {
            let draft = drafts.get(*number);
            (
                std::cmp::Reverse(urgency.get(*number)),
                draft.map(Draft::effort),
                std::cmp::Reverse(draft.map(|draft| draft.failures())),
                draft.map(|draft| (draft.id, draft.products.clone())),
            )
        };
        let free = left.iter().filter(|number| {
            needs
                .get(**number)
                .is_none_or(|needs| needs.is_disjoint(&left))
        });
        // The lint refuses checks that wait for each other; should there be some all the
        // same, the most urgent goes first, and nothing is left out.
        let Some(next) = free
            .min_by_key(|n| key(n))
            .or_else(|| left.iter().min_by_key(|n| key(n)))
        else {
            break;
        };
        let next = *next;
        left.remove(&next);
        places.push(next);
    }
    let numbers: BTreeMap<usize, u64> = places.iter().copied().zip(1..).collect();
    let mut drafts: Vec<Option<Draft<'a>>> = drafts.into_iter().map(Some).collect();
    places
        .into_iter()
        .filter_map(|place| {
            let own = numbers.get(&place);
            let mut after: Vec<u64> = needs
                .get(place)
                .into_iter()
                .flatten()
                .filter_map(|need| numbers.get(need).copied())
                .filter(|number| Some(number) < own)
                .collect();
            after.sort_unstable();
            let draft = drafts.get_mut(place)?.take()?;
            Some(Step { draft, after })
        })
        .collect()
}

/// Whether a check of the one must be met before a check of the other, on a target
/// that both are about.
fn must_wait(first: &Draft<'_>, later: &Draft<'_>, catalogue: &Catalogue) -> bool {
    let follows = || {
        let checks = later.checks();
        first.checks().into_iter().any(|one| {
            checks
                .iter()
                .any(|other| catalogue.comes_before(one, other))
        })
    };
    first.id != later.id && follows() && !first.targets().is_disjoint(&later.targets())
}

/// For each change, the worst risk of it and of all that wait for it.
fn urgency(drafts: &[Draft<'_>], needs: &[BTreeSet<usize>]) -> Vec<Risk> {
    let mut urgency: Vec<Risk> = drafts.iter().map(Draft::risk).collect();
    // The longest chain has as many links as there are changes.
    for _ in 0..drafts.len() {
        let mut changed = false;
        for (later, needs) in needs.iter().enumerate() {
            let Some(own) = urgency.get(later).copied() else {
                continue;
            };
            for need in needs {
                if let Some(known) = urgency.get_mut(*need)
                    && *known < own
                {
                    *known = own;
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    urgency
}
