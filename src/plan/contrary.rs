//! Sets apart what no configuration can do for all profiles at once.

use std::collections::{BTreeMap, BTreeSet};

use super::gather::{Claim, Item, Spot};
use super::index::Index;
use super::{Sources, stricter};
use crate::model::{
    disagreement::{Exclusion, Point, StanceRef},
    plan::{ContrarySide, PlannedContradiction},
    shared::Shared,
};

/// Takes the claims out of `items` whose requirement another one excludes on the
/// same target, be that one met or not: mending the one would break the other.
/// What a requirement asks for besides, and both can have, stays.
pub(super) fn set_apart<'a>(
    items: &mut BTreeMap<Spot<'a>, Item<'a>>,
    indices: &[Index<'a>],
    sources: Sources<'_>,
) -> Vec<PlannedContradiction> {
    let mut found = Vec::new();
    let mut opposition = Opposition {
        indices,
        sources,
        known: BTreeMap::new(),
    };
    let mut contrary: BTreeSet<(Spot<'a>, usize, String)> = BTreeSet::new();
    for point in sources.points {
        for exclusion in &point.exclusions {
            let sides = [&exclusion.one, &exclusion.other];
            let mut targets = BTreeSet::new();
            let mut failing = [BTreeSet::new(), BTreeSet::new()];
            for (spot, item) in items.iter() {
                for claim in &item.claims {
                    let Some(side) = sides.iter().position(|side| is_of(claim, side, indices))
                    else {
                        continue;
                    };
                    let Some(opposed) = sides.get(1 - side) else {
                        continue;
                    };
                    if !stands(opposed, spot.target, indices)
                        || !opposition.breaks(*spot, claim.profile, opposed)
                    {
                        continue;
                    }
                    targets.insert(spot.target);
                    if let Some(failing) = failing.get_mut(side) {
                        failing.insert(spot.check);
                    }
                    contrary.insert((*spot, claim.profile, claim.requirement.row.to_string()));
                }
            }
            if !targets.is_empty() {
                found.push(contradiction(point, exclusion, &targets, failing, indices));
            }
        }
    }
    items.retain(|spot, item| {
        item.claims.retain(|claim| {
            let key = (*spot, claim.profile, claim.requirement.row.to_string());
            !contrary.contains(&key)
        });
        !item.claims.is_empty()
    });
    found
}

/// Which checks cannot be met together with a requirement, each judged once.
struct Opposition<'a, 's> {
    indices: &'s [Index<'a>],
    sources: Sources<'s>,
    known: BTreeMap<(&'a str, &'a str, StanceRef), bool>,
}

impl<'a> Opposition<'a, '_> {
    /// Whether mending a check breaks a requirement: nothing meets it and a check of that one.
    fn breaks(&mut self, spot: Spot<'a>, profile: usize, opposed: &StanceRef) -> bool {
        let key = (spot.check, spot.digest, opposed.clone());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let index = self.indices.get(profile);
        let breaks = match index.and_then(|index| index.check(spot.check, spot.digest)) {
            None => true,
            Some(own) => self
                .indices
                .iter()
                .filter(|index| index.id() == opposed.profile)
                .flat_map(|index| index.entries_of(&opposed.row))
                .flat_map(|entry| entry.groups.iter().flatten())
                .any(|other| {
                    let mut samples = (self.sources.samples)(&own.check);
                    samples.extend((self.sources.samples)(&other.check));
                    !stricter::agree(own, other, &samples)
                }),
        };
        self.known.insert(key, breaks);
        breaks
    }
}

fn is_of(claim: &Claim<'_>, side: &StanceRef, indices: &[Index<'_>]) -> bool {
    let profile = indices.get(claim.profile);
    claim.requirement.row.as_str() == side.row
        && profile.is_some_and(|index| index.id() == side.profile)
}

/// Whether a requirement has something to say of a target.
fn stands(side: &StanceRef, target: &str, indices: &[Index<'_>]) -> bool {
    indices
        .iter()
        .filter(|index| index.id() == side.profile)
        .any(|index| {
            let mut entries = index.entries_of(&side.row);
            entries.any(|entry| index.applies(entry, target))
        })
}

fn contradiction(
    point: &Point,
    exclusion: &Exclusion,
    targets: &BTreeSet<&str>,
    failing: [BTreeSet<&str>; 2],
    indices: &[Index<'_>],
) -> PlannedContradiction {
    let sides = [&exclusion.one, &exclusion.other].into_iter().zip(failing);
    PlannedContradiction {
        id: point.id.clone(),
        topic: point.topic.clone(),
        why: exclusion.why.clone(),
        sides: sides
            .filter_map(|(side, failing)| contrary_side(side, failing, indices))
            .collect(),
        targets: targets.iter().map(|target| Shared::from(*target)).collect(),
    }
}

/// A side in the words of its profile; the most binding of its entries speaks.
fn contrary_side(
    side: &StanceRef,
    failing: BTreeSet<&str>,
    indices: &[Index<'_>],
) -> Option<ContrarySide> {
    let index = indices.iter().find(|index| index.id() == side.profile)?;
    let entry = index
        .entries_of(&side.row)
        .max_by_key(|entry| entry.level)?;
    Some(ContrarySide {
        profile: side.profile.clone(),
        row: side.row.clone(),
        printed: entry.printed.clone(),
        obligation: entry.level,
        text: entry.text.clone(),
        failing: failing.into_iter().map(str::to_owned).collect(),
    })
}
