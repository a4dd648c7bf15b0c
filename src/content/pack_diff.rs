//! What differs between two packs: what is judged, and what is only said.

use std::collections::{BTreeMap, BTreeSet};

use super::check_file::LoadedCheck;
use super::diagnostic::Diagnostics;
use super::{Content, profile_file::LoadedProfile};
use crate::baseline::pack::Pack;
use crate::judge::{ResolvedEntry, ResolvedProfile};
use crate::model::{
    cell::RowName,
    check::Check,
    pack_diff::{
        ChangedCheck, ChangedEntry, ChangedLevel, ChangedProfile, ChangedTable, PACK_DIFF_SCHEMA,
        PackDiff, ProfileChange,
    },
};

/// What differs from one pack to another. Digests are those of this program.
///
/// # Errors
/// When a profile cannot be resolved.
pub fn difference(
    (old_pack, old): (&Pack, &Content),
    (new_pack, new): (&Pack, &Content),
) -> Result<PackDiff, Diagnostics> {
    let (before, now) = (old.check_digests(), new.check_digests());
    let mut judged = Vec::new();
    let mut words = Vec::new();
    for (id, one) in &old.checks {
        let Some(other) = new.checks.get(id) else {
            continue;
        };
        let changed = |parts| ChangedCheck {
            id: id.clone(),
            parts,
        };
        if before.get(id) != now.get(id) {
            judged.push(changed(logic_parts(one, other)));
        } else if one.source.text != other.source.text {
            words.push(changed(word_parts(&one.check, &other.check)));
        }
    }
    let ids: BTreeSet<&String> = old.profiles.keys().chain(new.profiles.keys()).collect();
    let mut profiles = Vec::new();
    for id in ids {
        profiles.extend(profile((id, old.profiles.get(id)), old, new)?);
    }
    Ok(PackDiff {
        schema: PACK_DIFF_SCHEMA.to_owned(),
        old: old.pack(),
        new: new.pack(),
        added: only_in(&now, &before),
        removed: only_in(&before, &now),
        judged,
        words,
        profiles,
        tables: tables(&old_pack.tables, &new_pack.tables),
        files: other_files(old_pack, new_pack),
    })
}

fn only_in<V>(one: &BTreeMap<String, V>, other: &BTreeMap<String, V>) -> Vec<String> {
    let only = one.keys().filter(|id| !other.contains_key(*id));
    only.cloned().collect()
}

/// Keys that may decide a verdict, and differ. Where none does, a list, a function
/// or the version of a fact does.
fn logic_parts(one: &LoadedCheck, other: &LoadedCheck) -> Vec<String> {
    let (a, b) = (&one.check.logic, &other.check.logic);
    let defaults = |check: &Check| -> BTreeMap<String, serde_json::Value> {
        let params = check.params.iter();
        params
            .map(|(name, decl)| (name.clone(), decl.default.clone()))
            .collect()
    };
    let parts = told(&[
        ("for", a.subjects == b.subjects),
        ("when", a.when == b.when),
        ("let", a.lets == b.lets),
        ("each", a.each == b.each),
        ("where", a.filter == b.filter),
        ("require", a.require == b.require),
        ("at_most", a.at_most == b.at_most),
        ("at_least", a.at_least == b.at_least),
        ("params", defaults(&one.check) == defaults(&other.check)),
    ]);
    match parts.is_empty() {
        true => vec!["lists, functions or facts".to_owned()],
        false => parts,
    }
}

/// Keys that decide no verdict, and differ.
fn word_parts(one: &Check, other: &Check) -> Vec<String> {
    let parts = told(&[
        ("control", one.control == other.control),
        ("title", one.title == other.title),
        ("severity", one.severity == other.severity),
        ("effort", one.effort == other.effort),
        ("change", one.change == other.change),
        ("after", one.after == other.after),
        ("breaks", one.breaks == other.breaks),
        ("message", one.message == other.message),
        ("rationale", one.rationale == other.rationale),
        ("remediation", one.remediation == other.remediation),
        ("references", one.references == other.references),
        ("examples", one.examples == other.examples),
    ]);
    match parts.is_empty() {
        true => vec!["comments, or the same written otherwise".to_owned()],
        false => parts,
    }
}

/// The names of what is not the same.
fn told(parts: &[(&str, bool)]) -> Vec<String> {
    let differ = parts.iter().filter(|(_, same)| !same);
    differ.map(|(key, _)| (*key).to_owned()).collect()
}

fn profile(
    (id, before): (&str, Option<&LoadedProfile>),
    old: &Content,
    new: &Content,
) -> Result<Option<ChangedProfile>, Diagnostics> {
    let now = new.profiles.get(id);
    let mut changed = ChangedProfile {
        id: id.to_owned(),
        change: ProfileChange::Added,
        anew: Vec::new(),
        added: Vec::new(),
        removed: Vec::new(),
        levels: Vec::new(),
    };
    let (before, now) = match (before, now) {
        (None, _) => return Ok(Some(changed)),
        (Some(_), None) => {
            changed.change = ProfileChange::Removed;
            return Ok(Some(changed));
        }
        (Some(before), Some(now)) => (before, now),
    };
    let (one, other) = (old.resolve(id)?, new.resolve(id)?);
    let (was, is) = (by_name(&one), by_name(&other));
    for (name, entry) in &was {
        let Some(next) = is.get(name) else {
            changed.removed.push(name.clone());
            continue;
        };
        if entry.digest != next.digest {
            changed.anew.push(ChangedEntry {
                name: name.clone(),
                controls: next.controls().into_iter().map(str::to_owned).collect(),
                old: entry.digest.clone(),
                new: next.digest.clone(),
                because: because(entry, next),
            });
        } else if entry.level != next.level {
            changed.levels.push(ChangedLevel {
                name: name.clone(),
                old: entry.level,
                new: next.level,
            });
        }
    }
    let added = is.keys().filter(|name| !was.contains_key(name));
    changed.added = added.cloned().collect();
    changed.change = match one.digest == other.digest {
        false => ProfileChange::Judged,
        true => ProfileChange::Words,
    };
    let same = one.digest == other.digest
        && changed.levels.is_empty()
        && changed.added.is_empty()
        && changed.removed.is_empty()
        && before.source.text == now.source.text;
    Ok((!same).then_some(changed))
}

fn by_name(profile: &ResolvedProfile) -> BTreeMap<RowName, &ResolvedEntry> {
    let entries = profile.entries.iter();
    entries
        .map(|entry| {
            let name = RowName {
                row: entry.row.clone(),
                variant: entry.variant.clone(),
            };
            (name, entry)
        })
        .collect()
}

/// Checks that only one of two entries asks for in this way.
fn because(one: &ResolvedEntry, other: &ResolvedEntry) -> BTreeSet<String> {
    let asked = |entry: &ResolvedEntry| -> BTreeSet<(String, String)> {
        let checks = entry.groups.iter().flatten();
        checks
            .map(|check| (check.check.id.clone(), check.digest.clone()))
            .collect()
    };
    let (one, other) = (asked(one), asked(other));
    let differ = one.symmetric_difference(&other);
    differ.map(|(id, _)| id.clone()).collect()
}

fn tables(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<ChangedTable> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differ = names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name));
    differ
        .map(|name| ChangedTable {
            name: name.clone(),
            old: old.get(name).cloned(),
            new: new.get(name).cloned(),
        })
        .collect()
}

/// Paths of files other than checks and profiles whose text differs.
fn other_files(old: &Pack, new: &Pack) -> Vec<String> {
    // Controls and changes of several layers may share a path.
    let texts = |pack: &Pack| -> BTreeMap<String, BTreeSet<String>> {
        let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in pack.layers.iter().flatten() {
            if super::pack::is_other(&file.path) {
                let known = texts.entry(file.path.clone()).or_default();
                known.insert(file.text.clone());
            }
        }
        texts
    };
    let (old, new) = (texts(old), texts(new));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differ = paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path));
    differ.cloned().collect()
}
