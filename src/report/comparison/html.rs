//! A comparison as one HTML page: a heat map that is read by its words, so
//! that it needs no colour, on screen and on paper. No script, nothing loaded.

use minijinja::{AutoEscape, Environment, value::Serde};
use serde::Serialize;
use std::io::{self, Write};

use super::table::{marked, trends};
use super::{LEGEND, cell, heading, name, newest, not_compared, place, reach};
use crate::model::{
    cell::Passing,
    comparison::{Comparison, Row},
};
use crate::report::wording::line;

const PAGE: &str = include_str!("page.html");

#[derive(Serialize)]
struct View<'a> {
    label: &'static str,
    heading: String,
    notes: &'a [String],
    legend: &'static str,
    participants: Vec<String>,
    /// Whether the reader's own place is known.
    own: bool,
    rows: Vec<RowView>,
    sections: [Section; 3],
}

#[derive(Serialize)]
struct RowView {
    name: String,
    cells: Vec<CellView>,
    reach: String,
    own: String,
}

#[derive(Serialize)]
struct CellView {
    text: String,
    class: &'static str,
}

#[derive(Serialize)]
struct Section {
    title: &'static str,
    lines: Vec<String>,
}

/// Writes the page.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let columns = newest(comparison);
    let participants: Vec<String> = columns
        .iter()
        .filter_map(|number| comparison.columns.get(*number))
        .map(|column| line(&column.participant))
        .collect();
    let rows: Vec<RowView> = comparison
        .rows
        .iter()
        .map(|row| row_view(comparison, row, &columns))
        .collect();
    let sections = [
        ("Since the period before", trends(comparison)),
        ("To know before comparing", marked(comparison)),
        ("Not compared", not_compared(comparison)),
    ]
    .map(|(title, lines)| Section { title, lines });
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let view = View {
        label: comparison.tlp.key(),
        heading: heading(comparison),
        notes: &comparison.notes,
        legend: LEGEND,
        participants,
        own: comparison.rows.iter().any(|row| row.own.is_some()),
        rows,
        sections,
    };
    let page = environment
        .render_str(PAGE, Serde(view))
        .map_err(io::Error::other)?;
    out.write_all(page.as_bytes())
}

fn row_view(comparison: &Comparison, row: &Row, columns: &[usize]) -> RowView {
    let view = |number: &usize| {
        let column = comparison.columns.get(*number)?;
        let shown = row.cells.get(*number).copied().flatten();
        Some(CellView {
            text: cell(row, *number, column),
            class: match shown.map(|shown| shown.passing) {
                None => "none",
                Some(Passing::Below50) => "b0",
                Some(Passing::From50To75 | Passing::From50To90) => "b50",
                Some(Passing::From75To90) => "b75",
                Some(Passing::From90) => "b90",
            },
        })
    };
    RowView {
        name: name(row),
        cells: columns.iter().filter_map(view).collect(),
        reach: reach(row),
        own: row.own.as_ref().map(place).unwrap_or_default(),
    }
}
