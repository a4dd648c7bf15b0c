//! Text and tables for people, within a width. Pure.

use comfy_table::{ContentArrangement, Table, presets};

use crate::content::source::printable;

/// Appends a paragraph, broken between words, each line indented.
pub fn paragraph(out: &mut String, indent: usize, text: &str, width: usize) {
    let room = width.saturating_sub(indent).max(20);
    let mut line = String::new();
    let mut used = 0;
    let text = printable(text);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            push_line(out, indent, &line);
            line.clear();
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    if used > 0 {
        push_line(out, indent, &line);
    }
}

/// Appends lines as they are, each indented: configuration and commands are
/// never broken.
pub fn verbatim(out: &mut String, indent: usize, text: &str) {
    for line in printable(text).trim_end().lines() {
        push_line(out, indent, line.trim_end());
    }
}

/// Appends a heading after an empty line.
pub fn heading(out: &mut String, text: &str) {
    out.push('\n');
    push_line(out, 0, text);
}

fn push_line(out: &mut String, indent: usize, line: &str) {
    if !line.is_empty() {
        out.push_str(&" ".repeat(indent));
        out.push_str(line);
    }
    out.push('\n');
}

/// A table without borders that fits the width.
pub fn table(header: &[&str], rows: &[Vec<String>], width: u16) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .force_no_tty()
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    if !header.is_empty() {
        table.set_header(header.to_vec());
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)).collect::<Vec<_>>());
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

/// `1 check`, `2 checks`.
pub fn count(number: usize, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {one}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_broken_between_words() {
        let mut out = String::new();
        paragraph(
            &mut out,
            2,
            "one two  three\nfour abcdefghijklmnopqrstuvwxyz five",
            22,
        );
        assert_eq!(
            out,
            "  one two three four\n  abcdefghijklmnopqrstuvwxyz\n  five\n"
        );
    }

    #[test]
    fn tables_fit_the_width_and_carry_no_control_characters() {
        let rows = vec![vec![
            "a".repeat(20),
            "word ".repeat(30),
            "x\u{1b}[31m".to_owned(),
        ]];
        let text = table(&["ID", "TITLE", "X"], &rows, 60);
        assert!(
            text.lines().all(|line| line.chars().count() <= 60),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'));
    }
}
