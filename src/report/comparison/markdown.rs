//! A comparison in GitHub-flavoured Markdown.

use std::io::{self, Write};

use super::table::{marked, trends};
use super::{LEGEND, cell, heading, name, newest, not_compared, place, reach};
use crate::model::comparison::Comparison;
use crate::report::markdown::escape;
use crate::report::wording::line;

/// Writes the page.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let label = comparison.tlp;
    writeln!(out, "**{label}**\n\n# {}\n", escape(&heading(comparison)))?;
    for note in &comparison.notes {
        writeln!(out, "{}", escape(note))?;
    }
    writeln!(out, "\n{}\n", escape(LEGEND))?;
    let columns = newest(comparison);
    let mut header = vec!["Entry".to_owned(), "Kind".to_owned()];
    let shown = columns.iter().filter_map(|n| comparison.columns.get(*n));
    header.extend(shown.map(|column| escape(&line(&column.participant))));
    header.extend(["Reach 90 %".to_owned(), "You".to_owned()]);
    writeln!(out, "| {} |", header.join(" | "))?;
    writeln!(out, "|{}", " --- |".repeat(header.len()))?;
    for row in &comparison.rows {
        let full = name(row);
        let (names, kind) = full.rsplit_once(", ").unwrap_or((&full, ""));
        let mut cells = vec![escape(names), kind.to_owned()];
        for number in &columns {
            if let Some(column) = comparison.columns.get(*number) {
                cells.push(escape(&cell(row, *number, column)));
            }
        }
        cells.push(reach(row));
        cells.push(escape(&row.own.as_ref().map(place).unwrap_or_default()));
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    for (title, lines) in [
        ("Since the period before", trends(comparison)),
        ("To know before comparing", marked(comparison)),
        ("Not compared", not_compared(comparison)),
    ] {
        if !lines.is_empty() {
            writeln!(out, "\n## {title}\n")?;
            for text in lines {
                writeln!(out, "- {}", escape(&text))?;
            }
        }
    }
    writeln!(out, "\n**{label}**")
}
