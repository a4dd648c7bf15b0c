//! Files of checks, profiles and inventories, and places in them.

use std::{ops::Range, sync::Arc};

/// A text file, or one that is part of the program.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as the user gave it, or `embedded:checks/tls/x.yaml`.
    pub name: String,
    /// Its content.
    pub text: String,
    /// What parsing it gave when the program was built; `None` for files of the user.
    pub(super) packed: Option<&'static [u8]>,
    /// Byte offset at which each line begins.
    lines: Vec<usize>,
}

impl Source {
    /// A source, with its lines counted. A byte order mark at the start is left out.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Self::parsed(name.into(), text.into(), None)
    }

    /// A source that was parsed when the program was built.
    pub(super) fn parsed(
        name: String,
        mut text: String,
        packed: Option<&'static [u8]>,
    ) -> Arc<Self> {
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        let lines = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Arc::new(Self {
            name,
            text,
            packed,
            lines,
        })
    }

    /// Line and column (in characters), both from 1, of a byte offset.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let offset = self.floor(offset);
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let column = self
            .text
            .get(start..offset)
            .map_or(0, |text| text.chars().count());
        (line, column + 1)
    }

    /// The bytes of a line, counted from 1, without its end.
    pub fn line(&self, line: usize) -> Range<usize> {
        let start = line
            .checked_sub(1)
            .and_then(|index| self.lines.get(index))
            .copied()
            .unwrap_or(self.text.len());
        let end = self
            .lines
            .get(line)
            .map_or(self.text.len(), |next| next - 1);
        start..end.max(start)
    }

    /// The nearest character boundary at or before an offset.
    pub fn floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    /// A place in this source.
    pub fn place(self: &Arc<Self>, span: Range<usize>) -> Place {
        Place {
            source: Arc::clone(self),
            span,
        }
    }
}

/// A range of bytes in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where.
    pub source: Arc<Source>,
    /// Which bytes.
    pub span: Range<usize>,
}

impl Place {
    /// Line and column of its beginning, from 1.
    pub fn position(&self) -> (usize, usize) {
        self.source.position(self.span.start)
    }

    /// `file:line:column`, cleaned.
    pub fn words(&self) -> String {
        let (line, column) = self.position();
        format!("{}:{line}:{column}", printable(&self.source.name))
    }
}

/// The text with every character that a terminal would obey, or that hides or
/// turns other characters, replaced by a visible one of the same length in
/// bytes, so that offsets stay true. Line ends stay.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => "\n".to_owned(),
            '\t' | '\r' => " ".to_owned(),
            c if is_hidden(c) => match c.len_utf8() {
                1 => "?",
                2 => "\u{b7}",
                3 => "\u{fffd}",
                _ => "\u{fffd}?",
            }
            .to_owned(),
            c => c.to_string(),
        })
        .collect()
}

/// Like [`printable`], on one line and cut to at most `max` characters.
pub fn printable_line(text: &str, max: usize) -> String {
    let mut line: String = printable(text)
        .chars()
        .map(|c| if c == '\n' { ' ' } else { c })
        .take(max + 1)
        .collect();
    if line.chars().count() > max {
        line = line.chars().take(max.saturating_sub(1)).collect();
        line.push('…');
    }
    line
}

/// Control characters, bidirectional overrides and isolates, zero-width and
/// tag characters.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source::new("x", "\u{feff}a: ü1\nb: 2\n");
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(5), (1, 5), "after the two bytes of ü");
        assert_eq!(source.position(4), (1, 4), "inside ü counts as at ü");
        assert_eq!(source.position(7), (2, 1));
        assert_eq!(source.position(999), (3, 1));
        assert_eq!(source.line(1), 0..6);
        assert_eq!(source.line(2), 7..11);
        assert_eq!(source.line(77), 12..12);
    }

    #[test]
    fn printable_text_keeps_every_offset() {
        for (given, expected) in [
            ("a\u{1b}[31mb", "a?[31mb"),
            ("x\u{202e}y", "x\u{fffd}y"),
            ("x\u{9b}y", "x\u{b7}y"),
            ("x\u{e0041}y", "x\u{fffd}?y"),
            ("a\tb\r\nc", "a b \nc"),
        ] {
            assert_eq!(printable(given), expected);
            assert_eq!(printable(given).len(), given.len());
        }
        assert_eq!(printable_line("a\nbcdef", 4), "a b…");
    }
}
