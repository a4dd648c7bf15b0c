//! `profiles show ID --coverage`: what of its guidelines a profile judges.

use std::fmt::Write as _;

use super::prose;
use crate::content::coverage::{Coverage, CoveredRow, Treatment};
use crate::content::guidance::Row;
use crate::model::profile::{CheckUse, Profile, ProfileEntry};

/// The coverage of each guideline, for people.
pub fn show(profile: &Profile, coverage: &[Coverage<'_>], width: usize) -> String {
    let mut out = String::new();
    prose::paragraph(
        &mut out,
        0,
        &format!("{}: {}", profile.id, profile.title),
        width,
    );
    if let Some(source) = &profile.source {
        prose::paragraph(&mut out, 0, &source.to_string(), width);
    }
    if coverage.is_empty() {
        let words = "It names no guideline that it covers.";
        prose::paragraph(&mut out, 0, words, width);
    }
    for covered in coverage {
        one_guideline(&mut out, covered, width);
    }
    out
}

fn one_guideline(out: &mut String, coverage: &Coverage<'_>, width: usize) {
    let rows = &coverage.rows;
    let judged = of(rows, |treatment| matches!(treatment, Treatment::Judged(_)));
    let left_out = of(rows, |treatment| matches!(treatment, Treatment::LeftOut(_)));
    let memory = of(rows, |treatment| matches!(treatment, Treatment::FromMemory));
    let in_part = rows.iter().filter(|row| row.is_in_part()).count();
    let mut counts = format!(
        "{} of {}: {} judged",
        prose::count(rows.len(), "requirement"),
        coverage.covers,
        judged.len()
    );
    if in_part > 0 {
        let _ = write!(counts, " ({in_part} in part)");
    }
    let _ = write!(
        counts,
        ", {} left out, {} known from memory only",
        left_out.len(),
        memory.len()
    );
    out.push('\n');
    prose::paragraph(out, 0, &counts, width);
    section(out, "Judged", &judged, width);
    section(out, "Left out", &left_out, width);
    section(
        out,
        "From memory: nobody has read these in a source, so they decide nothing",
        &memory,
        width,
    );
}

fn of<'r, 'c>(
    rows: &'r [CoveredRow<'c>],
    wanted: impl Fn(&Treatment<'c>) -> bool,
) -> Vec<&'r CoveredRow<'c>> {
    rows.iter().filter(|row| wanted(&row.treatment)).collect()
}

fn section(out: &mut String, title: &str, rows: &[&CoveredRow<'_>], width: usize) {
    if rows.is_empty() {
        return;
    }
    prose::heading(out, title);
    for CoveredRow { row, treatment } in rows.iter().copied() {
        prose::paragraph(out, 2, &name(row), width);
        prose::paragraph(out, 6, &row.text, width);
        match treatment {
            Treatment::Judged(entries) => {
                for entry in entries {
                    prose::paragraph(out, 6, &judged_by(entry), width);
                    if let Some(part) = &entry.not_judged {
                        prose::paragraph(out, 6, &format!("not judged: {part}"), width);
                    }
                }
            }
            Treatment::LeftOut(because) => {
                prose::paragraph(out, 6, &format!("because {because}"), width);
            }
            Treatment::FromMemory => {}
        }
    }
}

/// Level, printed id and key of a requirement.
fn name(row: &Row) -> String {
    match &row.printed {
        Some(printed) => format!("{}  {printed}  {}", row.level, row.key),
        None => format!("{}  {}", row.level, row.key),
    }
}

/// How binding an entry is, when it applies, and its checks.
fn judged_by(entry: &ProfileEntry) -> String {
    let mut words = entry.level.to_string();
    if let Some(variant) = &entry.variant {
        let _ = write!(words, " as {variant}");
    }
    for (word, day) in [("from", &entry.from), ("until", &entry.until)] {
        if let Some(day) = day {
            let _ = write!(words, " {word} {day}");
        }
    }
    let all = |uses: &[CheckUse]| {
        let ids: Vec<&str> = uses.iter().map(|used| used.id.as_str()).collect();
        ids.join(", ")
    };
    let groups: Vec<String> = if entry.any_of.is_empty() {
        vec![all(&entry.checks)]
    } else {
        entry.any_of.iter().map(|group| all(group)).collect()
    };
    let _ = write!(words, ": {}", groups.join(", or "));
    words
}
