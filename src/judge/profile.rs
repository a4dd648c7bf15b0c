//! A profile with everything in place: checks compiled, parameters set.

use jiff::civil::Date;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::digest::digest;
use crate::model::{
    check::Check,
    finding::{NotApplied, PackRef},
    level::{Area, Level},
    profile::{Obligation, Scope},
    shared::Shared,
    target::Role,
};
use crate::rules::Program;

/// A profile with everything in place. Made by `content`, judged under by
/// [`super::judge`].
#[derive(Debug)]
pub struct ResolvedProfile {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// SHA-256 over the digests of its entries, sorted.
    pub digest: String,
    /// The pack that its checks come from.
    pub pack: PackRef,
    /// Titles of controls, by id; those it does not use may be among them.
    pub controls: BTreeMap<String, String>,
    /// What is demanded, in order.
    pub entries: Vec<ResolvedEntry>,
    /// Each distinct check once.
    pub(super) checks: Vec<Arc<ResolvedCheck>>,
    /// For each entry and group, its checks as indices into `checks`.
    pub(super) groups: Vec<Vec<Vec<usize>>>,
    /// For each entry, what its findings call it.
    pub(super) names: Vec<EntryName>,
    /// Each distinct pair of check and `as`, in order of check id and `as`.
    pub(super) uses: Vec<CheckInUse>,
}

/// What findings call an entry.
#[derive(Debug)]
pub(super) struct EntryName {
    pub row: Shared<String>,
    pub printed: Option<Shared<String>>,
}

/// A check under one `as`, with the entries that ask for it.
#[derive(Debug)]
pub(super) struct CheckInUse {
    /// Index into the profile's checks.
    pub check: usize,
    /// The `as` of its entries.
    pub variant: Option<Shared<String>>,
    /// Indices into the profile's entries, ascending.
    pub entries: Vec<usize>,
}

impl ResolvedProfile {
    /// Puts a profile together and finds out which checks it asks for several times.
    pub fn new(
        id: String,
        title: String,
        pack: PackRef,
        controls: BTreeMap<String, String>,
        entries: Vec<ResolvedEntry>,
    ) -> Self {
        let mut digests: Vec<&str> = entries.iter().map(|entry| entry.digest.as_str()).collect();
        digests.sort_unstable();
        let profile_digest = digest(&digests).expect("a list of strings has a canonical form");
        let mut checks = Vec::new();
        let mut known: HashMap<(String, String), usize> = HashMap::new();
        let mut uses: BTreeMap<(String, Option<String>, String), CheckInUse> = BTreeMap::new();
        let mut groups = Vec::with_capacity(entries.len());
        for (number, entry) in entries.iter().enumerate() {
            let mut indices = Vec::with_capacity(entry.groups.len());
            for group in &entry.groups {
                let mut members = Vec::with_capacity(group.len());
                for check in group {
                    let id = check.check.id.clone();
                    let index = *known
                        .entry((id.clone(), check.digest.clone()))
                        .or_insert_with(|| {
                            checks.push(Arc::clone(check));
                            checks.len() - 1
                        });
                    members.push(index);
                    let in_use = uses
                        .entry((id, entry.variant.clone(), check.digest.clone()))
                        .or_insert_with(|| CheckInUse {
                            check: index,
                            variant: entry.variant.clone().map(Shared::new),
                            entries: Vec::new(),
                        });
                    if in_use.entries.last() != Some(&number) {
                        in_use.entries.push(number);
                    }
                }
                indices.push(members);
            }
            groups.push(indices);
        }
        let names = entries
            .iter()
            .map(|entry| EntryName {
                row: entry.row.as_str().into(),
                printed: entry.printed.as_deref().map(Shared::from),
            })
            .collect();
        Self {
            id,
            title,
            names,
            digest: profile_digest,
            pack,
            controls,
            entries,
            checks,
            groups,
            uses: uses.into_values().collect(),
        }
    }

    /// Each distinct check once: same id, same digest.
    pub fn checks(&self) -> &[Arc<ResolvedCheck>] {
        &self.checks
    }
}

/// One demand of a profile.
#[derive(Clone, Debug)]
pub struct ResolvedEntry {
    /// Key of the requirement (`guideline#slug` or `control#ID`).
    pub row: String,
    /// The entry's `as`.
    pub variant: Option<String>,
    /// The id that the guideline prints, where it has one.
    pub printed: Option<String>,
    /// What the requirement demands, in words.
    pub text: String,
    /// How binding it is.
    pub level: Obligation,
    /// Only for targets with one of these roles; empty means all.
    pub roles: BTreeSet<Role>,
    /// Over what it is rolled up.
    pub over: Scope,
    /// First day on which it applies.
    pub from: Option<Date>,
    /// Last day on which it applies.
    pub until: Option<Date>,
    /// One of these groups must pass as a whole. An entry with `checks` has one.
    pub groups: Vec<Vec<Arc<ResolvedCheck>>>,
    /// Because of what it stands here.
    pub because: Option<String>,
    /// SHA-256 over the canonical form of what decides it.
    pub digest: String,
}

impl ResolvedEntry {
    /// Ids of the controls that its checks serve.
    pub fn controls(&self) -> BTreeSet<&str> {
        self.groups
            .iter()
            .flatten()
            .map(|check| check.check.control.as_str())
            .collect()
    }

    /// Why the entry does not apply on a day, if so.
    pub fn out_of_season(&self, as_of: Date) -> Option<NotApplied> {
        if self.from.is_some_and(|from| as_of < from) {
            Some(NotApplied::NotYet)
        } else if self.until.is_some_and(|until| as_of > until) {
            Some(NotApplied::Ended)
        } else {
            None
        }
    }

    /// Whether the entry is about targets with these roles.
    pub fn is_for(&self, roles: &BTreeSet<Role>) -> bool {
        self.roles.is_empty() || !self.roles.is_disjoint(roles)
    }
}

/// A check with its parameters, ready to judge.
#[derive(Debug)]
pub struct ResolvedCheck {
    /// The check.
    pub check: Arc<Check>,
    /// Every parameter, defaults filled in and lists inlined.
    pub params: Map<String, Value>,
    /// Its logic.
    pub program: Program,
    /// SHA-256 over what decides a verdict: logic, parameters, functions, facts, tables.
    pub digest: String,
    /// Areas of the facts that it needs.
    pub areas: BTreeSet<Area>,
    /// How far a scan must go to see all of them.
    pub level: Level,
    /// The prose of the check, shared by all its findings.
    pub(super) prose: Prose,
}

/// What all findings of a check have in common.
#[derive(Debug)]
pub(super) struct Prose {
    pub id: Shared<String>,
    pub digest: Shared<String>,
    pub control: Shared<String>,
    pub title: Shared<String>,
    pub rationale: Shared<String>,
    pub remediation: Shared<BTreeMap<String, String>>,
    pub references: Shared<Vec<String>>,
}

impl ResolvedCheck {
    /// Puts a check together with its parameters.
    pub fn new(
        check: Arc<Check>,
        params: Map<String, Value>,
        program: Program,
        digest: String,
    ) -> Self {
        let facts = program.facts();
        Self {
            params,
            areas: facts.iter().filter_map(|fact| fact.area).collect(),
            level: facts
                .iter()
                .map(|fact| fact.level)
                .max()
                .unwrap_or(Level::Passive),
            prose: Prose {
                id: check.id.clone().into(),
                digest: digest.clone().into(),
                control: check.control.clone().into(),
                title: check.title.clone().into(),
                rationale: check.rationale.clone().into(),
                remediation: check.remediation.clone().into(),
                references: check.references.clone().into(),
            },
            check,
            program,
            digest,
        }
    }
}
