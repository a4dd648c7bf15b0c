//! From a byte of a scalar's value to the byte of the file that it came from.
//!
//! A value differs from its source by indentation, folded lines and escapes.
//! The two are walked side by side; where they cannot be matched, the whole
//! scalar is the place.

use std::ops::Range;

use super::source::Source;

/// The bytes in the file of a range of bytes in the value of a scalar.
/// `scalar` is the scalar's place, `value` what it was read as.
pub fn span_in_file(
    source: &Source,
    scalar: &Range<usize>,
    value: &str,
    part: &Range<usize>,
) -> Range<usize> {
    let Some(text) = source.text.get(scalar.clone()) else {
        return scalar.clone();
    };
    let (line, _) = source.position(scalar.start);
    let line_start = source.line(line).start;
    let indent = source
        .text
        .get(line_start..scalar.start)
        .map_or(0, |before| before.len());
    let style = match text.as_bytes().first() {
        Some(b'"') => Style::Double,
        Some(b'\'') => Style::Single,
        _ if source
            .text
            .get(line_start..scalar.start)
            .is_some_and(|before| {
                !before.is_empty() && before.bytes().all(|byte| byte == b' ')
            }) =>
        {
            Style::Block(indent)
        }
        _ => Style::Plain,
    };
    let skip = usize::from(matches!(style, Style::Double | Style::Single));
    let start = scalar.start + skip;
    let body = text.get(skip..).unwrap_or_default();
    let from = source_offset(body, value, part.start, style);
    // The end is one past the place of the last byte, so that it never takes in
    // the indentation of a following line.
    let to = if part.end > part.start {
        let last = floor(value, part.end - 1);
        source_offset(body, value, last, style).map(|at| at + char_len(body, at))
    } else {
        from
    };
    match (from, to) {
        (Some(from), Some(to)) => start + from..start + to.max(from),
        _ => scalar.clone(),
    }
}

#[derive(Clone, Copy)]
enum Style {
    Plain,
    Single,
    Double,
    /// Literal or folded, with its indentation.
    Block(usize),
}

fn floor(text: &str, mut offset: usize) -> usize {
    offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn char_len(text: &str, at: usize) -> usize {
    text.get(at..)
        .and_then(|rest| rest.chars().next())
        .map_or(0, char::len_utf8)
}

/// Offset in `body` of the byte `wanted` of `value`.
fn source_offset(body: &str, value: &str, wanted: usize, style: Style) -> Option<usize> {
    let wanted = floor(value, wanted);
    let mut at = 0;
    // A block's place begins at its first character, after its empty lines.
    let empty_lines = value.len() - value.trim_start_matches('\n').len();
    for (offset, c) in value.char_indices() {
        if matches!(style, Style::Block(_)) && offset < empty_lines {
            continue;
        }
        let (place, next) = step(body, at, c, style)?;
        if offset >= wanted {
            return Some(place);
        }
        at = next;
    }
    Some(at.min(body.len()))
}

/// Where the value's next character stands at or after `at`, and where to go on.
fn step(body: &str, mut at: usize, wanted: char, style: Style) -> Option<(usize, usize)> {
    loop {
        let rest = body.get(at..)?;
        let c = rest.chars().next()?;
        if matches!(style, Style::Double) && c == '\\' {
            let length = escape_len(rest);
            if length == 0 {
                // A line continuation stands for nothing.
                at += 2;
                at += blank_len(body.get(at..)?);
                continue;
            }
            return Some((at, at + length));
        }
        if matches!(style, Style::Single) && c == '\'' && wanted == '\'' {
            return Some((at, at + 2));
        }
        if c == wanted || (c == '\n' && wanted == ' ') {
            let mut next = at + c.len_utf8();
            if c == '\n' {
                next += match style {
                    Style::Block(indent) => {
                        spaces(body.get(next..).unwrap_or_default()).min(indent)
                    }
                    _ => spaces(body.get(next..).unwrap_or_default()),
                };
            } else if c == ' ' && !matches!(style, Style::Block(_)) {
                // A folded line may end in blanks.
                let run = blank_len(body.get(next..).unwrap_or_default());
                if body
                    .get(next..next + run)
                    .is_some_and(|run| run.contains('\n'))
                {
                    next += run;
                }
            }
            return Some((at, next));
        }
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        return None;
    }
}

fn spaces(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b' ').count()
}

fn blank_len(text: &str) -> usize {
    text.bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        .count()
}

/// Length of an escape of a double-quoted scalar; 0 for a line continuation.
fn escape_len(rest: &str) -> usize {
    match rest.as_bytes().get(1) {
        Some(b'x') => 4,
        Some(b'u') => 6,
        Some(b'U') => 10,
        Some(b'\n' | b'\r') => 0,
        _ => 1 + char_len(rest, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{
        source::Source,
        yaml::{self, Kind},
    };

    #[test]
    fn an_identifier_is_found_in_every_style() {
        // `bad` is the identifier to find; line and column of it are given.
        let cases = [
            ("when: item.bad > 1", (1, 12)),
            ("when: \"item.bad > 1\"", (1, 13)),
            ("when: 'item.bad > 1'", (1, 13)),
            ("when: 'a == ''x'' && bad'", (1, 22)),
            ("when: \"\\u0061 == \\\"x\\\" && bad\"", (1, 27)),
            ("when: \"a && \\\n  bad\"", (2, 3)),
            ("when: |\n  a\n  && bad", (3, 6)),
            ("when: |\n    a\n      && ü &&\n    bad\n", (4, 5)),
            ("when: |2\n    a\n  bad\n", (3, 3)),
            ("when: |\n\n  a\n\n  bad\n", (5, 3)),
            ("when: >-\n  a &&\n  bad\n", (3, 3)),
            ("when: >\n  a &&\n\n  b &&\n    more\n  bad\n", (6, 3)),
            ("when: a &&\n  b &&   \n\n  bad", (4, 3)),
            ("- { when: [x, \"a\", bad] }", (1, 20)),
        ];
        for (text, expected) in cases {
            let source = Source::new("t", text);
            let root = yaml::parse(&source, yaml::Limits::CONTENT).unwrap();
            let mut scalars = Vec::new();
            collect(&root, &mut scalars);
            let (span, value) = scalars
                .into_iter()
                .find(|(_, value)| value.contains("bad"))
                .unwrap();
            let at = value.find("bad").unwrap();
            let found = span_in_file(&source, &span, &value, &(at..at + 3));
            assert_eq!(source.text.get(found.clone()), Some("bad"), "{text}");
            assert_eq!(source.position(found.start), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_matched_is_the_whole_scalar() {
        let source = Source::new("t", "a: bc");
        for (scalar, value, part) in [
            (3..5, "xyz", 1..2),
            (3..5, "bc", 7..9),
            (3..99, "bc", 0..1),
            (3..5, "ü", 1..2),
            (3..3, "x", 0..1),
        ] {
            let found = span_in_file(&source, &scalar, value, &part);
            assert!(found.start >= 3 && found.start <= found.end);
        }
    }

    fn collect(node: &yaml::Node, out: &mut Vec<(Range<usize>, String)>) {
        match &node.kind {
            Kind::Text(text) => out.push((node.span.clone(), text.clone())),
            Kind::List(items) => items.iter().for_each(|item| collect(item, out)),
            Kind::Map(entries) => entries.iter().for_each(|(_, value)| collect(value, out)),
            _ => {}
        }
    }
}
