//! A comparison for spreadsheets (RFC 4180): a row for each cell that is shown.

use std::io::{self, Write};

use super::{mark_words, names, written};
use crate::model::{cell::Panel, comparison::Comparison};
use crate::report::csv::harmless;

/// The columns.
pub const COLUMNS: [&str; 14] = [
    "period",
    "participant",
    "kind",
    "entry",
    "entry_digest",
    "controls",
    "passing",
    "judged",
    "coverage",
    "panel",
    "marks",
    "payload",
    "self_declared",
    "tlp",
];

/// Writes the column names and a row for each cell.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let mut table = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .from_writer(out);
    table.write_record(COLUMNS)?;
    for row in &comparison.rows {
        let controls: Vec<&str> = row.controls.iter().map(String::as_str).collect();
        for (shown, column) in row.cells.iter().zip(&comparison.columns) {
            let Some(shown) = shown else {
                continue;
            };
            let panel = match column.panel.get(&row.kind) {
                Some(Panel::Complete) => "complete",
                _ => "chosen",
            };
            table.write_record(
                [
                    column.period.clone(),
                    column.participant.clone(),
                    row.kind.key().to_owned(),
                    names(&row.rows),
                    row.entry.clone(),
                    controls.join(" "),
                    written(shown.passing),
                    written(shown.judged),
                    written(shown.coverage),
                    panel.to_owned(),
                    mark_words(&column.marks),
                    column.payload.clone(),
                    "self-declared".to_owned(),
                    comparison.tlp.key().to_owned(),
                ]
                .map(harmless),
            )?;
        }
    }
    table.flush()
}
