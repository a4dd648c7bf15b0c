//! What checks say of being mended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::check::{ChangeGroup, Check};

/// Every check that there is, and the changes that mend several of them.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    checks: BTreeMap<String, Arc<Check>>,
    changes: BTreeMap<String, ChangeGroup>,
    /// For each check, all that must be met before it, however far away.
    before: BTreeMap<String, BTreeSet<String>>,
}

impl Catalogue {
    /// Puts checks and changes together.
    pub fn new(
        checks: impl IntoIterator<Item = Arc<Check>>,
        changes: impl IntoIterator<Item = ChangeGroup>,
    ) -> Self {
        let checks: BTreeMap<String, Arc<Check>> = checks
            .into_iter()
            .map(|check| (check.id.clone(), check))
            .collect();
        let before = checks.keys().map(|id| (id.clone(), before(id, &checks)));
        Self {
            before: before.collect(),
            changes: changes
                .into_iter()
                .map(|change| (change.id.clone(), change))
                .collect(),
            checks,
        }
    }

    /// A check by its id.
    pub(super) fn check(&self, id: &str) -> Option<&Check> {
        self.checks.get(id).map(Arc::as_ref)
    }

    /// Ids of all checks, sorted.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.checks.keys().map(String::as_str)
    }

    /// The change that mends several checks, if this is one.
    pub(super) fn group(&self, change: &str) -> Option<&ChangeGroup> {
        self.changes.get(change)
    }

    /// The change that mends a check; a check that is not known is a change of its own.
    pub(super) fn change_of<'a>(&'a self, check: &'a str) -> &'a str {
        self.check(check).map_or(check, Check::change_id)
    }

    /// Whether the one check must be met before the other.
    pub(super) fn comes_before(&self, one: &str, other: &str) -> bool {
        self.before.get(other).is_some_and(|all| all.contains(one))
    }

    /// Products that a change has lines for, be it in one of its checks only.
    pub(super) fn products(&self, change: &str) -> BTreeSet<&str> {
        let own = self
            .group(change)
            .into_iter()
            .map(|group| &group.remediation);
        let checks = self
            .checks
            .values()
            .filter(|check| check.change_id() == change)
            .map(|check| &check.remediation);
        own.chain(checks)
            .flat_map(BTreeMap::keys)
            .map(String::as_str)
            .filter(|product| *product != "text")
            .collect()
    }
}

/// All that must be met before a check. Ends also where checks wait for each
/// other, which the lint refuses.
fn before(id: &str, checks: &BTreeMap<String, Arc<Check>>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next = vec![id];
    while let Some(id) = next.pop() {
        for other in checks.get(id).into_iter().flat_map(|check| &check.after) {
            if found.insert(other.clone()) {
                next.push(other);
            }
        }
    }
    found
}
