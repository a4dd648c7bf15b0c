//! Counts judged names by entry and kind.

use std::collections::{BTreeMap, BTreeSet};

use super::assign::{Assignment, counts_organisations};
use super::band::Tally;
use crate::judge::{ResolvedProfile, rollup};
use crate::model::{cell::Kind, target::Role, verdict::Verdict};

/// Exact counts by entry and kind. They never leave their owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Index of the entry in the profile.
    pub entry: usize,
    /// Kind of the names.
    pub kind: Kind,
    /// The counts.
    pub tally: Tally,
    /// How many were judged of each organisation of a pool; empty without a pool.
    pub organisations: BTreeMap<String, u64>,
}

/// Which cells are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// Those that a baseline may show.
    Published,
    /// All, for the eyes of their owner.
    All,
}

/// A name with its verdicts.
pub struct Judged<'n> {
    /// Its roles.
    pub roles: &'n BTreeSet<Role>,
    /// Whose it is; empty where nobody says.
    pub organisation: &'n str,
    /// The verdict of each entry of the profile.
    pub verdicts: Vec<Verdict>,
}

impl Judged<'_> {
    fn verdict(&self, entry: usize) -> Verdict {
        let verdict = self.verdicts.get(entry).copied();
        verdict.unwrap_or(Verdict::NotApplicable)
    }
}

/// The counts, by entry and kind; of entries with equal digests, the first
/// alone. A cell in which nobody is asked is left out.
pub fn cells(
    profile: &ResolvedProfile,
    names: &[Judged<'_>],
    pool: bool,
    which: Cells,
) -> Vec<Counted> {
    let kinds: BTreeSet<Kind> = names
        .iter()
        .flat_map(|name| Kind::of_roles(name.roles))
        .collect();
    let assignments = Assignment::of_profile(profile);
    let mut seen = BTreeSet::new();
    let mut cells = Vec::new();
    for (index, (entry, assignment)) in profile.entries.iter().zip(&assignments).enumerate() {
        let barred = which == Cells::Published && assignment.barred.is_some();
        if barred || !seen.insert(entry.digest.as_str()) {
            continue;
        }
        if counts_organisations(entry) {
            if let Some(kind) = assignment.kind_of_organisations(&kinds) {
                let verdicts = organisations(index, names)
                    .into_iter()
                    .map(|(who, verdicts)| (who, rollup::run(entry.over, verdicts)));
                cells.push(counted(index, kind, verdicts, pool));
            }
            continue;
        }
        let mut by_kind: BTreeMap<Kind, Vec<(&str, Verdict)>> = BTreeMap::new();
        for name in names {
            if let Some(kind) = assignment.kind(name.roles) {
                let of_kind = by_kind.entry(kind).or_default();
                of_kind.push((name.organisation, name.verdict(index)));
            }
        }
        let of_kinds = by_kind.into_iter();
        cells.extend(of_kinds.map(|(kind, verdicts)| counted(index, kind, verdicts, pool)));
    }
    cells.retain(|cell| cell.tally.asked() > 0);
    cells
}

/// The verdicts of each organisation's names.
fn organisations<'n>(entry: usize, names: &'n [Judged<'_>]) -> BTreeMap<&'n str, Vec<Verdict>> {
    let mut verdicts: BTreeMap<&str, Vec<Verdict>> = BTreeMap::new();
    for name in names {
        let of_organisation = verdicts.entry(name.organisation).or_default();
        of_organisation.push(name.verdict(entry));
    }
    verdicts
}

fn counted<'n>(
    entry: usize,
    kind: Kind,
    verdicts: impl IntoIterator<Item = (&'n str, Verdict)>,
    pool: bool,
) -> Counted {
    let mut cell = Counted {
        entry,
        kind,
        tally: Tally::default(),
        organisations: BTreeMap::new(),
    };
    for (organisation, verdict) in verdicts {
        cell.tally.count(verdict);
        if pool && matches!(verdict, Verdict::Pass | Verdict::Fail) {
            let known = cell.organisations.entry(organisation.to_owned());
            *known.or_default() += 1;
        }
    }
    cell
}
