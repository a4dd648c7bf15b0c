//! What two profiles ask for, control by control.

use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

use super::profile::{ResolvedCheck, ResolvedEntry, ResolvedProfile};
use super::tally::Crosswalk;
use crate::model::{
    control::control_area,
    difference::{
        Asking, Aspect, CheckDifference, ControlDifference, DIFFERENCE_SCHEMA, Difference,
        UseOfCheck,
    },
    disagreement::{Point, Stance},
    finding::ProfileRef,
};

/// Compares two profiles, on a day where one is given. `points` are those that
/// the two have with each other.
pub fn difference(
    one: &ResolvedProfile,
    other: &ResolvedProfile,
    crosswalk: &Crosswalk,
    at: Option<Date>,
    points: Vec<Point>,
) -> Difference {
    let (first, second) = (
        Side::new(one, crosswalk, at),
        Side::new(other, crosswalk, at),
    );
    let ids: BTreeSet<&str> = [&first, &second]
        .into_iter()
        .flat_map(|side| side.by_control.keys().copied())
        .collect();
    let mut controls = Vec::new();
    let mut same = Vec::new();
    for id in ids {
        match control(id, &first, &second) {
            Some(difference) => controls.push(difference),
            None => same.push(id.to_owned()),
        }
    }
    let order = |id: &str| {
        let (at, name) = control_area(id);
        (at, name.to_owned(), id.to_owned())
    };
    controls.sort_by_key(|control| order(&control.id));
    same.sort_by_key(|id| order(id));
    let named = |profile: &ResolvedProfile| ProfileRef {
        id: profile.id.clone(),
        title: profile.title.clone(),
        digest: profile.digest.clone(),
    };
    Difference {
        schema: DIFFERENCE_SCHEMA.to_owned(),
        tool: concat!("scrutineer ", env!("CARGO_PKG_VERSION")).to_owned(),
        one: named(one),
        other: named(other),
        at,
        same,
        controls,
        points,
    }
}

/// A profile by control.
struct Side<'a> {
    profile: &'a ResolvedProfile,
    by_control: BTreeMap<&'a str, Vec<&'a ResolvedEntry>>,
}

impl<'a> Side<'a> {
    fn new(profile: &'a ResolvedProfile, crosswalk: &'a Crosswalk, at: Option<Date>) -> Self {
        let mut by_control: BTreeMap<&str, Vec<&ResolvedEntry>> = BTreeMap::new();
        for entry in &profile.entries {
            if at.is_some_and(|day| entry.out_of_season(day).is_some()) {
                continue;
            }
            let mapped = crosswalk.get(&entry.row).into_iter().flatten();
            let mapped = mapped.map(|(control, _)| control.as_str());
            let all: BTreeSet<&str> = entry.controls().into_iter().chain(mapped).collect();
            for control in all {
                by_control.entry(control).or_default().push(entry);
            }
        }
        Self {
            profile,
            by_control,
        }
    }

    fn entries(&self, control: &str) -> &[&'a ResolvedEntry] {
        self.by_control.get(control).map_or(&[], Vec::as_slice)
    }

    fn stances(&self, control: &str) -> Vec<Stance> {
        let entries = self.entries(control).iter();
        entries
            .map(|entry| Stance {
                profile: self.profile.id.clone(),
                row: entry.row.clone(),
                printed: entry.printed.clone(),
                obligation: entry.level,
                text: entry.text.clone(),
            })
            .collect()
    }

    /// The control's checks by id, each with the entries that use it.
    fn checks(&self, control: &str) -> BTreeMap<&'a str, Vec<Use<'a>>> {
        let mut checks: BTreeMap<&str, Vec<Use<'_>>> = BTreeMap::new();
        for entry in self.entries(control) {
            for check in entry.groups.iter().flatten() {
                if check.check.control == control {
                    let uses = checks.entry(&check.check.id).or_default();
                    let known = |known: &Use<'_>| {
                        std::ptr::eq(known.entry, *entry) && known.check.digest == check.digest
                    };
                    if !uses.iter().any(known) {
                        uses.push(Use { entry, check });
                    }
                }
            }
        }
        checks
    }
}

#[derive(Clone, Copy)]
struct Use<'a> {
    entry: &'a ResolvedEntry,
    check: &'a ResolvedCheck,
}

/// Nothing where both ask for the same.
fn control(id: &str, one: &Side<'_>, other: &Side<'_>) -> Option<ControlDifference> {
    let asked_by = match (one.entries(id), other.entries(id)) {
        (_, []) => Asking::OnlyOne,
        ([], _) => Asking::OnlyOther,
        _ => Asking::Both,
    };
    let (first, second) = (one.checks(id), other.checks(id));
    let all: BTreeSet<&str> = first.keys().chain(second.keys()).copied().collect();
    let checks: Vec<CheckDifference> = all
        .into_iter()
        .filter_map(|check| {
            let uses = |side: &BTreeMap<&str, Vec<Use<'_>>>| {
                side.get(check).map(Vec::len).unwrap_or_default()
            };
            let of_one = first.get(check).map_or(&[][..], Vec::as_slice);
            let of_other = second.get(check).map_or(&[][..], Vec::as_slice);
            let both = uses(&first) > 0 && uses(&second) > 0;
            let aspects = match both {
                true => aspects(of_one, of_other),
                false => BTreeSet::new(),
            };
            (!both || !aspects.is_empty()).then(|| shown(check, aspects, of_one, of_other))
        })
        .collect();
    // Rows that only the crosswalk ties to the control are alike when they are the same.
    let rows = |side: &Side<'_>| -> BTreeSet<String> {
        let unserved = side
            .entries(id)
            .iter()
            .filter(|entry| !entry.controls().contains(id));
        unserved.map(|entry| entry.digest.clone()).collect()
    };
    if asked_by == Asking::Both && checks.is_empty() && rows(one) == rows(other) {
        return None;
    }
    let titles = &one.profile.controls;
    Some(ControlDifference {
        id: id.to_owned(),
        title: titles.get(id).cloned().unwrap_or_else(|| id.to_owned()),
        asked_by,
        one: one.stances(id),
        other: other.stances(id),
        checks,
    })
}

/// In what the uses of a check differ. Compared as sets: how many entries ask
/// for the same makes no difference.
fn aspects(one: &[Use<'_>], other: &[Use<'_>]) -> BTreeSet<Aspect> {
    fn differ<T: Ord>(one: &[Use<'_>], other: &[Use<'_>], of: impl Fn(&Use<'_>) -> T) -> bool {
        let set = |uses: &[Use<'_>]| uses.iter().map(&of).collect::<BTreeSet<T>>();
        set(one) != set(other)
    }
    let digest = |u: &Use<'_>| u.check.digest.clone();
    let level = |u: &Use<'_>| u.entry.level;
    let dates = |u: &Use<'_>| (u.entry.from, u.entry.until);
    let roles = |u: &Use<'_>| u.entry.roles.clone();
    let over = |u: &Use<'_>| format!("{:?}", u.entry.over);
    let choice = |u: &Use<'_>| u.entry.groups.len() > 1;
    let mut aspects: BTreeSet<Aspect> = [
        (Aspect::Params, differ(one, other, digest)),
        (Aspect::Obligation, differ(one, other, level)),
        (Aspect::Dates, differ(one, other, dates)),
        (Aspect::Roles, differ(one, other, roles)),
        (Aspect::Over, differ(one, other, over)),
        (Aspect::Alternatives, differ(one, other, choice)),
    ]
    .into_iter()
    .filter_map(|(aspect, differs)| differs.then_some(aspect))
    .collect();
    // The same parts, put together in another way: `must` 2048 and `should` 3072 against the reverse.
    let whole = |u: &Use<'_>| {
        (
            (digest(u), level(u), dates(u)),
            (roles(u), over(u), choice(u)),
        )
    };
    if aspects.is_empty() && differ(one, other, whole) {
        aspects.insert(Aspect::Obligation);
    }
    aspects
}

fn shown(
    id: &str,
    aspects: BTreeSet<Aspect>,
    one: &[Use<'_>],
    other: &[Use<'_>],
) -> CheckDifference {
    let all = || one.iter().chain(other);
    let title = all().next().map(|u| u.check.check.title.clone());
    let mut values: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, value) in all().flat_map(|u| &u.check.params) {
        values.entry(name).or_default().insert(value.to_string());
    }
    let of_use = |u: &Use<'_>| UseOfCheck {
        row: u.entry.row.clone(),
        variant: u.entry.variant.clone(),
        obligation: u.entry.level,
        params: u
            .check
            .params
            .iter()
            .filter(|(name, _)| {
                values
                    .get(name.as_str())
                    .is_some_and(|known| known.len() > 1)
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        from: u.entry.from,
        until: u.entry.until,
        roles: u.entry.roles.clone(),
        over: u.entry.over,
        alternative: u.entry.groups.len() > 1,
    };
    CheckDifference {
        check: id.to_owned(),
        title: title.unwrap_or_default(),
        aspects,
        one: one.iter().map(of_use).collect(),
        other: other.iter().map(of_use).collect(),
    }
}
