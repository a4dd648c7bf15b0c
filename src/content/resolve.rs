//! A profile with everything in place: what it extends, its rows, checks and parameters.

use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::Content;
use super::check_file::{LoadedCheck, effective_params, param_value};
use super::dates::{self, Edge};
use super::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use super::profile_file::LoadedProfile;
use super::reader::{Reader, head};
use super::yaml::{Kind, Node};
use crate::judge::{ResolvedCheck, ResolvedEntry, ResolvedProfile, digest};
use crate::model::finding::PackRef;
use crate::model::profile::{Obligation, ProfileEntry, Scope};
use crate::probes::registry::REGISTRY;
use crate::rules::Program;

/// Longest chain of profiles that extend each other.
const LONGEST_CHAIN: usize = 8;
/// Said of an entry whose row nobody has read in a source yet.
const UNVERIFIED: &str =
    "this requirement was not yet verified against its source, so it decides nothing";

/// A profile's entries with those of the profiles that it extends.
pub struct Merged<'c> {
    /// The profile itself.
    pub profile: &'c LoadedProfile,
    /// The entries in order: those of the extended profile first.
    pub entries: Vec<MergedEntry<'c>>,
    /// What the profile changes in those that it extends, one line each.
    pub changes: Vec<String>,
}

/// An entry and the profile that it comes from.
#[derive(Clone, Copy)]
pub struct MergedEntry<'c> {
    /// The profile.
    pub from: &'c LoadedProfile,
    /// The entry.
    pub entry: &'c ProfileEntry,
    /// Its number in that profile.
    pub index: usize,
}

impl Content {
    /// A profile with everything in place, ready to judge under.
    ///
    /// # Errors
    /// That there is no such profile, and everything in it that cannot be
    /// resolved: unknown rows, checks and parameters, and values of the wrong type.
    pub fn resolve(&self, id: &str) -> Result<ResolvedProfile, Diagnostics> {
        let merged = self.merged(id)?;
        let mut problems = Diagnostics::default();
        let mut known: BTreeMap<(String, String), Arc<ResolvedCheck>> = BTreeMap::new();
        let mut entries = Vec::with_capacity(merged.entries.len());
        for entry in &merged.entries {
            if let Some(resolved) = self.entry(entry, &mut known, &mut problems) {
                entries.push(resolved);
            }
        }
        if problems.has_errors() {
            problems.sort();
            return Err(problems);
        }
        let controls = self
            .controls
            .iter()
            .map(|loaded| (loaded.control.id.clone(), loaded.control.title.clone()))
            .collect();
        Ok(ResolvedProfile::new(
            merged.profile.profile.id.clone(),
            merged.profile.profile.title.clone(),
            self.pack(),
            controls,
            entries,
        ))
    }

    /// A profile's entries with those that it extends.
    ///
    /// # Errors
    /// That there is no such profile, or that profiles extend each other in a ring.
    pub fn merged(&self, id: &str) -> Result<Merged<'_>, Diagnostics> {
        let ids = || self.profiles.keys().map(String::as_str);
        let profile = self.profiles.get(id).ok_or_else(|| {
            let known: Vec<&str> = ids().collect();
            Diagnostic::placeless(format!("there is no profile `{id}`")).help(
                did_you_mean(id, ids())
                    .unwrap_or_else(|| format!("there are: {}", known.join(", "))),
            )
        })?;
        let mut chain = vec![profile];
        let mut last = profile;
        while let Some(base) = &last.profile.extends {
            let span = last
                .root
                .get("extends")
                .map_or(0..0, |node| node.span.clone());
            let place = last.source.place(span);
            let Some(next) = self.profiles.get(base) else {
                return Err(
                    Diagnostic::error(place, format!("there is no profile `{base}`"))
                        .maybe_help(did_you_mean(base, ids()))
                        .into(),
                );
            };
            if chain.iter().any(|seen| seen.profile.id == next.profile.id) {
                let message = format!("the profile `{base}` extends itself");
                return Err(Diagnostic::error(place, message).into());
            }
            if chain.len() >= LONGEST_CHAIN {
                let message = format!("more than {LONGEST_CHAIN} profiles extend each other");
                return Err(Diagnostic::error(place, message).into());
            }
            chain.push(next);
            last = next;
        }
        let mut entries: Vec<MergedEntry<'_>> = Vec::new();
        let mut changes = Vec::new();
        for from in chain.iter().rev() {
            for (index, entry) in from.profile.entries.iter().enumerate() {
                let merged = MergedEntry { from, entry, index };
                let known = entries.iter_mut().find(|known| {
                    known.entry.row == entry.row && known.entry.variant == entry.variant
                });
                match known {
                    Some(known) => {
                        changes.push(change(known, &merged));
                        *known = merged;
                    }
                    None => {
                        if from.profile.extends.is_some() {
                            changes.push(format!("{} adds {}", from.profile.id, name_of(entry)));
                        }
                        entries.push(merged);
                    }
                }
            }
        }
        Ok(Merged {
            profile,
            entries,
            changes,
        })
    }

    /// The checks with their defaults, as one digest.
    pub fn pack(&self) -> PackRef {
        let mut digests: Vec<String> = self
            .checks
            .values()
            .map(|loaded| {
                let params: Map<String, Value> = loaded
                    .check
                    .params
                    .iter()
                    .map(|(name, decl)| (name.clone(), decl.default.clone()))
                    .collect();
                check_digest(&loaded.program, &params)
            })
            .collect();
        digests.sort();
        let mut version = env!("CARGO_PKG_VERSION").to_owned();
        for path in &self.added {
            version.push_str(" with ");
            version.push_str(path);
        }
        PackRef {
            version,
            digest: digest(&digests).expect("a list of texts has a canonical form"),
        }
    }

    fn entry(
        &self,
        merged: &MergedEntry<'_>,
        known: &mut BTreeMap<(String, String), Arc<ResolvedCheck>>,
        problems: &mut Diagnostics,
    ) -> Option<ResolvedEntry> {
        let entry = merged.entry;
        let node = merged.from.entry_node(merged.index);
        let row = self.row(merged, node, problems);
        let mut groups = Vec::new();
        let mut complete = true;
        let lists: Vec<Option<&Node>> = if entry.any_of.is_empty() {
            vec![node.and_then(|node| node.get("checks"))]
        } else {
            match node.and_then(|node| node.get("any_of")).map(|n| &n.kind) {
                Some(Kind::List(groups)) => groups.iter().map(Some).collect(),
                _ => Vec::new(),
            }
        };
        for list in lists {
            let Some(Kind::List(items)) = list.map(|node| &node.kind) else {
                continue;
            };
            let mut group = Vec::with_capacity(items.len());
            for item in items {
                match self.check_use(merged, item, problems) {
                    Some((check, params)) => {
                        let digest = check_digest(&check.program, &params);
                        let resolved = known
                            .entry((check.check.id.clone(), digest.clone()))
                            .or_insert_with(|| {
                                Arc::new(ResolvedCheck::new(
                                    Arc::clone(&check.check),
                                    params,
                                    check.program.clone(),
                                    digest,
                                ))
                            });
                        group.push(Arc::clone(resolved));
                    }
                    None => complete = false,
                }
            }
            groups.push(group);
        }
        let row = row.filter(|_| complete)?;
        let day = |text: &Option<String>, edge| {
            text.as_deref()
                .and_then(|text| dates::parse(text, edge).ok())
        };
        let mut resolved = ResolvedEntry {
            row: entry.row.clone(),
            variant: entry.variant.clone(),
            printed: row.printed,
            text: row.text,
            level: entry.level,
            roles: entry.roles.clone(),
            over: entry.over,
            from: day(&entry.from, Edge::First),
            until: day(&entry.until, Edge::Last),
            groups,
            because: entry.because.clone(),
            digest: String::new(),
        };
        if row.memory {
            resolved.level = Obligation::May;
            resolved.because = Some(match resolved.because {
                Some(because) => format!("{because}; {UNVERIFIED}"),
                None => UNVERIFIED.to_owned(),
            });
        }
        resolved.digest = entry_digest(&resolved, !entry.any_of.is_empty());
        Some(resolved)
    }

    /// The requirement that an entry's row names.
    fn row(
        &self,
        merged: &MergedEntry<'_>,
        node: Option<&Node>,
        problems: &mut Diagnostics,
    ) -> Option<RowText> {
        let key = &merged.entry.row;
        let place = || {
            let span = node
                .and_then(|node| node.get("row"))
                .map_or(0..0, |row| row.span.clone());
            merged.from.source.place(span)
        };
        if let Some(id) = key.strip_prefix("control#") {
            if let Some(loaded) = self.control(id) {
                return Some(RowText {
                    printed: Some(id.to_owned()),
                    text: loaded.control.title.clone(),
                    memory: false,
                });
            }
            let ids = self.controls.iter().map(|known| known.control.id.as_str());
            problems.push(
                Diagnostic::error(place(), format!("there is no control `{id}`"))
                    .maybe_help(did_you_mean(id, ids)),
            );
            return None;
        }
        match self.guidance.row(key) {
            Ok(Some(row)) => Some(RowText {
                printed: row.printed.clone(),
                text: row.text.clone(),
                memory: row.memory,
            }),
            Ok(None) => {
                let guideline = key.split('#').next().unwrap_or_default();
                let keys = self.guidance.keys(guideline);
                let help = if keys.is_empty() {
                    did_you_mean(guideline, self.guidance.ids()).or_else(|| {
                        Some("a row is guideline#slug, as in profiles/guidance".to_owned())
                    })
                } else {
                    did_you_mean(key, keys)
                };
                problems.push(
                    Diagnostic::error(place(), format!("there is no requirement `{key}`"))
                        .maybe_help(help),
                );
                None
            }
            Err(more) => {
                problems.extend(more.clone());
                None
            }
        }
    }

    /// A check with the parameters that an entry sets.
    fn check_use(
        &self,
        merged: &MergedEntry<'_>,
        node: &Node,
        problems: &mut Diagnostics,
    ) -> Option<(&LoadedCheck, Map<String, Value>)> {
        let mut reader = Reader::new(&merged.from.source);
        let found = self.read_use(&mut reader, node);
        let failed = reader.problems.has_errors();
        problems.extend(reader.problems);
        found.filter(|_| !failed)
    }

    fn read_use(
        &self,
        reader: &mut Reader,
        node: &Node,
    ) -> Option<(&LoadedCheck, Map<String, Value>)> {
        let id = reader.filled(node.get("id")?, "id")?;
        let Some(loaded) = self.checks.get(&id.value) else {
            let known = self.checks.keys().map(String::as_str);
            reader.error_help(
                &id.span,
                format!("there is no check `{}`", id.value),
                did_you_mean(&id.value, known),
            );
            return None;
        };
        let mut set = BTreeMap::new();
        if let Some(Kind::Map(entries)) = node.get("params").map(|params| &params.kind) {
            for (key, value) in entries {
                let Some(kind) = loaded.params.get(&key.text) else {
                    let known: Vec<&str> = loaded.params.keys().map(String::as_str).collect();
                    let help =
                        did_you_mean(&key.text, known.iter().copied()).unwrap_or_else(|| {
                            if known.is_empty() {
                                "it has no parameters".to_owned()
                            } else {
                                format!("its parameters: {}", known.join(", "))
                            }
                        });
                    reader.error_help(
                        &key.span,
                        format!("the check `{}` has no parameter `{}`", id.value, key.text),
                        Some(help),
                    );
                    continue;
                };
                if let Some(value) =
                    param_value(reader, value, &key.text, kind, &self.facts, &self.lists)
                {
                    set.insert(key.text.clone(), value);
                }
            }
        }
        match effective_params(&loaded.check, &set) {
            Ok(params) => Some((loaded, params)),
            Err(missing) => {
                reader.error(
                    &head(node),
                    format!(
                        "the check `{}` has no default for `{}`, so the entry must set it",
                        id.value,
                        missing.join("`, `")
                    ),
                );
                None
            }
        }
    }
}

struct RowText {
    printed: Option<String>,
    text: String,
    memory: bool,
}

/// SHA-256 over what decides a verdict: the logic with the functions and tables
/// that it uses, the parameters, and the version of the facts of each area read.
pub fn check_digest(program: &Program, params: &Map<String, Value>) -> String {
    let areas: BTreeSet<_> = program
        .facts()
        .iter()
        .filter_map(|fact| fact.area)
        .collect();
    let versions: Map<String, Value> = areas
        .into_iter()
        .map(|area| {
            let version = REGISTRY
                .iter()
                .find(|probe| probe.area == area)
                .map_or(0, |probe| probe.fact_version);
            (area.key().to_owned(), version.into())
        })
        .collect();
    let decides = json!({ "facts": versions, "logic": program.canonical(), "params": params });
    digest(&decides).expect("logic and parameters hold no floats and no keys but texts")
}

/// SHA-256 over what decides whether an entry is met. Its level is not in it:
/// a `must` and a `should` that ask for the same are met by the same.
fn entry_digest(entry: &ResolvedEntry, any_of: bool) -> String {
    let groups: Vec<Vec<&str>> = entry
        .groups
        .iter()
        .map(|group| {
            let mut digests: Vec<&str> = group.iter().map(|check| check.digest.as_str()).collect();
            digests.sort_unstable();
            digests
        })
        .collect();
    let decides = json!({
        "kind": if any_of { "any_of" } else { "checks" },
        "roles": entry.roles,
        "over": entry.over,
        "from": entry.from,
        "until": entry.until,
        "groups": groups,
    });
    digest(&decides).expect("an entry holds no floats and no keys but texts")
}

fn name_of(entry: &ProfileEntry) -> String {
    match &entry.variant {
        Some(variant) => format!("{} as {variant}", entry.row),
        None => entry.row.clone(),
    }
}

/// One line for an entry that takes the place of another.
fn change(old: &MergedEntry<'_>, new: &MergedEntry<'_>) -> String {
    let (was, is) = (old.entry, new.entry);
    let mut what = Vec::new();
    if was.level != is.level {
        what.push(format!("{} becomes {}", was.level, is.level));
    }
    if was.checks != is.checks || was.any_of != is.any_of {
        what.push("other checks or parameters".to_owned());
    }
    if was.roles != is.roles {
        what.push("other roles".to_owned());
    }
    if was.over != is.over {
        let word = |scope| match scope {
            Scope::Target => "target",
            Scope::Organisation => "organisation",
            Scope::AnyTarget => "any-target",
        };
        what.push(format!(
            "over {} becomes over {}",
            word(was.over),
            word(is.over)
        ));
    }
    if was.from != is.from || was.until != is.until {
        what.push("other dates".to_owned());
    }
    if what.is_empty() {
        what.push("repeated unchanged".to_owned());
    }
    format!(
        "{} changes {} of {}: {}",
        new.from.profile.id,
        name_of(is),
        old.from.profile.id,
        what.join(", ")
    )
}

#[cfg(test)]
mod tests;
