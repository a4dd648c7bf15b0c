//! What a version of a pack changes: what is judged, and what is only said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use super::{cell::RowName, finding::PackRef, profile::Obligation};

/// Version of the document.
pub const PACK_DIFF_SCHEMA: &str = "scrutineer.pack-diff/1";

/// What differs between two packs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackDiff {
    /// Always [`PACK_DIFF_SCHEMA`].
    pub schema: String,
    /// The one.
    pub old: PackRef,
    /// The other.
    pub new: PackRef,
    /// Checks that only the new one has, by id.
    pub added: Vec<String>,
    /// Checks that only the old one has, by id.
    pub removed: Vec<String>,
    /// Checks that judge something else, by id: their results from before and after are not compared.
    pub judged: Vec<ChangedCheck>,
    /// Checks that judge the same and say it otherwise, or weigh it otherwise, by id.
    pub words: Vec<ChangedCheck>,
    /// Profiles that differ, by id.
    pub profiles: Vec<ChangedProfile>,
    /// Moving tables of another edition.
    pub tables: Vec<ChangedTable>,
    /// Other files that differ: controls, changes, lists, guidance.
    pub files: Vec<String>,
}

/// A check that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedCheck {
    /// Its id.
    pub id: String,
    /// The keys of its file that differ.
    pub parts: Vec<String>,
}

/// A profile that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedProfile {
    /// Its id.
    pub id: String,
    /// Whether it is new, gone, or another.
    pub change: ProfileChange,
    /// Entries that judge something else: their lines in a baseline start anew.
    pub anew: Vec<ChangedEntry>,
    /// Entries that only the new one has.
    pub added: Vec<RowName>,
    /// Entries that only the old one has: their lines in a baseline end.
    pub removed: Vec<RowName>,
    /// Entries that judge the same and are more or less binding.
    pub levels: Vec<ChangedLevel>,
}

/// What became of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProfileChange {
    /// Only the new pack has it.
    Added,
    /// Only the old pack has it.
    Removed,
    /// Its digest differs: it judges something else.
    Judged,
    /// Its digest is the same: it says or weighs something else.
    Words,
}

/// An entry that judges something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedEntry {
    /// What the profile calls it.
    #[serde(flatten)]
    pub name: RowName,
    /// Controls that its checks serve.
    pub controls: BTreeSet<String>,
    /// Its digest before.
    pub old: String,
    /// Its digest now.
    pub new: String,
    /// Because of which checks; none where its roles, dates or scope differ.
    pub because: BTreeSet<String>,
}

/// An entry that is more or less binding than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedLevel {
    /// What the profile calls it.
    #[serde(flatten)]
    pub name: RowName,
    /// Before.
    pub old: Obligation,
    /// Now.
    pub new: Obligation,
}

/// A moving table of another edition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedTable {
    /// Its name.
    pub name: String,
    /// The edition before; `null` where there was none.
    pub old: Option<String>,
    /// The edition now; `null` where there is none.
    pub new: Option<String>,
}

impl PackDiff {
    /// The same as lines for a change log.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(self.added.iter().map(|id| format!("new check {id}")));
        lines.extend(self.removed.iter().map(|id| format!("check {id} is gone")));
        let parts = |check: &ChangedCheck| check.parts.join(", ");
        for check in &self.judged {
            lines.push(format!("{} judges otherwise: {}", check.id, parts(check)));
        }
        for check in &self.words {
            lines.push(format!("{}, words only: {}", check.id, parts(check)));
        }
        for profile in &self.profiles {
            let id = &profile.id;
            match profile.change {
                ProfileChange::Added => lines.push(format!("new profile {id}")),
                ProfileChange::Removed => lines.push(format!("profile {id} is gone")),
                ProfileChange::Words => lines.push(format!("profile {id}, words only")),
                ProfileChange::Judged => {}
            }
            for entry in &profile.anew {
                lines.push(format!("profile {id}: {} starts anew", entry.name));
            }
            for name in &profile.added {
                lines.push(format!("profile {id}: new entry {name}"));
            }
            for name in &profile.removed {
                lines.push(format!("profile {id}: entry {name} is gone"));
            }
            for level in &profile.levels {
                lines.push(format!(
                    "profile {id}: {} is {}, was {}",
                    level.name, level.new, level.old
                ));
            }
        }
        for table in &self.tables {
            let edition = |edition: &Option<String>| edition.clone().unwrap_or("none".to_owned());
            lines.push(format!(
                "table {} is of edition {}, was {}",
                table.name,
                edition(&table.new),
                edition(&table.old)
            ));
        }
        lines.extend(self.files.iter().map(|path| format!("{path} differs")));
        lines
    }
}
