//! Finds what a findings document says of a target, a check or an entry.

use std::collections::HashMap;
use std::sync::Arc;

use super::Judged;
use crate::judge::{ResolvedCheck, ResolvedEntry};
use crate::model::{
    finding::{CheckVerdict, Finding, Findings, RequirementRef},
    profile::{Obligation, Scope},
    verdict::Verdict,
};

/// A findings document under a profile, with slices by target.
pub(super) struct Index<'a> {
    pub judged: Judged<'a>,
    findings: HashMap<&'a str, &'a [Finding]>,
    verdicts: HashMap<&'a str, &'a [CheckVerdict]>,
    entries: HashMap<(&'a str, Option<&'a str>), usize>,
}

impl<'a> Index<'a> {
    pub fn new(judged: Judged<'a>) -> Self {
        let document = judged.findings;
        let entries = judged.profile.entries.iter().zip(0..);
        Self {
            judged,
            findings: slices(&document.findings, |finding| &finding.target),
            verdicts: slices(&document.verdicts, |verdict| &verdict.target),
            entries: entries
                .map(|(entry, at)| ((entry.row.as_str(), entry.variant.as_deref()), at))
                .collect(),
        }
    }

    pub fn document(&self) -> &'a Findings {
        self.judged.findings
    }

    /// Id of the profile.
    pub fn id(&self) -> &'a str {
        &self.judged.profile.id
    }

    /// Keys of all targets.
    pub fn targets(&self) -> impl Iterator<Item = &'a str> {
        self.judged
            .findings
            .targets
            .iter()
            .map(|target| target.key.as_str())
    }

    pub fn findings_of(&self, target: &str) -> &'a [Finding] {
        self.findings.get(target).copied().unwrap_or_default()
    }

    pub fn verdicts_of(&self, target: &str) -> &'a [CheckVerdict] {
        self.verdicts.get(target).copied().unwrap_or_default()
    }

    /// What the check said of the target; `None` where it was not used.
    pub fn verdict(&self, target: &str, check: &str, digest: &str) -> Option<Verdict> {
        self.verdicts_of(target)
            .iter()
            .filter(|row| row.check.as_str() == check && row.digest.as_str() == digest)
            .map(|row| row.verdict)
            .max()
    }

    /// A check with its parameters, as the profile uses it.
    pub fn check(&self, id: &str, digest: &str) -> Option<&'a ResolvedCheck> {
        let checks = self.judged.profile.checks().iter();
        checks
            .map(Arc::as_ref)
            .find(|check| check.check.id == id && check.digest == digest)
    }

    /// The entry by which a requirement asks for a finding's check, and its number.
    pub fn entry(
        &self,
        finding: &Finding,
        requirement: &RequirementRef,
    ) -> Option<(usize, &'a ResolvedEntry)> {
        let variant = finding.variant.as_ref().map(|variant| variant.as_str());
        let at = *self.entries.get(&(requirement.row.as_str(), variant))?;
        Some((at, self.judged.profile.entries.get(at)?))
    }

    /// Entries of a row, whatever their `as`.
    pub fn entries_of(&self, row: &str) -> impl Iterator<Item = &'a ResolvedEntry> {
        let entries = self.judged.profile.entries.iter();
        entries.filter(move |entry| entry.row == row && entry.level != Obligation::May)
    }

    /// Whether an entry has anything to say of a target.
    pub fn applies(&self, entry: &ResolvedEntry, target: &str) -> bool {
        entry.groups.iter().flatten().any(|check| {
            self.verdict(target, &check.check.id, &check.digest)
                .is_some_and(|verdict| verdict != Verdict::NotApplicable)
        })
    }

    /// How an entry stands where a finding of it was made: for the target, or
    /// for the run where one target is enough.
    pub fn standing(&self, at: usize, requirement: &RequirementRef) -> Verdict {
        let entry = self.judged.profile.entries.get(at);
        match entry.map(|entry| entry.over) {
            Some(Scope::AnyTarget) => self
                .document()
                .requirements
                .get(at)
                .map_or(requirement.verdict, |result| result.verdict),
            _ => requirement.verdict,
        }
    }
}

/// Lists sorted by target, cut into one slice a target.
fn slices<T>(all: &[T], key: fn(&T) -> &str) -> HashMap<&str, &[T]> {
    all.chunk_by(|one, other| key(one) == key(other))
        .filter_map(|slice| Some((key(slice.first()?), slice)))
        .collect()
}
