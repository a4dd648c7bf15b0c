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
use super::merge::MergedEntry;
use super::reader::{Reader, head};
use super::yaml::{Kind, Node};
use crate::judge::{ResolvedCheck, ResolvedEntry, ResolvedProfile, digest};
use crate::model::finding::PackRef;
use crate::model::profile::Obligation;
use crate::probes::registry::REGISTRY;
use crate::rules::Program;

/// Said of an entry whose row nobody has read in a source yet.
const UNVERIFIED: &str =
    "this requirement was not yet verified against its source, so it decides nothing";

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
        if let Err(more) = self.coverage(&merged) {
            problems.extend(more);
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

    /// The checks with their defaults, as one digest.
    pub fn pack(&self) -> PackRef {
        let mut digests: Vec<String> = self.check_digests().into_values().collect();
        digests.sort();
        let digest = digest(&digests).expect("a list of texts has a canonical form");
        if let Some(pack) = &self.pack {
            return PackRef {
                name: Some(pack.name.clone()),
                version: pack.version.clone(),
                digest,
                file: Some(pack.file.clone()),
            };
        }
        let mut version = env!("CARGO_PKG_VERSION").to_owned();
        for path in &self.added {
            version.push_str(" with ");
            version.push_str(path);
        }
        PackRef {
            name: None,
            version,
            digest,
            file: None,
        }
    }

    /// The digest of each check with its defaults, by id.
    pub fn check_digests(&self) -> BTreeMap<String, String> {
        let digest_of = |(id, loaded): (&String, &LoadedCheck)| {
            let params = loaded.check.params.iter();
            let defaults: Map<String, Value> = params
                .map(|(name, decl)| (name.clone(), decl.default.clone()))
                .collect();
            (id.clone(), check_digest(&loaded.program, &defaults))
        };
        self.checks.iter().map(digest_of).collect()
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
            because: None,
            digest: String::new(),
        };
        let mut because: Vec<String> = entry.because.iter().cloned().collect();
        because.extend(
            entry
                .not_judged
                .iter()
                .map(|part| format!("in part: {part}")),
        );
        if row.memory {
            resolved.level = Obligation::May;
            because.push(UNVERIFIED.to_owned());
        }
        resolved.because = (!because.is_empty()).then(|| because.join("; "));
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
                problems.push(
                    Diagnostic::error(place(), format!("there is no requirement `{key}`"))
                        .maybe_help(self.guidance.suggest(key)),
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

#[cfg(test)]
mod tests;
