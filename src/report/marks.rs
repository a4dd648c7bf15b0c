//! Waivers, soft checks and the earlier result, in words.

use std::io;

use super::page::{Page, Style, line, words};
use super::wording::waiver;
use crate::model::{
    bearing::Excuse,
    finding::{Finding, Findings},
    marks::{Against, NotCompared},
};

/// Waivers, and things that could not be compared, that are shown.
const MAX_LINES: usize = 12;

/// What keeps a finding from counting at the gate, in words.
pub fn excuse(finding: &Finding) -> Option<String> {
    finding.excuse().map(|excuse| match excuse {
        Excuse::Waived(waived) => waiver(waived),
        Excuse::Soft => "soft".to_owned(),
        Excuse::Unchanged => "unchanged".to_owned(),
    })
}

/// What is to be said about waivers, a line each.
pub fn waiver_notes(document: &Findings) -> Vec<String> {
    let notes = document.waivers.iter().filter_map(|waiver| waiver.note());
    notes.map(|note| line(&note)).collect()
}

/// The earlier result in one line.
pub fn against(against: &Against) -> String {
    let mut text = format!(
        "against {} (run of {}): {} new, {}, {} unchanged, {} not comparable",
        against.source,
        against.run_started,
        against.new,
        words(against.regressions, "regression", "regressions"),
        against.unchanged,
        against.not_comparable
    );
    if !against.differences.is_empty() {
        let words: Vec<&str> = against.differences.iter().map(|d| d.words()).collect();
        text.push_str(&format!("; mind: {}", words.join(", ")));
    }
    line(&text)
}

/// Something that could not be compared, in one line.
pub fn not_compared(one: &NotCompared) -> String {
    let check = match (&one.check, &one.variant) {
        (None, _) => String::new(),
        (Some(check), None) => format!(", {}", check.as_str()),
        (Some(check), Some(variant)) => format!(", {} as {}", check.as_str(), variant.as_str()),
    };
    line(&format!(
        "{}{check}: {}",
        one.target.as_str(),
        one.reason.words()
    ))
}

/// The date of the gate, what is to be said about waivers, and the earlier result.
pub fn write(document: &Findings, page: &mut Page<'_>) -> io::Result<()> {
    if let Some(day) = document.dates.gate {
        page.heading("Waivers")?;
        let covered = document.findings.iter().filter(|f| f.waived.is_some());
        let covered = u64::try_from(covered.count()).unwrap_or(u64::MAX);
        page.text(
            Style::Plain,
            &format!(
                "{} of {} on {day}, the date of the gate",
                words(
                    covered,
                    "finding is waived by one",
                    "findings are waived by some"
                ),
                words(
                    u64::try_from(document.waivers.len()).unwrap_or(u64::MAX),
                    "waiver",
                    "waivers"
                )
            ),
        )?;
        lines(&waiver_notes(document), page)?;
    }
    if let Some(earlier) = &document.against {
        page.heading("Compared with an earlier result")?;
        page.text(Style::Plain, &against(earlier))?;
        let apart: Vec<String> = earlier.not_compared.iter().map(not_compared).collect();
        if !apart.is_empty() {
            page.text(
                Style::Medium,
                "Not comparable; counts as if there was no earlier result",
            )?;
            lines(&apart, page)?;
        }
    }
    Ok(())
}

fn lines(all: &[String], page: &mut Page<'_>) -> io::Result<()> {
    for text in all.iter().take(MAX_LINES) {
        page.text(Style::Plain, &format!("  {text}"))?;
    }
    match all.len().saturating_sub(MAX_LINES) {
        0 => Ok(()),
        more => page.text(Style::Faint, &format!("  and {more} more")),
    }
}
