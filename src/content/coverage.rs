//! How much of the guidelines that a profile `covers` its entries judge.
//!
//! Every requirement that somebody has read stands in an entry or in
//! `left_out`, never in both, so that nothing is passed over in silence. One
//! that is known from memory alone decides nothing and needs no line.

use std::fmt::Write as _;

use super::Content;
use super::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use super::guidance::{Guideline, Row};
use super::merge::{Merged, MergedEntry};
use super::profile_file::LoadedProfile;
use crate::model::profile::{LeftOut, Obligation, ProfileEntry, ProfileSource};

/// A guideline, or a part of it, and how a profile covers it.
#[derive(Debug)]
pub struct Coverage<'c> {
    /// The guideline.
    pub guideline: &'c Guideline,
    /// What the profile says that it covers: the guideline's id, or `id#part-*`.
    pub covers: &'c str,
    /// The requirements of it, in the guideline's order.
    pub rows: Vec<CoveredRow<'c>>,
}

/// A requirement and what a profile does about it.
#[derive(Debug)]
pub struct CoveredRow<'c> {
    /// The requirement.
    pub row: &'c Row,
    /// What is done about it.
    pub treatment: Treatment<'c>,
}

/// What a profile does about a requirement.
#[derive(Debug)]
pub enum Treatment<'c> {
    /// These entries judge it.
    Judged(Vec<&'c ProfileEntry>),
    /// Nothing judges it, because of this.
    LeftOut(&'c str),
    /// Nobody has read it in a source, so it decides nothing.
    FromMemory,
}

impl CoveredRow<'_> {
    /// Whether an entry says that it judges the requirement only in part.
    pub fn is_in_part(&self) -> bool {
        match &self.treatment {
            Treatment::Judged(entries) => entries.iter().any(|entry| entry.not_judged.is_some()),
            _ => false,
        }
    }
}

impl Content {
    /// How a profile covers the guidelines that it says it covers, with those
    /// of the profiles that it extends.
    ///
    /// # Errors
    /// Guidelines and rows that do not exist, rows that are neither judged nor
    /// left out, or both, entries that demand more than the guideline does, and
    /// a `source` that is not the guideline's.
    pub fn coverage<'c>(&'c self, merged: &Merged<'c>) -> Result<Vec<Coverage<'c>>, Diagnostics> {
        let mut problems = Diagnostics::default();
        let mut all = Vec::new();
        for (depth, profile) in merged.chain.iter().copied().enumerate() {
            let mut own = Vec::new();
            for index in 0..profile.profile.covers.len() {
                match self.covered(merged, depth, index) {
                    Ok(coverage) => own.push(coverage),
                    Err(more) => problems.extend(more),
                }
            }
            if own.len() == profile.profile.covers.len() {
                check_left_out(self, profile, &own, &mut problems);
                check_levels(profile, &own, &mut problems);
                if let Some(first) = own.first() {
                    check_source(profile, first.guideline, &mut problems);
                }
            }
            all.extend(own);
        }
        if problems.has_errors() {
            Err(problems)
        } else {
            Ok(all)
        }
    }

    /// One line of `covers`, of the profile at a depth of the chain.
    fn covered<'c>(
        &'c self,
        merged: &Merged<'c>,
        depth: usize,
        index: usize,
    ) -> Result<Coverage<'c>, Diagnostics> {
        let Some((profile, covers)) = merged.chain.get(depth).and_then(|profile| {
            let covers = profile.profile.covers.get(index)?;
            Some((*profile, covers.as_str()))
        }) else {
            return Err(Diagnostics::default());
        };
        let place = || profile.item_place("covers", index, None);
        let (id, part) = match covers.split_once('#') {
            None => (covers, ""),
            Some((id, part)) => match part.strip_suffix('*') {
                Some(part) => (id, part),
                None => {
                    let message = format!("`{covers}` is neither a guideline nor a part of one");
                    return Err(Diagnostic::error(place(), message)
                        .help(format!("write `{id}`, or `{id}#part-*`"))
                        .into());
                }
            },
        };
        let Some(found) = self.guidance.requirements(id).map_err(Clone::clone)? else {
            let message = format!("there is no guideline `{id}`");
            return Err(Diagnostic::error(place(), message)
                .maybe_help(did_you_mean(id, self.guidance.ids()))
                .into());
        };
        let of_part = |row: &&Row| {
            let slug = row.key.split_once('#').map_or("", |(_, slug)| slug);
            slug.starts_with(part)
        };
        let mut rows = Vec::new();
        let mut problems = Diagnostics::default();
        let mut missing = Vec::new();
        for row in found.rows.iter().filter(of_part) {
            match treatment(merged, row, &mut problems) {
                Some(treatment) => rows.push(CoveredRow { row, treatment }),
                None => missing.push(row),
            }
        }
        if rows.is_empty() && missing.is_empty() && !problems.has_errors() {
            let message = format!("no requirement of `{id}` begins with `{part}`");
            problems.push(Diagnostic::error(place(), message));
        }
        if !missing.is_empty() {
            problems.push(
                Diagnostic::error(
                    place(),
                    format!(
                        "of `{covers}`, {} neither judged nor left out",
                        match missing.len() {
                            1 => "1 requirement is".to_owned(),
                            number => format!("{number} requirements are"),
                        }
                    ),
                )
                .help(neglected(&missing)),
            );
        }
        if problems.has_errors() {
            return Err(problems);
        }
        Ok(Coverage {
            guideline: &found.guideline,
            covers,
            rows,
        })
    }
}

/// What the chain of profiles does about a row; nothing where that is nothing.
/// Of an entry and a line of `left_out`, the one in the profile that extends
/// the other's counts.
fn treatment<'c>(
    merged: &Merged<'c>,
    row: &Row,
    problems: &mut Diagnostics,
) -> Option<Treatment<'c>> {
    let depth = |profile: &LoadedProfile| {
        let same = |known: &&LoadedProfile| known.profile.id == profile.profile.id;
        merged.chain.iter().position(same)
    };
    let entries: Vec<&MergedEntry<'c>> = merged
        .entries
        .iter()
        .filter(|entry| entry.entry.row == row.key)
        .collect();
    let left_out = merged.chain.iter().rev().find_map(|profile| {
        let lines = &profile.profile.left_out;
        let index = lines.iter().position(|line| line.row == row.key)?;
        Some((*profile, index, lines.get(index)?))
    });
    let newest = entries.iter().filter_map(|entry| depth(entry.from)).max();
    match (newest, left_out) {
        (None, None) => row.memory.then_some(Treatment::FromMemory),
        (None, Some((_, _, LeftOut { because, .. }))) => Some(Treatment::LeftOut(because)),
        (Some(newest), Some((profile, index, _))) if depth(profile) >= Some(newest) => {
            let mut diagnostic = Diagnostic::error(
                profile.item_place("left_out", index, Some("row")),
                format!("the row `{}` is left out, and an entry judges it", row.key),
            );
            if let Some(entry) = entries.first() {
                let place = entry.from.item_place("entries", entry.index, Some("row"));
                diagnostic = diagnostic.also(place, "the entry");
            }
            problems.push(diagnostic.help(
                "keep one of the two; an entry that judges a part says in `not_judged` what is open",
            ));
            Some(Treatment::Judged(Vec::new()))
        }
        (Some(_), _) if row.memory => Some(Treatment::FromMemory),
        (Some(_), _) => Some(Treatment::Judged(
            entries.iter().map(|entry| entry.entry).collect(),
        )),
    }
}

/// Lines of `left_out` that name no requirement of what the profile covers.
fn check_left_out(
    content: &Content,
    profile: &LoadedProfile,
    covered: &[Coverage<'_>],
    problems: &mut Diagnostics,
) {
    for (index, line) in profile.profile.left_out.iter().enumerate() {
        let place = || profile.item_place("left_out", index, Some("row"));
        match row_of(covered, &line.row) {
            Some(row) if row.memory => problems.push(
                Diagnostic::error(
                    place(),
                    format!("nobody has read `{}` in a source", line.row),
                )
                .help("take the line away: such a row decides nothing by itself"),
            ),
            Some(_) => {}
            None => {
                let known = matches!(content.guidance.row(&line.row), Ok(Some(_)));
                let (message, help) = if known {
                    (
                        format!("the profile does not cover `{}`", line.row),
                        Some("add its guideline to `covers`, or take the line away".to_owned()),
                    )
                } else {
                    (
                        format!("there is no requirement `{}`", line.row),
                        content.guidance.suggest(&line.row),
                    )
                };
                problems.push(Diagnostic::error(place(), message).maybe_help(help));
            }
        }
    }
}

/// Entries that are more binding than the guideline makes them.
fn check_levels(profile: &LoadedProfile, covered: &[Coverage<'_>], problems: &mut Diagnostics) {
    for (index, entry) in profile.profile.entries.iter().enumerate() {
        let Some(row) = row_of(covered, &entry.row) else {
            continue;
        };
        let (most, why) = if row.memory {
            (Obligation::May, "nobody has read it in a source".to_owned())
        } else {
            (row.level, format!("the guideline says {}", row.level))
        };
        if entry.level > most {
            problems.push(
                Diagnostic::error(
                    profile.item_place("entries", index, Some("level")),
                    format!("`{}` cannot be a {} here: {why}", entry.row, entry.level),
                )
                .help(format!(
                    "write `level: {most}`; a profile of yours that extends this one may ask for more"
                )),
            );
        }
    }
}

fn row_of<'c>(covered: &[Coverage<'c>], key: &str) -> Option<&'c Row> {
    covered
        .iter()
        .flat_map(|coverage| &coverage.rows)
        .map(|covered| covered.row)
        .find(|row| row.key == key)
}

/// A `source` that differs from what the guideline's file says of its edition.
fn check_source(profile: &LoadedProfile, guideline: &Guideline, problems: &mut Diagnostics) {
    let wanted = ProfileSource {
        publisher: guideline.publisher.clone(),
        edition: guideline.version.clone(),
        date: guideline.date.clone(),
        status: (guideline.status != "current").then(|| guideline.status.clone()),
    };
    if profile.profile.source.as_ref() == Some(&wanted) {
        return;
    }
    let mut help = format!(
        "write\nsource:\n  publisher: {}\n  edition: {:?}",
        wanted.publisher, wanted.edition
    );
    for (key, value) in [("date", &wanted.date), ("status", &wanted.status)] {
        if let Some(value) = value {
            let _ = write!(help, "\n  {key}: {value:?}");
        }
    }
    let place = match profile.root.get("source") {
        Some(node) => profile.source.place(super::reader::head(node)),
        None => profile.place(),
    };
    let message = format!(
        "the `source` is not the edition of `{}` in profiles/guidance",
        guideline.id
    );
    problems.push(Diagnostic::error(place, message).help(help));
}

/// The requirements that a profile passes over, a line each.
fn neglected(rows: &[&Row]) -> String {
    let mut help = "add an entry or a line of `left_out` for".to_owned();
    for row in rows {
        let _ = write!(help, "\n{} ({})", row.key, row.level);
    }
    help
}

#[cfg(test)]
mod tests;
