//! Which kind a name counts in, entry by entry.
//!
//! A name may be a website, a mail domain and a zone at once. Were its verdict
//! counted in several cells of an entry, what the cells have in common could
//! be played against the rest: nine of ten websites pass, four of ten mail
//! domains do, five are both, so the other five mail domains fail for certain.
//! So the names of an entry are parted: each counts in one kind alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::judge::{ResolvedEntry, ResolvedProfile};
use crate::model::{
    cell::Kind,
    level::{Area, Level},
    profile::Scope,
    target::Role,
};

/// How the names of an entry are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Only names with one of these roles; empty means all.
    roles: BTreeSet<Role>,
    /// The kinds, the nearest to what the entry is about first.
    order: [Kind; 3],
    /// Why no cell of the entry may be shown, if so.
    pub barred: Option<Barred>,
}

/// Why an entry has no cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    /// It needs what no outsider may look at.
    Intrusive,
    /// Another entry before it counts the same checks over other names: the
    /// difference would tell about the names that only one of them counts.
    SecondCut,
}

impl Assignment {
    /// How the entries of a profile are counted, in its order. Depends on the profile alone.
    pub fn of_profile(profile: &ResolvedProfile) -> Vec<Self> {
        let mut first: BTreeMap<Vec<Vec<&str>>, &str> = BTreeMap::new();
        let entries = profile.entries.iter();
        entries
            .map(|entry| {
                let known = *first.entry(logic(entry)).or_insert(&entry.digest);
                let barred = if entry
                    .groups
                    .iter()
                    .flatten()
                    .any(|c| c.level > Level::Standard)
                {
                    Some(Barred::Intrusive)
                } else if known != entry.digest {
                    Some(Barred::SecondCut)
                } else {
                    None
                };
                Self {
                    roles: entry.roles.clone(),
                    order: order(entry),
                    barred,
                }
            })
            .collect()
    }

    /// The kind in which a name with these roles counts. `None`: the entry is not about it.
    pub fn kind(&self, roles: &BTreeSet<Role>) -> Option<Kind> {
        let fits = |role: &&Role| self.roles.is_empty() || self.roles.contains(*role);
        let kinds = Kind::of_roles(roles.iter().filter(fits));
        self.order.into_iter().find(|kind| kinds.contains(kind))
    }

    /// The kind in which organisations count, where the entry is over them:
    /// the first of which any name is.
    pub fn kind_of_organisations(&self, panel: &BTreeSet<Kind>) -> Option<Kind> {
        let wanted = Kind::of_roles(&self.roles);
        self.order
            .into_iter()
            .find(|kind| panel.contains(kind) && (wanted.is_empty() || wanted.contains(kind)))
    }
}

/// Digests of the checks, group by group: what is cut, whoever is counted.
fn logic(entry: &ResolvedEntry) -> Vec<Vec<&str>> {
    let mut groups: Vec<Vec<&str>> = entry
        .groups
        .iter()
        .map(|group| {
            let mut digests: Vec<&str> = group.iter().map(|c| c.digest.as_str()).collect();
            digests.sort_unstable();
            digests
        })
        .collect();
    groups.sort_unstable();
    groups
}

/// What an entry is about, by the areas that its checks read.
fn order(entry: &ResolvedEntry) -> [Kind; 3] {
    let areas: BTreeSet<Area> = entry
        .groups
        .iter()
        .flatten()
        .flat_map(|check| check.areas.iter().copied())
        .collect();
    if areas.contains(&Area::Mail) {
        [Kind::Mail, Kind::Dns, Kind::Web]
    } else if areas.contains(&Area::Web) || areas.contains(&Area::Tls) {
        [Kind::Web, Kind::Mail, Kind::Dns]
    } else {
        [Kind::Dns, Kind::Web, Kind::Mail]
    }
}

/// Whether an entry counts organisations and not names.
pub fn counts_organisations(entry: &ResolvedEntry) -> bool {
    match entry.over {
        Scope::Target => false,
        Scope::Organisation | Scope::AnyTarget => true,
    }
}
