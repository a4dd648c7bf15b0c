//! From text to the CEL parser's tree, within bounds.
//!
//! The parser recurses over its input, so what it is given is measured first:
//! length, brackets and operators are counted whether or not they stand in a
//! string, which never counts too few.

use cel::common::ast::{EntryExpr, Expr, IdedExpr, SourceInfo};
use cel::parser::Parser;
use std::collections::HashMap;
use std::ops::Range;

/// Longest expression, in bytes.
const MAX_LENGTH: usize = 4_096;
/// Most opening brackets in an expression.
const MAX_BRACKETS: usize = 96;
/// Most operators, dots and commas in an expression.
const MAX_OPERATORS: usize = 600;
/// Deepest nesting that the parser accepts.
const MAX_NESTING: u16 = 40;

/// Stack for parsing and lowering: enough for the bounds above in a build
/// without optimisation, several times over.
pub(super) const STACK: usize = 64 << 20;

/// An expression as the parser sees it, and where each of its parts stands.
pub(super) struct Parsed {
    pub expr: IdedExpr,
    text: String,
    /// The bytes that each part covers, by the parser's number of the part.
    spans: HashMap<u64, Range<usize>>,
}

/// A fault at a place in a text.
pub(super) struct Fault {
    pub span: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

/// Parses an expression. To be called on a thread with [`STACK`].
pub(super) fn parse(text: &str) -> Result<Parsed, Vec<Fault>> {
    measure(text).map_err(|fault| vec![fault])?;
    let parsed = Parser::new()
        .max_recursion_depth(MAX_NESTING)
        .error_recovery_limit(4)
        .parse_with_source_info(text);
    match parsed {
        Ok((expr, info)) => {
            let mut measure = Spans {
                info,
                text,
                spans: HashMap::new(),
            };
            measure.cover(&expr);
            Ok(Parsed {
                expr,
                text: text.to_owned(),
                spans: measure.spans,
            })
        }
        Err(errors) => Err(errors
            .errors
            .iter()
            .take(3)
            .map(|error| Fault {
                span: place(text, error.pos),
                message: clean(&error.msg),
                help: hint(text, &error.msg),
            })
            .collect()),
    }
}

impl Parsed {
    /// The bytes that an expression covers.
    pub fn span(&self, expr: &IdedExpr) -> Range<usize> {
        let whole = 0..self.text.len();
        self.spans.get(&expr.id).cloned().unwrap_or(whole)
    }

    /// The bytes of the name of a field, which follows the dot of a selection.
    pub fn field_span(&self, select: &IdedExpr, field: &str) -> Range<usize> {
        let whole = self.span(select);
        match self.text.get(whole.clone()).and_then(|s| s.rfind(field)) {
            Some(at) => whole.start + at..whole.start + at + field.len(),
            None => whole,
        }
    }

    pub fn text(&self, span: Range<usize>) -> &str {
        self.text.get(span).unwrap_or_default()
    }
}

/// Measures what every part of an expression covers, from the tokens that the
/// parser kept: of a call it is the bracket, of a selection the dot.
struct Spans<'t> {
    info: SourceInfo,
    text: &'t str,
    spans: HashMap<u64, Range<usize>>,
}

impl Spans<'_> {
    fn cover(&mut self, expr: &IdedExpr) -> Range<usize> {
        let token = self.info.offset_for(expr.id);
        let mut covered = match token {
            Some((start, stop)) => start as usize..(stop as usize).saturating_add(1),
            None => Range {
                start: usize::MAX,
                end: 0,
            },
        };
        let mut closes = false;
        match &expr.expr {
            Expr::Call(call) => {
                for part in call.target.iter().map(|t| &**t).chain(&call.args) {
                    extend(&mut covered, &self.cover(part));
                }
                closes = true;
            }
            Expr::Select(select) => {
                extend(&mut covered, &self.cover(&select.operand));
                let after = token.map_or(usize::MAX, |(dot, _)| dot as usize);
                if let Some(at) = self.text.get(after..).and_then(|s| s.find(&select.field)) {
                    covered.end = covered.end.max(after + at + select.field.len());
                }
                closes = select.test;
            }
            Expr::List(list) => {
                for element in &list.elements {
                    extend(&mut covered, &self.cover(element));
                }
                closes = true;
            }
            Expr::Comprehension(over) => {
                extend(&mut covered, &self.cover(&over.iter_range));
                extend(&mut covered, &self.cover(&over.loop_step));
                closes = true;
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        extend(&mut covered, &self.cover(&entry.value));
                    }
                }
                closes = true;
            }
            _ => {}
        }
        if closes {
            self.close(&mut covered);
        }
        let shown = if covered.start < covered.end {
            on_characters(self.text, covered.clone())
        } else {
            0..self.text.len()
        };
        self.spans.insert(expr.id, shown);
        covered
    }

    /// Takes in brackets that the covered text opens and does not close, and
    /// the name of a function before its bracket.
    fn close(&self, covered: &mut Range<usize>) {
        let before = self.text.get(..covered.start).unwrap_or_default();
        if self
            .text
            .get(covered.start..)
            .is_some_and(|s| s.starts_with('('))
        {
            let name = before.len()
                - before
                    .trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_')
                    .len();
            covered.start -= name;
        }
        let Some(inside) = self.text.get(covered.clone()) else {
            return;
        };
        let mut open = 0_usize;
        for byte in inside.bytes() {
            match byte {
                b'(' | b'[' | b'{' => open += 1,
                b')' | b']' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
        }
        for _ in 0..open {
            let rest = self.text.get(covered.end..).unwrap_or_default();
            match rest.find(|c: char| !c.is_whitespace()) {
                Some(at)
                    if rest
                        .get(at..)
                        .is_some_and(|s| s.starts_with([')', ']', '}'])) =>
                {
                    covered.end += at + 1;
                }
                _ => return,
            }
        }
    }
}

fn extend(covered: &mut Range<usize>, part: &Range<usize>) {
    covered.start = covered.start.min(part.start);
    covered.end = covered.end.max(part.end);
}

fn measure(text: &str) -> Result<(), Fault> {
    let too = |what: &str, limit: usize| Fault {
        span: 0..text.len(),
        message: format!("too {what}: at most {limit}"),
        help: Some("split it into several checks, or give a part a name with `let`".to_owned()),
    };
    if text.len() > MAX_LENGTH {
        return Err(too("long in bytes", MAX_LENGTH));
    }
    if text.trim().is_empty() {
        return Err(Fault {
            span: 0..text.len(),
            message: "an expression is missing".to_owned(),
            help: None,
        });
    }
    let count = |marks: &[char]| text.matches(marks).count();
    if count(&['(', '[', '{']) > MAX_BRACKETS {
        return Err(too("many brackets", MAX_BRACKETS));
    }
    let operators = count(&[
        '+', '-', '*', '/', '%', '!', '?', ':', '.', ',', '<', '>', '=', '&', '|',
    ]) + text.matches(" in").count();
    if operators > MAX_OPERATORS {
        return Err(too("many operators", MAX_OPERATORS));
    }
    Ok(())
}

/// From the parser's line and column, both from 1, to a character's bytes.
fn place(text: &str, (line, column): (isize, isize)) -> Range<usize> {
    let line = usize::try_from(line).unwrap_or(1).max(1);
    let column = usize::try_from(column).unwrap_or(1).max(1);
    let start_of_line: usize = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let within = text.get(start_of_line..).unwrap_or_default();
    let start = within
        .char_indices()
        .nth(column - 1)
        .map_or(text.len(), |(at, _)| start_of_line + at);
    let length = text
        .get(start..)
        .and_then(|rest| rest.chars().next())
        .map_or(0, char::len_utf8);
    if length == 0 {
        // The end of the text: point at its last character.
        let last = text.char_indices().last().map_or(0, |(at, _)| at);
        return last..text.len();
    }
    start..start + length
}

/// A range moved outwards to character boundaries and cut to the text.
fn on_characters(text: &str, span: Range<usize>) -> Range<usize> {
    let end = text.ceil_char_boundary(span.end.min(text.len()));
    text.floor_char_boundary(span.start.min(end))..end
}

/// The parser's message in our words: it lists every token it would have
/// taken, and quotes the end of the text as `<EOF>`.
fn clean(message: &str) -> String {
    if message.contains("Recursion limit") {
        return format!("nested too deeply: at most {MAX_NESTING} levels");
    }
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let short = message.split(" expecting ").next().unwrap_or(message);
    let quoted = short.split_once('\'').map(|(_, rest)| rest);
    let quoted = quoted.map(|rest| rest.strip_suffix('\'').unwrap_or(rest).trim());
    let told = match quoted {
        Some("<EOF>") if short.starts_with("mismatched") => {
            "the expression ends too early".to_owned()
        }
        Some(quoted) if short.starts_with("missing") => {
            let missing = quoted.split('\'').next().unwrap_or(quoted);
            format!("`{missing}` is missing")
        }
        Some(quoted)
            if ["mismatched", "extraneous", "token recognition", "no viable"]
                .iter()
                .any(|start| short.starts_with(start)) =>
        {
            format!("unexpected `{quoted}`")
        }
        _ => short.to_owned(),
    };
    told.chars().filter(|c| !c.is_control()).take(160).collect()
}

fn hint(text: &str, message: &str) -> Option<String> {
    let hint = if message.contains("has()") {
        "has() asks for a field: has(subject.csp)"
    } else if message.contains("simple name") {
        "the first argument names the item: list.all(x, x.name != \"\")"
    } else if message.contains("reserved") {
        "the word is reserved in CEL; choose another name"
    } else if text.contains(" and ") || text.contains(" or ") || text.contains(" not ") {
        "write `&&`, `||` and `!`"
    } else if text.contains("===") || (text.contains('=') && !text.contains("==")) {
        "equality is `==`"
    } else {
        return None;
    };
    Some(hint.to_owned())
}
