//! Shows a participant its own cells: the exact counts, the bands, and why a
//! cell is hidden. For its own eyes alone.

use std::fmt::{self, Write};

use super::assign::{Assignment, Barred};
use super::cut::{Decided, rows};
use super::exchange::Exchange;
use crate::judge::ResolvedProfile;
use crate::model::tlp::Tlp;
use crate::wire::text::clean;

/// The explanation as text, cell by cell in the order of the profile, headed
/// and footed with its label.
///
/// # Errors
/// Only those of the formatter.
pub fn explain(
    exchange: &Exchange,
    participant: &str,
    period: &str,
    profile: &ResolvedProfile,
    decided: &[Decided],
) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let label = Tlp::AmberStrict;
    writeln!(out, "{label}")?;
    writeln!(
        out,
        "Exact counts of {participant} in {}, {period}. They stay at home: only the bands leave.\n",
        exchange.id
    )?;
    let shown = decided.iter().filter(|one| one.shown.is_ok()).count();
    for one in decided {
        let Some(entry) = profile.entries.get(one.counted.entry) else {
            continue;
        };
        for row in rows(profile, &entry.digest) {
            writeln!(
                out,
                "{}  {}",
                clean(&row.to_string(), 200),
                one.counted.kind
            )?;
        }
        let tally = one.counted.tally;
        writeln!(
            out,
            "  exact   {} pass, {} fail, {} inconclusive; {} judged of {}",
            tally.pass,
            tally.fail,
            tally.inconclusive,
            tally.judged(),
            tally.asked()
        )?;
        if !one.counted.organisations.is_empty() {
            let largest = one.counted.organisations.values().max().unwrap_or(&0);
            writeln!(
                out,
                "          {} organisations, the largest with {largest}",
                one.counted.organisations.len()
            )?;
        }
        match &one.shown {
            Ok(bands) => writeln!(
                out,
                "  shown   passing {} %, judged {}, coverage {} %",
                word(&bands.passing),
                word(&bands.judged),
                word(&bands.coverage)
            )?,
            Err(why) => writeln!(out, "  hidden  {why}")?,
        }
    }
    for (entry, assignment) in profile.entries.iter().zip(Assignment::of_profile(profile)) {
        let why = match assignment.barred {
            None => continue,
            Some(Barred::Intrusive) => "it needs what no outsider may look at",
            Some(Barred::SecondCut) => "another entry counts the same checks over other names",
        };
        let row = clean(&entry.row, 200);
        writeln!(out, "{row}\n  left out  {why}")?;
    }
    writeln!(
        out,
        "\n{shown} of {} cells are shown. Hidden ones are left out of the document without a word.\n{label}",
        decided.len()
    )?;
    Ok(out)
}

/// A band as documents write it.
fn word(band: &impl serde::Serialize) -> String {
    match serde_json::to_value(band) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
