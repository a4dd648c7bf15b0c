//! Draws lines and tables of one width, and lets nothing through that is not plain text.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width,
    presets,
};
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

use super::table::TableOptions;
use super::wrap::{wrap, wrap_command};
use crate::wire::text::{clean, clean_lines, to_ascii};

/// Longest line of text from elsewhere, in characters.
const LONGEST_LINE: usize = 400;
/// Longest text of several lines, in characters.
const LONGEST_TEXT: usize = 2000;

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Strong,
    Faint,
    Good,
    Critical,
    High,
    Medium,
    Low,
}

impl Style {
    fn cell(self, text: &str) -> Cell {
        let cell = Cell::new(text);
        match self {
            Self::Plain => cell,
            Self::Strong => cell.add_attribute(Attribute::Bold),
            Self::Faint => cell.fg(Color::DarkGrey),
            Self::Good => cell.fg(Color::Green),
            Self::Critical => cell.fg(Color::Red).add_attribute(Attribute::Bold),
            Self::High => cell.fg(Color::Red),
            Self::Medium => cell.fg(Color::Yellow),
            Self::Low => cell.fg(Color::Blue),
        }
    }
}

/// Where a report is written, and how wide.
pub struct Page<'a> {
    options: TableOptions,
    out: &'a mut dyn Write,
}

impl<'a> Page<'a> {
    pub fn new(options: TableOptions, out: &'a mut dyn Write) -> Self {
        let width = options.width.clamp(40, 120);
        Self {
            options: TableOptions { width, ..options },
            out,
        }
    }

    /// Columns that may be used.
    pub fn columns(&self) -> u16 {
        self.options.width
    }

    fn width(&self) -> usize {
        usize::from(self.options.width)
    }

    /// A paragraph over the whole width.
    pub fn text(&mut self, style: Style, text: &str) -> io::Result<()> {
        let lines = wrap(&self.safe(text), self.width());
        let mut table = self.empty();
        table.add_row([style.cell(&lines.join("\n"))]);
        self.print(&mut table, &[])
    }

    /// An empty line, and a heading with a rule below it.
    pub fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out)?;
        self.text(Style::Strong, text)?;
        let rule = if self.options.ascii { "-" } else { "─" };
        writeln!(self.out, "{}", rule.repeat(self.width()))
    }

    /// An empty line.
    pub fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// Rows with columns of the given widths and a last one that takes the rest,
    /// broken into lines.
    pub fn list(&mut self, widths: &[u16], rows: &[Vec<(Style, String)>]) -> io::Result<()> {
        let taken: usize = widths.iter().map(|width| usize::from(*width) + 2).sum();
        let rest = self.width().saturating_sub(taken + 1).max(10);
        let mut table = self.empty();
        for row in rows {
            let cells = row.iter().enumerate().map(|(column, (style, text))| {
                let width = widths.get(column).map_or(rest, |width| usize::from(*width));
                style.cell(&wrap(&self.safe(text), width).join("\n"))
            });
            table.add_row(cells.collect::<Vec<_>>());
        }
        self.print(&mut table, widths)
    }

    /// A table with a header; the first column takes what the numbers leave.
    pub fn grid(&mut self, header: &[&str], rows: &[Vec<(Style, String)>]) -> io::Result<()> {
        let mut widths: Vec<usize> = header.iter().map(|title| title.len()).collect();
        for row in rows {
            for (width, (_, text)) in widths.iter_mut().zip(row) {
                *width = (*width).max(text.width());
            }
        }
        let taken: usize = widths.iter().skip(1).map(|width| width + 2).sum();
        if self.width() < taken + 13 {
            return self.one_by_one(header, rows);
        }
        let first = self.width().saturating_sub(taken + 1);
        if let Some(width) = widths.first_mut() {
            *width = (*width).min(first);
        }
        let mut table = self.empty();
        let cell = |column: usize, style: Style, text: &str| {
            let width = widths.get(column).copied().unwrap_or(12);
            let cell = style.cell(&wrap(&self.safe(text), width).join("\n"));
            match column {
                0 => cell,
                _ => cell.set_alignment(CellAlignment::Right),
            }
        };
        let titles = header.iter().enumerate();
        table.add_row(
            titles
                .map(|(column, title)| cell(column, Style::Faint, title))
                .collect::<Vec<_>>(),
        );
        for row in rows {
            let cells = row.iter().enumerate();
            table.add_row(
                cells
                    .map(|(column, (style, text))| cell(column, *style, text))
                    .collect::<Vec<_>>(),
            );
        }
        let widths: Vec<u16> = widths
            .iter()
            .filter_map(|width| u16::try_from(*width).ok())
            .collect();
        self.print(&mut table, &widths)
    }

    /// A command on lines of its own, with a label, so that it can be copied.
    /// Words of it that are wider than the line stay whole.
    pub fn command(&mut self, indent: usize, label: &str, command: &str) -> io::Result<()> {
        let width = self.width().saturating_sub(indent + 8).max(20);
        let command = self.safe(command);
        for (number, line) in wrap_command(&command, width).iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            writeln!(self.out, "{:indent$}{label:<8}{line}", "")?;
        }
        Ok(())
    }

    /// Text made safe, and plain ASCII where that is wanted.
    /// A grid where there is no room for one: a paragraph for each row.
    fn one_by_one(&mut self, header: &[&str], rows: &[Vec<(Style, String)>]) -> io::Result<()> {
        for row in rows {
            let mut cells = header.iter().zip(row);
            let name = cells.next().map_or("", |(_, (_, text))| text);
            let rest: Vec<String> = cells
                .filter(|(_, (_, text))| text != "-")
                .map(|(title, (_, text))| format!("{text} {title}"))
                .collect();
            self.text(Style::Plain, &format!("{name}: {}", rest.join(", ")))?;
        }
        Ok(())
    }

    fn safe(&self, text: &str) -> String {
        let text = match text.contains('\n') {
            true => clean_lines(text, LONGEST_TEXT),
            false => clean(text, LONGEST_TEXT),
        };
        if !self.options.ascii || text.is_ascii() {
            return text;
        }
        to_ascii(&text)
    }

    fn empty(&self) -> Table {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(self.options.width)
            .force_no_tty();
        if self.options.colour {
            table.enforce_styling();
        }
        table
    }

    fn print(&mut self, table: &mut Table, widths: &[u16]) -> io::Result<()> {
        let single = widths.is_empty();
        for (number, column) in table.column_iter_mut().enumerate() {
            if single {
                column.set_padding((0, 0));
                continue;
            }
            let last = number >= widths.len();
            column.set_padding((u16::from(number == 0), if last { 0 } else { 2 }));
            if let Some(width) = widths.get(number) {
                // Padding counts as part of the width.
                let padded = width + 2 + u16::from(number == 0);
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(padded)));
            }
        }
        for line in table.lines() {
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// One line of text from elsewhere, cut to a length that fits among others.
pub fn line(text: &str) -> String {
    clean(text, LONGEST_LINE)
}

/// A number with its noun.
pub fn words(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
