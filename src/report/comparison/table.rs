//! A comparison for a person at a terminal.

use std::io::{self, Write};

use super::{LEGEND, cell, heading, mark_words, name, newest, not_compared, place, reach, trend};
use crate::model::comparison::Comparison;
use crate::report::page::{Page, Style};
use crate::report::table::TableOptions;
use crate::report::wording::line;

/// Columns that a participant takes, at least.
const COLUMN: u16 = 9;
/// Columns that the names of rows take, about.
const NAMES: u16 = 34;

/// Writes the page.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(
    comparison: &Comparison,
    options: TableOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(options, out);
    page.text(Style::Strong, comparison.tlp.key())?;
    page.heading(&heading(comparison))?;
    for note in &comparison.notes {
        page.text(Style::Plain, note)?;
    }
    page.text(Style::Plain, LEGEND)?;
    let at_once = usize::from((page.columns().saturating_sub(NAMES) / COLUMN).clamp(1, 40));
    for numbers in newest(comparison).chunks(at_once) {
        page.gap()?;
        let mut header = vec!["entry, kind".to_owned()];
        let columns = numbers.iter().filter_map(|n| comparison.columns.get(*n));
        header.extend(columns.map(|column| line(&column.participant)));
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let rows: Vec<Vec<(Style, String)>> = comparison
            .rows
            .iter()
            .map(|row| {
                let mut cells = vec![(Style::Plain, name(row))];
                for number in numbers {
                    if let Some(column) = comparison.columns.get(*number) {
                        cells.push((Style::Plain, cell(row, *number, column)));
                    }
                }
                cells
            })
            .collect();
        page.grid(&header, &rows)?;
    }
    page.gap()?;
    for row in &comparison.rows {
        let own = row.own.as_ref().map(|own| format!("; you {}", place(own)));
        let text = format!("{}: {}{}", name(row), reach(row), own.unwrap_or_default());
        page.text(Style::Plain, &text)?;
    }
    section(&mut page, "Since the period before", trends(comparison))?;
    section(&mut page, "To know before comparing", marked(comparison))?;
    section(&mut page, "Not compared", not_compared(comparison))?;
    page.text(Style::Strong, comparison.tlp.key())
}

/// What rose and fell, in words.
pub(super) fn trends(comparison: &Comparison) -> Vec<String> {
    let trends = comparison.trends.iter();
    trends.filter_map(|one| trend(comparison, one)).collect()
}

/// Documents with marks, in words.
pub(super) fn marked(comparison: &Comparison) -> Vec<String> {
    let columns = comparison.columns.iter();
    let aggregates = comparison.aggregates.iter().map(|one| {
        let period = line(&one.period);
        format!("aggregate {period}, some of it: {}", mark_words(&one.marks))
    });
    columns
        .filter(|column| !column.marks.is_empty())
        .map(|column| {
            let name = line(&format!("{} {}", column.participant, column.period));
            format!("{name}: {}", mark_words(&column.marks))
        })
        .chain(aggregates)
        .collect()
}

fn section(page: &mut Page<'_>, title: &str, lines: Vec<String>) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    page.heading(title)?;
    for line in lines {
        page.text(Style::Plain, &line)?;
    }
    page.gap()
}
