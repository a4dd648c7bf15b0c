//! A profile's entries with those of the profiles that it extends.

use super::Content;
use super::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use super::profile_file::LoadedProfile;
use crate::model::profile::{ProfileEntry, Scope};

/// Longest chain of profiles that extend each other.
const LONGEST_CHAIN: usize = 8;

/// A profile's entries with those of the profiles that it extends.
pub struct Merged<'c> {
    /// The profile itself.
    pub profile: &'c LoadedProfile,
    /// The profile and those that it extends, the one that extends nothing first.
    pub chain: Vec<&'c LoadedProfile>,
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
        chain.reverse();
        Ok(Merged {
            profile,
            chain,
            entries,
            changes,
        })
    }
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
