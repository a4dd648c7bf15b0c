//! Where profiles that are named together differ, and where no configuration
//! can follow two of them at once.
//!
//! That two requirements exclude each other is derived from their parameters
//! alone ([`over`]). Where these do not show it, they differ and nothing more
//! is claimed: a server may well meet the stricter of both.

use jiff::civil::Date;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use super::Content;
use super::diagnostic::Diagnostics;
use super::guidance::Row;
use crate::judge::{ResolvedEntry, ResolvedProfile};
use crate::model::disagreement::{
    Disagreement, Exclusion, Point, PointKind, PositionTaken, Stance, StanceRef,
};
use crate::model::profile::Obligation;

/// A requirement by which a profile takes a stand.
struct Stand<'a> {
    profile: &'a str,
    entry: &'a ResolvedEntry,
    row: &'a Row,
}

/// Two stands of different profiles that exclude each other.
struct Clash<'a> {
    one: &'a Stand<'a>,
    other: &'a Stand<'a>,
    over: BTreeSet<String>,
    why: String,
}

impl Content {
    /// The points on which these profiles differ: those of
    /// `guidance/disagreements.yaml` first, then requirements that only their
    /// parameters show to exclude each other. On a day, where one is given.
    ///
    /// # Errors
    /// What is wrong with the file or with a guideline.
    pub fn points(
        &self,
        profiles: &[&ResolvedProfile],
        on: Option<Date>,
    ) -> Result<Vec<Point>, Diagnostics> {
        let disagreements = self.disagreements()?;
        let mut stands: Vec<Stand<'_>> = Vec::new();
        for profile in profiles {
            for entry in &profile.entries {
                let applies = on.is_none_or(|day| entry.out_of_season(day).is_none());
                if !applies || entry.level == Obligation::May {
                    continue;
                }
                if let Some(row) = self.guidance.row(&entry.row).map_err(Clone::clone)? {
                    stands.push(Stand {
                        profile: &profile.id,
                        entry,
                        row,
                    });
                }
            }
        }
        let mut clashes = clashes(&stands);
        let mut points = Vec::new();
        for disagreement in &disagreements {
            points.extend(self.point(disagreement, &stands, &mut clashes)?);
        }
        points.extend(unlisted(clashes));
        // Stable: each kind stays in the order of the file.
        points.sort_by_key(|point| point.kind);
        Ok(points)
    }

    /// A point of the file, where two of the profiles take different positions.
    /// What it explains is taken out of `clashes`.
    fn point(
        &self,
        disagreement: &Disagreement,
        stands: &[Stand<'_>],
        clashes: &mut Vec<Clash<'_>>,
    ) -> Result<Option<Point>, Diagnostics> {
        let listed: BTreeMap<&str, usize> = disagreement
            .positions
            .iter()
            .enumerate()
            .flat_map(|(at, position)| {
                let rows = position.requirements.iter();
                rows.map(move |row| (row.as_str(), at))
            })
            .collect();
        let mut position_of = listed.clone();
        let mut exclusions = Vec::new();
        let mut left = Vec::new();
        for clash in clashes.drain(..) {
            let one = self.position(&clash, clash.one, clash.other, &listed)?;
            let other = self.position(&clash, clash.other, clash.one, &listed)?;
            match (one, other) {
                (Some(one), Some(other)) if one != other => {
                    position_of.insert(&clash.one.row.key, one);
                    position_of.insert(&clash.other.row.key, other);
                    exclusions.push(clash);
                }
                _ => left.push(clash),
            }
        }
        *clashes = left;
        let mut positions = Vec::new();
        let mut taken: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for (at, position) in disagreement.positions.iter().enumerate() {
            let mut taken_by: BTreeMap<(&str, &str), Stance> = BTreeMap::new();
            for stand in stands {
                if position_of.get(stand.row.key.as_str()) == Some(&at) {
                    taken.entry(stand.profile).or_default().insert(at);
                    // Of several entries of a row, the most binding one speaks.
                    let stance = stance(stand);
                    let known = taken_by
                        .entry((stand.profile, &stand.row.key))
                        .or_insert_with(|| stance.clone());
                    if stance.obligation > known.obligation {
                        *known = stance;
                    }
                }
            }
            if !taken_by.is_empty() {
                positions.push(PositionTaken {
                    position: position.position.clone(),
                    taken_by: taken_by.into_values().collect(),
                });
            }
        }
        let mut sets = taken.values();
        let first = sets.next();
        if exclusions.is_empty() && sets.all(|set| Some(set) == first) {
            return Ok(None);
        }
        Ok(Some(Point {
            id: Some(disagreement.id.clone()),
            topic: disagreement.topic.clone(),
            why_it_matters: Some(disagreement.why_it_matters.clone()),
            controls: disagreement.controls.clone(),
            kind: kind(&exclusions),
            positions,
            exclusions: named(exclusions),
        }))
    }

    /// The position that a stand takes in a disagreement: the one that lists its
    /// row, else that of a listed row which the other stand excludes for the same reason.
    fn position(
        &self,
        clash: &Clash<'_>,
        stand: &Stand<'_>,
        against: &Stand<'_>,
        listed: &BTreeMap<&str, usize>,
    ) -> Result<Option<usize>, Diagnostics> {
        if let Some(at) = listed.get(stand.row.key.as_str()) {
            return Ok(Some(*at));
        }
        let Some(opposite) = listed.get(against.row.key.as_str()) else {
            return Ok(None);
        };
        for (key, at) in listed.iter().filter(|(_, at)| *at != opposite) {
            if let Some(row) = self.guidance.row(key).map_err(Clone::clone)?
                && over(row, against.row).is_some_and(|over| !over.is_disjoint(&clash.over))
            {
                return Ok(Some(*at));
            }
        }
        Ok(None)
    }
}

fn clashes<'a>(stands: &'a [Stand<'a>]) -> Vec<Clash<'a>> {
    let mut found: Vec<Clash<'a>> = Vec::new();
    let mut by_topic: BTreeMap<&str, Vec<&Stand<'_>>> = BTreeMap::new();
    for stand in stands.iter().filter(|stand| !stand.row.topic.is_empty()) {
        by_topic.entry(&stand.row.topic).or_default().push(stand);
    }
    for stands in by_topic.values() {
        for (at, one) in stands.iter().enumerate() {
            for other in stands.iter().skip(at + 1) {
                if one.profile == other.profile || !meet(one.entry, other.entry) {
                    continue;
                }
                if let Some(over) = over(one.row, other.row) {
                    let why = why(one, other, &over);
                    found.push(Clash {
                        one,
                        other,
                        over,
                        why,
                    });
                }
            }
        }
    }
    found
}

/// Whether two entries can apply to the same target on the same day.
fn meet(one: &ResolvedEntry, other: &ResolvedEntry) -> bool {
    let before = |until: Option<Date>, from: Option<Date>| {
        until.is_some_and(|until| from.is_some_and(|from| until < from))
    };
    let roles =
        one.roles.is_empty() || other.roles.is_empty() || !one.roles.is_disjoint(&other.roles);
    roles && !before(one.until, other.from) && !before(other.until, one.from)
}

/// What two requirements of one topic cannot agree on; nothing where their
/// parameters do not show that they exclude each other. They do where one
/// requires what the other forbids or leaves out of the only ones that it
/// allows, where what each of them allows has nothing in common, and where one
/// wants what the other rules out.
fn over(one: &Row, other: &Row) -> Option<BTreeSet<String>> {
    if one.key == other.key || one.topic != other.topic {
        return None;
    }
    let mut over = BTreeSet::new();
    for (a, b) in [(one, other), (other, one)] {
        let required = names(a, "required");
        over.extend(required.intersection(&names(b, "forbidden")).copied());
        let allowed = names(b, "allowed");
        if !allowed.is_empty() {
            over.extend(required.difference(&allowed).copied());
        }
    }
    let (allowed, also) = (names(one, "allowed"), names(other, "allowed"));
    if !allowed.is_empty() && !also.is_empty() && allowed.is_disjoint(&also) {
        over.extend(allowed.union(&also).copied());
    }
    let switches = one.parameters.iter().filter_map(|(key, value)| {
        let (one, other) = (value.as_bool()?, other.parameters.get(key)?.as_bool()?);
        (one != other).then_some(key.as_str())
    });
    over.extend(switches);
    (!over.is_empty()).then(|| over.into_iter().map(str::to_owned).collect())
}

fn names<'r>(row: &'r Row, key: &str) -> BTreeSet<&'r str> {
    let list = row.parameters.get(key).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn why(one: &Stand<'_>, other: &Stand<'_>, over: &BTreeSet<String>) -> String {
    let words = over
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    let stand = |stand: &Stand<'_>| {
        let row = stand.row;
        let verb = match stand.entry.level {
            Obligation::Must => ["requires", "rules out", "allows only"],
            Obligation::Should | Obligation::May => {
                ["asks for", "advises against", "recommends only"]
            }
        };
        let is = |key: &str| names(row, key).iter().any(|name| over.contains(*name));
        let switch = |wanted: bool| {
            let mut keys = over.iter();
            keys.any(|key| row.parameters.get(key) == Some(&Value::Bool(wanted)))
        };
        let [wants, forbids, limits] = verb;
        if is("required") || switch(true) {
            format!("{} {wants} {words}", stand.profile)
        } else if is("forbidden") || switch(false) {
            format!("{} {forbids} {words}", stand.profile)
        } else {
            let allowed = Vec::from_iter(names(row, "allowed")).join(", ");
            format!("{} {limits} {allowed}", stand.profile)
        }
    };
    format!("{}, and {}", stand(one), stand(other))
}

fn kind(clashes: &[Clash<'_>]) -> PointKind {
    let binding = |stand: &Stand<'_>| stand.entry.level == Obligation::Must;
    if clashes
        .iter()
        .any(|clash| binding(clash.one) && binding(clash.other))
    {
        PointKind::Contradict
    } else if clashes.is_empty() {
        PointKind::Differ
    } else {
        PointKind::AdviceContradicts
    }
}

fn stance(stand: &Stand<'_>) -> Stance {
    Stance {
        profile: stand.profile.to_owned(),
        row: stand.row.key.clone(),
        printed: stand.row.printed.clone(),
        obligation: stand.entry.level,
        text: stand.row.text.clone(),
    }
}

fn named(clashes: Vec<Clash<'_>>) -> Vec<Exclusion> {
    let name = |stand: &Stand<'_>| StanceRef {
        profile: stand.profile.to_owned(),
        row: stand.row.key.clone(),
    };
    let mut exclusions: Vec<Exclusion> = clashes
        .into_iter()
        .map(|clash| Exclusion {
            one: name(clash.one),
            other: name(clash.other),
            over: clash.over.into_iter().collect(),
            why: clash.why,
        })
        .collect();
    exclusions.sort();
    exclusions.dedup();
    exclusions
}

/// What the file does not speak of: a point for each topic and pair of profiles.
fn unlisted(clashes: Vec<Clash<'_>>) -> Vec<Point> {
    let mut pairs: BTreeMap<(&str, &str, &str), Vec<Clash<'_>>> = BTreeMap::new();
    for clash in clashes {
        let key = (
            clash.one.row.topic.as_str(),
            clash.one.profile,
            clash.other.profile,
        );
        pairs.entry(key).or_default().push(clash);
    }
    pairs
        .into_iter()
        .map(|((topic, _, _), clashes)| {
            let mut by_text: BTreeMap<(&str, &str), Vec<Stance>> = BTreeMap::new();
            let mut controls: BTreeSet<&str> = BTreeSet::new();
            for stand in clashes.iter().flat_map(|clash| [clash.one, clash.other]) {
                let taken = by_text.entry((stand.profile, &stand.row.text)).or_default();
                taken.push(stance(stand));
                taken.sort();
                taken.dedup();
                controls.extend(stand.entry.controls());
            }
            Point {
                id: None,
                topic: topic.to_owned(),
                why_it_matters: None,
                controls: controls.into_iter().map(str::to_owned).collect(),
                kind: kind(&clashes),
                positions: by_text
                    .into_iter()
                    .map(|((_, text), taken_by)| PositionTaken {
                        position: text.to_owned(),
                        taken_by,
                    })
                    .collect(),
                exclusions: named(clashes),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
